//! A certificate that is replaced while the exchange serves, and a start with one that cannot be used.

use std::fs;

use serde_json::json;

use super::{
    Authority, address,
    raw::{self, PING},
    serving,
};
use crate::{
    api::web::Socket,
    connections::raw::answer,
    support::{Process, block_on, wait_until},
};

#[test]
fn a_changed_certificate_is_served_and_connections_continue() {
    let authority = Authority::new();
    let server = serving(&authority, "");
    let trust = authority.trust();
    let served = || raw::certificate(&raw::open(address(&server), &trust).unwrap()).to_vec();
    let tls = server.exchange().metrics().tls.clone();
    let first = served();
    let mut kept = raw::open(address(&server), &trust).unwrap();
    block_on(async {
        let mut socket = Socket::trusting(server.url(), "/ws", authority.trust()).await.unwrap();
        let second = authority.issue(&["localhost", "127.0.0.1", "exchange.example"]);
        assert_ne!(first, second);
        wait_until("the new one is served", || served() == second);
        assert_eq!((tls.reloads.get(), tls.failed_reloads.get()), (1, 0));
        socket.send(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#).await;
        assert_eq!(socket.json().await, json!({ "result": [], "id": 1 }));
        raw::send(&mut kept, PING);
        assert!(answer(&mut kept).starts_with("HTTP/1.1 200"));

        let (_, _, wrong) = authority.pair(&["localhost"]);
        let right = fs::read(authority.key()).unwrap();
        fs::write(authority.key(), wrong).unwrap();
        wait_until("the wrong key is refused", || tls.failed_reloads.get() == 1);
        assert_eq!(served(), second, "the previous one stays in use");
        // As a tool for certificates does it: a new file under the old name.
        let (cert, third, key) = authority.pair(&["localhost"]);
        for (path, text) in [(authority.cert(), cert), (authority.key(), key)] {
            let beside = path.with_extension("new");
            fs::write(&beside, text).unwrap();
            fs::rename(&beside, &path).unwrap();
        }
        wait_until("the next one is served", || served() == third);
        assert_ne!(fs::read(authority.key()).unwrap(), right);
        let metrics = server.exchange().render_metrics();
        let metric =
            |name: &str| metrics.lines().find_map(|line| line.strip_prefix(name)?.parse::<f64>().ok());
        assert_eq!(metric("lightning_tls_certificate_reloads_total "), Some(2.0));
        assert_eq!(metric("lightning_tls_certificate_reloads_failed_total "), Some(1.0));
        assert!(metric("lightning_tls_certificate_expires_timestamp_seconds ") > Some(1.7e9), "{metrics}");
        raw::send(&mut kept, PING);
        assert!(answer(&mut kept).starts_with("HTTP/1.1 200"));
    });
    server.stop();
}

#[test]
fn a_broken_change_is_logged_once_with_the_remedy() {
    let authority = Authority::new();
    authority.issue(&["localhost"]);
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path(), &authority.settings());
    assert!(process.url().starts_with("https://"), "{}", process.url());
    assert_eq!(process.logged("TLS is on", "names").as_deref(), Some("[\"localhost\"]"));
    fs::write(authority.cert(), "nothing").unwrap();
    let message = "the changed certificate cannot be used: the previous one stays in use";
    let error = process.logged(message, "error").unwrap();
    assert!(error.contains("cert.pem is no certificate chain") && error.contains("in PEM"), "{error}");
    let log = process.stop().log();
    assert_eq!(log.matches(message).count(), 1, "{log}");
}

#[test]
fn a_start_without_a_pair_that_fits_is_refused_with_the_file_and_the_remedy() {
    let authority = Authority::new();
    authority.issue(&["localhost"]);
    let start = || {
        let directory = tempfile::tempdir().unwrap();
        let refused = Process::try_start(&[], directory.path(), &authority.settings()).unwrap_err();
        assert!(!directory.path().join("identity").exists(), "the directory was touched");
        refused
    };
    let (_, _, wrong) = authority.pair(&["localhost"]);
    let right = fs::read(authority.key()).unwrap();
    fs::write(authority.key(), wrong).unwrap();
    let refused = start();
    assert!(refused.contains("[server] tls-cert and tls-key: the private key in"), "{refused}");
    assert!(refused.contains("name the key the certificate was issued for"), "{refused}");
    fs::write(authority.key(), right).unwrap();
    fs::remove_file(authority.cert()).unwrap();
    let refused = start();
    assert!(refused.contains("cert.pem cannot be read: No such file or directory"), "{refused}");
}
