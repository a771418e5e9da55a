//! `cargo xtask mutants`: every mutant (deliberate bug) must be found.

use anyhow::{Result, bail};

use crate::{
    output::say,
    process::{cargo, run_and_read},
    tally::Tally,
};

/// The fewest mutants there must be.
const MUTANTS_MIN: u64 = 20;

/// Builds with the bugs, switches on one a test, and expects each test to find its bug.
pub(crate) fn run() -> Result<()> {
    let tally = tally()?;
    say!("{} mutants found, {} missed", tally.passed, tally.failed);
    if tally.failed > 0 {
        bail!("{} mutants were missed", tally.failed);
    }
    if tally.passed < MUTANTS_MIN {
        bail!("{} mutants; {MUTANTS_MIN} are the fewest", tally.passed);
    }
    Ok(())
}

/// How many are found and missed.
pub(crate) fn tally() -> Result<Tally> {
    let mut command = cargo();
    command.args(["test", "-p", "lab", "--features", "mutants", "--test", "mutants", "--no-fail-fast"]);
    let (output, succeeded) = run_and_read(&mut command)?;
    let mut tally = Tally::default();
    tally.add(&output, succeeded);
    Ok(tally)
}
