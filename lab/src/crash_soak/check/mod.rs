//! Compares the server's view with the obligations in the logs, and updates the obligations.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    amount::{product, text},
    market::{Asset, Symbol},
    model::{Account, Fate, Known, Model},
    record::OrderState,
    view::{AccountView, Fill, View},
    violation::{Kind, Violation},
};

/// Checks everything. The model is as the logs left it; it is moved on to this view, so that the next check looks
/// at what is new alone. When something is found the moved model is worthless.
pub(super) fn check(model: &mut Model, view: &View) -> Vec<Violation> {
    let mut found = std::mem::take(&mut model.broken);
    found.extend(view.failed.iter().map(|what| Violation::new(Kind::Harness, what)));
    check_trades(model, view, &mut found);
    check_books(view, &mut found);
    let floors = model.trade_floor;
    let ids: Vec<u64> = model.accounts.keys().copied().collect();
    for id in ids {
        let seen = view.accounts.get(&id);
        match seen.map_or(Some("it was not observed"), |seen| seen.failed.as_deref()) {
            Some(why) => {
                let (orders, fills) =
                    model.accounts.get(&id).map_or((0, 0), |lost| (lost.orders.len(), lost.fills.len()));
                let what = format!(
                    "account {id}: {why}; {orders} acknowledged orders and {fills} fills cannot be looked at"
                );
                found.push(Violation::new(Kind::LostAccount, what));
            }
            None => {
                if let (Some(account), Some(seen)) = (model.accounts.get_mut(&id), seen) {
                    let mut turn = Turn { id, account, seen, found: &mut found };
                    turn.fills(&floors, &mut model.fees);
                    let orders = turn.orders(&mut model.counts);
                    turn.holds();
                    turn.balances();
                    turn.move_on(&orders);
                }
            }
        }
    }
    check_conservation(model, view, &mut found);
    for (symbol, fill) in view.accounts.values().flat_map(|seen| &seen.fills) {
        let floor = &mut model.trade_floor[symbol.0];
        *floor = (*floor).max(fill.seen.trade);
    }
    model.trades.clear();
    found
}

/// Every trade has one buyer and one seller, one maker and one taker, who agree; ids have no gap; public trades
/// are those that happened.
fn check_trades(model: &Model, view: &View, found: &mut Vec<Violation>) {
    let mut sides: BTreeMap<(Symbol, u64), Vec<&Fill>> = BTreeMap::new();
    for (symbol, fill) in view.accounts.values().flat_map(|seen| &seen.fills) {
        sides.entry((*symbol, fill.seen.trade)).or_default().push(fill);
    }
    let mut last = model.trade_floor;
    for ((symbol, trade), fills) in &sides {
        let name = symbol.name();
        let expected = last[symbol.0] + 1;
        last[symbol.0] = *trade;
        if *trade != expected {
            let what = format!("{name}: trade {trade} where {expected} was next");
            found.push(Violation::new(Kind::TradeGap, what));
        }
        let is_pair = match fills.as_slice() {
            [one, other] => {
                one.buyer != other.buyer
                    && one.maker != other.maker
                    && (one.seen.price, one.seen.qty, one.quote)
                        == (other.seen.price, other.seen.qty, other.quote)
            }
            _ => false,
        };
        if !is_pair {
            let mut violation =
                Violation::new(Kind::UnpairedTrade, format!("{name}: trade {trade} has the sides {fills:?}"));
            for fill in fills {
                violation = violation.of(fill.order, "");
            }
            found.push(violation);
        }
    }
    for (key, reported) in model.trades.iter().chain(&view.trades) {
        let (symbol, trade) = (key.0, key.1);
        if trade <= model.trade_floor[symbol.0] {
            continue;
        }
        let fill = sides.get(key).and_then(|fills| fills.first());
        if fill.is_none_or(|fill| (fill.seen.price, fill.seen.qty) != *reported) {
            let what =
                format!("{}: public trade {trade} {reported:?} has the private side {fill:?}", symbol.name());
            found.push(Violation::new(Kind::UnpairedTrade, what));
        }
    }
}

/// The public books are the sums of the open orders.
fn check_books(view: &View, found: &mut Vec<Violation>) {
    if view.accounts.values().any(|seen| seen.failed.is_some()) {
        return;
    }
    let mut sums: BTreeMap<(Symbol, bool, i64), i64> = BTreeMap::new();
    for order in view.accounts.values().flat_map(|seen| &seen.open) {
        *sums.entry((order.symbol, order.buy, order.price)).or_default() += order.remaining();
    }
    for key in sums.keys().chain(view.books.keys().filter(|key| !sums.contains_key(key))) {
        let (open, public) = (sums.get(key), view.books.get(key));
        if open != public {
            let (symbol, is_bid, price) = (key.0.name(), key.1, text(key.2));
            let what = format!("{symbol}, bid {is_bid}, at {price}: open orders {open:?}, book {public:?}");
            found.push(Violation::new(Kind::WrongBook, what));
        }
    }
}

fn check_conservation(model: &Model, view: &View, found: &mut Vec<Violation>) {
    if view.accounts.values().any(|seen| seen.failed.is_some()) {
        return;
    }
    for asset in Asset::all() {
        let held: i128 = (view.accounts.values())
            .map(|seen| i128::from(seen.balances[asset.0].0) + i128::from(seen.balances[asset.0].1))
            .sum();
        let (fees, deposited) = (model.fees[asset.0], model.deposited[asset.0]);
        if held + fees != deposited {
            let (held, fees, deposited) = (text(held), text(fees), text(deposited));
            let what = format!("{}: accounts {held} and fees {fees}, deposited {deposited}", asset.name());
            found.push(Violation::new(Kind::NotConserved, what));
        }
    }
}

/// The check of one account.
struct Turn<'a> {
    id: u64,
    account: &'a mut Account,
    seen: &'a AccountView,
    found: &'a mut Vec<Violation>,
}

/// Quantity and quote amount of new fills by order.
type Sums = HashMap<u64, (i128, i128)>;

impl Turn<'_> {
    fn wrong(&mut self, kind: Kind, order: u64, name: &str, what: &str) {
        let what = format!("account {}, order {order} {name}: {what}", self.id);
        self.found.push(Violation::new(kind, what).of(order, name));
    }

    /// Every reported fill exists exactly once, and each moves the balances.
    fn fills(&mut self, floors: &[u64], fees: &mut [i128]) {
        let mut by_trade: HashMap<(Symbol, u64), &Fill> = HashMap::new();
        for (symbol, fill) in &self.seen.fills {
            let trade = fill.seen.trade;
            if by_trade.insert((*symbol, trade), fill).is_some() || trade <= floors[symbol.0] {
                let what = format!("trade {trade} of {} is there twice", symbol.name());
                self.wrong(Kind::DoubledFill, fill.order, "", &what);
            }
            let market = symbol.market();
            let (base, quote) = (i128::from(fill.seen.qty), i128::from(fill.quote));
            let sign = if fill.buyer { 1 } else { -1 };
            self.account.balances[market.base.0] += sign * base;
            self.account.balances[market.quote.0] -= sign * quote;
            self.account.balances[fill.seen.fee_asset.0] -= i128::from(fill.seen.fee);
            fees[fill.seen.fee_asset.0] += i128::from(fill.seen.fee);
        }
        for ((symbol, trade), (order, reported)) in std::mem::take(&mut self.account.fills) {
            match by_trade.get(&(symbol, trade)) {
                None => {
                    let what = format!("its fill {reported:?} is gone");
                    self.wrong(Kind::LostFill, order, "", &what);
                }
                Some(fill) if fill.seen != reported || fill.order != order => {
                    let what = format!("reported {reported:?}, found {fill:?}");
                    self.wrong(Kind::WrongFill, order, "", &what);
                }
                Some(_) => {}
            }
        }
    }

    /// Every order acknowledged is there and no less far; every order there was asked for; fills add up. Returns
    /// what is there.
    fn orders(&mut self, counts: &mut super::model::Counts) -> HashMap<u64, OrderState> {
        let mut there: HashMap<u64, OrderState> = HashMap::new();
        for order in self.seen.orders.iter().chain(&self.seen.open) {
            there.insert(order.id, order.clone());
        }
        self.names(&there, counts);
        let mut sums = Sums::new();
        for (_, fill) in &self.seen.fills {
            let sum = sums.entry(fill.order).or_default();
            sum.0 += i128::from(fill.seen.qty);
            sum.1 += i128::from(fill.quote);
        }
        let known: Vec<Known> = self.account.orders.values().cloned().collect();
        for known in &known {
            match there.get(&known.order.id) {
                None => {
                    let what = format!("acknowledged as {:?}, and not there", known.order);
                    self.wrong(Kind::LostOrder, known.order.id, &known.order.name, &what);
                }
                Some(now) => self.order(known, now, sums.remove(&now.id).unwrap_or_default()),
            }
        }
        for (order, sum) in sums {
            self.wrong(Kind::WrongFill, order, "", &format!("fills of no order known, {sum:?}"));
        }
        // What was closed at the last check and was asked for again is still what it was.
        let closed: Vec<OrderState> = self.account.closed.values().cloned().collect();
        for before in closed {
            if let Some(now) = there.get(&before.id).filter(|now| **now != before) {
                let what = format!("was closed as {before:?}, is {now:?}");
                self.wrong(Kind::ChangedOrder, before.id, &before.name, &what);
            }
        }
        there
    }

    /// Gives every order there the request it came from, and finds what has none or should not be.
    fn names(&mut self, there: &HashMap<u64, OrderState>, counts: &mut super::model::Counts) {
        let mut new: Vec<&OrderState> =
            there.values().filter(|order| order.id > self.account.order_floor).collect();
        new.sort_by_key(|order| order.id);
        let mut names = HashSet::new();
        for order in new {
            if !names.insert(order.name.as_str()) {
                self.wrong(Kind::DoubledOrder, order.id, &order.name, "its name was given twice");
            }
            let fate = self.account.places.get(&order.name).map(|(_, fate)| *fate);
            match fate {
                Some(Fate::Acknowledged(id)) if id != order.id => {
                    let what = format!("the same request was acknowledged as {id}");
                    self.wrong(Kind::DoubledOrder, order.id, &order.name, &what);
                }
                Some(Fate::Refused) if order.executed > 0 || !order.is_final() => {
                    let what = format!("was refused, and is {order:?}");
                    self.wrong(Kind::GhostOrder, order.id, &order.name, &what);
                }
                Some(Fate::Unknown | Fate::Pending) => {
                    counts.unknown_orders_found += 1;
                    self.account.orders.entry(order.id).or_insert_with(|| Known::new(order.clone()));
                }
                None if !self.account.orders.contains_key(&order.id) => {
                    self.wrong(Kind::GhostOrder, order.id, &order.name, "it was never requested");
                }
                _ => {}
            }
        }
        let absent = |(name, (_, fate)): (&String, &(_, Fate))| {
            matches!(fate, Fate::Unknown | Fate::Pending) && !names.contains(name.as_str())
        };
        counts.unknown_orders_absent +=
            self.account.places.iter().filter(|place| absent(*place)).count() as u64;
    }

    /// One order against what was acknowledged.
    fn order(&mut self, known: &Known, now: &OrderState, sum: (i128, i128)) {
        let reported = &known.order;
        let mut wrong = |kind, what: String| self.wrong(kind, now.id, &now.name, &what);
        if now.executed < reported.executed || now.quote < reported.quote && now.executed <= reported.executed
        {
            wrong(Kind::ChangedOrder, format!("executed went back from {reported:?} to {now:?}"));
        }
        let has_ended_as_reported = now.status == reported.status && now.executed == reported.executed;
        if reported.is_final() && !has_ended_as_reported {
            let kind = if known.cancelled { Kind::LostCancel } else { Kind::ChangedOrder };
            wrong(kind, format!("had ended as {reported:?}, is {now:?}"));
        }
        if known.gone && !now.is_final() {
            wrong(Kind::ChangedOrder, format!("a cancel was refused for it was not open, but it is {now:?}"));
        }
        if (now.status == "FILLED") != (now.remaining() == 0 && now.status != "EXPIRED_IN_MATCH") {
            // An order by quote amount is as large as what it got.
            if now.price != 0 {
                wrong(Kind::ChangedOrder, format!("its status and its quantities disagree: {now:?}"));
            }
        }
        if let Some(most) = known.qty_most
            && now.qty != most
            && !known.qty_maybe.iter().any(|&maybe| maybe == now.qty && maybe < most)
        {
            wrong(Kind::ChangedOrder, format!("an amend left {}, it is {now:?}", text(most)));
        }
        let total = (known.checked.0 + sum.0, known.checked.1 + sum.1);
        if total != (i128::from(now.executed), i128::from(now.quote)) {
            wrong(Kind::WrongFill, format!("its fills add up to {total:?}, it is {now:?}"));
        }
    }

    /// What is locked is what the open orders need.
    fn holds(&mut self) {
        let mut needs = [0_i128; super::market::ASSET_COUNT];
        for order in &self.seen.open {
            let market = order.symbol.market();
            if order.buy {
                needs[market.quote.0] += product(order.price, order.remaining());
            } else {
                needs[market.base.0] += i128::from(order.remaining());
            }
        }
        for asset in Asset::all() {
            let locked = i128::from(self.seen.balances[asset.0].1);
            if locked != needs[asset.0] {
                let (name, locked, needs) = (asset.name(), text(locked), text(needs[asset.0]));
                let what = format!("account {}: {locked} {name} locked, open orders need {needs}", self.id);
                self.found.push(Violation::new(Kind::OrphanHold, what));
            }
        }
    }

    /// Free plus locked is what its history makes it.
    fn balances(&mut self) {
        for asset in Asset::all() {
            let (free, locked) = self.seen.balances[asset.0];
            let (now, expected) = (i128::from(free) + i128::from(locked), self.account.balances[asset.0]);
            if now != expected || free < 0 || locked < 0 {
                let (name, free, locked) = (asset.name(), text(free), text(locked));
                let what = format!(
                    "account {}: {free} {name} free and {locked} locked, {} by its transfers and fills",
                    self.id,
                    text(expected)
                );
                self.found.push(Violation::new(Kind::WrongBalance, what));
            }
        }
    }

    /// What is open stays an obligation, what is closed is remembered until the next check.
    fn move_on(&mut self, there: &HashMap<u64, OrderState>) {
        let account = &mut *self.account;
        account.closed.clear();
        for id in std::mem::take(&mut account.orders).into_keys() {
            let Some(now) = there.get(&id) else { continue };
            if now.is_final() {
                account.closed.insert(id, now.clone());
            } else {
                let checked = (i128::from(now.executed), i128::from(now.quote));
                account
                    .orders
                    .insert(id, Known { qty_most: Some(now.qty), checked, ..Known::new(now.clone()) });
            }
        }
        let orders = there.keys().copied().max().unwrap_or_default();
        account.order_floor = account.order_floor.max(orders);
        account.places.clear();
        account.renamed.clear();
        account.transfers.clear();
        account.transfers_unknown.clear();
        account.recent = (self.seen.fills.iter())
            .map(|(symbol, fill)| ((*symbol, fill.seen.trade), fill.clone()))
            .collect();
    }
}

#[cfg(test)]
mod tests;
