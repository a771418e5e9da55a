//! The orders that are open, as they are written, so that they need not be read again when they change.
//!
//! Each is stored as one block of bytes. Stored as rows, their many short texts would lie among those of the rows that
//! are written and freed, and pin the allocator's pages of those.

use std::collections::BTreeMap;

use super::{HistoryError, entity::order};
use crate::domain::types::id::OrderId;

/// How many are remembered, the latest: some 10 MB.
const OPEN_MAX: usize = 32_768;

/// Open orders by id.
#[derive(Debug, Default)]
pub(super) struct OpenOrders(BTreeMap<OrderId, Box<[u8]>>);

impl OpenOrders {
    /// Remembers an order, and drops the oldest when there are too many.
    ///
    /// # Errors
    /// The row cannot be encoded.
    pub(super) fn remember(&mut self, row: &order::Model) -> Result<(), HistoryError> {
        let bytes = postcard::to_stdvec(row).map_err(damaged)?;
        self.0.insert(OrderId::new(row.id as u64), bytes.into_boxed_slice());
        if self.0.len() > OPEN_MAX {
            self.0.pop_first();
        }
        Ok(())
    }

    /// Removes and returns an order; `None` when it is not remembered.
    ///
    /// # Errors
    /// The remembered bytes cannot be decoded.
    pub(super) fn take(&mut self, id: OrderId) -> Result<Option<order::Model>, HistoryError> {
        self.0.remove(&id).map(|bytes| postcard::from_bytes(&bytes).map_err(damaged)).transpose()
    }
}

fn damaged(error: postcard::Error) -> HistoryError {
    HistoryError::Damaged(format!("an open order in memory: {error}"))
}
