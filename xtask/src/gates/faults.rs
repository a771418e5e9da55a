//! The `faults` gate: every fault of `docs/faults.md` has its tests, and they pass.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result, bail, ensure};

use super::report::{Bar, Effort, Report, same};
use crate::output::say;
use crate::{
    page,
    process::{capture, cargo, root, run_and_read},
    tally::Tally,
};

/// The last of the faults; the first is F1.
const LAST: u32 = 36;

/// Measures everything.
pub(super) fn figures(report: &mut Report) {
    let listed = listed();
    let rows = listed.as_ref().map(|rows| rows.len() as f64).map_err(same);
    report.promise("faults with named tests", Bar::AtLeast(LAST.into()), "", rows);
    let Ok(rows) = listed else { return };
    let tests: BTreeSet<Test> = rows.into_iter().flat_map(|row| row.tests).collect();
    let absent = absent(&tests);
    report.promise("named tests that do not exist", Bar::AtMost(0.0), "", absent);
    if report.effort() == Effort::Smoke {
        return; // the test command has just run them all
    }
    report.promise("named Rust tests that did not pass", Bar::AtMost(0.0), "", unpassed(&tests));
    report.promise("tests of the page that failed", Bar::AtMost(0.0), "", page_failures());
}

/// A row of the table: the fault's number and its tests.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    fault: u32,
    tests: Vec<Test>,
}

/// A test by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Test {
    /// Of the library or the integration tests, as cargo prints it.
    Rust(String),
    /// Of the page: the file below `static`, and the title.
    Page(String, String),
}

/// Reads the table. Every fault has a row, and every row a test.
fn listed() -> Result<Vec<Row>> {
    let text = fs::read_to_string(root().join("docs/faults.md")).context("docs/faults.md")?;
    let rows = rows(&text)?;
    let found: BTreeSet<u32> = rows.iter().map(|row| row.fault).collect();
    let missing: Vec<u32> = (1..=LAST).filter(|fault| !found.contains(fault)).collect();
    ensure!(missing.is_empty(), "docs/faults.md has no row for F{missing:?}");
    Ok(rows)
}

fn rows(text: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let Some(number) = cells.get(1).and_then(|cell| cell.strip_prefix('F')) else { continue };
        let Ok(fault) = number.parse() else { continue };
        let [.., tests, _] = cells.as_slice() else { continue };
        let tests: Vec<Test> = tests.split('`').skip(1).step_by(2).map(test).collect::<Result<_>>()?;
        ensure!(!tests.is_empty(), "F{fault} names no test");
        rows.push(Row { fault, tests });
    }
    Ok(rows)
}

fn test(name: &str) -> Result<Test> {
    if let Some(name) = name.strip_prefix("it::").or_else(|| name.strip_prefix("lib::")) {
        return Ok(Test::Rust(name.to_owned()));
    }
    match name.split_once(": ") {
        Some((file, title)) => Ok(Test::Page(file.to_owned(), title.to_owned())),
        None => bail!("{name:?} is no test: say it::NAME, lib::NAME, or FILE: TITLE for the page"),
    }
}

fn rust_names(tests: &BTreeSet<Test>) -> Vec<&str> {
    let mut names = Vec::new();
    for test in tests {
        if let Test::Rust(name) = test {
            names.push(name.as_str());
        }
    }
    names
}

/// How many of the tests are not there under their names.
fn absent(tests: &BTreeSet<Test>) -> Result<f64> {
    let mut command = cargo();
    page::require(&mut command);
    command.args(["test", "--quiet", "--lib", "--test", "it", "--", "--list"]);
    let list = capture(&mut command).context("the tests cannot be listed")?;
    let there: BTreeSet<&str> = list.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let mut absent: Vec<String> =
        rust_names(tests).into_iter().filter(|name| !there.contains(name)).map(str::to_owned).collect();
    for test in tests {
        if let Test::Page(file, title) = test
            && !fs::read_to_string(root().join("static").join(file)).is_ok_and(|text| text.contains(title))
        {
            absent.push(format!("{file}: {title}"));
        }
    }
    for name in &absent {
        say!("absent: {name}");
    }
    Ok(absent.len() as f64)
}

/// Runs the tests of Rust; how many of them did not pass.
fn unpassed(tests: &BTreeSet<Test>) -> Result<f64> {
    let names = rust_names(tests);
    let mut command = cargo();
    crate::test::surround(&mut command, crate::install::python()?.as_deref());
    command.args(["test", "--no-fail-fast", "--lib", "--test", "it", "--", "--exact"]).args(&names);
    let (output, _) = run_and_read(&mut command)?;
    let passed: BTreeSet<&str> = output
        .lines()
        .filter_map(|line| line.trim().strip_prefix("test ")?.strip_suffix(" ... ok"))
        .collect();
    let unpassed: Vec<&str> = names.into_iter().filter(|name| !passed.contains(name)).collect();
    for name in &unpassed {
        say!("did not pass: {name}");
    }
    Ok(unpassed.len() as f64)
}

fn page_failures() -> Result<f64> {
    let mut tally = Tally::default();
    page::test(&mut tally)?;
    Ok(tally.failed as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read() {
        let text = "| fault | kind | elsewhere | tests |\n|---|---|---|---|\n\
                    | F1 | order | none | `it::faults::a`, `lib::b::c` |\n| F26 | x | `y` | `e2e/n.ts: reads 1,5` |\n";
        let page = Test::Page("e2e/n.ts".to_owned(), "reads 1,5".to_owned());
        let rust = |name: &str| Test::Rust(name.to_owned());
        let expected = [
            Row { fault: 1, tests: vec![rust("faults::a"), rust("b::c")] },
            Row { fault: 26, tests: vec![page] },
        ];
        assert_eq!(rows(text).unwrap(), expected);
        assert!(rows("| F2 | x | y | no test |").is_err());
        assert!(rows("| F2 | x | y | `somewhere` |").is_err());
    }
}
