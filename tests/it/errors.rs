//! Every error code of the Spot API: made to happen over HTTP with its exact status and text, or listed with the reason
//! why it cannot, here and in docs/api.md.
//!
//! A new code is one line in [`table`] and its number moved out of [`ABSENT`].

use std::collections::BTreeSet;

use awc::http::Method;
use lightning_exchange::{actors::Clock, config::DEFAULTS, domain::types::time::Timestamp};

use crate::{
    api::{Answer, Api, limit, sign, two_accounts},
    support::{KeyPair, OPERATOR_TOKEN, TestServer, block_on},
};

const NOW: u64 = 1_700_000_001_000;

/// Every code of Binance Spot's `errors.md` and of the REST documentation.
#[rustfmt::skip]
const ALL: &[i64] = &[
    -1000, -1001, -1002, -1003, -1006, -1007, -1008, -1013, -1014, -1015, -1016, -1020, -1021, -1022, -1100, -1101, -1102,
    -1103, -1104, -1105, -1106, -1108, -1111, -1112, -1114, -1115, -1116, -1117, -1118, -1119, -1120, -1121, -1125, -1127,
    -1128, -1130, -1131, -1134, -1135, -1139, -1145, -1151, -1158, -1160, -1165, -1166, -1168, -1194, -1196, -1197, -1198,
    -1199, -1220, -2010, -2011, -2013, -2014, -2015, -2016, -2021, -2022, -2026, -2035, -2036, -2038, -2039, -2043,
];

/// Codes no request of a test can bring about; docs/api.md says why of each.
#[rustfmt::skip]
const ABSENT: &[i64] = &[
    -1000, -1001, -1006, -1007, -1008, -1014, -1112, -1114, -1118, -1119, -1125, -2016, -2026,
];

/// How a request is sent.
#[derive(Debug, Clone, Copy)]
enum By {
    /// Unsigned, from an address of its own.
    Anybody,
    /// Signed by the first account.
    Seller,
    /// Signed by the second.
    Buyer,
    /// With the operator's token; the parameters are the body.
    Operator,
}

struct Case {
    by: By,
    route: &'static str,
    params: String,
    status: u16,
    code: i64,
    text: String,
}

fn case(
    by: By,
    route: &'static str,
    params: impl Into<String>,
    status: u16,
    code: i64,
    text: impl Into<String>,
) -> Case {
    Case { by, route, params: params.into(), status, code, text: text.into() }
}

/// Refused with 400.
fn bad(by: By, route: &'static str, params: impl Into<String>, code: i64, text: impl Into<String>) -> Case {
    case(by, route, params, 400, code, text)
}

const PLACE: &str = "POST /api/v3/order";
const CANCEL: &str = "DELETE /api/v3/order";
const QUERY: &str = "GET /api/v3/order";
const AMEND: &str = "PUT /api/v3/order/amend/keepPriority";
const REPLACE: &str = "POST /api/v3/order/cancelReplace";
const PLACE_OCO: &str = "POST /api/v3/orderList/oco";

fn parameters() -> Vec<Case> {
    use By::{Anybody, Operator, Seller};
    let good = limit("SELL", "0.5", "45000");
    let with = |from: &str, to: &str| good.replace(from, to);
    let decimal = "Illegal characters found in parameter 'quantity'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.";
    let needed = "Mandatory parameter 'price' was not sent, was empty/null, or malformed.";
    let either = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!";
    let unread = "Not all sent parameters were read; read '8' parameter(s) but was sent '9'.";
    let restrictions = "`cancelRestrictions` has to be either `ONLY_NEW` or `ONLY_PARTIALLY_FILLED`.";
    let unit = "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.";
    let day = "More than 24 hours between startTime and endTime.";
    let twice = "Symbol is present multiple times in the list.";
    let both = "Combination of optional parameters invalid.";
    let other_status = "The symbol's status does not match the requested symbolStatus.";
    vec![
        case(
            Anybody,
            "POST /x/v1/operator/deposit",
            "{}",
            401,
            -1002,
            "You are not authorized to execute this request.",
        ),
        case(Anybody, "GET /api/v3/nothing", "", 404, -1020, "This operation is not supported."),
        case(Anybody, "PUT /api/v3/ping", "", 405, -1020, "This operation is not supported."),
        case(Anybody, "POST /api/v3/userDataStream", "", 410, -1016, "This service is no longer available."),
        bad(Seller, PLACE, with("0.5", "1e-5"), -1100, decimal),
        bad(
            Seller,
            PLACE,
            with("SELL", "SELL&side=BUY"),
            -1101,
            "Duplicate values for a parameter detected.",
        ),
        bad(Seller, PLACE, with("&price=45000", ""), -1102, needed),
        bad(Seller, QUERY, "symbol=BTCUSDT", -1102, either),
        bad(Seller, PLACE, with("0.5", "0.5&created=1"), -1104, unread),
        bad(Seller, PLACE, with("45000", ""), -1105, "Parameter 'price' was empty."),
        bad(
            Seller,
            PLACE,
            with("0.5", "0.5&quoteOrderQty=1"),
            -1106,
            "Parameter 'quoteOrderQty' sent when not required.",
        ),
        bad(
            Seller,
            QUERY,
            "symbol=BTCUSDT&orderId=99999999999999999999",
            -1108,
            "Parameter 'orderId' overflowed.",
        ),
        bad(
            Seller,
            PLACE,
            with("45000", "45000.000000001"),
            -1111,
            "Parameter 'price' has too much precision.",
        ),
        bad(Seller, PLACE, with("GTC", "GTX"), -1115, "Invalid timeInForce."),
        bad(Seller, PLACE, with("=LIMIT", "=LIMITED"), -1116, "Invalid orderType."),
        bad(Seller, PLACE, with("SELL", "HOLD"), -1117, "Invalid side."),
        bad(Seller, PLACE, with("BTCUSDT", "DOGEUSDT"), -1121, "Invalid symbol."),
        bad(Seller, "GET /api/v3/allOrders", "symbol=BTCUSDT&startTime=0&endTime=86400001", -1127, day),
        bad(Seller, "GET /api/v3/myTrades", "symbol=BTCUSDT&fromId=1&startTime=1", -1128, both),
        bad(
            Anybody,
            "GET /api/v3/depth",
            "symbol=BTCUSDT&limit=0",
            -1130,
            "Data sent for parameter 'limit' is not valid: the least is 1.",
        ),
        bad(Seller, PLACE, good.clone() + "&recvWindow=60001", -1131, "recvWindow must be less than 60000."),
        bad(Seller, PLACE, good.clone() + "&strategyType=1", -1134, "`strategyType` was less than 1000000."),
        bad(
            Operator,
            "POST /x/v1/operator/deposit",
            r#"{"account":1}"#,
            -1103,
            "An unknown parameter was sent: unknown field `account`, expected one of `accountId`, `asset`, `amount`, \
             `requestId` at line 1 column 10.",
        ),
        bad(
            Operator,
            "POST /x/v1/operator/deposit",
            "[]",
            -1135,
            "Invalid JSON Request: the body must be a JSON object.",
        ),
        bad(Seller, CANCEL, "symbol=BTCUSDT&orderId=1&cancelRestrictions=NONE", -1145, restrictions),
        bad(Anybody, "GET /api/v3/ticker/price", "symbols=%5B%22BTCUSDT%22,%22BTCUSDT%22%5D", -1151, twice),
        bad(Anybody, "GET /api/v3/klines", "symbol=BTCUSDT&interval=2m", -1120, "Invalid interval."),
        bad(Anybody, "GET /api/v3/ticker/24hr", "symbol=BTCUSDT&type=TINY", -1139, "Invalid ticker type."),
        bad(Anybody, "GET /api/v3/depth", "symbol=BTCUSDT&symbolStatus=CANCEL_ONLY", -1220, other_status),
        bad(Anybody, "GET /api/v3/time", "", -1194, unit),
        bad(
            Anybody,
            "GET /api/v3/referencePrice",
            "symbol=BTCUSDT",
            -2043,
            "This symbol doesn't have a reference price.",
        ),
    ]
}

/// Pairs of orders that do not fit together.
fn pairs() -> Vec<Case> {
    let pair = |side: &str, above: &str, below: &str, code: i64, text: &str| {
        let params = format!("symbol=BTCUSDT&side={side}&quantity=0.5&aboveType={above}&belowType={below}");
        bad(By::Seller, PLACE_OCO, params, code, text)
    };
    let below =
        "STOP_LOSS_LIMIT&belowStopPrice=44000&belowPrice=43900&belowTimeInForce=IOC&belowIcebergQty=0.1";
    let in_force =
        "Parameter 'belowIcebergQty' is not supported if `aboveTimeInForce`/`belowTimeInForce` is not GTC.";
    let (maker, stop, gain) = ("LIMIT_MAKER", "STOP_LOSS", "TAKE_PROFIT");
    vec![
        pair("SELL", "LIMIT", stop, -1158, "Order type not supported in OCO."),
        pair("SELL", "LIMIT_MAKER&abovePrice=46000", below, -1160, in_force),
        pair("BUY", maker, gain, -1165, "A limit order in a buy OCO must be below."),
        pair("SELL", gain, maker, -1166, "A limit order in a sell OCO must be above."),
        pair("SELL", maker, maker, -1168, "At least one OCO order must be contingent."),
        pair("BUY", stop, stop, -1196, "A stop loss order in a buy OCO must be above."),
        pair("SELL", stop, stop, -1197, "A stop loss order in a sell OCO must be below."),
        pair("BUY", gain, maker, -1198, "A take profit order in a buy OCO must be below."),
        pair("SELL", maker, gain, -1199, "A take profit order in a sell OCO must be above."),
    ]
}

/// In this order: some need what came before.
fn orders() -> Vec<Case> {
    use By::{Anybody, Buyer, Seller};
    let good = limit("SELL", "0.5", "45000");
    let with = |from: &str, to: &str| good.replace(from, to);
    let named = |name: &str| good.clone() + "&newClientOrderId=" + name;
    let fill = |name: &str| format!("Filter failure: {name}");
    let done = |by, params: String| case(by, PLACE, params, 200, 0, "");
    let market = |quantity: &str| format!("symbol=BTCUSDT&side=SELL&type=MARKET&quantity={quantity}");
    let taker = "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=45000";
    let only_new = "symbol=BTCUSDT&origClientOrderId=a&cancelRestrictions=ONLY_NEW";
    let amend = |quantity: &str| format!("symbol=BTCUSDT&origClientOrderId=b&newQty={quantity}");
    let replace = |order: &str, cancel: &str| {
        format!("{order}&cancelReplaceMode=STOP_ON_FAILURE&cancelOrigClientOrderId={cancel}")
    };
    let increase = "Order amend (quantity increase) is not supported.";
    let no_change = "The requested action would change no state; rejecting";
    let executed =
        "Order amend (quantity not above the executed quantity) is not supported; cancel the order instead.";
    let mismatch = "Client order ID is not correct for this order ID.";
    vec![
        bad(Seller, PLACE, with("45000", "45000.001"), -1013, fill("PRICE_FILTER")),
        bad(Seller, PLACE, with("0.5", "0.000001"), -1013, fill("LOT_SIZE")),
        bad(Seller, PLACE, with("0.5", "0.00001"), -1013, fill("NOTIONAL")),
        bad(Seller, PLACE, market("101"), -1013, fill("MARKET_LOT_SIZE")),
        bad(
            Seller,
            PLACE,
            with("0.5", "100"),
            -2010,
            "Account has insufficient balance for requested action.",
        ),
        bad(Seller, PLACE, with("BTCUSDT", "ETHBTC").replace("45000", "0.05"), -2010, "Market is closed."),
        done(Buyer, "symbol=ETHUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=2000".to_owned()),
        bad(
            Buyer,
            PLACE,
            "symbol=ETHUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=2000",
            -1013,
            fill("MAX_NUM_ORDERS"),
        ),
        done(Seller, named("a")),
        bad(Seller, PLACE, named("a"), -2010, "Duplicate order sent."),
        bad(Buyer, PLACE, taker, -2010, "Order would immediately match and take."),
        done(Buyer, limit("BUY", "0.1", "45000")),
        bad(Seller, AMEND, "symbol=BTCUSDT&origClientOrderId=a&newQty=0.1", -2038, executed),
        bad(Seller, AMEND, "symbol=BTCUSDT&origClientOrderId=a&newQty=0.05", -2038, executed),
        // Answered by market data, which then knows the last price.
        case(Anybody, "GET /api/v3/ticker/price", "symbol=BTCUSDT", 200, 0, ""),
        bad(Buyer, PLACE, limit("BUY", "0.1", "300000"), -1013, fill("PERCENT_PRICE_BY_SIDE")),
        bad(Seller, CANCEL, only_new, -2011, "Order was not canceled due to cancel restrictions."),
        bad(Seller, CANCEL, "symbol=BTCUSDT&orderId=5", -2011, "Unknown order sent."),
        bad(Seller, QUERY, "symbol=BTCUSDT&orderId=5", -2013, "Order does not exist."),
        done(Seller, named("b")),
        bad(Seller, AMEND, amend("0.6"), -2038, increase),
        bad(Seller, AMEND, amend("0.5"), -2038, no_change),
        bad(Seller, AMEND, "symbol=BTCUSDT&orderId=5&newQty=0.1", -2038, "Unknown order sent."),
        bad(Seller, REPLACE, replace(&good, "none"), -2022, "Order cancel-replace failed."),
        case(
            Seller,
            REPLACE,
            replace(&with("0.5", "20"), "b"),
            409,
            -2021,
            "Order cancel-replace partially failed.",
        ),
        bad(Seller, CANCEL, "symbol=BTCUSDT&orderId={a}&origClientOrderId=b", -2039, mismatch),
        done(Seller, named("c")),
        done(Seller, named("d")),
        case(
            Seller,
            PLACE,
            named("e"),
            429,
            -1015,
            "Too many new orders; current limit is 3 orders per 10 SECOND.",
        ),
    ]
}

/// Symbols of which one takes no orders and one takes one an account.
fn settings() -> String {
    let instruments = &DEFAULTS[DEFAULTS.find("# Assets: ids").unwrap()..];
    let mut symbols: Vec<String> = instruments.split("[[symbols]]").map(str::to_owned).collect();
    symbols[2] = symbols[2].replace("max-num-orders = 200", "max-num-orders = 1");
    symbols[3] += "status = \"CANCEL_ONLY\"\n";
    symbols.join("[[symbols]]")
        + "[limits]\norders-per-10-seconds = 3\nrequest-weight-per-minute = 300\nrefusals-before-ban = 1\n\
           [server]\ntrusted-proxies = [\"127.0.0.0/8\"]\n"
}

fn server() -> (TestServer, KeyPair, KeyPair, tempfile::TempDir) {
    let (seller, buyer, accounts) = two_accounts();
    let directory = tempfile::tempdir().unwrap();
    let (clock, _) = Clock::manual(Timestamp::from_millis(NOW));
    let accounts = accounts.replace("id = 12", "id = 12\nunlimited = true");
    let server = TestServer::start_with(directory.path(), &(settings() + &accounts), clock);
    (server, seller, buyer, directory)
}

async fn send(api: &Api, keys: &[KeyPair; 2], case: &Case, params: &str) -> Answer {
    let (method, path) = case.route.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    match case.by {
        By::Seller => api.signed_at(&keys[0], method, path, params, NOW).await,
        By::Buyer => api.signed_at(&keys[1], method, path, params, NOW).await,
        By::Operator => {
            let bearer = format!("Bearer {OPERATOR_TOKEN}");
            api.send(method, path, &[("Authorization", &bearer)], params).await
        }
        By::Anybody => {
            let unit = if case.code == -1194 { "HOUR" } else { "MILLISECOND" };
            let target = if method == Method::GET { format!("{path}?{params}") } else { path.to_owned() };
            api.send(method, &target, &[("X-MBX-TIME-UNIT", unit)], params).await
        }
    }
}

#[test]
fn every_code_happens_with_its_exact_text() {
    let (server, seller, buyer, _directory) = server();
    let keys = [seller, buyer];
    block_on(async {
        let api = Api::new(server.url());
        let (mut first_order, mut wrong) = (String::new(), Vec::new());
        for case in parameters().into_iter().chain(pairs()).chain(orders()) {
            let params = case.params.replace("{a}", &first_order);
            let answer = send(&api, &keys, &case, &params).await;
            let found = answer.refusal();
            if found != (case.status, case.code, case.text.as_str()) {
                wrong.push(format!("{} {params}: {found:?}", case.route));
            }
            if case.params.ends_with("newClientOrderId=a") && case.status == 200 {
                first_order = answer.json["orderId"].to_string();
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
    server.stop();
}

#[test]
fn who_is_not_known_is_refused_with_the_exact_text() {
    let (server, seller, _, _directory) = server();
    block_on(async {
        let api = Api::new(server.url());
        let (stranger, fresh) = (KeyPair::number(99), format!("timestamp={NOW}"));
        let cases = [
            ("short", fresh.clone(), 401, -2014, "API-key format invalid."),
            (&stranger.key, fresh.clone(), 401, -2015, "Invalid API-key, IP, or permissions for action."),
            (
                &seller.key,
                format!("timestamp={}", NOW - 5_001),
                400,
                -1021,
                "Timestamp for this request is outside of the recvWindow.",
            ),
            (
                &seller.key,
                format!("timestamp={}", NOW + 1_000),
                400,
                -1021,
                "Timestamp for this request was 1000ms ahead of the server's time.",
            ),
        ];
        let send = async |key: &str, query: &str| {
            let path = format!("/api/v3/account?{query}");
            api.send(Method::GET, &path, &[("X-MBX-APIKEY", key)], "").await
        };
        for (key, params, status, code, text) in cases {
            let answer = send(key, &sign(&seller, &params)).await;
            assert_eq!(answer.refusal(), (status, code, text), "{params}");
        }
        let forged = send(&seller.key, &sign(&stranger, &fresh)).await;
        assert_eq!(forged.refusal(), (400, -1022, "Signature for this request is not valid."));
    });
    server.stop();
}

#[test]
fn who_asks_too_much_is_refused_with_the_exact_text() {
    let (server, _, _, _directory) = server();
    block_on(async {
        let api = Api::new(server.url());
        let from = [("X-Forwarded-For", "203.0.113.5")];
        let depth = "/api/v3/depth?symbol=BTCUSDT&limit=5000";
        assert_eq!(api.send(Method::GET, depth, &from, "").await.status, 200);
        assert_eq!(api.send(Method::GET, "/api/v3/trades?symbol=BTCUSDT", &from, "").await.status, 200);
        assert_eq!(api.send(Method::GET, "/api/v3/trades?symbol=BTCUSDT", &from, "").await.status, 200);
        let stop = "Too much request weight used; current limit is 300 request weight per 1 MINUTE. Please use \
                    WebSocket Streams for live updates to avoid polling the API.";
        assert_eq!(api.send(Method::GET, depth, &from, "").await.refusal(), (429, -1003, stop));
        let ban = format!(
            "Way too much request weight used; IP banned until {}. Please use WebSocket Streams for live updates \
             to avoid bans.",
            NOW + 120_000
        );
        assert_eq!(api.send(Method::GET, depth, &from, "").await.refusal(), (418, -1003, ban.as_str()));
    });
    server.stop();
}

#[test]
fn every_code_is_tested_or_said_to_be_absent_and_why() {
    let tested: BTreeSet<i64> =
        [parameters(), pairs(), orders()].into_iter().flatten().map(|case| case.code).collect();
    let others = [-1003, -1021, -1022, -2014, -2015]; // the tests above this one
    let on_streams = [-2035, -2036]; // the tests of the WebSocket API
    let covered: BTreeSet<i64> =
        tested.into_iter().chain(others).chain(on_streams).filter(|code| *code != 0).collect();
    let absent: BTreeSet<i64> = ABSENT.iter().copied().collect();
    assert!(covered.is_disjoint(&absent), "{:?} happen", covered.intersection(&absent));
    let known: BTreeSet<i64> = covered.union(&absent).copied().collect();
    assert_eq!(known, ALL.iter().copied().collect());
    let text = include_str!("../../docs/api.md");
    for code in ABSENT {
        assert!(text.contains(&format!("| {code} |")), "docs/api.md does not say why {code} is absent");
    }
}
