//! `cargo xtask shows durable`: nothing acknowledged is ever lost, figure by figure.

use anyhow::Result;
use serde_json::Value;

use crate::{
    process::{command, run_and_read, run_json, target},
    show::{Bar, Effort, Show, read, same},
    simulate, soak, test,
};

/// Seeds of the shows; those on record have others.
const SEED: u64 = 7_000_000;

/// Measures everything, prints a line per figure and fails if one misses its bar.
pub(crate) fn durable(effort: Effort) -> Result<()> {
    soak::build()?;
    let mut show = Show::default();
    figures(&mut show, effort);
    show.finish()
}

/// Measures what durability promises.
pub(crate) fn figures(show: &mut Show, effort: Effort) {
    crashes(show, effort);
    damage(show, effort);
    kills(show, effort);
    speed(show, effort);
    recovery(show, effort);
    tests(show);
}

fn lightning(arguments: &[&str]) -> Result<Value> {
    run_json(command(soak::binary()).args(arguments).arg("--json"))
}

/// Show 2: simulated power cuts, each recovered twice to the same hash; and commands without any.
fn crashes(show: &mut Show, effort: Effort) {
    let on_record = simulate::on_record();
    let crash_seeds = effort.choose(10_000, 200);
    let played = simulate::simulate(SEED, crash_seeds * simulate::COMMANDS, simulate::CRASHES);
    let of = |count: fn(&simulate::Simulation) -> u64| match &played {
        Ok(played) => Ok(count(played) as f64),
        Err(error) => Err(same(error)),
    };
    show.figure("simulated crash points on record", Bar::AtLeast(1e6), "", Ok(on_record.crashes as f64));
    show.figure("seeds they are spread over", Bar::AtLeast(1e4), "", Ok(on_record.seeds as f64));
    show.figure("simulated commands on record", Bar::AtLeast(1e8), "", Ok(on_record.commands as f64));
    let least = effort.choose(1e6, 2e4);
    show.figure("crash points just now", Bar::AtLeast(least), "", of(|played| played.crashes));
    show.figure("of them while recovering", Bar::AtLeast(least / 10.0), "", of(|played| played.recovering));
    show.figure("violations in them", Bar::AtMost(0.0), "", of(|played| played.violations));
    let plain = simulate::simulate(SEED, effort.choose(10_000_000, 500_000), 0);
    show.figure("violations without crashes", Bar::AtMost(0.0), "", plain.map(|run| run.violations as f64));
}

/// Shows 3 and 4: failing operations, torn tails, flipped bits.
fn damage(show: &mut Show, effort: Effort) {
    let share = effort.choose("1", "10");
    let seed = SEED.to_string();
    let line = lightning(&["simulate", "--faults", "--seed", &seed, "--share", share]);
    let part = effort.choose(1.0, 0.1);
    show.figure("operations that failed", Bar::AtLeast(800.0 * part), "", read(&line, "/failed_operations"));
    show.figure("offsets of torn tails", Bar::AtLeast(65_536.0 * part - 1.0), "", read(&line, "/torn"));
    show.figure("bits flipped, each noticed", Bar::AtLeast(10_000.0 * part), "", read(&line, "/flips"));
    show.figure("violations in damage", Bar::AtMost(0.0), "", read(&line, "/violations"));
}

/// Show 1: the real binary, killed under load.
fn kills(show: &mut Show, effort: Effort) {
    let kills = effort.choose(100, 25);
    let file = target().join("kill-report.json");
    let mut harness = command(soak::binary());
    harness.args(["soak-kill", "--idempotency", "--seed", &SEED.to_string()]);
    harness.args(["--kills", &kills.to_string(), "--report"]);
    let (output, succeeded) = match run_and_read(harness.arg(&file)) {
        Ok(ran) => ran,
        Err(error) => {
            return show.figure("kills of the real binary", Bar::AtLeast(kills.into()), "", Err(error));
        }
    };
    let failure = (!succeeded).then(|| output.lines().last().unwrap_or("it failed").to_owned());
    let done = failure.map_or(Ok(f64::from(kills)), |failure| Err(anyhow::anyhow!(failure)));
    show.figure("kills of the real binary, nothing lost", Bar::AtLeast(kills.into()), "", done);
}

/// Show 5: what durability costs.
fn speed(show: &mut Show, effort: Effort) {
    let (runs, clients) = effort.choose(("5", "1,8,64,512"), ("1", "64"));
    let line = lightning(&["bench", "durable", "--runs", runs, "--clients", clients]);
    show.figure("durable / not durable over HTTP", Bar::AtLeast(0.7), "x", read(&line, "/http_ratio"));
    show.figure("clients", Bar::AtLeast(64.0), "", read(&line, "/clients"));
    // The disk as it is beside a server under this load; alone and idle it takes a tenth of that.
    let added = read(&line, "/added_p99_over_group_commit_p99");
    show.figure("added p99 / p99 of a raw group commit", Bar::AtMost(2.0), "x", added);
    let added = read(&line, "/added_p99_over_fdatasync_p99");
    show.information("added p99 / p99 of fdatasync, idle", "x", added);
    show.information("p99 of fdatasync, idle", "us", read(&line, "/fdatasync_p99_us"));
}

/// Show 6: how long it takes to come back.
fn recovery(show: &mut Show, effort: Effort) {
    let line = lightning(&["bench", "recovery", "--runs", effort.choose("3", "1")]);
    show.figure("recovery from a snapshot", Bar::Below(3.0), "s", read(&line, "/snapshot_seconds"));
    show.figure("accounts in it", Bar::AtLeast(1e6), "", read(&line, "/accounts"));
    show.figure("resting orders in it", Bar::AtLeast(1e6), "", read(&line, "/orders"));
    show.figure("replay of the journal", Bar::Below(2.0), "s", read(&line, "/replay_seconds"));
    show.figure("frames in it", Bar::AtLeast(1e6), "", read(&line, "/frames"));
    show.figure("p99 while a snapshot is made", Bar::AtMost(1.3), "x", read(&line, "/trading_p99_ratio"));
    show.information("size of the snapshot", "bytes", read(&line, "/snapshot_bytes"));
}

/// Shows 7 and 8, and what holds at every size: the tests by name.
fn tests(show: &mut Show) {
    for (name, what) in [
        ("durable::", "one hash whatever the shards and the copy, failed"),
        ("golden::", "released formats, failed"),
        ("fuzz::", "short runs of the fuzzer's targets, failed"),
    ] {
        show.figure(what, Bar::AtMost(0.0), "", test::failed(name));
    }
}
