//! REST, WebSocket and the page over TLS.

use std::sync::Arc;

use awc::http::Method;
use serde_json::json;
use tokio_rustls::rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, pem::PemObject},
    version::{TLS12, TLS13},
};

use super::{
    Authority, address,
    raw::{self, PING},
    serving,
};
use crate::{
    api::{Answer, Api, web::Socket},
    connections::raw::{answer, say, until_closed},
    support::{TestServer, block_on, wait_until},
    users::PASSWORD,
};

async fn sign_up(api: &Api, name: &str, headers: &[(&str, &str)]) -> Answer {
    let body = json!({ "name": name, "password": PASSWORD }).to_string();
    api.send(Method::POST, "/x/v1/signup", headers, &body).await
}

#[test]
fn rest_websocket_and_the_page_are_served_encrypted() {
    let authority = Authority::new();
    let server = serving(&authority, "");
    assert!(server.url().starts_with("https://127.0.0.1:"));
    block_on(async {
        let api = Api::trusting(server.url(), authority.trust());
        assert_eq!(api.send(Method::GET, "/api/v3/ping", &[], "").await.json, json!({}));
        assert!(api.text("/").await.contains("Lightning Exchange"));
        assert!(api.text("/metrics").await.contains("lightning_tls_handshakes_failed_total 0"));
        let mut socket = Socket::trusting(server.url(), "/ws", authority.trust()).await.unwrap();
        socket.send(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#).await;
        assert_eq!(socket.json().await, json!({ "result": [], "id": 1 }));
        // The rule of hosts is that of a plain connection.
        let foreign = api.send(Method::GET, "/api/v3/ping", &[("Host", "evil.example")], "").await;
        assert_eq!(foreign.refusal().0, 421);
    });
    server.stop();
}

#[test]
fn tls_1_2_and_1_3_are_spoken_and_http_1_alone() {
    let authority = Authority::new();
    let server = serving(&authority, "");
    let trust = authority.trust();
    let mut newest = raw::open(address(&server), &trust).unwrap();
    assert_eq!(newest.conn.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(newest.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    raw::send(&mut newest, PING);
    assert!(answer(&mut newest).starts_with("HTTP/1.1 200"));

    let of = |versions: &[&'static SupportedProtocolVersion], protocols: &[&[u8]]| {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority.ca()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|&protocol| protocol.to_vec()).collect();
        raw::open(address(&server), &Arc::new(config))
    };
    let mut older = of(&[&TLS12], &[b"http/1.1"]).unwrap();
    assert_eq!(older.conn.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    raw::send(&mut older, PING);
    assert!(answer(&mut older).starts_with("HTTP/1.1 200"));
    let mut plain = of(&[&TLS13], &[]).unwrap();
    raw::send(&mut plain, PING);
    assert!(answer(&mut plain).starts_with("HTTP/1.1 200"), "a client that negotiates no protocol");
    let refused = of(&[&TLS13], &[b"h2"]).unwrap_err().to_string();
    assert!(refused.contains("NoApplicationProtocol"), "{refused}");
    server.stop();
}

#[test]
fn cookies_are_secure_and_strict_transport_is_demanded_when_it_is_configured() {
    let authority = Authority::new();
    let server = serving(&authority, "hsts-seconds = 86400\n[sign-up]\nenabled = true\n");
    block_on(async {
        let api = Api::trusting(server.url(), authority.trust());
        let signed_up = sign_up(&api, "ada", &[("Origin", server.url())]).await;
        assert_eq!(signed_up.status, 200, "the page's own origin is https://");
        let cookie = signed_up.header("set-cookie").unwrap();
        assert!(cookie.contains("; Secure"), "{cookie}");
        assert_eq!(signed_up.header("strict-transport-security"), Some("max-age=86400"));
        // No proxy is trusted, so what a client states of the protocol is ignored.
        let forwarded = sign_up(&api, "bob", &[("X-Forwarded-Proto", "http")]).await;
        assert!(forwarded.header("set-cookie").unwrap().contains("; Secure"));
    });
    server.stop();

    let plain = TestServer::start("[sign-up]\nenabled = true\n");
    block_on(async {
        let signed_up = sign_up(&Api::new(plain.url()), "ada", &[]).await;
        assert!(!signed_up.header("set-cookie").unwrap().contains("; Secure"));
        assert_eq!(signed_up.header("strict-transport-security"), None);
    });
    plain.stop();
}

#[test]
fn behind_a_trusted_proxy_it_reports_the_clients_own_connection() {
    let authority = Authority::new();
    let proxied = "trusted-proxies = [\"127.0.0.1\"]\n[sign-up]\nenabled = true\n";
    let server = serving(&authority, proxied);
    block_on(async {
        let api = Api::trusting(server.url(), authority.trust());
        for (name, headers, is_secure) in [
            ("ada", &[("X-Forwarded-Proto", "http")][..], false),
            ("bob", &[("X-Forwarded-Proto", "https")], true),
            ("eve", &[], true),
        ] {
            let signed_up = sign_up(&api, name, headers).await;
            let cookie = signed_up.header("set-cookie").unwrap();
            assert_eq!(cookie.contains("; Secure"), is_secure, "{headers:?} {cookie}");
        }
    });
    server.stop();
}

#[test]
fn what_is_for_this_machine_alone_is_the_same_over_tls() {
    let authority = Authority::new();
    let server = serving(&authority, "[demo]\nenabled = true\n[sign-up]\nenabled = \"auto\"\n");
    block_on(async {
        let api = Api::trusting(server.url(), authority.trust());
        let offered = api.send(Method::GET, "/x/v1/session/options", &[], "").await.json;
        assert_eq!(offered, json!({ "signUp": true, "demo": true }));
        let own = ("Origin", server.url());
        assert_eq!(api.send(Method::POST, "/x/v1/session/demo", &[own], "").await.status, 200);
        let forwarded = [("X-Forwarded-For", "127.0.0.1")];
        let offered = api.send(Method::GET, "/x/v1/session/options", &forwarded, "").await.json;
        assert_eq!(offered, json!({ "signUp": false, "demo": false }));
    });
    server.stop();
}

#[test]
fn what_is_no_tls_is_closed_and_harms_no_one() {
    let authority = Authority::new();
    let server = serving(&authority, "");
    let failed = || server.exchange().metrics().connections.handshakes_failed.get();
    let mut kept = raw::open(address(&server), &authority.trust()).unwrap();
    for (count, words) in
        [PING, b"\x16\x03\x01\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", &[0; 64]].iter().enumerate()
    {
        let heard = until_closed(&mut say(address(&server), words));
        // An alert at most: nothing a plain client would take for an answer.
        assert!(heard.len() < 16 && !heard.starts_with(b"HTTP"), "{heard:?}");
        wait_until("it is counted", || failed() == count as u64 + 1);
    }
    let stranger = Authority::new();
    let refused = raw::open(address(&server), &stranger.trust()).unwrap_err().to_string();
    assert!(refused.contains("invalid peer certificate"), "{refused}");
    wait_until("a client that refuses the certificate is counted", || failed() == 4);
    raw::send(&mut kept, PING);
    assert!(answer(&mut kept).starts_with("HTTP/1.1 200"));
    server.stop();
}

#[test]
fn the_synthetic_market_trades_over_tls_whatever_the_certificate_is_for() {
    let authority = Authority::new();
    authority.issue(&["exchange.example"]);
    let settings =
        "[demo]\nenabled = true\n[feed]\nsynthetic = true\nhistory-hours = 0\nactions-per-second = 200\n";
    for listen in ["127.0.0.1:0", "[::1]:0"] {
        let listen = format!("listen = {listen:?}\n");
        let server = TestServer::start(&format!("{}{listen}{settings}", authority.settings()));
        wait_until("there are trades", || {
            let counted = server.exchange().render_metrics();
            let trades = counted.lines().filter_map(|line| line.strip_prefix("lightning_trades_total"));
            trades.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum::<u64>() > 0
        });
        server.stop();
    }
}
