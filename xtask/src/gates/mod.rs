//! `cargo xtask gates`: the promises of each area of the exchange, measured now and compared with their bars.

pub(crate) mod core;
pub(crate) mod durable;
mod fast;
pub(crate) mod faults;
pub(crate) mod growth;
pub(crate) mod history;
mod house;
pub(crate) mod report;
pub(crate) mod wire;

use std::path::PathBuf;

use anyhow::{Result, bail};

use self::report::{Effort, Report};
use crate::{
    output::say,
    page,
    process::{self, cargo, target},
    tally::Tally,
};

/// One gate: its name, and its measurement.
type Gate = (&'static str, fn(&mut Report));

/// All of them, in the order they run.
const GATES: [Gate; 8] = [
    ("core", core::figures),
    ("durable", durable::figures),
    ("wire", wire::figures),
    ("history", history::figures),
    ("faults", faults::figures),
    ("growth", growth::figures),
    ("house", house::figures),
    ("fast", fast::figures),
];

/// Reads which gates to run and how thoroughly, and runs them.
///
/// # Errors
/// A figure misses its bar or cannot be measured.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let mut effort = Effort::Full;
    let mut names = Vec::new();
    for argument in arguments {
        match *argument {
            "--quick" => effort = Effort::Quick,
            "--smoke" => effort = Effort::Smoke,
            name if GATES.iter().any(|(gate, _)| *gate == name) => names.push(name),
            other => {
                bail!("unknown gate {other:?}: the gates are {}", GATES.map(|(name, _)| name).join(", "))
            }
        }
    }
    if names.is_empty() {
        bail!("name one gate or more: {}", GATES.map(|(name, _)| name).join(", "));
    }
    report(effort, &names)?.finish()
}

/// Runs every command the gates name, with as little work as it takes, and counts each as a test.
pub(crate) fn smoke(tally: &mut Tally) -> Result<()> {
    let report = report(Effort::Smoke, &GATES.map(|(name, _)| name))?;
    tally.passed += report.held();
    tally.failed += report.missed();
    let verdict = if report.missed() == 0 { "ok    " } else { "FAILED" };
    tally.steps.push(format!(
        "{verdict} gates, only that they run: {} figures measured, {} missed",
        report.held(),
        report.missed()
    ));
    Ok(())
}

fn report(effort: Effort, names: &[&str]) -> Result<Report> {
    build(effort)?;
    let mut report = Report::new(effort);
    for (name, figures) in GATES.iter().filter(|(gate, _)| names.contains(gate)) {
        say!("\ngate {name}");
        figures(&mut report);
    }
    Ok(report)
}

/// The laboratory that measures the exchange beside it: the release builds, or for a smoke run those the tests have.
pub(crate) fn lab(effort: Effort) -> PathBuf {
    match effort {
        Effort::Full | Effort::Quick => release_lab(),
        Effort::Smoke => page::lab(),
    }
}

fn build(effort: Effort) -> Result<()> {
    match effort {
        Effort::Full | Effort::Quick => build_release(),
        Effort::Smoke => page::build(),
    }
}

/// The laboratory in release.
pub(crate) fn release_lab() -> PathBuf {
    target().join("release/lab")
}

/// Builds exchange and laboratory in release: one after the other, since together both would have the features that only the
/// laboratory needs, and the measured binary would not be the shipped one.
pub(crate) fn build_release() -> Result<()> {
    process::run(cargo().args(["build", "--release", "--quiet", "--bin", "lightning"]))?;
    process::run(cargo().args(["build", "--release", "--quiet", "-p", "lab", "--bin", "lab"]))
}
