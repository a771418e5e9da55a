//! The amends of an order: from the shard while it remembers them, from the history for good.

use awc::http::Method;
use serde_json::{Value, json};

use crate::{
    api::{Api, limit, two_accounts},
    support::{KeyPair, TestServer, block_on},
    ws_api::Talk,
};

const PATH: &str = "/api/v3/order/amendments";

async fn amends(api: &Api, key: &KeyPair, params: &str) -> Value {
    let answer = api.signed(key, Method::GET, PATH, params).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

#[test]
fn f32_every_amend_of_an_order_is_listed_as_the_replies_to_them_said() {
    let (own, other, settings) = two_accounts();
    let settings = settings + "[history]\nenabled = true\n";
    let root = tempfile::tempdir().unwrap();
    let server = TestServer::start_on(root.path(), &settings);
    let (id, listed) = block_on(async {
        let api = Api::new(server.url());
        let placed = api.order(&own, &(limit("SELL", "0.5", "45000") + "&newClientOrderId=one")).await.json;
        let id = placed["orderId"].clone();
        let mut expected = Vec::new();
        for (from, to, from_name, to_name) in
            [("0.5", "0.4", "one", "two"), ("0.4", "0.3", "two", "two"), ("0.3", "0.1", "two", "three")]
        {
            let params = format!("symbol=BTCUSDT&orderId={id}&newQty={to}&newClientOrderId={to_name}");
            let amended = api.signed(&own, Method::PUT, "/api/v3/order/amend/keepPriority", &params).await;
            assert_eq!(amended.status, 200, "{amended:?}");
            expected.push(json!({
                "symbol": "BTCUSDT", "orderId": id, "executionId": amended.json["executionId"],
                "origClientOrderId": from_name, "newClientOrderId": to_name,
                "origQty": format!("{from}0000000"), "newQty": format!("{to}0000000"),
                "time": amended.json["transactTime"],
            }));
        }
        let one = format!("symbol=BTCUSDT&orderId={id}");
        let listed = amends(&api, &own, &one).await;
        assert_eq!(listed, json!(expected));
        let second = format!("{one}&fromExecutionId={}", expected[1]["executionId"]);
        assert_eq!(amends(&api, &own, &second).await, json!(expected[1..]));
        assert_eq!(amends(&api, &own, &format!("{second}&limit=1")).await, json!([expected[1]]));
        // It is its owner's alone, and an amend that was refused is none.
        assert_eq!(amends(&api, &other, &one).await, json!([]));
        let more = format!("{one}&newQty=0.2");
        let refused = api.signed(&own, Method::PUT, "/api/v3/order/amend/keepPriority", &more).await;
        assert_eq!(refused.refusal().1, -2038);
        let mut talk = Talk::open(&server, "").await;
        let params = json!({ "symbol": "BTCUSDT", "orderId": id });
        assert_eq!(talk.done(&own, "order.amendments", params).await, listed);
        (id, listed)
    });
    server.stop();
    // The snapshot of the stop holds none of them: the history answers.
    let server = TestServer::start_on(root.path(), &settings);
    block_on(async {
        let api = Api::new(server.url());
        let one = format!("symbol=BTCUSDT&orderId={id}");
        let answer = api.signed(&own, Method::GET, PATH, &one).await;
        assert_eq!(answer.json, listed);
        assert!(answer.header("x-lightning-history-seq").is_some());
        let second = format!("{one}&fromExecutionId={}&limit=1", listed[1]["executionId"]);
        assert_eq!(amends(&api, &own, &second).await, json!([listed[1]]));
    });
    server.stop();
    // Without it the shard says that some may be missing.
    let server = TestServer::start_on(root.path(), &settings.replace("true", "false"));
    block_on(async {
        let api = Api::new(server.url());
        let answer = api.signed(&own, Method::GET, PATH, &format!("symbol=BTCUSDT&orderId={id}")).await;
        assert_eq!(answer.json, json!([]));
        assert!(answer.header("x-lightning-reach").is_some());
    });
    server.stop();
}
