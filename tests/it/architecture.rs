//! The shape of the source tree: which layers may depend on which, forbidden constructs, and the length of files.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::support::{
    root,
    source::{self, Source},
};

/// Each layer and its allowed dependencies. A directory or file of `src` that is missing here is a fault.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("telemetry", &[]),
    ("tls", &["telemetry"]),
    ("journal", &[]),
    ("store", &["domain", "journal"]),
    ("auth", &["domain"]),
    ("history", &["domain"]),
    ("config", &["domain"]),
    ("client", &[]),
    ("feed", &["client", "domain"]),
    ("actors", &["domain", "journal", "store", "telemetry"]),
    ("http", &["actors", "domain", "auth", "history", "telemetry"]),
    ("grpc", &["actors", "domain", "http"]),
    ("demo", &["actors", "config", "domain", "http"]),
    (
        "app",
        &[
            "actors",
            "auth",
            "client",
            "config",
            "domain",
            "feed",
            "grpc",
            "history",
            "http",
            "journal",
            "store",
            "telemetry",
            "tls",
        ],
    ),
    (
        "cli",
        &[
            "actors",
            "app",
            "client",
            "config",
            "domain",
            "feed",
            "history",
            "journal",
            "store",
            "telemetry",
            "tls",
        ],
    ),
];

/// The same for the laboratory: the allowed dependencies of each module on the others and on the exchange.
const LAB: &[(&str, &[&str])] = &[
    ("program", &[]),
    ("sim", &["domain", "journal", "store"]),
    ("lobster", &["client", "domain", "feed"]),
    ("crash_soak", &["client", "feed", "program"]),
    ("wire_soak", &["client", "crash_soak", "feed"]),
    ("history_soak", &["client", "crash_soak", "feed", "wire_soak"]),
    ("memory_soak", &["client", "crash_soak", "feed", "wire_soak"]),
    ("bench", &["actors", "domain", "history", "http", "journal", "program", "sim", "store"]),
    (
        "cli",
        &[
            "bench",
            "config",
            "crash_soak",
            "history_soak",
            "lobster",
            "memory_soak",
            "program",
            "telemetry",
            "wire_soak",
        ],
    ),
];

/// The most lines a file may have.
const LINES_MAX: usize = 500;

/// The one file that may use the deprecated crate the WebSocket actors come from.
const WS_SESSION: &str = "src/http/ws/session.rs";

/// Every fault of one file.
fn faults(file: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let layer = file.layer();
    let mut fault = |text: String| found.push(format!("{}: {text}", file.path));
    if file.lines > LINES_MAX {
        fault(format!("{} lines; {LINES_MAX} are the most", file.lines));
    }
    if let Some(layer) = layer {
        let table = if file.is_of_lab() { LAB } else { LAYERS };
        match table.iter().find(|(name, _)| *name == layer) {
            None => fault(format!("layer {layer} is not in the table")),
            Some((_, allowed)) => {
                for known in file.layers_used() {
                    if known != layer && !allowed.contains(&known.as_str()) {
                        fault(format!("{layer} may not know {known}"));
                    }
                }
            }
        }
        if !file.is_of_lab() && file.has_word("lab") {
            fault("lab: what ships does not know the laboratory".to_owned());
        }
        let is_pure = layer == "domain";
        let has_no_locks = is_pure || layer == "actors";
        for lock in ["Mutex", "RwLock"] {
            if has_no_locks && file.has_word(lock) {
                fault(format!("{lock}: state has one owner, an actor"));
            }
        }
        for crate_name in ["actix", "actix_web", "actix_rt", "tokio", "tracing"] {
            if is_pure && file.has_word(crate_name) {
                fault(format!("{crate_name}: the domain is pure"));
            }
        }
        for macro_name in ["println", "print", "eprintln", "eprint"] {
            if file.has_macro(macro_name) {
                fault(format!(
                    "{macro_name}! panics on a closed output; commands print to cli::output::Output"
                ));
            }
        }
    }
    for macro_name in ["todo", "dbg", "unimplemented"] {
        if file.has_macro(macro_name) {
            fault(format!("{macro_name}!"));
        }
    }
    if file.path != WS_SESSION && file.has_word("actix_web_actors") {
        fault(format!("actix_web_actors is for {WS_SESSION} alone"));
    }
    found
}

fn tree() -> Vec<Source> {
    let root = root();
    let mut paths = Vec::new();
    for directory in ["src", "tests", "examples", "proto", "lab", "xtask/src"] {
        walk(&root.join(directory), &mut paths);
    }
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        Source::new(&name, &fs::read_to_string(path).unwrap())
    };
    paths.iter().map(read).collect()
}

fn walk(directory: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

#[test]
fn the_tree_keeps_to_its_layers() {
    let found: Vec<String> = tree().iter().flat_map(faults).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_module_with_children_is_the_mod_rs_of_its_folder() {
    let root = root();
    let has_folder = |file: &Source| root.join(file.path.trim_end_matches(".rs")).is_dir();
    let beside: Vec<String> = tree().into_iter().filter(has_folder).map(|file| file.path).collect();
    assert!(beside.is_empty(), "{beside:?} stand beside folders of their names");
}

/// Tests that wait go on when something holds; those that sleep say here what for.
const SLEEPERS: [&str; 3] = [
    "tests/it/support/wait.rs",      // between two looks at a condition
    "tests/it/support/process.rs",   // between two looks at a log
    "tests/it/connections/siege.rs", // paces connections nobody finishes, and looks at the journal
];

#[test]
fn tests_wait_for_conditions_and_do_not_sleep() {
    let sleepers =
        tree().into_iter().filter(|file| file.path.starts_with("tests/") && file.has_word("sleep"));
    let found: BTreeSet<String> = sleepers.map(|file| file.path).collect();
    assert_eq!(found, SLEEPERS.map(str::to_owned).into());
}

#[test]
fn the_tables_have_no_circle() {
    no_circle(LAYERS);
    // What a module of the laboratory knows of the exchange leads nowhere back.
    let is_of_lab = |name: &&str| LAB.iter().any(|(module, _)| module == name);
    let inside: Vec<(&str, Vec<&str>)> = LAB
        .iter()
        .map(|(module, below)| (*module, below.iter().copied().filter(is_of_lab).collect()))
        .collect();
    no_circle(&inside.iter().map(|(module, below)| (*module, below.as_slice())).collect::<Vec<_>>());
}

fn no_circle(table: &[(&str, &[&str])]) {
    for (layer, _) in table {
        let mut reached = BTreeSet::new();
        let mut open = vec![*layer];
        while let Some(next) = open.pop() {
            let (_, below) = table.iter().find(|(name, _)| *name == next).unwrap();
            for &below in *below {
                assert_ne!(below, *layer, "{layer} reaches itself");
                if reached.insert(below) {
                    open.push(below);
                }
            }
        }
    }
}

#[test]
fn every_dependency_says_why_it_is_here() {
    let root = root();
    let mut used = BTreeSet::new();
    for file in ["Cargo.toml", "bin/Cargo.toml", "lab/Cargo.toml"] {
        let manifest: toml::Table = fs::read_to_string(root.join(file)).unwrap().parse().unwrap();
        let named = ["dependencies", "dev-dependencies", "build-dependencies"];
        for table in named.iter().filter_map(|name| manifest.get(*name)?.as_table()) {
            // A package of our own is a directory here.
            let others = table.iter().filter(|(_, value)| value.get("path").is_none());
            used.extend(others.map(|(name, _)| name.clone()));
        }
    }
    let text = fs::read_to_string(root.join("docs/dependencies.md")).unwrap();
    let listed: BTreeSet<String> = text
        .lines()
        .filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned()))
        .collect();
    assert_eq!(used, listed);
}

#[test]
fn injected_violations_are_caught() {
    let injected: &[(&str, &str, &str)] = &[
        ("src/domain/a.rs", "use crate::actors::Gate;", "domain may not know actors"),
        ("src/domain/a.rs", "use crate::{hash, telemetry::Metrics};", "domain may not know hash"),
        ("src/domain/a.rs", "use crate::{domain::id, telemetry::Metrics};", "domain may not know telemetry"),
        (
            "src/domain/a.rs",
            "use crate::{\n    domain::{id, money},\n    http::{self},\n};",
            "may not know http",
        ),
        ("src/domain/a/b.rs", "use super::super::super::http::Thing;", "domain may not know http"),
        ("src/domain/a/mod.rs", "use super::super::http;", "domain may not know http"),
        ("src/auth/mod.rs", "use super::http::Thing;", "auth may not know http"),
        ("src/domain/a.rs", "fn f() { crate::http::serve() }", "domain may not know http"),
        ("src/domain/a.rs", "fn f() { crate :: http :: serve() }", "domain may not know http"),
        ("src/domain/a.rs", "use crate as whole;", "domain may not know the crate as a whole"),
        ("src/domain/a.rs", "use crate::*;", "domain may not know the crate as a whole"),
        ("src/domain/a.rs", "use lightning_exchange::http;", "domain may not know http"),
        ("src/domain/a.rs", "use actix::Actor;", "actix: the domain is pure"),
        ("src/domain/a.rs", "use std::sync::Mutex;", "Mutex: state has one owner"),
        ("src/actors/a.rs", "use std::sync::{Arc, RwLock};", "RwLock: state has one owner"),
        ("src/actors/a.rs", "struct S { m: tokio::sync::Mutex<u8> }", "Mutex: state has one owner"),
        ("src/actors/a.rs", "use crate::http::WireEncoder;", "actors may not know http"),
        ("src/http/a.rs", "use crate::config::Config;", "http may not know config"),
        ("src/http/a.rs", "use actix_web_actors::ws;", "actix_web_actors is for"),
        ("src/http/a.rs", "fn f() { println!(\"x\") }", "println! panics on a closed output"),
        ("src/cli/a.rs", "fn f() { println!(\"x\") }", "println! panics on a closed output"),
        ("lab/src/bench/a.rs", "fn f() { eprintln!(\"x\") }", "eprintln! panics on a closed output"),
        ("lab/src/sim/a.rs", "use crate::crash_soak::Options;", "sim may not know crash_soak"),
        ("lab/src/sim/a.rs", "use lightning_exchange::{domain::id, http};", "sim may not know http"),
        ("lab/src/crash_soak/check/a.rs", "use super::super::super::bench;", "crash_soak may not know bench"),
        ("lab/src/new.rs", "", "layer new is not in the table"),
        ("src/app/a.rs", "fn f() { lab::sim::run(1, 2) }", "what ships does not know the laboratory"),
        ("src/feed/a.rs", "use crate::actors::Exchange;", "feed may not know actors"),
        ("src/new/a.rs", "", "layer new is not in the table"),
        ("src/app/mod.rs", "use crate::cli::Cli;", "app may not know cli"),
        ("src/cli/a.rs", "fn f() { todo ! () }", "todo!"),
        ("tests/it/a.rs", "fn f() { dbg!(1) }", "dbg!"),
    ];
    for (path, text, expected) in injected {
        let found = faults(&Source::new(path, text)).join("\n");
        assert!(found.contains(expected), "{path}: {text}\nexpected: {expected}\nfound: {found}");
    }
    let long = faults(&Source::new("src/http/a.rs", &"\n".repeat(LINES_MAX + 1)));
    assert!(long[0].contains("501 lines"), "{long:?}");
}

#[test]
fn what_is_only_said_is_no_violation() {
    let innocent: &[(&str, &str)] = &[
        (
            "src/domain/a.rs",
            "//! Not like crate::http; no Mutex here, no actix.\n/* crate::http /* dbg!() */ */",
        ),
        ("src/domain/a.rs", "const A: &str = \"crate::http Mutex println!\";"),
        ("src/domain/a.rs", "const A: &str = r#\"crate::http \"Mutex\" todo!()\"#; const B: char = '\"';"),
        ("src/domain/a/b.rs", "use super::{super::id, money}; use self::inner::X; struct L<'a>(&'a str);"),
        ("src/domain/a.rs", "#[cfg(test)]\nmod tests { use super::*; }"),
        ("src/domain/book/a.rs", "#[cfg(test)]\nmod tests { use super::super::super::hash; }"),
        ("src/actors/a.rs", "use crate::{domain::{id::{AccountId, SlotId}}, telemetry::Metrics};"),
        (
            "lab/src/sim/crash/a.rs",
            "use super::super::world; use crate::sim::World; use lightning_exchange::domain;",
        ),
        ("lab/src/cli/a.rs", "use lightning_exchange::cli::output::Output; use crate::bench;"),
        ("lab/src/lib.rs", "pub mod bench; pub mod sim;"),
        ("src/cli/a.rs", "fn f(out: &mut Output) { out.line(\"println!\") }"),
        ("src/http/ws/session.rs", "use actix_web_actors::ws;"),
        ("src/lib.rs", "pub mod actors; pub mod http;"),
        ("src/main.rs", "use lightning_exchange::cli;"),
    ];
    for (path, text) in innocent {
        let found = faults(&Source::new(path, text));
        assert!(found.is_empty(), "{path}: {text}\n{found:?}");
    }
}

#[test]
fn words_are_read_whole() {
    let file = Source::new("src/http/a.rs", "struct MutexLike; fn f() { let r#mod = 1; }");
    assert!(!file.has_word("Mutex") && file.has_word("MutexLike"));
    assert_eq!(source::strip("a /* b */ \"c\" // d\n'e' 'f"), "a  \"\" \n'' 'f");
}
