//! The documents against the program: whatever they name exists. What they say of it, only a reader can check.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use lightning_exchange::{
    config::DEFAULTS,
    telemetry::{Kind, METRICS, Metric},
};

use crate::support::root;

/// A document: where it is, and what it says.
struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    /// What it says, less what is between fences.
    fn prose(&self) -> impl Iterator<Item = &str> {
        self.text.split("```").step_by(2)
    }

    /// What it says between backticks.
    fn spans(&self) -> impl Iterator<Item = &str> {
        self.prose().flat_map(|prose| prose.split('`').skip(1).step_by(2))
    }
}

/// Returns every file with an extension below a directory.
fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|of_file| of_file == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn documents() -> Vec<Document> {
    let mut paths = files(&root().join("docs"), "md");
    paths.extend(["README.md", "ARCHITECTURE.md"].map(|name| root().join(name)));
    let read = |path: PathBuf| Document { text: fs::read_to_string(&path).unwrap(), path };
    paths.into_iter().map(read).collect()
}

/// Fails with everything the documents name and `names` finds missing.
fn require_none(missing: impl Fn(&Document) -> Vec<String>) {
    let of = |document: &Document| {
        let name = document.path.display().to_string();
        missing(document).into_iter().map(move |what| format!("{name}: {what}")).collect::<Vec<_>>()
    };
    let found: Vec<String> = documents().iter().flat_map(of).collect();
    assert!(found.is_empty(), "named and not there:\n{}", found.join("\n"));
}

/// Returns every stretch of a text that begins with `start`, not in the middle of a word or path, and consists of
/// letters, digits and `others`.
fn stretches<'a>(text: &'a str, start: &str, others: &str) -> Vec<&'a str> {
    let is_inside = |before: char| before.is_alphanumeric() || "/_-.".contains(before);
    let starts = text.match_indices(start).map(|(at, _)| text.split_at(at));
    let fresh = starts.filter(|(before, _)| !before.ends_with(is_inside));
    let is_end = |next: char| !next.is_ascii_alphanumeric() && !others.contains(next);
    fresh.map(|(_, rest)| rest.split(is_end).next().unwrap_or_default()).collect()
}

/// Returns whether a path from the root exists; the name at its end may have a star.
fn exists(path: &str) -> bool {
    let Some((before, _)) = path.split_once('*') else { return root().join(path).exists() };
    let (directory, name) = before.rsplit_once('/').unwrap_or(("", before));
    let mut entries = fs::read_dir(root().join(directory)).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().to_string_lossy().starts_with(name))
}

#[test]
fn every_file_that_is_named_exists() {
    let sources: Vec<PathBuf> = ["src", "tests", "lab/src", "xtask/src"]
        .iter()
        .flat_map(|name| files(&root().join(name), "rs"))
        .collect();
    require_none(|document| {
        if document.path.ends_with("docs/faults.md") {
            return Vec::new(); // its gate checks it
        }
        let paths =
            ["src/", "docs/", "tests/", "lab/"].map(|start| stretches(&document.text, start, "_-./*"));
        let paths = paths.into_iter().flatten().map(|path| path.trim_end_matches(['.', '/']));
        let absent = paths.filter(|path| !exists(path));
        // A source file may be named by the end of its path.
        let is_known = |name: &str| exists(name) || sources.iter().any(|source| source.ends_with(name));
        let names = document.spans().filter(|span| span.ends_with(".rs") && !span.contains([' ', '*']));
        absent.chain(names.filter(|name| !is_known(name))).map(str::to_owned).collect()
    });
}

/// Returns what GitHub calls a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|kept| kept.is_alphanumeric() || "-_ ".contains(*kept));
    kept.map(|kept| if kept == ' ' { '-' } else { kept }).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let anchors = |document: Document| {
        let headings = document.text.lines().filter(|line| line.starts_with('#'));
        (document.path, headings.map(anchor).collect::<BTreeSet<String>>())
    };
    let anchors: BTreeMap<PathBuf, BTreeSet<String>> = documents().into_iter().map(anchors).collect();
    let leads = |document: &Document, link: &str| {
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let beside = document.path.parent().unwrap().join(file);
        let target = if file.is_empty() { Ok(document.path.clone()) } else { beside.canonicalize() };
        let Ok(target) = target else { return false };
        anchor.is_empty() || anchors.get(&target).is_some_and(|known| known.contains(anchor))
    };
    require_none(|document| {
        let links = document.prose().flat_map(|prose| prose.split("](").skip(1));
        let links = links.filter_map(|rest| Some(rest.split_once(')')?.0));
        let ours = links.filter(|link| !link.starts_with("http"));
        ours.filter(|link| !leads(document, link)).map(str::to_owned).collect()
    });
}

/// Returns the settings of `config/exchange.toml` by section, those included that are only in its comments.
fn settings() -> BTreeMap<String, BTreeSet<String>> {
    let mut sections: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut section = String::new();
    for line in DEFAULTS.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line).trim();
        if line.starts_with('[') && line.ends_with(']') {
            section = line.trim_matches(['[', ']']).to_owned();
            sections.entry(section.clone()).or_default();
        } else if let Some((key, _)) = line.split_once(" = ") {
            sections.entry(section.clone()).or_default().insert(key.to_owned());
        }
    }
    sections
}

#[test]
fn every_setting_that_is_named_is_in_the_defaults() {
    let settings = settings();
    let is_known = |span: &str| {
        let Some((section, rest)) = span.trim_start_matches('[').split_once(']') else { return true };
        if section.is_empty()
            || !section.bytes().all(|byte| byte.is_ascii_lowercase() || b"-.".contains(&byte))
        {
            return true; // JSON, or what may be left out
        }
        let key = rest.trim_start_matches([']', ' ']).split([' ', '=']).next().unwrap_or_default();
        settings.get(section).is_some_and(|keys| key.is_empty() || keys.contains(key))
    };
    assert!(is_known("[server] listen") && is_known("[[accounts]]") && !is_known("[server] max-num-orders"));
    require_none(|document| {
        let spans = document.spans().filter(|span| span.starts_with('['));
        spans.filter(|span| !is_known(span)).map(str::to_owned).collect()
    });
}

#[test]
fn every_metric_that_is_named_is_counted() {
    // A histogram is served in three parts.
    let is_listed = |name: &str| {
        let is = |metric: &Metric, suffix: &str| name.strip_suffix(suffix) == Some(metric.name);
        METRICS.iter().any(|metric| {
            metric.name == name
                || (metric.kind == Kind::Histogram
                    && ["_bucket", "_sum", "_count"].iter().any(|it| is(metric, it)))
        })
    };
    require_none(|document| {
        let named = stretches(&document.text, "lightning_", "_").into_iter();
        let named = named.filter(|name| *name != "lightning_exchange"); // the crate, in filters of the log
        named.filter(|name| !is_listed(name)).map(str::to_owned).collect()
    });
}

#[test]
fn every_route_that_is_named_is_served() {
    // A test beside the routes compares this document with them; sockets are not in it.
    let served = fs::read_to_string(root().join("docs/openapi.json")).unwrap() + "\"/x/v1/stream\"";
    require_none(|document| {
        let of_span = |span| ["/api/v3/", "/x/v1/", "/sapi/v1/"].map(|start| stretches(span, start, "/"));
        let routes = document.spans().flat_map(of_span).flatten().map(|route| route.trim_end_matches('/'));
        routes.filter(|route| !served.contains(&format!("\"{route}"))).map(str::to_owned).collect()
    });
}

/// What the words of a cargo command name that the package they mean has not: the default package, or that of `-p`.
fn absent_targets(command: &str) -> Vec<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let after = |flag: &str| words.iter().position(|word| *word == flag).and_then(|at| words.get(at + 1));
    let package = match after("-p") {
        Some(&"lightning-exchange") => "Cargo.toml".to_owned(),
        Some(name) => format!("{name}/Cargo.toml"),
        None => "bin/Cargo.toml".to_owned(),
    };
    let manifest = fs::read_to_string(root().join(&package)).unwrap();
    let has = |target: &&&str| {
        let beside = root().join(&package).with_file_name(format!("tests/{target}.rs"));
        manifest.contains(&format!("name = \"{target}\"")) || beside.exists()
    };
    let named = ["--example", "--test"].into_iter().filter_map(after);
    let mut absent: Vec<String> =
        named.filter(|target| !has(target)).map(|target| format!("{target} in {package}")).collect();
    if words.contains(&"--lib") && package == "bin/Cargo.toml" {
        absent.push(format!("a library in {package}"));
    }
    absent
}

#[test]
fn every_command_of_cargo_names_a_target_of_its_package() {
    let mut count = 0;
    for document in documents() {
        for command in document.text.split("cargo ").skip(1) {
            let command = command.split(['`', '\n', '|']).next().unwrap();
            if ["test ", "run ", "bench "].iter().any(|verb| command.starts_with(verb)) {
                count += 1;
                let absent = absent_targets(command);
                assert!(absent.is_empty(), "{}: cargo {command}: no {absent:?}", document.path.display());
            }
        }
    }
    assert!(count > 5, "{count} commands");
    assert_eq!(absent_targets("run --example order"), ["order in bin/Cargo.toml"]);
    assert_eq!(absent_targets("test --lib openapi"), ["a library in bin/Cargo.toml"]);
}
