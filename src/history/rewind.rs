//! Rewinds a history: when the journal has lost its end for good, the rows of the lost frames must be deleted too, or
//! the frames that get those numbers next would be projected onto rows they know nothing of.

use std::collections::BTreeSet;

use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect, TransactionTrait};
use sea_orm_migration::{MigratorTrait, SchemaManager};

use super::{
    HistoryError,
    bootstrap::remembered,
    connect::{connect, sqlite_file},
    entity::{amendment, balance, fill, kline, ledger, order, trade, watermark},
    projector::JOURNAL,
    schema::Schema,
    write::Writer,
};
use crate::domain::{
    messages::message::{ToAccount, TradeExecuted},
    replica::Replica,
};

/// Which journal a history follows, and how far it has followed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The identity of the journal, in hexadecimal.
    pub journal: String,
    /// The last frame it has.
    pub sequence: u64,
}

/// Returns how far the database at a URL has followed a journal; `None` when it holds no history yet. Nothing is
/// created.
///
/// # Errors
/// The database fails, or is not available.
pub async fn reached(url: &str) -> Result<Option<Reached>, HistoryError> {
    if sqlite_file(url)
        .is_some_and(|file| file.metadata().is_ok_and(|file| file.len() == 0) || !file.exists())
    {
        return Ok(None);
    }
    let db = connect(url).await?;
    let known = match SchemaManager::new(&db).has_table("watermarks").await? {
        true => watermark::Entity::find_by_id(JOURNAL.to_owned()).one(&db).await?,
        false => None,
    };
    db.close().await?;
    Ok(known.map(|known| Reached { journal: known.journal, sequence: known.sequence as u64 }))
}

/// Rewinds a history to a frame, given the exchange at that frame with the messages in flight trimmed: rows of later
/// frames are deleted, and those that later frames changed are replaced with what the exchange remembered at that
/// frame. Rows from before, pruned from the journal or not, stay. Does nothing when the history is not ahead.
///
/// One transaction does all of it, so that a failure changes no row. Of a balance or an order that is written anew, the
/// frame that changed it last is not known: it gets this one, and a balance the time its account last changed.
///
/// # Errors
/// The database fails.
pub async fn rewind(db: &DatabaseConnection, replica: &Replica, frame: u64) -> Result<(), HistoryError> {
    let Some(known) = watermark::Entity::find_by_id(JOURNAL.to_owned()).one(db).await? else { return Ok(()) };
    let sequence = frame as i64;
    if known.sequence <= sequence {
        return Ok(());
    }
    // A database of an earlier version may lack tables that rows are deleted from below.
    Schema::up(db, None).await?;
    let mut batch = remembered(replica, frame);
    // Rows without a change since are correct.
    batch.fills.clear();
    batch.trades.clear();
    let changed = order::Entity::find().filter(order::Column::Sequence.gt(sequence));
    let changed = changed.select_only().column(order::Column::Id).into_tuple::<i64>().all(db).await?;
    let changed: BTreeSet<i64> = changed.into_iter().collect();
    batch.orders.retain(|id, _| changed.contains(&(id.get() as i64)));
    let changed = balance::Entity::find().filter(balance::Column::Sequence.gt(sequence)).all(db).await?;
    let changed: BTreeSet<(i64, i64)> = changed.iter().map(|row| (row.account_id, row.asset_id)).collect();
    batch.balances.retain(|_, row| changed.contains(&(row.account_id, row.asset_id)));
    let transaction = db.begin().await?;
    order::Entity::delete_many().filter(order::Column::Sequence.gt(sequence)).exec(&transaction).await?;
    balance::Entity::delete_many().filter(balance::Column::Sequence.gt(sequence)).exec(&transaction).await?;
    ledger::Entity::delete_many().filter(ledger::Column::Sequence.gt(sequence)).exec(&transaction).await?;
    let amendments = amendment::Entity::delete_many().filter(amendment::Column::Sequence.gt(sequence));
    amendments.exec(&transaction).await?;
    for spec in replica.instruments().symbols() {
        let symbol = i64::from(spec.id.get());
        let last =
            replica.image(spec.id).and_then(|image| image.history().trades.last().map(|trade| trade.id));
        let last = last.map_or(0, |id| id.get() as i64);
        let fills = fill::Entity::delete_many().filter(fill::Column::SymbolId.eq(symbol));
        fills.filter(fill::Column::TradeId.gt(last)).exec(&transaction).await?;
        let trades = trade::Entity::delete_many().filter(trade::Column::SymbolId.eq(symbol));
        trades.filter(trade::Column::Id.gt(last)).exec(&transaction).await?;
        let klines = kline::Entity::delete_many().filter(kline::Column::SymbolId.eq(symbol));
        klines.filter(kline::Column::FirstTrade.gt(last)).exec(&transaction).await?;
    }
    // Trades that had matched by then and had not reached this side yet.
    for envelope in replica.under_way().1 {
        if let ToAccount::TradeExecuted(TradeExecuted { symbol, trade, order, .. }) = envelope.body {
            fill::Entity::delete_many()
                .filter(fill::Column::SymbolId.eq(i64::from(symbol.get())))
                .filter(fill::Column::TradeId.eq(trade.get() as i64))
                .filter(fill::Column::OrderId.eq(order.get() as i64))
                .exec(&transaction)
                .await?;
        }
    }
    let starts_after = known.starts_after.min(sequence);
    let back = watermark::Model { sequence, starts_after, ..known };
    Writer::default().write_within(&transaction, batch, back).await?;
    transaction.commit().await?;
    Ok(())
}
