//! The machine: its clock, its limits and its kernel's settings.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use super::finding::Finding;
use crate::{
    app::connections_possible,
    config::Config,
    journal::{Disk, RealDisk, segment},
};

/// Differences of clocks that mean nothing, in microseconds.
const SKEW_MAX: u64 = 2_000_000;
/// The connections the kernel may hold for a listener before they are accepted.
const BACKLOG: u64 = 128;

/// Checks the clock: whether something keeps it right, and whether the data are from its future.
pub(super) fn clock(config: &Config) -> Vec<Finding> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
    let mut findings = vec![judge_sync(is_synchronised())];
    findings.extend(newest_segment(&config.data.directory).map(|created| judge_stamp(created, now)));
    findings
}

/// Asks the system's own tool; `None` when there is none, or it cannot say.
fn is_synchronised() -> Option<bool> {
    let shown = Command::new("timedatectl").args(["show", "--property=NTPSynchronized", "--value"]).output();
    match shown.ok()?.stdout.trim_ascii() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}

fn judge_sync(is_synchronised: Option<bool>) -> Finding {
    let remedy = "run a time service, such as chrony or systemd-timesyncd: signed requests and candles depend on the time";
    match is_synchronised {
        Some(true) => Finding::ok("clock", "synchronised"),
        Some(false) => Finding::warning("clock", "not synchronised", remedy),
        None => Finding::warning("clock", "the system does not report whether it is synchronised", remedy),
    }
}

/// Returns when the newest segment of the journal was created, in microseconds since 1970.
fn newest_segment(directory: &Path) -> Option<u64> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::read_only(directory));
    let newest = segment::list(&disk).ok()?.into_iter().max()?;
    Some(segment::read_header(&disk, newest).ok()?.created)
}

fn judge_stamp(created: u64, now: u64) -> Finding {
    match created.saturating_sub(now) {
        0..=SKEW_MAX => Finding::ok("clock", "the newest data are from before now"),
        ahead => Finding::error(
            "clock",
            format!("the newest data were stamped {} s after now", ahead / 1_000_000),
            "set this clock if it is the wrong one; else expect stamps ahead of it until it has passed them",
        ),
    }
}

/// Checks how many connections the limit of open files allows.
pub(super) fn descriptors(config: &Config) -> Finding {
    judge_descriptors(
        connections_possible(config).map_err(|error| format!("{error:#}")),
        config.server.connections_max,
    )
}

fn judge_descriptors(possible: Result<usize, String>, wanted: usize) -> Finding {
    const CHECK: &str = "descriptors";
    match possible {
        Ok(possible) if possible < wanted => Finding::warning(
            CHECK,
            format!("enough for {possible} connections, and [server] connections-max is {wanted}"),
            "raise the hard limit of open files (LimitNOFILE= of systemd, --ulimit nofile= of a container)",
        ),
        Ok(possible) => Finding::ok(CHECK, format!("enough for {possible} connections")),
        Err(error) => Finding::error(CHECK, error, "the exchange does not start so"),
    }
}

/// Checks the kernel's bound of connections that wait to be accepted.
pub(super) fn backlog() -> Option<Finding> {
    let text = fs::read_to_string("/proc/sys/net/core/somaxconn").ok()?;
    Some(judge_backlog(text.trim().parse().ok()?))
}

fn judge_backlog(somaxconn: u64) -> Finding {
    let found = format!("net.core.somaxconn is {somaxconn}");
    match somaxconn < BACKLOG {
        true => Finding::warning(
            "backlog",
            found,
            format!("set it to {BACKLOG} or more: bursts of new connections are dropped"),
        ),
        false => Finding::ok("backlog", found),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict::{Error, Ok as Fine, Warning};
    use super::*;

    #[test]
    fn a_clock_is_kept_right_or_not() {
        let verdicts = [Some(true), Some(false), None].map(|known| judge_sync(known).verdict);
        assert_eq!(verdicts, [Fine, Warning, Warning]);
    }

    #[test]
    fn data_from_the_future_are_an_error() {
        let now = 1_700_000_000_000_000;
        let verdicts =
            [now - 1, now + SKEW_MAX, now + 60_000_000].map(|stamp| judge_stamp(stamp, now).verdict);
        assert_eq!(verdicts, [Fine, Fine, Error]);
    }

    #[test]
    fn descriptors_suffice_are_few_or_too_few() {
        let verdicts = [Ok(20_000), Ok(700), Err("needs 164 at least".to_owned())]
            .map(|possible| judge_descriptors(possible, 20_000).verdict);
        assert_eq!(verdicts, [Fine, Warning, Error]);
        assert_eq!(judge_descriptors(Ok(700), 0).verdict, Fine, "as many as there are");
    }

    #[test]
    fn a_small_backlog_is_a_warning() {
        assert_eq!([16, 128, 4_096].map(|bound| judge_backlog(bound).verdict), [Warning, Fine, Fine]);
        assert!(backlog().is_some());
    }
}
