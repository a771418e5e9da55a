//! What to send for a tape, and what must come of it. Pure: no clock, no network.
//!
//! The book starts as row 0 of the order book file: one order per level, the oldest there, since who queues in it
//! is not known. What the tape later says of an order it never announced is said of that one.

use std::collections::HashMap;

use super::tape::{BookRow, Kind, Level, Message};
use crate::domain::order::Side;

/// The name of an order, at most 36 letters, digits or `-`, unique in a plan.
pub(super) type Name = String;

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
    /// The best bid and ask afterwards.
    pub top: (Option<Level>, Option<Level>),
}

/// What to send for a tape.
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
        let mut planner = Planner::default();
        let mut plan = Self::default();
        let Some((first, row)) = messages.first().zip(book.first()) else { return plan };
        plan.groups.push(Group {
            time_ns: first.time_ns,
            last: 0,
            steps: planner.seed(row),
            top: top_of(book.first()),
        });
        let mut at = 1;
        while let Some(message) = messages.get(at) {
            let until = at + run_length(&messages[at..]);
            let steps = match message.kind {
                Kind::Execution | Kind::HiddenExecution => planner.executions(&messages[at..until]),
                Kind::Submission => planner.submission(message),
                Kind::Reduction | Kind::Deletion => planner.removal(message),
                Kind::Cross | Kind::Halt => Vec::new(),
            };
            let last = until - 1;
            plan.groups.push(Group { time_ns: message.time_ns, last, steps, top: top_of(book.get(last)) });
            at = until;
        }
        plan.out_of_view = planner.out_of_view;
        plan
    }

    /// Returns how many orders, amendments and cancels the plan has.
    pub fn step_count(&self) -> usize {
        self.groups.iter().map(|group| group.steps.len()).sum()
    }
}

fn top_of(row: Option<&BookRow>) -> (Option<Level>, Option<Level>) {
    row.map_or((None, None), |row| (row.bids.first().copied(), row.asks.first().copied()))
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
    total: u64,
    left: u64,
}

#[derive(Debug, Default)]
struct Planner {
    resting: HashMap<Name, Resting>,
    out_of_view: usize,
}

impl Planner {
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
        self.resting.insert(name.clone(), Resting { total: size, left: size });
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
        let seeded = seed_name(message.side, u64::try_from(message.price).ok()?);
        if self.resting.contains_key(&seeded) {
            return Some(seeded);
        }
        self.out_of_view += 1;
        None
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
        let fills: Vec<Fill> = fills.into_iter().map(|(_, fill)| fill).collect();
        let prices = fills.iter().map(|fill| fill.price);
        let side = messages[0].side.opposite();
        let worst = match side {
            Side::Buy => prices.max(),
            Side::Sell => prices.min(),
        };
        let Some(price) = worst else { return Vec::new() };
        let size = fills.iter().map(|fill| fill.size).sum();
        vec![Step::Take { side, price, size, fills }]
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
        assert_eq!(plan.groups[0].top, (Some((100, 50)), Some((101, 40))));
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
        assert_eq!(steps[2], [Step::Take { side: Side::Buy, price: 102, size: 47, fills }]);
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
}
