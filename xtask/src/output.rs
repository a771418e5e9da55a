//! The output of the commands. A closed reader ends no command, and an output that cannot be written fails the command
//! at the end.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::{Result, bail};

static HAS_FAILED: AtomicBool = AtomicBool::new(false);

/// Prints a line as `println!` does, which panics on a closed output.
macro_rules! say {
    ($($line:tt)*) => { $crate::output::line(format_args!($($line)*)) };
}
pub(crate) use say;

/// Prints a line.
pub(crate) fn line(line: fmt::Arguments<'_>) {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => HAS_FAILED.store(true, Ordering::Relaxed),
        _ => {}
    }
}

/// Prints an error on standard error; write errors are ignored.
pub(crate) fn complain(error: &anyhow::Error) {
    let _ = writeln!(io::stderr(), "error: {error:#}"); // there is nowhere else to say it
}

/// Requires that everything was printed, unless the reader closed the output.
pub(crate) fn require_written() -> Result<()> {
    if HAS_FAILED.load(Ordering::Relaxed) {
        bail!("not everything could be printed");
    }
    Ok(())
}
