//! One symbol slot: its books, their trade and update counters, and its links to account slots.
//!
//! It converts the book's events ([`BookEvent`], [`Outcome`]) into messages for the accounts concerned and public
//! facts. All decisions are the book's.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    event::PublicEvent,
    frame::SymbolHead,
    oco_groups::OcoGroups,
    reports::{self, ExecutionReports},
    trigger_book::TriggerBook,
};
use crate::domain::{
    account::HASH_EVERY,
    book::{Book, BookEvent, BookLimits, Outcome},
    instruments::{Instruments, symbol::SymbolStatus},
    messages::{
        link::Links,
        message::{
            AmendResting, CancelRejected, CancelResting, Envelope, OrderChange, OrderExtras, OrderUpdated,
            SubmitOrder, ToAccount, ToSymbol,
        },
        reject::{Fault, Reject},
    },
    orders::{CloseReason, Handle, Policy},
    types::{
        hash,
        id::{CommandId, OrderId, SlotId, SymbolId},
        money::{Lots, Price},
        time::Timestamp,
    },
};

/// The maximum number of expired orders one tick removes; the next tick handles the rest.
pub const EXPIRIES_PER_TICK: usize = 1_000;

/// The input of a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SymbolInput {
    /// A message from an account slot.
    Message(Envelope<ToSymbol>),
    /// An account slot has applied this slot's messages up to here.
    Ack {
        /// The account slot.
        peer: SlotId,
        /// The last sequence it applied.
        upto: u64,
    },
    /// Time has passed: good-till dates, acknowledgements.
    Tick,
    /// Send the next triggered orders to their books ([`SymbolSlot::has_triggered`]).
    Cascade,
    /// The same while the clock is behind the slot's time: good-till dates use the clock. Only frames contain it; the
    /// live slot detects it by itself.
    Behind {
        /// The time of the clock.
        clock: Timestamp,
        /// The input.
        input: Box<Self>,
    },
}

/// The output of one input. The caller empties and reuses it.
#[derive(Debug, Default)]
pub struct SymbolOutput {
    /// The head of the input's frame, whose other part is `messages`; `None` when nothing changed.
    pub frame: Option<SymbolHead>,
    /// Messages to account slots.
    pub messages: Vec<Envelope<ToAccount>>,
    /// The public facts to publish once they are durable.
    pub public: Vec<PublicEvent>,
    /// Account slots whose messages were applied up to these sequences.
    pub applied: Vec<(SlotId, u64)>,
}

impl SymbolOutput {
    /// Empties it, keeping the memory.
    pub fn clear(&mut self) {
        self.frame = None;
        self.messages.clear();
        self.public.clear();
        self.applied.clear();
    }
}

/// One symbol slot.
#[derive(Debug)]
pub struct SymbolSlot {
    pub(crate) slot: SlotId,
    pub(crate) time: Timestamp,
    /// The time good-till dates use in the current input ([`Timestamp::timer`]): not state.
    pub(crate) clock: Timestamp,
    /// The number of its last frame.
    pub(crate) seq: u64,
    pub(crate) markets: BTreeMap<SymbolId, Market>,
    pub(crate) links: Links<ToAccount>,
    pub(crate) events: Vec<BookEvent>,
}

/// One symbol's book and counters.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) book: Book,
    pub(crate) last_trade: u64,
    pub(crate) last_update: u64,
    /// The price of the last trade.
    pub(crate) last_price: Option<Price>,
    /// The number of the last prevented self-trade.
    pub(crate) last_prevented: u64,
    pub(crate) trigger_book: TriggerBook,
    pub(crate) oco_groups: OcoGroups,
    /// Whether it trades, by the journal: a status of the configuration is kept from the book by the accounts.
    pub(crate) status: SymbolStatus,
}

impl Market {
    pub(crate) fn new(book: Book) -> Self {
        Self {
            book,
            last_trade: 0,
            last_update: 0,
            last_price: None,
            last_prevented: 0,
            trigger_book: TriggerBook::default(),
            oco_groups: OcoGroups::default(),
            status: SymbolStatus::Trading,
        }
    }
}

impl SymbolSlot {
    /// Creates the slot with an empty book for each of its symbols.
    pub fn new(slot: SlotId, instruments: &Arc<Instruments>, limits: BookLimits) -> Self {
        let own = instruments.symbols().filter(|spec| spec.id.slot() == slot);
        let empty = || Market::new(Book::new(limits));
        Self {
            slot,
            time: Timestamp::default(),
            clock: Timestamp::default(),
            seq: 0,
            markets: own.map(|spec| (spec.id, empty())).collect(),
            links: Links::new(slot),
            events: Vec::new(),
        }
    }

    /// Applies one input at `now`; the slot's time never runs backwards. `out` must be empty.
    ///
    /// # Errors
    /// A broken invariant: the slot must not be used again.
    pub fn handle(
        &mut self,
        input: SymbolInput,
        now: Timestamp,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        self.time = self.time.max(now);
        self.clock = self.time.timer(now);
        let has_changed = self.take(&input, out)?;
        if has_changed {
            self.seq += 1;
            let Self { slot, seq, time, clock, .. } = *self;
            let hash = seq.is_multiple_of(HASH_EVERY).then(|| self.hash());
            let input = match input {
                SymbolInput::Behind { .. } => input,
                input if clock < time => SymbolInput::Behind { clock, input: Box::new(input) },
                input => input,
            };
            out.frame = Some(SymbolHead { slot, seq, time, input, hash });
        }
        Ok(())
    }

    /// Applies an input and returns whether it changed anything.
    fn take(&mut self, input: &SymbolInput, out: &mut SymbolOutput) -> Result<bool, Fault> {
        Ok(match input {
            SymbolInput::Behind { clock, input } => {
                self.clock = *clock;
                self.take(input, out)?
            }
            SymbolInput::Message(envelope) => self.message(envelope, out)?,
            SymbolInput::Ack { peer, upto } => {
                self.links.trim(*peer, *upto);
                false
            }
            SymbolInput::Tick => {
                self.expire(out)?;
                self.end_delisted(out)?;
                out.applied.extend(self.links.acknowledge_all());
                let time = self.time;
                let passed = |&symbol: &SymbolId| PublicEvent::TimePassed { symbol, time };
                out.public.extend(self.markets.keys().map(passed));
                !out.messages.is_empty()
            }
            SymbolInput::Cascade => self.cascade(out)?,
        })
    }

    /// Returns the slot's time: that of its last frame, or later.
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// Records a message and applies it; `false` when it was applied before.
    fn message(&mut self, envelope: &Envelope<ToSymbol>, out: &mut SymbolOutput) -> Result<bool, Fault> {
        if !self.links.receive(envelope.from, envelope.seq)? {
            return Ok(false);
        }
        match &envelope.body {
            ToSymbol::SubmitOrder(submit) => self.submit(submit, out)?,
            ToSymbol::CancelOrder(cancel) => self.cancel(envelope.from, cancel, out)?,
            ToSymbol::AmendOrder(amend) => self.amend(envelope.from, amend, out)?,
            ToSymbol::CancelStop(cancel) => self.cancel_stop(envelope.from, cancel, out)?,
        }
        if let Some(upto) = self.links.acknowledge(envelope.from) {
            out.applied.push((envelope.from, upto));
        }
        Ok(true)
    }

    fn submit(&mut self, submit: &SubmitOrder, out: &mut SymbolOutput) -> Result<(), Fault> {
        let market = self.markets.get(&submit.symbol).ok_or_else(|| no_book(submit.symbol))?;
        if !market.admits(submit) {
            return self.refuse_closed(submit, out);
        }
        match *submit.extras() {
            OrderExtras { condition: None, pair: None, .. } => self.match_order(submit, out).map(|_| ()),
            extras => self.submit_contingent(submit, extras, out),
        }
    }

    /// Matches an order in the book; returns its location if it rests.
    pub(crate) fn match_order(
        &mut self,
        submit: &SubmitOrder,
        out: &mut SymbolOutput,
    ) -> Result<Option<Handle>, Fault> {
        let (time, clock) = (self.time, self.clock);
        let market = self.markets.get_mut(&submit.symbol).ok_or_else(|| no_book(submit.symbol))?;
        // Its date passed on the way: it neither trades nor rests (corner case C14).
        if matches!(submit.policy, Policy::RestUntil(end) if end <= clock) {
            let change = OrderChange::Ended { remaining: submit.lots, reason: CloseReason::GoodTillDate };
            reports::update(&mut self.links, out, submit.account, submit.order, change, time);
            return Ok(None);
        }
        let mut events = std::mem::take(&mut self.events);
        let outcome = market.book.submit(submit, clock, &mut events);
        let mut reports =
            ExecutionReports { time, symbol: submit.symbol, market, links: &mut self.links, out };
        let report = reports.report_all(&events, Some((submit, outcome)))?;
        events.clear();
        self.events = events;
        let mut rests = None;
        let change = match outcome {
            Outcome::Rested { handle, .. } => {
                rests = Some(handle);
                OrderChange::Accepted { handle }
            }
            Outcome::Filled if report.is_filled => return Ok(None),
            // Its amount is spent, but self-trade prevention ended it: it is not completely filled.
            Outcome::Filled => OrderChange::Ended { remaining: report.left, reason: CloseReason::SelfTrade },
            Outcome::Ended { remaining, reason } => match report.prevented {
                Some(by) => OrderChange::Prevented { lots: remaining, ends: true, by },
                None => OrderChange::Ended { remaining, reason },
            },
            Outcome::Refused(reason) => OrderChange::Ended { remaining: submit.lots, reason },
        };
        reports::update(&mut self.links, out, submit.account, submit.order, change, time);
        Ok(rests)
    }

    fn cancel(&mut self, from: SlotId, cancel: &CancelResting, out: &mut SymbolOutput) -> Result<(), Fault> {
        let market = self.markets.get_mut(&cancel.symbol).ok_or_else(|| no_book(cancel.symbol))?;
        let removed = market.book.cancel(cancel.handle, cancel.order, &mut self.events);
        self.report_levels(cancel.symbol, out)?;
        let remaining = removed.map(|removed| removed.remaining);
        let (order, command) = (cancel.order, cancel.command);
        if let Some(removed) = removed {
            self.end_other_leg(cancel.symbol, removed.account, order, CloseReason::ListCancelled, out)?;
        }
        self.answer_cancel(from, order, command, remaining, out);
        Ok(())
    }

    /// Reports to an account that an order was cancelled with this remaining quantity, or that it was gone.
    pub(crate) fn answer_cancel(
        &mut self,
        from: SlotId,
        order: OrderId,
        command: CommandId,
        remaining: Option<Lots>,
        out: &mut SymbolOutput,
    ) {
        let body = match remaining {
            Some(remaining) => {
                let change = OrderChange::Cancelled { remaining, command };
                ToAccount::OrderUpdated(OrderUpdated { order, change, time: self.time })
            }
            None => {
                ToAccount::CancelRejected(CancelRejected { order, command, reject: Reject::UnknownOrder })
            }
        };
        out.messages.push(self.links.send(from, body));
    }

    fn amend(&mut self, from: SlotId, amend: &AmendResting, out: &mut SymbolOutput) -> Result<(), Fault> {
        let time = self.time;
        let market = self.markets.get_mut(&amend.symbol).ok_or_else(|| no_book(amend.symbol))?;
        let left = market.book.reduce(amend.handle, amend.order, amend.reduce_by, &mut self.events);
        self.report_levels(amend.symbol, out)?;
        let command = amend.command;
        let body = match left {
            Some(_) => ToAccount::OrderUpdated(OrderUpdated {
                order: amend.order,
                change: OrderChange::Reduced { lots: amend.reduce_by, command },
                time,
            }),
            None => {
                let (order, reject) = (amend.order, Reject::UnknownOrder);
                ToAccount::CancelRejected(CancelRejected { order, command, reject })
            }
        };
        out.messages.push(self.links.send(from, body));
        Ok(())
    }

    fn expire(&mut self, out: &mut SymbolOutput) -> Result<(), Fault> {
        let symbols: Vec<SymbolId> = self.markets.keys().copied().collect();
        for symbol in symbols {
            let clock = self.clock;
            if let Some(market) = self.markets.get_mut(&symbol) {
                market.book.expire(clock, EXPIRIES_PER_TICK, &mut self.events);
            }
            self.report_levels(symbol, out)?;
        }
        Ok(())
    }

    /// Reports the book's events when no order entered it.
    pub(crate) fn report_levels(&mut self, symbol: SymbolId, out: &mut SymbolOutput) -> Result<(), Fault> {
        if self.events.is_empty() {
            return Ok(());
        }
        let mut events = std::mem::take(&mut self.events);
        let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
        ExecutionReports { time: self.time, symbol, market, links: &mut self.links, out }
            .report_all(&events, None)?;
        events.clear();
        self.events = events;
        Ok(())
    }

    /// Returns the book of a symbol of this slot.
    pub fn book(&self, symbol: SymbolId) -> Option<&Book> {
        self.markets.get(&symbol).map(|market| &market.book)
    }

    /// Returns the ids of the last trade and the last update of a symbol.
    pub fn counters(&self, symbol: SymbolId) -> Option<(u64, u64)> {
        self.markets.get(&symbol).map(|market| (market.last_trade, market.last_update))
    }

    /// Returns the messages account slots are not known to have applied.
    pub fn unapplied(&self) -> impl Iterator<Item = &Envelope<ToAccount>> {
        self.links.unapplied()
    }

    /// Returns the account slots that may have messages to apply.
    pub fn waiting(&self) -> impl Iterator<Item = SlotId> + '_ {
        self.links.waiting()
    }

    /// Returns the sequence of the last message of `from` this slot applied.
    pub fn received(&self, from: SlotId) -> u64 {
        self.links.received(from)
    }

    /// Drops messages that `peer` has applied.
    pub fn trim(&mut self, peer: SlotId, upto: u64) {
        self.links.trim(peer, upto);
    }

    /// Returns the number of the last frame.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns the id of the slot.
    pub const fn slot(&self) -> SlotId {
        self.slot
    }

    /// Sets new limits for its books, from the next input on.
    pub fn set_limits(&mut self, limits: BookLimits) {
        self.markets.values_mut().for_each(|market| market.book.set_limits(limits));
    }

    /// Returns its symbols.
    pub fn symbols(&self) -> impl Iterator<Item = SymbolId> + '_ {
        self.markets.keys().copied()
    }

    /// Returns the state hash: books, counters and links. A slot without any input hashes to zero.
    pub fn hash(&self) -> u128 {
        if self.seq == 0 {
            return 0;
        }
        let slot = u64::from(self.slot.get());
        let mut sum = hash::entity(22, &[slot, self.seq]);
        for (symbol, market) in &self.markets {
            let symbol = u64::from(symbol.get());
            let last_price = market.last_price.map_or(0, |price| price.ticks() + 1);
            let counters = [symbol, market.last_trade, market.last_update, last_price, market.last_prevented];
            sum = sum.wrapping_add(market.book.hash()).wrapping_add(hash::entity(20, &counters));
            sum = sum.wrapping_add(market.trigger_book.hash(symbol)).wrapping_add(market.oco_groups.hash());
            if market.status != SymbolStatus::Trading {
                sum = sum.wrapping_add(hash::entity(27, &[symbol, market.status as u64]));
            }
        }
        for words in self.links.words() {
            sum = sum.wrapping_add(hash::entity(21, &[slot, words[0], words[1], words[2]]));
        }
        sum
    }

    /// Verifies the invariants of every book.
    ///
    /// # Errors
    /// The first broken invariant.
    pub fn check(&self) -> Result<(), Fault> {
        self.markets.values().try_for_each(|market| {
            market.trigger_book.check()?;
            market.book.check()
        })
    }
}

pub(crate) fn no_book(symbol: SymbolId) -> Fault {
    Fault::new(format!("symbol {symbol} has no book here"))
}
