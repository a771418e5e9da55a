//! What a running exchange holds and answers: memory per resting order, depth queries per second.

use std::time::Instant;

use lightning_exchange::{
    actors::{
        Exchange,
        message::{MarketQuery, MarketView},
    },
    domain::{
        orders::{NewOrder, Side},
        types::{
            id::{AccountId, SymbolId},
            money::{Lots, Price},
        },
    },
};
use serde::Serialize;

use super::{
    quiet::sample,
    running::{fund, in_exchange, place_all},
    usage::resident_bytes,
};

const ACCOUNTS: u64 = 10_000;
const SYMBOL: SymbolId = SymbolId::new(1);

/// Memory of a whole exchange with orders resting.
#[derive(Debug, Clone, Serialize)]
pub struct Memory {
    /// Resting orders.
    pub orders: u64,
    /// Resident memory they added, in bytes: accounts' side, book, outboxes and market image together.
    pub added_bytes: u64,
    /// The same per order.
    pub bytes_per_order: f64,
}

/// Depth queries answered.
#[derive(Debug, Clone, Serialize)]
pub struct Depth {
    /// Levels asked for.
    pub levels: usize,
    /// Queries per second, all tasks together.
    pub queries_per_second: f64,
}

/// Rests `orders` orders and measures what they take.
///
/// # Errors
/// The actor system fails.
pub fn memory(orders: u64) -> anyhow::Result<Memory> {
    in_exchange(sample()?, async |exchange: Exchange| {
        fund_all(&exchange).await?;
        let before = resident_bytes(std::process::id())?;
        rest(&exchange, orders).await?;
        let added_bytes = resident_bytes(std::process::id())?.saturating_sub(before);
        Ok(Memory { orders, added_bytes, bytes_per_order: added_bytes as f64 / orders as f64 })
    })
}

/// Asks for depth from `tasks` tasks for `queries` queries altogether.
///
/// # Errors
/// The actor system fails.
pub fn depth(queries: usize, tasks: usize) -> anyhow::Result<Depth> {
    const LEVELS: usize = 20;
    in_exchange(sample()?, async |exchange: Exchange| {
        fund_all(&exchange).await?;
        rest(&exchange, 20_000).await?;
        let started = Instant::now();
        let asked = (0..tasks).map(|_| {
            let exchange = exchange.clone();
            tokio::task::spawn_local(async move {
                for _ in 0..queries / tasks {
                    let view = exchange.market(MarketQuery::Depth { symbol: SYMBOL, levels: LEVELS }).await;
                    assert!(
                        matches!(view, Ok(MarketView::Depth(ref depth)) if depth.bids.len() == LEVELS),
                        "{view:?}"
                    );
                }
            })
        });
        for task in asked.collect::<Vec<_>>() {
            task.await?;
        }
        let queries_per_second = (queries / tasks * tasks) as f64 / started.elapsed().as_secs_f64();
        Ok(Depth { levels: LEVELS, queries_per_second })
    })
}

async fn fund_all(exchange: &Exchange) -> anyhow::Result<()> {
    for account in (1..=ACCOUNTS).map(AccountId::new) {
        fund(exchange, account).await?;
    }
    Ok(())
}

/// Rests orders on both sides of 1000.00, some fifty to a level.
async fn rest(exchange: &Exchange, orders: u64) -> anyhow::Result<()> {
    let levels = (orders / 100).max(25);
    let orders = (0..orders).map(|index| {
        let side = if index.is_multiple_of(2) { Side::Buy } else { Side::Sell };
        let away = 1 + index / 2 % levels;
        let ticks = if side == Side::Buy { 100_000_000 - away } else { 100_000_000 + away };
        let account = AccountId::new(1 + index % ACCOUNTS);
        NewOrder::limit(account, SYMBOL, side, Price::from_ticks(ticks), Lots::new(100))
    });
    place_all(exchange, orders).await
}
