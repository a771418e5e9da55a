//! `lab history-soak`: the SQL history through kills of the exchange and of its database.

use anyhow::{Result, bail};
use clap::Args;
use lightning_exchange::cli::output::Output;

use super::{SoakArgs, interrupt::until_interrupted, say};
use crate::history_soak::{self, HistoryOptions, Kind};

/// How many orders, through how many kills, into which database.
#[derive(Debug, Args)]
pub(super) struct HistorySoakArgs {
    /// Orders placed at least
    #[arg(long, default_value_t = 1_000_000)]
    orders: u64,
    /// Kills of the exchange
    #[arg(long, default_value_t = 10)]
    kills: u64,
    /// Kills of the database, if it is a process
    #[arg(long, default_value_t = 10)]
    database_kills: u64,
    /// Which database
    #[arg(long, value_enum, default_value_t = Kind::Sqlite)]
    database: Kind,
    #[command(flatten)]
    soak: SoakArgs,
}

/// Runs the soak, prints the report, and fails if a row differs.
pub(super) fn run(arguments: HistorySoakArgs, out: &mut Output) -> Result<()> {
    let options = HistoryOptions {
        seed: arguments.soak.seed,
        orders: arguments.orders,
        kills: arguments.kills,
        database_kills: arguments.database_kills,
        database: arguments.database,
        program: arguments.soak.program()?,
        work: arguments.soak.work()?,
    };
    let report = until_interrupted(history_soak::run(&options, &say))?;
    report.verified.iter().for_each(|line| say(line));
    arguments.soak.print(&report, out)?;
    if report.equal { Ok(()) } else { bail!("the history differs from the journal") }
}
