//! Crashes of the simulated exchange, seed after seed, on every core.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use serde::Serialize;

use super::complain;
use crate::sim::{self, CrashCourse, CrashStats, Violation};

/// The size of a run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The first seed.
    pub seed: u64,
    /// Total commands of all seeds, at least.
    pub steps: u64,
    /// Commands of one seed.
    pub commands: u64,
    /// About how many crashes each seed has; with none no journal is kept.
    pub crashes: u64,
}

/// The result of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The first seed.
    pub seed: u64,
    /// What was played; of a seed that broke a rule only that it was.
    #[serde(flatten)]
    pub stats: CrashStats,
    /// What went wrong.
    pub violations: u64,
    /// The seeds that reproduce the violations, at most ten.
    pub violating_seeds: Vec<u64>,
    /// The duration, in seconds.
    pub seconds: f64,
}

/// Plays seeds from the first on until `steps` commands were sent. Violations are printed with the seed that
/// reproduces them.
pub fn run(plan: Plan) -> Report {
    let count = plan.steps.div_ceil(plan.commands.max(1)).max(1);
    play(plan, count)
}

/// Plays one seed exactly as a run does.
pub fn one(plan: Plan) -> Report {
    play(plan, 1)
}

fn play(plan: Plan, count: u64) -> Report {
    let started = Instant::now();
    let total = Mutex::new((CrashStats::default(), BTreeMap::new()));
    each_seed(plan.seed, count, |seed| {
        let played = episode(seed, plan);
        let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
        match played {
            Ok(stats) => total.0 = total.0.plus(stats),
            Err(violation) => {
                complain(violation);
                total.1.insert(seed, ());
            }
        }
    });
    let (stats, violations) = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    Report {
        seed: plan.seed,
        stats: CrashStats { seeds: count, ..stats },
        violations: violations.len() as u64,
        violating_seeds: violations.into_keys().take(10).collect(),
        seconds: started.elapsed().as_secs_f64(),
    }
}

fn episode(seed: u64, plan: Plan) -> Result<CrashStats, Violation> {
    if plan.crashes > 0 {
        let course = CrashCourse { commands: plan.commands, crashes: plan.crashes, fault: None };
        return sim::crashes(seed, course);
    }
    let played = sim::episode(seed, plan.commands, sim::Course::Shuffled)?;
    Ok(CrashStats { seeds: 1, commands: played.commands, digest: played.digest, ..CrashStats::default() })
}

/// Runs `count` seeds from `first` on, on every core; returns how many.
pub(super) fn each_seed(first: u64, count: u64, run: impl Fn(u64) + Sync) -> u64 {
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        return;
                    }
                    run(first.wrapping_add(index));
                }
            });
        }
    });
    count
}
