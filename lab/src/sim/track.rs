//! The history of each order, derived from the messages alone.

use lightning_exchange::domain::{
    messages::message::{OrderChange, OrderUpdated, SubmitOrder, TradeExecuted},
    orders::{CloseReason, Fill, NewOrder, Order, OrderStatus, OrderType, Policy, Side, StpMode, Trigger},
    types::{
        id::{AccountId, OrderId, SymbolId},
        money::{Price, Rate},
        table::Table,
        time::Timestamp,
    },
};

use super::auditor::expect;

/// The state of one order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Track {
    pub(super) account: AccountId,
    pub(super) symbol: SymbolId,
    pub(super) side: Side,
    pub(super) kind: OrderType,
    /// What it waits for, and the other order of its pair.
    pub(super) trigger: Option<Trigger>,
    pair: Option<OrderId>,
    /// How far from the trade that triggers it a market order may trade.
    collar: Option<Rate>,
    limit: Price,
    lots: u64,
    budget: Option<u128>,
    is_by_quote: bool,
    policy: Policy,
    stp: StpMode,
    expires_at: Option<Timestamp>,
    pub(super) executed: u64,
    /// What it traded for, in ticks × lots.
    pub(super) tick_lots: u128,
    pub(super) prevented: u64,
    pub(super) reduced: u64,
    /// Fills as taker.
    fills: u32,
    pub(super) rests: bool,
    waits: bool,
    was_triggered: bool,
    pub(super) is_over: bool,
    pub(super) is_cancelled: bool,
}

impl Track {
    fn left(&self) -> Option<u64> {
        self.lots.checked_sub(self.executed)?.checked_sub(self.prevented)?.checked_sub(self.reduced)
    }

    pub(super) fn prevents_self_trade(&self) -> bool {
        self.stp != StpMode::None
    }

    /// Notes that its book triggers it at this price.
    pub(super) fn fired(&mut self, last: Option<Price>) {
        if let (Some(collar), Some(last)) = (self.collar, last) {
            self.limit = self.side.collar(collar, last);
        }
    }

    /// Returns whether it was traded to its last lot.
    pub(super) fn is_filled(&self) -> bool {
        self.is_over
            && self.executed > 0
            && (self.left() == Some(0) || self.is_by_quote)
            && !self.is_cancelled
    }

    /// Checks one side of a trade (O1, O3, O4, O5, O10, B5, B9).
    pub(super) fn traded(&mut self, trade: &TradeExecuted, fills_max: u32) -> Result<(), String> {
        let describe = |what: &str| format!("trade {} of order {}: {what}", trade.trade, trade.order);
        let judge = |holds: bool, what: &str| if holds { Ok(()) } else { Err(describe(what)) };
        judge(trade.symbol == self.symbol, "on another symbol")?;
        judge(!trade.lots.is_zero(), "of nothing")?;
        judge(self.side.accepts(self.limit, trade.price), "beyond its limit")?;
        judge(self.expires_at.is_none_or(|end| trade.time < end), "after its date")?;
        judge(trade.is_maker == self.rests, "a maker that did not rest, or a taker that did")?;
        judge(!self.waits && self.was_triggered == self.trigger.is_some(), "before it was triggered")?;
        self.executed += trade.lots.get();
        self.tick_lots += u128::from(trade.price.ticks()) * u128::from(trade.lots.get());
        judge(self.budget.is_none_or(|budget| self.tick_lots <= budget), "beyond its budget")?;
        judge(self.left() == Some(trade.remaining.get()), "what remains does not add up")?;
        if !trade.is_maker {
            self.fills += 1;
            judge(self.fills <= fills_max, "more fills than one command may make")?;
            judge(self.policy != Policy::PostOnly, "post-only took")?;
        }
        let spent = self.is_by_quote && !trade.is_maker;
        judge(trade.is_filled || !trade.remaining.is_zero(), "nothing remains, but it is not filled")?;
        judge(!trade.is_filled || trade.remaining.is_zero() || spent, "filled, but something remains")?;
        if trade.is_filled {
            self.is_over = true;
        }
        Ok(())
    }

    /// Checks every other change of an order that a book reports.
    pub(super) fn updated(&mut self, update: &OrderUpdated) -> Result<(), String> {
        let describe = |what: &str| format!("order {}: {:?}: {what}", update.order, update.change);
        let judge = |holds: bool, what: &str| if holds { Ok(()) } else { Err(describe(what)) };
        match update.change {
            OrderChange::Accepted { .. } => {
                judge(!self.rests, "accepted twice")?;
                let may_rest = !matches!(self.policy, Policy::Immediate | Policy::FillOrKill);
                judge(may_rest && !self.kind.is_market(), "it may not rest")?;
                judge(self.was_triggered == self.trigger.is_some(), "before it was triggered")?;
                judge(self.expires_at.is_none_or(|end| update.time < end), "its date has passed")?;
                self.rests = true;
            }
            OrderChange::Ended { remaining, reason } => {
                judge(self.left() == Some(remaining.get()), "what remains does not add up")?;
                self.ended(update, reason).map_err(|what| describe(&what))?;
                self.is_over = true;
                self.is_cancelled = reason == CloseReason::ListCancelled;
            }
            OrderChange::Cancelled { remaining, .. } => {
                judge(self.left() == Some(remaining.get()), "what remains does not add up")?;
                judge(self.rests || self.waits, "it is neither here nor there")?;
                self.is_over = true;
                self.is_cancelled = true;
            }
            OrderChange::Prevented { lots, ends, .. } => {
                self.prevented += lots.get();
                judge(self.left().is_some() && !lots.is_zero(), "prevented more than is left")?;
                judge(!ends || self.left() == Some(0), "ended by a prevention with something left")?;
                self.is_over = ends;
            }
            OrderChange::Untriggered => {
                let may_wait = self.trigger.is_some() && !self.was_triggered && !self.waits;
                judge(may_wait, "it waits for nothing, or does already")?;
                self.waits = true;
            }
            OrderChange::Triggered => {
                judge(self.waits, "it did not wait")?;
                (self.waits, self.was_triggered) = (false, true);
            }
            OrderChange::Reduced { lots, .. } => {
                self.reduced += lots.get();
                judge(self.rests && self.left().is_some_and(|left| left > 0), "reduced to nothing")?;
            }
        }
        if self.is_over && self.policy == Policy::FillOrKill {
            judge(self.executed == 0 || self.executed == self.lots, "fill-or-kill filled in part")?;
        }
        Ok(())
    }

    fn ended(&self, update: &OrderUpdated, reason: CloseReason) -> Result<(), String> {
        let untouched = self.executed == 0 && self.prevented == 0;
        let is_of_pair = self.pair.is_some() && self.executed == 0;
        match reason {
            CloseReason::WouldTake => {
                expect(self.policy == Policy::PostOnly && untouched, "it was not post-only, or traded")
            }
            CloseReason::Killed => {
                expect(self.policy == Policy::FillOrKill && untouched, "it was not fill-or-kill, or traded")
            }
            CloseReason::GoodTillDate => {
                expect(self.expires_at.is_some_and(|end| end <= update.time), "before its date")
            }
            CloseReason::SelfTrade => Ok(()), // the other order's mode may have ended it
            CloseReason::Unfilled => expect(!self.rests && self.policy == Policy::Immediate, "it may rest"),
            CloseReason::Collar => expect(self.budget.is_some(), "it has no budget"),
            CloseReason::FillLimit | CloseReason::BookFull => expect(!self.rests, "it rests"),
            CloseReason::WouldTrigger => {
                let never_waited = self.trigger.is_some() && !self.waits && !self.was_triggered;
                expect(never_waited && untouched, "it waited or was triggered")
            }
            CloseReason::ListRefused | CloseReason::OtherLeg | CloseReason::ListCancelled => {
                expect(is_of_pair, "it has no sibling, or traded")
            }
            CloseReason::MarketClosed => {
                let arrives = !self.rests && !self.waits && self.executed == 0;
                // A leg that was here ends with the one that arrives at the closed market.
                expect(arrives || is_of_pair, "it was in its book already")
            }
            CloseReason::Delisted => Ok(()),
            CloseReason::NoReference
            | CloseReason::Cancelled
            | CloseReason::WorkingEnded
            | CloseReason::PendingRefused => Err("the book never says so".to_owned()),
        }
    }
}

/// Every order that went to a book.
#[derive(Debug, Default)]
pub(super) struct Tracks(Table<OrderId, Track>);

impl Tracks {
    pub(super) fn add(&mut self, submit: &SubmitOrder, order: &Order) -> Result<(), String> {
        let special = submit.extras();
        let track = Track {
            account: submit.account,
            symbol: submit.symbol,
            side: submit.side,
            kind: order.kind,
            trigger: order.trigger(),
            pair: special.pair,
            collar: special.condition.and_then(|condition| condition.collar),
            limit: submit.limit,
            lots: submit.lots.get(),
            budget: special.budget,
            is_by_quote: special.by_quote,
            policy: submit.policy,
            stp: submit.stp,
            expires_at: order.expires_at(),
            executed: 0,
            tick_lots: 0,
            prevented: 0,
            reduced: 0,
            fills: 0,
            rests: false,
            waits: false,
            was_triggered: false,
            is_over: false,
            is_cancelled: false,
        };
        match self.0.insert(submit.order, track) {
            None => Ok(()),
            Some(_) => Err(format!("order id {} is used twice", submit.order)),
        }
    }

    pub(super) fn get(&self, order: OrderId) -> Result<&Track, String> {
        self.0.get(&order).ok_or_else(|| format!("order {order} never went to a book"))
    }

    pub(super) fn get_mut(&mut self, order: OrderId) -> Result<&mut Track, String> {
        self.0.get_mut(&order).ok_or_else(|| format!("order {order} never went to a book"))
    }

    /// Returns an order that something may still happen to.
    pub(super) fn open(&mut self, order: OrderId) -> Result<&mut Track, String> {
        let track = self.0.get_mut(&order).ok_or_else(|| format!("order {order} never went to a book"))?;
        if track.is_over { Err(format!("news of order {order} after its end")) } else { Ok(track) }
    }

    /// Returns every order not over, by id.
    pub(super) fn all_open(&self) -> impl Iterator<Item = (OrderId, &Track)> {
        self.0.sorted().into_iter().filter(|(_, track)| !track.is_over).map(|(id, track)| (*id, track))
    }

    /// Checks that the other order of a pair is over, and did not trade, before this one trades or is triggered.
    pub(super) fn is_alone(&self, order: OrderId) -> Result<(), String> {
        let Some(other_leg) = self.get(order)?.pair else { return Ok(()) };
        let other = self.get(other_leg)?;
        // One that has not come to its book yet ends when it comes.
        let is_on_its_way = !other.rests && !other.waits && !other.was_triggered;
        let is_gone = (other.is_over || is_on_its_way) && other.executed == 0;
        expect(
            is_gone,
            &format!("order {order} is active while {other_leg}, the other leg of its pair, is open"),
        )
    }

    /// Checks the answer to a placed order.
    pub(super) fn placed(&self, wanted: &NewOrder, order: &Order, fills: &[Fill]) -> Result<(), String> {
        let terms = (order.account, order.symbol, order.side, order.kind, order.time_in_force, order.stp);
        let asked =
            (wanted.account, wanted.symbol, wanted.side, wanted.kind, wanted.time_in_force, wanted.stp);
        expect(terms == asked, "other terms than asked for")?;
        expect(wanted.price.is_none_or(|price| price == order.price), "another price")?;
        expect(wanted.client_id.is_none_or(|name| name == order.client_id), "another name")?;
        let lots: u64 = fills.iter().map(|fill| fill.lots.get()).sum();
        let quote: i128 = fills.iter().map(|fill| fill.quote.units()).sum();
        expect(lots == order.executed.get(), "the fills do not add up to what was executed")?;
        expect(quote == order.executed_quote.units(), "the fills do not add up to what was paid")?;
        if order.reason == Some(CloseReason::NoReference) {
            return expect(order.status == OrderStatus::Expired && lots == 0, "unpriced, but not expired");
        }
        let track = self.get(order.id)?;
        expect(track.executed == lots, "more or fewer fills than trades")?;
        expect(order.status.is_final() == track.is_over, "another end than the book's")
    }

    /// Checks an order reported as cancelled.
    pub(super) fn cancelled(&self, order: &Order) -> Result<(), String> {
        let has_ended = order.status == OrderStatus::Cancelled && order.hold.is_zero();
        if order.awaits_list() {
            // It never left its account: it ends with the order it waited for.
            return expect(has_ended && order.executed.is_zero(), "it is not cancelled");
        }
        let track = self.get(order.id)?;
        expect(track.is_cancelled && order.status == OrderStatus::Cancelled, "it is not cancelled")?;
        expect(order.executed.get() == track.executed, "it executed something else")?;
        expect(order.hold.is_zero(), "it still holds something")
    }
}
