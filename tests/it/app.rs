//! The features the configuration enables are available when the exchange serves, and it stops on request.

use awc::http::Method;
use lightning_exchange::config::Layers;

use crate::support::{KeyPair, TestServer, block_on};

#[test]
fn configured_accounts_exist_from_the_start() {
    let pair = KeyPair::number(7);
    let server = TestServer::start(&pair.account(7, &[("BTC", "1.5"), ("USDT", "2000")]));
    let account = block_on(async {
        let client = server.client();
        client.signed(&pair.credentials(), Method::GET, "/api/v3/account", &[]).await.unwrap()
    });
    let free = |asset: &str| {
        let balances = account["balances"].as_array().unwrap();
        let balance = balances.iter().find(|balance| balance["asset"] == asset).unwrap();
        balance["free"].as_str().unwrap().to_owned()
    };
    assert_eq!((free("BTC"), free("USDT")), ("1.50000000".to_owned(), "2000.00000000".to_owned()));
    server.stop();
}

#[test]
fn an_address_in_use_is_reported_plainly() {
    let server = TestServer::start("");
    let address = server.url().strip_prefix("http://").unwrap();
    let root = tempfile::tempdir().unwrap();
    let settings = format!("[server]\nlisten = {address:?}\n[data]\ndirectory = {:?}\n", root.path());
    let config = Layers::defaults().text("test", &settings).load().unwrap();
    let error = block_on(lightning_exchange::app::Application::build(config)).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {address}"));
}
