//! The `durable` gate: nothing acknowledged is ever lost.

use anyhow::Result;
use serde_json::Value;

use super::report::{Bar, Effort, Report, read, same};
use crate::{
    process::{command, run_and_read, run_json, target},
    simulate, test,
};

/// Seeds of the gate; those on record have others.
const SEED: u64 = 7_000_000;

/// Measures everything.
pub(super) fn figures(report: &mut Report) {
    crashes(report);
    damage(report);
    if report.effort() != Effort::Smoke {
        // The test command kills the debug build as often as the quick form does.
        kills(report);
        tests(report);
    }
    speed(report);
    recovery(report);
}

fn lab(report: &Report, arguments: &[&str]) -> Result<Value> {
    run_json(command(report.lab()).args(arguments).arg("--json"))
}

/// Simulated power cuts, each recovered twice to the same hash; and commands without any.
fn crashes(report: &mut Report) {
    let on_record = simulate::on_record();
    let crash_seeds = report.effort().choose(10_000, 200, 2);
    let lab = report.lab();
    let played = simulate::simulate(&lab, SEED, crash_seeds * simulate::COMMANDS, simulate::CRASHES);
    let of = |count: fn(&simulate::Simulation) -> u64| match &played {
        Ok(played) => Ok(count(played) as f64),
        Err(error) => Err(same(error)),
    };
    report.promise("simulated crash points on record", Bar::AtLeast(1e6), "", Ok(on_record.crashes as f64));
    report.promise("seeds they are spread over", Bar::AtLeast(1e4), "", Ok(on_record.seeds as f64));
    report.promise("simulated commands on record", Bar::AtLeast(1e8), "", Ok(on_record.commands as f64));
    let least = report.effort().choose(1e6, 2e4, 1.0);
    report.promise("crash points just now", Bar::AtLeast(least), "", of(|played| played.crashes));
    report.figure("of them while recovering", Bar::AtLeast(least / 10.0), "", of(|played| played.recovering));
    report.promise("violations in them", Bar::AtMost(0.0), "", of(|played| played.violations));
    let commands = report.effort().choose(10_000_000, 500_000, 6_000);
    let plain = simulate::simulate(&lab, SEED, commands, 0);
    report.promise(
        "violations without crashes",
        Bar::AtMost(0.0),
        "",
        plain.map(|run| run.violations as f64),
    );
}

/// Failing operations, torn tails, flipped bits.
fn damage(report: &mut Report) {
    let share = report.effort().choose("1", "10", "400");
    let seed = SEED.to_string();
    let line = lab(report, &["simulate", "--faults", "--seed", &seed, "--share", share]);
    let part = report.effort().choose(1.0, 0.1, 0.0);
    report.figure(
        "operations that failed",
        Bar::AtLeast(800.0 * part),
        "",
        read(&line, "/failed_operations"),
    );
    report.figure("offsets of torn tails", Bar::AtLeast(65_536.0 * part - 1.0), "", read(&line, "/torn"));
    report.figure("bits flipped, each noticed", Bar::AtLeast(10_000.0 * part), "", read(&line, "/flips"));
    report.promise("violations in damage", Bar::AtMost(0.0), "", read(&line, "/violations"));
}

/// The real binary, killed under load.
fn kills(report: &mut Report) {
    let kills = report.effort().choose(100, 25, 25);
    let file = target().join("kill-report.json");
    let mut harness = command(report.lab());
    harness.args(["crash-soak", "--idempotency", "--seed", &SEED.to_string()]);
    harness.args(["--kills", &kills.to_string(), "--report"]);
    let (output, succeeded) = match run_and_read(harness.arg(&file)) {
        Ok(ran) => ran,
        Err(error) => {
            return report.promise("kills of the real binary", Bar::AtLeast(kills.into()), "", Err(error));
        }
    };
    let failure = (!succeeded).then(|| output.lines().last().unwrap_or("it failed").to_owned());
    let done = failure.map_or(Ok(f64::from(kills)), |failure| Err(anyhow::anyhow!(failure)));
    report.promise("kills of the real binary, nothing lost", Bar::AtLeast(kills.into()), "", done);
}

/// The cost of durability.
fn speed(report: &mut Report) {
    let (runs, clients, orders) = report.effort().choose(
        ("5", "1,8,64,512", "60000"),
        ("1", "1,64,512", "60000"),
        ("1", "1,64,512", "200"),
    );
    let line = lab(report, &["bench", "durable", "--runs", runs, "--clients", clients, "--orders", orders]);
    report.figure("durable / not durable over HTTP", Bar::AtLeast(0.7), "x", read(&line, "/http_ratio"));
    report.figure("clients", Bar::AtLeast(64.0), "", read(&line, "/clients"));
    // The disk as it is beside a server under this load; alone and idle it takes a tenth of that.
    let added = read(&line, "/added_p99_over_group_commit_p99");
    report.figure("added p99 / p99 of a raw group commit", Bar::AtMost(2.0), "x", added);
    let added = read(&line, "/added_p99_over_fdatasync_p99");
    report.information("added p99 / p99 of fdatasync, idle", "x", added);
    report.information("p99 of fdatasync, idle", "us", read(&line, "/fdatasync_p99_us"));
    let seconds = report.effort().choose("2", "2", "0.05");
    let line = lab(report, &["bench", "journal", "--seconds", seconds]);
    report.promise("bench of the journal's writer, failed", Bar::AtMost(0.0), "", line.map(|_| 0.0));
}

/// The duration of a recovery.
fn recovery(report: &mut Report) {
    let runs = report.effort().choose("3", "1", "1");
    let size = report.effort().choose("1000000", "1000000", "2000");
    let sizes = ["--accounts", size, "--orders", size, "--frames", size];
    let line = lab(report, &[&["bench", "recovery", "--runs", runs][..], &sizes[..]].concat());
    report.figure("recovery from a snapshot", Bar::Below(3.0), "s", read(&line, "/snapshot_seconds"));
    report.figure("accounts in it", Bar::AtLeast(1e6), "", read(&line, "/accounts"));
    report.figure("resting orders in it", Bar::AtLeast(1e6), "", read(&line, "/orders"));
    report.figure("replay of the journal", Bar::Below(2.0), "s", read(&line, "/replay_seconds"));
    report.figure("frames in it", Bar::AtLeast(1e6), "", read(&line, "/frames"));
    report.figure("p99 while a snapshot is made", Bar::AtMost(1.3), "x", read(&line, "/trading_p99_ratio"));
    report.information("size of the snapshot", "bytes", read(&line, "/snapshot_bytes"));
}

/// What holds at every size: the tests by name.
fn tests(report: &mut Report) {
    for (name, what) in [
        ("durable::", "one hash whatever the shards and the copy, failed"),
        ("golden::", "released formats, failed"),
        ("fuzz::", "short runs of the fuzzer's targets, failed"),
    ] {
        report.promise(what, Bar::AtMost(0.0), "", test::failed(name));
    }
}
