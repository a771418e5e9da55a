//! Plans the orders of a tape and their expected outcome. Pure: no clock, no network.
//!
//! The book starts as row 0 of the order book file: one order per level, the oldest there, since the orders that queue
//! in it are unknown. Later messages of the tape about an order it never announced refer to that one. The same holds
//! for a level that was brought back to the tape's state ([`Planner::level_reset`]).

use std::collections::HashMap;

use lightning_exchange::domain::orders::Side;

use super::tape::{BookRow, Kind, Level, Message};

/// The name of an order, at most 36 letters, digits or `-`, unique in a plan.
pub type Name = String;

/// One fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// In 1/10000 dollar.
    pub price: u64,
    /// In shares.
    pub size: u64,
}

/// One order to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Rest a limit order.
    Rest {
        /// Its name.
        name: Name,
        /// Its side.
        side: Side,
        /// In 1/10000 dollar.
        price: u64,
        /// In shares.
        size: u64,
    },
    /// Lower an order's total quantity, keeping its place.
    Amend {
        /// Which order.
        name: Name,
        /// What it was for in all, after the change.
        total: u64,
    },
    /// Cancel an order.
    Cancel {
        /// Which order.
        name: Name,
    },
    /// Trade at once, to this price and no further.
    Take {
        /// The side of the aggressor.
        side: Side,
        /// The worst price.
        price: u64,
        /// The sum of the fills.
        size: u64,
        /// What it must fill, in order.
        fills: Vec<Fill>,
        /// The orders it must fill, one for each fill.
        makers: Vec<Name>,
    },
}

/// What belongs together: one message, or all executions of one aggressor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Nanoseconds after midnight.
    pub time_ns: u64,
    /// The index of its last message in the tape.
    pub last: usize,
    /// What to send.
    pub steps: Vec<Step>,
    /// The book afterwards, as many levels as were read.
    pub row: BookRow,
}

impl Group {
    /// Returns the best bid and ask afterwards.
    pub fn top(&self) -> (Option<Level>, Option<Level>) {
        (self.row.bids.first().copied(), self.row.asks.first().copied())
    }
}

/// The plan of a tape.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// In the order of the tape; the first one seeds the book.
    pub groups: Vec<Group>,
    /// Messages about orders that were never in view, which have no effect.
    pub out_of_view: usize,
}

impl Plan {
    /// Plans a tape; `book` holds the row after each message.
    pub fn new(messages: &[Message], book: &[BookRow]) -> Self {
        let mut planner = Planner::new(messages, book);
        let groups = std::iter::from_fn(|| planner.next_group()).collect();
        Self { groups, out_of_view: planner.out_of_view() }
    }

    /// Returns how many orders, amendments and cancels the plan has.
    pub fn step_count(&self) -> usize {
        self.groups.iter().map(|group| group.steps.len()).sum()
    }
}

/// One aggressor's executions carry one time and one direction, hidden ones among them; all else stands alone.
fn run_length(messages: &[Message]) -> usize {
    let is_execution = |message: &Message| matches!(message.kind, Kind::Execution | Kind::HiddenExecution);
    let first = &messages[0];
    if !is_execution(first) {
        return 1;
    }
    messages
        .iter()
        .take_while(|next| is_execution(next) && next.time_ns == first.time_ns && next.side == first.side)
        .count()
}

#[derive(Debug)]
struct Resting {
    side: Side,
    price: u64,
    total: u64,
    left: u64,
}

/// Plans a tape group by group, so that the outcome of one can correct the next.
#[derive(Debug)]
pub struct Planner<'a> {
    messages: &'a [Message],
    book: &'a [BookRow],
    /// The first message that is not planned yet.
    at: usize,
    resting: HashMap<Name, Resting>,
    out_of_view: usize,
    /// How often levels were reset, which names the orders that stand for them.
    resets: usize,
}

impl<'a> Planner<'a> {
    /// Starts before the first message; `book` holds the row after each.
    pub fn new(messages: &'a [Message], book: &'a [BookRow]) -> Self {
        Self { messages, book, at: 0, resting: HashMap::new(), out_of_view: 0, resets: 0 }
    }

    /// Returns how many messages so far were about orders that were never in view.
    pub const fn out_of_view(&self) -> usize {
        self.out_of_view
    }

    /// Returns how many messages are left.
    pub const fn left(&self) -> usize {
        self.messages.len() - self.at
    }

    /// Plans the next group; the first one seeds the book.
    pub fn next_group(&mut self) -> Option<Group> {
        let message = self.messages.get(self.at)?;
        let (until, steps) = if self.at == 0 {
            let row = self.book.first()?;
            (1, self.seed(row))
        } else {
            let until = self.at + run_length(&self.messages[self.at..]);
            let steps = match message.kind {
                Kind::Execution | Kind::HiddenExecution => self.executions(&self.messages[self.at..until]),
                Kind::Submission => self.submission(message),
                Kind::Reduction | Kind::Deletion => self.removal(message),
                Kind::Cross | Kind::Halt => Vec::new(),
            };
            (until, steps)
        };
        self.at = until;
        let last = until - 1;
        let row = self.book.get(last).cloned().unwrap_or_default();
        Some(Group { time_ns: message.time_ns, last, steps, row })
    }

    /// Notes that all orders at a price were taken back and one of `size` rests there instead; returns its name. With a
    /// size of 0 nothing does.
    pub fn level_reset(&mut self, side: Side, price: u64, size: u64) -> Option<Name> {
        self.resting.retain(|_, order| (order.side, order.price) != (side, price));
        if size == 0 {
            return None;
        }
        self.resets += 1;
        let name = format!("{}-{}", seed_name(side, price), self.resets);
        self.resting.insert(name.clone(), Resting { side, price, total: size, left: size });
        Some(name)
    }

    fn seed(&mut self, row: &BookRow) -> Vec<Step> {
        let sides = [(Side::Buy, &row.bids), (Side::Sell, &row.asks)];
        let mut steps = Vec::new();
        for (side, levels) in sides {
            for &(price, size) in levels {
                steps.push(self.rest(seed_name(side, price), side, price, size));
            }
        }
        steps
    }

    fn rest(&mut self, name: Name, side: Side, price: u64, size: u64) -> Step {
        self.resting.insert(name.clone(), Resting { side, price, total: size, left: size });
        Step::Rest { name, side, price, size }
    }

    fn submission(&mut self, message: &Message) -> Vec<Step> {
        match u64::try_from(message.price) {
            Ok(price) if message.size > 0 => {
                vec![self.rest(order_name(message.order), message.side, price, message.size)]
            }
            _ => Vec::new(),
        }
    }

    /// The order meant: the announced one, else the seeded one at its price.
    fn find(&mut self, message: &Message) -> Option<Name> {
        let announced = order_name(message.order);
        if self.resting.contains_key(&announced) {
            return Some(announced);
        }
        let price = u64::try_from(message.price).ok()?;
        let seeded = seed_name(message.side, price);
        if self.resting.contains_key(&seeded) {
            return Some(seeded);
        }
        // A level is reset at most once between two of its messages, so there is one such order.
        let reset = format!("{seeded}-");
        let found = self.resting.keys().find(|name| name.starts_with(&reset)).cloned();
        if found.is_none() {
            self.out_of_view += 1;
        }
        found
    }

    fn removal(&mut self, message: &Message) -> Vec<Step> {
        let Some(name) = self.find(message) else { return Vec::new() };
        let Some(order) = self.resting.get_mut(&name) else { return Vec::new() };
        if order.left <= message.size {
            self.resting.remove(&name);
            return vec![Step::Cancel { name }];
        }
        order.left -= message.size;
        order.total -= message.size;
        vec![Step::Amend { total: order.total, name }]
    }

    fn executions(&mut self, messages: &[Message]) -> Vec<Step> {
        let mut fills: Vec<(Name, Fill)> = Vec::new();
        for message in messages.iter().filter(|message| message.kind == Kind::Execution) {
            let Some(name) = self.find(message) else { continue };
            let Some(order) = self.resting.get_mut(&name) else { continue };
            let size = message.size.min(order.left);
            order.left -= size;
            if order.left == 0 {
                self.resting.remove(&name);
            }
            let price = u64::try_from(message.price).unwrap_or_default();
            match fills.last_mut() {
                // Several anonymous orders of a seeded level are one order here, and fill once.
                Some((last, fill)) if *last == name => fill.size += size,
                _ => fills.push((name, Fill { price, size })),
            }
        }
        let (makers, fills): (Vec<Name>, Vec<Fill>) = fills.into_iter().unzip();
        let prices = fills.iter().map(|fill| fill.price);
        let side = messages[0].side.opposite();
        let worst = match side {
            Side::Buy => prices.max(),
            Side::Sell => prices.min(),
        };
        let Some(price) = worst else { return Vec::new() };
        let size = fills.iter().map(|fill| fill.size).sum();
        vec![Step::Take { side, price, size, fills, makers }]
    }
}

fn order_name(order: u64) -> Name {
    format!("L{order}")
}

fn seed_name(side: Side, price: u64) -> Name {
    match side {
        Side::Buy => format!("SB{price}"),
        Side::Sell => format!("SS{price}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(time_ns: u64, kind: Kind, order: u64, size: u64, price: i64, side: Side) -> Message {
        Message { time_ns, kind, order, size, price, side }
    }

    fn rows(count: usize) -> Vec<BookRow> {
        let row = BookRow { bids: vec![(100, 50), (99, 10)], asks: vec![(101, 40)] };
        vec![row; count]
    }

    fn plan(messages: &[Message]) -> Vec<Vec<Step>> {
        let first = message(1, Kind::Submission, 1, 1, 100, Side::Buy);
        let tape: Vec<Message> = [first].into_iter().chain(messages.iter().copied()).collect();
        Plan::new(&tape, &rows(tape.len())).groups.into_iter().skip(1).map(|group| group.steps).collect()
    }

    #[test]
    fn the_first_row_seeds_one_order_a_level_and_message_0_is_in_it() {
        let first = message(1, Kind::Submission, 1, 1, 100, Side::Buy);
        let plan = Plan::new(&[first], &rows(1));
        let names: Vec<_> = plan.groups[0]
            .steps
            .iter()
            .map(|step| match step {
                Step::Rest { name, size, .. } => (name.as_str(), *size),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(names, [("SB100", 50), ("SB99", 10), ("SS101", 40)]);
        assert_eq!(plan.groups.len(), 1);
        assert_eq!(plan.groups[0].top(), (Some((100, 50)), Some((101, 40))));
    }

    #[test]
    fn deletions_inside_a_seeded_level_amend_it_down_and_the_last_cancels_it() {
        let steps = plan(&[
            message(2, Kind::Deletion, 77, 20, 100, Side::Buy),
            message(3, Kind::Reduction, 78, 10, 100, Side::Buy),
            message(4, Kind::Deletion, 79, 20, 100, Side::Buy),
        ]);
        let name = || "SB100".to_owned();
        assert_eq!(steps[0], [Step::Amend { name: name(), total: 30 }]);
        assert_eq!(steps[1], [Step::Amend { name: name(), total: 20 }]);
        assert_eq!(steps[2], [Step::Cancel { name: name() }]);
    }

    #[test]
    fn executions_of_one_moment_are_one_aggressor() {
        let steps = plan(&[
            message(2, Kind::Submission, 7, 5, 101, Side::Sell),
            message(3, Kind::Submission, 8, 6, 102, Side::Sell),
            message(4, Kind::Execution, 70, 25, 101, Side::Sell),
            message(4, Kind::HiddenExecution, 0, 9, 101, Side::Sell),
            message(4, Kind::Execution, 71, 15, 101, Side::Sell),
            message(4, Kind::Execution, 7, 5, 101, Side::Sell),
            message(4, Kind::Execution, 8, 2, 102, Side::Sell),
            message(5, Kind::Reduction, 8, 3, 102, Side::Sell),
        ]);
        let fills =
            vec![Fill { price: 101, size: 40 }, Fill { price: 101, size: 5 }, Fill { price: 102, size: 2 }];
        let makers = ["SS101", "L7", "L8"].map(str::to_owned).to_vec();
        assert_eq!(steps[2], [Step::Take { side: Side::Buy, price: 102, size: 47, fills, makers }]);
        // Two of six are gone by trade, so three more leave a total of three of which one rests.
        assert_eq!(steps[3], [Step::Amend { name: "L8".to_owned(), total: 3 }]);
    }

    #[test]
    fn other_times_and_directions_are_other_aggressors() {
        let steps = plan(&[
            message(4, Kind::Execution, 70, 1, 101, Side::Sell),
            message(4, Kind::Execution, 80, 1, 100, Side::Buy),
            message(5, Kind::Execution, 80, 1, 100, Side::Buy),
            message(6, Kind::Halt, 0, 0, -1, Side::Sell),
        ]);
        assert_eq!(steps.len(), 4);
        assert!(steps[3].is_empty());
    }

    #[test]
    fn orders_never_in_view_have_no_effect() {
        let first = message(1, Kind::Submission, 1, 1, 100, Side::Buy);
        let far = message(2, Kind::Deletion, 5, 10, 42, Side::Buy);
        let plan = Plan::new(&[first, far], &rows(2));
        assert!(plan.groups[1].steps.is_empty());
        assert_eq!(plan.out_of_view, 1);
    }

    #[test]
    fn after_a_reset_messages_about_the_level_apply_to_its_placeholder() {
        let tape = [
            message(1, Kind::Submission, 1, 1, 100, Side::Buy),
            message(2, Kind::Submission, 7, 5, 101, Side::Sell),
            message(3, Kind::Execution, 7, 5, 101, Side::Sell),
            message(4, Kind::Deletion, 8, 3, 101, Side::Sell),
            message(5, Kind::Deletion, 9, 3, 101, Side::Sell),
        ];
        let rows = rows(tape.len());
        let mut planner = Planner::new(&tape, &rows);
        planner.next_group().unwrap();
        planner.next_group().unwrap();
        let name = planner.level_reset(Side::Sell, 101, 11).unwrap();
        let group = planner.next_group().unwrap();
        let fills = vec![Fill { price: 101, size: 5 }];
        let makers = vec![name.clone()];
        assert_eq!(group.steps, [Step::Take { side: Side::Buy, price: 101, size: 5, fills, makers }]);
        assert_eq!(planner.next_group().unwrap().steps, [Step::Amend { name: name.clone(), total: 8 }]);
        assert_eq!(planner.next_group().unwrap().steps, [Step::Cancel { name }]);
        assert_eq!(planner.level_reset(Side::Sell, 101, 0), None);
        assert_eq!((planner.left(), planner.out_of_view()), (0, 0));
    }
}
