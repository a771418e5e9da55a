//! The `wire` gate: every trading client works, and the streams are right.

use super::report::{Bar, Effort, Report, number, read, same};
use crate::{
    clients,
    process::{command, run_json},
    test,
};

/// Seed of the soak.
const SEED: &str = "4000";

/// Measures everything.
pub(super) fn figures(report: &mut Report) {
    if report.effort() != Effort::Smoke {
        // The test command runs the matrix, the soak and these tests itself.
        matrix(report);
        watch(report);
        for (name, what) in [
            ("real_klines::", "candles of every shared data set, tests failed"),
            ("the_candles_of_the_stream_aggregate_its_trades", "live candles against the tape, tests failed"),
            ("errors::", "error codes with text and status, tests failed"),
            ("conformance::", "every route has its row, tests failed"),
        ] {
            report.promise(what, Bar::AtMost(0.0), "", test::failed(name));
        }
    }
    cascade(report);
}

/// Unmodified clients.
fn matrix(report: &mut Report) {
    let matrix = clients::matrix(report.effort().choose("60", "5", "5"));
    let red = matrix.map(|matrix| if matrix.is_green { 0.0 } else { 1.0 });
    report.promise("matrix of clients that is not all green", Bar::AtMost(0.0), "", red);
}

/// Books and private streams through stalls, drops and restarts.
fn watch(report: &mut Report) {
    let (seconds, restarts) = report.effort().choose((600.0, 20.0), (60.0, 4.0), (60.0, 4.0));
    let mut soak = command(report.lab());
    soak.args(["wire-soak", "--seed", SEED, "--json", "--seconds", &format!("{seconds}")]);
    let line = run_json(soak.args(["--restarts", &format!("{restarts}")]));
    let sum = |one: &str, other: &str| {
        let line = line.as_ref().map_err(same)?;
        Ok(number(line, one)? + number(line, other)?)
    };
    report.figure("soak of the wire", Bar::AtLeast(seconds), "s", read(&line, "/seconds"));
    report.figure(
        "commands while it was up",
        Bar::AtLeast(20_000.0),
        "/s",
        read(&line, "/commands_per_second"),
    );
    report.figure("subscribers of depth", Bar::AtLeast(50.0), "", read(&line, "/subscribers"));
    report.figure("checksums compared", Bar::AtLeast(seconds * 100.0), "", read(&line, "/checked"));
    report.figure("stalls and drops", Bar::AtLeast(10.0), "", sum("/stalls", "/drops"));
    report.figure("times missed diffs were had again", Bar::AtLeast(1.0), "", read(&line, "/resumed"));
    report.figure("stops and kills of the server", Bar::AtLeast(restarts), "", sum("/stops", "/kills"));
    report.promise("desyncs", Bar::AtMost(0.0), "", read(&line, "/desyncs"));
    report.information("private events", "", read(&line, "/events"));
    report.promise("private events lost", Bar::AtMost(0.0), "", read(&line, "/lost"));
}

/// A cascade of stops and its neighbours.
fn cascade(report: &mut Report) {
    let triggers = report.effort().choose("100000", "10000", "200");
    let line = run_json(command(report.lab()).args(["bench", "cascade", "--triggers", triggers, "--json"]));
    report.figure(
        "stops triggered, each by the one before",
        Bar::AtLeast(triggers.parse().unwrap_or(f64::NAN)),
        "",
        read(&line, "/triggers"),
    );
    report.figure("most trades of a step", Bar::AtMost(8.0), "", read(&line, "/trades_per_step_max"));
    report.information("p99 of a step", "us", read(&line, "/step/p99_us"));
    report.figure("longest step", Bar::Below(10_000.0), "us", read(&line, "/step_max_us"));
    report.information("the cascade in the exchange", "s", read(&line, "/seconds"));
    report.information("p99 of another symbol before", "us", read(&line, "/quiet/p99_us"));
    report.figure("p99 of another symbol during / before", Bar::AtMost(3.0), "x", read(&line, "/ratio"));
}
