//! `lab history-soak`: the SQL history through kills of the exchange and of its database.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use lightning_exchange::cli::output::{Output, complain};

use super::{ProgramArgs, interrupt::until_interrupted};
use crate::history_soak::{self, HistoryOptions, Kind};

/// How many orders, through how many kills, into which database.
#[derive(Debug, Args)]
pub(super) struct HistorySoakArgs {
    /// The seed of every decision
    #[arg(long, default_value_t = 1)]
    seed: u64,
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
    /// Where the files are; kept
    #[arg(long, value_name = "DIRECTORY")]
    work: Option<PathBuf>,
    #[command(flatten)]
    program: ProgramArgs,
    /// Print the report as a line of JSON
    #[arg(long)]
    json: bool,
}

/// Runs the soak, prints the report, and fails if a row differs.
pub(super) fn run(arguments: HistorySoakArgs, out: &mut Output) -> Result<()> {
    let options = HistoryOptions {
        seed: arguments.seed,
        orders: arguments.orders,
        kills: arguments.kills,
        database_kills: arguments.database_kills,
        database: arguments.database,
        program: arguments.program.find()?,
        work: arguments.work.map(std::path::absolute).transpose()?,
    };
    let report = until_interrupted(history_soak::run(&options, &say))?;
    report.verified.iter().for_each(|line| say(line));
    if arguments.json {
        out.line(serde_json::to_string(&report)?);
    }
    if report.equal { Ok(()) } else { bail!("the history differs from the journal") }
}

fn say(line: &str) {
    complain(line);
}
