//! gRPC over TLS.

use serde_json::json;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use super::{Authority, serving};
use crate::{
    grpc::client::{Client, with_grpc},
    support::{TestServer, block_on},
};

async fn connect(server: &TestServer, authority: &Authority) -> Result<Channel, tonic::transport::Error> {
    let own = Certificate::from_pem(std::fs::read(authority.ca()).unwrap());
    let tls = ClientTlsConfig::new().ca_certificate(own).domain_name("localhost");
    let endpoint = Endpoint::from_shared(format!("https://{}", server.grpc().unwrap())).unwrap();
    endpoint.tls_config(tls).unwrap().connect().await
}

#[test]
fn calls_and_streams_are_served_encrypted_and_nothing_else_is() {
    let authority = Authority::new();
    let server = serving(&authority, &with_grpc("[demo]\nenabled = true\n"));
    block_on(async {
        let client = Client::over(connect(&server, &authority).await.unwrap()).await.unwrap();
        // Reflection was a stream; this call without credentials is one for this machine alone.
        client.done("increase", json!({"accountId":1001,"currencyId":1,"amount":"1"})).await;
        let stranger = connect(&server, &Authority::new()).await.unwrap_err();
        assert!(format!("{stranger:?}").contains("InvalidCertificate"), "{stranger:?}");
        let plain = Endpoint::from_shared(format!("http://{}", server.grpc().unwrap())).unwrap();
        // A plain client connects, and is closed before it gets anything.
        if let Ok(channel) = plain.connect().await {
            assert!(Client::over(channel).await.is_err());
        }
    });
    server.stop();
}
