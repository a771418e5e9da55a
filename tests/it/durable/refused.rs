//! Directories that cannot be used are refused with their path and the reason.

use std::{fs, path::Path};

use super::place;
use crate::{
    api::{Api, limit, two_accounts},
    support::{Process, block_on, complaint, lightning, on_directory, skip},
};

fn refusal(directory: &Path, settings: &str) -> String {
    let log = Process::try_start(&[], directory, settings).expect_err("it must not start");
    assert!(log.contains(&directory.display().to_string()), "{log}");
    log
}

#[test]
fn a_second_process_is_refused_with_path_and_holder() {
    let root = tempfile::tempdir().unwrap();
    let server = Process::start(root.path(), "");
    let holder = format!("is in use by process {}; stop it first", server.id());
    let log = refusal(root.path(), "");
    assert!(log.contains(&holder), "{log}");
    for words in ["verify", "snapshot"] {
        let message = complaint(&on_directory(words, root.path()));
        assert!(
            message.contains(&holder) && message.contains(&root.path().display().to_string()),
            "{message}"
        );
    }
    server.kill();
    // The lock goes with the process, however it ends.
    Process::start(root.path(), "").stop();
}

#[test]
fn what_is_no_directory_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "something").unwrap();
    assert!(refusal(&file, "").contains("is not a directory"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "something");
}

#[test]
fn another_owners_directory_is_refused() {
    if !rustix::process::geteuid().is_root() {
        skip("only root can give a directory away");
        return;
    }
    let root = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(root.path(), Some(4711), None).unwrap();
    let log = refusal(root.path(), "");
    assert!(log.contains("belongs to user 4711"), "{log}");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

/// Mounts a directory read-only in a mount namespace of its own, so that nothing is left behind.
#[test]
fn a_read_only_directory_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("data");
    fs::create_dir(&directory).unwrap();
    let path = directory.display();
    let script = format!("mount --bind {path} {path} && mount -o remount,ro,bind {path} && exec \"$@\"");
    let wrapper = ["unshare", "--mount", "sh", "-c", &script, "sh"];
    let allowed = std::process::Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        skip("mounting is not allowed here");
        return;
    }
    let log = Process::try_start(&wrapper, &directory, "").expect_err("it must not start");
    assert!(log.contains(&path.to_string()) && log.contains("cannot be read and written"), "{log}");
    assert!(log.contains("Read-only file system"), "{log}");
}

#[test]
fn a_journal_is_not_passed_over_by_durability_none() {
    let (seller, _, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let server = Process::start(root.path(), &settings);
    block_on(async { place(&Api::new(server.url()), &seller, &limit("SELL", "0.5", "45000")).await });
    server.stop();
    let log = refusal(root.path(), &format!("[journal]\ndurability = \"none\"\n{settings}"));
    assert!(
        log.contains("holds a journal") && log.contains("durability is \\\"none\\\"")
            || log.contains("durability is \"none\""),
        "{log}"
    );
    Process::start(root.path(), &settings).stop();
}

#[test]
fn what_is_no_data_directory_is_left_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let nowhere = root.path().join("nowhere");
    let to = root.path().join("copy").display().to_string();
    for words in ["verify", "snapshot", "inspect", &format!("backup --to {to}")] {
        let message = complaint(&on_directory(words, &nowhere));
        assert!(message.contains(&nowhere.display().to_string()), "{message}");
        let message = complaint(&on_directory(words, root.path()));
        assert!(message.contains("is no data directory"), "{message}");
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    let unknown = lightning().args(["inspect", "--slot", "order:1"]).output().unwrap();
    assert!(complaint(&unknown).contains("a slot is account:NUMBER or symbol:NUMBER"));
}
