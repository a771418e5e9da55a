//! The invariants of a slot, and its state hash.

use std::collections::BTreeMap;

use super::slot::{AccountSlot, Open, State};
use crate::domain::{
    hash,
    id::{AccountId, AssetId, OrderId},
    money::Amount,
    order::{Order, OrderKind, Side},
    reject::Fault,
    symbol::SymbolSpec,
};

/// What a slot holds of one asset, for conservation over all slots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Free and frozen of all its accounts.
    pub accounts: Amount,
    /// Fees taken.
    pub fees: Amount,
    /// Handed to the other side of trades, net.
    pub clearing: Amount,
    /// The world outside: minus what came in, net.
    pub external: Amount,
}

impl AccountSlot {
    /// Verifies every invariant of the slot.
    ///
    /// # Errors
    /// The first that is broken.
    pub fn check(&self) -> Result<(), Fault> {
        let state = &self.state;
        let mut frozen: BTreeMap<(AccountId, AssetId), Amount> = BTreeMap::new();
        let mut open = 0;
        for (id, Open { order, .. }) in state.orders.sorted() {
            let spec =
                self.catalogue().symbol(order.symbol).ok_or_else(|| Fault::new("order on unknown symbol"))?;
            check_order(state, *id, order, spec)?;
            let held = frozen.entry((order.account, spec.paid(order.side).id)).or_default();
            *held = held.plus(order.hold)?;
            open += 1;
        }
        for (id, account) in state.accounts.sorted() {
            for (asset, balance) in account.balances.iter() {
                if balance.available.is_negative() || balance.frozen.is_negative() {
                    return Err(Fault::new(format!("account {id}: negative balance of asset {asset}")));
                }
                let held = frozen.remove(&(*id, asset)).unwrap_or_default();
                if held != balance.frozen {
                    return Err(Fault::new(format!(
                        "account {id}: {} of asset {asset} frozen, open orders hold {}",
                        balance.frozen.units(),
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
        if open != 0 || frozen.values().any(|held| !held.is_zero()) {
            return Err(Fault::new("an order without its account"));
        }
        for asset in self.catalogue().assets() {
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

    /// Verifies that nothing waits: no order for its book, no command for its answer. True once every message
    /// has been delivered.
    ///
    /// # Errors
    /// What still waits.
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
        if let Some((id, _)) = state.orders.sorted().into_iter().find(|(_, open)| open.order.handle.is_none())
        {
            return Err(Fault::new(format!("order {id} is open but rests nowhere")));
        }
        Ok(())
    }

    /// Returns what the slot holds of an asset.
    ///
    /// # Errors
    /// The sum does not fit.
    pub fn totals(&self, asset: AssetId) -> Result<Totals, Fault> {
        let state = &self.state;
        let mut accounts = Amount::ZERO;
        for (_, account) in state.accounts.sorted() {
            let balance = account.balances.get(asset);
            accounts = accounts.plus(balance.available)?.plus(balance.frozen)?;
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

    /// Returns the state hash: a sum over balances, orders, names, commands in flight, counters and
    /// conversations. Archive, listeners and acknowledgements are not state.
    pub fn hash(&self) -> u128 {
        let state = &self.state;
        let slot = u64::from(state.slot.get());
        let mut sum = hash::entity(1, &[slot, state.next_order, state.next_account]);
        let mut add = |kind: u64, words: &[u64]| sum = sum.wrapping_add(hash::entity(kind, words));
        for (id, account) in state.accounts.sorted() {
            add(2, &[id.get(), u64::from(account.tier), account.event_seq, account.requests.len() as u64]);
            for (asset, balance) in account.balances.iter() {
                let [free_low, free_high] = hash::words(balance.available.units());
                let [held_low, held_high] = hash::words(balance.frozen.units());
                add(3, &[id.get(), u64::from(asset.get()), free_low, free_high, held_low, held_high]);
            }
        }
        for (id, Open { order, placing }) in state.orders.sorted() {
            if let Some(placing) = placing {
                add(10, &[id.get(), placing.command.get(), placing.fills.len() as u64]);
            }
            let [hold_low, hold_high] = hash::words(order.hold.units());
            let [quote_low, quote_high] = hash::words(order.executed_quote.units());
            let handle = order
                .handle
                .map_or(0, |handle| (u64::from(handle.generation) << 32 | u64::from(handle.index)) + 1);
            add(
                4,
                &[
                    id.get(),
                    order.account.get(),
                    order.price.ticks(),
                    order.quantity.get(),
                    order.executed.get(),
                ],
            );
            add(
                5,
                &[
                    id.get(),
                    order.prevented.get(),
                    order.status as u64,
                    handle,
                    hold_low,
                    hold_high,
                    quote_low,
                    quote_high,
                ],
            );
        }
        for ((account, name), order) in state.client_ids.sorted() {
            let mut words = [account.get(), order.get(), 0, 0, 0, 0, 0];
            for (word, chunk) in words[2..].iter_mut().zip(name.as_str().as_bytes().chunks(8)) {
                *word = chunk.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
            }
            add(6, &words);
        }
        for (kind, balances) in [(7, &state.fees), (8, &state.clearing), (9, &state.external)] {
            for (asset, amount) in balances.iter().filter(|(_, amount)| !amount.is_zero()) {
                let [low, high] = hash::words(amount.units());
                add(kind, &[slot, u64::from(asset.get()), low, high]);
            }
        }
        for (command, _) in state.pending.sorted() {
            add(11, &[slot, command.get()]);
        }
        for words in state.links.words() {
            add(12, &[slot, words[0], words[1], words[2]]);
        }
        sum
    }
}

impl Totals {
    /// Returns the sum of all places: zero when nothing was made or lost.
    ///
    /// # Errors
    /// The sum does not fit.
    pub fn sum(&self) -> Result<Amount, Fault> {
        Ok(self.accounts.plus(self.fees)?.plus(self.clearing)?.plus(self.external)?)
    }
}

fn check_order(state: &State, id: OrderId, order: &Order, spec: &SymbolSpec) -> Result<(), Fault> {
    let broken = |what: &str| Err(Fault::new(format!("order {id}: {what}")));
    if order.status.is_final() || id != order.id || id.slot() != state.slot {
        return broken("is filed wrongly");
    }
    if state.client_ids.get(&(order.account, order.client_id)) != Some(&id) {
        return broken("is not found by its client order id");
    }
    // A market order holds a budget and never rests; every other hold follows from what can still trade.
    let need = match (order.kind, order.side) {
        (OrderKind::Market, _) => order.hold,
        (_, Side::Buy) => spec.notional(order.price, order.remaining())?,
        (_, Side::Sell) => spec.base_amount(order.remaining())?,
    };
    if order.hold != need || order.hold.is_negative() {
        return broken("holds more or less than it needs");
    }
    Ok(())
}
