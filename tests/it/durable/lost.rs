//! The end of the journal is lost: all evidence of later frames is checked before anything is cut off, and acknowledged
//! work is never lost silently.

use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use awc::http::Method;
use serde_json::Value;
use tempfile::TempDir;

use super::{bounds::copy, place};
use crate::{
    api::{Api, limit, two_accounts},
    support::{KeyPair, Process, block_on, complaint, on_directory, printed},
};

/// What a process ends with when acknowledged work is missing.
const LOST: i32 = 65;
const SEGMENT: &str = "journal/0000000001.log";

/// A server that was killed after some orders, with an older copy of its journal.
struct Killed {
    root: TempDir,
    seller: KeyPair,
    settings: String,
    /// The segment as it was half way.
    older: Vec<u8>,
    orders: Vec<u64>,
}

impl Killed {
    fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// A copy of the data directory to be damaged.
    fn copy(&self, name: &str) -> PathBuf {
        let to = self.root.path().join(name.replace(' ', "-"));
        copy(&self.data(), &to);
        to
    }
}

fn kill(history: bool) -> Killed {
    let (seller, _, accounts) = two_accounts();
    let settings = format!("[history]\nenabled = {history}\n[limits]\norders-per-10-seconds = 0\n{accounts}");
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let server = Process::start(&data, &settings);
    let (older, orders) = block_on(async {
        let api = Api::new(server.url());
        let mut orders = Vec::new();
        let mut older = Vec::new();
        for step in 0..170 {
            orders.push(place(&api, &seller, &limit("SELL", "0.001", &(45_000 + step).to_string())).await);
            if step == 40 {
                older = fs::read(data.join(SEGMENT)).unwrap();
            }
        }
        (older, orders)
    });
    // Until it has all that is durable.
    while history
        && !printed(&on_directory("history status", &data)).contains(&format!(" {} is", end(&data).1))
    {}
    server.kill();
    Killed { root, seller, settings, older, orders }
}

/// Where the last block ends, a marker included, and the number of the last frame.
fn end(directory: &Path) -> (u64, u64) {
    let text = printed(&on_directory("inspect --segments --json", directory));
    // What is torn has a line of its own after the segments.
    let mut lines = text.lines().rev().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let last = lines.find(|line| line["segment"].is_u64()).unwrap();
    (last["used"].as_u64().unwrap(), last["last"].as_u64().unwrap())
}

/// Damages the end of the last segment, in some way and about so many bytes. Nothing that verifies is left after it: a marker
/// left there would reveal the damage to the journal itself.
fn damage(how: &str, bytes: u64, directory: &Path, older: &[u8]) {
    let (used, _) = end(directory);
    let path = directory.join(SEGMENT);
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    // The first frames stay: the accounts are in them.
    let from = used.saturating_sub(bytes).max(4096 + 8192);
    match how {
        "zeroed" => file.write_all_at(&vec![0; (used - from) as usize], from).unwrap(),
        "cut" => file.set_len(from).unwrap(),
        "older" => fs::write(&path, older).unwrap(),
        other => panic!("{other}"),
    }
}

/// Removes all evidence of later frames, except the named one.
fn leave_only(knows: &str, directory: &Path) {
    for (name, files) in
        [("note", &["durable"][..]), ("history", &["history.db", "history.db-wal", "history.db-shm"])]
    {
        for file in files.iter().filter(|_| name != knows) {
            let _ = fs::remove_file(directory.join(file)); // it may be in another
        }
    }
}

fn refusal(directory: &Path, settings: &str) -> String {
    Process::try_start(&[], directory, settings).expect_err("acknowledged work is missing")
}

#[test]
fn a_lost_tail_is_refused_by_whatever_knows_of_it() {
    let killed = kill(true);
    let (_, last) = end(&killed.data());
    for knows in ["note", "history"] {
        for (how, bytes) in [
            ("zeroed", 1 << 10),
            ("zeroed", 5_000),
            ("zeroed", 64 << 10),
            ("cut", 1 << 10),
            ("cut", 5_000),
            ("cut", 64 << 10),
            ("older", 0),
        ] {
            let name = format!("{knows} {how} {bytes}");
            let directory = killed.copy(&name);
            damage(how, bytes, &directory, &killed.older);
            leave_only(knows, &directory);
            let log = refusal(&directory, &killed.settings);
            let (_, ends) = end(&directory);
            assert!(ends < last, "{name}");
            for part in [
                &format!("the journal ends after frame {ends}, but"),
                &format!("has frame {last}"),
                "What was acknowledged is missing",
                "lightning restore",
                &format!("--accept-loss-after {ends}"),
            ] {
                assert!(log.contains(part), "{name}: {part}: {log}");
            }
            // Nothing was cut off or made.
            assert_eq!(end(&directory).1, ends, "{name}");
            let snapshot = on_directory("snapshot", &directory);
            assert_eq!(snapshot.status.code(), Some(LOST), "{name}: {}", complaint(&snapshot));
        }
    }
}

#[test]
fn a_hole_before_the_end_is_corruption_and_cannot_be_accepted() {
    let killed = kill(false);
    let directory = killed.copy("hole");
    let (used, last) = end(&directory);
    let path = directory.join(SEGMENT);
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0; 1 << 10], used - 6_000).unwrap();
    let holed = fs::read(&path).unwrap();
    // No other evidence is needed: later blocks show how far the journal was durable.
    leave_only("nothing", &directory);
    for accepted in [String::new(), format!("[data]\naccept-loss-after = \"{last}\"\n")] {
        let log = refusal(&directory, &format!("{accepted}{}", killed.settings));
        for part in [SEGMENT, ": corrupt: ", "was written when this was durable", "do not delete it"] {
            assert!(log.contains(part), "{part}: {log}");
        }
    }
    let to = killed.root.path().join("backup");
    for words in ["inspect --segments", "verify", "snapshot", &format!("backup --to {}", to.display())] {
        let output = on_directory(words, &directory);
        assert_eq!(output.status.code(), Some(LOST), "{words}: {}", complaint(&output));
        assert!(complaint(&output).contains(": corrupt: "), "{words}");
    }
    assert_eq!(fs::read(&path).unwrap(), holed);
    assert!(!directory.join("losses.log").exists());
}

#[test]
fn tools_do_not_call_a_lost_tail_well_or_copy_it() {
    let killed = kill(false);
    let directory = killed.copy("tools");
    damage("zeroed", 5_000, &directory, &[]);
    let to = killed.root.path().join("backup");
    for words in ["verify".to_owned(), "snapshot".to_owned(), format!("backup --to {}", to.display())] {
        let output = on_directory(&words, &directory);
        assert_eq!(output.status.code(), Some(LOST), "{words}: {}", complaint(&output));
        assert!(complaint(&output).contains("What was acknowledged is missing"), "{words}");
    }
}

#[test]
fn an_unacknowledged_torn_commit_is_still_truncated() {
    let killed = kill(true);
    let (used, last) = end(&killed.data());
    let directory = killed.copy("torn");
    let file = fs::OpenOptions::new().write(true).open(directory.join(SEGMENT)).unwrap();
    file.write_all_at(b"LXBK, but not whole", used).unwrap();
    let server = Process::start(&directory, &killed.settings);
    block_on(async {
        let open = Api::new(server.url()).signed(&killed.seller, Method::GET, "/api/v3/openOrders", "").await;
        assert_eq!(open.json.as_array().unwrap().len(), killed.orders.len());
    });
    let log = server.stop().log();
    assert!(log.contains("it was never acknowledged"), "{log}");
    assert!(end(&directory).1 >= last);
    assert!(!directory.join("losses.log").exists());
}

#[test]
fn a_loss_is_accepted_by_its_number_and_written_down_and_the_history_matches() {
    let killed = kill(true);
    let directory = killed.copy("accepted");
    damage("zeroed", 5_000, &directory, &[]);
    let (_, ends) = end(&directory);
    let accepting = |after: u64| format!("[data]\naccept-loss-after = \"{after}\"\n{}", killed.settings);
    let log = refusal(&directory, &accepting(ends - 1));
    assert!(log.contains(&format!("--accept-loss-after {ends}")), "{log}");
    assert!(!directory.join("losses.log").exists());

    let server = Process::start(&directory, &accepting(ends));
    let left = block_on(async {
        let api = Api::new(server.url());
        let open = api.signed(&killed.seller, Method::GET, "/api/v3/openOrders", "").await;
        place(&api, &killed.seller, &limit("SELL", "0.001", "47000")).await;
        open.json.as_array().unwrap().len()
    });
    assert!(left > 0 && left < killed.orders.len(), "{left}");
    let log = server.stop().log();
    assert!(log.contains("acknowledged work was lost, and the operator accepted it"), "{log}");
    assert!(log.contains("the history was ahead of the journal and now matches it"), "{log}");
    assert!(!log.contains("it was never acknowledged"), "{log}");
    let losses = fs::read_to_string(directory.join("losses.log")).unwrap();
    assert_eq!(losses.lines().count(), 1, "{losses}");
    assert!(
        losses.contains(&format!("accepted after frame {ends}: the journal ends after frame {ends}, but"))
    );
    assert!(printed(&on_directory("history verify", &directory)).ends_with("ok\n"));
    assert!(printed(&on_directory("verify", &directory)).ends_with("ok\n"));
    // The setting left in does no harm, and the log reports that it was not used.
    let log = Process::start(&directory, &accepting(ends)).stop().log();
    assert!(log.contains("accept-loss-after was not used"), "{log}");
    assert_eq!(fs::read_to_string(directory.join("losses.log")).unwrap(), losses);
}

#[test]
fn a_snapshot_ahead_of_the_journal_is_no_clean_end() {
    let killed = kill(false);
    let directory = killed.copy("snapshot");
    Process::start(&directory, &killed.settings).stop();
    let (_, last) = end(&directory);
    damage("zeroed", 5_000, &directory, &[]);
    leave_only("snapshot", &directory);
    let (_, ends) = end(&directory);
    assert!(ends < last);
    let log = refusal(&directory, &killed.settings);
    assert!(log.contains(&format!("the snapshot of frame {last} has frame {last}")), "{log}");
    // The snapshot has everything the lost frames did.
    assert!(log.contains(&format!("--accept-loss-after {last}")), "{log}");
    let accepting = format!("[data]\naccept-loss-after = \"{last}\"\n{}", killed.settings);
    let server = Process::start(&directory, &accepting);
    block_on(async {
        let api = Api::new(server.url());
        let open = api.signed(&killed.seller, Method::GET, "/api/v3/openOrders", "").await;
        assert_eq!(open.json.as_array().unwrap().len(), killed.orders.len());
        place(&api, &killed.seller, &limit("SELL", "0.001", "47000")).await;
    });
    server.kill();
    let server = Process::start(&directory, &killed.settings);
    block_on(async {
        let open = Api::new(server.url()).signed(&killed.seller, Method::GET, "/api/v3/openOrders", "").await;
        assert_eq!(open.json.as_array().unwrap().len(), killed.orders.len() + 1);
    });
    server.stop();
    assert!(printed(&on_directory("verify", &directory)).ends_with("ok\n"));
    assert!(directory.join(format!("{SEGMENT}.lost")).exists());
}

#[test]
fn a_damaged_snapshot_ahead_of_the_journal_is_set_aside_when_the_loss_is_accepted() {
    let killed = kill(false);
    let directory = killed.copy("damaged");
    Process::start(&directory, &killed.settings).stop();
    let (_, last) = end(&directory);
    damage("zeroed", 5_000, &directory, &[]);
    let (_, ends) = end(&directory);
    let snapshot = directory.join(format!("snapshots/{last:020}"));
    let parts = fs::read_dir(&snapshot).unwrap().map(|entry| entry.unwrap().path());
    let part = parts.filter(|path| !path.ends_with("manifest.json")).max().unwrap();
    fs::write(&part, "damaged").unwrap();
    let accepting = format!("[data]\naccept-loss-after = \"{ends}\"\n{}", killed.settings);
    let server = Process::start(&directory, &accepting);
    block_on(place(&Api::new(server.url()), &killed.seller, &limit("SELL", "0.001", "47000")));
    // Before the journal has come as far as the snapshot.
    server.kill();
    assert!(!snapshot.exists() && snapshot.with_extension("lost").exists());
    Process::start(&directory, &killed.settings).stop();
    assert!(printed(&on_directory("verify", &directory)).ends_with("ok\n"));
}

#[test]
fn the_operators_copy_of_the_head_is_asked() {
    let killed = kill(false);
    let directory = killed.copy("head");
    let verified = printed(&on_directory("verify", &directory));
    let hash = verified.lines().find_map(|line| line.strip_prefix("chain head  ")).unwrap();
    let (_, last) = end(&directory);
    let expecting = |head: &str| format!("[data]\nexpect-head = \"{head}\"\n{}", killed.settings);
    let log = refusal(&directory, &expecting("12"));
    assert!(log.contains("[data] expect-head \"12\" is not SEQUENCE:HASH"), "{log}");
    let other = format!("{last}:{}", "00".repeat(32));
    assert!(refusal(&directory, &expecting(&other)).contains("the journal is not the one expect-head knows"));
    let head = format!("{last}:{hash}");
    Process::start(&directory, &expecting(&head)).stop();

    // Nothing else knows: everything in the directory is as old as its journal.
    let older = killed.copy("older");
    damage("zeroed", 5_000, &older, &[]);
    leave_only("nothing", &older);
    let log = refusal(&older, &expecting(&head));
    assert!(log.contains(&format!("expect-head has frame {last}")), "{log}");
}
