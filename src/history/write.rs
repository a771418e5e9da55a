//! Writes a batch: every row of it and the watermark in one transaction, so that all of it is there or none.
//!
//! Rows replace those that have their keys, so writing a batch twice is writing it once. Statements come in a few
//! sizes: their text is built once, and the database prepares each once.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, EntityTrait,
    IntoActiveModel, Iterable, PrimaryKeyToColumn, Statement, TransactionTrait, Value, Values,
    sea_query::{Expr, Iden, IntoIden, OnConflict, Query},
};

use super::{
    HistoryError,
    batch::Batch,
    entity::{amendment, balance, fill, kline, ledger, order, trade, watermark},
};

/// How many rows a statement holds. The database caches a program for each, of every table, and its size grows with the
/// rows: four times as many would cost 8 MiB and are hardly faster. The longest has some 1,900 values; SQLite allows
/// 32,766.
const ROWS_PER_STATEMENT: [usize; 4] = [64, 16, 4, 1];

/// Writes batches.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// By table and number of rows.
    statements: BTreeMap<(&'static str, usize), String>,
}

impl Writer {
    /// Writes a batch and how far it reaches.
    pub(super) async fn write(
        &mut self,
        db: &DatabaseConnection,
        batch: Batch,
        watermark: watermark::Model,
    ) -> Result<(), HistoryError> {
        let transaction = db.begin().await?;
        self.write_within(&transaction, batch, watermark).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// As [`write`](Self::write), as part of a transaction that the caller commits.
    pub(super) async fn write_within(
        &mut self,
        transaction: &DatabaseTransaction,
        batch: Batch,
        watermark: watermark::Model,
    ) -> Result<(), HistoryError> {
        self.put::<order::Entity, _>(transaction, batch.orders.into_values()).await?;
        self.put::<fill::Entity, _>(transaction, batch.fills).await?;
        self.put::<trade::Entity, _>(transaction, batch.trades).await?;
        self.put::<kline::Entity, _>(transaction, batch.klines.into_values()).await?;
        self.put::<balance::Entity, _>(transaction, batch.balances.into_values()).await?;
        self.put::<ledger::Entity, _>(transaction, batch.ledger).await?;
        self.put::<amendment::Entity, _>(transaction, batch.amendments).await?;
        self.put::<watermark::Entity, _>(transaction, [watermark]).await
    }

    /// Inserts rows, or replaces those that have their keys.
    async fn put<E, A>(
        &mut self,
        db: &impl ConnectionTrait,
        rows: impl IntoIterator<Item = E::Model, IntoIter: ExactSizeIterator>,
    ) -> Result<(), HistoryError>
    where
        E: EntityTrait<ActiveModel = A>,
        E::Model: IntoActiveModel<A>,
        A: ActiveModelTrait<Entity = E>,
    {
        let backend = db.get_database_backend();
        let mut rows = rows.into_iter();
        for size in ROWS_PER_STATEMENT {
            while rows.len() >= size {
                let known = self.statements.entry((E::default().table_name(), size));
                let sql = known.or_insert_with(|| statement::<E>(backend, size)).clone();
                let values = rows.by_ref().take(size).flat_map(values::<E, A>).collect();
                db.execute_raw(Statement { sql, values: Some(Values(values)), db_backend: backend }).await?;
            }
        }
        Ok(())
    }
}

/// Returns the values of a row, in the order of its columns.
fn values<E, A>(row: E::Model) -> impl Iterator<Item = Value>
where
    E: EntityTrait<ActiveModel = A>,
    E::Model: IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = E>,
{
    let mut row = row.into_active_model();
    // A row of the model has every column.
    E::Column::iter().filter_map(move |column| row.take(column).into_value())
}

/// Returns the text of a statement that inserts or replaces so many rows.
fn statement<E: EntityTrait>(backend: DbBackend, rows: usize) -> String {
    let keys: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let is_key = |column: &E::Column| keys.iter().any(|key| key.to_string() == column.to_string());
    let replaced = OnConflict::columns(keys.iter().map(|key| key.into_iden()))
        .update_columns(E::Column::iter().filter(|column| !is_key(column)).map(IntoIden::into_iden))
        .to_owned();
    let mut insert = Query::insert();
    insert.into_table(E::default()).columns(E::Column::iter()).on_conflict(replaced);
    for _ in 0..rows {
        insert.values_panic(E::Column::iter().map(|_| Expr::value(0)));
    }
    backend.build(&insert).sql
}
