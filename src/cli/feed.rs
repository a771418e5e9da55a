//! `lightning feed`: order flow through the public API of a running server.

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use super::{output::Output, remote::RemoteArgs};
use crate::feed::synthetic::{self, Options};

/// The available feeds.
#[derive(Debug, Subcommand)]
pub(super) enum FeedCommand {
    /// Make a market: a market maker around a random walk, and takers
    Synthetic(SyntheticArgs),
}

/// The synthetic market.
#[derive(Debug, Args)]
pub(super) struct SyntheticArgs {
    /// Seed of the random decisions
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Symbols to trade, such as BTCUSDT,ETHUSDT; all by default
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
        FeedCommand::Synthetic(arguments) => make_market(arguments, out),
    }
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
