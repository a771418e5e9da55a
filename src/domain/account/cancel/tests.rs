//! The frames of commands that wait for a book: each holds the difference, and never repeats what an earlier one holds.

use std::{collections::BTreeMap, sync::Arc};

use crate::domain::{
    account::{AccountFrame, AccountInput, AccountOutput, AccountSlot, Change, Deferred},
    book::BookLimits,
    matching::{SymbolInput, SymbolOutput, SymbolSlot},
    messages::{
        command::{
            AccountCommand, AmendOrder, Answer, CancelAll, CancelOrder, CreateAccount, OrderRef, Transfer,
        },
        message::{Envelope, ToSymbol},
        reject::Reject,
    },
    orders::{NewOrder, Order, OrderStatus, Side},
    testing::sample,
    types::{
        id::{AccountId, AssetId, CommandId, OrderId, SlotId, SymbolId},
        money::{Amount, Lots, Price},
        time::Timestamp,
    },
};

const ACCOUNT: AccountId = AccountId::new(7);
const SYMBOL: SymbolId = SymbolId::new(1);
const ORDERS: usize = 200;

/// An account slot and its book; beside the account slot one replayed from its frames, and one replayed from its frames
/// as they were before differences, with whole lists.
struct Bench {
    live: AccountSlot,
    replayed: AccountSlot,
    replayed_whole: AccountSlot,
    book: SymbolSlot,
    commands: u64,
    /// The changes in the frames, in words.
    written: String,
    /// The deferred requests, by the frames.
    deferred: BTreeMap<OrderId, Vec<Deferred>>,
    answers: Vec<(CommandId, Result<Answer, Reject>)>,
}

impl Bench {
    fn new() -> Self {
        let instruments = Arc::new(sample::instruments().unwrap());
        let slot = || AccountSlot::new(SlotId::new(7), Arc::clone(&instruments));
        let book = SymbolSlot::new(SYMBOL.slot(), &instruments, BookLimits::default());
        let (live, replayed, replayed_whole) = (slot(), slot(), slot());
        let (written, deferred, answers) = (String::new(), BTreeMap::new(), Vec::new());
        let mut bench =
            Self { live, replayed, replayed_whole, book, commands: 0, written, deferred, answers };
        let create = CreateAccount { id: Some(ACCOUNT), tier: 0, is_unlimited: true };
        bench.send(AccountCommand::CreateAccount(create));
        let amount = Amount::new(10_i128.pow(15));
        let transfer = Transfer { account: ACCOUNT, asset: AssetId::new(2), amount, request_id: None };
        bench.send(AccountCommand::Deposit(transfer));
        bench
    }

    fn input(&mut self, input: AccountInput) -> Vec<Envelope<ToSymbol>> {
        let mut out = AccountOutput::default();
        self.live.handle(input, Timestamp::from_micros(1_000_000), &mut out).unwrap();
        if let Some(head) = out.frame {
            self.written += &format!("{:?}", out.changes);
            let whole = out.changes.iter().flat_map(|change| self.whole(change)).collect();
            self.replayed.replay(&AccountFrame { head, changes: out.changes }).unwrap();
            self.replayed_whole.replay(&AccountFrame { head, changes: whole }).unwrap();
            let hash = self.live.hash();
            assert_eq!((self.replayed.hash(), self.replayed_whole.hash()), (hash, hash));
            self.live.check().unwrap();
        }
        self.answers.append(&mut out.answers);
        out.messages
    }

    /// Returns a change as it was stored before there were differences.
    fn whole(&mut self, change: &Change) -> Vec<Change> {
        match change {
            Change::CancelAllProgressed { command, .. } => {
                let pending = self.live.state.pending.get(command).unwrap().clone();
                vec![Change::Decided(*command), Change::BookRequested { command: *command, pending }]
            }
            Change::BookRequestDeferred { order, deferred } => {
                let requests = self.deferred.entry(*order).or_default();
                requests.push(*deferred);
                vec![Change::DeferredTo { order: *order, requests: requests.clone() }]
            }
            Change::BookRequestResumed(order) => {
                let requests = self.deferred.entry(*order).or_default();
                requests.remove(0);
                vec![Change::DeferredTo { order: *order, requests: requests.clone() }]
            }
            Change::DeferredTo { order, requests } => {
                self.deferred.insert(*order, requests.clone());
                vec![change.clone()]
            }
            other => vec![other.clone()],
        }
    }

    /// Handles a command, and returns the messages for the book.
    fn send(&mut self, command: AccountCommand) -> Vec<Envelope<ToSymbol>> {
        self.commands += 1;
        let id = CommandId::new(self.commands);
        self.input(AccountInput::Command { id, command, key: None })
    }

    /// Delivers messages to the book, and all that follow from them.
    fn settle(&mut self, mut messages: Vec<Envelope<ToSymbol>>) {
        while !messages.is_empty() {
            let mut next = Vec::new();
            for envelope in messages {
                let mut output = SymbolOutput::default();
                let now = Timestamp::from_micros(1_000_000);
                self.book.handle(SymbolInput::Message(envelope), now, &mut output).unwrap();
                for envelope in output.messages {
                    next.extend(self.input(AccountInput::Message(envelope)));
                }
            }
            messages = next;
        }
    }

    fn ask(&mut self, command: AccountCommand) -> Result<Answer, Reject> {
        let messages = self.send(command);
        self.settle(messages);
        self.answers.pop().unwrap().1
    }

    /// Returns how often the frames hold one of these, by how it is printed, and clears them.
    fn count(&mut self, printed: &str) -> usize {
        std::mem::take(&mut self.written).matches(printed).count()
    }
}

fn bid(ticks: u64) -> NewOrder {
    NewOrder::limit(ACCOUNT, SYMBOL, Side::Buy, Price::from_ticks(ticks), Lots::new(1_000))
}

fn by_id(id: OrderId) -> OrderRef {
    OrderRef { id: Some(id), client_id: None }
}

fn cancel_all() -> AccountCommand {
    AccountCommand::CancelAll(CancelAll { account: ACCOUNT, symbol: SYMBOL })
}

fn cancel_two_hundred(bench: &mut Bench) -> (Vec<Order>, usize) {
    for index in 0..ORDERS as u64 {
        bench.ask(AccountCommand::Place(bid(100 + index))).unwrap();
    }
    assert!(bench.count("Order { id: ") >= ORDERS, "each was written when it was opened");
    let Ok(Answer::AllCancelled(orders)) = bench.ask(cancel_all()) else { panic!("not cancelled") };
    bench.live.check_quiescent().unwrap();
    assert_eq!(bench.live.open_count(), 0);
    (orders, bench.count("Order { id: "))
}

#[test]
fn cancelling_two_hundred_orders_writes_none_of_them_twice() {
    let mut bench = Bench::new();
    let (orders, copies) = cancel_two_hundred(&mut bench);
    assert_eq!(orders.len(), ORDERS);
    assert!(orders.iter().all(|order| order.status == OrderStatus::Cancelled && order.hold.is_zero()));
    assert!(orders.iter().all(|order| bench.live.state.archive.order(order.id) == Some(order)));
    assert_eq!(copies, 0, "which order ended is enough");

    // With a subscriber: each order is in the report of its own end, and nowhere else.
    bench.input(AccountInput::Record(ACCOUNT));
    let (_, copies) = cancel_two_hundred(&mut bench);
    assert_eq!(copies, ORDERS);
}

#[test]
fn an_order_that_ended_meanwhile_is_counted_and_not_listed() {
    let mut bench = Bench::new();
    for index in 0..3 {
        bench.ask(AccountCommand::Place(bid(100 + index))).unwrap();
    }
    let second = bench.live.open_ids().nth(1).unwrap();
    let (order, restriction) = (by_id(second), None);
    let cancel = CancelOrder { account: ACCOUNT, symbol: SYMBOL, order, restriction, name: None };
    let mut messages = bench.send(AccountCommand::Cancel(cancel));
    messages.extend(bench.send(cancel_all()));
    bench.settle(messages);
    let Some((_, Ok(Answer::AllCancelled(orders)))) = bench.answers.pop() else { panic!("not cancelled") };
    assert_eq!(orders.len(), 2);
    assert!(orders.iter().all(|order| order.id != second));
    bench.live.check_quiescent().unwrap();
}

#[test]
fn what_waits_for_an_order_is_written_once() {
    const AMENDS: u64 = 100;
    /// The maximum number of amends of an order: the others are rejected when their turn comes.
    const AMENDS_MAX: u64 = 10;
    let mut bench = Bench::new();
    let placed = bench.send(AccountCommand::Place(bid(100)));
    let order = bench.live.open_ids().next().unwrap();
    bench.written.clear();
    for index in 1..=AMENDS {
        let (account, symbol, order, quantity) = (ACCOUNT, SYMBOL, by_id(order), Lots::new(1_000 - index));
        let amend = AmendOrder { account, symbol, order, quantity, client_id: None };
        assert!(
            bench.send(AccountCommand::Amend(amend)).is_empty(),
            "where the order rests is not known yet"
        );
    }
    bench.answers.clear();
    bench.settle(placed);
    let amended = bench.answers.iter().filter(|(_, answer)| matches!(answer, Ok(Answer::Amended { .. })));
    assert_eq!((amended.count() as u64, bench.answers.len() as u64), (AMENDS_MAX, 1 + AMENDS));
    assert_eq!(bench.live.open_order(order).unwrap().quantity, Lots::new(1_000 - AMENDS_MAX));
    bench.live.check_quiescent().unwrap();
    assert_eq!(bench.count("Deferred { command: ") as u64, AMENDS);
}
