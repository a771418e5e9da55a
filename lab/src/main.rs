//! The `lab` binary; everything is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

// That of the exchange, whose parts are measured in this process.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    lab::cli::run()
}
