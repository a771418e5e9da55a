//! ccxt as it comes from PyPI loads the markets, trades, cancels and reads its balance.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{KeyPair, TestServer, root, skip};

/// The interpreter of the virtual environment that `cargo xtask test` makes.
pub(crate) fn python() -> Option<PathBuf> {
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../venv/bin/python");
    let found = std::env::var_os("EXCHANGE_PYTHON").map_or(made, PathBuf::from);
    let is_there = found.is_file();
    assert!(is_there || std::env::var_os("CI").is_none(), "no Python at {}", found.display());
    if !is_there {
        skip(format!("no Python at {}; run cargo xtask test", found.display()));
    }
    is_there.then_some(found)
}

#[test]
fn ccxt_trades_unmodified() {
    let Some(python) = python() else { return };
    let (maker, taker) = (KeyPair::number(1), KeyPair::number(2));
    let balances = [("BTC", "10"), ("USDT", "1000000")];
    let server = TestServer::start(&[maker.account(101, &balances), taker.account(102, &balances)].concat());
    let script = root().join("tests/python/ccxt_trip.py");
    let output = Command::new(python)
        .arg(script)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("LIGHTNING_URL", server.url())
        .env("MAKER_KEY", &maker.key)
        .env("MAKER_SECRET", &maker.secret)
        .env("TAKER_KEY", &taker.key)
        .env("TAKER_SECRET", &taker.secret)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.ends_with("all of it works\n"), "{text}");
    server.stop();
}
