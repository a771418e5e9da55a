//! Stores a book as an image, and rebuilds it.
//!
//! Accounts hold handles into the book, and the next order's handle depends on which nodes are free, so a book is
//! stored node by node: an equal book afterwards assigns equal handles. Queues, levels and dates follow from the orders
//! themselves.

use serde::{Deserialize, Serialize};

use super::{
    engine::{Book, BookLimits, Touch},
    iceberg::Iceberg,
    slab::{NEVER, NIL, Node, Slab},
};
use crate::domain::{
    messages::reject::Fault,
    types::{
        id::{AccountId, OrderId},
        money::Price,
    },
};

/// The complete content of a book except its limits, which are configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookImage {
    priority: u64,
    /// The first free node.
    free: u32,
    /// Every node ever used, in order, from node 1 on.
    nodes: Vec<NodeImage>,
    /// The hidden parts of icebergs, in order of their nodes.
    icebergs: Vec<(u32, Iceberg)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum NodeImage {
    Free {
        generation: u32,
        next: u32,
    },
    Live {
        generation: u32,
        order: OrderId,
        account: AccountId,
        price: Price,
        remaining: u64,
        rank: u64,
        /// Plus one; 0 for none.
        expiry: u64,
    },
}

impl Book {
    /// Returns the image of the book.
    pub fn image(&self) -> BookImage {
        let nodes = (NIL + 1..self.orders.used()).map(|index| {
            let node = &self.orders[index];
            let Node { generation, order, account, price, remaining, rank, expiry, next, .. } = *node;
            if node.is_live() {
                let expiry = expiry.wrapping_add(1);
                NodeImage::Live { generation, order, account, price, remaining, rank, expiry }
            } else {
                NodeImage::Free { generation, next }
            }
        });
        let (priority, free) = (self.priority, self.orders.first_free());
        BookImage { priority, free, nodes: nodes.collect(), icebergs: self.icebergs.sorted() }
    }

    /// Rebuilds the book from its image.
    ///
    /// # Errors
    /// The image is not valid: it holds an order twice in a place, sides that cross, or an iceberg that hides nothing.
    pub fn restore(image: &BookImage, limits: BookLimits) -> Result<Self, Fault> {
        let mut book = Self::new(limits);
        book.priority = image.priority;
        let mut live = Vec::new();
        let nodes = image.nodes.iter().map(|node| match *node {
            NodeImage::Free { generation, next } => Node { generation, next, ..Node::default() },
            NodeImage::Live { generation, order, account, price, remaining, rank, expiry } => {
                let expiry = expiry.wrapping_sub(1);
                Node { generation, order, account, price, remaining, rank, expiry, ..Node::default() }
            }
        });
        book.orders = Slab::restore(nodes, image.free)
            .ok_or_else(|| Fault::new("a book's image has a free node that is not one"))?;
        for (node, index) in image.nodes.iter().zip(NIL + 1..) {
            if let NodeImage::Live { price, rank, .. } = *node {
                live.push((price, rank, index));
            }
        }
        for (index, iceberg) in &image.icebergs {
            book.icebergs.set(*index, *iceberg);
        }
        live.sort_unstable();
        for (_, _, index) in live {
            book.queue_up(index)?;
        }
        book.check()?;
        Ok(book)
    }

    /// Appends a restored order to its level's queue.
    fn queue_up(&mut self, index: u32) -> Result<(), Fault> {
        let node = self.orders[index];
        let (side, price) = (node.side(), node.price);
        let rung = self.ladder.reach(price);
        let level = &mut self.ladder[rung];
        let total = level.total.checked_add(node.remaining);
        level.total = total.ok_or_else(|| Fault::new("a level of a book's image overflows"))?;
        let tail = std::mem::replace(&mut level.tail, index);
        if tail == NIL {
            level.head = index;
            self.ladder.occupy(rung);
            let best = &mut self.best[side.index()];
            if best.is_none_or(|touch| !side.accepts(touch.price, price)) {
                *best = Some(Touch { price, rung });
            }
        } else {
            if self.orders[tail].side() != side {
                return Err(Fault::new("a level of a book's image has orders of both sides"));
            }
            self.orders[tail].next = index;
        }
        let node = &mut self.orders[index];
        (node.prev, node.next, node.rung) = (tail, NIL, rung);
        self.digest = self.digest.wrapping_add(node.digest());
        let (expiry, priority) = (node.expiry, node.priority());
        if expiry != NEVER {
            self.expiries.add(expiry, priority, index);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        book::Outcome,
        messages::message::{OrderExtras, SubmitOrder},
        orders::{Policy, Side, StpMode},
        types::{id::SymbolId, money::Lots, random::Random, time::Timestamp},
    };

    fn showing(peak: Option<Lots>) -> Option<Box<OrderExtras>> {
        OrderExtras { peak, ..OrderExtras::NONE }.boxed()
    }

    /// Sends both books the same commands and expects the same events and handles.
    #[test]
    fn a_restored_book_goes_on_as_the_one_it_was_made_of() {
        let mut random = Random::new(7);
        let limits = BookLimits { orders_max: 500, fills_max: 50 };
        let mut books = [Book::new(limits), Book::new(limits)];
        let mut handles = Vec::new();
        for step in 1..20_000_u64 {
            let now = Timestamp::from_micros(step);
            let mut outputs = [Vec::new(), Vec::new()];
            if random.one_in(3) && !handles.is_empty() {
                let (handle, order) = handles.swap_remove(random.below(handles.len() as u64) as usize);
                let removed = [0, 1].map(|index| books[index].cancel(handle, order, &mut outputs[index]));
                assert_eq!(removed[0], removed[1]);
            } else {
                let order = OrderId::new(step);
                let taker_order = SubmitOrder {
                    order,
                    account: AccountId::new(random.below(9)),
                    symbol: SymbolId::new(1),
                    side: if random.one_in(2) { Side::Buy } else { Side::Sell },
                    limit: Price::from_ticks(95 + random.below(10)),
                    lots: Lots::new(1 + random.below(9)),
                    policy: match random.below(3) {
                        0 => Policy::RestUntil(Timestamp::from_micros(step + random.below(90))),
                        _ => Policy::Rest,
                    },
                    stp: StpMode::None,
                    extras: showing(random.one_in(4).then(|| Lots::new(1 + random.below(3)))),
                };
                let outcomes =
                    [0, 1].map(|index| books[index].submit(&taker_order, now, &mut outputs[index]));
                assert_eq!(outcomes[0], outcomes[1]);
                if let Outcome::Rested { handle, .. } = outcomes[0] {
                    handles.push((handle, order));
                }
            }
            for (book, outputs) in books.iter_mut().zip(&mut outputs) {
                book.expire(now, 3, outputs);
            }
            assert_eq!(outputs[0], outputs[1], "step {step}");
            if random.one_in(50) {
                books[1] = Book::restore(&books[0].image(), limits).unwrap();
                assert_eq!(books[0].hash(), books[1].hash());
                assert_eq!(books[0].image(), books[1].image());
            }
        }
        assert!(!books[0].is_empty());
    }

    #[test]
    fn an_image_that_is_not_a_books_is_refused() {
        let live = |generation, price, side, expiry| NodeImage::Live {
            generation,
            order: OrderId::new(1),
            account: AccountId::new(1),
            price: Price::from_ticks(price),
            remaining: 1,
            rank: Node::rank(0, side, false),
            expiry,
        };
        let image = |free, nodes| BookImage { priority: 5, free, nodes, icebergs: Vec::new() };
        let good = image(NIL, vec![live(1, 9, Side::Buy, 0), live(1, 10, Side::Sell, 0)]);
        assert!(Book::restore(&good, BookLimits::default()).is_ok());
        for bad in [
            image(7, vec![live(1, 9, Side::Buy, 0)]),
            image(1, vec![live(1, 9, Side::Buy, 0)]),
            image(NIL, vec![live(1, 11, Side::Buy, 0), live(1, 10, Side::Sell, 0)]),
            image(NIL, vec![live(1, 10, Side::Buy, 0), live(1, 10, Side::Sell, 0)]),
            image(NIL, vec![live(2, 10, Side::Buy, 0)]),
            image(1, vec![NodeImage::Free { generation: 2, next: 1 }]),
        ] {
            assert!(Book::restore(&bad, BookLimits::default()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_image_whose_icebergs_do_not_fit_its_orders_is_refused() {
        let limits = BookLimits::default();
        let mut book = Book::new(limits);
        for (id, peak) in [(1, None), (2, Some(Lots::new(3)))] {
            let taker_order = SubmitOrder {
                order: OrderId::new(id),
                account: AccountId::new(1),
                symbol: SymbolId::new(1),
                side: Side::Buy,
                limit: Price::from_ticks(10),
                lots: Lots::new(8),
                policy: Policy::Rest,
                stp: StpMode::None,
                extras: showing(peak),
            };
            book.submit(&taker_order, Timestamp::default(), &mut Vec::new());
        }
        let good = book.image();
        assert_eq!(Book::restore(&good, limits).unwrap().hash(), book.hash());
        let [(node, iceberg)] = good.icebergs[..] else { panic!("{good:?}") };
        for bad in [
            vec![],
            vec![(node - 1, iceberg)],
            vec![(node, iceberg), (node - 1, iceberg)],
            vec![(node, Iceberg { hidden: 0, ..iceberg })],
            vec![(node, Iceberg { hidden: u64::MAX, ..iceberg })],
            vec![(node, Iceberg { peak: 2, ..iceberg })],
            vec![(node, Iceberg { order: OrderId::new(1), ..iceberg })],
        ] {
            let bad = BookImage { icebergs: bad, ..good.clone() };
            assert!(Book::restore(&bad, limits).is_err(), "{bad:?}");
        }
    }
}
