//! `cargo xtask test`: every test there is, after installing what they need.

use std::{path::PathBuf, process::Command, time::Instant};

use anyhow::{Result, bail};

use crate::{
    clients, install, page,
    process::{cargo, command, exists, root, run, run_and_read, target},
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
    println!("\n{}", tally.line(started.elapsed().as_secs_f64()));
    if tally.failed > 0 {
        bail!("{} failed", tally.failed);
    }
    Ok(())
}

fn rust(tally: &mut Tally) -> Result<()> {
    let python = install::python()?;
    let has_nextest = exists("cargo-nextest");
    let with_surroundings = |command: &mut Command| {
        page::require(command);
        if let Some(data) = data() {
            command.env("EXCHANGE_DATA", data);
        }
        if let Some(python) = &python {
            command.env("EXCHANGE_PYTHON", python);
        }
    };
    let mut command = cargo();
    if has_nextest {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        command.args(["test", "--workspace", "--all-targets", "--no-fail-fast"]);
    }
    with_surroundings(&mut command);
    let (output, succeeded) = run_and_read(&mut command)?;
    tally.add(&output, succeeded);
    let mut command = cargo();
    command.args(["test", "--workspace", "--doc"]);
    with_surroundings(&mut command);
    let (output, succeeded) = run_and_read(&mut command)?;
    tally.add(&output, succeeded);
    kills(tally)?;
    matrix(tally)
}

/// Kills the real server under load a few times, and has its word compared with its clients'; `soak-kill` kills more
/// often.
fn kills(tally: &mut Tally) -> Result<()> {
    const KILLS: &str = "25";
    let mut build = cargo();
    let built = build.args(["build", "--bin", "lightning"]);
    page::require(built);
    run(built)?;
    let mut harness = command(target().join("debug/lightning"));
    harness.args(["soak-kill", "--idempotency", "--seed", "25", "--kills", KILLS]);
    let (_, succeeded) = run_and_read(&mut harness)?;
    if succeeded {
        tally.add_success();
    } else {
        tally.add_failure();
    }
    Ok(())
}

/// Runs the matrix of clients, watching each book for a short while; `cargo xtask clients` watches it for a minute.
fn matrix(tally: &mut Tally) -> Result<()> {
    const SECONDS: &str = "5";
    if clients::green(SECONDS)? {
        tally.add_success();
    } else {
        tally.add_failure();
    }
    Ok(())
}

/// The recorded market data, if it is here. It is no part of the repository.
fn data() -> Option<PathBuf> {
    let candidates = std::env::var_os("EXCHANGE_DATA").map(PathBuf::from).into_iter();
    candidates.chain([root().join("../shared/data")]).find(|path| path.is_dir())
}
