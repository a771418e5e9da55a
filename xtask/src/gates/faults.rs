//! The `faults` gate: every fault of `docs/faults.md` has its tests, and they pass.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result, bail, ensure};

use super::report::{Bar, Effort, Report, same};
use crate::{
    output::say,
    page,
    process::{capture, cargo, command, root, run_and_read, target},
    tally::Tally,
};

/// The last of the faults; the first is F1.
const LAST: u32 = 36;

/// Measures everything.
pub(super) fn figures(report: &mut Report) {
    let listed = listed();
    let faults = |rows: &Vec<Row>| rows.iter().map(|row| row.fault).collect::<BTreeSet<u32>>().len() as f64;
    let count = listed.as_ref().map(faults).map_err(same);
    report.figure("faults with named tests", Bar::AtLeast(LAST.into()), "", count);
    let Ok(rows) = listed else { return };
    let tests: BTreeSet<Test> = rows.into_iter().flat_map(|row| row.tests).collect();
    let absent = absent(&tests);
    report.promise("named tests that do not exist", Bar::AtMost(0.0), "", absent);
    if report.effort() == Effort::Smoke {
        return; // the test command has just run them all
    }
    report.promise("named Rust tests that did not pass", Bar::AtMost(0.0), "", unpassed(&tests));
    report.promise("tests of the page that failed", Bar::AtMost(0.0), "", page_failures());
    for (what, name, variable, full, quick) in LONG {
        let value = report.effort().choose(full, quick, quick);
        report.promise(what, Bar::AtMost(0.0), "", long(name, variable, value));
    }
    memory(report);
}

/// Tests whose length a variable sets: their purpose, their names, the variable, and its long and its quick value.
const LONG: [(&str, &str, &str, &str, &str); 3] = [
    (
        "pairs out of order on any transport, tests failed",
        "faults::pipelined::",
        "LIGHTNING_PAIRS",
        "20000",
        "2000",
    ),
    (
        "orders behind a blocked log, tests failed",
        "outputs::",
        "LIGHTNING_TEST_BLOCKED_LOG_SECONDS",
        "60",
        "5",
    ),
    (
        "orders with few descriptors, tests failed",
        "connections::siege::",
        "LIGHTNING_SIEGE_SECONDS",
        "600",
        "20",
    ),
];

fn long(name: &str, variable: &str, value: &str) -> Result<f64> {
    let mut command = cargo();
    crate::test::set_environment(&mut command, crate::install::python()?.as_deref());
    command.env(variable, value).args(["test"]).args(BUILT).args([
        name,
        "--nocapture",
        "--test-threads",
        "1",
    ]);
    let (output, succeeded) = run_and_read(&mut command)?;
    refuse_skips(&output)?;
    let mut tally = Tally::default();
    tally.add(&output, succeeded);
    if tally.passed == 0 {
        bail!("there is no test {name}");
    }
    Ok(tally.failed as f64)
}

/// Resident memory at a steady rate with the history on: an hour, or a minute that only shows that it can be measured.
fn memory(report: &mut Report) {
    let mut soak = command(report.lab());
    soak.arg("memory-soak").arg("--csv").arg(target().join("memory.csv"));
    if report.effort() == Effort::Quick {
        soak.arg("--quick");
    }
    let ran = run_and_read(&mut soak);
    let failed =
        ran.and_then(|(_, succeeded)| if succeeded { Ok(0.0) } else { bail!("it rises, see above") });
    report.promise("memory that rises after ten minutes", Bar::AtMost(0.0), "", failed);
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
    /// Of the library, the integration tests or xtask, as cargo prints it; one that ends in `*` matches every test with that prefix.
    Rust(String),
    /// Of the page: the file below `static`, and the title.
    Page(String, String),
}

/// Reads the table; every row has a test.
fn listed() -> Result<Vec<Row>> {
    rows(&fs::read_to_string(root().join("docs/faults.md")).context("docs/faults.md")?)
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
    for crate_name in ["it::", "lib::", "xtask::"] {
        if let Some(name) = name.strip_prefix(crate_name) {
            return Ok(Test::Rust(name.to_owned()));
        }
    }
    match name.split_once(": ") {
        Some((file, title)) => Ok(Test::Page(file.to_owned(), title.to_owned())),
        None => {
            bail!("{name:?} is no test: say it::NAME, lib::NAME, xtask::NAME, or FILE: TITLE for the page")
        }
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

/// The arguments that have cargo build exactly what `cargo xtask test` builds.
const BUILT: [&str; 6] = ["--workspace", "--lib", "--bins", "--test", "it", "--"];

/// How many of the tests are not there under their names.
fn absent(tests: &BTreeSet<Test>) -> Result<f64> {
    let list = list()?;
    let mut absent: Vec<String> = Vec::new();
    for name in rust_names(tests) {
        if meant(name, &list).is_empty() {
            absent.push(name.to_owned());
        }
    }
    for test in tests {
        if let Test::Page(file, title) = test
            && !fs::read_to_string(root().join("static").join(file)).is_ok_and(|text| is_titled(&text, title))
        {
            absent.push(format!("{file}: {title}"));
        }
    }
    for name in &absent {
        say!("absent: {name}");
    }
    Ok(absent.len() as f64)
}

/// Returns whether a file of the page's tests has one whose title starts with `title`.
fn is_titled(text: &str, title: &str) -> bool {
    ["test", "it"].iter().any(|call| {
        ['\'', '`'].iter().any(|quote| {
            text.lines().any(|line| line.trim_start().starts_with(&format!("{call}({quote}{title}")))
        })
    })
}

/// Every Rust test there is.
fn list() -> Result<Vec<String>> {
    let mut command = cargo();
    crate::test::set_environment(&mut command, crate::install::python()?.as_deref());
    command.args(["test", "--quiet"]).args(BUILT).arg("--list");
    let list = capture(&mut command).context("the tests cannot be listed")?;
    Ok(list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// The tests a name stands for.
fn meant<'a>(name: &str, list: &'a [String]) -> Vec<&'a str> {
    let is_meant = |test: &&String| match name.strip_suffix('*') {
        Some(start) => test.starts_with(start),
        None => *test == name,
    };
    list.iter().filter(is_meant).map(String::as_str).collect()
}

/// Runs the tests of Rust; how many of them did not pass.
fn unpassed(tests: &BTreeSet<Test>) -> Result<f64> {
    let list = list()?;
    let names: BTreeSet<&str> = rust_names(tests).into_iter().flat_map(|name| meant(name, &list)).collect();
    let mut command = cargo();
    crate::test::set_environment(&mut command, crate::install::python()?.as_deref());
    command.args(["test", "--no-fail-fast"]).args(BUILT).args(["--exact", "--show-output"]).args(&names);
    let (output, _) = run_and_read(&mut command)?;
    refuse_skips(&output)?;
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

/// Runs the tests whose names begin so; how many failed.
pub(super) fn failures_of(names: &[&str]) -> Result<f64> {
    let mut command = cargo();
    crate::test::set_environment(&mut command, crate::install::python()?.as_deref());
    command.args(["test", "--no-fail-fast"]).args(BUILT).args(names);
    let (output, succeeded) = run_and_read(&mut command)?;
    refuse_skips(&output)?;
    let mut tally = Tally::default();
    tally.add(&output, succeeded);
    ensure!(tally.passed > 0, "there is no test {names:?}");
    Ok(tally.failed as f64)
}

/// A test that is skipped for want of what it needs has not shown anything.
fn refuse_skips(output: &str) -> Result<()> {
    match output.lines().find(|line| line.contains("skipped: ")) {
        Some(line) => bail!("a test was skipped: {}", line.trim()),
        None => Ok(()),
    }
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

    #[test]
    fn a_test_of_the_page_is_named_by_a_prefix_of_its_title() {
        let text = "describe('x', () => {\n  it('reads 1,5 as it is', () => {\n";
        assert!(is_titled(text, "reads 1,5"));
        assert!(!is_titled(text, "as it is") && !is_titled(text, "x"));
    }

    #[test]
    fn a_star_matches_every_test_with_that_prefix() {
        let list = ["a::one", "a::two", "b::one"].map(str::to_owned);
        assert_eq!(meant("a::*", &list), ["a::one", "a::two"]);
        assert_eq!(meant("b::one", &list), ["b::one"]);
        assert!(meant("a::", &list).is_empty());
    }
}
