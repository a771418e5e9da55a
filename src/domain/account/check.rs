//! The invariants of a slot, and its state hash.

use std::collections::BTreeMap;

use super::{
    slot::AccountSlot,
    state::{Account, AccountState, Open},
};
use crate::domain::{
    instruments::symbol::SymbolSpec,
    messages::{reject::Fault, standing::AccountStatus},
    orders::{Order, OrderStatus, Side},
    types::{
        hash,
        id::{AccountId, AssetId, OrderId},
        money::Amount,
    },
};

/// The totals of a slot in one asset, for conservation over all slots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Available and held balances of all its accounts.
    pub accounts: Amount,
    /// Fees collected.
    pub fees: Amount,
    /// Net amount transferred to the other side of trades.
    pub clearing: Amount,
    /// The world outside: minus the net amount deposited.
    pub external: Amount,
}

impl AccountSlot {
    /// Verifies every invariant of the slot.
    ///
    /// # Errors
    /// The first broken invariant.
    pub fn check(&self) -> Result<(), Fault> {
        let state = &self.state;
        let mut holds: BTreeMap<(AccountId, AssetId), Amount> = BTreeMap::new();
        let mut open = 0;
        for (id, Open { order, .. }) in state.orders.sorted() {
            let spec = self
                .instruments()
                .symbol(order.symbol)
                .ok_or_else(|| Fault::new("order on unknown symbol"))?;
            check_order(state, id, order, spec)?;
            let held = holds.entry((order.account, spec.paid(order.side).id)).or_default();
            *held = held.plus(order.hold)?;
            open += 1;
        }
        for (id, account) in state.accounts.sorted() {
            for (asset, balance) in account.balances.iter() {
                if balance.available.is_negative() || balance.held.is_negative() {
                    return Err(Fault::new(format!("account {id}: negative balance of asset {asset}")));
                }
                let held = holds.remove(&(id, asset)).unwrap_or_default();
                if held != balance.held {
                    return Err(Fault::new(format!(
                        "account {id}: {} of asset {asset} held, open orders need {}",
                        balance.held.units(),
                        held.units()
                    )));
                }
            }
            let counted: u32 = account.open_by_symbol.iter().map(|(_, count)| count).sum();
            if counted as usize != account.open.len()
                || !account.open.iter().all(|order| state.orders.contains(order))
            {
                return Err(Fault::new(format!("account {id}: its open orders are miscounted")));
            }
            open -= account.open.len();
        }
        if open != 0 || holds.values().any(|held| !held.is_zero()) {
            return Err(Fault::new("an order without its account"));
        }
        let owners = state.keys.values().map(|key| key.account);
        let mut owners = owners.chain(state.logins.values().map(|login| login.account));
        if let Some(account) = owners.find(|account| !state.accounts.contains(account)) {
            return Err(Fault::new(format!("a key or login of account {account}, which does not exist")));
        }
        for asset in self.instruments().assets() {
            if !self.totals(asset.id)?.sum()?.is_zero() {
                return Err(Fault::new(format!(
                    "asset {} is not conserved in slot {}",
                    asset.name(),
                    state.slot.get()
                )));
            }
        }
        Ok(())
    }

    /// Verifies that nothing waits: no order for its book, no command for its answer. True once every message has been
    /// delivered.
    ///
    /// # Errors
    /// Something still waits; the error describes it.
    pub fn check_quiescent(&self) -> Result<(), Fault> {
        let state = &self.state;
        let placing = state.orders.sorted().iter().filter(|(_, open)| open.placing.is_some()).count();
        let waiting = placing + state.pending.len() + state.deferred.len() + state.amending.len();
        if waiting != 0 {
            return Err(Fault::new(format!(
                "slot {}: {waiting} commands wait for an answer",
                state.slot.get()
            )));
        }
        let rests = |order: &Order| order.handle.is_some() || order.status == OrderStatus::ConditionalPending;
        if let Some((id, _)) = state.orders.sorted().into_iter().find(|(_, open)| !rests(&open.order)) {
            return Err(Fault::new(format!("order {id} is open but rests nowhere")));
        }
        Ok(())
    }

    /// Returns the totals of the slot in an asset.
    ///
    /// # Errors
    /// The sum does not fit.
    pub fn totals(&self, asset: AssetId) -> Result<Totals, Fault> {
        let state = &self.state;
        let mut accounts = Amount::ZERO;
        for (_, account) in state.accounts.sorted() {
            let balance = account.balances.get(asset);
            accounts = accounts.plus(balance.available)?.plus(balance.held)?;
        }
        Ok(Totals {
            accounts,
            fees: state.fees.get(asset),
            clearing: state.clearing.get(asset),
            external: state.external.get(asset),
        })
    }

    /// Returns the open orders, by id.
    pub fn open_orders(&self) -> impl Iterator<Item = &Order> {
        self.state.orders.sorted().into_iter().map(|(_, open)| &open.order)
    }

    /// Returns the state hash: a sum over accounts, their balances and requests, orders, names, API keys, logins,
    /// commands in flight, counters and links. Archive, the events of recorded accounts, subscribers and
    /// acknowledgements are not state. A slot without any input hashes to zero, so that it does not matter which empty
    /// slots exist.
    pub fn hash(&self) -> u128 {
        let state = &self.state;
        if state.seq == 0 {
            return 0;
        }
        let slot = u64::from(state.slot.get());
        let counters =
            [slot, state.seq, state.next_order, state.next_account, state.next_list, state.last_command];
        let mut sum = hash::entity(1, &counters);
        let mut add = |hash: u128| sum = sum.wrapping_add(hash);
        add(state.accounts.sum(hash_account));
        add(state.orders.sum(|open| hash::of(4, &open.order).wrapping_add(hash::of(5, &open.placing))));
        add(state.orders.sum_names(|name, order| hash::of(6, &(name, order))));
        for (kind, balances) in [(7, &state.fees), (8, &state.clearing), (9, &state.external)] {
            for (asset, amount) in balances.iter().filter(|(_, amount)| !amount.is_zero()) {
                let [low, high] = hash::words(amount.units());
                add(hash::entity(kind, &[slot, u64::from(asset.get()), low, high]));
            }
        }
        add(state.pending.sum(|command, pending| hash::of(10, &(slot, command, pending))));
        for (order, requests) in &state.deferred {
            add(hash::of(11, &(order, requests)));
        }
        add(state.amending.sum(|order, command| hash::of(12, &(order, command))));
        for (id, list) in &state.lists {
            add(hash::of(17, &(id, list)));
        }
        add(state.list_names.sum(|name, list| hash::of(18, &(name, list))));
        for (account, at) in &state.countdowns {
            add(hash::of(19, &(account, at)));
        }
        add(state.keyed.sum(|command, key| hash::of(13, &(slot, command, key))));
        for key in state.keys.values() {
            add(hash::of(14, key));
        }
        for login in state.logins.values() {
            add(hash::of(41, login));
        }
        for words in state.links.words() {
            add(hash::entity(15, &[slot, words[0], words[1], words[2]]));
        }
        sum
    }
}

/// Hashes an account without its open orders, which are entities of their own.
fn hash_account(id: AccountId, account: &Account) -> u128 {
    let mut sum =
        hash::entity(2, &[id.get(), u64::from(account.tier), account.event_seq, account.updated_at.micros()]);
    let [ten_seconds, ten_seconds_count, day, day_count, unlimited] = account.quota.words();
    let quota = [id.get(), ten_seconds, ten_seconds_count, day, day_count, unlimited];
    sum = sum.wrapping_add(hash::entity(42, &quota));
    for (asset, balance) in account.balances.iter() {
        let [free_low, free_high] = hash::words(balance.available.units());
        let [held_low, held_high] = hash::words(balance.held.units());
        let words = [id.get(), u64::from(asset.get()), free_low, free_high, held_low, held_high];
        sum = sum.wrapping_add(hash::entity(3, &words));
    }
    // Only where there is something to hash, so that an account that never had a subscriber hashes without it.
    if account.marks.recorded {
        sum = sum.wrapping_add(hash::entity(40, &[id.get()]));
    }
    if account.marks.status != AccountStatus::Active {
        sum = sum.wrapping_add(hash::entity(43, &[id.get(), account.marks.status as u64]));
    }
    account.requests.iter().fold(sum, |sum, request| sum.wrapping_add(hash::of(16, &(id, request))))
}

impl Totals {
    /// Returns the sum over all ledger accounts: zero when no units were created or lost.
    ///
    /// # Errors
    /// The sum does not fit.
    pub fn sum(&self) -> Result<Amount, Fault> {
        Ok(self.accounts.plus(self.fees)?.plus(self.clearing)?.plus(self.external)?)
    }
}

fn check_order(state: &AccountState, id: OrderId, order: &Order, spec: &SymbolSpec) -> Result<(), Fault> {
    let broken = |what: &str| Err(Fault::new(format!("order {id}: {what}")));
    if order.status.is_final() || id != order.id || id.slot() != state.slot {
        return broken("is stored in the wrong place");
    }
    if state.orders.named(&(order.account, order.client_id)) != Some(id) {
        return broken("is not found by its client order id");
    }
    // A market order holds a budget and never rests; every other hold follows from the quantity that can still trade.
    // An OCO has one hold, enough for either leg.
    let need = match order.side {
        _ if order.kind.is_market() => order.hold,
        _ if order.awaits_list() || state.is_doomed(order) => Amount::ZERO,
        Side::Buy => spec.notional(order.price, order.remaining())?,
        Side::Sell => spec.base_amount(order.remaining())?,
    };
    if let Some(other_leg) = state.live_other_leg(order) {
        if order.hold.plus(other_leg.hold)? < state.need(order) || order.hold.is_negative() {
            return broken("is a leg of an OCO that holds less than it needs");
        }
        return Ok(());
    }
    if order.hold != need || order.hold.is_negative() {
        return broken("holds more or less than it needs");
    }
    Ok(())
}
