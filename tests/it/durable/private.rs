//! Everything the programs write is its owner's alone, whatever the umask: it holds secrets, and what accounts own.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use crate::{
    api::{Api, two_accounts},
    support::{Process, block_on, lightning, printed},
};

const OPEN: [&str; 4] = ["sh", "-c", "umask 000; exec \"$@\"", "sh"];

/// Asserts that nothing below a directory has a permission for others; returns how many files there are.
fn assert_private(directory: &Path) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::metadata(&path).unwrap();
        let (mode, expected) =
            (metadata.permissions().mode() & 0o7777, if path.is_dir() { 0o700 } else { 0o600 });
        assert_eq!(mode, expected, "{}: {mode:o}", path.display());
        files += if path.is_dir() { assert_private(&path) } else { 1 };
    }
    files
}

fn run(words: &str, directory: &Path) -> String {
    let mut command = std::process::Command::new(OPEN[0]);
    command.args(&OPEN[1..]).arg(lightning().get_program()).args(words.split(' '));
    printed(&command.arg("--data-dir").arg(directory).output().unwrap())
}

#[test]
fn whatever_the_umask_every_file_is_its_owners_alone() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    let settings = format!("[history]\nenabled = true\n{settings}");
    let server = Process::start_under(&OPEN, &path("data"), &settings);
    block_on(async { super::trade(&Api::new(server.url()), &seller, &buyer).await });
    // Running: the database has its log and its index of that beside it.
    run(&format!("backup --to {}", path("running").display()), &path("data"));
    assert!(assert_private(&path("data")) > 6);
    server.stop();
    run("history take-in", &path("data"));
    run(&format!("history export --table orders --out {}", path("orders.csv").display()), &path("data"));
    run(&format!("backup --to {}", path("backup").display()), &path("data"));
    run(&format!("restore --from {}", path("backup").display()), &path("restored"));
    run("verify", &path("restored"));
    assert!(assert_private(root.path()) > 20);
}

#[test]
fn what_was_open_to_others_is_closed_at_the_start() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let settings = format!("[history]\nenabled = true\n{settings}");
    let server = Process::start(root.path(), &settings);
    block_on(async { super::trade(&Api::new(server.url()), &seller, &buyer).await });
    // The history begins beside what is served.
    while !root.path().join("history.db-shm").exists() {
        std::thread::yield_now();
    }
    server.kill();
    let mut opened = 0;
    let mut directories = vec![root.path().to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let mode = if path.is_dir() { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            if path.is_dir() { directories.push(path) } else { opened += 1 }
        }
    }
    assert!(opened > 6);
    let server = Process::start(root.path(), &settings);
    // What SQLite puts beside its database is gone until the history is asked or written again.
    assert!(assert_private(root.path()) > 3);
    server.stop();
    assert_private(root.path());
}
