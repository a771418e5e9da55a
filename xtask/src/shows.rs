//! `cargo xtask shows core`: the figures the exchange promises, each measured now and held against its bar.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    planted,
    process::{self, cargo, command, root, run_json, target},
    show::{Bar, Effort, Show, number, read, same},
    soak, test,
};

/// How often a figure is measured.
const fn runs(effort: Effort) -> usize {
    match effort {
        Effort::Full => 5,
        Effort::Quick => 1,
    }
}

/// Commands of a soak: one in a hundred of what is on record.
const fn soak_commands(effort: Effort) -> u64 {
    match effort {
        Effort::Full => 1_000_000,
        Effort::Quick => 100_000,
    }
}

/// Measures everything, prints a line per figure and fails if one misses its bar.
pub(crate) fn core(effort: Effort) -> Result<()> {
    soak::build()?;
    let mut show = Show::default();
    figures(&mut show, effort);
    show.finish()
}

/// Measures everything.
pub(crate) fn figures(show: &mut Show, effort: Effort) {
    match workloads() {
        Ok(workloads) => {
            books(show, &workloads, effort);
            trip(show, &workloads);
        }
        Err(error) => show.figure("yardstick", Bar::AtLeast(1.0), "", Err(error)),
    }
    let http = bench(&["http"]);
    show.figure(
        "signed order over HTTP / parse-only handler",
        Bar::AtMost(2.0),
        "x CPU",
        read(&http, "/ratio"),
    );
    let memory = bench(&["memory"]);
    show.information("resting order, one million resting", "bytes", read(&memory, "/bytes_per_order"));
    let depth = bench(&["depth"]);
    show.information("depth-20 queries", "/s", read(&depth, "/queries_per_second"));
    soaks(show, effort);
    let found = planted::tally();
    show.figure(
        "planted bugs missed",
        Bar::AtMost(0.0),
        "",
        found.as_ref().map(|t| t.failed as f64).map_err(same),
    );
    show.figure(
        "planted bugs found",
        Bar::AtLeast(20.0),
        "",
        found.as_ref().map(|t| t.passed as f64).map_err(same),
    );
    show.figure("ccxt and LOBSTER over HTTP, tests failed", Bar::AtMost(0.0), "", clients());
}

/// A workload file and its name.
struct Workload {
    name: &'static str,
    file: PathBuf,
    bar: f64,
}

/// Builds the yardstick and has it write the workloads, once.
fn workloads() -> Result<Vec<Workload>> {
    let source = std::env::var_os("EXCHANGE_YARDSTICK")
        .map_or_else(|| root().join("../shared/yardstick"), PathBuf::from);
    if !source.is_dir() {
        bail!("no yardstick: set EXCHANGE_YARDSTICK or put it at {}", source.display());
    }
    let build = yardstick();
    let manifest = source.join("Cargo.toml");
    let arguments = ["build", "--release", "--quiet", "--locked", "--target-dir"];
    process::run(cargo().args(arguments).arg(&build).arg("--manifest-path").arg(&manifest))?;
    let mut workloads = Vec::new();
    for (name, bar) in [("W1", 0.35), ("W2", 0.25), ("W3", 0.4)] {
        let file = build.join(format!("{name}.bin"));
        if !file.is_file() {
            let partial = file.with_extension("partial");
            process::run(command(build.join("release/wlgen")).arg(name).arg(&partial))?;
            fs::rename(&partial, &file)?;
        }
        workloads.push(Workload { name, file, bar });
    }
    Ok(workloads)
}

fn yardstick() -> PathBuf {
    target().join("yardstick")
}

fn books(show: &mut Show, workloads: &[Workload], effort: Effort) {
    for workload in workloads {
        let name = format!("book / ladder on {}", workload.name);
        show.figure(&name, Bar::AtLeast(workload.bar), "x CPU", ratio(&workload.file, runs(effort)));
    }
    for workload in workloads {
        let name = format!("matching p99 on {}", workload.name);
        let line = book(&workload.file, "lat");
        show.figure(&name, Bar::Below(2_000.0), "ns", read(&line, "/latency/all/p99"));
    }
    if let Some(deep) = workloads.iter().find(|workload| workload.name == "W2") {
        let line = book(&deep.file, "tput");
        show.figure("resting order on W2", Bar::AtMost(128.0), "bytes", read(&line, "/bytes_per_order"));
    }
}

/// The median of book / ladder over runs in turn, by CPU time. A wrong book has no ratio.
fn ratio(file: &Path, runs: usize) -> Result<f64> {
    let mut ratios = Vec::with_capacity(runs);
    for _ in 0..runs {
        let ladder = run_json(command(yardstick().join("release/ladder")).arg(file).arg("tput"))?;
        let ours = book(file, "tput")?;
        let is_right = ours["hash_ok"] == true && ours["state_ok"] == true && ours["errors"] == 0;
        if !is_right {
            bail!("the book is wrong: {ours}");
        }
        ratios.push(number(&ours, "/cpu_ops_s")? / number(&ladder, "/cpu_ops_s")?);
    }
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().context("no runs")
}

fn book(file: &Path, mode: &str) -> Result<Value> {
    run_json(command(soak::binary()).args(["bench", "book"]).arg(file).args(["--mode", mode, "--json"]))
}

fn trip(show: &mut Show, workloads: &[Workload]) {
    let Some(flow) = workloads.iter().find(|workload| workload.name == "W3") else { return };
    let line = run_json(command(soak::binary()).args(["bench", "trip"]).arg(&flow.file).arg("--json"));
    show.figure("actor trip / bare three-message trip", Bar::AtLeast(0.25), "x", read(&line, "/ratio"));
}

fn bench(arguments: &[&str]) -> Result<Value> {
    run_json(command(soak::binary()).arg("bench").args(arguments).arg("--json"))
}

fn soaks(show: &mut Show, effort: Effort) {
    let (oracle, simulation) = soak::on_record();
    show.figure("commands against the oracle on record", Bar::AtLeast(1e8), "", Ok(oracle as f64));
    show.figure("commands through the simulation on record", Bar::AtLeast(1e7), "", Ok(simulation as f64));
    let again = soak::soak(soak_commands(effort), 4_242);
    show.figure(
        "violations in a soak just now",
        Bar::AtMost(0.0),
        "",
        again.map(|soak| soak.violations as f64),
    );
}

/// Runs the tests of real clients and real tapes.
fn clients() -> Result<f64> {
    Ok(test::failed("ccxt")? + test::failed("lobster")?)
}
