//! The rules of Prometheus and the routes of Alertmanager: valid, tested, and with a place in the documents for every alert.

use std::{collections::BTreeSet, fs, process::Command};

use lightning_exchange::telemetry::{Kind, METRICS};

use crate::support::{root, skip};

/// Runs a program in a folder of `deploy`; it must succeed. `None` where it is not installed.
fn run(folder: &str, words: &[&str]) -> Option<String> {
    let mut command = Command::new(words[0]);
    let output = match command.args(&words[1..]).current_dir(root().join("deploy").join(folder)).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            skip(format!("{} is not installed", words[0]));
            return None;
        }
        Err(error) => panic!("{}: {error}", words[0]),
    };
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}:\n{text}");
    Some(text)
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Returns what follows a key, once for each line that has it.
fn values<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let of_line = |line: &'a str| line.trim_start_matches([' ', '-']).strip_prefix(key)?.strip_prefix(": ");
    text.lines().filter_map(of_line).map(|value| value.trim_matches('\'')).collect()
}

#[test]
fn the_rules_are_valid_and_every_alert_fires_when_it_should() {
    let Some(checked) = run("prometheus", &["promtool", "check", "config", "prometheus.yml"]) else { return };
    assert!(checked.contains("SUCCESS"), "{checked}");
    let tested = run("prometheus", &["promtool", "test", "rules", "rules_test.yml"]).unwrap();
    assert!(tested.contains("SUCCESS"), "{tested}");
}

#[test]
fn alerts_are_routed_by_severity() {
    if run("alertmanager", &["amtool", "check-config", "alertmanager.yml"]).is_none() {
        return;
    }
    for (severity, receiver) in [("critical", "pager"), ("warning", "attention")] {
        let severity = format!("severity={severity}");
        let words = ["amtool", "config", "routes", "test", "--config.file=alertmanager.yml", &severity];
        let routed = run("alertmanager", &words).unwrap();
        assert!(routed.lines().any(|line| line == receiver), "{severity}: {routed}");
    }
}

#[test]
fn every_alert_is_tested_both_ways_and_has_a_place_in_the_documents() {
    let (rules, tests, page) = (
        read("deploy/prometheus/rules.yml"),
        read("deploy/prometheus/rules_test.yml"),
        read("docs/operations.md"),
    );
    let alerts = values(&rules, "alert");
    assert_eq!(alerts.len(), alerts.iter().collect::<BTreeSet<_>>().len(), "an alert is there twice");
    let names = values(&tests, "name");
    for alert in &alerts {
        for how in ["fires", "does not fire"] {
            assert!(names.contains(&format!("{alert} {how}").as_str()), "no test that {alert} {how}");
        }
    }
    assert_eq!(names.len(), tests.matches("alert_rule_test").count());
    for key in ["severity", "summary", "description", "runbook"] {
        assert_eq!(values(&rules, key).len(), alerts.len(), "every alert has one {key}");
    }
    assert!(values(&rules, "severity").iter().all(|severity| ["critical", "warning"].contains(severity)));
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let anchors: BTreeSet<String> = headings
        .map(|heading| heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"))
        .collect();
    for runbook in values(&rules, "runbook") {
        let anchor = runbook.strip_prefix("docs/operations.md#").unwrap();
        assert!(anchors.contains(anchor), "docs/operations.md has no {anchor}");
    }
}

#[test]
fn the_rules_name_metrics_that_are_served() {
    let (rules, tests) = (read("deploy/prometheus/rules.yml"), read("deploy/prometheus/rules_test.yml"));
    let expressions = [values(&rules, "expr"), values(&tests, "series")].concat();
    let recorded: BTreeSet<&str> = values(&rules, "record").into_iter().collect();
    let mut count = 0;
    for expression in expressions {
        let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
        for word in words.filter(|word| word.contains("lightning_") || word.starts_with("process_")) {
            let is_served = METRICS.iter().any(|metric| {
                let parts = ["_bucket", "_sum", "_count"]
                    .iter()
                    .any(|part| word.strip_suffix(part) == Some(metric.name));
                if metric.kind == Kind::Histogram { parts } else { word == metric.name }
            });
            assert!(is_served || recorded.contains(word), "{word} in {expression}");
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}
