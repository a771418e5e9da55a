//! The output of a command.
//!
//! A reader that closes early (`| head -1`) changes nothing about the command: the rest is discarded, and the exit code
//! is the command's own. Any other failure to write, such as a full disk, fails the command, because its answer is
//! incomplete.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Stdout, Write},
};

use anyhow::{Context, Result};

/// Standard output.
#[derive(Debug)]
pub struct Output<W: Write = Stdout> {
    out: io::BufWriter<W>,
    state: State,
    is_bulk: bool,
}

#[derive(Debug)]
enum State {
    Open,
    /// The reader has closed it.
    Closed,
    Failed(io::Error),
}

impl Output {
    /// Standard output of this process.
    pub fn stdout() -> Self {
        Self::new(io::stdout())
    }
}

impl<W: Write> Output<W> {
    fn new(out: W) -> Self {
        Self { out: io::BufWriter::new(out), state: State::Open, is_bulk: false }
    }

    /// Prints a line. It is flushed at once, unless [`Output::bulk`] was called.
    pub fn line(&mut self, line: impl Display) {
        let written = if self.is_open() { writeln!(self.out, "{line}") } else { Ok(()) };
        self.note(written);
        if !self.is_bulk {
            self.flush_now();
        }
    }

    /// Buffers lines from now on: there are many.
    pub const fn bulk(&mut self) {
        self.is_bulk = true;
    }

    /// Returns whether anything printed may still be read; a long listing may end when it is not.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Writes the remaining buffer.
    ///
    /// # Errors
    /// When the output could not be written, unless the reader closed it.
    pub fn finish(mut self) -> Result<()> {
        self.flush_now();
        match self.state {
            State::Open | State::Closed => Ok(()),
            State::Failed(error) => Err(error).context("cannot write to standard output"),
        }
    }

    fn flush_now(&mut self) {
        if self.is_open() {
            let flushed = self.out.flush();
            self.note(flushed);
        }
    }

    fn note(&mut self, written: io::Result<()>) {
        match written {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.state = State::Closed,
            Err(error) => self.state = State::Failed(error),
        }
    }
}

/// For writers of bytes that stop at the first failure; [`Output::finish`] reports its kind.
impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_open() {
            let written = self.out.write_all(bytes);
            self.note(written);
        }
        if self.is_open() { Ok(bytes.len()) } else { Err(ErrorKind::BrokenPipe.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flush_now();
        Ok(())
    }
}

/// Reports an error on standard error; failures to write it are ignored.
pub fn complain(what: impl Display) {
    let _ = writeln!(io::stderr(), "{what}"); // there is nowhere else to report it
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accepts this many bytes, then fails.
    struct Failing(usize, ErrorKind);

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(self.1.into());
            }
            let count = bytes.len().min(self.0);
            self.0 -= count;
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_output_is_no_failure_and_a_full_one_is() {
        for (kind, fails) in [(ErrorKind::BrokenPipe, false), (ErrorKind::StorageFull, true)] {
            for is_bulk in [false, true] {
                let mut out = Output::new(Failing(6, kind));
                if is_bulk {
                    out.bulk();
                }
                (0..10_000).for_each(|number| out.line(number));
                assert!(!out.is_open());
                assert_eq!(out.finish().is_err(), fails, "{kind} {is_bulk}");
            }
            let mut out = Output::new(Failing(6, kind));
            out.write_all(b"more than six bytes").unwrap();
            assert_eq!(out.finish().is_err(), fails, "{kind}: what is still buffered counts");
        }
        let mut out = Output::new(Vec::new());
        out.line("all is well");
        assert!(out.is_open() && out.finish().is_ok());
    }
}
