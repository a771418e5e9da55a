//! `cargo xtask shows history`: everything that happened is in the database, row for row, figure by figure.

use anyhow::Result;

use crate::{
    durable, install,
    process::{command, run_json, target},
    show::{Bar, Effort, Show, read, same},
    shows, soak, test, wire,
};

/// Seed of the soaks.
const SEED: &str = "5000";

/// The databases; SQLite is no process, so only the exchange is killed with it.
pub(crate) const DATABASES: [&str; 3] = ["sqlite", "postgres", "mariadb"];

/// Measures everything, prints a line per figure and fails if one misses its bar.
pub(crate) fn history(effort: Effort) -> Result<()> {
    install::databases()?;
    soak::build()?;
    let mut show = Show::default();
    kills(&mut show, effort);
    lag(&mut show, effort);
    for (name, what) in [
        ("grpc::", "gRPC requests through reflection, tests failed"),
        ("history::", "the fold in every database, tests failed"),
        ("conformance::", "OpenAPI against every row of the routes, tests failed"),
        ("openapi::", "schemathesis over the OpenAPI file, tests failed"),
    ] {
        show.figure(what, Bar::AtMost(0.0), "", test::failed(name));
    }
    if effort == Effort::Full {
        // The figures of the earlier issues, as quickly as they can be had.
        shows::figures(&mut show, Effort::Quick);
        durable::figures(&mut show, Effort::Quick);
        wire::figures(&mut show, Effort::Quick);
    }
    show.finish()
}

/// Shows 1, 2 and 5: kills of the exchange and of each database; then the journal of the first as a benchmark.
fn kills(show: &mut Show, effort: Effort) {
    let (orders, kills) = effort.choose(("1000000", "10"), ("50000", "3"));
    for database in DATABASES {
        let work = target().join(format!("history-{database}"));
        // Of an earlier run.
        let _ = std::fs::remove_dir_all(&work);
        let mut lightning = command(soak::binary());
        lightning.args([
            "soak-history",
            "--json",
            "--seed",
            SEED,
            "--database",
            database,
            "--orders",
            orders,
        ]);
        lightning.args(["--kills", kills, "--database-kills", kills, "--work"]);
        let line = run_json(lightning.arg(&work));
        let least = orders.parse().unwrap_or(f64::NAN);
        show.figure(&format!("{database}: orders"), Bar::AtLeast(least), "", read(&line, "/orders"));
        let count = kills.parse().unwrap_or(f64::NAN);
        show.figure(
            &format!("{database}: kills of the exchange"),
            Bar::AtLeast(count),
            "",
            read(&line, "/kills"),
        );
        if database != "sqlite" {
            let killed = read(&line, "/database_kills");
            show.figure(&format!("{database}: kills of it"), Bar::AtLeast(count), "", killed);
        }
        show.information(&format!("{database}: rows compared"), "", read(&line, "/rows"));
        let differs = line.as_ref().map_err(same).map(|line| f64::from(u8::from(line["equal"] != true)));
        show.figure(&format!("{database}: differs from the journal"), Bar::AtMost(0.0), "", differs);
        if database == "sqlite" {
            let mut bench = command(soak::binary());
            bench.args(["bench", "history", "--json", "--config"]);
            let line = run_json(bench.arg(work.join("exchange.toml")));
            let rate = read(&line, "/rows_per_second");
            show.figure("taking in, SQLite with its indexes", Bar::AtLeast(50_000.0), "rows/s", rate);
            show.information("rows", "", read(&line, "/rows"));
            show.figure("worst p99 of a page", Bar::Below(10.0), "ms", read(&line, "/worst_p99_ms"));
            let complete =
                line.as_ref().map_err(same).map(|line| f64::from(u8::from(line["complete"] != true)));
            show.figure("pages that miss or double rows", Bar::AtMost(0.0), "", complete);
        }
        let _ = std::fs::remove_dir_all(&work);
    }
}

/// Show 2: what those who trade notice.
fn lag(show: &mut Show, effort: Effort) {
    let mut bench = command(soak::binary());
    let line = run_json(bench.args(["bench", "history-lag", "--json", "--runs", effort.choose("7", "3")]));
    show.figure("order p99 with the history / without", Bar::AtMost(1.3), "x", read(&line, "/ratio"));
}
