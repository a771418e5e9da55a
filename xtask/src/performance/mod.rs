//! `cargo xtask performance`: measures the curves, overload and consumers, keeps what was measured beside `docs/performance.md`, and
//! writes that page from it.

mod calculation;
mod chart;
mod machine;
mod page;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{
    gates::{
        self,
        growth::{AXES, consumers, curve, overload},
        report::Effort,
    },
    output::say,
    process::{capture, command, root, run_json_lines},
};

/// Reads the options, measures unless `--render` is among them, and writes the page.
///
/// # Errors
/// A bench fails, or nothing has been measured yet.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    match options {
        [] => measure(Effort::Full)?,
        ["--quick"] => measure(Effort::Quick)?,
        ["--render"] => {}
        other => bail!("unknown option {:?}: the options are --quick and --render", other.join(" ")),
    }
    let files = page::render(&record()?)?;
    for (name, text) in &files {
        fs::write(root().join("docs").join(name), text).with_context(|| format!("docs/{name}"))?;
    }
    say!("wrote docs/performance.md and its pictures");
    Ok(())
}

/// Where what was measured is kept.
fn file() -> PathBuf {
    root().join("docs/performance/measured.json")
}

fn record() -> Result<Value> {
    let text = fs::read_to_string(file()).context("docs/performance/measured.json")?;
    Ok(serde_json::from_str(&text)?)
}

/// Runs everything and keeps it.
fn measure(effort: Effort) -> Result<()> {
    gates::build_release()?;
    let lab = gates::lab(effort);
    let run = |arguments: &[&str]| -> Result<Value> {
        let lines = run_json_lines(command(&lab).args(arguments))?;
        Ok(json!({"command": format!("cargo xtask lab {}", arguments.join(" ")), "lines": lines}))
    };
    let machine = machine::describe()?;
    let mut curves = Vec::new();
    for axis in AXES {
        curves.push(run(&curve(axis, effort))?);
    }
    let record = json!({
        "form": effort.choose("full", "quick", "smoke"),
        "commit": capture(command("git").args(["rev-parse", "--short=12", "HEAD"])),
        "machine": machine,
        "order": run(&order(effort))?,
        "curves": curves,
        "overload": run(&overload(effort))?,
        "consumers": run(&consumers(effort))?,
    });
    fs::create_dir_all(root().join("docs/performance"))?;
    fs::write(file(), serde_json::to_string_pretty(&record)? + "\n").context("docs/performance/measured.json")
}

/// The arguments that measure the CPU time of a signed order.
fn order(effort: Effort) -> [&'static str; 7] {
    let (runs, orders) = effort.choose(("5", "100000"), ("1", "20000"), ("1", "4000"));
    ["bench", "http", "--runs", runs, "--orders", orders, "--json"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_was_measured() {
        let files = page::render(&record().unwrap()).unwrap();
        assert_eq!(files.len(), 1 + AXES.len());
        for (name, text) in files {
            let written = fs::read_to_string(root().join("docs").join(&name)).unwrap_or_default();
            assert!(written == text, "docs/{name} is not what `cargo xtask performance --render` writes");
        }
    }
}
