//! What the server must hold, derived from the clients' logs.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::{
    market::{ASSET_COUNT, MARKETS, Symbol},
    record::{Answer, Kind as OrderType, OrderState, PlaceOrder, Record, Request, SeenFill, Transfer},
    view::{Fill, PublicTrade},
    violation::{Kind, Violation},
};

/// The codes a refusal of a key has.
const KEY_CODES: [i64; 2] = [-2014, -2015];
/// The code of an order that is not there to cancel.
const NO_SUCH_ORDER: i64 = -2011;

/// Counts of requests, fills and trades.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// New orders the server accepted.
    pub orders: u64,
    /// Cancels it accepted.
    pub cancels: u64,
    /// Amends it accepted.
    pub amends: u64,
    /// Transfers it accepted.
    pub transfers: u64,
    /// Fills reported in replies and private streams.
    pub fills_reported: u64,
    /// Public trades reported in streams.
    pub trades_reported: u64,
    /// Refusals.
    pub refused: u64,
    /// Requests whose outcome the client never learned.
    pub unknown: u64,
    /// New orders among them that turned out to exist.
    pub unknown_orders_found: u64,
    /// New orders among them that turned out not to.
    pub unknown_orders_absent: u64,
}

/// An order that was acknowledged, or found, and has not been seen closed by two checks.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) order: OrderState,
    /// A cancel was acknowledged.
    pub(super) cancelled: bool,
    /// A cancel by id was refused because the order is not open.
    pub(super) gone: bool,
    /// The quantity an acknowledged amend left.
    pub(super) qty_most: Option<i64>,
    /// What amends of unknown outcome may have left.
    pub(super) qty_maybe: Vec<i64>,
    /// Quantity and quote amount of fills already checked.
    pub(super) checked: (i128, i128),
}

/// What became of a new order's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Pending,
    Unknown,
    Acknowledged(u64),
    Refused,
}

/// One account.
#[derive(Debug, Clone, Default)]
pub(super) struct Account {
    pub(super) orders: BTreeMap<u64, Known>,
    /// Orders found closed at the last check.
    pub(super) closed: BTreeMap<u64, OrderState>,
    /// New orders since the last check, by name.
    pub(super) places: HashMap<String, (PlaceOrder, Fate)>,
    /// Names amends may have given.
    pub(super) renamed: HashSet<String>,
    /// Fills reported since the last check, with their orders.
    pub(super) fills: BTreeMap<(Symbol, u64), (u64, SeenFill)>,
    /// Fills found at the last check.
    pub(super) recent: HashMap<(Symbol, u64), Fill>,
    /// Free plus locked, after the last check and the transfers since.
    pub(super) balances: [i128; ASSET_COUNT],
    pub(super) transfers_unknown: Vec<Transfer>,
    /// Acknowledged since the last check, with free and locked as answered.
    pub(super) transfers: Vec<(Transfer, i64, i64)>,
    /// The highest order id of the last check.
    pub(super) order_floor: u64,
}

/// Everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) accounts: BTreeMap<u64, Account>,
    /// Sent, and not yet answered.
    in_flight: HashMap<(usize, u64), (u64, Request)>,
    /// Public trades reported since the last check.
    pub(super) trades: BTreeMap<(Symbol, u64), PublicTrade>,
    /// The highest trade id of the last check.
    pub(super) trade_floor: [u64; MARKETS.len()],
    /// Fees found, by asset.
    pub(super) fees: [i128; ASSET_COUNT],
    /// Deposits less withdrawals, by asset.
    pub(super) deposited: [i128; ASSET_COUNT],
    pub(super) counts: Counts,
    /// What the logs alone show to be wrong.
    pub(super) broken: Vec<Violation>,
}

impl Model {
    /// Makes an account known that has nothing yet.
    pub(super) fn add_account(&mut self, id: u64) {
        self.accounts.insert(id, Account::default());
    }

    /// Applies one line of one client's log.
    pub(super) fn apply(&mut self, client: usize, record: Record) {
        match record {
            Record::Invoke { op, account, request, .. } => self.invoked(client, op, account, request),
            Record::Ok { op, answer, .. } => {
                if let Some((account, request)) = self.in_flight.remove(&(client, op)) {
                    self.succeeded(account, &request, answer);
                }
            }
            Record::Refused { op, code, message, .. } => {
                if let Some((account, request)) = self.in_flight.remove(&(client, op)) {
                    self.refused(account, &request, code, &message);
                }
            }
            Record::Info { op, .. } => {
                if let Some((account, request)) = self.in_flight.remove(&(client, op)) {
                    self.unknown(account, request);
                }
            }
            Record::Event { account, order, fill, .. } => self.private_event(account, &order, fill),
            Record::Trade { symbol, trade, price, qty } => self.traded(symbol, trade, (price, qty)),
            Record::Broken { what, .. } => self.broken.push(Violation::new(Kind::Stream, what)),
        }
    }

    /// Requests that were never answered have an unknown outcome too.
    pub(super) fn settle_in_flight(&mut self) {
        let left: Vec<_> = self.in_flight.drain().map(|(_, in_flight)| in_flight).collect();
        for (account, request) in left {
            self.unknown(account, request);
        }
    }

    fn invoked(&mut self, client: usize, op: u64, account: u64, request: Request) {
        let Some(of) = self.accounts.get_mut(&account) else { return };
        match &request {
            Request::Place(place) | Request::Replace { place, .. } => {
                of.places.insert(place.name.clone(), (place.clone(), Fate::Pending));
            }
            Request::Amend { name, .. } => {
                of.renamed.insert(name.clone());
            }
            Request::Cancel { .. } | Request::Transfer(_) => {}
        }
        self.in_flight.insert((client, op), (account, request));
    }

    fn succeeded(&mut self, account: u64, request: &Request, answer: Answer) {
        match (request, answer) {
            (Request::Place(place), Answer::Placed { order, fills }) => {
                self.placed(account, place, order, fills);
            }
            (Request::Cancel { .. }, Answer::Cancelled(order)) => self.cancelled(account, order),
            (Request::Amend { qty, .. }, Answer::Amended(order)) => {
                self.counts.amends += 1;
                if let Some(known) = self.know(account, order) {
                    known.qty_most = Some(known.qty_most.map_or(*qty, |most| most.min(*qty)));
                }
            }
            (Request::Replace { order: id, place }, Answer::Replaced { cancelled, placed }) => {
                match cancelled {
                    Some(order) if order.id == *id => self.cancelled(account, order),
                    Some(order) => self.broken.push(
                        Violation::new(Kind::ChangedOrder, format!("cancelling {id} cancelled {}", order.id))
                            .of(*id, &order.name),
                    ),
                    None => {}
                }
                match placed {
                    Some((order, fills)) => self.placed(account, place, order, fills),
                    None => self.set_fate(account, &place.name, Fate::Refused),
                }
            }
            (Request::Transfer(transfer), Answer::Transferred { free, locked }) => {
                self.transferred(account, transfer.clone(), free, locked);
            }
            (request, answer) => {
                self.broken
                    .push(Violation::new(Kind::Harness, format!("{request:?} was answered with {answer:?}")));
            }
        }
    }

    fn set_fate(&mut self, account: u64, name: &str, fate: Fate) {
        let of = self.accounts.get_mut(&account);
        if let Some((_, now)) = of.and_then(|of| of.places.get_mut(name)) {
            *now = fate;
        }
    }

    /// A new order was acknowledged.
    pub(super) fn placed(
        &mut self,
        account: u64,
        place: &PlaceOrder,
        order: OrderState,
        fills: Vec<SeenFill>,
    ) {
        self.counts.orders += 1;
        self.counts.fills_reported += fills.len() as u64;
        let Some(of) = self.accounts.get_mut(&account) else { return };
        let id = order.id;
        let doubled = |what: String| Violation::new(Kind::DoubledOrder, what).of(id, &place.name);
        if of
            .places
            .get(&place.name)
            .is_some_and(|(_, fate)| matches!(fate, Fate::Acknowledged(other) if *other != id))
        {
            self.broken.push(doubled(format!("account {account}: {} is {id} and another", place.name)));
        }
        let other = of.orders.get(&id).filter(|known| known.order.name != place.name);
        if other.is_some_and(|_| !of.renamed.contains(&order.name)) || id <= of.order_floor {
            self.broken.push(doubled(format!("account {account}: order id {id} was given before")));
        }
        of.places.insert(place.name.clone(), (place.clone(), Fate::Acknowledged(id)));
        let symbol = order.symbol;
        for fill in fills {
            if fill.trade <= self.trade_floor[symbol.0] {
                let what = format!("account {account}: trade id {} of {} again", fill.trade, symbol.name());
                self.broken.push(Violation::new(Kind::DoubledFill, what).of(id, &place.name));
            }
            of.fills.insert((symbol, fill.trade), (id, fill));
        }
        let order = OrderState { price: place.price, buy: place.buy, ..order };
        let is_limit = !matches!(place.kind, OrderType::Market | OrderType::MarketQuote);
        if let Some(known) = self.know(account, order).filter(|_| is_limit) {
            known.qty_most = Some(known.qty_most.map_or(place.qty, |most| most.min(place.qty)));
        }
    }

    fn cancelled(&mut self, account: u64, order: OrderState) {
        self.counts.cancels += 1;
        if let Some(known) = self.know(account, order) {
            known.cancelled = true;
        }
    }

    /// An order is at least as far as this.
    fn know(&mut self, account: u64, order: OrderState) -> Option<&mut Known> {
        let of = self.accounts.get_mut(&account)?;
        if let Some(closed) = of.closed.get(&order.id) {
            // A late report of an order already found closed may only repeat its final state.
            if order.executed > closed.executed || (order.is_final() && order.status != closed.status) {
                let what = format!("account {account}: {closed:?} was closed, and now {order:?}");
                self.broken.push(Violation::new(Kind::ChangedOrder, what).of(order.id, &order.name));
            }
            return None;
        }
        let known = of.orders.entry(order.id).or_insert_with(|| Known::new(order.clone()));
        if order.executed > known.order.executed {
            known.order.executed = order.executed;
            known.order.quote = order.quote;
        }
        if order.is_final() {
            if known.order.is_final() && known.order.status != order.status {
                let what = format!("account {account}: {} ended twice: {order:?}", known.order.status);
                self.broken.push(Violation::new(Kind::ChangedOrder, what).of(order.id, &order.name));
            }
            known.order.status = order.status;
        }
        Some(known)
    }

    fn refused(&mut self, account: u64, request: &Request, code: i64, message: &str) {
        self.counts.refused += 1;
        if KEY_CODES.contains(&code) {
            let what = format!("account {account}: its key is refused: {message}");
            if !self.broken.iter().any(|known| known.what == what) {
                self.broken.push(Violation::new(Kind::LostAccount, what));
            }
        }
        match request {
            Request::Place(place) | Request::Replace { place, .. } => {
                self.set_fate(account, &place.name, Fate::Refused);
            }
            Request::Cancel { order: Some(id), .. } if code == NO_SUCH_ORDER => {
                let of = self.accounts.get_mut(&account);
                if let Some(known) = of.and_then(|of| of.orders.get_mut(id)) {
                    known.gone = true;
                }
            }
            Request::Cancel { .. } | Request::Amend { .. } | Request::Transfer(_) => {}
        }
    }

    fn unknown(&mut self, account: u64, request: Request) {
        self.counts.unknown += 1;
        match request {
            Request::Place(place) | Request::Replace { place, .. } => {
                // A stream may have reported it already.
                let of = self.accounts.get_mut(&account);
                if let Some((_, fate)) = of.and_then(|of| of.places.get_mut(&place.name))
                    && *fate == Fate::Pending
                {
                    *fate = Fate::Unknown;
                }
            }
            Request::Cancel { .. } => {}
            Request::Amend { order, qty, .. } => {
                let of = self.accounts.get_mut(&account);
                if let Some(known) = of.and_then(|of| of.orders.get_mut(&order)) {
                    known.qty_maybe.push(qty);
                }
            }
            Request::Transfer(transfer) => {
                if let Some(of) = self.accounts.get_mut(&account) {
                    of.transfers_unknown.push(transfer);
                }
            }
        }
    }

    /// A transfer was acknowledged.
    pub(super) fn transferred(&mut self, account: u64, transfer: Transfer, free: i64, locked: i64) {
        self.counts.transfers += 1;
        let amount = if transfer.deposit { transfer.amount } else { -transfer.amount };
        self.deposited[transfer.asset.0] += i128::from(amount);
        if let Some(of) = self.accounts.get_mut(&account) {
            of.balances[transfer.asset.0] += i128::from(amount);
            of.transfers.push((transfer, free, locked));
        }
    }

    /// The private stream reported an order.
    fn private_event(&mut self, account: u64, order: &OrderState, fill: Option<SeenFill>) {
        let floor = self.trade_floor[order.symbol.0];
        let Some(of) = self.accounts.get_mut(&account) else { return };
        let place = of.places.get(&order.name);
        let is_maker = place.is_some_and(|(place, _)| place.kind == OrderType::Maker);
        if order.status == "REJECTED" {
            of.orders.remove(&order.id);
            return self.set_fate(account, &order.name, Fate::Refused);
        }
        if is_maker && order.status == "NEW" {
            return; // the book may still refuse it
        }
        if let Some(fill) = fill {
            self.counts.fills_reported += 1;
            let key = (order.symbol, fill.trade);
            if fill.trade > floor {
                of.fills.insert(key, (order.id, fill));
            } else if of.recent.get(&key).is_some_and(|found| found.seen != fill || found.order != order.id) {
                let what = format!("account {account}: a late {fill:?} is not what was found");
                self.broken.push(Violation::new(Kind::WrongFill, what).of(order.id, &order.name));
            }
        }
        // An order closed before the last check may still be reported late; there is nothing to compare it with.
        let Some(of) = self.accounts.get_mut(&account) else { return };
        if order.id > of.order_floor || of.orders.contains_key(&order.id) || of.closed.contains_key(&order.id)
        {
            if let Some((_, fate)) = of.places.get_mut(&order.name)
                && matches!(fate, Fate::Pending | Fate::Unknown)
            {
                *fate = Fate::Acknowledged(order.id);
            }
            self.know(account, order.clone());
        }
    }

    fn traded(&mut self, symbol: Symbol, trade: u64, reported: PublicTrade) {
        self.counts.trades_reported += 1;
        if trade > self.trade_floor[symbol.0] {
            let before = self.trades.insert((symbol, trade), reported);
            if before.is_some_and(|before| before != reported) {
                let what = format!("trade {trade} of {} was reported twice, differently", symbol.name());
                self.broken.push(Violation::new(Kind::WrongFill, what));
            }
        }
    }
}

impl Known {
    pub(super) fn new(order: OrderState) -> Self {
        Self { order, cancelled: false, gone: false, qty_most: None, qty_maybe: Vec::new(), checked: (0, 0) }
    }
}

impl Model {
    /// A transfer asked for again did not answer as it must.
    pub(super) fn transfer_broken(&mut self, account: u64, transfer: &Transfer, what: &str) {
        let what = format!("account {account}: {transfer:?} asked for again: {what}");
        let mut violation = Violation::new(Kind::WrongTransfer, what);
        violation.needles.push(format!("{:?}", transfer.id));
        self.broken.push(violation);
    }

    /// An order asked for again under its key is not the same order.
    pub(super) fn not_idempotent(&mut self, account: u64, place: &PlaceOrder, what: &str) {
        let what = format!("account {account}: {} asked for again: {what}", place.name);
        let mut violation = Violation::new(Kind::NotIdempotent, what);
        violation.needles.push(format!("{:?}", place.name));
        self.broken.push(violation);
    }
}
