//! The dashboards of Grafana, generated from the list of metrics: one for each subject, and one with what matters first.
//!
//! `cargo xtask dashboards` writes them; the test fails when the files are not what the list makes of them.

use std::{fs, path::PathBuf};

use lightning_exchange::telemetry::{Kind, METRICS, Metric, Subject};
use serde_json::{Value, json};

use crate::support::root;

/// Set by `cargo xtask dashboards`: the files are written instead of compared.
const WRITE: &str = "LIGHTNING_WRITE_DASHBOARDS";

/// How many columns a row of panels has, and how high and wide a panel is.
const COLUMNS: usize = 24;
const HEIGHT: usize = 8;
const WIDTH: usize = 8;

/// A panel: its title, what it means, its unit, and its queries with their legends.
struct Panel {
    title: String,
    description: String,
    unit: &'static str,
    queries: Vec<(String, String)>,
}

/// What an operator looks at first.
fn overview() -> Vec<Panel> {
    let panel = |title: &str, description: &str, unit, queries: &[(&str, &str)]| Panel {
        title: title.to_owned(),
        description: description.to_owned(),
        unit,
        queries: queries.iter().map(|(query, legend)| (select(query), (*legend).to_owned())).collect(),
    };
    vec![
        panel(
            "Alerts",
            "Alerts that fire now",
            "none",
            &[("count(ALERTS{alertstate=\"firing\", alertname=~\"Lightning.*\"}) or vector(0)", "firing")],
        ),
        panel(
            "Shards out of service",
            "Shards that a fault has stopped",
            "none",
            &[("count(lightning_shard_in_service{@} == 0) or vector(0)", "out of service")],
        ),
        panel(
            "Trading halted",
            "1 when an audit has stopped trading",
            "none",
            &[("lightning_trading_halted{@}", "halted")],
        ),
        panel(
            "Orders and trades",
            "Orders accepted and rejected, and trades",
            "ops",
            &[
                ("instance:lightning_orders_accepted:rate5m{@}", "accepted"),
                ("instance:lightning_orders_rejected:rate5m{@}", "rejected"),
                ("instance:lightning_trades:rate5m{@}", "trades"),
            ],
        ),
        panel(
            "Latency of commands",
            "From admission to answer, the disk included",
            "s",
            &[
                ("instance:lightning_command_seconds:p50_5m{@}", "p50"),
                ("instance:lightning_command_seconds:p99_5m{@}", "p99"),
            ],
        ),
        panel(
            "Success",
            "The part of orders that is accepted, and of commands that fail for the fault of the exchange",
            "percentunit",
            &[
                ("instance:lightning_orders_success:ratio5m{@}", "accepted"),
                ("instance:lightning_commands_unavailable:ratio5m{@}", "unavailable"),
            ],
        ),
        panel(
            "Matches",
            "Trades for each order accepted",
            "none",
            &[("instance:lightning_orders_matched:ratio5m{@}", "trades for each order")],
        ),
        panel(
            "Commands turned away",
            "Commands that found no permit, or an exchange that does not accept them",
            "ops",
            &[("instance:lightning_commands_shed:rate5m{@}", "turned away")],
        ),
        panel(
            "Commits of the journal",
            "The slowest in a hundred",
            "s",
            &[("instance:lightning_journal_commit_seconds:p99_5m{@}", "p99")],
        ),
    ]
}

/// Has a query choose the instances of the dashboard.
fn select(query: &str) -> String {
    query.replace("{@}", "{instance=~\"$instance\"}")
}

/// The panel of one metric.
fn panel(metric: &Metric) -> Panel {
    let Metric { name, kind, labels, help, .. } = metric;
    let plain = name.trim_end_matches("_total").trim_end_matches("_seconds").trim_end_matches("_bytes");
    let is_time = plain.ends_with("_timestamp") || plain.ends_with("_start_time");
    let words = plain.trim_start_matches("lightning_").trim_end_matches("_timestamp").replace('_', " ");
    let mut title = words[..1].to_uppercase() + &words[1..];
    let legend = match labels {
        [] => "{{instance}}".to_owned(),
        [label, ..] => format!("{{{{{label}}}}}"),
    };
    let by = |extra: &[&str]| [labels.to_vec(), extra.to_vec()].concat().join(", ");
    let (unit, queries) = match kind {
        Kind::Counter => {
            let rate = format!("rate({name}{{@}}[$__rate_interval])");
            let sum = if labels.is_empty() { rate } else { format!("sum by ({}) ({rate})", by(&[])) };
            title += " per second";
            (if name.contains("_seconds") { "none" } else { "ops" }, vec![(sum, legend)])
        }
        Kind::Gauge if is_time => {
            title += ", age";
            ("s", vec![(format!("time() - {name}{{@}}"), legend)])
        }
        Kind::Gauge => {
            let unit = if name.ends_with("_seconds") {
                "s"
            } else if name.ends_with("_bytes") {
                "bytes"
            } else {
                "none"
            };
            (unit, vec![(format!("{name}{{@}}"), legend)])
        }
        Kind::Histogram => {
            let unit = if name.ends_with("_seconds") {
                "s"
            } else if name.ends_with("_bytes") {
                "bytes"
            } else {
                "none"
            };
            let quantile = |share: &str| {
                let buckets =
                    format!("sum by ({}) (rate({name}_bucket{{@}}[$__rate_interval]))", by(&["le"]));
                format!("histogram_quantile({share}, {buckets})")
            };
            let legend_of =
                |share: &str| if labels.is_empty() { share.to_owned() } else { format!("{legend} {share}") };
            (unit, vec![(quantile("0.5"), legend_of("p50")), (quantile("0.99"), legend_of("p99"))])
        }
    };
    let queries = queries.into_iter().map(|(query, legend)| (select(&query), legend)).collect();
    Panel { title, description: format!("{help}."), unit, queries }
}

fn dashboard(title: &str, panels: Vec<Panel>) -> Value {
    let datasource = json!({ "type": "prometheus", "uid": "${datasource}" });
    let panel = |(index, panel): (usize, Panel)| {
        let Panel { title, description, unit, queries } = panel;
        let of_row = COLUMNS / WIDTH;
        let target = |(index, (expr, legend)): (usize, (String, String))| {
            let name = char::from(b'A' + u8::try_from(index).unwrap()).to_string();
            json!({ "refId": name, "datasource": datasource, "expr": expr, "legendFormat": legend })
        };
        json!({
            "id": index + 1,
            "type": "timeseries",
            "title": title,
            "description": description,
            "datasource": datasource,
            "gridPos": { "x": index % of_row * WIDTH, "y": index / of_row * HEIGHT, "w": WIDTH, "h": HEIGHT },
            "fieldConfig": { "defaults": { "unit": unit, "min": if unit == "none" { Value::Null } else { json!(0) } }, "overrides": [] },
            "options": { "legend": { "displayMode": "list", "placement": "bottom" }, "tooltip": { "mode": "multi" } },
            "targets": queries.into_iter().enumerate().map(target).collect::<Vec<_>>(),
        })
    };
    json!({
        "uid": format!("lightning-{}", title.to_lowercase()),
        "title": format!("Lightning Exchange: {}", title.to_lowercase()),
        "tags": ["lightning"],
        "schemaVersion": 38,
        "editable": true,
        "refresh": "30s",
        "time": { "from": "now-1h", "to": "now" },
        "links": [{ "type": "dashboards", "tags": ["lightning"], "title": "All", "asDropdown": true, "includeVars": true, "keepTime": true }],
        "templating": { "list": [
            { "name": "datasource", "type": "datasource", "query": "prometheus", "label": "Source" },
            {
                "name": "instance", "type": "query", "label": "Exchange", "datasource": datasource,
                "query": "label_values(lightning_build_info, instance)", "refresh": 2,
                "includeAll": true, "multi": true, "current": { "text": "All", "value": "$__all" },
            },
        ] },
        "panels": panels.into_iter().enumerate().map(panel).collect::<Vec<_>>(),
    })
}

/// Every dashboard with its file.
pub(super) fn dashboards() -> Vec<(PathBuf, Value)> {
    let of_subject = |subject: Subject| {
        let metrics = METRICS.iter().filter(|metric| metric.subject == subject);
        dashboard(subject.title(), metrics.map(panel).collect())
    };
    let file = |title: &str| root().join("deploy/grafana").join(format!("{}.json", title.to_lowercase()));
    let subjects = Subject::ALL.into_iter().map(|subject| (file(subject.title()), of_subject(subject)));
    [(file("Overview"), dashboard("Overview", overview()))].into_iter().chain(subjects).collect()
}

#[test]
fn dashboards_are_what_the_list_makes_of_them() {
    let expected = dashboards();
    for (path, dashboard) in &expected {
        let text = serde_json::to_string_pretty(dashboard).unwrap() + "\n";
        if std::env::var_os(WRITE).is_some() {
            fs::write(path, &text).unwrap();
        }
        let found = fs::read_to_string(path).unwrap_or_default();
        assert!(found == text, "{} is out of date: cargo xtask dashboards", path.display());
    }
    let files = fs::read_dir(root().join("deploy/grafana")).unwrap().map(|entry| entry.unwrap().path());
    let left: Vec<PathBuf> = files.filter(|file| expected.iter().all(|(path, _)| path != file)).collect();
    assert!(left.is_empty(), "no dashboard of the list: {left:?}");
}

#[test]
fn every_metric_is_on_a_dashboard() {
    let text: String = dashboards().iter().map(|(_, dashboard)| dashboard.to_string()).collect();
    for metric in METRICS {
        assert!(text.contains(metric.name), "{}", metric.name);
    }
}
