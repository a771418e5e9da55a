//! `lightning history`, as an operator uses it on a stopped exchange.

use std::{fs, path::Path};

use awc::http::Method;
use serde_json::{Value, json};

use crate::{
    api::{Api, limit, two_accounts},
    support::{TestServer, block_on, complaint, on_directory, printed},
};

const ON: &str = "[history]\nenabled = true\n[snapshot]\nevery-frames = 100\nevery-seconds = 1\n";

/// Trades a little and stops well.
fn trade(directory: &Path, settings: &str) {
    let (seller, buyer, _) = two_accounts();
    let server = TestServer::start_on(directory, settings);
    block_on(async {
        let api = Api::new(server.url());
        for _ in 0..5 {
            assert_eq!(api.order(&seller, &limit("SELL", "0.01", "40000")).await.json["status"], "NEW");
            assert_eq!(api.order(&buyer, &limit("BUY", "0.01", "40000")).await.json["status"], "FILLED");
        }
        let rests = api.order(&buyer, &limit("BUY", "0.02", "39000")).await;
        let id = rests.json["orderId"].as_u64().unwrap();
        let cancel = format!("symbol=BTCUSDT&orderId={id}");
        let cancelled = api.signed(&buyer, Method::DELETE, "/api/v3/order", &cancel).await;
        assert_eq!(cancelled.json["status"], "CANCELED");
    });
    server.stop();
}

fn remove_database(directory: &Path) {
    for file in ["history.db", "history.db-wal", "history.db-shm"] {
        let _ = fs::remove_file(directory.join(file)); // the last two are not always there
    }
}

#[test]
fn status_verify_changes_export_and_prune_say_what_is_there() {
    let (_, _, settings) = two_accounts();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    trade(path, &(settings + ON));
    let status = printed(&on_directory("history status", path));
    assert!(status.contains("orders      11 rows") && status.contains("fills       10 rows"), "{status}");
    let verified = printed(&on_directory("history verify", path));
    assert!(verified.ends_with("ok\n") && verified.contains("trades      5 rows"), "{verified}");

    let changes = printed(&on_directory("history changes", path));
    let entries: Vec<Value> = changes.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| entries.iter().filter(|entry| entry["entity_type"] == kind).collect::<Vec<_>>();
    assert_eq!((of("TRADE").len(), of("FILL").len()), (5, 10));
    assert!(entries.is_sorted_by_key(|entry| entry["sequence"].as_u64().unwrap()));
    let last = of("ORDER").pop().unwrap();
    assert_eq!((&last["version"], &last["change_type"]), (&json!(1), &json!("UPDATED")));
    assert_eq!(
        (&last["changed_fields"]["status"], &last["changed_fields"]["reason"]),
        (&json!(4), &json!("CANCELLED"))
    );
    let created = of("ORDER")[0];
    assert_eq!(
        (&created["change_type"], &created["fields"]["price"]),
        (&json!("CREATED"), &json!("40000.00000000"))
    );
    let few = printed(&on_directory("history changes --limit 3", path));
    assert_eq!(few.lines().count(), 3);

    let exported = printed(&on_directory("history export --table fills", path));
    assert_eq!(exported.lines().count(), 11, "{exported}");
    assert!(exported.starts_with("account_id,symbol_id,trade_id,order_id,side,price,"), "{exported}");

    // Nothing is older than a day, so nothing goes.
    let pruned = printed(&on_directory("history prune --keep-days 1 --yes", path));
    assert!(pruned.starts_with("deleted 0 orders, 0 fills, 0 trades"), "{pruned}");
    assert!(printed(&on_directory("history verify", path)).ends_with("ok\n"));
}

#[test]
fn a_history_is_made_again_from_backups_when_the_journal_was_pruned() {
    let (_, _, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let (data, backup) = (root.path().join("data"), root.path().join("backup"));
    trade(&data, &(settings.clone() + ON));
    printed(&on_directory(&format!("backup --to {}", backup.display()), &data));
    // The first segment goes, as it would behind two snapshots; there is only one more when enough was written.
    for _ in 0..3 {
        trade(&data, &(settings.clone() + ON));
    }
    let before = printed(&on_directory("history status", &data));
    let segments = || -> Vec<_> {
        let files = fs::read_dir(data.join("journal")).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name.ends_with(".log"));
        names.sort();
        names
    };
    let unasked = complaint(&on_directory("history reset", &data));
    assert!(unasked.contains("Nothing was changed: give --yes"), "{unasked}");
    printed(&on_directory("history reset --yes", &data));
    let ingest = |backups: &str| on_directory(&format!("history take-in{backups}"), &data);
    if segments()[0] != "0000000001.log" {
        let refused = complaint(&ingest(""));
        assert!(refused.contains("--backup") && refused.contains("pruned"), "{refused}");
    }
    let message = printed(&ingest(&format!(" --backup {}", backup.display())));
    assert!(message.starts_with("ingested frames 1 to"), "{message}");
    assert_eq!(printed(&on_directory("history status", &data)), before);
    remove_database(&data);
    // When the first frames are gone everywhere, the history is bootstrapped from the remembered state, and continues.
    let bootstrapped = printed(&on_directory("history begin", &data));
    assert!(bootstrapped.starts_with("bootstrapped after frame "), "{bootstrapped}");
    trade(&data, &(settings.clone() + ON));
    let status = printed(&on_directory("history status", &data));
    assert!(status.contains("trades      25 rows") && status.contains("orders      55 rows"), "{status}");
    let other = root.path().join("other");
    trade(&other, &(settings + ON));
    let refused = complaint(&ingest(&format!(" --backup {}", other.display())));
    assert!(refused.contains("is not a backup of"), "{refused}");
}

#[test]
fn asking_for_the_status_makes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    TestServer::start_on(directory.path(), "").stop();
    let status = printed(&on_directory("history status", directory.path()));
    assert!(status.starts_with("frame       0 is the last ingested\norders      0 rows\n"), "{status}");
    assert!(!directory.path().join("history.db").exists());
}
