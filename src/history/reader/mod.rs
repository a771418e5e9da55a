//! Queries the history. Every list has the order and the limits of the shards' lists, so that a client that pages does
//! not notice where one ends and the other starts.

mod account;
mod account_history;
mod market;

use std::{sync::Arc, time::Duration};

use sea_orm::{DatabaseConnection, EntityTrait};
use tokio::{
    sync::{Notify, OnceCell},
    time,
};

use super::{HistoryError, connect_reader, entity::watermark, projector::JOURNAL};
use crate::domain::{
    instruments::{Instruments, symbol::SymbolSpec},
    types::id::SymbolId,
};

pub use account::{LedgerLine, LedgerPage};
pub use account_history::{FillCursor, FillPage, OrderPage, Standing};
pub use market::CandleRange;

/// How often an awaited condition is checked: a watermark, or whether there is a database yet.
pub(super) const LOOK: Duration = Duration::from_millis(5);

/// Queries a database. It connects at the first query.
#[derive(Debug)]
pub struct Reader {
    url: String,
    db: OnceCell<DatabaseConnection>,
    instruments: Arc<Instruments>,
    /// Is notified when a query waits for frames that are not ingested yet.
    urgent: Arc<Notify>,
}

impl Reader {
    /// Creates a reader of the database at a URL.
    pub fn new(url: String, instruments: Arc<Instruments>) -> Self {
        Self { url, db: OnceCell::new(), instruments, urgent: Arc::default() }
    }

    /// Lets the reader notify the projector when a query waits for it.
    pub(super) fn hurrying(self, urgent: Arc<Notify>) -> Self {
        Self { urgent, ..self }
    }

    async fn db(&self) -> Result<&DatabaseConnection, HistoryError> {
        self.db.get_or_try_init(|| connect_reader(&self.url)).await
    }

    fn spec(&self, symbol: SymbolId) -> Result<&SymbolSpec, HistoryError> {
        let spec = self.instruments.symbol(symbol).map(AsRef::as_ref);
        spec.ok_or_else(|| HistoryError::Damaged(format!("there is no symbol {symbol}")))
    }

    /// Returns the last frame the database has ingested; 0 when it has ingested none.
    ///
    /// # Errors
    /// The database fails, or is not available.
    pub async fn sequence(&self) -> Result<u64, HistoryError> {
        let row = watermark::Entity::find_by_id(JOURNAL.to_owned()).one(self.db().await?).await?;
        Ok(row.map_or(0, |row| row.sequence as u64))
    }

    /// Waits until the database has ingested a frame, and returns its watermark. The caller bounds the wait.
    ///
    /// # Errors
    /// The database fails, or is not available.
    pub async fn reached(&self, sequence: u64) -> Result<u64, HistoryError> {
        loop {
            let now = self.sequence().await?;
            if now >= sequence {
                return Ok(now);
            }
            self.urgent.notify_one();
            time::sleep(LOOK).await;
        }
    }
}
