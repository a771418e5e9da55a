//! F1 on recorded order flow: whole tapes over one connection of the WebSocket API, 150 requests under way, and every group
//! comes out as the tape has it.

use std::collections::VecDeque;

use lab::lobster::{Fill, Plan, Step, read_book, read_messages};
use lightning_exchange::domain::orders::Side;
use serde_json::{Value, json};

use crate::{
    api::{Api, now_millis, web::Socket},
    lobster::SETTINGS,
    support::{KeyPair, TestServer, block_on, data},
    ws_api::signed,
};

/// How many requests are under way at once, at most.
const DEPTH: usize = 150;
/// LOBSTER's prices are in 1/10000 dollar.
const UNIT: u64 = 10_000;

/// Plays a tape and returns its groups, the steps it has, and those that came out otherwise.
fn play(messages: &str, orderbook: &str) -> Option<(usize, usize, Vec<String>)> {
    let directory = data("lob/lobster")?;
    let messages = read_messages(&directory.join(messages)).unwrap();
    let book = read_book(&directory.join(orderbook), 1).unwrap();
    let plan = Plan::new(&messages, &book);
    let key = KeyPair::number(31);
    let account = key.account(31, &[("USD", "1000000000000"), ("STOCK", "1000000000")]);
    let account = account.replace("id = 31", "id = 31\nunlimited = true");
    let server = TestServer::start(&format!("{SETTINGS}{account}[limits]\napi-messages-per-second = 0\n"));
    let differences = block_on(async {
        let mut socket = Socket::open(server.url(), "/ws-api/v3?returnRateLimits=false", &[]).await.unwrap();
        let logon = json!({ "id": 0, "method": "session.logon", "params": signed(&key, json!({})) });
        socket.send(&logon.to_string()).await;
        assert_eq!(socket.json().await["status"], 200);
        let steps: Vec<(usize, &Step)> = plan
            .groups
            .iter()
            .flat_map(|group| group.steps.iter().map(|step| (group.last + 1, step)))
            .collect();
        let mut differences = run(&mut socket, &steps).await;
        let depth = Api::new(server.url());
        let last = plan.groups.last().unwrap().top();
        let path = "/api/v3/depth?symbol=STOCKUSD&limit=5";
        let position = socket_position(&mut socket).await;
        let depth =
            depth.send(awc::http::Method::GET, &format!("{path}&minSeq={position}"), &[], "").await.json;
        let best = |side: &str| depth[side].get(0).map(|level| (ticks(&level[0]), size(&level[1])));
        if (best("bids"), best("asks")) != last {
            differences.push(format!("in the end: {depth} is not {last:?}"));
        }
        differences
    });
    server.stop();
    Some((plan.groups.len(), plan.step_count(), differences))
}

/// Places an order that changes nothing, to learn a position behind everything before it.
async fn socket_position(socket: &mut Socket) -> u64 {
    let order = json!({ "symbol": "STOCKUSD", "side": "BUY", "type": "LIMIT", "timeInForce": "IOC", "quantity": "1",
        "price": "0.01", "timestamp": now_millis() });
    socket.send(&json!({ "id": 0, "method": "order.place", "params": order }).to_string()).await;
    socket.json().await["engineSeq"].as_u64().unwrap()
}

async fn run(socket: &mut Socket, steps: &[(usize, &Step)]) -> Vec<String> {
    let mut differences = Vec::new();
    let mut next = steps.iter().enumerate();
    let mut under_way = VecDeque::new();
    loop {
        while under_way.len() < DEPTH
            && let Some((index, (_, step))) = next.next()
        {
            let (method, params) = request(step);
            socket.send(&json!({ "id": index, "method": method, "params": params }).to_string()).await;
            under_way.push_back(index);
        }
        if under_way.is_empty() {
            return differences;
        }
        let reply = socket.json().await;
        let index = usize::try_from(reply["id"].as_u64().unwrap()).unwrap();
        under_way.retain(|under_way| *under_way != index);
        let (line, step) = steps[index];
        if !is_as_recorded(step, &reply) {
            differences.push(format!("line {line}: {step:?} came to {reply}"));
        }
    }
}

fn request(step: &Step) -> (&'static str, Value) {
    let price = |price: u64| format!("{}.{:04}", price / UNIT, price % UNIT);
    let side = |side: Side| if side == Side::Buy { "BUY" } else { "SELL" };
    let order = |of: Side, at: u64, size: u64, in_force: &str| {
        json!({ "symbol": "STOCKUSD", "side": side(of), "type": "LIMIT", "timeInForce": in_force,
            "quantity": size.to_string(), "price": price(at), "newOrderRespType": "FULL" })
    };
    let (method, mut params) = match step {
        Step::Rest { name, side, price, size } => {
            let mut order = order(*side, *price, *size, "GTC");
            order["newClientOrderId"] = json!(name);
            ("order.place", order)
        }
        Step::Take { side, price, size, .. } => ("order.place", order(*side, *price, *size, "IOC")),
        Step::Amend { name, total } => {
            let amend = json!({ "symbol": "STOCKUSD", "origClientOrderId": name, "newClientOrderId": name,
                "newQty": total.to_string() });
            ("order.amend.keepPriority", amend)
        }
        Step::Cancel { name } => ("order.cancel", json!({ "symbol": "STOCKUSD", "origClientOrderId": name })),
    };
    params["timestamp"] = json!(now_millis());
    params["recvWindow"] = json!(60_000);
    (method, params)
}

fn is_as_recorded(step: &Step, reply: &Value) -> bool {
    let result = &reply["result"];
    let fills = || -> Option<Vec<Fill>> {
        let fills = result["fills"].as_array()?;
        Some(
            fills
                .iter()
                .map(|fill| Fill { price: ticks(&fill["price"]), size: size(&fill["qty"]) })
                .collect(),
        )
    };
    match step {
        Step::Rest { .. } => result["status"] == "NEW" && fills().is_some_and(|fills| fills.is_empty()),
        Step::Take { fills: expected, .. } => fills().as_ref() == Some(expected),
        Step::Amend { total, .. } => size(&result["amendedOrder"]["qty"]) == *total,
        Step::Cancel { .. } => result["status"] == "CANCELED",
    }
}

fn ticks(value: &Value) -> u64 {
    let (whole, fraction) = value.as_str().unwrap_or("0.").split_once('.').unwrap();
    whole.parse::<u64>().unwrap() * UNIT + format!("{fraction:0<4}")[..4].parse::<u64>().unwrap()
}

fn size(value: &Value) -> u64 {
    value.as_str().and_then(|text| text.split('.').next()?.parse().ok()).unwrap_or_default()
}

fn check(stock: &str, messages: &str, orderbook: &str) {
    let Some((groups, steps, differences)) = play(messages, orderbook) else { return };
    println!("{stock}: {groups} groups, {steps} requests, {} out of order", differences.len());
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn apple_comes_out_as_recorded_with_150_requests_under_way() {
    let directory = "AAPL_2012-06-21";
    let (messages, book) = ("message_50.first672.csv.gz", "orderbook_50.first672.csv.gz");
    check("AAPL-672", &format!("{directory}_{messages}"), &format!("{directory}_{book}"));
}

#[test]
fn microsoft_comes_out_as_recorded_with_150_requests_under_way() {
    let directory = "MSFT_2012-06-21";
    let (messages, book) = ("message_50.1000rows.csv.gz", "orderbook_50.1000rows.csv.gz");
    check("MSFT-1000", &format!("{directory}_{messages}"), &format!("{directory}_{book}"));
}
