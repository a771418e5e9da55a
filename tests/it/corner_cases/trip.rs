//! What happens on the way between slots (C9 to C11, C17, C29, C35).

use super::*;

#[test]
fn c11_two_amends_under_way_each_end_at_the_quantity_asked_for() {
    let mut harness = harness();
    let order = place(&mut harness, named(limit(ALICE, Side::Sell, 100, 10), "first"));
    let (eight, _) = send(&mut harness, amend(&order, 8, Some("second")));
    let (six, _) = send(&mut harness, amend(&order, 6, Some("first")));
    let (seven, _) = send(&mut harness, amend(&order, 7, None));
    harness.settle().unwrap();
    for (command, lots, name) in [(eight, 8, "second"), (six, 6, "first")] {
        let Some(Ok(Answer::Amended { order, .. })) = harness.answer(command) else { panic!("not amended") };
        assert_eq!((order.quantity.get(), order.client_id.as_str()), (lots, name));
    }
    assert_eq!(harness.answer(seven), Some(Err(Reject::AmendIncrease)), "judged when its turn comes");
    assert_eq!(levels(&harness, Side::Sell), [(100, 6)]);
    assert_eq!(balance(&harness, ALICE, COIN), (994, 6));
}

#[test]
fn c11_a_refused_amend_leaves_the_state_as_it_was() {
    let mut harness = harness();
    let taken = ClientOrderId::generated(3 * 1024 + 1); // the name the third order of the slot would be given
    place(&mut harness, NewOrder { client_id: Some(taken), ..limit(ALICE, Side::Sell, 100, 10) });
    let order = place(&mut harness, limit(ALICE, Side::Sell, 100, 10));
    let before = harness.world().hash();
    assert_eq!(harness.ask(amend(&order, 8, None)).unwrap(), Err(Reject::DuplicateClientOrderId));
    assert_eq!(harness.world().hash(), before);
}

#[test]
fn c9_cancelling_a_partly_filled_order_releases_what_is_left_of_its_hold() {
    let mut harness = harness();
    let order = place(&mut harness, limit(ALICE, Side::Buy, 100, 10));
    place(&mut harness, limit(BOB, Side::Sell, 100, 4));
    let Ok(Answer::Cancelled(cancelled)) = harness.ask(cancel(&order)).unwrap() else {
        panic!("not cancelled")
    };
    assert_eq!((cancelled.executed.get(), cancelled.status), (4, OrderStatus::Cancelled));
    assert_eq!(balance(&harness, ALICE, CASH), (999_600, 0));
}

#[test]
fn c9_a_filled_or_cancelled_order_cannot_be_cancelled_again() {
    let mut harness = harness();
    let order = place(&mut harness, limit(ALICE, Side::Buy, 100, 10));
    place(&mut harness, limit(BOB, Side::Sell, 100, 10));
    assert_eq!(harness.ask(cancel(&order)).unwrap(), Err(Reject::UnknownOrder));
    let order = place(&mut harness, limit(ALICE, Side::Buy, 100, 10));
    harness.ask(cancel(&order)).unwrap().unwrap();
    assert_eq!(harness.ask(cancel(&order)).unwrap(), Err(Reject::UnknownOrder));
}

#[test]
fn c9_of_two_cancels_under_way_one_succeeds() {
    let mut harness = harness();
    let order = place(&mut harness, limit(ALICE, Side::Buy, 100, 10));
    let (first, _) = send(&mut harness, cancel(&order));
    let (second, _) = send(&mut harness, cancel(&order));
    harness.settle().unwrap();
    assert!(harness.answer(first).unwrap().is_ok());
    assert_eq!(harness.answer(second), Some(Err(Reject::UnknownOrder)));
}

#[test]
fn c10_a_cancel_sent_before_the_book_has_answered_cancels() {
    let mut harness = harness();
    let (placing, order) = send(&mut harness, AccountCommand::Place(limit(ALICE, Side::Buy, 100, 10)));
    let order = by_id(order.unwrap());
    let cancel = CancelOrder { account: ALICE, symbol: MARKET, order, restriction: None, name: None };
    let (cancelling, _) = send(&mut harness, AccountCommand::Cancel(cancel));
    assert_eq!(harness.answer(cancelling), None, "it waits for the book");
    harness.settle().unwrap();
    assert!(harness.answer(placing).unwrap().is_ok());
    assert!(matches!(harness.answer(cancelling), Some(Ok(Answer::Cancelled(_)))));
    assert_eq!(balance(&harness, ALICE, CASH), (1_000_000, 0));
}

#[test]
fn c10_a_cancel_of_an_order_that_fills_on_arrival_is_answered() {
    let mut harness = harness();
    place(&mut harness, limit(BOB, Side::Sell, 100, 10));
    let (placing, order) = send(&mut harness, AccountCommand::Place(limit(ALICE, Side::Buy, 100, 10)));
    let order = by_id(order.unwrap());
    let cancel = CancelOrder { account: ALICE, symbol: MARKET, order, restriction: None, name: None };
    let (cancelling, _) = send(&mut harness, AccountCommand::Cancel(cancel));
    let all = CancelAll { account: ALICE, symbol: MARKET };
    let (cancelling_all, _) = send(&mut harness, AccountCommand::CancelAll(all));
    harness.settle().unwrap();
    let Some(Ok(Answer::Placed { order, .. })) = harness.answer(placing) else { panic!("not placed") };
    assert_eq!(order.status, OrderStatus::Filled);
    assert_eq!(harness.answer(cancelling), Some(Err(Reject::UnknownOrder)));
    assert_eq!(harness.answer(cancelling_all), Some(Err(Reject::UnknownOrder)));
}

fn replace(order: &Order, mode: ReplaceMode, new: NewOrder) -> AccountCommand {
    AccountCommand::Replace(Box::new(ReplaceOrder {
        cancel: by_id(order.id),
        restriction: None,
        mode,
        order: new,
        cancels_when_limited: false,
    }))
}

fn replaced(answer: Result<Answer, Reject>) -> Replaced {
    match answer {
        Ok(Answer::Replaced(replaced)) => *replaced,
        answer => panic!("{answer:?}"),
    }
}

fn is_not_replaced(answer: Result<Answer, Reject>) -> bool {
    matches!(replaced(answer), Replaced { cancelled: Err(Reject::UnknownOrder), placed: None, .. })
}

#[test]
fn c11_a_replace_whose_cancel_fails_places_only_with_allow_failure() {
    let mut harness = harness();
    let gone = place(&mut harness, limit(ALICE, Side::Buy, 100, 10));
    harness.ask(cancel(&gone)).unwrap().unwrap();
    let new = limit(ALICE, Side::Buy, 90, 5);
    let answer = harness.ask(replace(&gone, ReplaceMode::StopOnFailure, new)).unwrap();
    assert!(is_not_replaced(answer));
    assert_eq!(levels(&harness, Side::Buy), []);
    let answer = harness.ask(replace(&gone, ReplaceMode::AllowFailure, new)).unwrap();
    let answer = replaced(answer);
    assert_eq!(answer.cancelled, Err(Reject::UnknownOrder));
    assert!(matches!(answer.placed, Some(Ok(_))), "{answer:?}");
    assert_eq!(levels(&harness, Side::Buy), [(90, 5)]);
}

#[test]
fn c11_a_replace_that_loses_the_race_against_a_fill_places_nothing() {
    let mut harness = harness();
    let order = place(&mut harness, limit(ALICE, Side::Buy, 100, 10));
    let (filling, _) = send(&mut harness, AccountCommand::Place(limit(BOB, Side::Sell, 100, 10)));
    let new = limit(ALICE, Side::Buy, 100, 10);
    let (replacing, _) = send(&mut harness, replace(&order, ReplaceMode::StopOnFailure, new));
    // Bob's slot is the second, its lane to the only symbol slot is lane 1: his order arrives first.
    let now = harness.time();
    harness.world().deliver(1, now).unwrap();
    harness.settle().unwrap();
    assert!(harness.answer(filling).unwrap().is_ok());
    assert!(is_not_replaced(harness.answer(replacing).unwrap()));
    assert_eq!(levels(&harness, Side::Buy), []);
}

#[test]
fn c11_a_replace_into_the_spread_trades_and_never_crosses() {
    let mut harness = harness();
    let order = place(&mut harness, limit(ALICE, Side::Buy, 90, 10));
    place(&mut harness, limit(BOB, Side::Sell, 100, 4));
    let new = limit(ALICE, Side::Buy, 100, 10);
    harness.ask(replace(&order, ReplaceMode::StopOnFailure, new)).unwrap().unwrap();
    assert_eq!(levels(&harness, Side::Sell), []);
    assert_eq!(levels(&harness, Side::Buy), [(100, 6)]);
}

#[test]
fn c11_a_replace_may_use_the_funds_its_cancel_sets_free() {
    let mut harness = harness();
    let order = place(&mut harness, limit(ALICE, Side::Buy, 1_000, 1_000)); // all her cash
    let new = limit(ALICE, Side::Buy, 500, 2_000);
    harness.ask(replace(&order, ReplaceMode::StopOnFailure, new)).unwrap().unwrap();
    assert_eq!(balance(&harness, ALICE, CASH), (0, 1_000_000));
}

#[test]
fn c11_a_new_order_that_can_never_be_placed_does_not_cost_the_old_one() {
    let mut harness = harness();
    let order = place(&mut harness, limit(ALICE, Side::Buy, 100, 10));
    let refused = harness.ask(replace(&order, ReplaceMode::StopOnFailure, limit(ALICE, Side::Buy, 100, 0)));
    assert_eq!(refused.unwrap(), Err(Reject::Filter(Filter::LotSize)));
    assert_eq!(levels(&harness, Side::Buy), [(100, 10)]);
}

#[test]
fn c17_a_client_order_id_is_taken_once_while_its_order_is_open_and_free_again_after() {
    let mut harness = harness();
    let mine = |price| named(limit(ALICE, Side::Buy, price, 1), "mine");
    let order = place(&mut harness, mine(100));
    assert_eq!(try_place(&mut harness, mine(99)), Err(Reject::DuplicateClientOrderId));
    place(&mut harness, named(limit(BOB, Side::Buy, 98, 1), "mine")); // names are the account's own
    harness.ask(cancel(&order)).unwrap().unwrap();
    place(&mut harness, mine(97));
}

#[test]
fn c17_a_client_order_id_is_taken_from_the_moment_its_order_is_under_way() {
    let mut harness = harness();
    let mine = AccountCommand::Place(named(limit(ALICE, Side::Buy, 100, 1), "mine"));
    let (first, _) = send(&mut harness, mine.clone());
    let (second, _) = send(&mut harness, mine);
    harness.settle().unwrap();
    assert!(harness.answer(first).unwrap().is_ok());
    assert_eq!(harness.answer(second), Some(Err(Reject::DuplicateClientOrderId)));
}

#[test]
fn c29_the_state_hash_sees_the_queue_and_not_only_its_sums() {
    let play = |first: u64, second: u64| {
        let mut harness = harness();
        place(&mut harness, limit(ALICE, Side::Buy, 100, first));
        place(&mut harness, limit(ALICE, Side::Buy, 100, second));
        let total = levels(&harness, Side::Buy);
        (total, harness.world().symbol_slot(MARKET).unwrap().hash())
    };
    let (left, right) = (play(3, 5), play(5, 3));
    assert_eq!(left.0, right.0);
    assert_ne!(left.1, right.1);
}

#[test]
fn c35_messages_delivered_again_change_nothing() {
    let mut harness = harness();
    place(&mut harness, limit(ALICE, Side::Sell, 100, 5));
    place(&mut harness, limit(BOB, Side::Buy, 100, 3));
    let before = harness.world().hash();
    harness.world().resend();
    assert!(!harness.world().is_quiet(), "there is something to deliver again");
    harness.settle().unwrap();
    assert_eq!(harness.world().hash(), before);
}
