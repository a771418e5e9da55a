//! `lightning doctor`: one line for each check, and an exit code.

use std::{collections::BTreeSet, fs, path::Path, process::Output};

use serde_json::Value;

use crate::support::{Process, complaint, lightning, printed};

/// Asks about a directory and ports that are free, as JSON; returns the output.
fn doctor(directory: &Path, more: &[&str]) -> Output {
    let mut command = lightning();
    command.args(["doctor", "--json", "--data-dir"]).arg(directory).args(more).output().unwrap()
}

const FREE: [&str; 4] = ["--listen", "127.0.0.1:0", "--grpc-listen", "127.0.0.1:0"];

fn findings(output: &Output) -> Vec<Value> {
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns what a check has found and how serious it is.
fn of<'a>(findings: &'a [Value], check: &str) -> Vec<(&'a str, &'a str)> {
    let found = findings.iter().filter(|finding| finding["check"] == check);
    found.map(|finding| (finding["verdict"].as_str().unwrap(), finding["found"].as_str().unwrap())).collect()
}

/// Returns every file below a directory with its size.
fn files(directory: &Path) -> BTreeSet<(String, u64)> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            found.extend(files(&entry.path()));
        }
        found
            .insert((entry.path().display().to_string(), if metadata.is_dir() { 0 } else { metadata.len() }));
    }
    found
}

#[test]
fn a_new_directory_has_no_error_and_stays_empty() {
    let root = tempfile::tempdir().unwrap();
    let output = doctor(root.path(), &FREE);
    printed(&output);
    let findings = findings(&output);
    let checks: BTreeSet<&str> = findings.iter().map(|finding| finding["check"].as_str().unwrap()).collect();
    let expected = [
        "backlog",
        "certificate",
        "clock",
        "configuration",
        "descriptors",
        "directory",
        "history",
        "inodes",
        "lock",
        "port",
        "space",
        "sync",
        "traces",
        "version",
    ];
    assert_eq!(checks, BTreeSet::from(expected));
    assert!(files(root.path()).is_empty(), "nothing is created");
    let without = doctor(root.path(), &[&FREE[..], &["--skip-disk"]].concat());
    assert!(of(&self::findings(&without), "sync").is_empty());

    let mut plain = lightning();
    let text = printed(&plain.args(["doctor", "--data-dir"]).arg(root.path()).args(FREE).output().unwrap());
    assert_eq!(text.lines().count(), findings.len());
    assert!(text.starts_with("ok       configuration no fault\n"), "{text}");
}

#[test]
fn every_fault_of_a_configuration_is_an_error_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("bad.toml");
    fs::write(&config, "[server]\nworkers = 500\ntls-cert = \"cert.pem\"\n[engine]\nbatch = 0\n").unwrap();
    let output = doctor(root.path(), &["--config", config.to_str().unwrap()]);
    assert!(complaint(&output).contains("3 checks found an error"));
    let findings = findings(&output);
    let found = of(&findings, "configuration");
    assert!(found.iter().all(|(verdict, _)| *verdict == "error") && found.len() == 3, "{found:?}");
    assert!(found.iter().any(|(_, found)| found.contains("[server] workers 500 must be")), "{found:?}");
}

#[test]
fn a_running_exchange_is_recognised_and_another_process_on_its_port_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let process = Process::start(root.path(), "");
    let address = process.url().strip_prefix("http://").unwrap();
    let words = ["--listen", address, "--grpc", "false"];
    let output = doctor(root.path(), &words);
    printed(&output);
    let findings = findings(&output);
    let running = format!("an exchange is running in the directory (process {})", process.id());
    assert_eq!(of(&findings, "lock"), [("ok", running.as_str())]);
    let port = of(&findings, "port");
    assert!(port[0].1.ends_with(&format!("in use by the exchange (process {})", process.id())), "{port:?}");
    assert!(of(&findings, "version")[0].1.ends_with("the data are of the same"), "{findings:?}");
    let other = tempfile::tempdir().unwrap();
    let output = doctor(other.path(), &words);
    assert!(complaint(&output).contains("1 check found an error"));
    let elsewhere = self::findings(&output);
    let found = of(&elsewhere, "port");
    assert!(found[0].0 == "error" && found[0].1.contains("(lightning)"), "{found:?}");
    process.stop();
    let before = files(root.path());
    printed(&doctor(root.path(), &FREE));
    assert_eq!(files(root.path()), before, "nothing is changed");
}

#[test]
fn a_damaged_directory_is_an_error_with_a_remedy() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("identity"), "not hexadecimal").unwrap();
    let output = doctor(root.path(), &FREE);
    complaint(&output);
    let findings = findings(&output);
    let damaged = findings.iter().find(|finding| finding["verdict"] == "error").unwrap();
    assert_eq!(damaged["check"], "version");
    assert!(damaged["found"].as_str().unwrap().contains("it is not 32 hex digits"), "{damaged}");
    assert!(!damaged["remedy"].as_str().unwrap().is_empty());
}
