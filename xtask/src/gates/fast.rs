//! The `fast` gate: what an order, a read and a snapshot cost, each against the least they could cost, in one run.

use std::{fs, path::PathBuf};

use anyhow::Result;
use serde_json::Value;

use super::{
    core,
    report::{Bar, Report, read},
};
use crate::process::{command, run, run_json};

/// A figure: its name, the goal it is held to, and what is aimed at beyond it.
fn figure(report: &mut Report, name: &str, goal: Bar, aim: f64, unit: &str, value: Result<f64>) {
    report.figure(&format!("{name} (aim {aim})"), goal, unit, value);
}

/// Measures everything.
pub(super) fn figures(report: &mut Report) {
    match core::workloads() {
        Ok(workloads) => {
            machine(report);
            trip(report, &workloads);
            books(report, &workloads);
            swings(report);
        }
        Err(error) => report.promise("yardstick", Bar::AtLeast(1.0), "", Err(error)),
    }
    memory(report);
    http(report);
    durable(report);
    beside(report);
}

fn bench(report: &Report, arguments: &[&str]) -> Result<Value> {
    run_json(command(report.lab()).arg("bench").args(arguments).arg("--json"))
}

/// How fast the memory of this machine is: ratios met on one are missed on another that is slower.
fn machine(report: &mut Report) {
    let latency = crate::process::run_and_read(&mut command(core::yardstick().join("release/memlat")));
    let text = latency.map_or_else(|error| format!("{error:#}"), |(text, _)| text);
    text.lines().for_each(|line| report.remark(line));
}

fn trip(report: &mut Report, workloads: &[core::Workload]) {
    let Some(flow) = workloads.iter().find(|workload| workload.name == "W3") else { return };
    let (runs, commands) = report.effort().choose(("5", "1000000"), ("3", "1000000"), ("1", "2000"));
    let file = flow.file.to_string_lossy();
    let line = bench(report, &["trip", "--runs", runs, "--commands", commands, &file]);
    let ratio = read(&line, "/cpu_ratio");
    figure(report, "bare three-message trip / actor trip", Bar::AtLeast(0.25), 0.5, "x CPU", ratio);
    report.information("an order's whole trip", "ns CPU", read(&line, "/trip_cpu_nanos"));
    report.information("a bare trip", "ns CPU", read(&line, "/bare_cpu_nanos"));
}

fn books(report: &mut Report, workloads: &[core::Workload]) {
    let runs = core::runs(report.effort());
    for workload in workloads {
        let ratio = core::ratio(report, "ladder", &workload.file, runs);
        figure(
            report,
            &format!("book / ladder on {}", workload.name),
            Bar::AtLeast(0.75),
            0.95,
            "x CPU",
            ratio,
        );
    }
}

/// Prices that swing and crash, which the yardstick's own workloads do not.
fn swings(report: &mut Report) {
    let runs = core::runs(report.effort());
    for path in ["swing25", "swing40", "crash"] {
        let ratio = swing(report, path).and_then(|file| core::ratio(report, "btree", &file, runs));
        figure(report, &format!("book / btree on {path}"), Bar::AtLeast(1.3), 2.0, "x CPU", ratio);
    }
}

/// Writes a workload, once.
fn swing(report: &Report, path: &str) -> Result<PathBuf> {
    let measured = report.effort().choose("2000000", "2000000", "2000");
    let file = core::yardstick().join(format!("{path}-{measured}.bin"));
    if !file.is_file() {
        let partial = file.with_extension("partial");
        run(command(report.lab()).args(["workload", path, "--measured", measured]).arg(&partial))?;
        fs::rename(&partial, &file)?;
    }
    Ok(file)
}

fn memory(report: &mut Report) {
    let orders = report.effort().choose("1000000", "1000000", "2000");
    let line = bench(report, &["memory", "--orders", orders]);
    let bytes = read(&line, "/bytes_per_order");
    figure(report, "whole exchange for a resting order", Bar::AtMost(400.0), 250.0, "bytes", bytes);
}

fn http(report: &mut Report) {
    let (runs, requests) = report.effort().choose(("5", "200000"), ("3", "100000"), ("1", "2000"));
    let line = bench(report, &["get", "--runs", runs, "--requests", requests, "--connections", "64"]);
    let ping = read(&line, "/0/ratio");
    figure(report, "GET ping / bare handler", Bar::AtMost(1.3), 1.1, "x CPU", ping);
    let depth =
        read(&line, "/1/exchange_per_second").and_then(|ours| Ok(ours / read(&line, "/1/bare_per_second")?));
    figure(report, "GET depth / static body", Bar::AtLeast(0.8), 0.9, "x", depth);
    let orders = report.effort().choose("100000", "100000", "2000");
    let line =
        bench(report, &["http", "--runs", runs, "--orders", orders, "--connections", "64", "--unlogged"]);
    let ratio = read(&line, "/ratio");
    figure(report, "signed order / handler without a log", Bar::AtMost(1.5), 1.25, "x CPU", ratio);
    let orders = report.effort().choose("400000", "400000", "4000");
    let line = bench(report, &["pipelined", "--runs", runs, "--orders", orders]);
    let rate = read(&line, "/per_second");
    figure(report, "durable orders over the WebSocket API", Bar::AtLeast(60_000.0), 100_000.0, "/s", rate);
}

fn durable(report: &mut Report) {
    let (runs, orders) = report.effort().choose(("3", "60000"), ("1", "60000"), ("1", "600"));
    let line = bench(report, &["durable", "--runs", runs, "--clients", "64,512", "--orders", orders]);
    for (clients, pointer) in [(64, "/closed/0/ratio"), (512, "/closed/1/ratio")] {
        let name = format!("durable / not durable, {clients} clients");
        figure(report, &name, Bar::AtLeast(0.7), 0.85, "x", read(&line, pointer));
    }
    let seconds = report.effort().choose("4", "2", "0.05");
    let line = bench(report, &["journal", "--seconds", seconds]);
    for (batch, index, goal) in [(1_024, 2, 0.7), (8_192, 3, 0.6)] {
        let name = format!("journal / raw disk, batches of {batch}");
        figure(report, &name, Bar::AtLeast(goal), 0.8, "x", read(&line, &format!("/ratios/{index}")));
        let p99 = |of: &str| read(&line, &format!("/{of}/{index}/commit/p99_us"));
        let ratio = p99("journal").and_then(|ours| Ok(ours / p99("raw")?));
        figure(report, &format!("p99 of a commit of {batch} / raw"), Bar::AtMost(3.0), 2.0, "x", ratio);
    }
}

/// What others wait for while a snapshot is made, and while stops cascade.
fn beside(report: &mut Report) {
    let (runs, size) = report.effort().choose(("3", "1000000"), ("1", "1000000"), ("1", "2000"));
    let sizes = ["--accounts", size, "--orders", size, "--frames", "1000"];
    let line = bench(report, &[&["recovery", "--runs", runs][..], &sizes[..]].concat());
    let ratio = read(&line, "/trading_p99_ratio");
    figure(report, "p99 while a snapshot is made / without", Bar::AtMost(1.5), 1.2, "x", ratio);
    let triggers = report.effort().choose("100000", "100000", "1000");
    let line = bench(report, &["cascade", "--triggers", triggers]);
    let ratio = read(&line, "/ratio");
    figure(report, "p99 of another symbol in a cascade / quiet", Bar::AtMost(1.5), 1.2, "x", ratio);
}
