//! Queries about one account, the latest first and over all symbols: for clients that page back.
//!
//! Rows of one symbol lie in the order of their time, rows of several do not. So each symbol is queried for its latest,
//! and the results are merged.

use std::cmp::Reverse;

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{
    Reader,
    account::{after, from},
};
use crate::{
    domain::{
        change_log::words::Word,
        orders::{CloseReason, Fill, Order, OrderStatus, Side},
        types::{
            id::{AccountId, OrderId, SymbolId, TradeId},
            time::Timestamp,
        },
    },
    history::{
        HistoryError,
        entity::{fill, order},
    },
};

/// The state an order shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It waits for another order of its list.
    Pending,
    /// It is in the book or waits for a price, and nothing of it has traded.
    New,
    /// Some of it has traded, and the rest may.
    PartiallyFilled,
    /// All of it has traded.
    Filled,
    /// It was cancelled.
    Cancelled,
    /// A rule ended it.
    Expired,
    /// Self-trade prevention ended it.
    Prevented,
    /// It was rejected when its turn in an accepted list came.
    Rejected,
}

impl Standing {
    fn condition(self) -> Condition {
        let status = |status: OrderStatus| order::Column::Status.eq(status as i16);
        let of = |one: OrderStatus| Condition::all().add(status(one));
        let prevented = CloseReason::SelfTrade.word();
        match self {
            Self::Pending => of(OrderStatus::ConditionalPending).add(order::Column::AwaitsList.eq(true)),
            Self::New => Condition::any()
                .add(status(OrderStatus::Pending))
                .add(of(OrderStatus::ConditionalPending).add(order::Column::AwaitsList.eq(false))),
            Self::PartiallyFilled => of(OrderStatus::PartiallyFilled),
            Self::Filled => of(OrderStatus::Filled),
            Self::Cancelled => of(OrderStatus::Cancelled),
            Self::Expired => of(OrderStatus::Expired).add(
                Condition::any()
                    .add(order::Column::Reason.is_null())
                    .add(order::Column::Reason.ne(prevented)),
            ),
            Self::Rejected => of(OrderStatus::Rejected),
            Self::Prevented => of(OrderStatus::Expired).add(order::Column::Reason.eq(prevented)),
        }
    }
}

/// Which of an account's orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderPage {
    /// On one symbol, or on all.
    pub symbol: Option<SymbolId>,
    /// Of one side, or of both.
    pub side: Option<Side>,
    /// Only those that show as this.
    pub standing: Option<Standing>,
    /// Not accepted before.
    pub start: Option<Timestamp>,
    /// Not accepted after.
    pub end: Option<Timestamp>,
    /// Only orders before this one.
    pub before: Option<OrderId>,
    /// At most so many.
    pub limit: usize,
}

/// A place in the list of an account's fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FillCursor {
    /// When it was.
    pub time: Timestamp,
    /// On which symbol.
    pub symbol: SymbolId,
    /// Which trade.
    pub trade: TradeId,
    /// Of which order.
    pub order: OrderId,
}

impl FillCursor {
    /// Returns the place of a fill.
    pub fn of(fill: &Fill) -> Self {
        Self { time: fill.time, symbol: fill.symbol, trade: fill.trade, order: fill.order }
    }

    /// Returns the first microsecond in which a symbol has no fill before this place.
    fn until(&self, symbol: SymbolId) -> i64 {
        let time = i64::try_from(self.time.micros()).unwrap_or(i64::MAX);
        time.saturating_add(i64::from(symbol <= self.symbol))
    }
}

/// Which of an account's fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FillPage {
    /// On one symbol, or on all.
    pub symbol: Option<SymbolId>,
    /// Of one side, or of both.
    pub side: Option<Side>,
    /// Not before.
    pub start: Option<Timestamp>,
    /// Not after.
    pub end: Option<Timestamp>,
    /// Only fills before this place.
    pub before: Option<FillCursor>,
    /// At most so many.
    pub limit: usize,
}

impl Reader {
    /// Returns an account's orders, the latest first: those that were accepted.
    ///
    /// # Errors
    /// The database fails, or holds what no exchange wrote.
    pub async fn account_orders(
        &self,
        account: AccountId,
        page: OrderPage,
    ) -> Result<Vec<Order>, HistoryError> {
        let mut known = Condition::all()
            .add(order::Column::AccountId.eq(account.get() as i64))
            .add(order::accepted())
            .add_option(page.side.map(|side| order::Column::Side.eq(side.word())))
            .add_option(page.standing.map(Standing::condition))
            .add_option(page.start.map(|start| order::Column::CreatedAt.gte(from(start))))
            .add_option(page.end.map(|end| order::Column::CreatedAt.lt(after(end))));
        if let Some(before) = page.before {
            let newest = self.started_with(account, before).await?;
            known = known
                .add(order::Column::Id.lt(i64::try_from(before.get()).unwrap_or(i64::MAX)))
                .add_option(newest.map(|time| order::Column::CreatedAt.lte(time)));
        }
        let mut rows = Vec::new();
        for symbol in self.symbols(page.symbol) {
            let query = order::Entity::find()
                .filter(known.clone())
                .filter(order::Column::SymbolId.eq(i64::from(symbol.get())))
                .order_by_desc(order::Column::CreatedAt)
                .order_by_desc(order::Column::Id)
                .limit(page.limit as u64);
            rows.extend(query.all(self.db().await?).await?);
        }
        rows.sort_unstable_by_key(|row| Reverse(row.id));
        rows.truncate(page.limit);
        rows.iter().map(|row| row.order(&self.instruments)).collect()
    }

    /// Returns an account's fills, the latest first.
    ///
    /// # Errors
    /// The database fails, or holds what no exchange wrote.
    pub async fn account_fills(&self, account: AccountId, page: FillPage) -> Result<Vec<Fill>, HistoryError> {
        let known = Condition::all()
            .add(fill::Column::AccountId.eq(account.get() as i64))
            .add_option(page.side.map(|side| fill::Column::Side.eq(side.word())))
            .add_option(page.start.map(|start| fill::Column::Time.gte(from(start))));
        let mut fills = Vec::new();
        for symbol in self.symbols(page.symbol) {
            let spec = self.spec(symbol)?;
            let Some(reached) = self.fills_of(symbol, &page).await? else { continue };
            let query = fill::Entity::find()
                .filter(known.clone())
                .filter(reached)
                .order_by_desc(fill::Column::TradeId)
                .order_by_desc(fill::Column::OrderId)
                .limit(page.limit as u64);
            for row in query.all(self.db().await?).await? {
                fills.push(row.fill(spec)?);
            }
        }
        fills.sort_unstable_by_key(|fill| Reverse(FillCursor::of(fill)));
        fills.truncate(page.limit);
        Ok(fills)
    }

    /// Returns which fills of a symbol a page may hold, by the numbers of their trades; `None` when there can be none.
    async fn fills_of(&self, symbol: SymbolId, page: &FillPage) -> Result<Option<Condition>, HistoryError> {
        let mut reached = Condition::all().add(fill::Column::SymbolId.eq(i64::from(symbol.get())));
        if let Some(start) = page.start {
            let Some(first) = self.first_trade(symbol, from(start)).await? else { return Ok(None) };
            reached = reached.add(fill::Column::TradeId.gte(first));
        }
        let ends = [page.end.map(after), page.before.map(|place| place.until(symbol))];
        if let Some(until) = ends.into_iter().flatten().min() {
            let beyond = self.first_trade(symbol, until).await?;
            reached = reached
                .add(fill::Column::Time.lt(until))
                .add_option(beyond.map(|beyond| fill::Column::TradeId.lt(beyond)));
        }
        if let Some(place) = page.before.filter(|place| place.symbol == symbol) {
            let trade = i64::try_from(place.trade.get()).unwrap_or(i64::MAX);
            let order = i64::try_from(place.order.get()).unwrap_or(i64::MAX);
            let same =
                Condition::all().add(fill::Column::TradeId.eq(trade)).add(fill::Column::OrderId.lt(order));
            reached = reached.add(Condition::any().add(fill::Column::TradeId.lt(trade)).add(same));
        }
        Ok(Some(reached))
    }

    fn symbols(&self, one: Option<SymbolId>) -> Vec<SymbolId> {
        match one {
            Some(symbol) => vec![symbol],
            None => self.instruments.symbols().map(|spec| spec.id).collect(),
        }
    }
}
