//! The details of the reply to a command, beside its answer.
//!
//! They leave with the answer, so that no query has to follow it, and are not stored with it: a stored answer of an
//! idempotency key is returned with the details that are still kept.

use super::{archive::Prevention, slot::Turn, state::AccountState};
use crate::domain::{
    instruments::correction::Correction,
    messages::{command::Answer, reject::Reject},
    orders::{NewOrder, Order, OrderList, StpMode},
    types::id::{CommandId, OrderListId},
};

/// The details of the reply to a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// The self-trades of a new order that were prevented.
    pub prevented: Vec<Prevention>,
    /// The lists of the cancelled orders, each once.
    pub lists: Vec<OrderList>,
    /// How to correct the new order that a filter rejected.
    pub correction: Option<Correction>,
}

impl Turn<'_> {
    /// Adds to the answer of a command how to correct its new orders, if a filter is why they were rejected.
    pub(super) fn explain(&mut self, command: CommandId, orders: &[NewOrder], reject: Reject) {
        let spec = orders.first().and_then(|order| self.instruments.symbol(order.symbol));
        if let Some(correction) = spec.and_then(|spec| spec.correct_rejected(orders, reject)) {
            let details = Details { correction: Some(correction), ..Details::default() };
            self.out.details.push((command, Box::new(details)));
        }
    }

    /// Sends an answer.
    pub(super) fn hand_out(&mut self, command: CommandId, answer: Result<Answer, Reject>) {
        if let Some(details) = answer.as_ref().ok().and_then(|answer| self.state.details(answer)) {
            self.out.details.push((command, details));
        }
        self.out.answers.push((command, answer));
    }
}

impl AccountState {
    fn details(&self, answer: &Answer) -> Option<Box<Details>> {
        let details = match answer {
            Answer::Placed { order, .. } => self.details_of_taker(order),
            Answer::Replaced(replaced) => match &replaced.placed {
                Some(Ok((order, _))) => self.details_of_taker(order),
                Some(Err(_)) | None => return None,
            },
            Answer::AllCancelled(orders) => Details { lists: self.lists_of(orders), ..Details::default() },
            _ => return None,
        };
        (details != Details::default()).then(|| Box::new(details))
    }

    /// The order itself knows only its last prevented self-trade, and nothing of a maker that expires alone.
    fn details_of_taker(&self, order: &Order) -> Details {
        if order.prevented_match().is_none() && order.stp != StpMode::ExpireMaker {
            return Details::default();
        }
        let prevented = self.archive.prevented(order.account, order.symbol);
        let prevented = prevented.filter(|prevention| prevention.by.taker == order.id).copied().collect();
        Details { prevented, ..Details::default() }
    }

    fn lists_of(&self, orders: &[Order]) -> Vec<OrderList> {
        let mut ids: Vec<OrderListId> = Vec::new();
        for id in orders.iter().filter_map(|order| order.list()) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids.into_iter().filter_map(|id| self.find_list(id)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rust_decimal::Decimal;

    use super::*;
    use crate::domain::{
        account::{AccountInput, AccountOutput, AccountQuery, AccountSlot, AccountView},
        book::BookLimits,
        instruments::Instruments,
        matching::{SymbolInput, SymbolOutput, SymbolSlot},
        messages::{
            command::{
                AccountCommand, CancelAll, CreateAccount, IdempotencyKey, OrderRef, ReplaceMode,
                ReplaceOrder, Transfer,
            },
            reject::{Filter, Parameter},
        },
        orders::{
            ListOrders, ListStatus, NewOrder, OrderListRef, OrderType, PlaceList, Side, TimeInForce, Trigger,
        },
        testing::sample,
        types::{
            id::{AccountId, AssetId, SlotId, SymbolId},
            money::{Amount, Lots, Price},
            time::Timestamp,
        },
    };

    const ACCOUNT: AccountId = AccountId::new(7);
    const OTHER: AccountId = AccountId::new(1_031);
    const SYMBOL: SymbolId = SymbolId::new(1);
    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    type Answered = (Result<Answer, Reject>, Details);

    /// One account slot with two accounts, and its book.
    struct Bench {
        slot: AccountSlot,
        book: SymbolSlot,
        commands: u64,
    }

    impl Bench {
        fn new() -> Self {
            Self::of(sample::instruments().unwrap())
        }

        fn of(instruments: Instruments) -> Self {
            let instruments = Arc::new(instruments);
            let book = SymbolSlot::new(SYMBOL.slot(), &instruments, BookLimits::default());
            let mut bench = Self { slot: AccountSlot::new(SlotId::new(7), instruments), book, commands: 0 };
            for account in [ACCOUNT, OTHER] {
                let create = CreateAccount { id: Some(account), tier: 0, is_unlimited: true };
                bench.ask(AccountCommand::CreateAccount(create), None).0.unwrap();
                for asset in [AssetId::new(1), AssetId::new(2)] {
                    let amount = Amount::new(10_i128.pow(15));
                    let transfer = Transfer { account, asset, amount, request_id: None };
                    bench.ask(AccountCommand::Deposit(transfer), None).0.unwrap();
                }
            }
            bench
        }

        /// Handles a command, delivers all messages that follow to the book, and returns the answer.
        fn ask(&mut self, command: AccountCommand, key: Option<IdempotencyKey>) -> Answered {
            self.commands += 1;
            let id = CommandId::new(self.commands);
            let mut inputs = vec![AccountInput::Command { id, command, key }];
            let mut answered = None;
            while !inputs.is_empty() {
                let mut next = Vec::new();
                for input in inputs {
                    let mut out = AccountOutput::default();
                    self.slot.handle(input, NOW, &mut out).unwrap();
                    for (of, answer) in out.answers {
                        assert_eq!(of, id);
                        let details = out.details.pop().map(|(of, details)| {
                            assert_eq!(of, id);
                            *details
                        });
                        answered = Some((answer, details.unwrap_or_default()));
                    }
                    assert!(out.details.is_empty(), "no details without an answer");
                    for envelope in out.messages {
                        let mut output = SymbolOutput::default();
                        self.book.handle(SymbolInput::Message(envelope), NOW, &mut output).unwrap();
                        next.extend(output.messages.into_iter().map(AccountInput::Message));
                    }
                }
                inputs = next;
            }
            answered.unwrap()
        }

        fn place(&mut self, order: NewOrder) -> (Order, Details) {
            let (Ok(Answer::Placed { order, .. }), details) = self.ask(AccountCommand::Place(order), None)
            else {
                panic!("not placed")
            };
            (*order, details)
        }

        /// Returns the answer of a query after the command's answer.
        fn prevented(&self, taker: &Order) -> Vec<Prevention> {
            let query =
                AccountQuery::Prevented { symbol: SYMBOL, order: Some(taker.id), from: None, limit: 1_000 };
            let Ok(AccountView::Prevented(found)) = self.slot.query(ACCOUNT, &query, NOW) else { panic!() };
            found.items.into_iter().filter(|one| one.by.taker == taker.id).collect()
        }
    }

    fn order(account: AccountId, side: Side, ticks: u64, lots: u64) -> NewOrder {
        NewOrder::limit(account, SYMBOL, side, Price::from_ticks(ticks), Lots::new(lots))
    }

    fn taker(stp: StpMode) -> NewOrder {
        NewOrder { stp, ..order(ACCOUNT, Side::Buy, 45_000, 25) }
    }

    #[test]
    fn a_new_order_comes_with_every_self_trade_it_did_not_make() {
        let modes = [
            (StpMode::ExpireTaker, 1),
            (StpMode::ExpireMaker, 2),
            (StpMode::ExpireBoth, 1),
            (StpMode::Decrement, 2),
        ];
        for (stp, count) in modes {
            let mut bench = Bench::new();
            for ticks in [44_000, 44_001] {
                let (_, details) = bench.place(order(ACCOUNT, Side::Sell, ticks, 10));
                assert_eq!(details, Details::default(), "a plain order comes with nothing");
            }
            let (placed, details) = bench.place(taker(stp));
            assert_eq!((details.prevented.len(), details.lists.len()), (count, 0), "{stp:?}");
            assert_eq!(details.prevented, bench.prevented(&placed), "{stp:?}");
        }
    }

    #[test]
    fn the_maker_does_not_see_them_as_its_own() {
        let mut bench = Bench::new();
        bench.place(order(ACCOUNT, Side::Sell, 44_000, 10));
        bench.place(NewOrder { stp: StpMode::ExpireMaker, ..order(ACCOUNT, Side::Buy, 44_000, 5) });
        let (_, details) = bench.place(taker(StpMode::ExpireMaker));
        assert_eq!(details, Details::default(), "it meets nothing, whatever others have met");
        let (_, details) = bench.place(NewOrder { account: OTHER, ..taker(StpMode::ExpireMaker) });
        assert_eq!(details, Details::default());
    }

    #[test]
    fn a_cancel_replace_comes_with_them_too_and_sent_again_with_the_same() {
        let mut bench = Bench::new();
        bench.place(order(ACCOUNT, Side::Sell, 44_000, 10));
        let (old, _) = bench.place(order(ACCOUNT, Side::Buy, 40_000, 10));
        let cancel = OrderRef { id: Some(old.id), client_id: None };
        let (mode, order) = (ReplaceMode::StopOnFailure, taker(StpMode::ExpireMaker));
        let replace = ReplaceOrder { cancel, restriction: None, mode, order, cancels_when_limited: false };
        let command = AccountCommand::Replace(Box::new(replace));
        let key = IdempotencyKey { id: "again".to_owned(), fingerprint: 1 };
        let first = bench.ask(command.clone(), Some(key.clone()));
        let (Ok(Answer::Replaced(replaced)), details) = &first else { panic!("{first:?}") };
        let Some(Ok((placed, _))) = &replaced.placed else { panic!("{replaced:?}") };
        assert_eq!(details.prevented.len(), 1);
        assert_eq!(details.prevented, bench.prevented(placed));
        let hash = bench.slot.hash();
        assert_eq!(bench.ask(command, Some(key)), first);
        assert_eq!(bench.slot.hash(), hash);
    }

    #[test]
    fn a_refusal_by_a_filter_comes_with_the_bound_and_the_nearest_valid_value() {
        let mut bench = Bench::new();
        let large = order(ACCOUNT, Side::Buy, 45_000, u64::MAX >> 20);
        let refused = Err(Reject::Filter(Filter::LotSize));
        let (answer, details) = bench.ask(AccountCommand::Place(large), None);
        assert_eq!(answer, refused);
        let correction = details.correction.unwrap();
        assert_eq!((correction.bound.0, correction.parameter), ("maxQty", Some(Parameter::Quantity)));
        assert_eq!(correction.nearest, Some(correction.bound.1));

        let (account, symbol, orders) = (ACCOUNT, SYMBOL, ListOrders::Then(large, large));
        let list = PlaceList { account, symbol, client_id: None, orders };
        let (answer, details) = bench.ask(AccountCommand::PlaceList(Box::new(list)), None);
        assert_eq!(answer, refused);
        assert_eq!(details.correction, Some(Correction { parameter: None, ..correction }));

        let (old, details) = bench.place(order(ACCOUNT, Side::Buy, 40_000, 10));
        assert_eq!(details, Details::default());
        let cancel = OrderRef { id: Some(old.id), client_id: None };
        let mode = ReplaceMode::StopOnFailure;
        let replace =
            ReplaceOrder { cancel, restriction: None, mode, order: large, cancels_when_limited: false };
        let (answer, details) = bench.ask(AccountCommand::Replace(Box::new(replace)), None);
        assert_eq!((answer, details.correction), (refused, Some(correction)));

        let unpaid = order(ACCOUNT, Side::Buy, 45_000, 90_000_000_000);
        let (answer, details) = bench.ask(AccountCommand::Place(unpaid), None);
        assert_eq!((answer.unwrap_err(), details), (Reject::InsufficientBalance, Details::default()));
    }

    /// What the account owns is counted only when the new order is placed, after the cancel.
    #[test]
    fn a_second_half_refused_by_a_filter_is_explained_and_sent_again_too() {
        let mut symbol = sample::symbol(1, "BTCUSDT");
        symbol.special_orders.max_position = Decimal::ONE;
        let mut bench = Bench::of(Instruments::build(&sample::assets(), &[symbol]).unwrap());
        let (old, _) = bench.place(order(ACCOUNT, Side::Sell, 46_000, 10));
        let cancel = OrderRef { id: Some(old.id), client_id: None };
        let (mode, order) = (ReplaceMode::StopOnFailure, order(ACCOUNT, Side::Buy, 45_000, 25));
        let replace = ReplaceOrder { cancel, restriction: None, mode, order, cancels_when_limited: false };
        let command = AccountCommand::Replace(Box::new(replace));
        let key = IdempotencyKey { id: "again".to_owned(), fingerprint: 1 };
        let first = bench.ask(command.clone(), Some(key.clone()));
        let (Ok(Answer::Replaced(replaced)), details) = &first else { panic!("{first:?}") };
        assert_eq!(replaced.placed, Some(Err(Reject::Filter(Filter::MaxPosition))));
        assert_eq!(details.correction.map(|correction| correction.bound.0), Some("maxPosition"));
        assert_eq!(bench.ask(command, Some(key)), first);
    }

    #[test]
    fn cancelled_orders_come_with_their_lists_as_they_ended() {
        let mut bench = Bench::new();
        bench.place(order(OTHER, Side::Sell, 45_000, 1));
        bench.place(order(OTHER, Side::Buy, 45_000, 1));
        bench.place(order(ACCOUNT, Side::Buy, 44_000, 10));
        let maker = NewOrder { kind: OrderType::LimitMaker, ..order(ACCOUNT, Side::Sell, 46_000, 10) };
        let stop = Trigger { stop: Some(Price::from_ticks(44_500)), trailing: None };
        let stop = NewOrder {
            kind: OrderType::StopLossLimit,
            time_in_force: TimeInForce::Gtc,
            trigger: Some(stop),
            ..order(ACCOUNT, Side::Sell, 44_400, 10)
        };
        let place = |orders| {
            let (account, symbol) = (ACCOUNT, SYMBOL);
            AccountCommand::PlaceList(Box::new(PlaceList { account, symbol, client_id: None, orders }))
        };
        bench.ask(place(ListOrders::Pair([maker, stop])), None).0.unwrap();
        let then = ListOrders::Then(order(ACCOUNT, Side::Buy, 43_000, 10), maker);
        bench.ask(place(then), None).0.unwrap();
        let cancel = AccountCommand::CancelAll(CancelAll { account: ACCOUNT, symbol: SYMBOL });
        let (answer, details) = bench.ask(cancel, None);
        let Ok(Answer::AllCancelled(orders)) = answer else { panic!("{answer:?}") };
        assert_eq!((orders.len(), details.lists.len(), details.prevented.len()), (5, 2, 0));
        for list in &details.lists {
            assert_eq!(list.status, ListStatus::AllDone);
            let query = AccountQuery::OrderList(OrderListRef { id: Some(list.id), client_id: None });
            let Ok(AccountView::Lists(found)) = bench.slot.query(ACCOUNT, &query, NOW) else { panic!() };
            assert_eq!(found.items, std::slice::from_ref(list));
        }
    }
}
