//! `lab lobster`: a recorded day of order flow through the public API of a running server.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lightning_exchange::cli::{output::Output, remote::RemoteArgs};

use crate::lobster::{self, Planner, Player, Speed, TapeError};

/// How many differences are printed.
const DIFFERENCES_SHOWN: usize = 10;

/// A tape and how to play it.
#[derive(Debug, Args)]
pub(super) struct LobsterArgs {
    /// LOBSTER's message file, CSV or gzipped CSV
    #[arg(long, value_name = "FILE")]
    messages: PathBuf,
    /// LOBSTER's order book file of the same messages
    #[arg(long, value_name = "FILE")]
    orderbook: PathBuf,
    /// The symbol to play it on; its book must be empty and its filters wide: those of config/lobster.toml are
    #[arg(long)]
    symbol: String,
    /// How many times as fast as it was recorded, or max
    #[arg(long, default_value = "1")]
    speed: Speed,
    /// Compare the book with the tape after every group of messages, that many levels deep, and bring back what differs
    #[arg(long, value_name = "LEVELS", num_args = 0..=1, default_value_t = 0, default_missing_value = "10", hide_default_value = true)]
    check_book: usize,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Plays it, prints what came of it, and fails when exchange and tape differ.
pub(super) fn run(arguments: LobsterArgs, out: &mut Output) -> Result<()> {
    let LobsterArgs { messages, orderbook, symbol, speed, check_book, remote } = arguments;
    let messages = lobster::read_messages(&messages)?;
    let book = lobster::read_book(&orderbook, check_book.max(1))?;
    if messages.len() != book.len() {
        bail!(TapeError::Mismatch { messages: messages.len(), rows: book.len() });
    }
    let report = remote.with_client(|client| async {
        let mut player = Player::open(client, &symbol).await.context("the feed could not start")?;
        let bar = progress(messages.len());
        let planner = Planner::new(&messages, &book);
        let done = |messages: usize| bar.set_position(messages as u64);
        let played = lobster::play(&mut player, planner, speed, check_book, done).await;
        bar.finish();
        let closed = player.close().await;
        let report = played.context("the feed stopped")?;
        closed.context("what was left of the tape could not be cancelled")?;
        Ok(report)
    })?;
    out.line(format_args!(
        "{} messages in {} groups: {} orders sent; {} of {} aggressive ones filled as recorded, with the recorded makers",
        messages.len(),
        report.groups,
        report.steps,
        report.takes_as_recorded,
        report.takes,
    ));
    if report.books > 0 {
        out.line(format_args!(
            "{} of {} tops and {} of {} books as recorded; {} levels brought back to the tape's",
            report.tops_as_recorded,
            report.books,
            report.books_as_recorded,
            report.books,
            report.levels_reset
        ));
    }
    for difference in report.differences.iter().take(DIFFERENCES_SHOWN) {
        out.line(difference);
    }
    if !report.differences.is_empty() {
        bail!("the exchange and the tape differ {} times", report.differences.len());
    }
    Ok(())
}

fn progress(messages: usize) -> ProgressBar {
    let bar = ProgressBar::new(messages as u64);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} messages  {per_sec}  {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
