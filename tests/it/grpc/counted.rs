//! Every call counts for its address when its head arrives, whichever service it is for.

use futures_util::{poll, stream};
use serde_json::json;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::{
    v1::server_reflection_client::ServerReflectionClient,
    v1alpha::server_reflection_client::ServerReflectionClient as AlphaClient,
};

use super::client::{Client, still, with_grpc};
use crate::support::{TestServer, block_on};

/// Starts an exchange whose clock stands still, with limits for this machine too.
fn limited(limits: &str) -> TestServer {
    let settings = with_grpc(&format!("[limits]\nloopback = true\nrefusals-before-ban = 0\n{limits}"));
    TestServer::start_at(still().0, &settings)
}

/// Requires that a call was refused because its address has used up what it may.
fn is_exhausted<T>(outcome: Result<T, Status>) {
    let status = outcome.map(|_| ()).unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert_eq!(status.metadata().get("lightning-code").unwrap(), "-1003");
}

#[test]
fn calls_of_health_and_reflection_are_counted_and_their_streams_are_connections() {
    let server = limited("request-weight-per-minute = 12\nconnections-per-5-minutes = 2\n");
    block_on(async {
        // Asking for the schema is a stream: 2, and the first connection.
        let client = Client::connect(&server).await;
        let mut health = HealthClient::new(client.channel());
        let all = HealthCheckRequest::default;
        let mut watch = health.watch(all()).await.unwrap().into_inner();
        assert_eq!(watch.message().await.unwrap().unwrap().status, 1, "serving");
        is_exhausted(health.watch(all()).await);
        is_exhausted(
            ServerReflectionClient::new(client.channel()).server_reflection_info(stream::empty()).await,
        );
        is_exhausted(AlphaClient::new(client.channel()).server_reflection_info(stream::empty()).await);
        // Five streams weighed 10, let in or not.
        for _ in 0..2 {
            assert_eq!(health.check(all()).await.unwrap().get_ref().status, 1);
        }
        is_exhausted(health.check(all()).await);
    });
    server.stop();
}

#[test]
fn a_call_is_counted_before_its_message_has_arrived() {
    let server = limited("request-weight-per-minute = 12\n");
    block_on(async {
        let client = Client::connect(&server).await;
        let book = json!({ "symbolId": 1 });
        let half = || Box::pin(client.call_with("getOrderBook", book.clone(), stream::pending()));
        let (mut first, mut second) = (half(), half());
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        tokio::select! {
            whole = client.call("getOrderBook", book.clone()) => is_exhausted(whole),
            half = &mut first => panic!("{half:?}"),
            half = &mut second => panic!("{half:?}"),
        }
    });
    server.stop();
}
