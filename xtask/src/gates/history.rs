//! The `history` gate: every order, trade and account change is in the database, row for row.

use super::report::{Bar, Effort, Report, read, same};
use crate::{
    install,
    process::{command, run_json, target},
    test,
};

/// Seed of the soaks.
const SEED: &str = "5000";

/// The databases; SQLite is no process, so only the exchange is killed with it.
pub(crate) const DATABASES: [&str; 3] = ["sqlite", "postgres", "mariadb"];

/// Measures everything.
pub(super) fn figures(report: &mut Report) {
    if let Err(error) = install::databases() {
        report.promise("databases installed", Bar::AtLeast(1.0), "", Err(error));
    }
    kills(report);
    lag(report);
    if report.effort() == Effort::Smoke {
        return; // the test command runs these itself
    }
    for (name, what) in [
        ("grpc::", "gRPC requests through reflection, tests failed"),
        ("history::", "the projection in every database, tests failed"),
        ("conformance::", "OpenAPI against every row of the routes, tests failed"),
        ("openapi::", "schemathesis over the OpenAPI file, tests failed"),
    ] {
        report.promise(what, Bar::AtMost(0.0), "", test::failed(name));
    }
}

/// Kills of the exchange and of each database; then the journal of the first as a benchmark.
fn kills(report: &mut Report) {
    let effort = report.effort();
    let (orders, kills) = effort.choose(("1000000", "10"), ("50000", "3"), ("3000", "1"));
    // A smoke run needs the journal of one for the bench; the test command soaks them all.
    let databases = effort.choose(&DATABASES[..], &DATABASES[..], &DATABASES[..1]);
    for &database in databases {
        let work = target().join(format!("history-{database}"));
        // Of an earlier run.
        let _ = std::fs::remove_dir_all(&work);
        let mut soak = command(report.lab());
        soak.args(["history-soak", "--json", "--seed", SEED, "--database", database, "--orders", orders]);
        soak.args(["--kills", kills, "--database-kills", kills, "--work"]);
        let line = run_json(soak.arg(&work));
        let least = orders.parse().unwrap_or(f64::NAN);
        report.figure(&format!("{database}: orders"), Bar::AtLeast(least), "", read(&line, "/orders"));
        let count = kills.parse().unwrap_or(f64::NAN);
        report.figure(
            &format!("{database}: kills of the exchange"),
            Bar::AtLeast(count),
            "",
            read(&line, "/kills"),
        );
        if database != "sqlite" {
            let killed = read(&line, "/database_kills");
            report.figure(&format!("{database}: kills of it"), Bar::AtLeast(count), "", killed);
        }
        report.information(&format!("{database}: rows compared"), "", read(&line, "/rows"));
        let differs = line.as_ref().map_err(same).map(|line| f64::from(u8::from(line["equal"] != true)));
        report.promise(&format!("{database}: differs from the journal"), Bar::AtMost(0.0), "", differs);
        if database == "sqlite" {
            let mut bench = command(report.lab());
            bench.args(["bench", "history", "--json", "--config"]);
            let line = run_json(bench.arg(work.join("exchange.toml")));
            let rate = read(&line, "/rows_per_second");
            report.figure("ingestion, SQLite with its indexes", Bar::AtLeast(50_000.0), "rows/s", rate);
            report.information("rows", "", read(&line, "/rows"));
            report.figure("worst p99 of a page", Bar::Below(10.0), "ms", read(&line, "/worst_p99_ms"));
            let complete =
                line.as_ref().map_err(same).map(|line| f64::from(u8::from(line["complete"] != true)));
            report.promise("pages that miss or double rows", Bar::AtMost(0.0), "", complete);
        }
        let _ = std::fs::remove_dir_all(&work);
    }
}

/// The latency that the history adds to orders.
fn lag(report: &mut Report) {
    let (runs, orders) = report.effort().choose(("7", "10000"), ("3", "10000"), ("1", "200"));
    let mut bench = command(report.lab());
    let line = run_json(bench.args(["bench", "history-lag", "--json", "--runs", runs, "--orders", orders]));
    report.figure("order p99 with the history / without", Bar::AtMost(1.3), "x", read(&line, "/ratio"));
}
