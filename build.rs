//! The build script of the crate: compiles the gRPC schema.

#[path = "proto/build.rs"]
mod schema;

use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(error) = schema::build() {
        eprintln!("proto/lightning.proto: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
