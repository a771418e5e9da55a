//! The `lightning` binary; everything is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

// Orders, frames and JSON are many small short-lived allocations on many threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    lightning_exchange::cli::run()
}
