//! The versions of program and data, and the database of the history.

use std::sync::Arc;

use super::finding::Finding;
use crate::{
    app::history_url,
    config::Config,
    domain::replica::LOGIC_VERSION,
    history,
    journal::{Disk, RealDisk, identity_at, segment},
};

/// Compares the versions of the program with those of the data.
pub(super) fn version(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "version";
    let own = format!(
        "lightning {}, data format {}, matching logic {LOGIC_VERSION}",
        env!("CARGO_PKG_VERSION"),
        segment::VERSION
    );
    let path = &config.data.directory;
    if !path.join("identity").exists() {
        return vec![Finding::ok(CHECK, own)];
    }
    let newest = || {
        identity_at(path)?;
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::read_only(path));
        let newest = segment::list(&disk)?.into_iter().max();
        newest.map(|index| segment::read_header(&disk, index)).transpose()
    };
    vec![match newest() {
        Ok(Some(header)) if header.logic != u64::from(LOGIC_VERSION) => {
            let found = format!("{own}; the newest segment is of matching logic {}", header.logic);
            let remedy = "unless the program that wrote it stopped cleanly, run its `snapshot` command before this one starts";
            Finding::warning(CHECK, found, remedy)
        }
        Ok(_) => Finding::ok(CHECK, format!("{own}; the data are of the same")),
        Err(error) => {
            Finding::error(CHECK, format!("{own}; {error}"), "see what errors mean in docs/operations.md")
        }
    }]
}

/// Connects to the database of the history, if there is one.
pub(super) fn history(config: &Config) -> Option<Finding> {
    const CHECK: &str = "history";
    if !config.is_history_on() {
        return Some(Finding::ok(CHECK, "off"));
    }
    let url = history_url(config, &config.data.directory);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let is_file = history::sqlite_file(&url).is_some();
    Some(match runtime.block_on(history::reached(&url)) {
        Ok(Some(reached)) => {
            Finding::ok(CHECK, format!("its database has everything up to frame {}", reached.sequence))
        }
        Ok(None) if is_file => Finding::ok(CHECK, "its file is not there yet; the exchange creates it"),
        Ok(None) => Finding::ok(CHECK, "its database is reachable and empty"),
        Err(error) => Finding::error(
            CHECK,
            format!("its database cannot be used: {error}"),
            "trading continues without it; correct [history] url, or start the database",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict::{Error, Ok as Fine};
    use super::*;
    use crate::config::Layers;

    fn config(settings: &str) -> Config {
        Layers::defaults().text("test", settings).load().unwrap()
    }

    #[test]
    fn a_format_of_another_release_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let config = config(&format!("[data]\ndirectory = {:?}\n", root.path()));
        assert_eq!(version(&config)[0].verdict, Fine);
        std::fs::write(root.path().join("identity"), "not hexadecimal").unwrap();
        assert_eq!(version(&config)[0].verdict, Error);
    }

    #[test]
    fn a_database_that_gives_no_answer_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let of = |url: &str| {
            let data = format!("[data]\ndirectory = {:?}\n[history]\nurl = {url:?}\n", root.path());
            history(&config(&data)).unwrap()
        };
        assert_eq!(of("").verdict, Fine);
        let refused = of("postgres://user:hunter2@127.0.0.1:9/none");
        assert_eq!(refused.verdict, Error);
        assert!(!refused.line().contains("hunter2"), "{refused:?}");
        assert_eq!(history(&config("[history]\nenabled = false\n")).unwrap().found, "off");
    }
}
