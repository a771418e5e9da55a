//! `cargo xtask shows wire`: every trading client works, and what the wire tells is right, figure by figure.

use anyhow::Result;

use crate::{
    clients,
    process::{command, run_json},
    show::{Bar, Effort, Show, number, read, same},
    shows, soak, test,
};

/// Seed of the soak.
const SEED: &str = "4000";

/// Measures everything, prints a line per figure and fails if one misses its bar.
pub(crate) fn wire(effort: Effort) -> Result<()> {
    soak::build()?;
    let mut show = Show::default();
    figures(&mut show, effort);
    shows::figures(&mut show, effort);
    show.finish()
}

/// Measures what is the wire's own.
pub(crate) fn figures(show: &mut Show, effort: Effort) {
    matrix(show, effort);
    watch(show, effort);
    cascade(show, effort);
    for (name, what) in [
        ("real_klines::", "candles of every shared data set, tests failed"),
        (
            "the_candles_of_the_stream_are_the_fold_of_its_trades",
            "live candles against the tape, tests failed",
        ),
        ("errors::", "error codes with text and status, tests failed"),
        ("conformance::", "every route has its row, tests failed"),
    ] {
        show.figure(what, Bar::AtMost(0.0), "", test::failed(name));
    }
}

/// Show 1: unmodified clients.
fn matrix(show: &mut Show, effort: Effort) {
    let green = clients::green(effort.choose("60", "5")).map(|is_green| if is_green { 0.0 } else { 1.0 });
    show.figure("matrix of clients that is not all green", Bar::AtMost(0.0), "", green);
}

/// Show 2: books and private streams through stalls, drops and restarts.
fn watch(show: &mut Show, effort: Effort) {
    let (seconds, restarts) = effort.choose((600.0, 20.0), (60.0, 4.0));
    let mut soak = command(soak::binary());
    soak.args(["soak-wire", "--seed", SEED, "--json", "--seconds", &format!("{seconds}")]);
    let line = run_json(soak.args(["--restarts", &format!("{restarts}")]));
    let sum = |one: &str, other: &str| {
        let line = line.as_ref().map_err(same)?;
        Ok(number(line, one)? + number(line, other)?)
    };
    show.figure("soak of the wire", Bar::AtLeast(seconds), "s", read(&line, "/seconds"));
    show.figure(
        "commands while it was up",
        Bar::AtLeast(20_000.0),
        "/s",
        read(&line, "/commands_per_second"),
    );
    show.figure("subscribers of depth", Bar::AtLeast(50.0), "", read(&line, "/subscribers"));
    show.figure("checksums compared", Bar::AtLeast(seconds * 100.0), "", read(&line, "/checked"));
    show.figure("stalls and drops", Bar::AtLeast(10.0), "", sum("/stalls", "/drops"));
    show.figure("times missed diffs were had again", Bar::AtLeast(1.0), "", read(&line, "/resumed"));
    show.figure("stops and kills of the server", Bar::AtLeast(restarts), "", sum("/stops", "/kills"));
    show.figure("desyncs", Bar::AtMost(0.0), "", read(&line, "/desyncs"));
    show.information("private events", "", read(&line, "/events"));
    show.figure("private events lost", Bar::AtMost(0.0), "", read(&line, "/lost"));
}

/// Show 4: a cascade of stops and its neighbours.
fn cascade(show: &mut Show, effort: Effort) {
    let triggers = effort.choose("100000", "10000");
    let line = run_json(command(soak::binary()).args(["bench", "cascade", "--triggers", triggers, "--json"]));
    show.figure(
        "stops triggered, each by the one before",
        Bar::AtLeast(triggers.parse().unwrap_or(f64::NAN)),
        "",
        read(&line, "/triggers"),
    );
    show.figure("most trades of a step", Bar::AtMost(8.0), "", read(&line, "/trades_per_step_max"));
    show.information("p99 of a step", "us", read(&line, "/step/p99_us"));
    show.figure("longest step", Bar::Below(10_000.0), "us", read(&line, "/step_max_us"));
    show.information("the cascade in the exchange", "s", read(&line, "/seconds"));
    show.information("p99 of another symbol before", "us", read(&line, "/quiet/p99_us"));
    show.figure("p99 of another symbol during / before", Bar::AtMost(3.0), "x", read(&line, "/ratio"));
}
