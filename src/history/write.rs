//! Writing a batch: every row of it and the watermark in one transaction, so that all of it is there or none.
//!
//! Rows are put in place of what is there under their keys, so writing a batch twice is writing it once.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel, Iterable, PrimaryKeyToColumn,
    TransactionTrait,
    sea_query::{Iden, IntoIden, OnConflict},
};

use super::{
    HistoryError,
    batch::Batch,
    entity::{balance, fill, kline, ledger, order, trade, watermark},
};

/// How many values one statement may hold: SQLite's limit is the smallest of the three.
const VALUES_PER_STATEMENT: usize = 32_000;

/// Writes a batch and how far it reaches.
pub(super) async fn write(
    db: &DatabaseConnection,
    batch: Batch,
    watermark: watermark::Model,
) -> Result<(), HistoryError> {
    let transaction = db.begin().await?;
    put::<order::Entity, _>(&transaction, batch.orders.into_values()).await?;
    put::<fill::Entity, _>(&transaction, batch.fills).await?;
    put::<trade::Entity, _>(&transaction, batch.trades).await?;
    put::<kline::Entity, _>(&transaction, batch.klines.into_values()).await?;
    put::<balance::Entity, _>(&transaction, batch.balances.into_values()).await?;
    put::<ledger::Entity, _>(&transaction, batch.ledger).await?;
    put::<watermark::Entity, _>(&transaction, [watermark]).await?;
    transaction.commit().await?;
    Ok(())
}

/// Puts rows in place of those that have their keys.
async fn put<E, A>(
    db: &impl ConnectionTrait,
    rows: impl IntoIterator<Item = E::Model>,
) -> Result<(), HistoryError>
where
    E: EntityTrait<ActiveModel = A>,
    E::Model: IntoActiveModel<A>,
    A: sea_orm::ActiveModelTrait<Entity = E>,
{
    let keys: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let is_key = |column: &E::Column| keys.iter().any(|key| key.to_string() == column.to_string());
    let others: Vec<E::Column> = E::Column::iter().filter(|column| !is_key(column)).collect();
    let size = VALUES_PER_STATEMENT / (keys.len() + others.len());
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while rows.peek().is_some() {
        let replaced = OnConflict::columns(keys.iter().map(|key| key.into_iden()))
            .update_columns(others.iter().map(|other| other.into_iden()))
            .to_owned();
        E::insert_many(rows.by_ref().take(size)).on_conflict(replaced).exec_without_returning(db).await?;
    }
    Ok(())
}
