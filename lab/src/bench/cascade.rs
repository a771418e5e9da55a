//! A cascade of stop orders: how long its steps take, and what orders on another symbol wait for meanwhile.
//!
//! Bids rest one to a price. Behind each waits a stop whose sale takes the next bid, which is the trade that triggers the
//! next stop: every trigger is the work of the one before, to the last.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use lightning_exchange::{
    actors::Exchange,
    domain::{
        book::BookLimits,
        instruments::Instruments,
        matching::{SymbolInput, SymbolOutput, SymbolSlot},
        messages::{
            command::{AccountCommand, Answer, CancelOrder, OrderRef},
            message::{Condition, Envelope, OrderExtras, SubmitOrder, ToAccount, ToSymbol},
        },
        orders::{Direction, NewOrder, OrderType, Policy, Side, StpMode, Trigger},
        testing::sample as samples,
        types::{
            id::{AccountId, OrderId, SlotId, SymbolId},
            money::{Lots, Price},
            time::Timestamp,
        },
    },
};
use serde::Serialize;

use super::{
    latency::Latency,
    quiet::sample,
    running::{fund, in_exchange, place_all, send},
};

const SYMBOL: SymbolId = SymbolId::new(1);
const OTHER: SymbolId = SymbolId::new(2);
/// The first bid; the others follow tick by tick.
const TOP: u64 = 1_000_000;
/// How far below its stop an order sells.
const BELOW: u64 = 10;
/// Accounts that stop, and as many that bid.
const ACCOUNTS: u64 = 64;
const PROBER: AccountId = AccountId::new(2 * ACCOUNTS + 1);
const STARTER: AccountId = AccountId::new(2 * ACCOUNTS + 2);
/// Orders on the other symbol before the cascade, each placed and cancelled.
const QUIET_PROBES: usize = 20_000;
/// How long a cascade may take.
const CASCADE_MAX: Duration = Duration::from_secs(300);

/// The figures of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Stops triggered.
    pub triggers: u64,
    /// Steps of the cascade in a symbol's shard alone.
    pub steps: usize,
    /// The most trades of one step.
    pub trades_per_step_max: usize,
    /// The longest step, in microseconds.
    pub step_max_us: f64,
    /// Its percentiles.
    pub step: Latency,
    /// The duration of the cascade in the running exchange, in seconds.
    pub seconds: f64,
    /// Orders and cancels on another symbol before the cascade.
    pub quiet: Latency,
    /// How many were made during it.
    pub probes: usize,
    /// The same during it.
    pub during: Latency,
    /// The ratio of the p99.
    pub ratio: f64,
}

/// Runs a cascade of `triggers` stops in a shard alone, then in a running exchange.
///
/// # Errors
/// The cascade does not complete.
pub fn run(triggers: u64) -> Result<Report> {
    let (step_times, trades_per_step_max) = steps(triggers)?;
    let step_max_us = step_times.iter().max().map_or(0.0, |longest| longest.as_secs_f64() * 1e6);
    let (quiet, during, seconds) =
        in_exchange(two_symbols()?, async |exchange| neighbours(&exchange, triggers).await)?;
    let probes = during.len();
    let (quiet, during) = (Latency::of(quiet), Latency::of(during));
    Ok(Report {
        triggers,
        steps: step_times.len(),
        trades_per_step_max,
        step_max_us,
        step: Latency::of(step_times),
        seconds,
        quiet,
        probes,
        during,
        ratio: during.p99_us / quiet.p99_us,
    })
}

fn stop_of(index: u64) -> Price {
    Price::from_ticks(TOP - index)
}

/// The symbol's shard alone: returns the time of each step and the most trades of one.
fn steps(triggers: u64) -> Result<(Vec<Duration>, usize)> {
    let instruments = Arc::new(sample()?);
    let mut slot = SymbolSlot::new(SYMBOL.slot(), &instruments, BookLimits::default());
    let mut out = SymbolOutput::default();
    let (from, now) = (SlotId::new(1), Timestamp::from_millis(1));
    let mut seq = 0;
    let mut submit = |slot: &mut SymbolSlot, side, limit, stop: Option<Price>| -> Result<()> {
        seq += 1;
        let trigger = stop.map(|stop| Trigger { stop: Some(stop), trailing: None });
        let condition =
            trigger.map(|trigger| Condition { trigger, direction: Direction::Down, collar: None });
        let submit = SubmitOrder {
            order: OrderId::new(seq),
            account: AccountId::new(1),
            symbol: SYMBOL,
            side,
            limit,
            lots: Lots::new(1),
            policy: Policy::Rest,
            stp: StpMode::None,
            extras: OrderExtras { condition, ..OrderExtras::default() }.boxed(),
        };
        let body = ToSymbol::SubmitOrder(submit);
        let message = Envelope { from, to: SYMBOL.slot(), seq, body };
        out.clear();
        slot.handle(SymbolInput::Message(message), now, &mut out)?;
        slot.trim(from, u64::MAX);
        Ok(())
    };
    // A first trade: without a last price no stop can be judged.
    submit(&mut slot, Side::Buy, Price::from_ticks(TOP + 1), None)?;
    submit(&mut slot, Side::Sell, Price::from_ticks(TOP + 1), None)?;
    for index in 0..=triggers {
        submit(&mut slot, Side::Buy, stop_of(index), None)?;
    }
    for index in 0..triggers {
        let limit = Price::from_ticks(stop_of(index).ticks() - BELOW);
        submit(&mut slot, Side::Sell, limit, Some(stop_of(index)))?;
    }
    submit(&mut slot, Side::Sell, stop_of(0), None)?;
    let (mut times, mut most, mut total) = (Vec::new(), 0, 0);
    while slot.has_triggered() {
        out.clear();
        let started = Instant::now();
        slot.handle(SymbolInput::Cascade, now, &mut out)?;
        times.push(started.elapsed());
        let is_trade = |message: &&Envelope<ToAccount>| matches!(message.body, ToAccount::TradeExecuted(_));
        let trades = out.messages.iter().filter(is_trade).count() / 2;
        (most, total) = (most.max(trades), total + trades as u64);
        slot.trim(from, u64::MAX);
    }
    ensure!(total == triggers, "{total} of {triggers} stops traded");
    Ok((times, most))
}

/// A running exchange: returns how long orders on another symbol took before and during the cascade, and how long that
/// was.
async fn neighbours(exchange: &Exchange, triggers: u64) -> Result<(Vec<Duration>, Vec<Duration>, f64)> {
    for account in (1..=STARTER.get()).map(AccountId::new) {
        fund(exchange, account).await?;
    }
    let limit = |account, side, ticks| {
        NewOrder::limit(account, SYMBOL, side, Price::from_ticks(ticks), Lots::new(100))
    };
    place(exchange, limit(PROBER, Side::Buy, TOP + 1)).await?;
    place(exchange, limit(STARTER, Side::Sell, TOP + 1)).await?;
    let bidder = |index: u64| AccountId::new(1 + ACCOUNTS + index % ACCOUNTS);
    let stopper = |index: u64| AccountId::new(1 + index % ACCOUNTS);
    let bids = (0..=triggers).map(|index| limit(bidder(index), Side::Buy, TOP - index));
    place_all(exchange, bids).await?;
    let stops = (0..triggers).map(|index| NewOrder {
        kind: OrderType::StopLossLimit,
        trigger: Some(Trigger { stop: Some(stop_of(index)), trailing: None }),
        ..limit(stopper(index), Side::Sell, TOP - index - BELOW)
    });
    place_all(exchange, stops).await?;

    let mut quiet = Vec::with_capacity(2 * QUIET_PROBES);
    for _ in 0..QUIET_PROBES {
        probe(exchange, &mut quiet).await?;
    }
    let trades = exchange.metrics().trading.trades.total();
    let mut during = Vec::with_capacity(1 << 16);
    let started = Instant::now();
    place(exchange, limit(STARTER, Side::Sell, TOP)).await?;
    while exchange.metrics().trading.trades.total() < trades + triggers + 1 {
        probe(exchange, &mut during).await?;
        ensure!(started.elapsed() < CASCADE_MAX, "the cascade does not end");
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok((quiet, during, seconds))
}

/// Places an order that does not match and cancels it; notes how long each took.
async fn probe(exchange: &Exchange, times: &mut Vec<Duration>) -> Result<()> {
    let order = NewOrder::limit(PROBER, OTHER, Side::Buy, Price::from_ticks(TOP / 2), Lots::new(100));
    let started = Instant::now();
    let order = place(exchange, order).await?;
    let placed = started.elapsed();
    let order = OrderRef { id: Some(order), client_id: None };
    let cancel = CancelOrder { account: PROBER, symbol: OTHER, order, restriction: None, name: None };
    send(exchange, AccountCommand::Cancel(cancel)).await?;
    times.extend([placed, started.elapsed() - placed]);
    Ok(())
}

async fn place(exchange: &Exchange, order: NewOrder) -> Result<OrderId> {
    match send(exchange, AccountCommand::Place(order)).await? {
        Answer::Placed { order, .. } => Ok(order.id),
        other => anyhow::bail!("{other:?}"),
    }
}

/// The sample's symbol twice.
fn two_symbols() -> Result<Instruments> {
    let symbols = [(SYMBOL, "BTCUSDT"), (OTHER, "BTCUSDC")].map(|(id, name)| {
        let mut symbol = samples::symbol(id.get(), name);
        symbol.special_orders.max_num_algo_orders = 0;
        symbol
    });
    Instruments::build(&samples::assets(), &symbols).map_err(|faults| anyhow::anyhow!(faults.join("; ")))
}
