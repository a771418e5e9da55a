//! Deletes old rows, or all of them.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use super::{
    HistoryError,
    entity::{amendment, fill, kline, ledger, order, trade},
    schema::Schema,
};
use crate::domain::{
    market_data::{Interval, Zone},
    orders::OrderStatus,
    types::time::Timestamp,
};

/// The longest candles that are deleted: longer ones are few.
const LONGEST: Interval = Interval::Minute30;

/// How many rows were deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Closed orders.
    pub orders: u64,
    /// Fills.
    pub fills: u64,
    /// Trades.
    pub trades: u64,
    /// Candles of half an hour and shorter.
    pub klines: u64,
    /// Lines of statements.
    pub ledger: u64,
    /// Amends of orders.
    pub amendments: u64,
}

/// Deletes everything that had ended before a time: closed orders, fills, trades, short candles, lines of statements,
/// amends. Balances, open orders and the latest trade and candles of each symbol stay: later frames are projected onto
/// them.
///
/// # Errors
/// The database fails; then nothing is deleted.
pub async fn prune(db: &DatabaseConnection, before: Timestamp) -> Result<Pruned, HistoryError> {
    let time = before.micros() as i64;
    // A database of an earlier version may lack tables that rows are deleted from below.
    Schema::up(db, None).await?;
    let transaction = db.begin().await?;
    let open = [OrderStatus::ConditionalPending, OrderStatus::Pending, OrderStatus::PartiallyFilled];
    let orders = order::Entity::delete_many()
        .filter(order::Column::UpdatedAt.lt(time))
        .filter(order::Column::Status.is_not_in(open.map(|status| status as i16)))
        .exec(&transaction)
        .await?;
    let fills = fill::Entity::delete_many().filter(fill::Column::Time.lt(time)).exec(&transaction).await?;
    let mut trades = 0;
    let mut klines = 0;
    for symbol in symbols(&transaction).await? {
        // The latest aggregate stays whole.
        let latest = trade::Entity::find()
            .filter(trade::Column::SymbolId.eq(symbol))
            .order_by_desc(trade::Column::Id)
            .one(&transaction)
            .await?;
        let Some(latest) = latest else { continue };
        let old = trade::Entity::delete_many()
            .filter(trade::Column::SymbolId.eq(symbol))
            .filter(trade::Column::Time.lt(time))
            .filter(trade::Column::AggregateId.lt(latest.aggregate_id));
        trades += old.exec(&transaction).await?.rows_affected;
        for interval in Interval::ALL.into_iter().filter(|interval| *interval <= LONGEST) {
            let of_latest = interval.open(Timestamp::from_micros(latest.time as u64), Zone::UTC);
            let old = kline::Entity::delete_many()
                .filter(kline::Column::SymbolId.eq(symbol))
                .filter(kline::Column::Interval.eq(interval.name()))
                .filter(kline::Column::OpenTime.lt(time.min(of_latest.micros() as i64)));
            klines += old.exec(&transaction).await?.rows_affected;
        }
    }
    let amendments =
        amendment::Entity::delete_many().filter(amendment::Column::Time.lt(time)).exec(&transaction).await?;
    let ledger =
        ledger::Entity::delete_many().filter(ledger::Column::Time.lt(time)).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(Pruned {
        orders: orders.rows_affected,
        fills: fills.rows_affected,
        trades,
        klines,
        ledger: ledger.rows_affected,
        amendments: amendments.rows_affected,
    })
}

async fn symbols(db: &impl ConnectionTrait) -> Result<Vec<i64>, HistoryError> {
    let rows = trade::Entity::find()
        .select_only()
        .column(trade::Column::SymbolId)
        .distinct()
        .into_tuple::<i64>()
        .all(db)
        .await?;
    Ok(rows)
}

/// Empties the database; it is rebuilt from the journal.
///
/// # Errors
/// The database fails.
pub async fn reset(db: &DatabaseConnection) -> Result<(), HistoryError> {
    Schema::fresh(db).await?;
    Ok(())
}
