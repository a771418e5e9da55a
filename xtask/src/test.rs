//! `cargo xtask test`: every test there is, after installing what they need.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Result, bail};

use crate::{
    clients,
    gates::{self, history},
    install,
    output::say,
    page,
    process::{cargo, command, exists, root, run_and_read},
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

/// Runs them and prints one line at the end.
pub(crate) fn run_all(part: Part) -> Result<()> {
    let started = Instant::now();
    let mut tally = Tally::default();
    if part != Part::Page {
        rust(&mut tally)?;
    }
    if part != Part::Rust {
        page::test(&mut tally)?;
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
    let has_nextest = exists("cargo-nextest");
    let mut command = cargo();
    if has_nextest {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        command.args(["test", "--workspace", "--all-targets", "--no-fail-fast"]);
    }
    set_environment(&mut command, python.as_deref());
    let (output, succeeded) = run_and_read(&mut command)?;
    tally.add(&output, succeeded);
    let mut command = cargo();
    command.args(["test", "--workspace", "--doc"]);
    set_environment(&mut command, python.as_deref());
    let (output, succeeded) = run_and_read(&mut command)?;
    tally.add(&output, succeeded);
    page::build()?;
    crash_soak(tally)?;
    wire_soak(tally)?;
    history_soaks(tally)?;
    memory_soak(tally)?;
    matrix(tally)?;
    gates::smoke(tally)
}

/// Kills the real server under load a few times, and compares its state with its clients' logs; `cargo xtask lab
/// crash-soak` kills more often.
fn crash_soak(tally: &mut Tally) -> Result<()> {
    const KILLS: &str = "25";
    let mut harness = command(page::lab());
    harness.args(["crash-soak", "--idempotency", "--seed", "25", "--kills", KILLS]);
    let (_, succeeded) = run_and_read(&mut harness)?;
    tally.add_one(succeeded);
    Ok(())
}

/// Watches the real server through a few restarts; the `wire` gate watches it for longer.
fn wire_soak(tally: &mut Tally) -> Result<()> {
    let mut harness = command(page::lab());
    harness.args([
        "wire-soak",
        "--seconds",
        "15",
        "--restarts",
        "2",
        "--rate",
        "4000",
        "--subscribers",
        "20",
    ]);
    let (_, succeeded) = run_and_read(&mut harness)?;
    tally.add_one(succeeded);
    Ok(())
}

/// Kills the exchange and its history's database a few times and compares every row; the `history` gate does so for longer.
fn history_soaks(tally: &mut Tally) -> Result<()> {
    for database in history::DATABASES {
        let mut harness = command(page::lab());
        harness.args(["history-soak", "--orders", "6000", "--kills", "2", "--database-kills", "2"]);
        let (_, succeeded) = run_and_read(harness.args(["--database", database]))?;
        tally.add_one(succeeded);
    }
    Ok(())
}

/// Trades for a minute while memory is sampled, which proves that the memory soak itself works; whether memory is flat takes an
/// hour (`cargo xtask lab memory_soak-soak`).
fn memory_soak(tally: &mut Tally) -> Result<()> {
    let mut harness = command(page::lab());
    let (_, succeeded) = run_and_read(harness.args(["memory-soak", "--quick"]))?;
    tally.add_one(succeeded);
    Ok(())
}

/// Runs the matrix of clients, watching each book for a short while; `cargo xtask clients` watches it for a minute.
fn matrix(tally: &mut Tally) -> Result<()> {
    const SECONDS: &str = "5";
    tally.add_one(clients::green(SECONDS)?);
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
    command.args(["test", "--test", "it", name, "--", "--nocapture"]);
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

/// The recorded market data, if it is here. It is no part of the repository.
fn data() -> Option<PathBuf> {
    let candidates = std::env::var_os("EXCHANGE_DATA").map(PathBuf::from).into_iter();
    candidates.chain([root().join("../shared/data")]).find(|path| path.is_dir())
}
