//! The tests that may be skipped, each with the reason. Any other skip fails `cargo xtask test`: a test that did not run has shown nothing.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::process::target;

/// A test that may be skipped: how its name begins, and why. Tests of Rust go by the name cargo prints, those of the browser by
/// `[PROJECT] FILE: TITLE`.
type Allowed = (&'static str, &'static str);

/// All of them.
const ALLOWED: [Allowed; 12] = [
    ("fuzz::write_the_corpus", "writes files: cuts the corpus of a new format out of its golden directory"),
    ("golden::write_the_golden_directory", "writes files: makes the golden directory of a new format"),
    ("[phone] charts.spec.ts: an interrupted line", "the connection is the same on a phone"),
    ("lobster::", RECORDED),
    ("faults::tapes::", RECORDED),
    ("real_klines::", RECORDED),
    ("scenarios::exchange_core::", RECORDED),
    ("scenarios::kraken::", RECORDED),
    ("deploy::the_unit_is_understood", "systemd is not on every machine"),
    ("deploy::the_proxy_is_understood", "nginx is not on every machine"),
    ("durable::refused::another_owners_directory_is_refused", "only root can give a directory away"),
    ("durable::refused::a_read_only_directory_is_refused", "containers may not be allowed to mount"),
];

const RECORDED: &str =
    "the recorded data belongs to its venues and is no part of the repository (EXCHANGE_DATA)";

/// Returns why this test may be skipped; `None` when it may not.
pub(crate) fn reason(test: &str) -> Option<&'static str> {
    ALLOWED.iter().find(|(start, _)| test.starts_with(start)).map(|(_, reason)| *reason)
}

/// The file in which tests that find they cannot show anything note so (`tests/it/support/skip.rs`).
pub(crate) struct Notes(PathBuf);

impl Notes {
    /// Starts with an empty file.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn start() -> Result<Self> {
        let path = std::path::absolute(target().join("skips.txt"))?;
        fs::create_dir_all(target())
            .and_then(|()| fs::write(&path, ""))
            .with_context(|| format!("{}", path.display()))?;
        Ok(Self(path))
    }

    /// Passes its place to a runner of tests.
    pub(crate) fn name_to(&self, runner: &mut std::process::Command) {
        runner.env("EXCHANGE_SKIPS", &self.0);
    }

    /// Returns the tests that are noted there, each once.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn read(&self) -> Result<Vec<String>> {
        let text = fs::read_to_string(&self.0).with_context(|| format!("{}", self.0.display()))?;
        let mut tests: Vec<String> =
            text.lines().filter_map(|line| line.split('\t').next()).map(str::to_owned).collect();
        tests.sort();
        tests.dedup();
        Ok(tests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::root;

    #[test]
    fn only_what_is_listed_may_be_skipped() {
        assert!(reason("golden::write_the_golden_directory").is_some());
        assert!(reason("real_klines::any_of_them").is_some());
        assert_eq!(reason("durable::disk::a_failed_sync_ends_the_process"), None);
        assert_eq!(reason("[desktop] charts.spec.ts: an interrupted line"), None);
    }

    #[test]
    fn every_name_on_the_list_is_that_of_a_test() {
        let read = |path: String| {
            fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        for (name, _) in ALLOWED {
            if let Some((_, rest)) = name.split_once("] ") {
                let (file, title) = rest.split_once(": ").unwrap();
                assert!(read(format!("static/e2e/{file}")).contains(&format!("test('{title}")), "{name}");
                continue;
            }
            let (module, test) = name.rsplit_once("::").unwrap();
            let text = read(format!("tests/it/{}.rs", module.replace("::", "/")));
            assert!(text.contains(&format!("fn {test}")), "{name}");
        }
    }
}
