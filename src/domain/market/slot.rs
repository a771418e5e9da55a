//! One symbol slot: its books, their trade and update counters, and its conversations with account slots.
//!
//! It turns what the book says ([`BookEvent`], [`Outcome`]) into messages for the accounts concerned and public
//! facts for everybody. It decides nothing the book does not decide.

use std::{collections::BTreeMap, sync::Arc};

use super::event::{PublicEvent, PublicTrade};
use crate::domain::{
    book::{Book, BookEvent, BookLimits, Incoming, Outcome, Policy},
    catalogue::Catalogue,
    hash,
    id::{AccountId, OrderId, SlotId, SymbolId, TradeId},
    link::Links,
    message::{
        AmendResting, CancelRejected, CancelResting, Envelope, OrderChange, OrderUpdated, SubmitOrder,
        ToAccount, ToSymbol, TradeExecuted,
    },
    money::{Lots, Price},
    order::{EndReason, Side},
    reject::{Fault, Reject},
    time::Timestamp,
};

/// How many expired orders one tick takes out; the rest follows with the next.
pub const EXPIRIES_PER_TICK: usize = 1_000;

/// What a slot is given to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolInput {
    /// A message from an account slot.
    Message(Envelope<ToSymbol>),
    /// An account slot has applied this slot's messages up to here.
    Applied {
        /// Which slot.
        peer: SlotId,
        /// The last sequence it applied.
        upto: u64,
    },
    /// Time has passed: good-till dates, acknowledgements.
    Tick,
}

/// What came of an input. The caller drains and reuses it.
#[derive(Debug, Default)]
pub struct SymbolOutput {
    /// Messages to account slots.
    pub messages: Vec<Envelope<ToAccount>>,
    /// What the public may know once it is durable.
    pub public: Vec<PublicEvent>,
    /// Account slots whose messages were applied up to these sequences.
    pub applied: Vec<(SlotId, u64)>,
}

impl SymbolOutput {
    /// Empties it, keeping the memory.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.public.clear();
        self.applied.clear();
    }
}

/// One symbol slot.
#[derive(Debug)]
pub struct SymbolSlot {
    slot: SlotId,
    time: Timestamp,
    markets: BTreeMap<SymbolId, Market>,
    links: Links<ToAccount>,
    events: Vec<BookEvent>,
}

/// One symbol's book and counters.
#[derive(Debug)]
struct Market {
    book: Book,
    last_trade: u64,
    last_update: u64,
}

impl SymbolSlot {
    /// Makes the slot with an empty book for each of its symbols.
    pub fn new(slot: SlotId, catalogue: &Arc<Catalogue>, limits: BookLimits) -> Self {
        let own = catalogue.symbols().filter(|spec| spec.id.slot() == slot);
        let empty = || Market { book: Book::new(limits), last_trade: 0, last_update: 0 };
        Self {
            slot,
            time: Timestamp::default(),
            markets: own.map(|spec| (spec.id, empty())).collect(),
            links: Links::new(slot),
            events: Vec::new(),
        }
    }

    /// Applies one input at `now`; the slot's time never runs backwards. Outputs are appended to `out`.
    ///
    /// # Errors
    /// A broken invariant: the slot must not be used again.
    pub fn handle(
        &mut self,
        input: &SymbolInput,
        now: Timestamp,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        self.time = self.time.max(now);
        match input {
            SymbolInput::Message(envelope) => self.message(envelope, out),
            SymbolInput::Applied { peer, upto } => {
                self.links.trim(*peer, *upto);
                Ok(())
            }
            SymbolInput::Tick => {
                self.expire(out)?;
                out.applied.extend(self.links.acknowledge_all());
                Ok(())
            }
        }
    }

    fn message(&mut self, envelope: &Envelope<ToSymbol>, out: &mut SymbolOutput) -> Result<(), Fault> {
        if !self.links.receive(envelope.from, envelope.seq)? {
            return Ok(());
        }
        match &envelope.body {
            ToSymbol::SubmitOrder(submit) => self.submit(submit, out)?,
            ToSymbol::CancelOrder(cancel) => self.cancel(envelope.from, cancel, out)?,
            ToSymbol::AmendOrder(amend) => self.amend(envelope.from, amend, out)?,
        }
        if let Some(upto) = self.links.acknowledge(envelope.from) {
            out.applied.push((envelope.from, upto));
        }
        Ok(())
    }

    fn submit(&mut self, submit: &SubmitOrder, out: &mut SymbolOutput) -> Result<(), Fault> {
        let time = self.time;
        let market = self.markets.get_mut(&submit.symbol).ok_or_else(|| no_book(submit.symbol))?;
        // Its date passed on the way: it neither trades nor rests (corner case C14).
        if matches!(submit.policy, Policy::RestUntil(end) if end <= time) {
            let change = OrderChange::Ended { remaining: submit.lots, reason: EndReason::GoodTillDate };
            teller_update(&mut self.links, out, submit.account, submit.order, change, time);
            return Ok(());
        }
        let incoming = Incoming {
            order: submit.order,
            account: submit.account,
            side: submit.side,
            limit: submit.limit,
            lots: submit.lots,
            budget: submit.budget,
            by_quote: submit.by_quote,
            policy: submit.policy,
            stp: submit.stp,
        };
        let mut events = std::mem::take(&mut self.events);
        let outcome = market.book.submit(&incoming, time, &mut events);
        let mut teller = Teller { time, symbol: submit.symbol, market, links: &mut self.links, out };
        let (left, is_told) = teller.tell_all(&events, Some((submit, outcome)))?;
        events.clear();
        self.events = events;
        let change = match outcome {
            Outcome::Rested { handle, .. } => OrderChange::Accepted { handle },
            Outcome::Filled if is_told => return Ok(()),
            // Its amount is spent, but self-trade prevention had the last word on it: it is not filled whole.
            Outcome::Filled => OrderChange::Ended { remaining: left, reason: EndReason::SelfTrade },
            Outcome::Ended { remaining, reason } => OrderChange::Ended { remaining, reason },
            Outcome::Refused(reason) => OrderChange::Ended { remaining: submit.lots, reason },
        };
        teller_update(&mut self.links, out, submit.account, submit.order, change, time);
        Ok(())
    }

    fn cancel(&mut self, from: SlotId, cancel: &CancelResting, out: &mut SymbolOutput) -> Result<(), Fault> {
        let time = self.time;
        let market = self.markets.get_mut(&cancel.symbol).ok_or_else(|| no_book(cancel.symbol))?;
        let removed = market.book.cancel(cancel.handle, cancel.order, &mut self.events);
        self.tell_levels(cancel.symbol, out)?;
        let command = cancel.command;
        let body = match removed {
            Some(removed) => ToAccount::OrderUpdated(OrderUpdated {
                order: cancel.order,
                change: OrderChange::Cancelled { remaining: removed.remaining, command },
                time,
            }),
            None => {
                let (order, reject) = (cancel.order, Reject::UnknownOrder);
                ToAccount::CancelRejected(CancelRejected { order, command, reject })
            }
        };
        out.messages.push(self.links.send(from, body));
        Ok(())
    }

    fn amend(&mut self, from: SlotId, amend: &AmendResting, out: &mut SymbolOutput) -> Result<(), Fault> {
        let time = self.time;
        let market = self.markets.get_mut(&amend.symbol).ok_or_else(|| no_book(amend.symbol))?;
        let left = market.book.reduce(amend.handle, amend.order, amend.reduce_by, &mut self.events);
        self.tell_levels(amend.symbol, out)?;
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
            let time = self.time;
            if let Some(market) = self.markets.get_mut(&symbol) {
                market.book.expire(time, EXPIRIES_PER_TICK, &mut self.events);
            }
            self.tell_levels(symbol, out)?;
        }
        Ok(())
    }

    /// Tells what the book noted when no order entered it.
    fn tell_levels(&mut self, symbol: SymbolId, out: &mut SymbolOutput) -> Result<(), Fault> {
        if self.events.is_empty() {
            return Ok(());
        }
        let mut events = std::mem::take(&mut self.events);
        let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
        Teller { time: self.time, symbol, market, links: &mut self.links, out }.tell_all(&events, None)?;
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

    /// Returns the state hash: books, counters and conversations.
    pub fn hash(&self) -> u128 {
        let slot = u64::from(self.slot.get());
        let mut sum = 0_u128;
        for (symbol, market) in &self.markets {
            let counters = [u64::from(symbol.get()), market.last_trade, market.last_update];
            sum = sum.wrapping_add(market.book.hash()).wrapping_add(hash::entity(20, &counters));
        }
        for words in self.links.words() {
            sum = sum.wrapping_add(hash::entity(21, &[slot, words[0], words[1], words[2]]));
        }
        sum
    }

    /// Verifies the invariants of every book.
    ///
    /// # Errors
    /// The first that is broken.
    pub fn check(&self) -> Result<(), Fault> {
        self.markets.values().try_for_each(|market| market.book.check())
    }
}

fn no_book(symbol: SymbolId) -> Fault {
    Fault::new(format!("symbol {symbol} has no book here"))
}

fn teller_update(
    links: &mut Links<ToAccount>,
    out: &mut SymbolOutput,
    account: AccountId,
    order: OrderId,
    change: OrderChange,
    time: Timestamp,
) {
    let body = ToAccount::OrderUpdated(OrderUpdated { order, change, time });
    out.messages.push(links.send(account.slot(), body));
}

/// One side of a trade.
#[derive(Debug, Clone, Copy)]
struct Party {
    order: OrderId,
    account: AccountId,
    remaining: Lots,
    is_filled: bool,
    is_maker: bool,
}

/// Turns the events of one command into messages and public facts.
struct Teller<'a> {
    time: Timestamp,
    symbol: SymbolId,
    market: &'a mut Market,
    links: &'a mut Links<ToAccount>,
    out: &'a mut SymbolOutput,
}

impl Teller<'_> {
    /// Tells every event, given who entered, if anybody did, and what became of it. Returns what of its lots neither
    /// traded nor was prevented, and whether its last trade said that it is filled.
    fn tell_all(
        &mut self,
        events: &[BookEvent],
        entered: Option<(&SubmitOrder, Outcome)>,
    ) -> Result<(Lots, bool), Fault> {
        let taker = entered.map(|(taker, _)| taker);
        let mut left = taker.map_or(Lots::ZERO, |taker| taker.lots);
        // The trade that filled the taker says so, if it is the last word on it.
        let is_filled = entered.is_some_and(|(_, outcome)| outcome == Outcome::Filled);
        let concerns_taker =
            |event: &BookEvent| matches!(event, BookEvent::Traded { .. } | BookEvent::Prevented { .. });
        let last = events.iter().rposition(concerns_taker).filter(|_| is_filled);
        let filling = last.filter(|&index| matches!(events[index], BookEvent::Traded { .. }));
        let mut has_moved = false;
        for (index, event) in events.iter().enumerate() {
            match *event {
                BookEvent::Traded { maker, maker_account, price, lots, maker_remaining } => {
                    let taker = taker.ok_or_else(|| Fault::new("a trade without a taker"))?;
                    left = less(left, lots)?;
                    let fills_taker = filling == Some(index);
                    let taker = Party {
                        order: taker.order,
                        account: taker.account,
                        remaining: left,
                        is_filled: fills_taker,
                        is_maker: false,
                    };
                    let is_filled = maker_remaining.is_zero();
                    let maker = Party {
                        order: maker,
                        account: maker_account,
                        remaining: maker_remaining,
                        is_filled,
                        is_maker: true,
                    };
                    let taker_side = entered.map_or(Side::Buy, |(taker, _)| taker.side);
                    self.trade(&[maker, taker], taker_side, price, lots);
                }
                BookEvent::Prevented { maker, maker_account, lots, maker_remaining } => {
                    let taker = taker.ok_or_else(|| Fault::new("a prevention without a taker"))?;
                    left = less(left, lots)?;
                    self.update(maker_account, maker, OrderChange::Prevented { lots });
                    if maker_remaining.is_zero() {
                        let reason = EndReason::SelfTrade;
                        self.update(
                            maker_account,
                            maker,
                            OrderChange::Ended { remaining: Lots::ZERO, reason },
                        );
                    }
                    self.update(taker.account, taker.order, OrderChange::Prevented { lots });
                }
                BookEvent::Ended { order, account, remaining, reason } => {
                    self.update(account, order, OrderChange::Ended { remaining, reason });
                }
                BookEvent::LevelChanged { side, price, total } => {
                    if !has_moved {
                        self.market.last_update += 1;
                        has_moved = true;
                    }
                    self.out.public.push(PublicEvent::BookMoved {
                        symbol: self.symbol,
                        update_id: self.market.last_update,
                        side,
                        price,
                        total,
                        time: self.time,
                    });
                }
            }
        }
        Ok((left, filling.is_some()))
    }

    /// Tells both parties, the maker first, and the public.
    fn trade(&mut self, parties: &[Party; 2], taker_side: Side, price: Price, lots: Lots) {
        self.market.last_trade += 1;
        let trade = TradeId::new(self.market.last_trade);
        let (symbol, time) = (self.symbol, self.time);
        for &Party { order, account, remaining, is_filled, is_maker } in parties {
            let executed =
                TradeExecuted { symbol, trade, order, price, lots, remaining, is_filled, is_maker, time };
            let message = self.links.send(account.slot(), ToAccount::TradeExecuted(executed));
            self.out.messages.push(message);
        }
        let buyer_is_maker = taker_side == Side::Sell;
        let trade = PublicTrade { id: trade, price, lots, time, buyer_is_maker };
        self.out.public.push(PublicEvent::TradePrinted { symbol, trade });
    }

    fn update(&mut self, account: AccountId, order: OrderId, change: OrderChange) {
        teller_update(self.links, self.out, account, order, change, self.time);
    }
}

fn less(left: Lots, lots: Lots) -> Result<Lots, Fault> {
    left.checked_sub(lots).ok_or_else(|| Fault::new("a taker traded more than it had"))
}
