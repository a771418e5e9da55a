//! The audit: the invariants over all slots together, at any position of the journal.

use std::collections::BTreeMap;

use super::Replica;
use crate::domain::{
    account::{AccountSlot, Totals},
    instruments::symbol::SymbolSpec,
    matching::SymbolSlot,
    messages::{
        message::{ToAccount, ToSymbol},
        reject::Fault,
    },
    orders::{Order, Side},
    types::{
        id::{AssetId, OrderId, SymbolId},
        money::Amount,
    },
};

impl Replica {
    /// Verifies every invariant: each slot's own (held balances match open orders, levels are the sums of their orders,
    /// the ledger of a slot sums to zero), conservation over all slots with the trades in flight counted, and that open
    /// orders and the orders in the books are the same.
    ///
    /// # Errors
    /// The first broken invariant, with both sides.
    pub fn check(&self) -> Result<(), Fault> {
        self.account_slots().try_for_each(AccountSlot::check)?;
        self.symbol_slots().try_for_each(SymbolSlot::check)?;
        let under_way = self.check_conservation()?;
        self.check_orders(&under_way)
    }

    /// Returns the totals of the exchange in each asset.
    ///
    /// # Errors
    /// A sum does not fit.
    pub fn totals(&self) -> Result<BTreeMap<AssetId, Totals>, Fault> {
        let mut sums: BTreeMap<AssetId, Totals> = BTreeMap::new();
        for slot in self.account_slots() {
            for asset in self.instruments.assets() {
                let totals = slot.totals(asset.id)?;
                let sum = sums.entry(asset.id).or_default();
                sum.accounts = sum.accounts.plus(totals.accounts)?;
                sum.fees = sum.fees.plus(totals.fees)?;
                sum.clearing = sum.clearing.plus(totals.clearing)?;
                sum.external = sum.external.plus(totals.external)?;
            }
        }
        Ok(sums)
    }

    /// Verifies that clearing equals the other side of trades that are still in flight. Returns the orders that
    /// messages in flight concern.
    fn check_conservation(&self) -> Result<BTreeMap<OrderId, ()>, Fault> {
        let mut clearing: BTreeMap<AssetId, Amount> = BTreeMap::new();
        for (asset, totals) in self.totals()? {
            let sum = totals.sum()?;
            if !sum.is_zero() {
                return Err(Fault::new(format!("asset {asset}: {} units were made or lost", sum.units())));
            }
            clearing.insert(asset, totals.clearing);
        }
        let mut concerned = BTreeMap::new();
        for slot in self.account_slots() {
            for envelope in slot.unapplied() {
                concerned.insert(order_of(&envelope.body), ());
            }
        }
        for slot in self.symbol_slots() {
            for envelope in slot.unapplied() {
                let order = match &envelope.body {
                    ToAccount::TradeExecuted(trade) => {
                        let (order, spec) = self.open(trade.order)?;
                        let quote = spec.notional(trade.price, trade.lots)?;
                        let base = spec.base_amount(trade.lots)?;
                        let (paid, received) = match order.side {
                            Side::Buy => (quote, base),
                            Side::Sell => (base, quote),
                        };
                        let sum = clearing.entry(spec.paid(order.side).id).or_default();
                        *sum = sum.plus(paid)?;
                        let sum = clearing.entry(spec.received(order.side).id).or_default();
                        *sum = sum.minus(received)?;
                        trade.order
                    }
                    ToAccount::OrderUpdated(update) => update.order,
                    ToAccount::CancelRejected(rejected) => rejected.order,
                };
                concerned.insert(order, ());
            }
        }
        match clearing.iter().find(|(_, sum)| !sum.is_zero()) {
            Some((asset, sum)) => Err(Fault::new(format!(
                "asset {asset}: {} units in clearing that no trade in flight accounts for",
                sum.units()
            ))),
            None => Ok(concerned),
        }
    }

    fn open(&self, id: OrderId) -> Result<(&Order, &SymbolSpec), Fault> {
        let slot = self.accounts.get(id.slot().index()).and_then(Option::as_ref);
        let order = slot.and_then(|slot| slot.open_order(id));
        let order = order.ok_or_else(|| Fault::new(format!("trade in flight: order {id} is not open")))?;
        let spec = self.instruments.symbol(order.symbol);
        Ok((order, spec.ok_or_else(|| Fault::new(format!("order {id} on an unknown symbol")))?))
    }

    /// Verifies that every resting order is open in its account's slot with the same remaining quantity, and the
    /// reverse. An order with a message in flight may be ahead on one side.
    fn check_orders(&self, under_way: &BTreeMap<OrderId, ()>) -> Result<(), Fault> {
        let mut resting = 0_u64;
        for slot in self.symbol_slots() {
            for symbol in slot.symbols() {
                let Some(book) = slot.book(symbol) else { continue };
                resting += self.check_stop_orders(slot, symbol, under_way)?;
                for side in Side::BOTH {
                    for order in book.orders(side) {
                        if under_way.contains_key(&order.order) {
                            continue;
                        }
                        let Ok((open, _)) = self.open(order.order) else {
                            return Err(Fault::new(format!(
                                "order {} rests, its account has no such order",
                                order.order
                            )));
                        };
                        let account = (open.account, open.symbol, open.side, open.handle, open.remaining());
                        let book = (order.account, symbol, side, Some(order.handle), order.remaining);
                        if account != book {
                            return Err(Fault::new(format!(
                                "order {}: its account says {account:?}, its book {book:?}",
                                order.order
                            )));
                        }
                        resting += 1;
                    }
                }
            }
        }
        let mut open = 0_u64;
        for slot in self.account_slots() {
            let is_settled = |order: &&Order| !order.awaits_list() && !under_way.contains_key(&order.id);
            let settled = slot.open_orders().filter(is_settled).count();
            open += settled as u64;
        }
        if open != resting {
            return Err(Fault::new(format!("{open} orders are open, {resting} of them rest in a book")));
        }
        Ok(())
    }
}

impl Replica {
    /// Verifies that every order that waits for its trigger waits in its account's slot too. Returns their number.
    fn check_stop_orders(
        &self,
        slot: &SymbolSlot,
        symbol: SymbolId,
        under_way: &BTreeMap<OrderId, ()>,
    ) -> Result<u64, Fault> {
        let mut count = 0;
        for (id, account, lots) in slot.stop_orders(symbol) {
            if under_way.contains_key(&id) {
                continue;
            }
            let Ok((open, _)) = self.open(id) else {
                return Err(Fault::new(format!(
                    "order {id} waits for its trigger, its account has no such order"
                )));
            };
            if !open.is_untriggered()
                || (open.account, open.symbol, open.remaining()) != (account, symbol, lots)
            {
                return Err(Fault::new(format!(
                    "order {id} waits for its trigger, its account says {open:?}"
                )));
            }
            count += 1;
        }
        Ok(count)
    }
}

const fn order_of(body: &ToSymbol) -> OrderId {
    match body {
        ToSymbol::SubmitOrder(submit) => submit.order,
        ToSymbol::CancelOrder(cancel) => cancel.order,
        ToSymbol::AmendOrder(amend) => amend.order,
        ToSymbol::CancelStop(cancel) => cancel.order,
    }
}
