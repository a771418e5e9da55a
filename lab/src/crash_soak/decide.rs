//! What a client does next: drawn from its seed, aimed at collisions.

use std::collections::VecDeque;

use lightning_exchange::feed::synthetic::Random;

use super::{
    amount::ONE,
    market::{Asset, MARKETS, Symbol},
    record::{Answer, Kind, PlaceOrder, Request, Transfer},
};

/// New orders of an account between two checks: what the exchange remembers of closed orders is bounded.
const PLACES_MAX: u32 = 280;
/// How many of the newest orders most cancels and amends choose from.
const NEWEST: usize = 4;
/// How many orders of an account may rest before it would rather cancel.
const RESTING_MANY: usize = 24;

/// An order that may rest.
#[derive(Debug, Clone)]
struct Resting {
    symbol: Symbol,
    name: String,
    id: Option<u64>,
    qty: i64,
}

/// What a client knows of one of its accounts.
#[derive(Debug, Default)]
struct Memory {
    resting: VecDeque<Resting>,
    placed: u32,
}

/// Draws what to do.
#[derive(Debug)]
pub(super) struct Decider {
    random: Random,
    prefix: String,
    next: u64,
    idempotency: bool,
    accounts: Vec<(u64, Memory)>,
}

impl Decider {
    /// Decides for these accounts. Names start with the prefix, so that no two clients use the same.
    pub(super) fn new(random: Random, prefix: String, idempotency: bool, accounts: &[u64]) -> Self {
        let accounts = accounts.iter().map(|id| (*id, Memory::default())).collect();
        Self { random, prefix, next: 0, idempotency, accounts }
    }

    /// A check is over: accounts may place again.
    pub(super) fn renew(&mut self) {
        self.accounts.iter_mut().for_each(|(_, memory)| memory.placed = 0);
    }

    /// Draws an account, by its place, and what to ask; none when the account has placed enough.
    pub(super) fn next(&mut self) -> Option<(usize, u64, Request)> {
        let at = self.random.below(self.accounts.len() as u64) as usize;
        let memory = &mut self.accounts[at].1;
        if memory.placed >= PLACES_MAX {
            return None;
        }
        let resting = memory.resting.len();
        let roll = self.random.below(100);
        let request = if resting > RESTING_MANY || (roll < 14 && resting > 0) {
            self.cancel(at)
        } else if roll < 18 && resting > 0 {
            self.replace(at)
        } else if roll < 22 && resting > 0 {
            self.amend(at)
        } else if roll < 24 {
            Some(self.transfer())
        } else {
            self.place(at).map(Request::Place)
        };
        request.map(|request| (at, self.accounts[at].0, request))
    }

    /// Records the outcome of a request.
    pub(super) fn note_outcome(&mut self, at: usize, request: &Request, answer: Option<&Answer>) {
        let Some((_, memory)) = self.accounts.get_mut(at) else { return };
        let order = match answer {
            Some(Answer::Placed { order, .. } | Answer::Replaced { placed: Some((order, _)), .. }) => {
                Some(order)
            }
            _ => None,
        };
        let (Request::Place(place) | Request::Replace { place, .. }) = request else { return };
        let Some(index) = memory.resting.iter().position(|resting| resting.name == place.name) else {
            return;
        };
        match order.filter(|order| !order.is_final()) {
            Some(order) => memory.resting[index].id = Some(order.id),
            None => {
                memory.resting.remove(index);
            }
        }
    }

    fn name(&mut self) -> String {
        self.next += 1;
        format!("{}-{}", self.prefix, self.next)
    }

    fn place(&mut self, at: usize) -> Option<PlaceOrder> {
        if self.accounts[at].1.placed >= PLACES_MAX {
            return None;
        }
        self.accounts[at].1.placed += 1;
        let random = &mut self.random;
        let symbol = Symbol(random.below(MARKETS.len() as u64) as usize);
        let market = symbol.market();
        let buy = random.chance(50);
        let kind = match random.below(100) {
            0..66 => Kind::Gtc,
            66..76 => Kind::Ioc,
            76..84 => Kind::Fok,
            84..92 => Kind::Maker,
            92..97 => Kind::Market,
            _ => Kind::MarketQuote,
        };
        let steps = random.between(0, 6) as i64 - 3;
        // Makers stand off a little, so that most of them are not refused.
        let aside = if kind == Kind::Maker { if buy { -3 } else { 3 } } else { 0 };
        let lots = random.between(1, market.lots_max) as i64;
        let (price, qty) = match kind {
            Kind::Market => (0, market.lot * lots),
            // Enough for a few lots.
            Kind::MarketQuote => {
                (0, (i128::from(market.middle) * i128::from(market.lot * lots * 2) / i128::from(ONE)) as i64)
            }
            _ => (market.middle + market.step * (steps + aside), market.lot * lots),
        };
        let stp = ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"][random.below(4) as usize];
        let response_type = ["FULL", "FULL", "FULL", "RESULT", "ACK"][random.below(5) as usize];
        let keyed = self.idempotency && random.chance(10);
        let name = self.name();
        if matches!(kind, Kind::Gtc | Kind::Maker) {
            let resting = Resting { symbol, name: name.clone(), id: None, qty };
            self.accounts[at].1.resting.push_back(resting);
        }
        Some(PlaceOrder {
            symbol,
            name,
            buy,
            kind,
            price,
            qty,
            stp: stp.to_owned(),
            response_type: response_type.to_owned(),
            keyed,
        })
    }

    /// Draws a resting order; one still in flight has no id yet.
    fn pick(&mut self, at: usize, forget: bool) -> Option<Resting> {
        let resting = &mut self.accounts[at].1.resting;
        let count = resting.len().max(1);
        // The newest are most likely still open, or still in flight.
        let newest = count.saturating_sub(NEWEST);
        let from = if self.random.chance(70) { newest } else { 0 };
        let index = self.random.between(from as u64, count as u64 - 1) as usize;
        if forget { resting.remove(index) } else { resting.get(index).cloned() }
    }

    fn cancel(&mut self, at: usize) -> Option<Request> {
        let picked = self.pick(at, true)?;
        let by_id = self.random.chance(70);
        Some(Request::Cancel { symbol: picked.symbol, order: picked.id.filter(|_| by_id), name: picked.name })
    }

    fn replace(&mut self, at: usize) -> Option<Request> {
        let picked = self.pick(at, true)?;
        let Some(order) = picked.id else {
            return Some(Request::Cancel { symbol: picked.symbol, order: None, name: picked.name });
        };
        let place = self.place(at)?;
        // Both halves are of one symbol: the new half takes the old one's, at its middle.
        let market = picked.symbol.market();
        let lots = self.random.between(1, market.lots_max) as i64;
        let (price, qty) =
            (market.middle + market.step * (self.random.below(5) as i64 - 2), market.lot * lots);
        let place = PlaceOrder { symbol: picked.symbol, kind: Kind::Gtc, price, qty, keyed: false, ..place };
        let resting = &mut self.accounts[at].1.resting;
        resting.retain(|resting| resting.name != place.name);
        resting.push_back(Resting { symbol: place.symbol, name: place.name.clone(), id: None, qty });
        Some(Request::Replace { order, place })
    }

    fn amend(&mut self, at: usize) -> Option<Request> {
        let picked = self.pick(at, false)?;
        let lot = picked.symbol.market().lot;
        let lots = picked.qty / lot;
        let order = picked.id.filter(|_| lots > 1)?;
        let qty = lot * self.random.between(1, lots as u64 - 1) as i64;
        let name = self.name();
        let resting = &mut self.accounts[at].1.resting;
        if let Some(known) = resting.iter_mut().find(|known| known.id == Some(order)) {
            // Its name may have changed; the id has not.
            known.qty = qty;
        }
        Some(Request::Amend { symbol: picked.symbol, order, qty, name })
    }

    fn transfer(&mut self) -> Request {
        let asset = Asset(self.random.below(3) as usize);
        let amount = self.random.between(1, ONE as u64) as i64;
        let deposit = self.random.chance(60);
        Request::Transfer(Transfer { asset, amount, deposit, id: self.name() })
    }
}
