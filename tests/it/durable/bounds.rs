//! Bounds of the configuration are no invariants of data: whatever is lowered below what there is, the exchange starts, its
//! books are right, what is there stays, and new work is refused.

use std::{fs, path::Path};

use awc::http::Method;
use lightning_exchange::config::DEFAULTS;
use serde_json::Value;

use super::place;
use crate::{
    api::{Api, limit, two_accounts},
    support::{KeyPair, Process, block_on, lightning, printed},
};

/// What is lowered, and how a new order is refused then: code and text, or it is taken.
struct Lowered {
    name: &'static str,
    /// Sections of the configuration.
    sections: &'static str,
    /// Keys of every symbol, as they are written by default, and what they become.
    symbol: &'static [(&'static str, &'static str)],
    refusal: Option<(i64, &'static str)>,
}

const fn section(
    name: &'static str,
    sections: &'static str,
    refusal: Option<(i64, &'static str)>,
) -> Lowered {
    Lowered { name, sections, symbol: &[], refusal }
}

const fn symbol(
    name: &'static str,
    symbol: &'static [(&'static str, &'static str)],
    refusal: Option<(i64, &'static str)>,
) -> Lowered {
    Lowered { name, sections: "", symbol, refusal }
}

const FEES: &str = r#"fees = [{ maker = "0.001", taker = "0.001" }, { maker = "0.0002", taker = "0.0004" }]"#;

const TABLE: &[Lowered] = &[
    section("nothing", "", None),
    section("orders of a book", "[engine]\nbook-orders-max = 1\n", Some((-2010, "The order book is full."))),
    section("fills of a command", "[engine]\nfills-max = 1\n", None),
    section(
        "commands in flight",
        "[engine]\naccount-commands-in-flight = 1\naccount-cancels-in-flight = 1\nsymbol-commands-in-flight = 1\n\
         symbol-cancels-in-flight = 1\nbatch = 1\n",
        None,
    ),
    section("shards", "[engine]\naccount-shards = 1\nsymbol-shards = 1\n", None),
    section("orders in a day", "[limits]\norders-per-day = 1\n", Some((-1015, ""))),
    section("size of a segment", "[journal]\nsegment-mib = 1\n", None),
    section("frames of a snapshot", "[snapshot]\nevery-frames = 1000\nevery-seconds = 1\n", None),
    symbol("open orders", &[("max-num-orders = 200", "max-num-orders = 1")], Some((-1013, "MAX_NUM_ORDERS"))),
    symbol(
        "largest quantity",
        &[
            ("market-max-qty = \"100\"", "market-max-qty = \"0.01\""),
            ("market-max-qty = \"2000\"", "market-max-qty = \"0.01\""),
            ("\nmax-qty = \"9000\"", "\nmax-qty = \"0.01\""),
        ],
        Some((-1013, "LOT_SIZE")),
    ),
    symbol("smallest quantity", &[("min-qty = \"0.00001\"", "min-qty = \"1\"")], Some((-1013, "LOT_SIZE"))),
    symbol(
        "highest price",
        &[("max-price = \"1000000\"", "max-price = \"100\"")],
        Some((-1013, "PRICE_FILTER")),
    ),
    symbol(
        "lowest price",
        &[("min-price = \"0.01\"", "min-price = \"900000\"")],
        Some((-1013, "PRICE_FILTER")),
    ),
    symbol(
        "largest value",
        &[("max-notional = \"9000000\"", "max-notional = \"6\"")],
        Some((-1013, "NOTIONAL")),
    ),
    symbol(
        "smallest value",
        &[("min-notional = \"5\"", "min-notional = \"5000000\"")],
        Some((-1013, "NOTIONAL")),
    ),
    symbol(
        "special orders",
        &[(
            FEES,
            "fees = [{ maker = \"0.001\", taker = \"0.001\" }, { maker = \"0.0002\", taker = \"0.0004\" }]\n\
             [symbols.special-orders]\niceberg-parts = 1\nmax-num-algo-orders = 1\nmax-num-iceberg-orders = 1\n\
             max-num-order-lists = 1\nmax-num-order-amends = 1\nmax-position = \"0.1\"",
        )],
        None,
    ),
    symbol("tiers of fees", &[(FEES, r#"fees = [{ maker = "0.001", taker = "0.001" }]"#)], None),
];

/// Assets and symbols of the built-in configuration, with keys of the symbols replaced.
fn markets(replaced: &[(&str, &str)]) -> String {
    let from = DEFAULTS.find("\n[[assets]]").unwrap();
    let mut text = DEFAULTS[from..].to_owned();
    for (default, lowered) in replaced {
        assert!(text.contains(default), "{default} is not in the built-in configuration");
        text = text.replace(default, lowered);
    }
    text
}

async fn open(api: &Api, key: &KeyPair) -> Value {
    let open = api.signed(key, Method::GET, "/api/v3/openOrders", "symbol=BTCUSDT").await;
    assert_eq!(open.status, 200, "{open:?}");
    open.json
}

/// Orders of every kind there is a bound for, more than one of each.
async fn fill(api: &Api, seller: &KeyPair, buyer: &KeyPair) {
    // Something trades, so that there is a price.
    place(api, seller, &limit("SELL", "0.02", "45000")).await;
    place(api, buyer, &limit("BUY", "0.02", "45000")).await;
    for step in 0..6 {
        place(api, seller, &limit("SELL", "0.05", &(45_000 + step).to_string())).await;
        place(api, buyer, &limit("BUY", "0.05", &(44_000 - step).to_string())).await;
        let iceberg = limit("SELL", "0.5", &(46_000 + step).to_string());
        place(api, seller, &format!("{iceberg}&icebergQty=0.1")).await;
        let stop = "symbol=BTCUSDT&side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.05";
        place(api, seller, &format!("{stop}&price={0}&stopPrice={0}", 40_000 - step)).await;
    }
    for step in 0..2 {
        let list = format!(
            "symbol=BTCUSDT&side=SELL&quantity=0.05&aboveType=LIMIT_MAKER&abovePrice={}&belowType=STOP_LOSS&\
             belowStopPrice={}",
            47_000 + step,
            39_000 - step
        );
        let placed = api.signed(seller, Method::POST, "/api/v3/orderList/oco", &list).await;
        assert_eq!(placed.status, 200, "{placed:?}");
    }
    // And one is partly filled.
    place(api, buyer, &limit("BUY", "0.02", "45000")).await;
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target)
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn every_bound_can_be_lowered_below_what_there_is() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let ample = format!("[limits]\norders-per-10-seconds = 0\n[journal]\nsegment-mib = 2\n{settings}");
    let server = Process::start(&data, &ample);
    let before = block_on(async {
        let api = Api::new(server.url());
        fill(&api, &seller, &buyer).await;
        (open(&api, &seller).await, open(&api, &buyer).await)
    });
    // Killed, so that the last frames are replayed under the terms they were written under.
    server.kill();
    for Lowered { name, sections, symbol, refusal } in TABLE {
        let directory = root.path().join(name.replace(' ', "-"));
        copy(&data, &directory);
        let lowered = format!("{sections}{settings}{}", markets(symbol));
        let server = Process::start(&directory, &lowered);
        let (new, stays) = block_on(async {
            let api = Api::new(server.url());
            let stays = (open(&api, &seller).await, open(&api, &buyer).await);
            let new = "symbol=BTCUSDT&side=SELL&type=LIMIT_MAKER&quantity=0.06&price=45100";
            let new = api.order(&seller, new).await;
            // What is there can be let go of.
            let first = &stays.1[0]["orderId"];
            let cancel = format!("symbol=BTCUSDT&orderId={first}");
            let cancelled = api.signed(&buyer, Method::DELETE, "/api/v3/order", &cancel).await;
            assert_eq!(cancelled.status, 200, "{name}: {cancelled:?}");
            (new, stays)
        });
        assert_eq!(stays, before, "{name}");
        match refusal {
            None => assert_eq!(new.status, 200, "{name}: {new:?}"),
            Some((code, text)) => {
                let (status, found, message) = new.refused();
                assert!(
                    (400..500).contains(&status) && found == *code && message.contains(text),
                    "{name}: {new:?}"
                );
            }
        }
        // The audit of a clean stop, and one of everything on disk.
        let log = server.stop().log();
        assert!(!log.contains("the audit failed") && log.contains("took a last snapshot"), "{name}: {log}");
        let config = root.path().join("lowered.toml");
        fs::write(&config, &lowered).unwrap();
        let verify = lightning()
            .args(["verify", "--config", config.to_str().unwrap(), "--data-dir", directory.to_str().unwrap()])
            .output();
        assert!(printed(&verify.unwrap()).ends_with("ok\n"), "{name}");
        Process::start(&directory, &lowered).stop();
    }
}
