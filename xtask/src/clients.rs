//! `cargo xtask clients`: unmodified clients from PyPI through the acceptance matrix, against a server of their own.

use anyhow::{Result, bail};

use crate::{
    install, page,
    process::{command, root, run_and_read},
};

/// How long each book is watched, in seconds, when nobody says otherwise.
const SECONDS: &str = "60";

/// Runs the matrix and fails unless it is all green.
pub(crate) fn run_matrix(options: &[&str]) -> Result<()> {
    let seconds = match options {
        [] => SECONDS,
        ["--seconds", seconds] => seconds,
        other => bail!("unknown options {:?}", other.join(" ")),
    };
    if green(seconds)? { Ok(()) } else { bail!("not every client went through every row") }
}

/// Runs the matrix, watching each book for so long; `false` when it is not all green.
pub(crate) fn green(seconds: &str) -> Result<bool> {
    let Some(python) = install::python()? else { return Ok(false) };
    page::build()?;
    let mut matrix = command(python);
    matrix.arg(root().join("tests/python/clients")).arg(page::binary());
    let (_, succeeded) =
        run_and_read(matrix.args(["--seconds", seconds]).env("PYTHONDONTWRITEBYTECODE", "1"))?;
    Ok(succeeded)
}
