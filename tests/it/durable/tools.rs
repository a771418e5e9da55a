//! The operator's tools: their output, the files they leave alone, and copies of a server that keeps trading.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::Value;

use super::{place, seen, trade};
use crate::{
    api::{Api, limit, two_accounts},
    support::{KeyPair, Process, block_on, complaint, on_directory, printed},
};

/// Every file with its content, but the lock.
fn content(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(content(&path));
        } else if !path.ends_with("lock") {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn looking_changes_nothing_and_shows_no_secret() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let server = Process::start(root.path(), &settings);
    block_on(async { trade(&Api::new(server.url()), &seller, &buyer).await });

    // Beside a running server.
    let frames = printed(&on_directory("inspect --frames ..", root.path()));
    assert!(frames.lines().count() > 40, "{frames}");
    assert!(frames.contains("ApiKeyCreated") && frames.contains(&seller.key), "{frames}");
    assert!(!frames.contains(&seller.secret) && !frames.contains(&buyer.secret));
    let json = printed(&on_directory("inspect --frames .. --slot account:11 --json", root.path()));
    assert!(!json.contains(&seller.secret));
    let own = lines(&json);
    assert!(own.iter().all(|frame| frame["kind"] == "account" && frame["slot"] == 11), "{json}");
    let all = lines(&printed(&on_directory("inspect --frames 3..7 --json", root.path())));
    let numbers: Vec<u64> = all.iter().map(|frame| frame["frame"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [3, 4, 5, 6, 7]);
    let later = printed(&on_directory("inspect --frames 1000000..", root.path()));
    assert_eq!(later, "", "frames that may still come are no error");
    let earlier = complaint(&on_directory("inspect --frames 0", root.path()));
    assert!(earlier.contains("frames before 1 are no longer kept"), "{earlier}");
    let symbol = lines(&printed(&on_directory("inspect --slot symbol:1 --json", root.path())));
    assert!(symbol.iter().all(|frame| frame["kind"] == "symbol" && frame["slot"] == 1));
    assert!(!symbol.is_empty());

    let stopped = server.stop();
    let hash = stopped.logged("drained", "state_hash").unwrap();
    let before = content(root.path());
    let verified = printed(&on_directory("verify --from-genesis", root.path()));
    for part in [
        "state hash  ",
        "chain head  ",
        "BTC         accounts 19.9998",
        "sum 0",
        "accounts    2",
        "torn        nothing",
    ] {
        assert!(verified.contains(part), "{part}: {verified}");
    }
    assert!(verified.ends_with("ok\n") && verified.contains(&hash), "{verified}");
    let both = lines(&printed(&on_directory("inspect --json", root.path())));
    assert_eq!((both[0]["segment"].as_u64(), both[0]["first"].as_u64()), (Some(1), Some(1)), "{both:?}");
    let snapshot = both.last().unwrap();
    assert_eq!(snapshot["snapshot"], both[0]["last"], "{both:?}");
    assert_eq!((&snapshot["stateHash"], &snapshot["fault"]), (&Value::from(hash), &Value::Null));
    printed(&on_directory("inspect", root.path()));
    assert_eq!(content(root.path()), before);
    let none = printed(&on_directory("snapshot", root.path()));
    assert_eq!(none, "nothing happened since the last snapshot\n");
}

#[test]
fn damage_is_named_and_shown_by_the_exit_code() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let server = Process::start(root.path(), &settings);
    block_on(async { trade(&Api::new(server.url()), &seller, &buyer).await });
    server.kill();
    // A torn tail is reported, and not part of a copy.
    let used = lines(&printed(&on_directory("inspect --segments --json", root.path())))[0]["used"].as_u64();
    let segment =
        fs::OpenOptions::new().write(true).open(root.path().join("journal/0000000001.log")).unwrap();
    segment.write_all_at(b"LXBK, but not whole", used.unwrap() + 8).unwrap();
    let verified = printed(&on_directory("verify", root.path()));
    assert!(verified.contains("torn        27 bytes of an unfinished commit"), "{verified}");
    let copy = root.path().join("torn-copy");
    printed(&on_directory(&format!("backup --to {}", copy.display()), root.path()));
    assert!(printed(&on_directory("verify", &copy)).contains("torn        nothing"));
    // A kill leaves no snapshot; this takes it, as a clean stop would have.
    let taken = printed(&on_directory("snapshot", root.path()));
    assert!(taken.starts_with("took a snapshot of frame "), "{taken}");
    let verified = printed(&on_directory("verify", root.path()));
    let hash = taken.trim().rsplit(' ').next().unwrap();
    assert!(verified.contains(hash) && verified.contains("0 after it"), "{verified}");

    let part = content(root.path()).into_keys().find(|path| path.ends_with("terms")).unwrap();
    let mut bytes = fs::read(&part).unwrap();
    bytes[3] ^= 1;
    fs::write(&part, &bytes).unwrap();
    // The journal is complete: the state is the same, but the operator should know.
    let output = on_directory("verify", root.path());
    let message = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(message.contains("unusable    snapshots/") && message.contains(hash), "{message}");
    assert!(complaint(&output).contains("1 of the snapshots cannot be used"));
    assert!(
        complaint(&on_directory("inspect --snapshots", root.path())).contains("a snapshot cannot be used")
    );
    bytes[3] ^= 1;
    fs::write(&part, &bytes).unwrap();
    printed(&on_directory("verify", root.path()));

    let segment = root.path().join("journal/0000000001.log");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[4096 + 100] ^= 1;
    fs::write(&segment, &bytes).unwrap();
    let to = root.path().join("copy").display().to_string();
    for words in ["verify --from-genesis", "inspect --segments"] {
        let message = complaint(&on_directory(words, root.path()));
        assert!(message.contains("journal/0000000001.log, byte 4096: corrupt"), "{words}: {message}");
    }
    fs::remove_dir_all(root.path().join("snapshots")).unwrap();
    let message = complaint(&on_directory(&format!("backup --to {to}"), root.path()));
    assert!(message.contains("journal/0000000001.log, byte 4096: corrupt"), "{message}");
    // Nothing that looks like a backup is left.
    assert_eq!(content(Path::new(&to)).len(), 0);
}

#[test]
fn a_running_server_is_copied_and_the_copy_serves() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    // Snapshots every few frames prune segments while they are copied.
    let busy = format!("[snapshot]\nevery-frames = 300\nevery-seconds = 1\n{settings}");
    let server = Process::start(&path("data"), &busy);
    let url = server.url().to_owned();
    let first = block_on(async { place(&Api::new(&url), &buyer, &limit("BUY", "0.01", "40000")).await });
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            block_on(async {
                let api = Api::new(&url);
                while !is_over.load(Ordering::Relaxed) {
                    place(&api, &seller, &limit("SELL", "0.001", "45000")).await;
                    place(&api, &buyer, &limit("BUY", "0.001", "45000")).await;
                }
            });
        });
        let copies = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for number in 0..8 {
                let copy = path(&format!("copy-{number}"));
                let message =
                    printed(&on_directory(&format!("backup --to {}", copy.display()), &path("data")));
                let hash = message.trim().rsplit(' ').next().unwrap();
                let verified = printed(&on_directory("verify", &copy));
                assert!(verified.contains(hash), "{message}{verified}");
            }
        }));
        is_over.store(true, Ordering::Relaxed);
        copies.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    let before = block_on(async { seen(&Api::new(&url), &[&seller, &buyer]).await });
    let last = path("last");
    let message = printed(&on_directory(&format!("backup --to {}", last.display()), &path("data")));
    server.stop();

    let again = complaint(&on_directory(&format!("backup --to {}", last.display()), &path("data")));
    assert!(again.contains("is not empty") && again.contains(&last.display().to_string()), "{again}");
    let restored = printed(&on_directory(&format!("restore --from {}", last.display()), &path("restored")));
    let hash = |text: &str| text.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(hash(&message), hash(&restored));
    assert!(restored.contains("operator's token is not part of a backup"), "{restored}");
    assert!(!last.join("operator.token").exists());
    let onto = complaint(&on_directory(&format!("restore --from {}", last.display()), &path("data")));
    assert!(onto.contains("is not empty"), "{onto}");

    let server = Process::start(&path("restored"), &settings);
    block_on(async {
        let api = Api::new(server.url());
        assert_eq!(seen(&api, &[&seller, &buyer]).await, before);
        assert!(place(&api, &buyer, &limit("BUY", "0.01", "40000")).await > first);
    });
    server.stop();
    printed(&on_directory("verify", &path("restored")));
}

/// Assets and symbols that the built-in configuration counts otherwise, or does not have.
const OTHER: &str = r#"
[history]
enabled = true
[[assets]]
id = 1
name = "BTC"
scale = 8
[[assets]]
id = 2
name = "USDT"
scale = 6
[[assets]]
id = 9
name = "GOLD"
scale = 3
[[symbols]]
id = 1
name = "BTCUSDT"
base = "BTC"
quote = "USDT"
tick-size = "0.01"
min-price = "0.01"
max-price = "1000000"
step-size = "0.0001"
min-qty = "0.0001"
max-qty = "9000"
max-num-orders = 200
market-collar = "0.05"
fees = [{ maker = "0.001", taker = "0.001" }]
"#;

const GOLD: &str = r#"
[[symbols]]
id = 9
name = "GOLDUSDT"
base = "GOLD"
quote = "USDT"
tick-size = "0.01"
min-price = "0.01"
max-price = "1000000"
step-size = "0.001"
min-qty = "0.001"
max-qty = "9000"
max-num-orders = 200
market-collar = "0.05"
fees = [{ maker = "0.001", taker = "0.001" }]
"#;

#[test]
fn a_directory_is_read_without_the_configuration_it_was_written_with() {
    let (seller, buyer) = (KeyPair::number(11), KeyPair::number(12));
    let accounts =
        seller.account(11, &[("BTC", "10"), ("GOLD", "2.5")]) + &buyer.account(12, &[("USDT", "900000")]);
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    let data = path("data");
    let server = Process::start(&data, &format!("{OTHER}{GOLD}{accounts}"));
    block_on(async {
        let api = Api::new(server.url());
        trade(&api, &seller, &buyer).await;
        place(
            &api,
            &seller,
            "symbol=GOLDUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1.5&price=1900.5",
        )
        .await;
    });
    server.kill();

    let verified = printed(&on_directory("verify --from-genesis", &data));
    for part in
        ["USDT        accounts ", "ASSET9      accounts 2.5", "unnamed     ASSET9 is not in the", "sum 0"]
    {
        assert!(verified.contains(part), "{part}: {verified}");
    }
    let line = |text: &str, name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    let hash = line(&verified, "state hash").rsplit(' ').next().unwrap().to_owned();
    let (copy, restored) = (path("copy").display().to_string(), path("restored"));
    for words in ["snapshot".to_owned(), format!("backup --to {copy}")] {
        let message = printed(&on_directory(&words, &data));
        assert!(message.trim_end().ends_with(&hash), "{words}: {message}");
    }
    let message = printed(&on_directory(&format!("restore --from {copy}"), &restored));
    assert!(message.lines().next().unwrap().ends_with(&hash), "{message}");
    for words in
        ["history take-in", "history verify", "history status", "history changes", "inspect --frames .."]
    {
        printed(&on_directory(words, &data));
    }

    // Serving is different: the error states the cause first, then the remedy, and nothing about broken books.
    let without_gold = format!("{OTHER}{accounts}");
    for (settings, cause) in [
        (
            "",
            "asset 2 has scale 8 in the configuration and 6 in the data: every amount would mean another; put scale = 6 back",
        ),
        (
            &without_gold,
            "the configuration has no symbol 9, which the data has a book of: a symbol cannot be removed; put it back",
        ),
    ] {
        let log = Process::try_start(&[], &data, settings).expect_err("it must not start");
        assert!(log.contains(cause), "{log}");
        assert!(!log.contains("does not follow") && !log.contains("invariant"), "{log}");
    }
    let server = Process::start(&data, &format!("{OTHER}{GOLD}{accounts}"));
    assert_eq!(server.logged("recovered", "state_hash"), Some(hash));
    server.stop();
}
