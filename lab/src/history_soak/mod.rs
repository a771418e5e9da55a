//! The history through kills: orders flow, the exchange and its database are killed repeatedly, and in the end every row
//! is compared with the journal.

mod database;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use lightning_exchange::feed::synthetic::Random;
use serde::Serialize;
use tokio::{
    task::{JoinSet, LocalSet},
    time::{Instant, sleep},
};

pub use self::database::{Database, Kind};
use crate::{
    crash_soak::server::Server,
    wire_soak::{
        accounts::{self, FIRST, READY_MAX, TRADERS},
        load, setup,
        shared::Shared,
    },
};

/// The longest the database is away, in milliseconds.
const AWAY_MAX: u64 = 3_000;

/// How many orders, through how many kills, into which database.
#[derive(Debug, Clone)]
pub struct HistoryOptions {
    /// The seed of every decision.
    pub seed: u64,
    /// How many orders are placed at least.
    pub orders: u64,
    /// How often the exchange is killed.
    pub kills: u64,
    /// How often the database is killed, if it is a process.
    pub database_kills: u64,
    /// Which database.
    pub database: Kind,
    /// The server's program.
    pub program: PathBuf,
    /// Where the files are; kept. None is a directory that is removed when all was well.
    pub work: Option<PathBuf>,
}

/// The report of a history soak.
#[derive(Debug, Clone, Default, Serialize)]
pub struct HistoryReport {
    /// The seed.
    pub seed: u64,
    /// Orders placed.
    pub orders: u64,
    /// The duration of the order flow, in seconds.
    pub seconds: f64,
    /// Kills of the exchange.
    pub kills: u64,
    /// Kills of the database.
    pub database_kills: u64,
    /// Rows compared.
    pub rows: u64,
    /// Whether they were all equal.
    pub equal: bool,
    /// The output of `lightning history verify`.
    pub verified: Vec<String>,
}

/// Runs the soak; `say` receives progress lines.
///
/// # Errors
/// A server or a database cannot be started, or ends by itself.
pub async fn run(options: &HistoryOptions, say: &dyn Fn(&str)) -> Result<HistoryReport> {
    let work = setup::directory("history", options.seed, options.work.as_deref(), say)?;
    let mut database = Database::make(options.database, &work.join("database"))?;
    database.start()?;
    // All segments stay, so that everything can be compared in the end.
    let extra = format!(
        "[history]\nenabled = true\nurl = {:?}\n[snapshot]\nevery-frames = 1000000000\nevery-seconds = 86400\n",
        database.url()
    );
    let (mut server, shared) = setup::start(&options.program, &work, options.seed, &extra).await?;
    let mut report = HistoryReport { seed: options.seed, ..HistoryReport::default() };
    let ran =
        LocalSet::new().run_until(play(options, &shared, &mut server, &mut database, &mut report, say)).await;
    ran.with_context(|| format!("the server's last log line: {}", server.last_log_line()))?;
    drop(server);
    compare(&options.program, &work, &mut report)?;
    drop(database);
    if report.equal && options.work.is_none() {
        fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    }
    Ok(report)
}

async fn play(
    options: &HistoryOptions,
    shared: &Rc<Shared>,
    server: &mut Server,
    database: &mut Database,
    report: &mut HistoryReport,
    say: &dyn Fn(&str),
) -> Result<()> {
    let mut random = Random::stream(options.seed, 0);
    let traders = accounts::open(&shared.client, FIRST, TRADERS).await?;
    let mut loads = JoinSet::new();
    for trader in traders {
        loads.spawn_local(load::trade(
            trader,
            Rc::clone(shared),
            None,
            options.seed,
            Duration::from_millis(1),
        ));
    }
    let started = Instant::now();
    let database_kills = if database.is_process() { options.database_kills } else { 0 };
    let count = options.kills + database_kills;
    for kill in 1..=count {
        // Spread over the orders, and each at an instant of its own.
        let due = options.orders * kill / (count + 1);
        while shared.report.borrow().placed < due {
            sleep(Duration::from_millis(random.between(1, 50))).await;
        }
        if (kill * database_kills) % count < database_kills {
            database.kill()?;
            sleep(Duration::from_millis(random.below(AWAY_MAX))).await;
            database.start()?;
            report.database_kills += 1;
        } else {
            if let Some(status) = server.kill()? {
                bail!("the server had ended by itself: {status}");
            }
            server.start(&[])?;
            server.ready(&shared.client, READY_MAX).await?;
            report.kills += 1;
        }
        say(&format!(
            "{} orders, {} kills of the exchange, {} of the database",
            shared.report.borrow().placed,
            report.kills,
            report.database_kills
        ));
    }
    while shared.report.borrow().placed < options.orders {
        sleep(Duration::from_millis(20)).await;
    }
    shared.is_over.set(true);
    while loads.join_next().await.is_some() {}
    (report.orders, report.seconds) = (shared.report.borrow().placed, started.elapsed().as_secs_f64());
    match server.stop()? {
        Some(status) if !status.success() => bail!("the server did not stop well: {status}"),
        _ => Ok(()),
    }
}

/// Ingests what the last kill left behind and compares every row, with the operator's commands.
fn compare(program: &Path, work: &Path, report: &mut HistoryReport) -> Result<()> {
    let history = |command: &str| -> Result<(bool, String)> {
        let mut lightning = Command::new(program);
        lightning.args(["history", command, "--config"]).arg(work.join("exchange.toml"));
        let output = lightning.output().context("lightning history cannot be started")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok((output.status.success(), text + &String::from_utf8_lossy(&output.stderr)))
    };
    let (ingested, text) = history("take-in")?;
    ensure!(ingested, "the rest of the journal cannot be ingested: {text}");
    let (equal, text) = history("verify")?;
    report.equal = equal;
    report.verified = text.lines().map(str::to_owned).collect();
    let rows =
        text.lines().filter_map(|line| line.strip_suffix(" rows")?.rsplit(' ').next()?.parse::<u64>().ok());
    report.rows = rows.sum();
    Ok(())
}
