//! What is traced, and how it hangs together.

use serde_json::{Value, json};

use super::{
    PARENT, order_in_trace, parent,
    receiver::{Found, Receiver},
};
use crate::{
    api::{Api, limit, two_accounts, web::Socket},
    durable::{operate, place},
    grpc::client::{Client, channel, with_grpc},
    support::{OPERATOR_TOKEN, Process, block_on, wait_until},
    ws_api::signed,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Returns the only span with this name and these attributes.
fn only<'a>(spans: &'a [Found], name: &str, attributes: &[(&str, &str)]) -> &'a Found {
    let is_it = |span: &&Found| {
        span.name == name && attributes.iter().all(|(attribute, value)| span.of(attribute) == *value)
    };
    let found: Vec<&Found> = spans.iter().filter(is_it).collect();
    assert_eq!(found.len(), 1, "{name} {attributes:?} in {spans:#?}");
    found[0]
}

/// Returns the spans with this name that descend directly from `parent`.
fn below<'a>(spans: &'a [Found], parent: &Found, name: &str) -> Vec<&'a Found> {
    spans.iter().filter(|span| span.parent == parent.id && span.name == name).collect()
}

#[test]
fn an_order_is_one_trace_from_its_request_to_its_answer() {
    let receiver = Receiver::start();
    let (seller, buyer, accounts) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let resource = "resource = \"deployment.environment.name=test\"";
    let server = Process::start(root.path(), &(receiver.settings(resource) + &accounts));
    let (maker, taker, position) = block_on(async {
        let api = Api::new(server.url());
        let maker = place(&api, &seller, &limit("SELL", "0.5", "45000")).await;
        let answer = order_in_trace(&api, &buyer, &limit("BUY", "0.2", "45000"), &parent(TRACE, true)).await;
        let position = answer.header("x-engine-seq").unwrap().to_owned();
        (maker.to_string(), answer.json["orderId"].to_string(), position)
    });
    // A request, a command, a match, two settlements, a frame of each of these four, and an answer.
    let spans = receiver.trace(TRACE, 10);
    assert_eq!(spans.len(), 10, "{spans:#?}");

    let request = only(&spans, "POST /api/v3/order", &[]);
    assert_eq!((request.parent.as_str(), request.kind), (PARENT, 2), "a server's span, of the caller's");
    for (attribute, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/api/v3/order"),
        ("http.response.status_code", "200"),
        ("account.id", "12"),
        ("client.address", "127.0.0.1"),
    ] {
        assert_eq!(request.of(attribute), value, "{attribute}");
    }
    let of_order = [("order.id", taker.as_str()), ("symbol", "BTCUSDT")];
    let command = only(&spans, "account.command", &of_order);
    let matching = only(&spans, "symbol.match", &of_order);
    let settled = only(&spans, "account.settle", &[("order.id", &taker), ("message", "taker_trade")]);
    let of_maker = only(&spans, "account.settle", &[("order.id", &maker), ("message", "maker_trade")]);
    let answer = only(&spans, "answer", &[("accepted", "true")]);
    assert_eq!(command.parent, request.id);
    assert_eq!(matching.parent, command.id);
    assert_eq!((&settled.parent, &of_maker.parent), (&matching.id, &matching.id));
    assert_eq!(matching.of("results"), "2");
    for step in [command, matching, settled, of_maker] {
        let frames = below(&spans, step, "journal");
        assert_eq!(frames.len(), 1, "each step has a frame: {spans:#?}");
        assert!(frames[0].start >= step.start && frames[0].end >= frames[0].start);
        assert!(frames[0].of("position").parse::<u64>().unwrap() > 0);
    }
    let frame = below(&spans, settled, "journal")[0];
    assert_eq!(answer.parent, frame.id, "the answer waits for the last frame of its own order");
    assert_eq!(frame.of("position"), position, "which is the position the client has");
    for (earlier, later) in [(request, command), (command, matching), (matching, settled), (settled, answer)]
    {
        assert!(earlier.start <= later.start && later.start <= later.end, "{earlier:?} {later:?}");
    }
    assert!(command.end <= matching.start, "a step ends when it has sent its results");
    assert!(answer.end <= request.end);
    assert_eq!(receiver.of_service("service.name").as_deref(), Some("lightning-exchange"));
    assert_eq!(receiver.of_service("deployment.environment.name").as_deref(), Some("test"));
    assert!(receiver.of_service("service.version").is_some() && receiver.of_service("process.pid").is_some());
    server.stop();
}

#[test]
fn a_sweep_of_a_book_has_a_bounded_number_of_spans_and_its_answer() {
    let receiver = Receiver::start();
    let (seller, buyer, accounts) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let server = Process::start(root.path(), &(receiver.settings("") + &accounts));
    block_on(async {
        let api = Api::new(server.url());
        for step in 0..40 {
            place(&api, &seller, &limit("SELL", "0.01", &(45_000 + step).to_string())).await;
        }
        order_in_trace(&api, &buyer, &limit("BUY", "0.4", "45039"), &parent(TRACE, true)).await;
    });
    server.stop();
    let spans = receiver.trace(TRACE, 1);
    let matching = only(&spans, "symbol.match", &[("results", "80")]);
    assert_eq!(below(&spans, matching, "account.settle").len(), 32, "of 80");
    let answer = only(&spans, "answer", &[]);
    let of_answer = spans.iter().find(|span| span.id == answer.parent).unwrap();
    assert_eq!(of_answer.name, "journal");
}

#[test]
fn a_request_over_every_transport_is_traced() {
    const OF_GRPC: &str = "0af7651916cd43dd8448eb211c80319c";
    let receiver = Receiver::start();
    let (seller, buyer, accounts) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let settings = with_grpc(&(receiver.settings("") + &accounts));
    let server = Process::start_under(&["env", "LIGHTNING_GRPC_ENABLED=true"], root.path(), &settings);
    let grpc = server.logged("serving", "grpc").unwrap();
    block_on(async {
        let api = Api::new(server.url());
        place(&api, &seller, &limit("SELL", "0.5", "45000")).await;
        let mut socket = Socket::open(server.url(), "/ws-api/v3", &[]).await.unwrap();
        let order = json!({ "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1" });
        let request = json!({ "id": 1, "method": "order.place", "params": signed(&buyer, order) });
        socket.send(&request.to_string()).await;
        assert_eq!(socket.json().await["status"], 200);
        let client = Client::over(channel(grpc.parse().unwrap()).await).await.unwrap();
        let client = client.with("authorization", format!("Bearer {OPERATOR_TOKEN}"));
        let credit = json!({ "accountId": 12, "currencyId": 1, "amount": "5" });
        client.with("traceparent", parent(OF_GRPC, true)).done("increase", credit).await;
    });
    server.stop();
    let spans = receiver.spans();
    let request = only(&spans, "WS POST /api/v3/order", &[("account.id", "12")]);
    let command = below(&spans, request, "account.command");
    assert_eq!((command.len(), command[0].of("symbol")), (1, "BTCUSDT"), "{spans:#?}");
    let of_call = receiver.trace(OF_GRPC, 4);
    let request = only(&of_call, "increase", &[("rpc.system", "grpc")]);
    assert_eq!((request.parent.as_str(), below(&of_call, request, "account.command").len()), (PARENT, 1));
}

#[test]
fn the_log_has_the_trace_of_a_traced_request_whatever_its_filter() {
    for filter in ["info", "warn,audit=info"] {
        let receiver = Receiver::start();
        let (_, _, accounts) = two_accounts();
        let root = tempfile::tempdir().unwrap();
        let log = root.path().join("log");
        let directory = root.path().join("data");
        let file = std::fs::File::create(&log).unwrap();
        let settings = receiver.settings("") + &accounts;
        let server = Process::start_logging_to(file, filter, &directory, &settings);
        block_on(async {
            let credit = json!({ "accountId": 12, "asset": "BTC", "amount": "1", "requestId": "1" });
            let answer = operate(&Api::new(server.url()), "deposit", credit).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        });
        server.stop();
        let log = std::fs::read_to_string(&log).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let audit = lines.into_iter().find(|line| line["target"] == "audit").unwrap();
        let trace = audit["span"]["trace_id"].as_str().unwrap_or_else(|| panic!("{filter}: {audit}"));
        let request = only(&receiver.trace(trace, 1), "POST /x/v1/operator/deposit", &[]).clone();
        assert_eq!(request.of("request.id"), audit["request.id"].as_str().unwrap());
    }
}

#[test]
fn only_what_is_sampled_is_sent() {
    const UNSAMPLED: &str = "1af7651916cd43dd8448eb211c80319c";
    let receiver = Receiver::start();
    let (seller, _, accounts) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let server = Process::start(root.path(), &(receiver.settings("sample-ratio = \"0\"") + &accounts));
    block_on(async {
        let api = Api::new(server.url());
        place(&api, &seller, &limit("SELL", "0.5", "45000")).await;
        order_in_trace(&api, &seller, &limit("SELL", "0.5", "45001"), &parent(TRACE, true)).await;
    });
    server.stop();
    assert_eq!((receiver.exports(), receiver.spans().len()), (0, 0), "a ratio of 0 sends nothing");

    let ratios = "sample-ratio = \"0\"\nparent-ratio = \"1\"";
    let server = Process::start(root.path(), &(receiver.settings(ratios) + &accounts));
    block_on(async {
        let api = Api::new(server.url());
        place(&api, &seller, &limit("SELL", "0.5", "45002")).await;
        order_in_trace(&api, &seller, &limit("SELL", "0.5", "45003"), &parent(TRACE, true)).await;
        order_in_trace(&api, &seller, &limit("SELL", "0.5", "45004"), &parent(UNSAMPLED, false)).await;
    });
    server.stop();
    wait_until("the traces of callers that sample are received", || !receiver.spans().is_empty());
    let traces: Vec<String> = receiver.spans().into_iter().map(|span| span.trace).collect();
    assert!(traces.iter().all(|trace| trace == TRACE), "{traces:?}");
}
