//! `lightning feed`: order flow through the public API of a running server.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::{output::Output, remote::RemoteArgs};
use crate::feed::{
    lobster::{self, Plan, Player, Speed, TapeError},
    synthetic::{self, Options},
};

/// How many differences are printed.
const DIFFERENCES_SHOWN: usize = 10;

/// What to play.
#[derive(Debug, Subcommand)]
pub(super) enum FeedCommand {
    /// Play a recorded day in LOBSTER's format
    Lobster(LobsterArgs),
    /// Make a market: a market maker around a random walk, and takers
    Synthetic(SyntheticArgs),
}

/// A tape and how to play it.
#[derive(Debug, Args)]
pub(super) struct LobsterArgs {
    /// LOBSTER's message file, CSV or gzipped CSV
    #[arg(long, value_name = "FILE")]
    messages: PathBuf,
    /// LOBSTER's order book file of the same messages
    #[arg(long, value_name = "FILE")]
    orderbook: PathBuf,
    /// The symbol to play it on; its book should be empty and its filters wide
    #[arg(long)]
    symbol: String,
    /// How many times as fast as it was recorded, or max
    #[arg(long, default_value = "1")]
    speed: Speed,
    /// Compare the best bid and ask with the tape after every group of messages
    #[arg(long)]
    check_book: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// The synthetic market.
#[derive(Debug, Args)]
pub(super) struct SyntheticArgs {
    /// The seed of its decisions
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The symbols, such as BTCUSDT,ETHUSDT; all by default
    #[arg(long, value_delimiter = ',', default_value = "all")]
    symbols: Vec<String>,
    /// Actions per second and symbol
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn run(command: FeedCommand, out: &mut Output) -> Result<()> {
    match command {
        FeedCommand::Lobster(arguments) => play(arguments, out),
        FeedCommand::Synthetic(arguments) => make_market(arguments, out),
    }
}

fn play(arguments: LobsterArgs, out: &mut Output) -> Result<()> {
    let LobsterArgs { messages, orderbook, symbol, speed, check_book, remote } = arguments;
    let messages = lobster::read_messages(&messages)?;
    let book = lobster::read_book(&orderbook, 1)?;
    if messages.len() != book.len() {
        bail!(TapeError::Mismatch { messages: messages.len(), rows: book.len() });
    }
    let plan = Plan::new(&messages, &book);
    let report = remote.with_client(|client| async {
        let mut player = Player::open(client, &symbol).await.context("the feed could not start")?;
        let bar = progress(plan.groups.len());
        let played =
            lobster::play(&mut player, &plan, speed, check_book, |done| bar.set_position(done as u64)).await;
        bar.finish();
        played.context("the feed stopped")
    })?;
    out.line(format_args!(
        "{} messages in {} groups: {} orders sent, {} of them aggressive with {} fills; {} tops compared; {} out of view",
        messages.len(),
        report.groups,
        report.steps,
        report.takes,
        report.fills,
        report.tops,
        plan.out_of_view
    ));
    for difference in report.differences.iter().take(DIFFERENCES_SHOWN) {
        out.line(difference);
    }
    if !report.differences.is_empty() {
        bail!("the exchange and the tape differ {} times", report.differences.len());
    }
    Ok(())
}

fn progress(groups: usize) -> ProgressBar {
    let bar = ProgressBar::new(groups as u64);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} groups  {per_sec}  {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn make_market(arguments: SyntheticArgs, out: &mut Output) -> Result<()> {
    let SyntheticArgs { seed, symbols, rate, remote } = arguments;
    let symbols = if symbols == ["all"] { Vec::new() } else { symbols };
    let options = Options { seed, symbols, actions_per_second: rate };
    out.line(format_args!("making a market with seed {seed}; ctrl-c stops it"));
    remote.with_client(|client| async move {
        let stop = async {
            // Without a signal handler the market runs until it is killed.
            let _ = tokio::signal::ctrl_c().await;
        };
        synthetic::run(client, options, stop).await.context("the feed could not start")
    })
}
