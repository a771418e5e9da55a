//! Timers of slots that were stamped by a clock that was wrong, live and replayed.

use std::sync::Arc;

use crate::domain::{
    account::{AccountFrame, AccountInput, AccountOutput, AccountSlot},
    book::BookLimits,
    matching::{SymbolFrame, SymbolInput, SymbolOutput, SymbolSlot},
    messages::{
        command::{AccountCommand, Answer, CancelAllAfter, CreateAccount, Transfer},
        message::{Envelope, ToSymbol},
        reject::Reject,
    },
    orders::{NewOrder, OrderStatus, Side, TimeInForce, limits::OrderLimits},
    testing::sample,
    types::{
        id::{AccountId, AssetId, CommandId, SlotId, SymbolId},
        money::{Amount, Lots, Price},
        time::Timestamp,
    },
};

const ACCOUNT: AccountId = AccountId::new(7);
const SYMBOL: SymbolId = SymbolId::new(1);
const SECOND: u64 = 1_000_000;
const HOUR: u64 = 3_600 * SECOND;
const START: u64 = 1_700_000_000 * SECOND;

/// An account slot and its book, each beside one that is replayed from its frames.
struct Pair {
    account: [AccountSlot; 2],
    symbol: [SymbolSlot; 2],
    commands: u64,
    now: u64,
    answers: Vec<Result<Answer, Reject>>,
}

impl Pair {
    fn new() -> Self {
        let limits = OrderLimits { ten_seconds: 3, day: 1_000 };
        let instruments = Arc::new(sample::instruments().unwrap().with_order_limits(limits));
        let account = || AccountSlot::new(SlotId::new(7), Arc::clone(&instruments));
        let symbol = || SymbolSlot::new(SYMBOL.slot(), &instruments, BookLimits::default());
        let mut pair = Self {
            account: [account(), account()],
            symbol: [symbol(), symbol()],
            commands: 0,
            now: START,
            answers: Vec::new(),
        };
        let create = CreateAccount { id: Some(ACCOUNT), tier: 0, is_unlimited: false };
        pair.ask(AccountCommand::CreateAccount(create)).unwrap();
        let amount = Amount::new(10_i128.pow(12));
        let transfer = Transfer { account: ACCOUNT, asset: AssetId::new(2), amount, request_id: None };
        pair.ask(AccountCommand::Deposit(transfer)).unwrap();
        pair
    }

    fn account_input(&mut self, input: AccountInput) {
        let [live, replayed] = &mut self.account;
        let mut out = AccountOutput::default();
        live.handle(input, Timestamp::from_micros(self.now), &mut out).unwrap();
        if let Some(head) = out.frame {
            replayed.replay(&AccountFrame { head, changes: out.changes.clone() }).unwrap();
            assert_eq!(live.hash(), replayed.hash());
            live.check().unwrap();
        }
        self.answers.extend(out.answers.into_iter().map(|(_, answer)| answer));
        out.messages.into_iter().for_each(|envelope| self.symbol_input(SymbolInput::Message(envelope)));
    }

    fn symbol_input(&mut self, input: SymbolInput) {
        let [live, replayed] = &mut self.symbol;
        let mut out = SymbolOutput::default();
        live.handle(input, Timestamp::from_micros(self.now), &mut out).unwrap();
        if let Some(head) = out.frame {
            let frame = SymbolFrame { head, messages: out.messages.clone() };
            replayed.replay(&frame, &mut SymbolOutput::default()).unwrap();
            assert_eq!((live.hash(), live.time()), (replayed.hash(), replayed.time()));
        }
        out.messages.into_iter().for_each(|envelope| self.account_input(AccountInput::Message(envelope)));
    }

    fn ask(&mut self, command: AccountCommand) -> Result<Answer, Reject> {
        self.commands += 1;
        let id = CommandId::new(self.commands);
        self.account_input(AccountInput::Command { id, command, key: None });
        self.answers.pop().unwrap()
    }

    fn tick(&mut self) {
        self.account_input(AccountInput::Tick);
        self.symbol_input(SymbolInput::Tick);
    }

    fn place(&mut self, order: NewOrder) -> Result<OrderStatus, Reject> {
        match self.ask(AccountCommand::Place(order))? {
            Answer::Placed { order, .. } => Ok(order.status),
            other => panic!("{other:?}"),
        }
    }

    fn open(&self) -> usize {
        assert_eq!(self.account[0].open_count(), self.symbol[0].book(SYMBOL).unwrap().len());
        self.account[0].open_count()
    }
}

fn bid() -> NewOrder {
    NewOrder::limit(ACCOUNT, SYMBOL, Side::Buy, Price::from_ticks(100), Lots::new(1_000))
}

fn until(micros: u64) -> NewOrder {
    let expires_at = Some(Timestamp::from_micros(micros));
    NewOrder { time_in_force: TimeInForce::Gtd, expires_at, ..bid() }
}

/// An account slot and its book that were stamped an hour ahead, and whose clock has been set right.
fn put_right() -> Pair {
    let mut pair = Pair::new();
    pair.now = START + HOUR;
    assert_eq!(pair.place(bid()), Ok(OrderStatus::Pending));
    pair.tick();
    pair.now = START + SECOND;
    pair
}

#[test]
fn good_till_dates_go_by_the_clock() {
    let mut pair = put_right();
    let stamped = pair.account[0].time();
    assert_eq!(pair.place(until(pair.now)), Err(Reject::ExpiryInPast));
    assert_eq!(pair.place(until(pair.now + 10 * SECOND)), Ok(OrderStatus::Pending));
    pair.now += 9 * SECOND;
    pair.tick();
    assert_eq!(pair.open(), 2);
    pair.now += SECOND;
    pair.tick();
    assert_eq!(pair.open(), 1, "its date has come");
    assert_eq!(pair.account[0].time(), stamped, "a slot's time never goes back");
}

#[test]
fn order_limits_go_by_the_clock() {
    let mut pair = put_right();
    for _ in 0..2 {
        (0..3).for_each(|_| assert_eq!(pair.place(bid()), Ok(OrderStatus::Pending)));
        assert!(matches!(pair.place(bid()), Err(Reject::TooManyOrders { .. })));
        pair.now += 10 * SECOND;
    }
}

#[test]
fn a_countdown_goes_by_the_clock() {
    let mut pair = put_right();
    let countdown = CancelAllAfter { account: ACCOUNT, after_micros: Some(10 * SECOND) };
    pair.ask(AccountCommand::CancelAllAfter(countdown)).unwrap();
    pair.now += 9 * SECOND;
    pair.tick();
    assert_eq!(pair.open(), 1);
    pair.now += SECOND;
    pair.tick();
    assert_eq!(pair.open(), 0);
}

#[test]
fn a_countdown_set_by_a_wrong_clock_runs_out_after_the_time_it_was_given() {
    let mut pair = Pair::new();
    pair.now = START + HOUR;
    pair.place(bid()).unwrap();
    let countdown = CancelAllAfter { account: ACCOUNT, after_micros: Some(10 * SECOND) };
    pair.ask(AccountCommand::CancelAllAfter(countdown)).unwrap();
    pair.tick();
    pair.now = START;
    pair.tick();
    for passed in 1..=10 {
        assert_eq!(pair.open(), 1, "after {passed} s");
        pair.now += SECOND;
        pair.tick();
    }
    assert_eq!(pair.open(), 0);
}

#[test]
fn a_countdown_set_by_the_right_clock_before_it_has_ticked_keeps_its_time() {
    let mut pair = put_right();
    let countdown = CancelAllAfter { account: ACCOUNT, after_micros: Some(2 * HOUR) };
    pair.ask(AccountCommand::CancelAllAfter(countdown)).unwrap();
    pair.tick();
    pair.now += 2 * HOUR - SECOND;
    pair.tick();
    assert_eq!(pair.open(), 1, "longer than the clock was wrong by");
    pair.now += SECOND;
    pair.tick();
    assert_eq!(pair.open(), 0);
}

#[test]
fn setting_a_countdown_by_the_right_clock_sets_back_those_of_the_wrong_one_once() {
    const OTHER: AccountId = AccountId::new(ACCOUNT.get() + 1_024);
    let mut pair = Pair::new();
    let create = CreateAccount { id: Some(OTHER), tier: 0, is_unlimited: false };
    pair.ask(AccountCommand::CreateAccount(create)).unwrap();
    pair.now = START + HOUR;
    pair.tick();
    let countdown = |account, micros| {
        AccountCommand::CancelAllAfter(CancelAllAfter { account, after_micros: Some(micros) })
    };
    pair.ask(countdown(OTHER, 10 * SECOND)).unwrap();
    pair.now = START;
    pair.ask(countdown(ACCOUNT, 2 * HOUR)).unwrap();
    pair.tick();
    let set: Vec<u64> = pair.account[0].state.countdowns.values().map(|at| at.micros()).collect();
    assert_eq!(set, [START + 2 * HOUR, START + 10 * SECOND]);
}

#[test]
fn nothing_is_written_down_of_a_clock_that_goes_back_by_less_than_a_second() {
    let mut pair = Pair::new();
    pair.now += SECOND;
    pair.place(bid()).unwrap();
    pair.now -= SECOND;
    let mut out = AccountOutput::default();
    let input =
        AccountInput::Command { id: CommandId::new(99), command: AccountCommand::Place(bid()), key: None };
    pair.account[0].handle(input, Timestamp::from_micros(pair.now), &mut out).unwrap();
    assert!(
        !out.changes.iter().any(|change| matches!(change, crate::domain::account::Change::ClockBehind(_)))
    );
    let sent: Vec<Envelope<ToSymbol>> = out.messages;
    let mut output = SymbolOutput::default();
    let input = SymbolInput::Message(sent[0].clone());
    pair.symbol[0].handle(input.clone(), Timestamp::from_micros(pair.now), &mut output).unwrap();
    assert_eq!(output.frame.unwrap().input, input);
}
