//! What one address may have of gRPC's connections.

use std::net::IpAddr;

use tonic::{
    Streaming,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_client::HealthClient};

use crate::support::{Process, block_on};

/// No cap of its own: half of what there is.
const SETTINGS: &str =
    "[grpc]\nlisten = \"127.0.0.1:0\"\n[limits]\nloopback = true\nconnections-per-address = 0\n";

/// Connects from an address and watches health; `None` when it is not let in.
async fn watch(server: &str, from: IpAddr) -> Option<(Channel, Streaming<HealthCheckResponse>)> {
    let endpoint = Endpoint::from_shared(format!("http://{server}")).unwrap().local_address(Some(from));
    let channel = endpoint.connect().await.ok()?;
    let watch = HealthClient::new(channel.clone()).watch(HealthCheckRequest::default()).await;
    let mut watch = watch.ok()?.into_inner();
    watch.message().await.ok()??;
    Some((channel, watch))
}

#[test]
fn one_address_cannot_hold_more_than_half_of_grpc_and_others_are_served() {
    let directory = tempfile::tempdir().unwrap();
    let script = "ulimit -n 256 && exec \"$0\" \"$@\"";
    let wrapper = ["env", "LIGHTNING_GRPC_ENABLED=true", "sh", "-c", script];
    let server = Process::start_under(&wrapper, directory.path(), SETTINGS);
    let grpc = server.logged("serving", "grpc").unwrap();
    let share: usize = server.logged("descriptors divided", "grpc").unwrap().parse().unwrap();
    block_on(async {
        let [one, other] = ["127.0.0.1", "127.0.0.2"].map(|address| address.parse().unwrap());
        let mut held = Vec::new();
        while let Some(watching) = watch(&grpc, one).await {
            held.push(watching);
            assert!(held.len() <= share / 2, "{} of {share}", held.len());
        }
        assert_eq!(held.len(), share / 2);
        assert!(watch(&grpc, other).await.is_some(), "the other half is for others");
        held.pop();
        while watch(&grpc, one).await.is_none() {} // until the server has seen it go
    });
    server.stop();
}
