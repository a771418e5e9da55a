//! Queries about one account.

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, Order as Direction, QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::Reader;
use crate::{
    domain::{
        account::{Amendment, Page},
        instruments::asset::Asset,
        messages::command::OrderRef,
        orders::{Fill, Order},
        types::{
            id::{AccountId, AssetId, OrderId, SLOT_COUNT, SymbolId, TradeId},
            money::Amount,
            time::Timestamp,
        },
    },
    history::{
        HistoryError,
        entity::{amendment, fill, ledger, order, trade},
        text,
    },
};

/// How many ids of a slot are tried for the next existing order: nearly every id belongs to an order.
const PROBES: u64 = 64;

/// Which part of an account's statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerPage {
    /// Of one asset, or of all.
    pub asset: Option<AssetId>,
    /// Of one cause, or of all.
    pub cause: Option<&'static str>,
    /// Not before.
    pub start: Option<Timestamp>,
    /// Not after.
    pub end: Option<Timestamp>,
    /// Only lines before this one: frame and asset of the last line of the page before.
    pub before: Option<(u64, AssetId)>,
    /// At most so many.
    pub limit: usize,
}

/// A line of an account's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerLine {
    /// The frame that made it.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// Of what.
    pub asset: Asset,
    /// By how much; negative for a debit.
    pub delta: Amount,
    /// What is free after it.
    pub available: Amount,
    /// What is held after it.
    pub held: Amount,
    /// `DEPOSIT`, `WITHDRAWAL` or `TRADE`.
    pub cause: String,
    /// The trade: its symbol, its number, and the account's order.
    pub trade: Option<(SymbolId, TradeId, OrderId)>,
}

/// A bound in the unit of the database's times.
pub(super) fn from(time: Timestamp) -> i64 {
    i64::try_from(time.micros()).unwrap_or(i64::MAX)
}

/// A number of a request in the type of the database: one beyond its range is beyond all rows.
pub(super) fn id_from(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// The first microsecond after a bound.
pub(super) fn after(time: Timestamp) -> i64 {
    from(time).saturating_add(1)
}

impl Reader {
    /// Returns an account's orders on a symbol, by id, as [`AccountQuery::AllOrders`] does.
    ///
    /// [`AccountQuery::AllOrders`]: crate::domain::account::AccountQuery::AllOrders
    ///
    /// # Errors
    /// The database fails, or holds what no exchange wrote.
    pub async fn orders(
        &self,
        account: AccountId,
        symbol: SymbolId,
        first: Option<OrderId>,
        page: Page,
    ) -> Result<Vec<Order>, HistoryError> {
        let mut query = order::Entity::find()
            .filter(order::Column::AccountId.eq(account.get() as i64))
            .filter(order::Column::SymbolId.eq(i64::from(symbol.get())))
            .filter(order::accepted());
        if let Some(first) = first {
            query = query.filter(order::Column::Id.gte(id_from(first.get())));
            if let Some(time) = self.started_with(account, first).await? {
                query = query.filter(order::Column::CreatedAt.gte(time));
            }
        }
        if let Some(start) = page.start {
            query = query.filter(order::Column::CreatedAt.gte(from(start)));
        }
        if let Some(end) = page.end {
            query = query.filter(order::Column::CreatedAt.lt(after(end)));
        }
        let is_latest = first.is_none() && page.start.is_none();
        let direction = if is_latest { Direction::Desc } else { Direction::Asc };
        let query = query
            .order_by(order::Column::CreatedAt, direction.clone())
            .order_by(order::Column::Id, direction)
            .limit(page.limit as u64);
        let rows = self.in_order(query, is_latest).await?;
        rows.iter().map(|row| row.order(&self.instruments)).collect()
    }

    /// Returns when the first order of an account's slot from an id on arrived: in a slot, ids and times rise together.
    pub(super) async fn started_with(
        &self,
        account: AccountId,
        first: OrderId,
    ) -> Result<Option<i64>, HistoryError> {
        let step = u64::from(SLOT_COUNT);
        let (slot, of_first) = (u64::from(account.slot().get()), first.get() % step);
        let first = first.get().saturating_add((slot + step - of_first) % step);
        let ids = (0..PROBES).map(|probe| first.saturating_add(probe * step).min(i64::MAX as u64) as i64);
        let row = order::Entity::find()
            .filter(order::Column::Id.is_in(ids))
            .order_by_asc(order::Column::Id)
            .one(self.db().await?)
            .await?;
        Ok(row.map(|row| row.created_at))
    }

    /// Returns one order: by id, or the latest of a name.
    ///
    /// # Errors
    /// The database fails, or holds what no exchange wrote.
    pub async fn order(
        &self,
        account: AccountId,
        symbol: SymbolId,
        named: OrderRef,
    ) -> Result<Option<Order>, HistoryError> {
        let mut query = order::Entity::find()
            .filter(order::Column::AccountId.eq(account.get() as i64))
            .filter(order::Column::SymbolId.eq(i64::from(symbol.get())))
            .filter(order::accepted());
        if let Some(id) = named.id {
            query = query.filter(order::Column::Id.eq(id_from(id.get())));
        }
        if let Some(name) = named.client_id {
            query = query.filter(order::Column::ClientOrderId.eq(name.as_str()));
        }
        let row = query.order_by_desc(order::Column::Id).one(self.db().await?).await?;
        row.map(|row| row.order(&self.instruments)).transpose()
    }

    /// Returns an account's fills on a symbol, by trade, as [`AccountQuery::Fills`] does.
    ///
    /// [`AccountQuery::Fills`]: crate::domain::account::AccountQuery::Fills
    ///
    /// # Errors
    /// The database fails, or holds what no exchange wrote.
    pub async fn fills(
        &self,
        account: AccountId,
        symbol: SymbolId,
        order: Option<OrderId>,
        first: Option<TradeId>,
        page: Page,
    ) -> Result<Vec<Fill>, HistoryError> {
        let spec = self.spec(symbol)?;
        let mut query = fill::Entity::find()
            .filter(fill::Column::AccountId.eq(account.get() as i64))
            .filter(fill::Column::SymbolId.eq(i64::from(symbol.get())));
        if let Some(order) = order {
            query = query.filter(fill::Column::OrderId.eq(id_from(order.get())));
        }
        if let Some(first) = first {
            query = query.filter(fill::Column::TradeId.gte(id_from(first.get())));
        }
        if let Some(start) = page.start {
            let Some(first) = self.first_trade(symbol, from(start)).await? else { return Ok(Vec::new()) };
            query = query.filter(fill::Column::TradeId.gte(first));
        }
        if let Some(end) = page.end
            && let Some(beyond) = self.first_trade(symbol, after(end)).await?
        {
            query = query.filter(fill::Column::TradeId.lt(beyond));
        }
        let is_latest = first.is_none() && page.start.is_none();
        let direction = if is_latest { Direction::Desc } else { Direction::Asc };
        let query = query
            .order_by(fill::Column::TradeId, direction.clone())
            .order_by(fill::Column::OrderId, direction)
            .limit(page.limit as u64);
        let rows = self.in_order(query, is_latest).await?;
        rows.iter().map(|row| row.fill(spec)).collect()
    }

    /// Returns the amends of an order, by number, as [`AccountQuery::Amendments`] does.
    ///
    /// [`AccountQuery::Amendments`]: crate::domain::account::AccountQuery::Amendments
    ///
    /// # Errors
    /// The database fails, or holds what no exchange wrote.
    pub async fn amendments(
        &self,
        account: AccountId,
        symbol: SymbolId,
        order: OrderId,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Amendment>, HistoryError> {
        let spec = self.spec(symbol)?;
        let first = from.map(|from| i64::try_from(from).unwrap_or(i64::MAX));
        let known = Condition::all()
            .add(amendment::Column::AccountId.eq(account.get() as i64))
            .add(amendment::Column::SymbolId.eq(i64::from(symbol.get())))
            .add(amendment::Column::OrderId.eq(i64::try_from(order.get()).unwrap_or(i64::MAX)))
            .add_option(first.map(|first| amendment::Column::Time.gte(first)));
        let query = amendment::Entity::find().filter(known);
        let query = query.order_by_asc(amendment::Column::Sequence).limit(limit as u64);
        let rows = query.all(self.db().await?).await?;
        rows.iter().map(|row| row.amendment(spec)).collect()
    }

    /// Returns the number of the first trade from a time on: numbers and times rise together.
    pub(super) async fn first_trade(&self, symbol: SymbolId, time: i64) -> Result<Option<i64>, HistoryError> {
        let row = trade::Entity::find()
            .filter(trade::Column::SymbolId.eq(i64::from(symbol.get())))
            .filter(trade::Column::Time.gte(time))
            .order_by_asc(trade::Column::Time)
            .order_by_asc(trade::Column::Id)
            .one(self.db().await?)
            .await?;
        Ok(row.map(|row| row.id))
    }

    /// Returns lines of an account's statement, the latest first.
    ///
    /// # Errors
    /// The database fails, or holds what no exchange wrote.
    pub async fn ledger(
        &self,
        account: AccountId,
        page: LedgerPage,
    ) -> Result<Vec<LedgerLine>, HistoryError> {
        let mut query = ledger::Entity::find().filter(ledger::Column::AccountId.eq(account.get() as i64));
        if let Some(asset) = page.asset {
            query = query.filter(ledger::Column::AssetId.eq(i64::from(asset.get())));
        }
        if let Some(cause) = page.cause {
            query = query.filter(ledger::Column::Cause.eq(cause));
        }
        if let Some(start) = page.start {
            query = query.filter(ledger::Column::Time.gte(from(start)));
        }
        if let Some(end) = page.end {
            query = query.filter(ledger::Column::Time.lt(after(end)));
        }
        if let Some((sequence, asset)) = page.before {
            let same = Condition::all()
                .add(ledger::Column::Sequence.eq(id_from(sequence)))
                .add(ledger::Column::AssetId.lt(i64::from(asset.get())));
            let earlier = Condition::any().add(ledger::Column::Sequence.lt(id_from(sequence))).add(same);
            query = query.filter(earlier);
        }
        let query = query
            .order_by_desc(ledger::Column::Time)
            .order_by_desc(ledger::Column::Sequence)
            .order_by_desc(ledger::Column::AssetId)
            .limit(page.limit as u64);
        let rows = query.all(self.db().await?).await?;
        rows.iter().map(|row| self.line(row)).collect()
    }

    fn line(&self, row: &ledger::Model) -> Result<LedgerLine, HistoryError> {
        let id = u32::try_from(row.asset_id).map(AssetId::new).ok();
        let asset = id.and_then(|id| self.instruments.asset(id));
        let asset =
            asset.ok_or_else(|| HistoryError::Damaged(format!("ledger: no asset {}", row.asset_id)))?;
        let amount = |text: &str| text::read(text, asset.scale).map(Amount::new);
        let symbol = row.symbol_id.and_then(|symbol| u32::try_from(symbol).ok()).map(SymbolId::new);
        let trade = symbol.zip(row.trade_id).zip(row.order_id);
        Ok(LedgerLine {
            sequence: row.sequence as u64,
            time: Timestamp::from_micros(row.time as u64),
            asset,
            delta: amount(&row.delta)?,
            available: amount(&row.available)?,
            held: amount(&row.held)?,
            cause: row.cause.clone(),
            trade: trade.map(|((symbol, trade), order)| {
                (symbol, TradeId::new(trade as u64), OrderId::new(order as u64))
            }),
        })
    }

    /// Runs a query; results that were selected latest first are put in order.
    pub(super) async fn in_order<E: EntityTrait>(
        &self,
        query: Select<E>,
        is_reversed: bool,
    ) -> Result<Vec<E::Model>, HistoryError> {
        let mut rows = query.all(self.db().await?).await?;
        if is_reversed {
            rows.reverse();
        }
        Ok(rows)
    }
}
