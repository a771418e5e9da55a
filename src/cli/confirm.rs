//! Confirmation of commands that cannot be undone.

use std::{
    io::{BufRead, IsTerminal, Write, stderr, stdin},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use clap::Args;

/// Whether to ask for confirmation.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ConfirmArgs {
    /// Do not ask for confirmation; required where no terminal can be asked
    #[arg(long)]
    yes: bool,
}

impl ConfirmArgs {
    /// Asks for the name of the data directory; `what` describes the pending change, as a sentence.
    ///
    /// # Errors
    /// Another name was typed, or there is no terminal to ask: nothing must be changed then.
    pub(super) fn require(self, what: &str, directory: &Path) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        ensure!(stdin().is_terminal(), "{what} Nothing was changed: give --yes to do it without being asked");
        let directory = std::path::absolute(directory)?;
        let name = directory.file_name().unwrap_or(directory.as_os_str()).to_string_lossy();
        self.ask(what, &name, &mut stdin().lock(), &mut stderr())
    }

    fn ask(self, what: &str, name: &str, answers: &mut impl BufRead, out: &mut impl Write) -> Result<()> {
        write!(out, "{what}\nType {name} to continue: ").and_then(|()| out.flush()).context("cannot ask")?;
        let mut answer = String::new();
        answers.read_line(&mut answer).context("cannot read the answer")?;
        ensure!(answer.trim() == name, "nothing was changed: that is not {name}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(answer: &str) -> (String, Result<()>) {
        let mut asked = Vec::new();
        let done =
            ConfirmArgs { yes: false }.ask("It is emptied.", "data", &mut answer.as_bytes(), &mut asked);
        (String::from_utf8(asked).unwrap(), done)
    }

    #[test]
    fn only_the_name_goes_on() {
        let (asked, done) = answered("data\n");
        assert_eq!(asked, "It is emptied.\nType data to continue: ");
        assert!(done.is_ok());
        for answer in ["", "\n", "y\n", "yes\n", "dat\n"] {
            assert!(answered(answer).1.is_err(), "{answer:?}");
        }
        assert!(ConfirmArgs { yes: true }.require("", Path::new("/")).is_ok());
    }
}
