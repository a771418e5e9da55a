//! The report of a crash soak.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Serialize;

use super::{
    model::Counts,
    violation::{Kind, Violation, count},
};

/// Times in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Times {
    /// How many were measured.
    pub count: usize,
    /// The one in the middle.
    pub median: f64,
    /// The longest.
    pub max: f64,
}

impl Times {
    pub(super) fn of(times: &mut [f64]) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |index: usize| times.get(index).copied().unwrap_or_default();
        Self { count: times.len(), median: at(times.len() / 2), max: at(times.len().saturating_sub(1)) }
    }
}

/// The report of a crash soak.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// How often the server was killed, or made to fail.
    pub kills: u64,
    /// How often of that while it was starting.
    pub kills_starting: u64,
    /// How often everything was compared.
    pub checks: u64,
    /// Injected faults that the checker detected.
    pub tamperings_found: u64,
    /// Disk faults the server ended by.
    pub faults_hit: u64,
    /// Disk faults that were never triggered.
    pub faults_missed: u64,
    /// The last log line of the server before a disk fault ended it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_log_line: String,
    /// What the clients saw.
    pub counts: Counts,
    /// Fills found and compared, each side of a trade on its own.
    pub fills: u64,
    /// From starting the process to its first acknowledgement.
    pub restarts: Times,
    /// The duration, in seconds.
    pub seconds: f64,
    /// Why it was not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// What was wrong.
    pub violations: Vec<Violation>,
    /// Lines of the clients' logs about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// Where everything is; removed when nothing was wrong.
    pub work: PathBuf,
}

impl Report {
    /// How often each promise was broken.
    pub fn found(&self) -> BTreeMap<Kind, usize> {
        count(&self.violations)
    }

    /// The report for a person.
    pub fn summary(&self) -> String {
        let counts = &self.counts;
        let per_kill = self.seconds * 1_000.0 / self.kills.max(1) as f64;
        let found = self.found();
        let of = |kinds: &[Kind]| kinds.iter().filter_map(|kind| found.get(kind)).sum::<usize>();
        let lost = of(&[Kind::LostAccount, Kind::LostOrder, Kind::LostCancel, Kind::LostFill]);
        let doubled = of(&[Kind::DoubledOrder, Kind::DoubledFill, Kind::NotIdempotent]);
        let orphaned = of(&[Kind::OrphanHold]);
        let mut text = format!(
            "seed {}: {} kills ({} while starting), {} checks, {:.1} s, {per_kill:.0} ms a kill\n\
             acknowledged: {} orders, {} cancels, {} amends, {} transfers; {} fills reported, {} public trades reported\n\
             compared: {} fills; refused: {}\n\
             unknown outcomes: {} (orders: {} exist, {} do not)\n\
             start to first acknowledgement: median {:.0} ms, max {:.0} ms, of {}\n\
             lost {lost}, doubled {doubled}, orphaned holds {orphaned}, violations {}",
            self.seed,
            self.kills,
            self.kills_starting,
            self.checks,
            self.seconds,
            counts.orders,
            counts.cancels,
            counts.amends,
            counts.transfers,
            counts.fills_reported,
            counts.trades_reported,
            self.fills,
            counts.refused,
            counts.unknown,
            counts.unknown_orders_found,
            counts.unknown_orders_absent,
            self.restarts.median,
            self.restarts.max,
            self.restarts.count,
            self.violations.len(),
        );
        if self.tamperings_found > 0 {
            text += &format!("\ntamperings found: {}", self.tamperings_found);
        }
        if self.faults_hit + self.faults_missed > 0 {
            let (hit, missed) = (self.faults_hit, self.faults_missed);
            text += &format!("\ndisk faults: {hit} ended the server, {missed} were never triggered");
            text += &format!("\nlast log line: {}", self.last_log_line);
        }
        text
    }
}
