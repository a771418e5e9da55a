//! The `core` gate: the book, the actor trip, orders over HTTP, memory, and the soaks on record.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::report::{Bar, Effort, Report, number, read, same};
use crate::{
    mutants, oracle_run,
    process::{self, cargo, command, root, run_json, target},
    test,
};

/// How often a figure is measured.
pub(super) const fn runs(effort: Effort) -> usize {
    match effort {
        Effort::Full => 5,
        Effort::Quick | Effort::Smoke => 1,
    }
}

/// Commands of a soak: one in a hundred of what is on record.
const fn oracle_run_commands(effort: Effort) -> u64 {
    match effort {
        Effort::Full => 1_000_000,
        Effort::Quick => 100_000,
        Effort::Smoke => 10_000,
    }
}

/// Measures everything.
pub(super) fn figures(report: &mut Report) {
    match workloads() {
        Ok(workloads) => {
            books(report, &workloads);
            trip(report, &workloads);
        }
        Err(error) => report.promise("yardstick", Bar::AtLeast(1.0), "", Err(error)),
    }
    let effort = report.effort();
    let (runs, orders) = effort.choose(("5", "100000"), ("5", "100000"), ("1", "4000"));
    let http = bench(report, &["http", "--runs", runs, "--orders", orders]);
    report.figure(
        "signed order over HTTP / parse-only handler",
        Bar::AtMost(2.0),
        "x CPU",
        read(&http, "/ratio"),
    );
    let memory = bench(report, &["memory", "--orders", effort.choose("1000000", "1000000", "2000")]);
    report.information("memory of a resting order", "bytes", read(&memory, "/bytes_per_order"));
    let depth = bench(report, &["depth", "--queries", effort.choose("500000", "500000", "1000")]);
    report.information("depth-20 queries", "/s", read(&depth, "/queries_per_second"));
    oracle_runs(report);
    // The mutants need a build of their own, and the test command runs the clients itself.
    if effort != Effort::Smoke {
        let found = mutants::tally();
        report.promise(
            "mutants missed",
            Bar::AtMost(0.0),
            "",
            found.as_ref().map(|t| t.failed as f64).map_err(same),
        );
        report.promise(
            "mutants found",
            Bar::AtLeast(20.0),
            "",
            found.as_ref().map(|t| t.passed as f64).map_err(same),
        );
        report.promise("ccxt and LOBSTER over HTTP, tests failed", Bar::AtMost(0.0), "", clients());
    }
}

/// A workload file and its name.
pub(super) struct Workload {
    pub(super) name: &'static str,
    pub(super) file: PathBuf,
    bar: f64,
}

/// Builds the yardstick and has it write the workloads, once.
pub(super) fn workloads() -> Result<Vec<Workload>> {
    let build = build_yardstick()?;
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

/// Where the yardstick is built, and its workloads are.
pub(crate) fn yardstick() -> PathBuf {
    target().join("yardstick")
}

/// Builds it, and returns where.
pub(crate) fn build_yardstick() -> Result<PathBuf> {
    let source = std::env::var_os("EXCHANGE_YARDSTICK")
        .map_or_else(|| root().join("../shared/yardstick"), PathBuf::from);
    if !source.is_dir() {
        bail!("no yardstick: set EXCHANGE_YARDSTICK or put it at {}", source.display());
    }
    let build = yardstick();
    let manifest = source.join("Cargo.toml");
    let arguments = ["build", "--release", "--quiet", "--locked", "--target-dir"];
    process::run(cargo().args(arguments).arg(&build).arg("--manifest-path").arg(&manifest))?;
    Ok(build)
}

fn books(report: &mut Report, workloads: &[Workload]) {
    let runs = runs(report.effort());
    for workload in workloads {
        let name = format!("book / ladder on {}", workload.name);
        let ratio = ratio(report, "ladder", &workload.file, runs);
        report.figure(&name, Bar::AtLeast(workload.bar), "x CPU", ratio);
    }
    for workload in workloads {
        let name = format!("matching p99 on {}", workload.name);
        let line = book(report, &workload.file, "lat");
        report.figure(&name, Bar::Below(2_000.0), "ns", read(&line, "/latency/all/p99"));
    }
    if let Some(deep) = workloads.iter().find(|workload| workload.name == "W2") {
        let line = book(report, &deep.file, "tput");
        report.figure("resting order on W2", Bar::AtMost(128.0), "bytes", read(&line, "/bytes_per_order"));
    }
}

/// The median of our book by a book of the yardstick over runs in turn, by CPU time. A wrong book has no ratio.
pub(super) fn ratio(report: &Report, engine: &str, file: &Path, runs: usize) -> Result<f64> {
    let mut ratios = Vec::with_capacity(runs);
    for _ in 0..runs {
        let peer = run_json(command(yardstick().join("release").join(engine)).arg(file).arg("tput"))?;
        if peer["hash_ok"] != true {
            bail!("{engine} disagrees with the workload: {peer}");
        }
        let ours = book(report, file, "tput")?;
        let is_right = ours["hash_ok"] == true && ours["state_ok"] == true && ours["errors"] == 0;
        if !is_right {
            bail!("the book is wrong: {ours}");
        }
        ratios.push(number(&ours, "/cpu_ops_s")? / number(&peer, "/cpu_ops_s")?);
    }
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().context("no runs")
}

fn book(report: &Report, file: &Path, mode: &str) -> Result<Value> {
    run_json(command(report.lab()).args(["bench", "book"]).arg(file).args(["--mode", mode, "--json"]))
}

fn trip(report: &mut Report, workloads: &[Workload]) {
    let Some(flow) = workloads.iter().find(|workload| workload.name == "W3") else { return };
    let (runs, commands) = report.effort().choose(("5", "1000000"), ("5", "1000000"), ("1", "2000"));
    let mut trip = command(report.lab());
    trip.args(["bench", "trip", "--json", "--runs", runs, "--commands", commands]);
    let line = run_json(trip.arg(&flow.file));
    report.figure("actor trip / bare three-message trip", Bar::AtLeast(0.25), "x", read(&line, "/ratio"));
}

fn bench(report: &Report, arguments: &[&str]) -> Result<Value> {
    run_json(command(report.lab()).arg("bench").args(arguments).arg("--json"))
}

fn oracle_runs(report: &mut Report) {
    let (oracle, simulation) = oracle_run::on_record();
    report.promise("commands against the oracle on record", Bar::AtLeast(1e8), "", Ok(oracle as f64));
    report.promise("commands through the simulation on record", Bar::AtLeast(1e7), "", Ok(simulation as f64));
    let again = oracle_run::measure(&report.lab(), oracle_run_commands(report.effort()), 4_242);
    report.promise(
        "violations in an oracle run just now",
        Bar::AtMost(0.0),
        "",
        again.map(|soak| soak.violations as f64),
    );
}

/// Runs the tests of real clients and real tapes.
fn clients() -> Result<f64> {
    Ok(test::failed("ccxt")? + test::failed("lobster")?)
}
