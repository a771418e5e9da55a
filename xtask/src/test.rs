//! `cargo xtask test`: every test, after installing its dependencies.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Result, bail};

use crate::{
    clients, gates, install,
    output::say,
    page,
    process::{cargo, exists, root, run_and_read},
    short_soaks, skips,
    tally::Tally,
};

/// Which tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All.
    All,
    /// Those cargo runs.
    Rust,
    /// Those of the page.
    Page,
}

/// Runs them and prints at the end what the soaks checked, what was skipped, and one line of counts.
///
/// # Errors
/// A test failed, or was skipped and is not on the list of [`skips`].
pub(crate) fn run_all(part: Part) -> Result<()> {
    let started = Instant::now();
    let mut tally = Tally::default();
    if part != Part::Page {
        rust(&mut tally)?;
    }
    if part != Part::Rust {
        page::test(&mut tally)?;
    }
    say!("");
    let skipped = tally.judge_skips();
    for line in tally.steps.iter().chain(&skipped) {
        say!("{line}");
    }
    say!("\n{}", tally.line(started.elapsed().as_secs_f64()));
    if tally.failed > 0 {
        bail!("{} failed", tally.failed);
    }
    Ok(())
}

fn rust(tally: &mut Tally) -> Result<()> {
    let python = install::python()?;
    install::databases()?;
    install::prometheus()?;
    let notes = skips::Notes::start()?;
    let has_nextest = exists("cargo-nextest");
    let mut command = cargo();
    if has_nextest {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast", "--final-status-level", "skip"]);
    } else {
        command.args(["test", "--workspace", "--all-targets", "--no-fail-fast"]);
    }
    set_environment(&mut command, python.as_deref());
    notes.name_to(&mut command);
    let (output, succeeded) = run_and_read(&mut command)?;
    tally.add(&output, succeeded);
    tally.skip(notes.read()?);
    let mut command = cargo();
    command.args(["test", "--workspace", "--doc"]);
    set_environment(&mut command, python.as_deref());
    let (output, succeeded) = run_and_read(&mut command)?;
    tally.add(&output, succeeded);
    page::build()?;
    short_soaks::run(tally)?;
    matrix(tally)?;
    gates::smoke(tally)
}

/// Runs the matrix of clients, watching each book for a short while; `cargo xtask clients` watches it for a minute.
fn matrix(tally: &mut Tally) -> Result<()> {
    const SECONDS: &str = "5";
    let matrix = clients::matrix(SECONDS)?;
    tally.add_step(&format!("clients: {}", matrix.line), matrix.is_green);
    if !matrix.has_javascript {
        tally.skip_one("clients of JavaScript");
    }
    Ok(())
}

/// Sets the environment of cargo and of the tests it runs.
pub(crate) fn set_environment(command: &mut Command, python: Option<&Path>) {
    page::require(command);
    if let Some(data) = data() {
        command.env("EXCHANGE_DATA", data);
    }
    if let Some(python) = python {
        command.env("EXCHANGE_PYTHON", python);
    }
}

/// Runs the integration tests whose names hold `name`, and returns how many failed. None, or one that is skipped for
/// want of what it needs, is a failure.
pub(crate) fn failed(name: &str) -> Result<f64> {
    let mut tally = Tally::default();
    let mut command = cargo();
    command.args(["test", "--workspace", "--test", "it", name, "--", "--nocapture"]);
    set_environment(&mut command, install::python()?.as_deref());
    let (output, succeeded) = run_and_read(&mut command)?;
    if output.contains("skipped: ") {
        bail!("{name} was skipped");
    }
    tally.add(&output, succeeded);
    if tally.passed == 0 && succeeded {
        bail!("there is no test {name}");
    }
    Ok(tally.failed as f64)
}

/// The recorded market data, if present. It is not part of the repository.
fn data() -> Option<PathBuf> {
    let candidates = std::env::var_os("EXCHANGE_DATA").map(PathBuf::from).into_iter();
    candidates.chain([root().join("../shared/data")]).find(|path| path.is_dir())
}
