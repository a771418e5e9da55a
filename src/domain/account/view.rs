//! Answers queries without changing anything.

use super::{
    query::{AccountQuery, AccountView, Found, Page},
    slot::AccountSlot,
    state::{Account, AccountState},
};
use crate::domain::{
    messages::{
        command::{Balance, OrderRef},
        reject::{Fault, Reject},
    },
    orders::{Fill, Order, OrderList, OrderListRef},
    types::{
        id::{AccountId, AssetId, OrderId, OrderListId, SymbolId, TradeId},
        time::Timestamp,
    },
};

impl AccountSlot {
    /// Answers a query about an account.
    ///
    /// # Errors
    /// Unknown account, order or symbol.
    pub fn query(&self, id: AccountId, query: &AccountQuery, now: Timestamp) -> Result<AccountView, Reject> {
        let state = &self.state;
        let account = state.accounts.get(&id).ok_or(Reject::UnknownAccount)?;
        let clock = state.time.max(now).timer(now);
        match *query {
            AccountQuery::Account => Ok(AccountView::Account {
                balances: account.balances.iter().collect(),
                tier: account.tier,
                is_unlimited: account.quota.is_unlimited(),
                status: account.marks.status,
                updated_at: account.updated_at,
            }),
            AccountQuery::Order { symbol, order } => {
                state.find_any(id, symbol, &order).map(|order| AccountView::Order(Box::new(order)))
            }
            AccountQuery::OpenOrders { symbol } => {
                Ok(AccountView::Orders(Found::whole(state.open_orders(account, symbol))))
            }
            AccountQuery::AllOrders { symbol, from, page } => {
                Ok(AccountView::Orders(state.all_orders(id, account, symbol, from, page)))
            }
            AccountQuery::Fills { symbol, order, from, page } => {
                Ok(AccountView::Fills(state.fills(id, symbol, order, from, page)))
            }
            AccountQuery::OrderCounts => Ok(AccountView::OrderCounts(account.quota.counts(clock))),
            AccountQuery::Events { after, limit } => {
                self.events(id, Some(after), limit).map(AccountView::Events)
            }
            AccountQuery::Test(order) => {
                let spec = self.instruments().symbol(order.symbol).ok_or(Reject::UnknownSymbol)?;
                let correct = |reject| (reject, spec.correct_rejected(&[order], reject));
                let tested = state.accept(account, spec, &order, clock);
                Ok(AccountView::Tested(tested.map(|_| ()).map_err(correct)))
            }
            AccountQuery::OrderList(list) => {
                let found = state.list_named(id, &list).ok_or(Reject::UnknownOrderList)?;
                Ok(AccountView::Lists(Found::whole(vec![found.clone()])))
            }
            AccountQuery::OrderLists { is_open, from, page } => {
                Ok(AccountView::Lists(state.order_lists(id, is_open, from, page)))
            }
            AccountQuery::Prevented { symbol, order, from, limit } => {
                let found = state.archive.prevented(id, symbol).filter(|one| {
                    order.is_none_or(|order| one.by.maker == order || one.by.taker == order)
                        && from.is_none_or(|from| one.by.id.get() >= from)
                });
                let items = found.take(limit).copied().collect();
                let reach = state.archive.prevented_forgotten();
                Ok(AccountView::Prevented(Found { items, reach }))
            }
            AccountQuery::Amendments { symbol, order, from, limit } => {
                let found = state.archive.amendments(order).filter(|one| {
                    one.account == id
                        && one.symbol == symbol
                        && from.is_none_or(|from| one.time.micros() >= from)
                });
                let items = found.take(limit).copied().collect();
                // An order that came later than the last evicted amend has lost none of its own.
                let forgotten = state.archive.amendments_forgotten();
                let known = state.order(order).or_else(|| state.archive.order(order));
                let is_later =
                    |forgotten: &Timestamp| known.is_some_and(|order| order.created_at > *forgotten);
                let reach = forgotten.filter(|forgotten| !is_later(forgotten));
                Ok(AccountView::Amendments(Found { items, reach }))
            }
            AccountQuery::ApiKeys => Ok(AccountView::ApiKeys(state.api_keys(id))),
        }
    }
}

impl AccountState {
    /// Returns an order that must be open.
    ///
    /// # Errors
    /// It is not open.
    pub(super) fn standing(&self, id: OrderId) -> Result<&Order, Fault> {
        self.order(id).ok_or_else(|| Fault::new(format!("order {id} is not open")))
    }

    /// Returns an open order.
    pub(super) fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(&id).map(|open| &open.order)
    }

    /// Returns the balance of a ledger account.
    pub(super) fn balance(&self, account: AccountId, asset: AssetId) -> Balance {
        self.accounts.get(&account).map(|account| account.balances.get(asset)).unwrap_or_default()
    }

    /// Returns an order by id or name, open first, then the most recently closed.
    fn find_any(&self, account: AccountId, symbol: SymbolId, order: &OrderRef) -> Result<Order, Reject> {
        let is_meant = |found: &&Order| {
            order.id.is_none_or(|id| id == found.id)
                && order.client_id.is_none_or(|name| name == found.client_id)
        };
        let open_id =
            order.id.or_else(|| order.client_id.and_then(|name| self.orders.named(&(account, name))));
        let open = open_id.and_then(|id| self.order(id));
        let open = open.filter(|found| found.account == account && found.symbol == symbol).filter(is_meant);
        let open = open.filter(|found| !self.is_unannounced(found));
        let closed = || self.archive.orders(account, symbol).filter(is_meant).last();
        open.or_else(closed).cloned().ok_or(Reject::UnknownOrder)
    }

    fn open_orders(&self, account: &Account, symbol: Option<SymbolId>) -> Vec<Order> {
        let open = account.open.iter().filter_map(|id| self.order(*id));
        let is_meant = |order: &&Order| symbol.is_none_or(|symbol| order.symbol == symbol);
        open.filter(is_meant).filter(|order| !self.is_unannounced(order)).cloned().collect()
    }

    fn all_orders(
        &self,
        id: AccountId,
        account: &Account,
        symbol: SymbolId,
        from: Option<OrderId>,
        page: Page,
    ) -> Found<Order> {
        let mut orders = self.open_orders(account, Some(symbol));
        orders.extend(self.archive.orders(id, symbol).cloned());
        orders.retain(|order| from.is_none_or(|from| order.id >= from) && page.admits(order.created_at));
        orders.sort_unstable_by_key(|order| order.id);
        page.cut(orders, from.is_some(), self.archive.orders_forgotten(), |order| order.created_at)
    }

    fn fills(
        &self,
        account: AccountId,
        symbol: SymbolId,
        order: Option<OrderId>,
        from: Option<TradeId>,
        page: Page,
    ) -> Found<Fill> {
        let fills = self.archive.fills(account, symbol).filter(|fill| {
            order.is_none_or(|order| fill.order == order)
                && from.is_none_or(|from| fill.trade >= from)
                && page.admits(fill.time)
        });
        let mut fills: Vec<Fill> = fills.copied().collect();
        fills.sort_by_key(|fill| fill.trade); // stable: both sides of a self-trade stay in order
        page.cut(fills, from.is_some(), self.archive.fills_forgotten(), |fill| fill.time)
    }
}

impl AccountState {
    /// Returns the open lists of an account that are announced.
    fn open_lists(&self, account: AccountId) -> impl Iterator<Item = &OrderList> {
        let announced = self.lists.values().filter(|open| !self.is_list_unannounced(open));
        announced.map(|open| &open.list).filter(move |list| list.account == account)
    }

    fn list_named(&self, account: AccountId, named: &OrderListRef) -> Option<&OrderList> {
        let open = self.open_lists(account);
        let is_meant = |list: &&OrderList| {
            named.id.is_none_or(|id| id == list.id)
                && named.client_id.is_none_or(|name| name == list.client_id)
        };
        // A name may be used again once its list is done: then the open list has it, else the latest.
        self.archive.lists(account).chain(open).filter(is_meant).last()
    }

    fn order_lists(
        &self,
        account: AccountId,
        is_open: bool,
        from: Option<OrderListId>,
        page: Page,
    ) -> Found<OrderList> {
        let open = self.open_lists(account);
        let ended = self.archive.lists(account).filter(|_| !is_open);
        let mut lists: Vec<OrderList> = open.chain(ended).cloned().collect();
        lists.retain(|list| from.is_none_or(|from| list.id >= from) && page.admits(list.created_at));
        lists.sort_unstable_by_key(|list| list.id);
        let forgotten = self.archive.lists_forgotten().filter(|_| !is_open);
        page.cut(lists, from.is_some(), forgotten, |list| list.created_at)
    }
}

impl Page {
    fn admits(&self, time: Timestamp) -> bool {
        self.start.is_none_or(|start| time >= start) && self.end.is_none_or(|end| time <= end)
    }

    /// Cuts the entries found to the limit, and determines whether some of the range may have been evicted.
    fn cut<T>(
        &self,
        mut items: Vec<T>,
        has_start: bool,
        forgotten: Option<Timestamp>,
        started: impl Fn(&T) -> Timestamp,
    ) -> Found<T> {
        let excess = items.len().saturating_sub(self.limit);
        let is_latest = !has_start && self.start.is_none();
        if is_latest {
            items.drain(..excess);
        } else {
            items.truncate(self.limit);
        }
        let reach = forgotten.filter(|forgotten| match self.start {
            Some(start) => start <= *forgotten,
            // A full page of the latest misses nothing if all of it is later than the last evicted entry.
            None => {
                !(is_latest
                    && items.len() == self.limit
                    && items.iter().all(|item| started(item) > *forgotten))
            }
        });
        Found { items, reach }
    }
}
