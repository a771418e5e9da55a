//! The path of the exchange that the laboratory starts and kills: the binary an operator has, not this one.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

/// Its name.
const NAME: &str = "lightning";

/// Returns the program that was given, or the `lightning` beside this program.
///
/// # Errors
/// The program does not exist.
pub fn exchange(given: Option<PathBuf>) -> Result<PathBuf> {
    let program = match given {
        Some(given) => std::path::absolute(given)?,
        None => this()?.with_file_name(NAME),
    };
    ensure!(
        program.is_file(),
        "there is no exchange at {}: build it (`cargo xtask lab` does), or name it with --program",
        program.display()
    );
    Ok(program)
}

/// Returns the program that runs, for what it starts of itself.
///
/// # Errors
/// The system does not know the path.
pub fn this() -> Result<PathBuf> {
    std::env::current_exe().context("no path to this program")
}
