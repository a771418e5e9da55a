//! The `growth` gate: how cost grows with size, what overload does, and what consumers notice.

use anyhow::{Context, Result};
use serde_json::Value;

use super::report::{Bar, Effort, Report, number, same};
use crate::process::{command, run_json_lines};

/// What grows, as `lab bench curves` calls it.
pub(crate) const AXES: [&str; 6] = ["accounts", "symbols", "resting", "connections", "subscribers", "shards"];

/// Measures everything.
pub(super) fn figures(report: &mut Report) {
    for axis in AXES {
        let curve = lines(report, &curve(axis, report.effort()));
        let verdict = curve.and_then(|lines| lines.last().cloned().context("no verdict"));
        for (part, what) in [("cpu", "CPU of a command"), ("bytes", "memory")] {
            let of = |field: &str| match &verdict {
                Ok(verdict) => number(verdict, &format!("/{part}/{field}")),
                Err(error) => Err(same(error)),
            };
            let bar = Bar::AtMost(of("exponent_max").unwrap_or(f64::NAN));
            report.figure(&format!("{what} by {axis}, exponent"), bar, "", of("exponent"));
            report.figure(
                &format!("{what} by {axis}, steepest step"),
                Bar::AtMost(STEP_MAX),
                "x",
                of("step"),
            );
        }
    }
    for arguments in [overload(report.effort()), consumers(report.effort())] {
        match lines(report, &arguments) {
            Ok(findings) => findings.iter().for_each(|finding| add(report, finding)),
            Err(error) => report.figure(&arguments.join(" "), Bar::AtMost(0.0), "", Err(error)),
        }
    }
}

/// How many times as steep as `n log n` a step between sizes may be; the laboratory judges by the same.
const STEP_MAX: f64 = 1.5;

/// The arguments that measure a curve.
pub(crate) fn curve(axis: &'static str, effort: Effort) -> Vec<&'static str> {
    let few = match axis {
        "connections" => ["--sizes", "2,3,4", "--rounds", "1", "--commands", "40"],
        "subscribers" => ["--sizes", "1,2,3", "--rounds", "1", "--commands", "10"],
        "shards" | "symbols" => ["--sizes", "1,2,4", "--rounds", "1", "--commands", "400"],
        _ => ["--sizes", "100,200,400", "--rounds", "1", "--commands", "400"],
    };
    let more: &[&str] = effort.choose(&[], &["--quick"], &few);
    [&["bench", "curves", axis][..], more].concat()
}

/// The arguments that measure overload.
pub(crate) fn overload(effort: Effort) -> Vec<&'static str> {
    let more: &[&str] = effort.choose(&[], &["--seconds", "20"], &["--seconds", "1", "--connections", "20"]);
    [&["bench", "overload"][..], more].concat()
}

/// The arguments that measure consumers.
pub(crate) fn consumers(effort: Effort) -> Vec<&'static str> {
    let few = ["--active", "20", "--idle", "20", "--stalled", "2", "--seconds", "1"];
    let more: &[&str] = effort.choose(&[], &["--idle", "1000", "--seconds", "10"], &few);
    [&["bench", "consumers"][..], more].concat()
}

/// Runs a bench and returns its lines of JSON.
fn lines(report: &Report, arguments: &[&str]) -> Result<Vec<Value>> {
    run_json_lines(command(report.lab()).args(arguments))
}

/// Adds a figure as the laboratory printed it.
fn add(report: &mut Report, finding: &Value) {
    let text = |field: &str| finding[field].as_str().unwrap_or_default();
    let bar = finding["bar"].as_f64().unwrap_or(f64::NAN);
    let value = number(finding, "/value");
    match text("bound") {
        "at-least" => report.figure(text("figure"), Bar::AtLeast(bar), text("unit"), value),
        "at-most" => report.figure(text("figure"), Bar::AtMost(bar), text("unit"), value),
        _ => report.information(text("figure"), text("unit"), value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_judged_by_their_bounds() {
        let mut report = Report::new(Effort::Quick);
        let finding = |bound: &str, value: f64| serde_json::json!({"figure": "f", "value": value, "unit": "ms", "bound": bound, "bar": 2.0});
        for (bound, value) in
            [("at-most", 2.0), ("at-least", 2.0), ("at-most", 3.0), ("at-least", 1.0), ("none", 9.0)]
        {
            add(&mut report, &finding(bound, value));
        }
        assert_eq!((report.held(), report.missed()), (2, 2));
        // What is not a number is printed as null.
        add(&mut report, &serde_json::json!({"figure": "f", "value": null, "bound": "at-most", "bar": 2.0}));
        assert_eq!((report.held(), report.missed()), (2, 3));
    }

    #[test]
    fn every_effort_names_its_own_size() {
        assert_eq!(curve("accounts", Effort::Full), ["bench", "curves", "accounts"]);
        assert_eq!(curve("accounts", Effort::Quick).last(), Some(&"--quick"));
        assert_ne!(curve("shards", Effort::Smoke), curve("resting", Effort::Smoke));
        assert_eq!(overload(Effort::Full), ["bench", "overload"]);
    }
}
