//! `docs/metrics.md` against the list of metrics, both ways, and the list against the conventions of Prometheus.

use std::fs;

use lightning_exchange::telemetry::{Kind, METRICS, Metric, Subject};

use crate::support::root;

/// A row of the page: the subject, and the cells.
fn rows() -> Vec<(String, Vec<String>)> {
    let page = fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    let (mut subject, mut rows) = (String::new(), Vec::new());
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            subject = title.to_owned();
        } else if line.starts_with("| `") {
            let cells = line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned());
            rows.push((subject.clone(), cells.collect()));
        }
    }
    rows
}

fn expected(metric: &Metric) -> (String, Vec<String>) {
    let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
    let cells = [
        format!("`{}`", metric.name),
        metric.kind.name().to_owned(),
        labels.join(", "),
        metric.help.to_owned(),
    ];
    (metric.subject.title().to_owned(), cells.to_vec())
}

#[test]
fn every_metric_has_its_row_and_every_row_its_metric() {
    let rows = rows();
    for (_, cells) in &rows {
        assert_eq!(cells.len(), 5, "{cells:?}");
        assert!(!cells[4].is_empty(), "nothing to do about {}", cells[0]);
    }
    let said: Vec<_> = rows.into_iter().map(|(subject, cells)| (subject, cells[..4].to_vec())).collect();
    let listed: Vec<_> = METRICS.iter().map(expected).collect();
    for row in &listed {
        assert!(said.contains(row), "docs/metrics.md has no row {row:?}");
    }
    for row in &said {
        assert!(listed.contains(row), "docs/metrics.md has a row of no metric: {row:?}");
    }
    assert_eq!(said, listed, "the order");
}

#[test]
fn names_keep_to_the_conventions() {
    for Metric { name, kind, labels, help, .. } in METRICS {
        let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(is_word(name) && labels.iter().all(|label| is_word(label)), "{name}");
        assert!(name.starts_with("lightning_") || name.starts_with("process_"), "{name}");
        assert_eq!(
            *kind == Kind::Counter,
            name.ends_with("_total"),
            "{name}: a counter, and only that, is a total"
        );
        // Base units, at the end, where there is a unit.
        for unit in [
            "_milliseconds",
            "_millis",
            "_ms",
            "_micros",
            "_nanos",
            "_minutes",
            "_kilobytes",
            "_mib",
            "_percent",
        ] {
            assert!(!name.contains(unit), "{name} is in no base unit");
        }
        let base = name.strip_suffix("_total").unwrap_or(name);
        for unit in ["seconds", "bytes"] {
            assert!(!base.contains(unit) || base.ends_with(unit), "{name}: the unit is last");
        }
        assert!(
            *kind != Kind::Histogram
                || ["seconds", "bytes", "frames"].iter().any(|unit| base.ends_with(unit))
        );
        assert!(help.len() > 8 && help.starts_with(|c: char| c.is_ascii_uppercase()), "{name}: {help:?}");
        assert!(!help.ends_with('.') && !help.contains('|'), "{name}: {help:?}");
        assert!(!labels.iter().any(|label| label.contains("account")), "{name} names accounts");
    }
    let of = |subject| METRICS.iter().filter(|metric| metric.subject == subject).count();
    assert!(Subject::ALL.into_iter().all(|subject| of(subject) > 0));
}
