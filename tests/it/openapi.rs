//! Schemathesis asks a server whatever its OpenAPI document allows, and compares the answers with it.

use std::process::Command;

use crate::{
    ccxt::python,
    support::{OPERATOR_TOKEN, TestServer, root},
};

/// Nothing that is counted may stop it.
const SETTINGS: &str = "[demo]\nenabled = true\n[sign-up]\nenabled = true\n[history]\nenabled = true\n[limits]\n\
    orders-per-10-seconds = 0\norders-per-day = 0\n";

#[test]
fn the_api_is_what_its_document_says() {
    let Some(python) = python() else { return };
    let server = TestServer::start(SETTINGS);
    let output = Command::new(python)
        .arg(root().join("tests/python/schema.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("LIGHTNING_URL", server.url())
        .env("OPERATOR_TOKEN", OPERATOR_TOKEN)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.ends_with("the API is what its document says\n"), "{text}");
    server.stop();
}
