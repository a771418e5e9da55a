//! `cargo xtask lab`: runs the laboratory, built in release beside the exchange it starts.

use std::{os::unix::process::CommandExt, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::gates;

/// Builds both and replaces itself with the laboratory; file names are relative to `directory`.
pub(crate) fn run(directory: &Path, arguments: &[&str]) -> Result<()> {
    gates::build_release()?;
    let program = std::path::absolute(gates::release_lab())?;
    // Exec, so that signals reach it and its exit code is the command's.
    let error = Command::new(&program).current_dir(directory).args(arguments).exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}
