//! A batch: the rows that many frames result in, before any of them is written.
//!
//! Most orders end a moment after they arrive, so most changes of orders concern a row that is still in the batch.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};

use super::{
    HistoryError,
    entity::{amendment, balance, fill, kline, ledger, order, trade},
    open_orders::OpenOrders,
};
use crate::domain::{
    change_log::{ChangeLogEntry, ChangeType, EntityId, Fields, MarketProjections},
    instruments::{Instruments, asset::Asset, symbol::SymbolSpec},
    types::id::{AccountId, AssetId, OrderId, SymbolId},
};

/// How many rows are read by key at once, at most: each key is a parameter of a statement.
const KEYS_PER_QUERY: usize = 512;
/// And at least.
const KEYS_PER_QUERY_MIN: usize = 8;

/// Rows to be written.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) orders: BTreeMap<OrderId, order::Model>,
    pub(super) fills: Vec<fill::Model>,
    pub(super) trades: Vec<trade::Model>,
    pub(super) klines: BTreeMap<EntityId, kline::Model>,
    pub(super) balances: BTreeMap<(AccountId, AssetId), balance::Model>,
    pub(super) ledger: Vec<ledger::Model>,
    pub(super) amendments: Vec<amendment::Model>,
}

impl Batch {
    /// Projects the entries of whole frames over the rows of the database. Of these, `open` are in memory; orders that
    /// change are removed from it.
    pub(super) async fn project(
        db: &impl ConnectionTrait,
        instruments: &Instruments,
        projections: &mut MarketProjections,
        open: &mut OpenOrders,
        entries: &[ChangeLogEntry],
    ) -> Result<Self, HistoryError> {
        let mut batch = Self::default();
        batch.load_orders(db, open, entries).await?;
        batch.load_balances(db, instruments, entries).await?;
        let mut klines = Vec::new();
        let mut failed = None;
        let numbered = |symbol, record: &_, aggregate| match spec(instruments, symbol) {
            Ok(spec) => batch.trades.push(trade::Model::of(record, aggregate, spec)),
            Err(error) => failed = Some(error),
        };
        projections.project(entries, numbered, &mut klines);
        if let Some(error) = failed {
            return Err(error);
        }
        for entry in entries.iter().chain(&klines) {
            batch.take(instruments, entry)?;
        }
        Ok(batch)
    }

    /// Returns how many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.orders.len()
            + self.fills.len()
            + self.trades.len()
            + self.klines.len()
            + self.balances.len()
            + self.ledger.len()
            + self.amendments.len()
    }

    /// Reads the orders that change here and did not start here.
    async fn load_orders(
        &mut self,
        db: &impl ConnectionTrait,
        open: &mut OpenOrders,
        entries: &[ChangeLogEntry],
    ) -> Result<(), HistoryError> {
        let mut created = BTreeSet::new();
        let mut wanted = BTreeSet::new();
        for entry in entries {
            let EntityId::Order(id) = entry.entity_id else { continue };
            if matches!(entry.change_type, ChangeType::Created { .. }) {
                created.insert(id);
            } else if created.contains(&id) || self.orders.contains_key(&id) {
                continue;
            } else if let Some(row) = open.take(id)? {
                self.orders.insert(id, row);
            } else {
                wanted.insert(id.get() as i64);
            }
        }
        let wanted: Vec<i64> = wanted.into_iter().collect();
        for ids in wanted.chunks(KEYS_PER_QUERY) {
            let known = order::Column::Id.is_in(padded(ids));
            let rows = order::Entity::find().filter(known).all(db).await?;
            self.orders.extend(rows.into_iter().map(|row| (OrderId::new(row.id as u64), row)));
        }
        Ok(())
    }

    /// Reads the balances that change here; those missing in the database are empty.
    async fn load_balances(
        &mut self,
        db: &impl ConnectionTrait,
        instruments: &Instruments,
        entries: &[ChangeLogEntry],
    ) -> Result<(), HistoryError> {
        for entry in entries {
            let EntityId::Balance { account, asset: id } = entry.entity_id else { continue };
            let asset = asset(instruments, id)?;
            self.balances.entry((account, id)).or_insert_with(|| balance::Model::empty(account, asset));
        }
        let accounts: BTreeSet<i64> = self.balances.keys().map(|(account, _)| account.get() as i64).collect();
        let accounts: Vec<i64> = accounts.into_iter().collect();
        for ids in accounts.chunks(KEYS_PER_QUERY) {
            let known = Condition::all().add(balance::Column::AccountId.is_in(padded(ids)));
            for row in balance::Entity::find().filter(known).all(db).await? {
                let asset = AssetId::new(u32::try_from(row.asset_id).unwrap_or(u32::MAX));
                let key = (AccountId::new(row.account_id as u64), asset);
                if let Some(balance) = self.balances.get_mut(&key) {
                    *balance = row;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, instruments: &Instruments, entry: &ChangeLogEntry) -> Result<(), HistoryError> {
        let fields = match &entry.change_type {
            ChangeType::Created { fields } | ChangeType::Updated { changed_fields: fields } => fields,
            ChangeType::Deleted => return Ok(()),
        };
        match (entry.entity_id, fields) {
            (EntityId::Order(id), Fields::Order(order)) => {
                let row = order::Model::of(order, spec(instruments, order.symbol)?, entry.sequence);
                self.orders.insert(id, row);
            }
            (EntityId::Order(id), Fields::OrderUpdate(update)) => {
                let row = self.orders.get_mut(&id).ok_or_else(|| {
                    HistoryError::Damaged(format!(
                        "order {id} changed at frame {} and is not there",
                        entry.sequence
                    ))
                })?;
                let symbol = SymbolId::new(u32::try_from(row.symbol_id).unwrap_or(u32::MAX));
                let before = row.before_amend(update);
                row.update(update, spec(instruments, symbol)?, entry.sequence);
                self.amendments.extend(before.map(|before| amendment::Model::of(before, row)));
            }
            (EntityId::Fill { symbol, .. }, Fields::Fill(fill)) => {
                self.fills.push(fill::Model::of(fill, spec(instruments, symbol)?));
            }
            (EntityId::Kline { symbol, interval, .. }, Fields::Kline(candle)) => {
                let row = kline::Model::of(candle, interval, spec(instruments, symbol)?);
                self.klines.insert(entry.entity_id, row);
            }
            (EntityId::Balance { account, asset: id }, Fields::Balance(update)) => {
                let asset = asset(instruments, id)?;
                if let Some(row) = self.balances.get_mut(&(account, id)) {
                    row.update(update, asset, entry.timestamp, entry.sequence);
                    self.ledger.extend(ledger::Model::of(
                        update,
                        row,
                        asset,
                        entry.timestamp,
                        entry.sequence,
                    ));
                }
            }
            // Trades were ingested with the numbers of their aggregates.
            _ => {}
        }
        Ok(())
    }
}

/// Pads keys to one of a few lengths by repeating the last: otherwise a statement of every length would be prepared and
/// cached, and would evict those in constant use.
fn padded(keys: &[i64]) -> impl Iterator<Item = i64> {
    let length = keys.len().next_power_of_two().max(KEYS_PER_QUERY_MIN);
    let last = keys.last().copied().unwrap_or_default();
    keys.iter().copied().chain(std::iter::repeat_n(last, length - keys.len()))
}

fn spec(instruments: &Instruments, symbol: SymbolId) -> Result<&SymbolSpec, HistoryError> {
    let spec = instruments.symbol(symbol).map(AsRef::as_ref);
    spec.ok_or_else(|| HistoryError::Damaged(format!("there is no symbol {symbol}")))
}

fn asset(instruments: &Instruments, asset: AssetId) -> Result<Asset, HistoryError> {
    instruments.asset(asset).ok_or_else(|| HistoryError::Damaged(format!("there is no asset {asset}")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_are_asked_for_in_few_lengths_and_none_is_added() {
        let mut lengths = BTreeSet::new();
        for count in 1..=KEYS_PER_QUERY {
            let keys: Vec<i64> = (0..count as i64).collect();
            let asked: Vec<i64> = padded(&keys).collect();
            assert_eq!(asked.iter().collect::<BTreeSet<_>>(), keys.iter().collect());
            lengths.insert(asked.len());
        }
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [8, 16, 32, 64, 128, 256, 512]);
    }
}
