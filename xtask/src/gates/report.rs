//! Figures with their bars, and the list of them a gate prints.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::lab;
use crate::output::say;

/// How thorough a measurement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// As long as it takes.
    Full,
    /// A few minutes.
    Quick,
    /// Only that every command runs and prints its figures: bars are not judged. What CI runs.
    Smoke,
}

impl Effort {
    /// Returns the choice that belongs to this effort.
    pub(crate) fn choose<T>(self, full: T, quick: T, smoke: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
            Self::Smoke => smoke,
        }
    }
}

/// The bar of a figure.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// Less than this.
    Below(f64),
}

impl Bar {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bar) => value >= bar,
            Self::AtMost(bar) => value <= bar,
            Self::Below(bar) => value < bar,
        }
    }
}

impl std::fmt::Display for Bar {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(bar) => write!(formatter, ">= {bar}"),
            Self::AtMost(bar) => write!(formatter, "<= {bar}"),
            Self::Below(bar) => write!(formatter, "< {bar}"),
        }
    }
}

/// The figures so far.
#[derive(Debug)]
pub(crate) struct Report {
    effort: Effort,
    lines: Vec<String>,
    held: u64,
    missed: u64,
}

impl Report {
    /// Starts an empty report.
    pub(crate) const fn new(effort: Effort) -> Self {
        Self { effort, lines: Vec::new(), held: 0, missed: 0 }
    }

    /// How thorough its measurements are.
    pub(crate) const fn effort(&self) -> Effort {
        self.effort
    }

    /// The laboratory that measures.
    pub(crate) fn lab(&self) -> PathBuf {
        lab(self.effort)
    }

    /// Returns how many figures hold.
    pub(crate) const fn held(&self) -> u64 {
        self.held
    }

    /// Returns how many figures miss their bar or could not be measured.
    pub(crate) const fn missed(&self) -> u64 {
        self.missed
    }

    /// Adds a figure of speed or size; one that could not be measured misses its bar. A smoke run only asks for a number.
    pub(crate) fn figure(&mut self, name: &str, bar: Bar, unit: &str, value: Result<f64>) {
        let judged = self.effort != Effort::Smoke;
        self.judge(name, bar, unit, value, judged);
    }

    /// Adds a count of failures or of coverage, whose bar holds for every effort.
    pub(crate) fn promise(&mut self, name: &str, bar: Bar, unit: &str, value: Result<f64>) {
        self.judge(name, bar, unit, value, true);
    }

    fn judge(&mut self, name: &str, bar: Bar, unit: &str, value: Result<f64>, judged: bool) {
        let (verdict, value) = match value {
            Ok(value) if !judged && value.is_finite() => ("ran ", format!("{value:.3}")),
            Ok(value) if bar.holds(value) => ("ok  ", format!("{value:.3}")),
            Ok(value) => ("MISS", format!("{value:.3}")),
            Err(error) => ("MISS", format!("{error:#}")),
        };
        *if verdict == "MISS" { &mut self.missed } else { &mut self.held } += 1;
        self.add(format!("{verdict}  {name:<44} {value:>12} {unit:<10} {bar}"));
    }

    /// Adds a figure without a bar.
    pub(crate) fn information(&mut self, name: &str, unit: &str, value: Result<f64>) {
        let value = value.map_or_else(|error| format!("{error:#}"), |value| format!("{value:.3}"));
        self.add(format!("      {name:<44} {value:>12} {unit}"));
    }

    /// Adds a line about the machine.
    pub(crate) fn remark(&mut self, line: &str) {
        self.add(format!("      {line}"));
    }

    fn add(&mut self, line: String) {
        say!("{line}");
        self.lines.push(line);
    }

    /// Prints all figures again.
    ///
    /// # Errors
    /// One missed its bar.
    pub(crate) fn finish(self) -> Result<()> {
        say!("\n{}", self.lines.join("\n"));
        if self.missed > 0 {
            bail!("{} of the figures miss their bar", self.missed);
        }
        say!("\nall bars hold");
        Ok(())
    }
}

/// An error that is needed more than once.
pub(crate) fn same(error: &anyhow::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

/// Reads a number of a line of JSON that may not be there.
pub(crate) fn read(line: &Result<Value>, pointer: &str) -> Result<f64> {
    match line {
        Ok(line) => number(line, pointer),
        Err(error) => Err(same(error)),
    }
}

/// Reads a number of a line of JSON.
pub(crate) fn number(line: &Value, pointer: &str) -> Result<f64> {
    line.pointer(pointer).and_then(Value::as_f64).with_context(|| format!("no {pointer} in {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smoke_run_judges_promises_and_only_requires_figures_to_exist() {
        let mut report = Report::new(Effort::Smoke);
        report.figure("slow", Bar::AtLeast(100.0), "", Ok(1.0));
        assert_eq!((report.held(), report.missed()), (1, 0));
        report.figure("absent", Bar::AtLeast(100.0), "", Err(anyhow::anyhow!("it does not run")));
        report.figure("not a number", Bar::AtLeast(100.0), "", Ok(f64::NAN));
        report.promise("lost", Bar::AtMost(0.0), "", Ok(1.0));
        assert_eq!((report.held(), report.missed()), (1, 3));
        assert!(report.finish().is_err());
    }

    #[test]
    fn a_quick_run_judges_both() {
        let mut report = Report::new(Effort::Quick);
        report.figure("slow", Bar::AtLeast(100.0), "", Ok(1.0));
        report.promise("lost", Bar::AtMost(0.0), "", Ok(0.0));
        assert_eq!((report.held(), report.missed()), (1, 1));
    }
}
