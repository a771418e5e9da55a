//! Candles, aggregate trades, tickers and depth over a real server: all of them add up from the published trades and
//! diffs.

use std::collections::BTreeMap;

use awc::http::Method;
use serde_json::{Value, json};

use super::{Answer, Api, limit, two_accounts, web::Socket};
use crate::support::{KeyPair, TestServer, block_on};

async fn get(api: &Api, path: &str) -> Answer {
    api.send(Method::GET, path, &[], "").await
}

/// Rests an order of each size at its price, then takes them all with one order.
async fn sweep(api: &Api, seller: &KeyPair, buyer: &KeyPair, orders: &[(&str, &str)], total: &str) {
    for (quantity, price) in orders {
        assert_eq!(api.order(seller, &limit("SELL", quantity, price)).await.status, 200);
    }
    let best = orders.iter().map(|(_, price)| *price).max().unwrap();
    assert_eq!(api.order(buyer, &limit("BUY", total, best)).await.status, 200);
}

/// 0.5 in three trades and two aggregates: 45000 (0.1 and 0.2), then 45001 (0.2).
async fn trade(api: &Api, seller: &KeyPair, buyer: &KeyPair) {
    sweep(api, seller, buyer, &[("0.1", "45000"), ("0.2", "45000"), ("0.2", "45001")], "0.5").await;
}

#[test]
fn lists_and_tickers_show_the_same_trades() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let empty = get(&api, "/api/v3/klines?symbol=BTCUSDT&interval=1m").await;
        assert_eq!(empty.json, json!([]));
        let average = get(&api, "/api/v3/avgPrice?symbol=BTCUSDT").await.json;
        assert_eq!((&average["mins"], &average["price"]), (&json!(5), &json!("0.00000000")));
        trade(&api, &seller, &buyer).await;

        let aggregates = get(&api, "/api/v3/aggTrades?symbol=BTCUSDT").await;
        let rows: Vec<_> = aggregates.json.as_array().unwrap().iter().collect();
        assert_eq!(rows.len(), 2, "{rows:?}");
        let ids = |row: &Value| [&row["a"], &row["f"], &row["l"]].map(|id| id.as_u64().unwrap());
        assert_eq!((ids(rows[0]), ids(rows[1])), ([1, 1, 2], [2, 3, 3]));
        assert_eq!((&rows[0]["p"], &rows[0]["q"]), (&json!("45000.00000000"), &json!("0.30000000")));
        assert_eq!(rows[0]["m"], false);
        assert_eq!(aggregates.header("x-lightning-reach"), None);
        let second = get(&api, "/api/v3/aggTrades?symbol=BTCUSDT&fromId=2").await.json;
        assert_eq!(second, json!([rows[1]]));
        let later = get(&api, "/api/v3/historicalTrades?symbol=BTCUSDT&fromId=2&limit=1").await.json;
        assert_eq!((later[0]["id"].as_u64(), later.as_array().unwrap().len()), (Some(2), 1));

        for path in ["klines", "uiKlines"] {
            let path = format!("/api/v3/{path}?symbol=BTCUSDT&interval=1M&startTime=0&limit=1");
            let candles = get(&api, &path).await.json;
            let candle = candles[0].as_array().unwrap();
            assert_eq!((candles.as_array().unwrap().len(), candle.len()), (1, 12));
            let texts = [1, 2, 3, 4, 5, 7, 9, 10].map(|index| candle[index].as_str().unwrap());
            let prices = ["45000.00000000", "45001.00000000", "45000.00000000", "45001.00000000"];
            let volumes = ["0.50000000", "22500.20000000", "0.50000000", "22500.20000000"];
            assert_eq!(texts.to_vec(), [prices, volumes].concat());
            assert_eq!((&candle[8], &candle[11]), (&json!(3), &json!("0")));
        }
        let day = get(&api, "/api/v3/klines?symbol=BTCUSDT&interval=1d&timeZone=8").await.json;
        let open = day[0][0].as_u64().unwrap();
        assert_eq!((open + 8 * 3_600_000) % 86_400_000, 0);
        assert_eq!(day[0][6].as_u64(), Some(open + 86_400_000 - 1));

        let ticker = get(&api, "/api/v3/ticker/24hr?symbol=BTCUSDT").await;
        assert_eq!(ticker.json["priceChange"], "1.00000000");
        assert_eq!(ticker.json["priceChangePercent"], "0.002");
        assert_eq!(ticker.json["weightedAvgPrice"], "45000.40000000");
        assert_eq!((&ticker.json["count"], &ticker.json["lastId"]), (&json!(3), &json!(3)));
        assert_eq!(ticker.json["lastQty"], "0.20000000");
        assert_eq!(get(&api, "/api/v3/avgPrice?symbol=BTCUSDT").await.json["price"], "45000.40000000");
        let rolling =
            get(&api, "/api/v3/ticker?symbols=%5B%22BTCUSDT%22%5D&windowSize=3h&type=MINI").await.json;
        assert_eq!(rolling[0]["volume"], "0.50000000");
        assert_eq!(rolling[0].get("priceChange"), None);
        let today = get(&api, "/api/v3/ticker/tradingDay?symbol=BTCUSDT&timeZone=-1:00").await.json;
        let (open, close) = (today["openTime"].as_u64().unwrap(), today["closeTime"].as_u64().unwrap());
        assert_eq!(((open - 3_600_000) % 86_400_000, close - open), (0, 86_400_000 - 1));
        let all = get(&api, "/api/v3/ticker/24hr").await.json;
        let quiet = all.as_array().unwrap().iter().find(|ticker| ticker["symbol"] != "BTCUSDT").unwrap();
        assert_eq!((&quiet["firstId"], &quiet["volume"]), (&json!(-1), &json!("0.00000000")));
    });
    server.stop();
}

#[test]
fn refusals_have_binances_codes_and_texts() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        let either = "Param 'symbol' or 'symbols' must be sent, but both were empty/null!";
        let status = "The symbol's status does not match the requested symbolStatus.";
        for (path, code, text) in [
            ("klines?symbol=BTCUSDT&interval=2m", -1120, "Invalid interval."),
            ("klines?symbol=BTCUSDT&interval=1D", -1120, "Invalid interval."),
            (
                "klines?symbol=BTCUSDT",
                -1102,
                "Mandatory parameter 'interval' was not sent, was empty/null, or malformed.",
            ),
            (
                "klines?symbol=BTCUSDT&interval=1d&timeZone=14:01",
                -1130,
                "Data sent for parameter 'timeZone' is not valid.",
            ),
            (
                "aggTrades?symbol=BTCUSDT&fromId=1&startTime=1",
                -1128,
                "Combination of optional parameters invalid.",
            ),
            ("aggTrades?symbol=NONE", -1121, "Invalid symbol."),
            ("ticker/24hr?symbol=BTCUSDT&type=TINY", -1139, "Invalid ticker type."),
            ("ticker/24hr?symbol=BTCUSDT&symbolStatus=BREAK", -1220, status),
            ("depth?symbol=BTCUSDT&symbolStatus=CANCEL_ONLY", -1220, status),
            ("ticker?windowSize=1d", -1102, either),
            ("ticker/tradingDay", -1102, either),
            (
                "ticker?symbol=BTCUSDT&windowSize=8d",
                -1130,
                "Data sent for parameter 'windowSize' is not valid.",
            ),
        ] {
            let answer = get(&api, &format!("/api/v3/{path}")).await;
            assert_eq!(answer.refusal(), (400, code, text), "{path}");
        }
        assert_eq!(get(&api, "/api/v3/ticker/price?symbolStatus=HALT").await.json, json!([]));
    });
    server.stop();
}

#[test]
fn what_a_ticker_weighs_depends_on_how_many_there_are() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        let used = async |path: &str| {
            let answer = get(&api, path).await;
            answer.header("x-mbx-used-weight").unwrap().parse::<i64>().unwrap()
        };
        let mut before = used("/api/v3/ping").await;
        for (path, weight) in [
            ("ticker/24hr?symbol=BTCUSDT", 2),
            ("ticker/24hr?symbols=%5B%22BTCUSDT%22%5D", 2),
            ("ticker/24hr", 80),
            ("ticker?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D", 8),
            ("ticker/tradingDay?symbol=BTCUSDT", 4),
            ("klines?symbol=BTCUSDT&interval=1s", 2),
            ("aggTrades?symbol=BTCUSDT", 4),
        ] {
            let now = used(&format!("/api/v3/{path}")).await;
            // The minute may have turned.
            assert!(now - before == weight || now == weight, "{path} weighs {}", now - before);
            before = now;
        }
    });
    server.stop();
}

#[test]
fn a_restart_keeps_every_list() {
    let (seller, buyer, settings) = two_accounts();
    let directory = tempfile::tempdir().unwrap();
    let paths = [
        "klines?symbol=BTCUSDT&interval=1s&startTime=0&limit=1",
        "klines?symbol=BTCUSDT&interval=1M",
        "aggTrades?symbol=BTCUSDT",
        "trades?symbol=BTCUSDT",
        "ticker?symbol=BTCUSDT&windowSize=7d&type=MINI",
    ];
    let lists = async |api: &Api| {
        let mut published = Vec::new();
        for path in paths {
            let mut json = get(api, &format!("/api/v3/{path}")).await.json;
            if let Some(ticker) = json.as_object_mut() {
                ticker.retain(|key, _| !key.ends_with("Time")); // a window goes with the time
            }
            published.push(json);
        }
        published
    };
    let mut published = Vec::new();
    for round in 0..3 {
        let server = TestServer::start_on(directory.path(), &settings);
        block_on(async {
            let api = Api::new(server.url());
            if round > 0 {
                assert_eq!(lists(&api).await, published);
            }
            trade(&api, &seller, &buyer).await;
            published = lists(&api).await;
            assert_eq!(published[3].as_array().unwrap().len(), 3 * (round + 1));
        });
        server.stop();
    }
}

/// The candle of one second, computed from the trades of the stream: prices, base volume, number, first and last id.
#[derive(Debug, PartialEq, Eq)]
struct Second {
    prices: [u64; 4],
    volume: u64,
    ids: (u64, u64),
}

fn fixed(value: &Value) -> u64 {
    value.as_str().unwrap().replace('.', "").parse().unwrap()
}

fn seconds_of(trades: &[Value]) -> BTreeMap<u64, Second> {
    let mut seconds: BTreeMap<u64, Second> = BTreeMap::new();
    for trade in trades {
        let (price, id) = (fixed(&trade["p"]), trade["t"].as_u64().unwrap());
        let open = trade["T"].as_u64().unwrap() / 1_000 * 1_000;
        let new = || Second { prices: [price; 4], volume: 0, ids: (id, id) };
        let second = seconds.entry(open).or_insert_with(new);
        let [_, high, low, close] = &mut second.prices;
        (*high, *low, *close) = (price.max(*high), price.min(*low), price);
        second.volume += fixed(&trade["q"]);
        second.ids.1 = id;
    }
    seconds
}

#[test]
fn the_candles_of_the_stream_aggregate_its_trades() {
    const TRADES: u64 = 300;
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let mut candles = Socket::open(server.url(), "/ws/btcusdt@kline_1s", &[]).await.ok().unwrap();
        let mut tape = Socket::open(server.url(), "/ws/btcusdt@trade", &[]).await.ok().unwrap();
        let ready = r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#;
        for socket in [&mut candles, &mut tape] {
            socket.send(ready).await;
            socket.json().await;
        }
        for round in 0..TRADES / 3 {
            let price = |step: u64| (45_000 + (round * 7 + step) % 23).to_string();
            let prices = [price(0), price(5), price(11)];
            let orders = [("0.001", &*prices[0]), ("0.002", &*prices[1]), ("0.003", &*prices[2])];
            sweep(&api, &seller, &buyer, &orders, "0.006").await;
        }
        let mut trades = Vec::new();
        while trades.len() < TRADES as usize {
            trades.push(tape.json().await);
        }
        let expected = seconds_of(&trades);
        let (mut published, mut next) = (BTreeMap::new(), None);
        while published.len() < expected.len() {
            let event = candles.json().await;
            let candle = &event["k"];
            let (open, close) = (candle["t"].as_u64().unwrap(), candle["T"].as_u64().unwrap());
            assert_eq!((&event["e"], &candle["x"], close), (&json!("kline"), &json!(true), open + 999));
            assert!(next.is_none_or(|next| next == open), "{next:?} was left out before {open}");
            next = Some(open + 1_000);
            if candle["n"] == 0 {
                assert_eq!((&candle["f"], &candle["o"]), (&json!(-1), &candle["c"]));
                continue;
            }
            let id = |key: &str| candle[key].as_u64().unwrap();
            assert_eq!(id("n"), id("L") - id("f") + 1);
            let prices = ["o", "h", "l", "c"].map(|key| fixed(&candle[key]));
            let second = Second { prices, volume: fixed(&candle["v"]), ids: (id("f"), id("L")) };
            assert!(published.insert(open, second).is_none(), "{open} was final twice");
        }
        assert_eq!(published, expected);
    });
    server.stop();
}

#[test]
fn each_taker_order_is_published_as_one_aggregate_per_price() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let mut socket = Socket::open(server.url(), "/ws/btcusdt@aggTrade", &[]).await.ok().unwrap();
        socket.send(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#).await;
        socket.json().await;
        for round in 0..5_u64 {
            trade(&api, &seller, &buyer).await;
            for (place, quantity) in [(1, "0.30000000"), (2, "0.20000000")] {
                let published = socket.json().await;
                assert_eq!(
                    (published["a"].as_u64(), &published["q"]),
                    (Some(round * 2 + place), &json!(quantity))
                );
            }
        }
    });
    server.stop();
}

/// What a client keeps of a book: exact prices and quantities, as text, in order of price.
#[derive(Debug, Default, PartialEq, Eq)]
struct Kept {
    bids: BTreeMap<u64, [String; 2]>,
    asks: BTreeMap<u64, [String; 2]>,
}

impl Kept {
    fn apply(&mut self, bids: &Value, asks: &Value) {
        for (side, levels) in [(&mut self.bids, bids), (&mut self.asks, asks)] {
            for level in levels.as_array().unwrap() {
                let price = fixed(&level[0]);
                if fixed(&level[1]) == 0 {
                    side.remove(&price);
                } else {
                    side.insert(price, [0, 1].map(|index| level[index].as_str().unwrap().to_owned()));
                }
            }
        }
    }

    /// The checksum as `docs/market-data.md` defines it.
    fn checksum(&self) -> u64 {
        let top = self.asks.values().take(10).chain(self.bids.values().rev().take(10));
        let digits = |number: &String| number.replace('.', "").trim_start_matches('0').to_owned();
        let text: String = top.flatten().map(digits).collect();
        crc32fast::hash(text.as_bytes()).into()
    }
}

#[test]
fn a_book_started_in_the_stream_is_whole_and_every_checksum_is_right() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let place = async |step: u64| {
            let (ask, bid) = (45_000 + step * 13 % 17, 44_000 - step * 7 % 19);
            api.order(&seller, &limit("SELL", "0.001", &ask.to_string())).await;
            api.order(&buyer, &limit("BUY", "0.002", &bid.to_string())).await;
        };
        for step in 0..40 {
            place(step).await;
        }
        let mut socket =
            Socket::open(server.url(), "/ws/btcusdt@depthSnapshot@100ms", &[]).await.ok().unwrap();
        let snapshot = socket.json().await;
        assert_eq!(snapshot["e"], "depthSnapshot");
        for step in 40..120 {
            place(step).await;
        }
        api.signed(&seller, Method::DELETE, "/api/v3/openOrders", "symbol=BTCUSDT").await;
        let end = get(&api, "/api/v3/depth?symbol=BTCUSDT&limit=5000").await.json;

        let mut kept = Kept::default();
        kept.apply(&snapshot["bids"], &snapshot["asks"]);
        assert_eq!(snapshot["cs"], kept.checksum());
        let first_update = snapshot["lastUpdateId"].as_u64().unwrap();
        let (mut last, mut diffs) = (first_update, Vec::new());
        while last < end["lastUpdateId"].as_u64().unwrap() {
            let diff = socket.json().await;
            assert_eq!((&diff["e"], diff["U"].as_u64()), (&json!("depthUpdate"), Some(last + 1)));
            kept.apply(&diff["b"], &diff["a"]);
            assert_eq!(diff["cs"], kept.checksum(), "{diff}");
            last = diff["u"].as_u64().unwrap();
            diffs.push(diff);
        }
        let mut expected = Kept::default();
        expected.apply(&end["bids"], &end["asks"]);
        assert_eq!((last, &kept), (end["lastUpdateId"].as_u64().unwrap(), &expected));

        // A client that missed them all gets the very same diffs.
        let path = format!("/x/v1/depth/diff?symbol=BTCUSDT&fromU={}&toU={last}", first_update + 1);
        assert_eq!(get(&api, &path).await.json, Value::Array(diffs));
        let next = format!("/x/v1/depth/diff?symbol=BTCUSDT&fromU={}", last + 1);
        assert_eq!(get(&api, &next).await.json, json!([]));
        let gone = get(&api, "/x/v1/depth/diff?symbol=BTCUSDT&fromU=0").await;
        assert_eq!((gone.refusal().0, gone.refusal().1), (410, -94_001));
        assert_eq!(gone.json["data"]["oldestU"], 1);
    });
    server.stop();
}

#[test]
fn tickers_are_published_each_second_and_arrays_of_the_changed_only() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let streams = [
            "btcusdt@miniTicker",
            "btcusdt@ticker",
            "btcusdt@ticker_1h",
            "btcusdt@avgPrice",
            "!miniTicker@arr@3000ms",
            "!ticker@arr",
            "!ticker_4h@arr",
            "btcusdt@kline_1M@+08:00",
        ];
        let path = format!("/stream?streams={}", streams.join("/"));
        let mut socket = Socket::open(server.url(), &path, &[]).await.ok().unwrap();
        socket.send(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#).await;
        while socket.json().await.get("result").is_none() {}
        trade(&api, &seller, &buyer).await;
        let mut published: BTreeMap<String, Value> = BTreeMap::new();
        while published.len() < streams.len() {
            let frame = socket.json().await;
            let data = &frame["data"];
            let has_traded = |data: &Value| data["v"] == "0.50000000" || data["w"] == "45000.40000000";
            let is_due = match data.as_array() {
                Some(tickers) => {
                    let traded: Vec<_> = tickers.iter().filter(|ticker| has_traded(ticker)).collect();
                    assert!(tickers.iter().all(|ticker| ticker["s"] == "BTCUSDT"), "{frame}");
                    traded.len() == 1
                }
                None => has_traded(data) || data["k"]["n"] == 3,
            };
            if is_due {
                published.insert(frame["stream"].as_str().unwrap().to_owned(), data.clone());
            }
        }
        let kinds = |name: &str| published[name]["e"].as_str().unwrap().to_owned();
        assert_eq!(kinds("btcusdt@miniTicker"), "24hrMiniTicker");
        assert_eq!(kinds("btcusdt@ticker"), "24hrTicker");
        assert_eq!(kinds("btcusdt@ticker_1h"), "1hTicker");
        assert_eq!(kinds("btcusdt@avgPrice"), "avgPrice");
        assert_eq!(published["!ticker_4h@arr"][0]["e"], "4hTicker");
        let month = &published["btcusdt@kline_1M@+08:00"]["k"];
        assert_eq!((&month["x"], &month["i"]), (&json!(false), &json!("1M")));
    });
    server.stop();
}

/// The rendered book is served again while it stands: never an older one than the reader's last answer shows.
#[test]
fn a_book_is_never_older_than_the_answer_its_reader_has() {
    let (_, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let (api, others) = (Api::new(server.url()), Api::new(server.url()));
        let depth = "/api/v3/depth?symbol=BTCUSDT&limit=5";
        // Others who read all the time keep the rendered book fresh, and stale a moment later.
        let reading = actix_web::rt::spawn(async move {
            loop {
                get(&others, depth).await;
            }
        });
        for cents in 1..=80 {
            let price = format!("45000.{cents:02}");
            assert_eq!(api.order(&buyer, &limit("BUY", "0.1", &price)).await.status, 200);
            let book = get(&api, depth).await.json;
            assert_eq!(book["bids"][0][0], format!("{price}000000"), "order {cents}");
            assert_eq!(get(&api, depth).await.json, book, "and the same when it is read again");
        }
        reading.abort();
    });
}
