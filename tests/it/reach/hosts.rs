//! The host of a request must be one of the exchange: a page that points a name of its own at this machine gets nothing.

use awc::http::Method;

use super::{get, raw};
use crate::{
    api::{Api, web::Socket},
    support::{TestServer, block_on},
};

const MISDIRECTED: &str =
    "This host is not served here; connect by a name of this machine, or add yours to [server] hosts.";

#[test]
fn on_loopback_a_host_of_elsewhere_is_misdirected_on_every_route() {
    let server = TestServer::start("[demo]\nenabled = true\n[sign-up]\nenabled = true\n");
    let port = server.url().rsplit(':').next().unwrap();
    for path in ["/", "/api/v3/ping", "/x/v1/session/options", "/health/live", "/metrics", "/nothing", "/ws"]
    {
        for host in ["evil.example", &format!("evil.example:{port}"), "192.0.2.1", "localhost.evil.example"] {
            let (status, body) = raw(server.url(), &get(path, "HTTP/1.1", &[host]));
            let expected = format!("{{\"code\":-95002,\"msg\":\"{MISDIRECTED}\"}}");
            assert_eq!((status, body.as_str()), (421, expected.as_str()), "{path} {host}");
        }
    }
    for host in
        ["localhost", &format!("localhost:{port}"), "127.0.0.1", "[::1]:1", "LOCALHOST", "app.localhost"]
    {
        assert_eq!(raw(server.url(), &get("/health/live", "HTTP/1.1", &[host])).0, 200, "{host}");
    }
    block_on(async {
        let api = Api::new(server.url());
        for path in ["/x/v1/session/demo", "/x/v1/signup", "/x/v1/session", "/x/v1/operator/accounts"] {
            // The page and its name are one origin, as after a rebinding.
            let rebound = [("Host", "evil.example"), ("Origin", "http://evil.example")];
            let refused = api.send(Method::POST, path, &rebound, "{}").await;
            assert_eq!(refused.refusal(), (421, -95_002, MISDIRECTED), "{path}");
        }
        for path in ["/ws", "/stream?streams=btcusdt@trade", "/ws-api/v3", "/x/v1/stream"] {
            let refused = Socket::open(server.url(), path, &[("Host", "evil.example")]).await;
            assert_eq!(refused.err().map(|status| status.as_u16()), Some(421), "{path}");
        }
    });
    server.stop();
}

#[test]
fn a_request_has_one_host_and_it_can_be_read() {
    let server = TestServer::start("");
    let status = |request: &str| raw(server.url(), request).0;
    assert_eq!(status(&get("/health/live", "HTTP/1.1", &["localhost"])), 200);
    for hosts in
        [&[][..], &["localhost", "localhost"], &["localhost", "evil.example"], &[""], &["a b"], &["::1"]]
    {
        assert_eq!(status(&get("/health/live", "HTTP/1.1", hosts)), 400, "{hosts:?}");
    }
    // Probes of old speak HTTP/1.0, which had none.
    assert_eq!(status(&get("/health/live", "HTTP/1.0", &[])), 200);
    assert_eq!(status(&get("/health/live", "HTTP/1.0", &["evil.example"])), 421);
    assert_eq!(status(&get("http://evil.example/health/live", "HTTP/1.1", &["localhost"])), 421);
    server.stop();
}

#[test]
fn configured_hosts_are_served_and_elsewhere_addresses_are_too() {
    let statuses = |settings: &str, hosts: [&str; 4]| {
        let server = TestServer::start(settings);
        let url = server.url().replace("0.0.0.0", "127.0.0.1");
        let statuses = hosts.map(|host| raw(&url, &get("/health/ready", "HTTP/1.1", &[host])).0);
        server.stop();
        statuses
    };
    let hosts = ["exchange.example", "Exchange.Example.:443", "192.0.2.7:8080", "evil.example"];
    let named = "[server]\nhosts = [\"exchange.example\"]\n";
    assert_eq!(statuses(named, hosts), [200, 200, 421, 421]);
    let open = "[server]\nlisten = \"0.0.0.0:0\"\n";
    assert_eq!(statuses(open, hosts), [200, 200, 200, 200]);
    assert_eq!(statuses(&format!("{open}hosts = [\"exchange.example\"]\n"), hosts), [200, 200, 200, 421]);
}
