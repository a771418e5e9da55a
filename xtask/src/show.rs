//! A figure with its bar, and the list of them a show prints.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How thorough a measurement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// As long as it takes.
    Full,
    /// A few minutes: what CI runs.
    Quick,
}

impl Effort {
    /// Returns the one that is meant.
    pub(crate) fn choose<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

/// What a figure must be.
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
#[derive(Debug, Default)]
pub(crate) struct Show {
    lines: Vec<String>,
    missed: usize,
}

impl Show {
    /// Adds a figure; one that could not be measured misses its bar.
    pub(crate) fn figure(&mut self, name: &str, bar: Bar, unit: &str, value: Result<f64>) {
        let (verdict, value) = match value {
            Ok(value) if bar.holds(value) => ("ok  ", format!("{value:.3}")),
            Ok(value) => ("MISS", format!("{value:.3}")),
            Err(error) => ("MISS", format!("{error:#}")),
        };
        if verdict == "MISS" {
            self.missed += 1;
        }
        self.add(format!("{verdict}  {name:<44} {value:>12} {unit:<10} {bar}"));
    }

    /// Adds a figure without a bar.
    pub(crate) fn information(&mut self, name: &str, unit: &str, value: Result<f64>) {
        let value = value.map_or_else(|error| format!("{error:#}"), |value| format!("{value:.3}"));
        self.add(format!("      {name:<44} {value:>12} {unit}"));
    }

    fn add(&mut self, line: String) {
        println!("{line}");
        self.lines.push(line);
    }

    /// Prints all of them again, and fails if one missed its bar.
    pub(crate) fn finish(self) -> Result<()> {
        println!("\n{}", self.lines.join("\n"));
        if self.missed > 0 {
            bail!("{} of the figures miss their bar", self.missed);
        }
        println!("\nall bars hold");
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
