//! `cargo xtask oracle-run`: random commands against the oracle and through the sharded simulation, on record.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    gates,
    output::say,
    process::{capture, command, root, run_json},
};

/// Commands of a recorded run.
const COMMANDS: u64 = 100_000_000;

/// The result of one oracle run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OracleRun {
    /// Commands compared with the oracle.
    pub oracle: u64,
    /// Commands through the sharded simulation.
    pub simulation: u64,
    /// The number of violations.
    pub violations: u64,
    /// The duration, in seconds.
    pub seconds: f64,
}

/// Reads the options and runs.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let mut commands = COMMANDS;
    let mut seed = 1;
    for pair in options.chunks(2) {
        match pair {
            ["--commands", value] => commands = value.parse().context("--commands takes a number")?,
            ["--seed", value] => seed = value.parse().context("--seed takes a number")?,
            other => bail!("unknown option {:?}", other.join(" ")),
        }
    }
    gates::build_release()?;
    let outcome = measure(&gates::release_lab(), commands, seed)?;
    let OracleRun { oracle, simulation, violations, seconds } = outcome;
    let cells = [seed, oracle, simulation, violations].map(|number| number.to_string());
    record(HEADING, HEAD, &cells, seconds)?;
    say!(
        "seed {seed}: {} commands against the oracle, {} through the simulation, {} violations, {:.0} s",
        outcome.oracle,
        outcome.simulation,
        outcome.violations,
        outcome.seconds
    );
    if outcome.violations > 0 {
        bail!("{} violations", outcome.violations);
    }
    Ok(())
}

/// Runs `commands` commands against the oracle and a tenth of that through the simulation.
pub(crate) fn measure(lab: &Path, commands: u64, seed: u64) -> Result<OracleRun> {
    let mut command = command(lab);
    command.args(["oracle-run", "--commands", &commands.to_string(), "--seed", &seed.to_string(), "--json"]);
    let line = run_json(&mut command)?;
    let number =
        |name: &str| line[name].as_u64().with_context(|| format!("the oracle run does not report {name}"));
    Ok(OracleRun {
        oracle: number("oracle_commands")?,
        simulation: number("simulation_commands")?,
        violations: number("violations")?,
        seconds: line["seconds"].as_f64().context("the oracle run does not report seconds")?,
    })
}

fn file() -> PathBuf {
    root().join("docs/soaks.md")
}

const HEADING: &str = "# Soaks\n";

const HEAD: &str = "\
# Soaks

Random commands against the slow oracle, and through the seeded simulation of many shards. Written by
`cargo xtask oracle-run`; the newest is last.

| commit | seed | oracle commands | simulation commands | violations | seconds |
|---|--:|--:|--:|--:|--:|
";

/// Adds a row to the table under a heading of `docs/oracle_runs.md`, or the table itself, with its head.
pub(crate) fn record(heading: &str, head: &str, cells: &[String], seconds: f64) -> Result<()> {
    let commit = capture(command("git").args(["rev-parse", "--short=12", "HEAD"])).unwrap_or_default();
    let is_clean =
        capture(command("git").args(["status", "--porcelain"])).is_some_and(|text| text.is_empty());
    let commit = if is_clean { commit } else { format!("{commit} + changes") };
    let row = format!("| {commit} | {} | {seconds:.0} |\n", cells.join(" | "));
    fs::create_dir_all(root().join("docs"))?;
    fs::write(file(), with_row(&text(), heading, head, &row)).context("docs/soaks.md")
}

fn with_row(text: &str, heading: &str, head: &str, row: &str) -> String {
    let Some(start) = text.find(heading) else {
        let gap = if text.is_empty() { "" } else { "\n" };
        return format!("{text}{gap}{head}{row}");
    };
    let end = start + section(text, heading).trim_end().len();
    format!("{}\n{row}{}", &text[..end], &text[end..].strip_prefix('\n').unwrap_or_default())
}

/// The recorded runs.
pub(crate) fn text() -> String {
    fs::read_to_string(file()).unwrap_or_default()
}

/// The part of a text from a heading to the next one.
pub(crate) fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let Some(start) = text.find(heading) else { return "" };
    let rest = &text[start..];
    let end = rest[heading.len()..].find("\n#").map_or(rest.len(), |end| heading.len() + end + 1);
    &rest[..end]
}

/// The most commands of a recorded run without a violation: against the oracle, and through the simulation.
pub(crate) fn on_record() -> (u64, u64) {
    best(section(&text(), HEADING))
}

fn best(text: &str) -> (u64, u64) {
    let mut best = (0, 0);
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let number = |index: usize| cells.get(index).and_then(|cell| cell.parse::<u64>().ok());
        if let (Some(oracle), Some(simulation), Some(0)) = (number(3), number(4), number(5)) {
            best = (best.0.max(oracle), best.1.max(simulation));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clean_runs_count() {
        let rows = format!(
            "{HEAD}| a | 1 | 500 | 50 | 0 | 3 |\n| b | 2 | 900 | 90 | 1 | 3 |\n| c | 3 | 40 | 60 | 0 | 3 |\n"
        );
        assert_eq!(best(&rows), (500, 60));
        assert_eq!(best(HEAD), (0, 0));
    }

    #[test]
    fn each_table_gets_its_own_rows() {
        let first = with_row("", HEADING, HEAD, "| a | 1 | 500 | 50 | 0 | 3 |\n");
        let both = with_row(&first, "## Other", "## Other\n\n| x |\n|---|\n", "| 900 |\n");
        let more = with_row(&both, HEADING, HEAD, "| b | 1 | 700 | 70 | 0 | 3 |\n");
        let more = with_row(&more, "## Other", "", "| 901 |\n");
        assert!(more.ends_with("| 70 | 0 | 3 |\n\n## Other\n\n| x |\n|---|\n| 900 |\n| 901 |\n"), "{more}");
        assert_eq!(best(section(&more, HEADING)), (700, 70));
    }
}
