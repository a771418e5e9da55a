//! Accounts that an operator restricts (C43) or moves to another fee tier (C44) while they trade.

use super::{
    lists::{maker, pair, statuses, stop, trade_at, try_list},
    *,
};
use lightning_exchange::domain::{
    messages::{
        command::{CancelAllAfter, CreateApiKey, Permissions},
        credential::KeyMaterial,
        standing::{AccountStatus, SetAccountStatus, SetAccountTier},
    },
    orders::ListOrders,
};

fn set(status: AccountStatus, cancels_orders: bool) -> AccountCommand {
    let (account, reason) = (ALICE, "a test".to_owned());
    AccountCommand::SetAccountStatus(SetAccountStatus { account, status, cancels_orders, reason })
}

fn restrict(harness: &mut Harness, status: AccountStatus) {
    let answer = harness.ask(set(status, false)).unwrap();
    assert_eq!(answer, Ok(Answer::AccountStatusSet { status, cancelling: 0 }));
}

fn transfer(asset: AssetId, units: i128, request_id: Option<&str>) -> Transfer {
    let request_id = request_id.map(str::to_owned);
    Transfer { account: ALICE, asset, amount: Amount::new(units), request_id }
}

fn new_key(name: &str) -> AccountCommand {
    AccountCommand::CreateApiKey(CreateApiKey {
        account: ALICE,
        key: name.to_owned(),
        material: KeyMaterial::Hmac("secret".to_owned()),
        permissions: Permissions { trade: true, user_data: true },
        label: String::new(),
        created_at: Timestamp::from_micros(1),
    })
}

fn replace(order: &Order, new: NewOrder) -> AccountCommand {
    AccountCommand::Replace(Box::new(ReplaceOrder {
        cancel: by_id(order.id),
        restriction: None,
        mode: ReplaceMode::StopOnFailure,
        order: new,
        cancels_when_limited: false,
    }))
}

#[test]
fn c43_each_status_refuses_with_its_own_code_and_the_owner_may_still_cancel() {
    for (status, reject) in [
        (AccountStatus::CancelOnly, Reject::AccountCancelOnly),
        (AccountStatus::Frozen, Reject::AccountFrozen),
    ] {
        let mut harness = harness();
        trade_at(&mut harness, 100);
        let resting = place(&mut harness, limit(ALICE, Side::Buy, 50, 10));
        restrict(&mut harness, status);
        let before = harness.world_ref().account_slot(ALICE).hash();
        let list = ListOrders::Then(limit(ALICE, Side::Buy, 50, 10), limit(ALICE, Side::Sell, 120, 10));
        assert_eq!(try_place(&mut harness, limit(ALICE, Side::Buy, 50, 10)), Err(reject));
        assert_eq!(try_list(&mut harness, list).err(), Some(reject));
        assert_eq!(harness.ask(amend(&resting, 5, None)).unwrap(), Err(reject));
        assert_eq!(harness.ask(replace(&resting, limit(ALICE, Side::Buy, 51, 10))).unwrap(), Err(reject));
        assert_eq!(harness.world_ref().account_slot(ALICE).hash(), before, "a refusal changes nothing");
        assert_eq!(levels(&harness, Side::Buy), [(50, 10)], "what rests goes on");
        let withdrawn = harness.ask(AccountCommand::Withdraw(transfer(CASH, 1, None))).unwrap();
        let keyed = harness.ask(new_key("another")).unwrap();
        if status == AccountStatus::Frozen {
            assert_eq!((withdrawn, keyed), (Err(reject), Err(reject)));
        } else {
            assert!(withdrawn.is_ok() && keyed.is_ok());
        }
        harness.ask(AccountCommand::Deposit(transfer(CASH, 1, None))).unwrap().unwrap();
        harness.ask(cancel(&resting)).unwrap().unwrap();
        assert!(harness.open_orders(ALICE).is_empty());
        restrict(&mut harness, AccountStatus::Active);
        place(&mut harness, limit(ALICE, Side::Buy, 50, 10));
    }
}

#[test]
fn c43_a_resting_order_trades_and_a_conditional_one_triggers_whatever_the_status() {
    let mut harness = harness();
    trade_at(&mut harness, 100);
    let resting = place(&mut harness, limit(ALICE, Side::Sell, 110, 4));
    let waiting = place(&mut harness, stop(Side::Sell, 90, 85, 6));
    restrict(&mut harness, AccountStatus::Frozen);
    place(&mut harness, limit(BOB, Side::Buy, 110, 4));
    assert!(harness.open_orders(ALICE).iter().all(|order| order.id != resting.id), "it is filled");
    place(&mut harness, limit(BOB, Side::Buy, 88, 6));
    trade_at(&mut harness, 90);
    assert!(harness.open_orders(ALICE).iter().all(|order| order.id != waiting.id), "it is filled");
    assert_eq!(balance(&harness, ALICE, COIN), (990, 0));
}

#[test]
fn c43_a_pending_order_of_a_list_is_not_placed_for_a_restricted_account() {
    let mut harness = harness();
    let then = ListOrders::Then(limit(ALICE, Side::Buy, 100, 10), limit(ALICE, Side::Sell, 120, 10));
    let report = try_list(&mut harness, then).unwrap();
    restrict(&mut harness, AccountStatus::CancelOnly);
    place(&mut harness, limit(BOB, Side::Sell, 100, 10));
    assert_eq!(statuses(&harness, &report), [OrderStatus::Filled, OrderStatus::Expired]);
    assert!(levels(&harness, Side::Sell).is_empty());
    assert_eq!(balance(&harness, ALICE, COIN), (1_010, 0), "it holds nothing");
}

#[test]
fn c43_the_second_half_of_a_replacement_is_refused_when_the_restriction_comes_between() {
    let mut harness = harness();
    let old = place(&mut harness, limit(ALICE, Side::Buy, 50, 10));
    let (replaced, _) = send(&mut harness, replace(&old, limit(ALICE, Side::Buy, 51, 10)));
    send(&mut harness, set(AccountStatus::Frozen, false));
    harness.settle().unwrap();
    let Some(Ok(Answer::Replaced(replaced))) = harness.answer(replaced) else { panic!("no answer") };
    let Replaced { cancelled, placed, .. } = *replaced;
    assert!(cancelled.is_ok_and(|order| order.id == old.id));
    assert_eq!(placed, Some(Err(Reject::AccountFrozen)));
    assert!(harness.open_orders(ALICE).is_empty());
}

#[test]
fn c43_an_amend_that_waits_for_another_is_refused_when_the_restriction_comes_between() {
    let mut harness = harness();
    let order = place(&mut harness, limit(ALICE, Side::Buy, 50, 10));
    let (first, _) = send(&mut harness, amend(&order, 8, None));
    let (second, _) = send(&mut harness, amend(&order, 6, None));
    send(&mut harness, set(AccountStatus::Frozen, false));
    harness.settle().unwrap();
    assert!(harness.answer(first).unwrap().is_ok(), "it was at its book already");
    assert_eq!(harness.answer(second), Some(Err(Reject::AccountFrozen)));
    assert_eq!(levels(&harness, Side::Buy), [(50, 8)]);
}

#[test]
fn c43_a_restriction_cancels_everything_in_one_step_orders_under_way_among_it() {
    let mut harness = harness();
    trade_at(&mut harness, 100);
    try_list(&mut harness, pair()).unwrap();
    place(&mut harness, limit(ALICE, Side::Buy, 50, 1));
    place(&mut harness, stop(Side::Buy, 130, 131, 1));
    let (under_way, _) = send(&mut harness, AccountCommand::Place(limit(ALICE, Side::Buy, 51, 1)));
    let (restricted, _) = send(&mut harness, set(AccountStatus::Frozen, true));
    harness.settle().unwrap();
    assert!(harness.answer(under_way).unwrap().is_ok());
    // The pair is one request to its book.
    let answer = Ok(Answer::AccountStatusSet { status: AccountStatus::Frozen, cancelling: 4 });
    assert_eq!(harness.answer(restricted), Some(answer));
    assert!(harness.open_orders(ALICE).is_empty());
    assert_eq!((balance(&harness, ALICE, COIN).1, balance(&harness, ALICE, CASH).1), (0, 0));
}

#[test]
fn c43_the_same_status_again_changes_nothing_but_still_cancels() {
    let mut harness = harness();
    let order = place(&mut harness, limit(ALICE, Side::Buy, 50, 1));
    restrict(&mut harness, AccountStatus::Frozen);
    let hash = harness.world_ref().account_slot(ALICE).hash();
    restrict(&mut harness, AccountStatus::Frozen);
    assert_eq!(harness.world_ref().account_slot(ALICE).hash(), hash);
    let answer = harness.ask(set(AccountStatus::Frozen, true)).unwrap();
    assert_eq!(answer, Ok(Answer::AccountStatusSet { status: AccountStatus::Frozen, cancelling: 1 }));
    assert!(harness.open_orders(ALICE).iter().all(|open| open.id != order.id));
    for (status, reject) in [
        (AccountStatus::Active, Reject::UnsupportedCombination),
        (AccountStatus::Closed, Reject::UnsupportedCombination),
    ] {
        assert_eq!(harness.ask(set(status, true)).unwrap(), Err(reject));
    }
}

#[test]
fn c43_only_an_empty_account_is_closed_and_then_it_only_reads() {
    let mut harness = harness();
    let order = place(&mut harness, limit(ALICE, Side::Buy, 50, 1));
    let close = || set(AccountStatus::Closed, false);
    let left = |orders, assets| Err(Reject::AccountNotEmpty { orders, assets });
    assert_eq!(harness.ask(close()).unwrap(), left(1, 2));
    harness.ask(cancel(&order)).unwrap().unwrap();
    assert_eq!(harness.ask(close()).unwrap(), left(0, 2));
    let coins = || AccountCommand::Withdraw(transfer(COIN, 1_000, Some("coins")));
    let paid = harness.ask(coins()).unwrap();
    assert!(paid.is_ok());
    assert_eq!(harness.ask(close()).unwrap(), left(0, 1));
    harness.ask(AccountCommand::Withdraw(transfer(CASH, 1_000_000, None))).unwrap().unwrap();
    let countdown = CancelAllAfter { account: ALICE, after_micros: Some(1_000) };
    harness.ask(AccountCommand::CancelAllAfter(countdown)).unwrap().unwrap();
    restrict(&mut harness, AccountStatus::Closed);

    let closed = Err(Reject::AccountClosed);
    assert_eq!(harness.ask(AccountCommand::Deposit(transfer(CASH, 1, None))).unwrap(), closed);
    assert_eq!(harness.ask(AccountCommand::Withdraw(transfer(CASH, 1, None))).unwrap(), closed);
    assert_eq!(harness.ask(AccountCommand::CancelAllAfter(countdown)).unwrap(), closed);
    assert_eq!(harness.ask(new_key("another")).unwrap(), closed);
    assert_eq!(try_place(&mut harness, limit(ALICE, Side::Buy, 50, 1)), Err(Reject::AccountClosed));
    assert_eq!(harness.ask(coins()).unwrap(), paid, "a repeat is answered as the first time");
    // Its countdown went with it.
    harness.pass(1_000);
    let seq = harness.world_ref().account_slot(ALICE).seq();
    harness.tick().unwrap();
    assert_eq!(harness.world_ref().account_slot(ALICE).seq(), seq);
    restrict(&mut harness, AccountStatus::Active);
    harness.ask(AccountCommand::Deposit(transfer(CASH, 1, None))).unwrap().unwrap();
}

#[test]
fn c43_an_action_on_a_status_without_a_reason_or_an_account_is_refused() {
    let mut harness = harness();
    let command = |account, reason: String| {
        let status = AccountStatus::Frozen;
        AccountCommand::SetAccountStatus(SetAccountStatus { account, status, cancels_orders: false, reason })
    };
    for (account, reason, reject) in [
        (ALICE, String::new(), Reject::Overflow),
        (ALICE, "x".repeat(201), Reject::Overflow),
        (AccountId::new(5_121), "why".to_owned(), Reject::UnknownAccount),
    ] {
        assert_eq!(harness.ask(command(account, reason)).unwrap(), Err(reject));
    }
    place(&mut harness, maker(Side::Buy, 50, 1));
}

/// Tier 0 pays nothing; tier 1 pays a tenth as a maker and a fifth as a taker.
fn tiered() -> Harness {
    let fee = |maker, taker| FeeDefinition { maker: Decimal::new(maker, 1), taker: Decimal::new(taker, 1) };
    let definition = SymbolDefinition { fees: vec![fee(0, 0), fee(1, 2)], ..definition() };
    desk_of(definition, BookLimits::default())
}

fn tier(tier: Option<u8>, is_unlimited: Option<bool>) -> AccountCommand {
    let (account, reason) = (ALICE, "a test".to_owned());
    AccountCommand::SetAccountTier(SetAccountTier { account, tier, is_unlimited, reason })
}

#[test]
fn c44_trades_pay_the_tier_of_their_settlement() {
    let mut harness = tiered();
    let resting = place(&mut harness, limit(ALICE, Side::Buy, 100, 200));
    place(&mut harness, limit(BOB, Side::Sell, 100, 100));
    assert_eq!(balance(&harness, ALICE, COIN), (1_100, 0), "no fee");
    let set = Ok(Answer::AccountTierSet { tier: 1, is_unlimited: false });
    assert_eq!(harness.ask(tier(Some(1), None)).unwrap(), set);
    place(&mut harness, limit(BOB, Side::Sell, 100, 100));
    assert_eq!(balance(&harness, ALICE, COIN), (1_190, 0), "a tenth, of an order placed before");
    assert!(harness.open_orders(ALICE).iter().all(|open| open.id != resting.id));
    place(&mut harness, limit(BOB, Side::Sell, 100, 100));
    place(&mut harness, limit(ALICE, Side::Buy, 100, 100));
    assert_eq!(balance(&harness, ALICE, COIN), (1_270, 0), "a fifth");
    let hash = harness.world_ref().account_slot(ALICE).hash();
    assert_eq!(harness.ask(tier(Some(1), Some(false))).unwrap(), set);
    assert_eq!(harness.world_ref().account_slot(ALICE).hash(), hash, "a repeat changes nothing");
    assert_eq!(harness.ask(tier(Some(2), None)).unwrap(), Err(Reject::UnknownTier));
}

#[test]
fn c44_the_exemption_is_set_apart_from_the_tier() {
    let mut harness = tiered();
    let set = |tier, is_unlimited| Ok(Answer::AccountTierSet { tier, is_unlimited });
    assert_eq!(harness.ask(tier(None, Some(true))).unwrap(), set(0, true));
    assert_eq!(harness.ask(tier(Some(1), None)).unwrap(), set(1, true));
    assert_eq!(harness.ask(tier(None, Some(false))).unwrap(), set(1, false));
}
