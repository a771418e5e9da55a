//! Exports tables as CSV, for an archive or a spreadsheet.

use std::io::Write;

use sea_orm::DatabaseConnection;
use serde::Serialize;

use super::{
    HistoryError,
    entity::{Table, amendment, balance, fill, kline, ledger, order, trade},
};

/// How many rows are read at once.
const ROWS: u64 = 10_000;

/// The names of the tables.
pub const TABLES: [&str; 7] = ["orders", "fills", "trades", "klines", "balances", "ledger", "amendments"];

/// Writes a table as CSV with a head, in the order of its keys, and returns how many rows it has.
///
/// # Errors
/// There is no such table, the database fails, or it cannot be written.
pub async fn export(db: &DatabaseConnection, table: &str, out: impl Write) -> Result<u64, HistoryError> {
    match table {
        "orders" => rows::<order::Entity>(db, out).await,
        "fills" => rows::<fill::Entity>(db, out).await,
        "trades" => rows::<trade::Entity>(db, out).await,
        "klines" => rows::<kline::Entity>(db, out).await,
        "balances" => rows::<balance::Entity>(db, out).await,
        "ledger" => rows::<ledger::Entity>(db, out).await,
        "amendments" => rows::<amendment::Entity>(db, out).await,
        other => Err(HistoryError::Damaged(format!("there is no table {other}"))),
    }
}

async fn rows<T: Table>(db: &DatabaseConnection, out: impl Write) -> Result<u64, HistoryError>
where
    T::Model: Serialize,
{
    let unwritable = |error: csv::Error| HistoryError::Export(error.to_string());
    let mut writer = csv::Writer::from_writer(out);
    let (mut after, mut count) = (None, 0);
    loop {
        let rows = T::page(db, after.take(), ROWS).await?;
        for row in &rows {
            writer.serialize(row).map_err(unwritable)?;
            count += 1;
        }
        match rows.last() {
            Some(last) => after = Some(T::key(last)),
            None => break,
        }
    }
    writer.flush().map_err(|error| HistoryError::Export(error.to_string()))?;
    Ok(count)
}
