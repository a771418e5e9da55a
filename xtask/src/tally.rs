//! How many tests passed and failed, read from what the runners print.

/// How many tests passed, failed and were skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Skipped.
    pub skipped: u64,
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
        }
        if !succeeded && found.failed == 0 {
            found.failed = 1;
        }
        self.passed += found.passed;
        self.failed += found.failed;
        self.skipped += found.skipped;
    }

    /// Counts a step that is not a test runner.
    pub(crate) fn add_one(&mut self, succeeded: bool) {
        *if succeeded { &mut self.passed } else { &mut self.failed } += 1;
    }

    /// The one line that says it all.
    pub(crate) fn line(&self, seconds: f64) -> String {
        let Self { passed, failed, skipped } = self;
        let run = passed + failed;
        format!(
            "     Summary [{seconds:8.3}s] {run} tests run: {passed} passed, {failed} failed, {skipped} skipped"
        )
    }
}

/// The lines that sum up: of nextest, libtest, vitest and Playwright.
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
}
