//! The `house` gate: the placement of code, names, and the content of the shipped binary.

use std::fs;

use anyhow::{Context, Result};

use super::{
    faults::failures_of,
    report::{Bar, Effort, Report},
};
use crate::{
    output::say,
    page,
    process::{capture, cargo, command, root, target},
};

/// The rule of each group of tests, and the prefix of their names.
const TESTS: [(&str, &[&str]); 4] = [
    ("rooms and layers, tests failed", &["architecture::"]),
    ("circles of imports, tests failed", &["circles::"]),
    ("words and documents, tests failed", &["glossary::", "documents::"]),
    ("work done once, tests failed", &["domain::account::cancel::", "domain::account::details::"]),
];

/// Words by which subcommands of the laboratory would be recognised.
const LABORATORY: [&str; 8] = ["bench", "soak", "simulate", "kill", "oracle", "lobster", "crash", "mutants"];

/// Packages that only the laboratory may depend on.
const LABORATORY_PACKAGES: [&str; 3] = ["lab", "proptest", "criterion"];

/// Measures everything.
pub(super) fn figures(report: &mut Report) {
    let effort = report.effort();
    if effort != Effort::Smoke {
        // In a smoke run the test command has just run them all.
        for (what, names) in TESTS {
            report.promise(what, Bar::AtMost(0.0), "", failures_of(names));
        }
    }
    let binary =
        effort.choose(target().join("release/lightning"), target().join("release/lightning"), page::binary());
    let help = capture(command(&binary).arg("--help")).context("no lightning --help");
    let shipped = help.map(|help| found("lightning --help", &subcommands(&help), &LABORATORY));
    report.promise("laboratory commands in `lightning --help`", Bar::AtMost(0.0), "", shipped);
    report.promise("laboratory packages in the binary", Bar::AtMost(0.0), "", packages());
    let size = fs::metadata(&binary).map(|file| file.len() as f64 / f64::from(1 << 20));
    report.information("size of the binary, with its line tables", "MiB", size.context("no binary"));
    let undocumented = capture(command(report.lab()).arg("help"))
        .context("no lab help")
        .and_then(|help| undocumented(&help));
    report.promise("laboratory commands no page of docs/ names", Bar::AtMost(0.0), "", undocumented);
}

/// The names of the subcommands a help text lists.
fn subcommands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.trim().is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// How many of the names have one of the words among their parts; each is printed.
fn found(place: &str, names: &[String], words: &[&str]) -> f64 {
    let is_one = |name: &&String| name.split('-').any(|part| words.contains(&part));
    let found: Vec<&String> = names.iter().filter(is_one).collect();
    found.iter().for_each(|name| say!("{place}: {name}"));
    found.len() as f64
}

/// How many packages of the laboratory the shipped binary is built of.
fn packages() -> Result<f64> {
    let mut tree = cargo();
    tree.args([
        "tree",
        "--package",
        "lightning",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let tree = capture(&mut tree).context("cargo tree")?;
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    anyhow::ensure!(names.len() > 100, "{} packages are not all", names.len());
    Ok(names.iter().filter(|name| LABORATORY_PACKAGES.contains(name)).count() as f64)
}

/// How many of the laboratory's commands no page of `docs/` names.
fn undocumented(help: &str) -> Result<f64> {
    let mut pages = String::new();
    for entry in fs::read_dir(root().join("docs"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push_str(&fs::read_to_string(path)?);
        }
    }
    let names = subcommands(help);
    anyhow::ensure!(names.len() > 5, "the laboratory's help lists only {names:?}");
    let is_absent = |name: &&String| *name != "help" && !pages.contains(&format!("lab {name}"));
    let absent: Vec<&String> = names.iter().filter(is_absent).collect();
    absent.iter().for_each(|name| say!("no page names `cargo xtask lab {name}`"));
    Ok(absent.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "An exchange\n\nUsage: x <COMMAND>\n\nCommands:\n  serve     Serve\n             at length\n  soak-x  \
                        Soak\n  help\n\nOptions:\n  -h, --help\n";

    #[test]
    fn subcommands_are_read_from_the_help() {
        assert_eq!(subcommands(HELP), ["serve", "soak-x", "help"]);
        assert_eq!(found("help", &subcommands(HELP), &LABORATORY), 1.0);
    }
}
