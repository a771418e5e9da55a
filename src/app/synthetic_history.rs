//! The initial trading of a new exchange with a synthetic market, so that its first visitor finds a chart.
//!
//! Before anything is served, the exchange runs once on a clock that passes through the last hours, trades with
//! ordinary orders, and stops; an ordinary start from the journal of that run follows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use anyhow::{Result, anyhow};
use futures_util::future::try_join_all;
use rust_decimal::Decimal;
use tracing::info;

use super::{founding, settings, storage::Storage};
use crate::{
    actors::{self, Clock, Exchange},
    config::Config,
    domain::{
        instruments::{asset::Asset, symbol::SymbolSpec},
        messages::{
            command::{AccountCommand, CreateAccount, Transfer},
            reject::Reject,
        },
        orders::{NewOrder, TimeInForce},
        types::{
            decimal::Units,
            id::AccountId,
            money::{Amount, Lots, Price},
            time::Timestamp,
        },
    },
    feed::synthetic::{self, Filters, Market, Random, Rules, Trade},
    http::ws::WireEncoder,
};

/// Trades of a symbol are about this far apart, in seconds.
const STEP_SECONDS: u32 = 15;
/// The initial stake of each of the two accounts in every asset, in US dollars: far more than it can lose in days.
const STAKE_WORTH: u64 = 4_000_000_000;
/// Added to the number of a symbol's stream, so that future trades do not repeat those of the past.
const STREAMS: u64 = 1 << 32;

/// Trades through the hours before `end` in the empty data directory. The trades depend on the seed, the symbols and
/// `end` alone.
///
/// # Errors
/// The data directory cannot be written.
pub(super) async fn make(storage: &Storage, config: &Config, end: Timestamp) -> Result<()> {
    let started = Instant::now();
    let hours = config.feed.history_hours;
    info!(hours, "generating the history of the synthetic market before serving");
    let steps = u32::from(hours) * 3_600 / STEP_SECONDS;
    let step_micros = u64::from(STEP_SECONDS) * 1_000_000;
    // Whole seconds: as many trades in every candle.
    let end = end.micros() / 1_000_000 * 1_000_000;
    let start = end.saturating_sub(u64::from(steps) * step_micros);
    let (clock, time) = Clock::manual(Timestamp::from_micros(start));
    let (opening, journal) = storage.open_journal()?;
    let encoder = Box::new(WireEncoder::new(Arc::clone(&config.instruments)));
    let running = actors::start_with(settings(config, clock), encoder, Arc::new(()), opening);
    let run = HistoryRun { exchange: &running.exchange, time: &time, config };
    let traded = run.trade(start, steps, step_micros).await;
    running.drain().await;
    running.stop();
    let trades = traded?;
    storage.finish_journal(journal)?;
    info!(
        trades,
        took_ms = started.elapsed().as_millis() as u64,
        "generated the history of the synthetic market"
    );
    Ok(())
}

struct HistoryRun<'a> {
    exchange: &'a Exchange,
    time: &'a AtomicU64,
    config: &'a Config,
}

impl HistoryRun<'_> {
    /// Trades step by step and returns the number of trades.
    async fn trade(&self, start: u64, steps: u32, step_micros: u64) -> Result<u64> {
        let seed = self.config.feed.seed;
        let [maker, taker] = synthetic::accounts(seed).map(AccountId::new);
        for account in [maker, taker] {
            self.open(account).await?;
        }
        let instruments = self.exchange.instruments();
        let mut markets: Vec<(&SymbolSpec, Market)> = (1..)
            .zip(instruments.symbols())
            .filter_map(|(stream, spec)| Some((&**spec, Market::new(rules(spec)?, seed, STREAMS + stream))))
            .collect();
        let mut random = Random::stream(seed, STREAMS);
        let actions = STEP_SECONDS * self.config.feed.actions_per_second;
        let mut trades = 0;
        for step in 0..u64::from(steps) {
            let offset = random.below(step_micros);
            self.time.store(start + step * step_micros + offset, Ordering::Relaxed);
            let wanted: Vec<_> =
                markets.iter_mut().map(|(spec, market)| (*spec, market.pass(actions))).collect();
            // The makers' quotes are placed before any taker's order: two accounts' orders may overtake each other.
            let makers = wanted.iter().map(|(spec, trade)| {
                let order = order(spec, maker, trade);
                AccountCommand::Place(NewOrder { side: trade.side.opposite(), ..order })
            });
            self.all(makers).await?;
            let takers = wanted.iter().map(|(spec, trade)| {
                let order = order(spec, taker, trade);
                AccountCommand::Place(NewOrder { time_in_force: TimeInForce::Ioc, ..order })
            });
            self.all(takers).await?;
            trades += wanted.len() as u64;
        }
        Ok(trades)
    }

    async fn open(&self, account: AccountId) -> Result<()> {
        let create = CreateAccount { id: Some(account), tier: 0, is_unlimited: true };
        self.command(AccountCommand::CreateAccount(create)).await?;
        let instruments = self.exchange.instruments();
        let deposits = instruments.assets().map(|asset| {
            AccountCommand::Deposit(Transfer {
                account,
                asset: asset.id,
                amount: stake(&asset),
                request_id: None,
            })
        });
        self.all(deposits).await
    }

    async fn all(&self, commands: impl Iterator<Item = AccountCommand>) -> Result<()> {
        try_join_all(commands.map(|command| self.command(command))).await.map(drop)
    }

    /// Sends a command. A symbol whose filters reject a trade has a gap in its history, and the others continue.
    async fn command(&self, command: AccountCommand) -> Result<()> {
        match founding::admitted(self.exchange, command).await {
            Err(reject @ (Reject::OutOfService | Reject::Stopping | Reject::DiskFull)) => {
                Err(anyhow!("the history of the synthetic market cannot be made: {reject}"))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

fn order(spec: &SymbolSpec, account: AccountId, trade: &Trade) -> NewOrder {
    let (price, lots) = (Price::from_ticks(trade.price), Lots::new(trade.lots));
    NewOrder::limit(account, spec.id, trade.side, price, lots)
}

/// Returns an account's initial stake in an asset.
fn stake(asset: &Asset) -> Amount {
    let whole = i128::from((STAKE_WORTH / synthetic::worth(asset.name())).max(1));
    Amount::new(10_i128.saturating_pow(u32::from(asset.scale)).saturating_mul(whole))
}

/// Returns the symbol's rules for the market's orders; `None` when its filters leave no room.
fn rules(spec: &SymbolSpec) -> Option<Rules> {
    let bounds = &spec.filters;
    let filters = Filters {
        tick: decimal(spec.price_units(Price::from_ticks(1)))?,
        step: decimal(spec.lots_units(Lots::new(1)))?,
        price_max: decimal(spec.price_units(bounds.price_max))?,
        quantity_min: decimal(spec.lots_units(bounds.lots_min))?,
        quantity_max: decimal(spec.lots_units(bounds.market_lots_max.min(bounds.lots_max)))?,
        notional_min: decimal(spec.quote_units(bounds.notional_min))?,
    };
    Rules::new(&filters, [spec.base.name(), spec.quote.name()])
}

fn decimal(units: Units) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(units.value, u32::from(units.scale)).ok()
}
