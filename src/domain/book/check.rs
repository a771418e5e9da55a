//! Verifies the invariants that must hold between two commands.

use super::{
    engine::Book,
    ladder::Rung,
    slab::{NEVER, NIL},
};
use crate::domain::{messages::reject::Fault, orders::Side, types::money::Price};

/// The totals of a walk over all orders.
#[derive(Default)]
struct Census {
    orders: usize,
    levels: usize,
    dated: usize,
    digest: u128,
    icebergs: usize,
    icebergs_digest: u128,
}

impl Book {
    /// Verifies the whole book: uncrossed and no level empty (B1, B6), each queue's links, prices, sides and ascending
    /// priorities (B2), level totals (B6), the hidden parts of icebergs, the slab's counts of used and free nodes, the
    /// index of expiries, and the incremental hash against one computed anew. O(n).
    ///
    /// # Errors
    /// The first broken invariant.
    pub fn check(&self) -> Result<(), Fault> {
        self.ladder.check()?;
        let mut census = Census::default();
        for side in Side::BOTH {
            let mut previous: Option<Price> = None;
            for rung in self.rungs(side) {
                let price = self.ladder.price(rung);
                if previous.is_some_and(|previous| price == previous || !side.accepts(previous, price)) {
                    return Err(Fault::new(format!("{side:?} levels out of order at {price:?}")));
                }
                previous = Some(price);
                self.check_level(side, price, rung, &mut census)?;
            }
        }
        self.check_touch()?;
        self.check_census(&census)
    }

    fn check_level(&self, side: Side, price: Price, rung: Rung, census: &mut Census) -> Result<(), Fault> {
        let fault = |what: &str| Err(Fault::new(format!("{side:?} level {price:?}: {what}")));
        let level = &self.ladder[rung];
        let mut total = 0_u64;
        let mut previous = NIL;
        for index in self.queue(rung) {
            let node = &self.orders[index];
            census.orders += 1;
            if census.orders > self.len() {
                return fault("more orders linked than rest");
            }
            if node.prev != previous || node.rung != rung || node.price != price || node.side() != side {
                return fault("an order's links, price or side are wrong");
            }
            if previous != NIL && self.orders[previous].priority() >= node.priority() {
                return fault("priorities do not ascend");
            }
            if node.remaining == 0 || !node.is_live() {
                return fault("an order without lots, or gone");
            }
            total = match total.checked_add(node.remaining) {
                Some(sum) => sum,
                None => return fault("its total overflows"),
            };
            if node.is_iceberg() {
                let Some(iceberg) = self.icebergs.get(index) else {
                    return fault("an iceberg hides nothing");
                };
                let is_whole = node.remaining.checked_add(iceberg.hidden).is_some();
                let is_one = iceberg.hidden > 0 && node.remaining <= iceberg.peak && is_whole;
                if !is_one || iceberg.order != node.order {
                    return fault("the displayed or hidden part of an iceberg is wrong");
                }
                census.icebergs += 1;
                census.icebergs_digest = census.icebergs_digest.wrapping_add(iceberg.digest());
            }
            census.dated += usize::from(node.expiry != NEVER);
            census.digest = census.digest.wrapping_add(node.digest());
            previous = index;
        }
        census.levels += 1;
        if previous == NIL {
            return fault("empty");
        }
        if level.tail != previous {
            return fault("its tail is not its last order");
        }
        if level.total != total {
            return fault(&format!("its total is {}, its orders have {total}", level.total));
        }
        Ok(())
    }

    fn check_touch(&self) -> Result<(), Fault> {
        if let [Some(bid), Some(ask)] = self.best {
            if bid.price >= ask.price {
                return Err(Fault::new(format!("crossed: bid {:?}, ask {:?}", bid.price, ask.price)));
            }
            if self.ladder.above(bid.rung) != Some(ask.rung) {
                return Err(Fault::new("a level between the best bid and the best ask"));
            }
        }
        for touch in self.best.into_iter().flatten() {
            if self.ladder.find(touch.price) != Some(touch.rung) {
                return Err(Fault::new(format!("the touch {:?} is not in the ladder", touch.price)));
            }
        }
        Ok(())
    }

    fn check_census(&self, census: &Census) -> Result<(), Fault> {
        if census.levels != self.ladder.len() {
            return Err(Fault::new(format!("{} levels, {} reached", self.ladder.len(), census.levels)));
        }
        // The maximum number is no invariant: after a bound is lowered, existing orders stay.
        if census.orders != self.len() {
            return Err(Fault::new(format!("{} orders, {} queued", self.len(), census.orders)));
        }
        let (mut free, mut free_len) = (self.orders.first_free(), 0);
        while free != NIL && free_len <= self.orders.used() {
            free = self.orders[free].next;
            free_len += 1;
        }
        if free_len + self.orders.len() + 1 != self.orders.used() {
            return Err(Fault::new("nodes neither used nor free"));
        }
        let (counted, known) = self.expiries.live(&self.orders);
        if counted != census.dated || known != census.dated {
            return Err(Fault::new(format!(
                "{} orders with a date, {known} of {counted} known",
                census.dated
            )));
        }
        if census.icebergs != self.icebergs.len() {
            return Err(Fault::new(format!("{} icebergs, {} queued", self.icebergs.len(), census.icebergs)));
        }
        if census.digest != self.digest || census.icebergs_digest != self.icebergs.digest() {
            return Err(Fault::new("the incremental hash differs from the one computed anew"));
        }
        Ok(())
    }
}
