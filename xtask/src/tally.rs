//! How many tests passed and failed, and which were skipped, read from what the runners print.

use crate::skips;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Skipped.
    pub skipped: u64,
    /// The names of those that were skipped, as far as runners say them.
    pub names: Vec<String>,
    /// What the steps that are no test runners checked, a line each.
    pub steps: Vec<String>,
}

impl Tally {
    /// Adds what one runner printed. A runner that failed without naming a failed test counts as one.
    pub(crate) fn add(&mut self, output: &str, succeeded: bool) {
        let mut found = Self::default();
        for line in output.lines() {
            if let Some(line) = summary(line.trim()) {
                found.passed += count(line, "passed");
                found.failed += count(line, "failed") + count(line, "timed out") + count(line, "interrupted");
                found.skipped += count(line, "skipped") + count(line, "ignored");
            }
            found.names.extend(skipped(line.trim()));
        }
        if !succeeded && found.failed == 0 {
            found.failed = 1;
        }
        self.passed += found.passed;
        self.failed += found.failed;
        self.skipped += found.skipped;
        self.names.extend(found.names);
    }

    /// Counts a step that is not a test runner, with what it checked in a line.
    pub(crate) fn add_step(&mut self, what: &str, succeeded: bool) {
        *if succeeded { &mut self.passed } else { &mut self.failed } += 1;
        self.steps.push(format!("{} {what}", if succeeded { "ok    " } else { "FAILED" }));
    }

    /// Takes tests that said themselves that they showed nothing out of those a runner counted as passed. One that failed
    /// all the same stays failed.
    pub(crate) fn skip(&mut self, names: Vec<String>) {
        let noted = self.passed.min(names.len() as u64);
        self.passed -= noted;
        self.skipped += names.len() as u64;
        self.names.extend(names);
    }

    /// Counts something that was left out as a skip.
    pub(crate) fn skip_one(&mut self, name: &str) {
        self.skipped += 1;
        self.names.push(name.to_owned());
    }

    /// Counts as failed every skip that is not on the list; its runner may not even have said its name. Returns a line for each.
    pub(crate) fn judge_skips(&mut self) -> Vec<String> {
        self.names.sort();
        let mut lines = Vec::new();
        for name in &self.names {
            match skips::reason(name) {
                Some(reason) => lines.push(format!("skipped {name}: {reason}")),
                None => {
                    lines.push(format!("SKIPPED {name}: it is not on the list of xtask/src/skips.rs"));
                    self.failed += 1;
                    self.skipped -= 1;
                }
            }
        }
        let named = self.names.iter().filter(|name| skips::reason(name).is_some()).count() as u64;
        let unnamed = self.skipped.saturating_sub(named);
        if unnamed > 0 {
            lines.push(format!("SKIPPED {unnamed} whose names the runner did not print"));
            self.failed += unnamed;
            self.skipped -= unnamed;
        }
        lines
    }

    /// The one-line summary.
    pub(crate) fn line(&self, seconds: f64) -> String {
        let Self { passed, failed, skipped, .. } = self;
        let run = passed + failed;
        format!(
            "     Summary [{seconds:8.3}s] {run} tests run: {passed} passed, {failed} failed, {skipped} skipped"
        )
    }
}

/// The summary lines: of nextest, libtest, vitest and Playwright.
fn summary(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("Summary [") {
        return rest.split_once("run: ").map(|(_, counts)| counts);
    }
    if let Some(rest) = line.strip_prefix("test result: ") {
        return rest.split_once(". ").map(|(_, counts)| counts);
    }
    if let Some(counts) = line.strip_prefix("Tests  ") {
        return Some(counts);
    }
    // Playwright gives each count a line: `12 passed (8.1s)`, `1 failed`.
    let mut words = line.split(' ');
    let is_count = words.next().is_some_and(|word| word.parse::<u64>().is_ok());
    let is_word = words.next().is_some_and(|word| matches!(word, "passed" | "failed" | "skipped"));
    let is_rest = words.next().is_none_or(|word| word.starts_with('('));
    (is_count && is_word && is_rest).then_some(line)
}

/// The name of a test that is skipped, if a runner says so in this line: nextest, libtest or Playwright. vitest names none.
fn skipped(line: &str) -> Option<String> {
    if let Some(rest) = line.strip_prefix("SKIP [") {
        return rest.rsplit(' ').next().map(str::to_owned);
    }
    if let Some(rest) = line.strip_prefix("test ") {
        let (name, end) = rest.rsplit_once(" ... ")?;
        return end.starts_with("ignored").then(|| name.to_owned());
    }
    // `-  4 [phone] › e2e/charts.spec.ts:90:1 › the title`.
    let (number, rest) = line.strip_prefix('-')?.trim_start().split_once(' ')?;
    number.parse::<u64>().ok()?;
    let mut parts = rest.splitn(3, " › ");
    let (project, place, title) = (parts.next()?, parts.next()?, parts.next()?);
    let path = place.split(':').next()?;
    let file = path.rsplit('/').next()?;
    Some(format!("{project} {file}: {title}"))
}

/// The number before `word`.
fn count(line: &str, word: &str) -> u64 {
    let Some(at) = line.find(&format!(" {word}")) else { return 0 };
    line[..at]
        .rsplit(|c: char| !c.is_ascii_digit())
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(output: &str, succeeded: bool) -> (u64, u64, u64) {
        let mut tally = Tally::default();
        tally.add(output, succeeded);
        (tally.passed, tally.failed, tally.skipped)
    }

    #[test]
    fn every_runner_is_understood() {
        assert_eq!(
            tally("     Summary [   1.2s] 7 tests run: 5 passed, 2 failed, 1 skipped\n", false),
            (5, 2, 1)
        );
        assert_eq!(
            tally("     Summary [   1.2s] 7 tests run: 7 passed (1 slow), 0 skipped", true),
            (7, 0, 0)
        );
        let libtest = "test result: FAILED. 4 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out";
        assert_eq!(tally(libtest, false), (4, 1, 2));
        assert_eq!(tally("      Tests  1 failed | 12 passed (13)", false), (12, 1, 0));
        assert_eq!(
            tally("  1 failed\n    [desktop] > x\n  2 skipped\n  12 passed (8.1s)", false),
            (12, 1, 2)
        );
        assert_eq!(tally("5 passed stones lay here", true), (0, 0, 0));
    }

    #[test]
    fn a_runner_that_dies_has_failed() {
        assert_eq!(tally("Segmentation fault", false), (0, 1, 0));
    }

    #[test]
    fn the_names_of_skipped_tests_are_read() {
        let name = |line: &str| skipped(line);
        let golden = Some("golden::write_the_golden_directory".to_owned());
        assert_eq!(
            name("SKIP [   0.000s] (1/2) lightning-exchange::it golden::write_the_golden_directory"),
            golden
        );
        assert_eq!(
            name("test golden::write_the_golden_directory ... ignored, writes into tests/golden"),
            golden
        );
        assert_eq!(name("test golden::version_1_is_refused_by_name ... ok"), None);
        let title = Some("[phone] charts.spec.ts: a chart › is drawn".to_owned());
        assert_eq!(name("-  14 [phone] › e2e/charts.spec.ts:89:1 › a chart › is drawn"), title);
        assert_eq!(name("- a line of a list"), None);
    }

    #[test]
    fn a_skip_that_is_not_on_the_list_fails() {
        let mut tally = Tally::default();
        tally.add("Summary [ 1.2s] 9 tests run: 9 passed, 1 skipped\nSKIP [ 0.0s] it golden::write_the_golden_directory", true);
        tally.skip(vec!["lobster::apple_trades_as_it_did".to_owned()]);
        assert!(tally.judge_skips().iter().all(|line| line.starts_with("skipped ")));
        assert_eq!((tally.passed, tally.failed, tally.skipped), (8, 0, 2));
        tally.skip(vec!["durable::disk::a_full_disk_ends_the_process".to_owned()]);
        assert!(tally.judge_skips()[0].starts_with("SKIPPED durable::disk::a_full_disk"));
        assert_eq!((tally.passed, tally.failed, tally.skipped), (7, 1, 2));
    }

    #[test]
    fn a_skip_without_a_name_fails() {
        let mut tally = Tally::default();
        tally.add("      Tests  12 passed | 1 skipped (13)", true);
        assert_eq!(tally.judge_skips(), ["SKIPPED 1 whose names the runner did not print"]);
        assert_eq!((tally.passed, tally.failed, tally.skipped), (12, 1, 0));
    }
}
