//! The history: how fast a journal is ingested, how fast pages of it are read, and what it costs those who trade.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use lightning_exchange::{
    domain::{
        account::Page,
        instruments::Instruments,
        market_data::{Interval, Range, Zone},
        orders::Order,
        replica::Frame,
        types::{
            id::{AccountId, OrderId, SymbolId, TradeId},
            time::Timestamp,
        },
    },
    history::{self, CandleRange, FRAMES_PER_BATCH, Prefetch, Projector, Reader, Source, SourceError},
    journal::{Disk, RealDisk, identity_at},
    store::JournalTailer,
};
use serde::Serialize;

use super::{
    durable::paced,
    latency::Latency,
    median,
    server::{Directory, Server},
};

/// The most a page holds.
const PAGE: usize = 1_000;
/// The rate of the orders that are timed.
const PACED_PER_SECOND: f64 = 2_000.0;

/// The figures of ingestion and of reads.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Frames of the journal.
    pub frames: u64,
    /// Rows written.
    pub rows: u64,
    /// How long ingestion took, reading the journal included, in seconds.
    pub seconds: f64,
    /// Rows a second.
    pub rows_per_second: f64,
    /// Orders there are.
    pub orders: u64,
    /// Trades there are.
    pub trades: u64,
    /// Pages of an account's orders.
    pub all_orders: Latency,
    /// Pages of its trades.
    pub my_trades: Latency,
    /// Pages of candles.
    pub klines: Latency,
    /// Pages of aggregate trades.
    pub agg_trades: Latency,
    /// The worst p99 of the four, in milliseconds.
    pub worst_p99_ms: f64,
    /// Whether the pages, put together, were every row once and in order.
    pub complete: bool,
}

/// The frames of a journal without a writer.
struct AtRest {
    tailer: JournalTailer,
}

impl Source for AtRest {
    fn read(&mut self, limit: usize, frames: &mut Vec<(u64, Frame)>) -> Result<bool, SourceError> {
        Ok(self.tailer.read_at_rest(limit, frames)?)
    }
}

/// Ingests the journal of an offline data directory into a new SQLite file, then pages through it.
///
/// # Errors
/// The journal cannot be read, or the database refuses.
pub fn run(data: &Path, instruments: &Arc<Instruments>) -> anyhow::Result<Report> {
    let directory = Directory::new()?;
    let url = format!("sqlite://{}/history.db", directory.0.display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let identity = identity_at(data)?;
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::read_only(data));
        let at_rest = AtRest { tailer: JournalTailer::open(&disk, identity, 0)? };
        let mut source = Prefetch::new(at_rest, FRAMES_PER_BATCH);
        let db = history::connect(&url).await?;
        let mut projector = Projector::open(db, Arc::clone(instruments), &hex::encode(identity)).await?;
        let mut rows = 0;
        let started = Instant::now();
        loop {
            let frames = source.next().await.map_err(anyhow::Error::from_boxed)?;
            if frames.is_empty() {
                break;
            }
            rows += projector.project(&frames).await? as u64;
        }
        let seconds = started.elapsed().as_secs_f64();
        let (frames, orders) = (projector.sequence(), projector.count("orders").await?);
        let trades = projector.count("trades").await?;
        let accounts = projector.accounts().await?;
        projector.close().await?;
        let reader = Reader::new(url, Arc::clone(instruments));
        let mut pages = Pages { reader: &reader, complete: true };
        let symbols: Vec<SymbolId> = instruments.symbols().map(|spec| spec.id).collect();
        let mut all_orders = Vec::new();
        let mut my_trades = Vec::new();
        for &account in accounts.iter().take(8) {
            for &symbol in &symbols {
                pages.orders(account, symbol, &mut all_orders).await?;
                pages.fills(account, symbol, &mut my_trades).await?;
            }
        }
        let (mut klines, mut agg_trades) = (Vec::new(), Vec::new());
        for &symbol in &symbols {
            pages.aggregates(symbol, &mut agg_trades).await?;
            pages.klines(symbol, &mut klines).await?;
        }
        let [all_orders, my_trades, klines, agg_trades] =
            [all_orders, my_trades, klines, agg_trades].map(Latency::of);
        let p99s = [all_orders.p99_us, my_trades.p99_us, klines.p99_us, agg_trades.p99_us];
        Ok(Report {
            frames,
            rows,
            seconds,
            rows_per_second: rows as f64 / seconds,
            orders,
            trades,
            worst_p99_ms: p99s.into_iter().fold(0.0, f64::max) / 1_000.0,
            all_orders,
            my_trades,
            klines,
            agg_trades,
            complete: pages.complete,
        })
    })
}

/// Pages through everything, and looks whether it comes once and in order.
struct Pages<'a> {
    reader: &'a Reader,
    complete: bool,
}

const fn page(start: Option<Timestamp>) -> Page {
    Page { start, end: None, limit: PAGE }
}

impl Pages<'_> {
    async fn orders(
        &mut self,
        account: AccountId,
        symbol: SymbolId,
        samples: &mut Vec<Duration>,
    ) -> anyhow::Result<()> {
        let mut from = OrderId::new(0);
        loop {
            let started = Instant::now();
            let orders = self.reader.orders(account, symbol, Some(from), page(None)).await?;
            samples.push(started.elapsed());
            self.complete &= orders.is_sorted_by_key(|order| order.id);
            let Some(last) = orders.last() else { break };
            // By time as well: from the middle of the page on.
            let middle: &Order = &orders[orders.len() / 2];
            let started = Instant::now();
            let again = self.reader.orders(account, symbol, None, page(Some(middle.created_at))).await?;
            samples.push(started.elapsed());
            self.complete &=
                again.first().is_some_and(|order| order.created_at.millis() == middle.created_at.millis());
            from = OrderId::new(last.id.get() + 1);
            if orders.len() < PAGE {
                break;
            }
        }
        Ok(())
    }

    async fn fills(
        &mut self,
        account: AccountId,
        symbol: SymbolId,
        samples: &mut Vec<Duration>,
    ) -> anyhow::Result<()> {
        let mut from = TradeId::new(0);
        loop {
            let started = Instant::now();
            let fills = self.reader.fills(account, symbol, None, Some(from), page(None)).await?;
            samples.push(started.elapsed());
            self.complete &= fills.is_sorted_by_key(|fill| fill.trade);
            let Some(last) = fills.last() else { break };
            for order in [fills[0].order, last.order] {
                let started = Instant::now();
                let of_order = self.reader.fills(account, symbol, Some(order), None, page(None)).await?;
                samples.push(started.elapsed());
                self.complete &= of_order.iter().all(|fill| fill.order == order) && !of_order.is_empty();
            }
            let started = Instant::now();
            let again = self.reader.fills(account, symbol, None, None, page(Some(last.time))).await?;
            samples.push(started.elapsed());
            self.complete &= again.iter().any(|fill| fill.trade == last.trade);
            from = TradeId::new(last.trade.get() + 1);
            if fills.len() < PAGE {
                break;
            }
        }
        Ok(())
    }

    async fn aggregates(&mut self, symbol: SymbolId, samples: &mut Vec<Duration>) -> anyhow::Result<()> {
        let (mut from, mut next_trade) = (0, 1);
        loop {
            let range = Range { from_id: Some(from), limit: PAGE, ..Range::default() };
            let started = Instant::now();
            let aggregates = self.reader.aggregates(symbol, range).await?;
            samples.push(started.elapsed());
            for aggregate in &aggregates {
                // Every trade is in one of them, and in one only.
                self.complete &= aggregate.first == next_trade;
                next_trade = aggregate.last + 1;
            }
            let Some(last) = aggregates.last() else { break };
            let range = Range { start: Some(last.time), limit: PAGE, ..Range::default() };
            let started = Instant::now();
            let again = self.reader.aggregates(symbol, range).await?;
            samples.push(started.elapsed());
            self.complete &= again.first().is_some_and(|aggregate| aggregate.time == last.time);
            from = last.id + 1;
        }
        Ok(())
    }

    async fn klines(&mut self, symbol: SymbolId, samples: &mut Vec<Duration>) -> anyhow::Result<()> {
        let last = self.reader.trades(symbol, Range { limit: 1, ..Range::default() }).await?;
        let Some(now) = last.first().map(|trade| trade.time) else { return Ok(()) };
        for interval in Interval::ALL {
            for start in [None, Some(Timestamp::default())] {
                for limit in [100, PAGE] {
                    let range = CandleRange { interval, zone: Zone::UTC, start, end: None, limit, now };
                    let started = Instant::now();
                    let candles = self.reader.candles(symbol, range).await?;
                    samples.push(started.elapsed());
                    self.complete &=
                        !candles.is_empty() && candles.is_sorted_by_key(|candle| candle.open_time);
                }
            }
        }
        Ok(())
    }
}

/// What the history costs those who trade.
#[derive(Debug, Clone, Serialize)]
pub struct Lag {
    /// Orders a second, due at fixed instants.
    pub paced_per_second: f64,
    /// The p99 with the history, in microseconds: median of the runs.
    pub with_p99_us: f64,
    /// The same without.
    pub without_p99_us: f64,
    /// The one over the other.
    pub ratio: f64,
}

/// Times orders with the history and without it, in turn.
///
/// # Errors
/// A server does not start, or an order is refused.
pub fn lag(program: &Path, runs: usize, orders: usize) -> anyhow::Result<Lag> {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let off = paced(&Server::exchange(program, "fsync")?, PACED_PER_SECOND, orders)?.p99_us;
        let on = paced(&Server::exchange_with_history(program)?, PACED_PER_SECOND, orders)?.p99_us;
        with.push(on);
        without.push(off);
    }
    let (with_p99_us, without_p99_us) = (median(&mut with), median(&mut without));
    let ratio = with_p99_us / without_p99_us;
    Ok(Lag { paced_per_second: PACED_PER_SECOND, with_p99_us, without_p99_us, ratio })
}
