//! Damage to the disk of the simulated exchange, on every core: operations that fail, torn tails, flipped bits.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use lightning_exchange::journal::sim::Fault;
use serde::Serialize;

use super::{complain, simulate::each_seed};
use crate::sim::{
    self, CrashCourse, Violation,
    damage::{Noticed, TORN, Victim},
};

/// Each of the first operations fails, in each of these ways.
const OPERATIONS: u64 = 200;
const FAULTS: [Fault; 4] = [Fault::Eio, Fault::Enospc, Fault::ShortWrite, Fault::Halt];

/// How many bits are flipped.
const FLIPS: u64 = 10_000;

/// The result of a damage run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Runs in which one operation failed.
    pub failed_operations: u64,
    /// Those in which the writer saw it fail.
    pub failures_seen: u64,
    /// Offsets a tail was torn at.
    pub torn: u64,
    /// Bits flipped.
    pub flips: u64,
    /// Flips after which recovery refused the directory.
    pub refused: u64,
    /// Flips after which recovery fell back to the older snapshot.
    pub passed_over: u64,
    /// Flips in what recovery did not need, found by verifying everything.
    pub verified: u64,
    /// The number of violations.
    pub violations: u64,
    /// The duration, in seconds.
    pub seconds: f64,
}

/// Runs all of it, or one in `share`. Violations are printed.
pub fn run(seed: u64, share: u64) -> Report {
    let started = Instant::now();
    let violations = AtomicU64::new(0);
    let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
    let wrong = |violation: Violation| {
        count(&violations);
        complain(violation);
    };
    let seen = AtomicU64::new(0);
    let failed_operations = each_seed(0, OPERATIONS * FAULTS.len() as u64 / share, |number| {
        let operation = number * share / FAULTS.len() as u64;
        let fault = FAULTS[((number * share + operation) % FAULTS.len() as u64) as usize];
        let course = CrashCourse { commands: 120, crashes: 1, fault: Some((operation, fault)) };
        match sim::crashes(seed.wrapping_add(operation), course) {
            Ok(stats) => drop(seen.fetch_add(stats.disk_faults.min(1), Ordering::Relaxed)),
            Err(violation) => wrong(violation),
        }
    });
    let mut report =
        Report { seed, failed_operations, failures_seen: seen.into_inner(), ..Report::default() };
    match Victim::to_tear(seed) {
        Ok(victim) => {
            report.torn = each_seed(0, TORN / share, |number| {
                victim.tear(number * share).unwrap_or_else(&wrong);
            });
        }
        Err(violation) => wrong(violation),
    }
    let [refused, passed_over, verified] = [const { AtomicU64::new(0) }; 3];
    match Victim::to_rot(seed) {
        Ok(victim) => {
            report.flips = each_seed(0, FLIPS / share, |number| {
                match victim.rot(number) {
                    Ok(Noticed::Refused) => count(&refused),
                    Ok(Noticed::PassedOver) => count(&passed_over),
                    Ok(Noticed::Verified) => count(&verified),
                    Err(violation) => {
                        wrong(violation);
                        0
                    }
                };
            });
        }
        Err(violation) => wrong(violation),
    }
    Report {
        refused: refused.into_inner(),
        passed_over: passed_over.into_inner(),
        verified: verified.into_inner(),
        violations: violations.into_inner(),
        seconds: started.elapsed().as_secs_f64(),
        ..report
    }
}
