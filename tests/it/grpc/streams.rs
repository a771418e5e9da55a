//! Events as streams.

use lightning_exchange::domain::{
    messages::command::{AccountCommand, Transfer},
    types::{
        id::{AccountId, AssetId},
        money::Amount,
    },
};
use serde_json::{Value, json};
use tonic::Code;

use super::{
    calls::DEMO,
    client::{Client, Replies, serving},
};
use crate::support::{TestServer, block_on};

async fn funded(server: &TestServer) -> Client {
    let client = Client::connect(server).await;
    client.done("increase", json!({"accountId":5,"currencyId":1,"amount":"10"})).await;
    client.done("increase", json!({"accountId":5,"currencyId":2,"amount":"1000000"})).await;
    client
}

fn order(side: &str, price: &str) -> Value {
    json!({"symbolId":1,"accountId":5,"type":"LIMIT","side":side,"price":price,"quantity":"0.5"})
}

fn number(event: &Value, name: &str) -> u64 {
    event[name].as_str().map_or(0, |text| text.parse().unwrap())
}

#[test]
fn a_book_stream_starts_with_a_snapshot_and_has_no_gap() {
    let server = serving(DEMO);
    block_on(async {
        let client = funded(&server).await;
        client.done("placeOrder", order("ASK", "50000")).await;
        let mut depth = client.stream("streamDepth", json!({"symbolId":1})).await.unwrap();
        let book = depth.next().await;
        assert_eq!((&book["isSnapshot"], &book["symbolId"]), (&true.into(), &1.into()));
        assert_eq!(book["asks"], json!([{"price":"50000.00000000","quantity":"0.50000000"}]));
        assert!(book["checksum"].is_u64());
        let mut last = number(&book, "lastUpdateId");
        for (side, price, kind) in [("ASK", "50001", "asks"), ("BID", "49000", "bids")] {
            client.done("placeOrder", order(side, price)).await;
            let diff = depth.next().await;
            assert_eq!((&diff["isSnapshot"], number(&diff, "firstUpdateId")), (&Value::Null, last + 1));
            last = number(&diff, "lastUpdateId");
            let level = json!([{"price":format!("{price}.00000000"),"quantity":"0.50000000"}]);
            assert_eq!(diff[kind], level);
        }
        let gone = client.done("placeOrder", order("BID", "50000")).await;
        assert_eq!(gone["order"]["status"], "FILLED");
        let diff = depth.next().await;
        assert_eq!(diff["asks"], json!([{"price":"50000.00000000","quantity":"0.00000000"}]));
    });
    server.stop();
}

#[test]
fn trades_come_as_they_happen() {
    let server = serving(DEMO);
    block_on(async {
        let client = funded(&server).await;
        let mut trades = client.stream("streamTrades", json!({"symbolId":1})).await.unwrap();
        // The stream has begun with push before anything it is asked later is: the book's snapshot says so.
        let mut depth = client.stream("streamDepth", json!({"symbolId":1})).await.unwrap();
        depth.next().await;
        for (id, side) in [(1, "ASK"), (2, "BID")] {
            client.done("placeOrder", order(side, "50000")).await;
            let other = if side == "ASK" { "BID" } else { "ASK" };
            client.done("placeOrder", order(other, "50000")).await;
            let trade = trades.next().await;
            assert_eq!(number(&trade, "tradeId"), id);
            assert_eq!(
                (&trade["price"], &trade["quantity"]),
                (&"50000.00000000".into(), &"0.50000000".into())
            );
            assert_eq!(trade["isBuyerMaker"] == true, side == "BID");
        }
    });
    server.stop();
}

async fn next_event(events: &mut Replies, last: &mut u64) -> Value {
    let event = events.next().await;
    *last += 1;
    assert_eq!(number(&event, "seq"), *last, "{event}");
    event
}

#[test]
fn an_account_hears_everything_once_and_goes_on_where_it_was() {
    let server = serving(DEMO);
    block_on(async {
        let client = funded(&server).await;
        let own = json!({"accountId":5});
        let mut events = client.stream("streamAccount", own.clone()).await.unwrap();
        let begun = events.next().await;
        assert_eq!(begun["begun"], json!({}));
        let start = number(&begun, "seq");
        let mut last = start;
        client.done("increase", json!({"accountId":5,"currencyId":1,"amount":"1"})).await;
        let transfer = next_event(&mut events, &mut last).await;
        assert_eq!(transfer["transfer"], json!({"currencyId":1,"currency":"BTC","delta":"1.00000000"}));
        client.done("placeOrder", order("ASK", "50000")).await;
        let placed = next_event(&mut events, &mut last).await;
        assert_eq!(placed["execution"]["kind"], "NEW");
        let balances = next_event(&mut events, &mut last).await;
        let btc = &balances["balances"]["balances"][0];
        assert_eq!((&btc["currency"], &btc["frozen"]), (&"BTC".into(), &"0.50000000".into()));
        client.done("placeOrder", order("BID", "50000")).await;
        let mut kinds = Vec::new();
        while kinds.iter().filter(|kind| **kind == "TRADE").count() < 2 {
            let event = next_event(&mut events, &mut last).await;
            kinds.extend(event["execution"]["kind"].as_str().map(str::to_owned));
            assert_eq!(event["execution"]["kind"] == "TRADE", !event["execution"]["fill"].is_null());
        }

        let again = json!({"accountId":5,"afterSeq":start});
        let mut resumed = client.stream("streamAccount", again).await.unwrap();
        let mut seen = number(&resumed.next().await, "seq");
        assert_eq!(seen, start);
        while seen < last {
            next_event(&mut resumed, &mut seen).await;
        }
        let ahead = client.stream("streamAccount", json!({"accountId":5,"afterSeq":999_999})).await;
        let ahead = ahead.map(|_| ()).unwrap_err();
        assert_eq!(ahead.code(), Code::OutOfRange);
        assert_eq!(ahead.metadata().get("lightning-code").unwrap(), "-93003");
        for (method, request) in
            [("streamAccount", json!({"accountId":4242})), ("streamDepth", json!({"symbolId":9}))]
        {
            let refused = client.stream(method, request).await.map(|_| ()).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{method}");
        }
    });
    server.stop();
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_no_other_waits() {
    let server = serving(&format!("{DEMO}[journal]\ndurability = \"none\"\n"));
    block_on(async {
        let client = funded(&server).await;
        let mut slow = client.stream("streamAccount", json!({"accountId":5})).await.unwrap();
        let mut last = number(&slow.next().await, "seq");
        let exchange = server.exchange();
        let deposit = || {
            let (account, asset) = (AccountId::new(5), AssetId::new(1));
            AccountCommand::Deposit(Transfer { account, asset, amount: Amount::new(1), request_id: None })
        };
        let is_let_go = || {
            let metrics = exchange.render_metrics();
            let line = metrics.lines().find(|line| line.contains("too_slow") && !line.starts_with('#'));
            line.unwrap().ends_with(" 1")
        };
        // What the transport takes on its way is bounded too.
        let mut deposits = 0;
        while !is_let_go() {
            for _ in 0..500 {
                exchange.command(deposit(), None, tracing::Span::none()).await.unwrap();
            }
            deposits += 500;
            assert!(deposits < 200_000, "no stream was ended");
        }
        client.done("getAccount", json!({"accountId":5})).await;
        let status = loop {
            match slow.try_next().await {
                Ok(event) => {
                    last += 1;
                    assert_eq!(number(&event, "seq"), last);
                }
                Err(status) => break status,
            }
        };
        assert_eq!((status.code(), status.message()), (Code::ResourceExhausted, "too slow"));
    });
    server.stop();
}

#[test]
fn a_stop_is_announced_and_nothing_hangs() {
    let server = serving(DEMO);
    block_on(async {
        let client = funded(&server).await;
        let mut trades = client.stream("streamTrades", json!({"symbolId":1})).await.unwrap();
        let mut events = client.stream("streamAccount", json!({"accountId":5})).await.unwrap();
        events.next().await;
        let stopping = std::thread::spawn(move || server.stop());
        for stream in [&mut trades, &mut events] {
            let status = stream.try_next().await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::Unavailable, "the exchange is stopping"));
        }
        drop((trades, events, client));
        stopping.join().unwrap();
    });
}
