//! The soaks of the test command. Each is short, says in one line what it checked, and fails when it checked too little to show anything.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    gates::history::DATABASES,
    page,
    process::{command, run_and_read},
    tally::Tally,
};

/// A soak of the laboratory.
struct ShortSoak {
    /// Its command, and what the line begins with.
    arguments: &'static [&'static str],
    /// What it counts.
    counts: &'static [Count],
    /// Where its report counts violations: numbers, lists, or after a `!` a promise that is kept or not.
    violations: &'static [&'static str],
}

/// A number of a report: what it counts, the fields that make it up, and the least that shows anything.
type Count = (&'static str, &'static [&'static str], u64);

/// Kills the real server under load and has its word compared with its clients'; `cargo xtask lab crash-soak` kills more often.
const KILLS: ShortSoak = ShortSoak {
    arguments: &["crash-soak", "--idempotency", "--seed", "25", "--kills", "25"],
    counts: &[
        ("kills", &["/kills"], 25),
        ("comparisons", &["/checks"], 10),
        ("orders acknowledged", &["/counts/orders"], 100),
        ("fills compared", &["/fills"], 10),
    ],
    violations: &["/violations"],
};

/// Watches the real server through a few restarts; the `wire` gate watches it for longer.
const WIRE: ShortSoak = ShortSoak {
    arguments: &["wire-soak", "--seconds", "15", "--restarts", "2", "--rate", "4000", "--subscribers", "20"],
    counts: &[
        ("commands", &["/commands"], 2_000),
        ("orders", &["/placed"], 500),
        ("restarts", &["/stops", "/kills"], 2),
        ("checksums of books compared", &["/checked"], 100),
        ("books compared level by level", &["/books_compared"], 1),
        ("private events", &["/events"], 100),
    ],
    violations: &["/desyncs", "/lost", "/problems"],
};

/// Samples memory for a minute, which proves that the memory soak itself works; whether memory is flat takes an hour
/// (`cargo xtask lab memory-soak`).
const MEMORY: ShortSoak = ShortSoak {
    arguments: &["memory-soak", "--quick"],
    counts: &[("orders", &["/orders"], 1_000), ("samples of memory", &["/samples"], 20)],
    violations: &[],
};

/// Kills the exchange and its history's database and compares every row; the `history` gate does so for longer.
const HISTORY: [&str; 7] = ["history-soak", "--orders", "6000", "--kills", "2", "--database-kills", "2"];

/// Runs them all. `page::build` has built what they run.
pub(crate) fn run(tally: &mut Tally) -> Result<()> {
    for soak in [KILLS, WIRE] {
        add(tally, &soak, &[])?;
    }
    for database in DATABASES {
        let counts: &[Count] = match database {
            // It is no process that could be killed.
            "sqlite" => &[
                ("orders", &["/orders"], 6_000),
                ("kills", &["/kills"], 2),
                ("rows compared", &["/rows"], 6_000),
            ],
            _ => &[
                ("orders", &["/orders"], 6_000),
                ("kills", &["/kills"], 2),
                ("kills of the database", &["/database_kills"], 2),
                ("rows compared", &["/rows"], 6_000),
            ],
        };
        let soak = ShortSoak { arguments: &HISTORY, counts, violations: &["!/equal"] };
        add(tally, &soak, &["--database", database])?;
    }
    add(tally, &MEMORY, &[])
}

fn add(tally: &mut Tally, soak: &ShortSoak, more: &[&str]) -> Result<()> {
    let mut lab = command(page::lab());
    let (output, succeeded) = run_and_read(lab.args(soak.arguments).args(more).arg("--json"))?;
    let name = [&soak.arguments[..1], more].concat().join(" ");
    match checked(soak, &output) {
        Ok(line) => tally.add_step(&format!("{name}: {line}"), succeeded),
        Err(error) => tally.add_step(&format!("{name}: {error:#}"), false),
    }
    Ok(())
}

/// Returns what a soak checked, from the line of JSON it printed.
///
/// # Errors
/// There is no such line, it does not have a field, or a count is below its least.
fn checked(soak: &ShortSoak, output: &str) -> Result<String> {
    let reports = output.lines().rev().filter(|line| line.starts_with('{'));
    let report: Value = reports.flat_map(serde_json::from_str).next().context("it printed no report")?;
    let mut words = Vec::new();
    for &(what, fields, least) in soak.counts {
        let count = sum(&report, fields)?;
        ensure!(count >= least, "{count} {what}, which shows too little: {least} are the fewest");
        words.push(format!("{count} {what}"));
    }
    words.push(format!("{} violations", sum(&report, soak.violations)?));
    Ok(words.join(", "))
}

fn sum(report: &Value, fields: &[&str]) -> Result<u64> {
    let mut sum = 0;
    for field in fields {
        let (pointer, is_promise) =
            field.strip_prefix('!').map_or((*field, false), |pointer| (pointer, true));
        let found = report.pointer(pointer).with_context(|| format!("no {pointer} in {report}"))?;
        let count = match found {
            Value::Array(list) => Some(list.len() as u64),
            Value::Bool(is_kept) if is_promise => Some(u64::from(!is_kept)),
            number => number.as_u64(),
        };
        sum += count.with_context(|| format!("{pointer} is no count: {found}"))?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOAK: ShortSoak = ShortSoak {
        arguments: &["soak"],
        counts: &[("restarts", &["/stops", "/kills"], 2), ("orders", &["/counts/orders"], 5)],
        violations: &["/lost", "/problems"],
    };

    fn line(output: &str) -> Result<String> {
        checked(&SOAK, output)
    }

    #[test]
    fn a_soak_says_what_it_checked() {
        let output = "on its way\n{\"stops\":1,\"kills\":1,\"counts\":{\"orders\":9},\"lost\":1,\"problems\":[\"a\"]}\nfailed\n";
        assert_eq!(line(output).unwrap(), "2 restarts, 9 orders, 2 violations");
    }

    #[test]
    fn a_soak_that_checked_next_to_nothing_fails() {
        let error = line("{\"stops\":1,\"kills\":1,\"counts\":{\"orders\":4},\"lost\":0,\"problems\":[]}")
            .unwrap_err();
        assert!(error.to_string().starts_with("4 orders, which shows too little"), "{error}");
        assert!(line("{\"stops\":1}").unwrap_err().to_string().contains("/kills"));
        assert!(line("it died").is_err());
    }

    #[test]
    fn a_promise_that_is_not_kept_is_a_violation() {
        let promise = |text: &str| sum(&serde_json::from_str(text).unwrap(), &["!/equal"]);
        assert_eq!(promise("{\"equal\":true}").unwrap(), 0);
        assert_eq!(promise("{\"equal\":false}").unwrap(), 1);
        assert!(promise("{}").is_err());
    }
}
