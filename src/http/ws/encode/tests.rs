use std::num::NonZeroU64;

use super::{testing::instruments, *};
use crate::{
    actors::message::{DepthView, Speed},
    domain::{
        account::{Execution, ExecutionKind},
        market_data::{BestQuotes, DepthDiff},
        matching::PublicTrade,
        messages::{command::Balance, message::PreventedMatch},
        orders::{
            Bips, CloseReason, ColdFields, Fill, Order, OrderStatus, OrderType, Side, StpMode, Strategy,
            TimeInForce, Trigger, Working,
        },
        types::{
            id::{AccountId, AssetId, ClientOrderId, OrderId, OrderListId, TradeId},
            money::{Amount, Lots, Price},
        },
    },
    http::wire::names,
};

const SYMBOL: SymbolId = SymbolId::new(1);
const TIME: Timestamp = Timestamp::from_micros(1_700_000_000_000_999);

fn encoder() -> WireEncoder {
    WireEncoder::new(instruments())
}

fn order() -> Order {
    Order {
        id: OrderId::new(1_025),
        account: AccountId::new(1),
        symbol: SYMBOL,
        client_id: ClientOrderId::parse("mine").unwrap(),
        side: Side::Buy,
        kind: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        stp: StpMode::None,
        price: Price::from_ticks(4_500_000),
        quantity: Lots::new(100),
        executed: Lots::ZERO,
        executed_quote: Amount::ZERO,
        hold: Amount::ZERO,
        status: OrderStatus::Pending,
        reason: None,
        handle: None,
        created_at: TIME,
        updated_at: TIME,
        cold: None,
    }
}

fn execution(order: Order, kind: ExecutionKind) -> String {
    let execution = Execution { order, kind, original_client_id: None, cancel_client_id: None };
    let kind = UserEventKind::Execution(Box::new(execution));
    let event = UserEvent { account: AccountId::new(1), seq: 7, time: TIME, kind };
    encoder().user(&event, TimeUnit::Millis, EventEnvelope::Page)
}

#[test]
fn market_updates_look_like_binances() {
    let encoder = encoder();
    let trade = PublicTrade {
        id: TradeId::new(9),
        price: Price::from_ticks(4_500_050),
        lots: Lots::new(150),
        time: TIME,
        buyer_is_maker: true,
        taker: OrderId::new(1),
    };
    assert_eq!(
        encoder.market(Topic::Trade(SYMBOL), &MarketUpdate::Trade(trade), TimeUnit::Millis, false),
        r#"{"e":"trade","E":1700000000000,"s":"BTCUSDT","t":9,"p":"45000.50000000","q":"0.00150000","T":1700000000000,"m":true,"M":true}"#
    );
    assert_eq!(
        encoder.market(Topic::Trade(SYMBOL), &MarketUpdate::Trade(trade), TimeUnit::Millis, true),
        r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1700000000000,"s":"BTCUSDT","t":9,"p":"45000.50000000","q":"0.00150000","T":1700000000000,"m":true,"M":true}}"#
    );
    let level = (Price::from_ticks(4_500_000), Lots::new(1));
    let ticker = BestQuotes { update_id: 5, bid: Some(level), ask: None };
    assert_eq!(
        encoder.market(Topic::BookTicker(SYMBOL), &MarketUpdate::BookTicker(ticker), TimeUnit::Millis, false),
        r#"{"u":5,"s":"BTCUSDT","b":"45000.00000000","B":"0.00001000","a":"0.00000000","A":"0.00000000"}"#
    );
    let changes = vec![(Side::Sell, level.0, Lots::ZERO), (Side::Buy, level.0, level.1)];
    let diff = DepthDiff {
        first_update_id: 3,
        last_update_id: 5,
        changes,
        time: TIME,
        checksum: Some(4_294_967_295),
    };
    let depth = MarketUpdate::Depth(Arc::new(diff));
    assert_eq!(
        encoder.market(Topic::Depth(SYMBOL, Speed::Fast), &depth, TimeUnit::Millis, false),
        r#"{"e":"depthUpdate","E":1700000000000,"s":"BTCUSDT","U":3,"u":5,"b":[["45000.00000000","0.00001000"]],"a":[["45000.00000000","0.00000000"]],"cs":4294967295}"#
    );
    let view = DepthView { last_update_id: 5, bids: vec![level], asks: vec![] };
    assert_eq!(
        encoder.market(
            Topic::PartialDepth(SYMBOL, 5, Speed::Slow),
            &MarketUpdate::PartialDepth(view),
            TimeUnit::Millis,
            false
        ),
        r#"{"lastUpdateId":5,"bids":[["45000.00000000","0.00001000"]],"asks":[]}"#
    );
}

#[test]
fn times_come_in_microseconds_where_asked() {
    let kind = UserEventKind::Transfer { asset: AssetId::new(2), delta: Amount::ZERO };
    let event = UserEvent { account: AccountId::new(1), seq: 1, time: TIME, kind };
    assert!(
        encoder().user(&event, TimeUnit::Micros, EventEnvelope::Page).contains(r#""E":1700000000000999"#)
    );
}

#[test]
fn an_accepted_order_is_reported_with_every_key() {
    assert_eq!(
        execution(order(), ExecutionKind::New),
        concat!(
            r#"{"stream":"user","data":{"seq":7,"event":{"e":"executionReport","E":1700000000000,"s":"BTCUSDT","#,
            r#""c":"mine","C":"","S":"BUY","o":"LIMIT","f":"GTC","q":"0.00100000","p":"45000.00000000","#,
            r#""P":"0.00000000","F":"0.00000000","g":-1,"x":"NEW","X":"NEW","r":"NONE","i":1025,"#,
            r#""l":"0.00000000","L":"0.00000000","n":"0","N":null,"t":-1,"m":false,"Y":"0.00000000","#,
            r#""z":"0.00000000","T":1700000000000,"I":7,"w":true,"M":false,"O":1700000000000,"#,
            r#""Z":"0.00000000","Q":"0.00000000","V":"NONE","W":1700000000000}}}"#,
        )
    );
}

#[test]
fn every_report_has_the_documented_keys() {
    let fill = Fill {
        trade: TradeId::new(3),
        order: OrderId::new(1_025),
        account: AccountId::new(1),
        symbol: SYMBOL,
        side: Side::Buy,
        price: Price::from_ticks(4_500_000),
        lots: Lots::new(50),
        quote: Amount::new(2_250_000_000),
        fee: Amount::new(50),
        is_maker: false,
        time: TIME,
    };
    let keys = "eEscSofqpPFgCxXrilzLnNTtIwmMOZYQV";
    let expired = Order { status: OrderStatus::Expired, reason: Some(CloseReason::SelfTrade), ..order() };
    for (order, kind, name) in [
        (order(), ExecutionKind::New, "NEW"),
        (order(), ExecutionKind::Trade(fill), "TRADE"),
        (order(), ExecutionKind::Cancelled, "CANCELED"),
        (order(), ExecutionKind::Replaced, "REPLACED"),
        (order(), ExecutionKind::Rejected, "REJECTED"),
        (order(), ExecutionKind::Expired, "EXPIRED"),
        (expired, ExecutionKind::Expired, "TRADE_PREVENTION"),
        (order(), ExecutionKind::Prevented(Lots::new(1), None), "TRADE_PREVENTION"),
    ] {
        let frame: serde_json::Value = serde_json::from_str(&execution(order, kind)).unwrap();
        let event = &frame["data"]["event"];
        assert_eq!(event["x"], name);
        for key in keys.chars() {
            assert!(event.get(key.to_string()).is_some(), "{name} lacks {key}");
        }
    }
}

#[test]
fn a_trade_names_its_fee_and_a_cancel_the_cancelled_order() {
    let cancelled = Order { status: OrderStatus::Cancelled, ..order() };
    let frame: serde_json::Value =
        serde_json::from_str(&execution(cancelled, ExecutionKind::Cancelled)).unwrap();
    let event = &frame["data"]["event"];
    assert_eq!((event["C"].as_str(), event["X"].as_str()), (Some("mine"), Some("CANCELED")));
    assert_eq!(event["c"].as_str(), Some(names::cancel_client_id(&order()).as_str()));
}

fn event(order: Order, kind: ExecutionKind) -> serde_json::Value {
    let frame: serde_json::Value = serde_json::from_str(&execution(order, kind)).unwrap();
    frame["data"]["event"].clone()
}

#[test]
fn an_order_that_waits_shows_what_for_and_that_it_is_not_working() {
    let trigger = Trigger { stop: Some(Price::from_ticks(4_400_000)), trailing: Bips::new(50) };
    let waiting =
        Order { kind: OrderType::StopLossLimit, status: OrderStatus::ConditionalPending, ..order() };
    let cold = ColdFields {
        trigger: Some(trigger),
        iceberg: Some(Lots::new(10)),
        strategy: Strategy { id: Some(7), kind: Some(1_000_001) },
        list: OrderListId::new(9),
        working: Working::NotYet,
        ..ColdFields::default()
    };
    let waiting = waiting.with(cold);
    let json = event(waiting.clone(), ExecutionKind::New);
    assert_eq!((&json["P"], &json["F"]), (&"44000.00000000".into(), &"0.00010000".into()));
    assert_eq!((&json["g"], &json["d"], &json["j"]), (&9.into(), &50.into(), &7.into()));
    assert_eq!((&json["J"], &json["X"], &json["w"]), (&1_000_001.into(), &"NEW".into(), &false.into()));
    assert!(
        json.get("W").is_none() && json.get("D").is_none(),
        "its book has not begun to follow the market"
    );
    let held_back = event(waiting.clone().with(ColdFields { awaits_list: true, ..cold }), ExecutionKind::New);
    assert_eq!(held_back["X"], "PENDING_NEW");
    let triggered = Order { status: OrderStatus::Pending, ..waiting.clone() }.working_from(Some(TIME));
    let json = event(triggered, ExecutionKind::Triggered);
    assert_eq!(
        (&json["x"], &json["w"], &json["W"]),
        (&"NEW".into(), &true.into(), &1_700_000_000_000_u64.into())
    );
    let trailing = Trigger { stop: None, ..trigger };
    let follows = ColdFields { trigger: Some(trailing), list: None, ..cold };
    let json = event(waiting.with(follows), ExecutionKind::New);
    assert_eq!(json["D"], 1_700_000_000_000_u64, "without a stop price it follows at once");
}

#[test]
fn a_prevented_self_trade_names_the_match_and_the_other_order() {
    let number = NonZeroU64::new(3);
    let by = PreventedMatch {
        id: number.unwrap(),
        taker: OrderId::new(1_025),
        maker: OrderId::new(1),
        price: Price::from_ticks(4_500_000),
        taker_lots: Lots::new(100),
        maker_lots: Lots::ZERO,
        mode: StpMode::ExpireTaker,
    };
    let expired = Order { status: OrderStatus::Expired, reason: Some(CloseReason::SelfTrade), ..order() };
    let prevented =
        ColdFields { prevented: Lots::new(100), prevented_match: number, ..ColdFields::default() };
    let expired = expired.with(prevented);
    let json = event(expired, ExecutionKind::Prevented(Lots::new(100), Some(by)));
    assert_eq!((&json["x"], &json["X"]), (&"TRADE_PREVENTION".into(), &"EXPIRED_IN_MATCH".into()));
    assert_eq!((&json["v"], &json["u"], &json["U"]), (&3.into(), &(-1).into(), &1.into()));
    assert_eq!((&json["A"], &json["B"]), (&"0.00100000".into(), &"0.00100000".into()));
    assert_eq!((&json["Cs"], &json["pl"]), (&"BTCUSDT".into(), &"0.00100000".into()));
    assert_eq!((&json["pL"], &json["pY"]), (&"45000.00000000".into(), &"45.00000000".into()));
}

#[test]
fn a_refused_order_says_why() {
    for (reason, text) in [
        (CloseReason::WouldTake, "WOULD_MATCH_IMMEDIATELY"),
        (CloseReason::WouldTrigger, "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY"),
        (CloseReason::ListRefused, "OCO_BAD_PRICES"),
    ] {
        let refused = Order { status: OrderStatus::Rejected, reason: Some(reason), ..order() };
        assert_eq!(event(refused, ExecutionKind::Rejected)["r"], text);
    }
}

#[test]
fn balances_and_transfers_are_reported() {
    let balance = Balance { available: Amount::new(100_000_000), held: Amount::new(1) };
    let event = |kind| UserEvent { account: AccountId::new(1), seq: 1, time: TIME, kind };
    assert_eq!(
        encoder().user(
            &event(UserEventKind::Balances(vec![(AssetId::new(1), balance)])),
            TimeUnit::Millis,
            EventEnvelope::Page
        ),
        r#"{"stream":"user","data":{"seq":1,"event":{"e":"outboundAccountPosition","E":1700000000000,"u":1700000000000,"B":[{"a":"BTC","f":"1.00000000","l":"0.00000001"}]}}}"#
    );
    let transfer = UserEventKind::Transfer { asset: AssetId::new(2), delta: Amount::new(-500_000_000) };
    assert_eq!(
        encoder().user(&event(transfer), TimeUnit::Millis, EventEnvelope::Page),
        r#"{"stream":"user","data":{"seq":1,"event":{"e":"balanceUpdate","E":1700000000000,"a":"USDT","d":"-5.00000000","T":1700000000000}}}"#
    );
}

#[test]
fn the_shutdown_notice_is_wrapped_like_any_event() {
    assert!(encoder().shutdown(false, TIME).starts_with(r#"{"e":"serverShutdown","E":"#));
    assert!(
        encoder()
            .shutdown(true, TIME)
            .starts_with(r#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":"#)
    );
}
