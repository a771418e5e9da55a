//! Starts a history in the middle: when the journal's first frames are gone, and no backup has them.

use std::collections::BTreeMap;

use sea_orm::DatabaseConnection;

use super::{
    HistoryError,
    batch::Batch,
    entity::{balance, fill, kline, order, trade, watermark},
    projector::JOURNAL,
    write::Writer,
};
use crate::domain::{
    account::{AccountQuery, AccountView, Page},
    change_log::{EntityId, TradeRecord},
    market_data::{Interval, Range},
    replica::Replica,
    types::{id::OrderId, time::Timestamp},
};

/// Stores what an exchange remembers at a frame, in an empty history that continues from there: open orders and those
/// closed recently, balances, the latest fills, trades and candles. Of trades from before, the maker's order is not
/// known: 0.
///
/// # Errors
/// The database fails.
pub async fn bootstrap(
    db: &DatabaseConnection,
    journal: &str,
    replica: &Replica,
    frame: u64,
) -> Result<usize, HistoryError> {
    let batch = remembered(replica, frame);
    let rows = batch.rows();
    let (stream, journal) = (JOURNAL.to_owned(), journal.to_owned());
    let sequence = frame as i64;
    let watermark = watermark::Model { stream, sequence, journal, starts_after: sequence };
    Writer::default().write(db, batch, watermark).await?;
    Ok(rows)
}

/// Returns what an exchange remembers at a frame, as rows.
pub(super) fn remembered(replica: &Replica, frame: u64) -> Batch {
    let instruments = replica.instruments();
    let mut batch = Batch::default();
    let everything = Page { start: None, end: None, limit: usize::MAX };
    let mut makers = BTreeMap::new();
    for slot in replica.account_slots() {
        for account in slot.accounts() {
            let ask = |query: &AccountQuery| slot.query(account, query, Timestamp::default());
            if let Ok(AccountView::Account { balances, updated_at, .. }) = ask(&AccountQuery::Account) {
                for (id, balance) in balances {
                    let Some(asset) = instruments.asset(id) else { continue };
                    let row = balance::Model::at(account, asset, balance, updated_at, frame);
                    batch.balances.insert((account, id), row);
                }
            }
            for spec in instruments.symbols() {
                let symbol = spec.id;
                let orders = AccountQuery::AllOrders { symbol, from: None, page: everything };
                if let Ok(AccountView::Orders(orders)) = ask(&orders) {
                    let rows = orders.items.iter();
                    batch.orders.extend(rows.map(|one| (one.id, order::Model::of(one, spec, frame))));
                }
                let fills = AccountQuery::Fills { symbol, order: None, from: None, page: everything };
                if let Ok(AccountView::Fills(fills)) = ask(&fills) {
                    for one in &fills.items {
                        if one.is_maker {
                            makers.insert((symbol, one.trade), one.order);
                        }
                        batch.fills.push(fill::Model::of(one, spec));
                    }
                }
            }
        }
    }
    for spec in instruments.symbols() {
        let Some(history) = replica.image(spec.id).map(|image| image.history()) else { continue };
        let all = Range { limit: usize::MAX, ..Range::default() };
        let aggregates = history.trades.aggregates(all).items;
        let mut of = aggregates.iter().peekable();
        for trade in history.trades.trades(all).items {
            while of.next_if(|aggregate| aggregate.last < trade.id.get()).is_some() {}
            // Older than every remembered aggregate: aggregates are fewer than trades, so none is found.
            let Some(aggregate) = of.peek() else { continue };
            let maker = makers.get(&(spec.id, trade.id)).copied().unwrap_or(OrderId::new(0));
            let record = TradeRecord { trade, maker };
            batch.trades.push(trade::Model::of(&record, aggregate.id, spec));
        }
        for interval in Interval::ALL {
            for candle in history.candles.since(interval, Timestamp::default()) {
                let open_time = candle.open_time;
                let id = EntityId::Kline { symbol: spec.id, interval, open_time };
                batch.klines.insert(id, kline::Model::of(&candle, interval, spec));
            }
        }
    }
    batch
}
