//! The projector: ingests the journal's frames into the database, batch by batch, from wherever it stopped.

use std::sync::Arc;

use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use sea_orm_migration::MigratorTrait;

use super::{
    HistoryError,
    batch::Batch,
    entity::{amendment, balance, fill, kline, ledger, order, trade, watermark},
    open_orders::OpenOrders,
    schema::Schema,
    write::Writer,
};
use crate::domain::{
    change_log::{MarketProjection, MarketProjections, entries_of},
    instruments::{Instruments, symbol::SymbolSpec},
    market_data::Interval,
    replica::Frame,
    types::id::AccountId,
};

/// The stream of the journal's frames.
pub(super) const JOURNAL: &str = "journal";

/// Ingests frames into a database.
#[derive(Debug)]
pub struct Projector {
    db: DatabaseConnection,
    instruments: Arc<Instruments>,
    journal: String,
    starts_after: i64,
    sequence: u64,
    projections: MarketProjections,
    /// Orders that were open after the last batches, as they are written.
    open: OpenOrders,
    writer: Writer,
}

impl Projector {
    /// Continues where the database is. Missing tables are created.
    ///
    /// # Errors
    /// The database fails, or belongs to another journal.
    pub async fn open(
        db: DatabaseConnection,
        instruments: Arc<Instruments>,
        journal: &str,
    ) -> Result<Self, HistoryError> {
        Schema::up(&db, None).await?;
        let known = watermark::Entity::find_by_id(JOURNAL.to_owned()).one(&db).await?;
        let mut projector = Self {
            db,
            instruments,
            journal: journal.to_owned(),
            starts_after: 0,
            sequence: 0,
            projections: MarketProjections::default(),
            open: OpenOrders::default(),
            writer: Writer::default(),
        };
        if let Some(known) = known {
            if known.journal != journal {
                return Err(HistoryError::Foreign { found: known.journal, own: journal.to_owned() });
            }
            (projector.sequence, projector.starts_after) = (known.sequence as u64, known.starts_after);
            for spec in projector.instruments.symbols() {
                let projection = resume(&projector.db, spec).await?;
                projector.projections.resume(spec.id, projection);
            }
        }
        Ok(projector)
    }

    /// Returns how many rows a table has.
    ///
    /// # Errors
    /// The database fails, or has no such table.
    pub async fn count(&self, table: &str) -> Result<u64, HistoryError> {
        let count = match table {
            "orders" => order::Entity::find().count(&self.db).await?,
            "fills" => fill::Entity::find().count(&self.db).await?,
            "trades" => trade::Entity::find().count(&self.db).await?,
            "klines" => kline::Entity::find().count(&self.db).await?,
            "balances" => balance::Entity::find().count(&self.db).await?,
            "ledger" => ledger::Entity::find().count(&self.db).await?,
            "amendments" => amendment::Entity::find().count(&self.db).await?,
            other => return Err(HistoryError::Damaged(format!("there is no table {other}"))),
        };
        Ok(count)
    }

    /// Returns the accounts that have orders, in order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn accounts(&self) -> Result<Vec<AccountId>, HistoryError> {
        let ids = order::Entity::find()
            .select_only()
            .column(order::Column::AccountId)
            .distinct()
            .order_by_asc(order::Column::AccountId)
            .into_tuple::<i64>()
            .all(&self.db)
            .await?;
        Ok(ids.into_iter().map(|id| AccountId::new(id as u64)).collect())
    }

    /// Closes the connection, so that a database that then merges its files is left as one file.
    ///
    /// # Errors
    /// The database fails.
    pub async fn close(self) -> Result<(), HistoryError> {
        Ok(self.db.close().await?)
    }

    /// Returns the last frame ingested.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Ingests frames, the next ones, and returns how many rows they resulted in. After an error none of them is
    /// stored, and this projector must be opened anew.
    ///
    /// # Errors
    /// The database fails, or its content does not fit the frames.
    pub async fn project(&mut self, frames: &[(u64, Frame)]) -> Result<usize, HistoryError> {
        let Some((last, _)) = frames.last() else { return Ok(0) };
        // Not reused for the next batch: the capacity of the largest ever would stay for good.
        let mut entries = Vec::new();
        for (sequence, frame) in frames {
            entries_of(*sequence, frame, &mut entries)?;
        }
        let (db, projections, open) = (&self.db, &mut self.projections, &mut self.open);
        let batch = Batch::project(db, &self.instruments, projections, open, &entries).await?;
        drop(entries);
        let rows = batch.rows();
        for row in batch.orders.values().filter(|row| !row.is_final()) {
            open.remember(row)?;
        }
        let watermark = watermark::Model {
            stream: JOURNAL.to_owned(),
            sequence: *last as i64,
            journal: self.journal.clone(),
            starts_after: self.starts_after,
        };
        self.writer.write(&self.db, batch, watermark).await?;
        self.sequence = *last;
        Ok(rows)
    }
}

/// Returns the state of a symbol's trades and candles, as far as the database has them.
async fn resume(db: &DatabaseConnection, spec: &SymbolSpec) -> Result<MarketProjection, HistoryError> {
    let symbol = i64::from(spec.id.get());
    let newest = trade::Entity::find()
        .filter(trade::Column::SymbolId.eq(symbol))
        .order_by_desc(trade::Column::Id)
        .one(db)
        .await?;
    let Some(newest) = newest else { return Ok(MarketProjection::default()) };
    let of_aggregate = trade::Entity::find()
        .filter(trade::Column::SymbolId.eq(symbol))
        .filter(trade::Column::AggregateId.eq(newest.aggregate_id))
        .order_by_asc(trade::Column::Id)
        .all(db)
        .await?;
    let aggregate = trade::aggregates(&of_aggregate, spec)?.pop();
    let last = Some(newest.trade(spec)?).zip(aggregate);
    let mut candles = Vec::new();
    for interval in Interval::ALL {
        let latest = kline::Entity::find()
            .filter(kline::Column::SymbolId.eq(symbol))
            .filter(kline::Column::Interval.eq(interval.name()))
            .order_by_desc(kline::Column::OpenTime)
            .one(db)
            .await?;
        if let Some(row) = latest {
            candles.push((interval, row.candle(spec)?));
        }
    }
    Ok(MarketProjection::resume(last, candles))
}
