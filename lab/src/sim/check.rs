//! Checks the whole exchange at once: now and then while messages are in flight, and in full when none are.

use std::collections::BTreeMap;

use lightning_exchange::domain::{
    account::{AccountQuery, AccountView, Totals},
    instruments::symbol::SymbolStatus,
    messages::{command::Balance, reject::Fault},
    orders::{Order, Side},
    types::{
        id::{AssetId, OrderId},
        money::{Amount, Lots},
        time::Timestamp,
    },
};

use super::world::World;

fn text(fault: Fault) -> String {
    fault.to_string()
}

impl World {
    /// Verifies what holds at any moment: every slot's own invariants, the slow ledger's balances, conservation,
    /// and that the public levels are the book's.
    ///
    /// # Errors
    /// The violated rule.
    pub fn check(&self) -> Result<(), String> {
        self.account_slots().try_for_each(|slot| slot.check().map_err(text))?;
        self.symbol_slots().try_for_each(|slot| slot.check().map_err(text))?;
        self.check_public()?;
        self.check_waiting()?;
        self.check_ledger()?;
        self.check_conservation().map(|_| ())
    }

    /// Verifies what holds once nothing is in flight: in addition, every command is answered, nothing waits,
    /// every trade was reported to both sides, open orders are what rests in the books, streams say what queries
    /// say, and the clearing accounts are even.
    ///
    /// # Errors
    /// The violated rule.
    pub fn check_quiet(&self) -> Result<(), String> {
        if !self.is_quiet() {
            return Err("messages are under way".to_owned());
        }
        self.account_slots().try_for_each(|slot| slot.check_quiescent().map_err(text))?;
        if let Some(index) = self.auditor.asked.iter().position(Option::is_some) {
            let asked = &self.auditor.asked[index];
            return Err(format!("command {} was never answered: {asked:?}", index + 1));
        }
        self.auditor.public_trades.check_settled()?;
        self.check_orders()?;
        for account in self.auditor.streams.accounts() {
            self.auditor.streams.check(account, self.account_slot(account))?;
        }
        for (asset, totals) in self.check_conservation()? {
            if !totals.clearing.is_zero() {
                return Err(format!("asset {asset}: {} in clearing at rest", totals.clearing.units()));
            }
        }
        self.check()
    }

    /// No order of a delisted symbol is open; the simulation rests with fewer orders than a tick ends.
    ///
    /// # Errors
    /// The symbol that has one.
    pub fn check_delisted(&self) -> Result<(), String> {
        let delisted = self.instruments().symbols().filter(|spec| spec.status == SymbolStatus::Delisted);
        for spec in delisted {
            let Some(slot) = self.symbol_slot(spec.id) else { continue };
            if slot.book(spec.id).is_some_and(|book| !book.is_empty()) || slot.stop_order_count(spec.id) > 0 {
                return Err(format!("symbol {} is delisted and has open orders", spec.id));
            }
        }
        Ok(())
    }

    /// The public levels are the book's, and so are the counters (M1, M2).
    fn check_public(&self) -> Result<(), String> {
        for spec in self.instruments().symbols() {
            let slot = self.symbol_slot(spec.id);
            let (Some(slot), Some(sheet)) = (slot, self.auditor.public_trades.sheet(spec.id)) else {
                continue;
            };
            let Some(book) = slot.book(spec.id) else { continue };
            for side in Side::BOTH {
                let reported = sheet.image.depth(side, usize::MAX);
                if !book.depth(side).eq(reported.iter().copied()) {
                    return Err(format!("symbol {}: the public {side:?} levels are not the book's", spec.id));
                }
            }
            let counters = Some((sheet.trades(), sheet.image.last_update_id()));
            if slot.counters(spec.id) != counters {
                return Err(format!("symbol {}: counters {counters:?} were reported", spec.id));
            }
        }
        Ok(())
    }

    /// The orders that wait for their triggers are those of the slow list.
    fn check_waiting(&self) -> Result<(), String> {
        for spec in self.instruments().symbols() {
            let Some(slot) = self.symbol_slot(spec.id) else { continue };
            let slow = self.auditor.triggers.get(&spec.id);
            let mut slow: Vec<OrderId> = slow.into_iter().flat_map(|slow| slow.orders()).collect();
            slow.sort_unstable();
            if !slot.stop_orders(spec.id).map(|(order, ..)| order).eq(slow.iter().copied()) {
                return Err(format!("symbol {}: other orders wait than {slow:?}", spec.id));
            }
        }
        Ok(())
    }

    /// Every balance is what the slow ledger says (L1 to L7).
    fn check_ledger(&self) -> Result<(), String> {
        for account in self.auditor.ledger.accounts() {
            let view =
                self.account_slot(account).query(account, &AccountQuery::Account, Timestamp::default());
            let Ok(AccountView::Account { balances, .. }) = view else {
                return Err(format!("account {account} is unknown"));
            };
            let real: BTreeMap<AssetId, Balance> = balances.into_iter().collect();
            let slow = self.auditor.ledger.balances(account);
            for asset in real.keys().chain(slow.keys()) {
                let real = real.get(asset).copied().unwrap_or_default();
                let slow = slow.get(asset).copied().unwrap_or_default();
                if real != slow {
                    return Err(format!(
                        "account {account}, asset {asset}: {real:?}, the slow ledger has {slow:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Nothing is made or lost, what came in is what the world outside lacks, and the fees are the sum of all
    /// fees (L1, L7). Returns the totals over all slots.
    fn check_conservation(&self) -> Result<BTreeMap<AssetId, Totals>, String> {
        let mut all = BTreeMap::new();
        let (fees, supply) = (self.auditor.ledger.fees(), self.auditor.ledger.supply());
        for asset in self.instruments().assets() {
            let mut sum = Totals::default();
            for slot in self.account_slots() {
                let totals = slot.totals(asset.id).map_err(text)?;
                let add = |sum: &mut Amount, part: Amount| sum.plus(part).map(|total| *sum = total);
                add(&mut sum.accounts, totals.accounts)
                    .and_then(|()| add(&mut sum.fees, totals.fees))
                    .and_then(|()| add(&mut sum.clearing, totals.clearing))
                    .and_then(|()| add(&mut sum.external, totals.external))
                    .map_err(|reject| reject.to_string())?;
            }
            if !sum.sum().map_err(text)?.is_zero() {
                return Err(format!("asset {} is not conserved: {sum:?}", asset.id));
            }
            let expected = |sums: &BTreeMap<AssetId, i128>| sums.get(&asset.id).copied().unwrap_or_default();
            if sum.external.units() != -expected(&supply) {
                return Err(format!("asset {}: {sum:?}, but {} came in", asset.id, expected(&supply)));
            }
            if sum.fees.units() != expected(&fees) {
                return Err(format!("asset {}: {sum:?}, but fees were {}", asset.id, expected(&fees)));
            }
            all.insert(asset.id, sum);
        }
        Ok(all)
    }

    /// Open orders, resting orders and the auditor's record name the same orders with the same lots (O1, O9).
    fn check_orders(&self) -> Result<(), String> {
        let (mut resting, mut waiting) = (BTreeMap::new(), BTreeMap::new());
        for spec in self.instruments().symbols() {
            let Some(book) = self.symbol_slot(spec.id).and_then(|slot| slot.book(spec.id)) else { continue };
            for order in Side::BOTH.into_iter().flat_map(|side| book.orders(side)) {
                resting.insert(order.order, (spec.id, order));
            }
            let waits = self.symbol_slot(spec.id).into_iter().flat_map(|slot| slot.stop_orders(spec.id));
            waiting.extend(waits.map(|(order, account, lots)| (order, (spec.id, account, lots))));
        }
        let open: BTreeMap<OrderId, Order> = self
            .account_slots()
            .flat_map(|slot| slot.open_orders())
            .map(|order| (order.id, order.clone()))
            .collect();
        if let Some(order) = resting.keys().chain(waiting.keys()).find(|order| !open.contains_key(order)) {
            return Err(format!("order {order} rests or waits, but is not open"));
        }
        for order in open.values() {
            if order.awaits_list() {
                let is_alive = |other: &Order| other.list() == order.list() && !other.awaits_list();
                if !open.values().any(is_alive) || !order.hold.is_zero() {
                    return Err(format!("{order:?} waits for no order, or holds something"));
                }
                continue;
            }
            if let Some(waits) = waiting.get(&order.id) {
                if (order.symbol, order.account, order.remaining()) != *waits || !order.is_untriggered() {
                    return Err(format!("{order:?} waits as {waits:?}"));
                }
                self.check_track(order)?;
                continue;
            }
            let Some((symbol, rests)) = resting.get(&order.id) else {
                return Err(format!("order {} is open, but does not rest", order.id));
            };
            let here = (order.symbol, order.account, order.side, order.price, order.remaining());
            if here != (*symbol, rests.account, rests.side, rests.price, rests.remaining) {
                return Err(format!("order {order:?} rests as {rests:?}"));
            }
            if (order.handle, order.expires_at()) != (Some(rests.handle), rests.expires_at) {
                return Err(format!("order {} rests at another place or until another date", order.id));
            }
            self.check_track(order)?;
        }
        let tracked = self.auditor.tracks.all_open().map(|(id, _)| id);
        let sent = open.values().filter(|order| !order.awaits_list()).map(|order| order.id);
        if !tracked.eq(sent) {
            return Err("other orders are open than messages said".to_owned());
        }
        Ok(())
    }

    /// An open order has traded what its fills add up to (O2).
    fn check_track(&self, order: &Order) -> Result<(), String> {
        let track = self.auditor.track(order.id)?;
        let Some(spec) = self.instruments().symbol(order.symbol) else {
            return Err(format!("order {} is on an unknown symbol", order.id));
        };
        let quote = track.tick_lots * u128::from(spec.notional_unit);
        let executed = order.executed == Lots::new(track.executed);
        if !executed || u128::try_from(order.executed_quote.units()) != Ok(quote) {
            return Err(format!("{order:?} is not the sum of its fills"));
        }
        Ok(())
    }
}
