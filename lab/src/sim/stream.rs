//! Replays private streams: the state derived from events alone must equal the query's (M5, M6).

use std::collections::BTreeMap;

use lightning_exchange::domain::{
    account::{AccountQuery, AccountSlot, AccountView, ExecutionKind, Found, UserEvent, UserEventKind},
    messages::command::Balance,
    orders::Order,
    types::{
        id::{AccountId, AssetId, OrderId},
        time::Timestamp,
    },
};

/// The state derived from one account's events.
#[derive(Debug, Default)]
struct StreamState {
    last_seq: Option<u64>,
    balances: BTreeMap<AssetId, Balance>,
    orders: BTreeMap<OrderId, Order>,
}

/// All accounts that are followed.
#[derive(Debug, Default)]
pub(super) struct Streams(BTreeMap<AccountId, StreamState>);

impl Streams {
    /// Starts following a new account.
    pub(super) fn listen(&mut self, account: AccountId) {
        self.0.insert(account, StreamState::default());
    }

    /// Returns the accounts that are followed.
    pub(super) fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.0.keys().copied()
    }

    /// Applies one event.
    pub(super) fn apply(&mut self, event: &UserEvent) -> Result<(), String> {
        let account = event.account;
        let state = self.0.get_mut(&account);
        let state = state.ok_or_else(|| format!("an event of account {account}, which has no listener"))?;
        if state.last_seq.is_some_and(|last| event.seq != last + 1) {
            return Err(format!("event {} of account {account} follows {:?}", event.seq, state.last_seq));
        }
        state.last_seq = Some(event.seq);
        match &event.kind {
            UserEventKind::Execution(execution) => {
                let order = execution.order.clone();
                if order.account != account {
                    return Err(format!("account {account} received an order of {}", order.account));
                }
                let before = state.orders.get(&order.id);
                let was_accepted = before.is_some_and(|before| !before.awaits_list());
                if execution.kind == ExecutionKind::Rejected && was_accepted {
                    return Err(format!("order {} was announced as accepted, then refused", order.id));
                }
                if before.is_none() && !matches!(execution.kind, ExecutionKind::New | ExecutionKind::Rejected)
                {
                    return Err(format!("the first of order {} is {:?}", order.id, execution.kind));
                }
                if order.status.is_final() {
                    state.orders.remove(&order.id);
                } else {
                    state.orders.insert(order.id, order);
                }
            }
            UserEventKind::List(_) => {}
            UserEventKind::Balances(balances) => state.balances.extend(balances.iter().copied()),
            UserEventKind::Transfer { asset, delta } => {
                let balance = state.balances.entry(*asset).or_default();
                balance.available = balance.available.plus(*delta).map_err(|reject| reject.to_string())?;
            }
        }
        Ok(())
    }

    /// Compares the derived state with the slot's.
    pub(super) fn check(&self, account: AccountId, slot: &AccountSlot) -> Result<(), String> {
        let Some(state) = self.0.get(&account) else { return Ok(()) };
        let ask = |query| slot.query(account, &query, Timestamp::default());
        let Ok(AccountView::Account { balances, .. }) = ask(AccountQuery::Account) else {
            return Err(format!("account {account} is unknown"));
        };
        for (asset, balance) in balances {
            let known = state.balances.get(&asset).copied().unwrap_or_default();
            if known != balance {
                return Err(format!(
                    "account {account}, asset {asset}: the stream says {known:?}, a query {balance:?}"
                ));
            }
        }
        let Ok(AccountView::Orders(Found { items: orders, .. })) =
            ask(AccountQuery::OpenOrders { symbol: None })
        else {
            return Err(format!("account {account} is unknown"));
        };
        let seen = |order: &Order| {
            (
                order.id,
                order.client_id,
                order.quantity,
                order.executed,
                order.executed_quote,
                order.prevented(),
                order.status,
            )
        };
        if !orders.iter().map(seen).eq(state.orders.values().map(seen)) {
            return Err(format!(
                "account {account}: the stream says {:?} are open, a query {:?}",
                state.orders.values().map(seen).collect::<Vec<_>>(),
                orders.iter().map(seen).collect::<Vec<_>>()
            ));
        }
        Ok(())
    }
}
