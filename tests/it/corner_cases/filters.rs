//! Every filter against every form an order can come in: none is a way round one.

use super::*;
use lightning_exchange::domain::{
    account::{AccountQuery, AccountView},
    instruments::SpecialOrders,
    orders::{Bips, ListOrders, PlaceList, Trigger},
};

/// The market's last price, in ticks.
const LAST: u64 = 10_000;

/// The forms of an order. A list is named by the one of its orders that breaks the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Limit,
    LimitMaker,
    Iceberg,
    Market,
    MarketByAmount,
    StopLoss,
    StopLossLimit,
    TakeProfit,
    TakeProfitLimit,
    Trailing,
    PairStop,
    PairMaker,
    Working,
    Pending,
    WorkingBeforePair,
    PendingPair,
    CancelReplace,
    CancelReplaceByAmount,
    Test,
    TestByAmount,
}

use Form::*;

const FORMS: [Form; 20] = [
    Limit,
    LimitMaker,
    Iceberg,
    Market,
    MarketByAmount,
    StopLoss,
    StopLossLimit,
    TakeProfit,
    TakeProfitLimit,
    Trailing,
    PairStop,
    PairMaker,
    Working,
    Pending,
    WorkingBeforePair,
    PendingPair,
    CancelReplace,
    CancelReplaceByAmount,
    Test,
    TestByAmount,
];

impl Form {
    fn is_by_amount(self) -> bool {
        matches!(self, MarketByAmount | CancelReplaceByAmount | TestByAmount)
    }

    fn is_market(self) -> bool {
        matches!(self, Market | StopLoss | TakeProfit) || self.is_by_amount()
    }

    fn is_list(self) -> bool {
        matches!(self, PairStop | PairMaker | Working | Pending | WorkingBeforePair | PendingPair)
    }

    fn has_stop(self) -> bool {
        matches!(self, StopLoss | StopLossLimit | TakeProfit | TakeProfitLimit | PairStop)
    }

    /// Whether it is or brings a conditional order.
    fn is_algo(self) -> bool {
        self.has_stop() || matches!(self, Trailing | PairMaker | WorkingBeforePair | PendingPair)
    }
}

/// What a form is filled in with; all of it is good.
#[derive(Debug, Clone, Copy)]
struct Values {
    price: u64,
    /// Above the market; below it lies its mirror image.
    stop: u64,
    lots: u64,
    amount: i128,
    peak: u64,
    bips: u64,
}

const GOOD: Values = Values { price: 9_900, stop: 10_100, lots: 100, amount: 1_000_000, peak: 20, bips: 100 };

fn bounded() -> SymbolDefinition {
    SymbolDefinition {
        min_price: Decimal::ONE,
        max_price: Decimal::from(2_000),
        min_qty: Decimal::new(5, 2),
        max_qty: Decimal::TEN,
        market_min_qty: Decimal::new(6, 2),
        market_max_qty: Decimal::from(5),
        min_notional: Decimal::TEN,
        apply_min_to_market: true,
        max_notional: Decimal::from(600),
        apply_max_to_market: true,
        bid_multiplier_up: Decimal::from(2),
        bid_multiplier_down: Decimal::new(5, 1),
        ask_multiplier_up: Decimal::from(2),
        ask_multiplier_down: Decimal::new(5, 1),
        special_orders: SpecialOrders {
            iceberg_parts: 10,
            max_position: Decimal::new(1_150, 2),
            ..SpecialOrders::default()
        },
        ..definition()
    }
}

fn market_of(definition: SymbolDefinition) -> Harness {
    let mut harness = desk_of(definition, BookLimits::default());
    for account in [ALICE, BOB] {
        harness.fund(account, CASH, 1_000_000_000).unwrap();
    }
    // The balances are as before.
    for (seller, buyer) in [(BOB, ALICE), (ALICE, BOB)] {
        place(&mut harness, limit(seller, Side::Sell, LAST, 20));
        place(&mut harness, limit(buyer, Side::Buy, LAST, 20));
    }
    harness
}

fn conditional(kind: OrderType, stop: Option<u64>, bips: Option<u64>, values: Values) -> NewOrder {
    let trigger = Trigger { stop: stop.map(Price::from_ticks), trailing: bips.and_then(Bips::new) };
    let order =
        NewOrder { kind, trigger: Some(trigger), ..limit(ALICE, Side::Buy, values.price, values.lots) };
    if kind.is_market() { NewOrder { price: None, time_in_force: TimeInForce::Ioc, ..order } } else { order }
}

/// The order of a form: a buy.
fn order(form: Form, values: Values) -> NewOrder {
    let Values { price, stop, lots, amount, peak, bips } = values;
    let plain = limit(ALICE, Side::Buy, price, lots);
    let below = (2 * LAST).saturating_sub(stop);
    let order = match form {
        Limit | Working | Pending | WorkingBeforePair | CancelReplace | Test => plain,
        LimitMaker | PairMaker | PendingPair => NewOrder { kind: OrderType::LimitMaker, ..plain },
        Iceberg => NewOrder { iceberg: Some(Lots::new(peak)), ..plain },
        Market => market(ALICE, Side::Buy, lots, LAST),
        MarketByAmount | CancelReplaceByAmount | TestByAmount => by_quote(ALICE, Side::Buy, amount, LAST),
        StopLoss => conditional(OrderType::StopLoss, Some(stop), None, values),
        StopLossLimit | PairStop => conditional(OrderType::StopLossLimit, Some(stop), None, values),
        TakeProfit => conditional(OrderType::TakeProfit, Some(below), None, values),
        TakeProfitLimit => conditional(OrderType::TakeProfitLimit, Some(below), None, values),
        Trailing => conditional(OrderType::StopLossLimit, None, Some(bips), values),
    };
    NewOrder { reference: Some(Price::from_ticks(LAST)), ..order }
}

fn pair(form: Form, values: Values) -> [NewOrder; 2] {
    // Of a pair both have the quantity; what is not asked about is good.
    let other = Values { lots: values.lots, ..GOOD };
    match form {
        PairStop => [order(PairStop, values), order(PairMaker, other)],
        _ => [order(PairStop, other), order(PairMaker, values)],
    }
}

/// Gives an order in a form; an order that is refused inside an answer is refused.
fn place_form(harness: &mut Harness, form: Form, values: Values) -> Result<(), Reject> {
    let sell = limit(ALICE, Side::Sell, 14_000, 10);
    let mine = order(form, values);
    let orders = match form {
        Test | TestByAmount => {
            let slot = harness.world_ref().account_slot(ALICE);
            let tested = slot.query(ALICE, &AccountQuery::Test(mine), harness.time())?;
            let AccountView::Tested(tested) = tested else { panic!("{tested:?}") };
            return tested.map_err(|(reject, _)| reject);
        }
        CancelReplace | CancelReplaceByAmount => {
            let open = harness.open_orders(ALICE).first().cloned();
            let replace = ReplaceOrder {
                cancel: by_id(open.map_or(OrderId::new(1), |order| order.id)),
                restriction: None,
                mode: ReplaceMode::AllowFailure,
                order: mine,
                cancels_when_limited: false,
            };
            return match harness.ask(AccountCommand::Replace(Box::new(replace))).unwrap()? {
                Answer::Replaced(replaced) => replaced.placed.unwrap().map(|_| ()),
                answer => panic!("{answer:?}"),
            };
        }
        PairStop | PairMaker => ListOrders::Pair(pair(form, values)),
        Working => ListOrders::Then(mine, sell),
        Pending => ListOrders::Then(sell, mine),
        WorkingBeforePair => {
            let stop = Some(Price::from_ticks(9_000));
            let stop = NewOrder {
                kind: OrderType::StopLossLimit,
                trigger: Some(Trigger { stop, trailing: None }),
                ..limit(ALICE, Side::Sell, 8_900, 20)
            };
            let maker = NewOrder { kind: OrderType::LimitMaker, ..limit(ALICE, Side::Sell, 14_000, 20) };
            ListOrders::ThenPair(mine, [maker, stop])
        }
        PendingPair => ListOrders::ThenPair(sell, pair(form, values)),
        _ => return try_place(harness, mine).map(|_| ()),
    };
    let list = PlaceList { account: ALICE, symbol: MARKET, client_id: None, orders };
    harness.ask(AccountCommand::PlaceList(Box::new(list))).unwrap().map(|_| ())
}

/// Which forms a filter is about.
type IsAbout = fn(Form) -> bool;

/// Every form the filter is about is refused for it, and leaves the exchange as it was.
fn refused(definition: &SymbolDefinition, filter: Filter, values: Values, is_about: impl Fn(Form) -> bool) {
    for form in FORMS {
        let mut harness = market_of(definition.clone());
        let before = harness.world_ref().hash();
        let outcome = place_form(&mut harness, form, values);
        if is_about(form) {
            assert_eq!(outcome, Err(Reject::Filter(filter)), "{filter:?}, {form:?}");
            // A cancel-replace that finds nothing to cancel leaves a frame of its own.
            if !matches!(form, CancelReplace | CancelReplaceByAmount) {
                assert_eq!(harness.world_ref().hash(), before, "{filter:?}, {form:?}");
            }
        } else {
            assert_ne!(outcome, Err(Reject::Filter(filter)), "{filter:?}, {form:?}");
        }
    }
}

#[test]
fn f17_what_is_good_is_accepted_in_every_form() {
    for form in FORMS {
        assert_eq!(place_form(&mut market_of(bounded()), form, GOOD), Ok(()), "{form:?}");
    }
}

#[test]
fn f17_no_form_passes_a_filter_of_the_order() {
    let definition = bounded();
    let has_price = |form: Form| !form.is_market();
    refused(&definition, Filter::PriceFilter, Values { price: 50, ..GOOD }, has_price);
    refused(&definition, Filter::PriceFilter, Values { price: 200_100, ..GOOD }, has_price);
    let far = Values { stop: 2 * LAST - 50, ..GOOD };
    refused(&definition, Filter::PriceFilter, far, |form| matches!(form, TakeProfit | TakeProfitLimit));
    let far = Values { stop: 200_100, ..GOOD };
    refused(&definition, Filter::PriceFilter, far, Form::has_stop);
    refused(&definition, Filter::PercentPriceBySide, Values { price: 4_000, lots: 120, ..GOOD }, has_price);
    refused(&definition, Filter::LotSize, Values { lots: 4, amount: 100_000, peak: 4, ..GOOD }, |form| {
        !form.is_by_amount()
    });
    refused(&definition, Filter::LotSize, Values { lots: 1_001, ..GOOD }, |form| {
        !form.is_by_amount() && form != Iceberg
    });
    let many = Values { lots: 501, amount: 5_010_000, peak: 100, ..GOOD };
    // Of an amount the lots are judged last, when there is room for them.
    let mut roomy = bounded();
    roomy.special_orders.max_position = Decimal::ZERO;
    refused(&roomy, Filter::MarketLotSize, many, Form::is_market);
    refused(&definition, Filter::Notional, Values { lots: 9, amount: 90_000, peak: 5, ..GOOD }, |_| true);
    let dear = Values { lots: 620, amount: 6_100_000, peak: 100, ..GOOD };
    refused(&definition, Filter::Notional, dear, |form| !form.is_market() || form.is_by_amount());
    refused(&definition, Filter::IcebergParts, Values { peak: 5, ..GOOD }, |form| form == Iceberg);
    refused(&definition, Filter::TrailingDelta, Values { bips: 5, ..GOOD }, |form| form == Trailing);
}

#[test]
fn f17_no_form_passes_the_position_bound() {
    // It owns 1,000 lots of 1,150.
    let more = Values { lots: 160, amount: 1_600_000, ..GOOD };
    refused(&bounded(), Filter::MaxPosition, more, |_| true);
    // Both orders of a list can be filled, unless they are a pair.
    let mut harness = market_of(bounded());
    let buy = order(Limit, GOOD);
    let list = |orders| {
        AccountCommand::PlaceList(Box::new(PlaceList {
            account: ALICE,
            symbol: MARKET,
            client_id: None,
            orders,
        }))
    };
    let both = harness.ask(list(ListOrders::Then(buy, buy))).unwrap();
    assert_eq!(both, Err(Reject::Filter(Filter::MaxPosition)));
    // At a better price than expected an amount buys no more than there is room for.
    place(&mut harness, limit(BOB, Side::Sell, 8_000, 500));
    let bought = place(&mut harness, order(MarketByAmount, Values { amount: 1_500_000, ..GOOD }));
    assert_eq!(bought.executed, Lots::new(150));
    assert_eq!(balance(&harness, ALICE, COIN), (1_150, 0));
    let one = Values { lots: 12, amount: 120_000, peak: 5, ..GOOD };
    for form in FORMS {
        let filter = Err(Reject::Filter(Filter::MaxPosition));
        assert_eq!(place_form(&mut harness, form, one), filter, "{form:?}");
    }
}

#[test]
fn f17_no_form_passes_a_count_of_what_is_open() {
    let special = |change: &dyn Fn(&mut SpecialOrders)| {
        let mut special = bounded().special_orders;
        change(&mut special);
        SymbolDefinition { special_orders: special, ..bounded() }
    };
    let cases: [(Filter, SymbolDefinition, Form, IsAbout); 4] = [
        (Filter::MaxNumOrders, SymbolDefinition { max_num_orders: 1, ..bounded() }, Limit, |_| true),
        (
            Filter::MaxNumAlgoOrders,
            special(&|special| special.max_num_algo_orders = 1),
            StopLossLimit,
            Form::is_algo,
        ),
        (
            Filter::MaxNumIcebergOrders,
            special(&|special| special.max_num_iceberg_orders = 1),
            Iceberg,
            |form| form == Iceberg,
        ),
        (
            Filter::MaxNumOrderLists,
            special(&|special| special.max_num_order_lists = 1),
            Working,
            Form::is_list,
        ),
    ];
    let small = Values { lots: 12, amount: 120_000, peak: 6, ..GOOD };
    for (filter, definition, first, is_about) in cases {
        for form in FORMS {
            let mut harness = market_of(definition.clone());
            place_form(&mut harness, first, small).unwrap();
            if matches!(form, CancelReplace | CancelReplaceByAmount) {
                continue; // it cancels the one there is
            }
            let outcome = place_form(&mut harness, form, small);
            let expected = is_about(form).then_some(Reject::Filter(filter));
            assert_eq!(
                outcome.err().filter(|reject| matches!(reject, Reject::Filter(_))),
                expected,
                "{filter:?}, {form:?}"
            );
        }
    }
}

#[test]
fn f17_an_amend_leaves_an_order_its_filters_admit() {
    let mut definition = bounded();
    definition.special_orders.max_num_order_amends = 1;
    let mut harness = market_of(definition);
    let open = place(&mut harness, order(Limit, GOOD));
    for (lots, filter) in [(4, Filter::LotSize), (9, Filter::Notional)] {
        assert_eq!(harness.ask(amend(&open, lots, None)).unwrap(), Err(Reject::Filter(filter)), "{lots}");
    }
    harness.ask(amend(&open, 50, None)).unwrap().unwrap();
    let again = harness.ask(amend(&open, 40, None)).unwrap();
    assert_eq!(again, Err(Reject::Filter(Filter::MaxNumOrderAmends)));
}
