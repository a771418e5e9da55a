//! The `lightning` binary: the browser page, and the library that is everything else.

use std::process::ExitCode;

use lightning_exchange::{app::Asset, cli};
use mimalloc::MiMalloc;

// Orders, frames and JSON are many small short-lived allocations on many threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

// `PAGE`, every file of the page (`static/build.rs`).
include!(concat!(env!("OUT_DIR"), "/page.rs"));

fn main() -> ExitCode {
    cli::run(PAGE)
}
