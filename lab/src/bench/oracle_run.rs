//! Random commands against the oracle and through the sharded simulation, seed after seed, on every core.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use lightning_exchange::domain::testing::oracle::compare;
use serde::Serialize;

use super::{complain, simulate::each_seed};
use crate::sim;

/// Commands of one seed: short runs from many seeds reach more corners than one long one.
const ORACLE_COMMANDS_PER_SEED: u64 = 100_000;
const SIMULATION_COMMANDS_PER_SEED: u64 = 20_000;

/// The result of an oracle run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The first seed of both.
    pub seed: u64,
    /// Commands compared with the oracle.
    pub oracle_commands: u64,
    /// Commands through the simulation.
    pub simulation_commands: u64,
    /// The number of violations.
    pub violations: u64,
    /// The duration, in seconds.
    pub seconds: f64,
}

/// Runs about `commands` commands against the oracle and a tenth of that through the simulation. What goes wrong
/// is printed with the seed that reproduces it.
pub fn run(commands: u64, seed: u64) -> Report {
    let started = Instant::now();
    let violations = AtomicU64::new(0);
    let oracle = each_seed(seed, commands.div_ceil(ORACLE_COMMANDS_PER_SEED), |seed| {
        if let Err(what) = compare::run(seed, ORACLE_COMMANDS_PER_SEED) {
            violations.fetch_add(1, Ordering::Relaxed);
            complain(format_args!("oracle, seed {seed}: {what}"));
        }
    });
    let simulation = each_seed(seed, (commands / 10).div_ceil(SIMULATION_COMMANDS_PER_SEED), |seed| {
        if let Err(what) = sim::run(seed, SIMULATION_COMMANDS_PER_SEED) {
            violations.fetch_add(1, Ordering::Relaxed);
            complain(format_args!("simulation, seed {seed}: {what}"));
        }
    });
    Report {
        seed,
        oracle_commands: oracle * ORACLE_COMMANDS_PER_SEED,
        simulation_commands: simulation * SIMULATION_COMMANDS_PER_SEED,
        violations: violations.into_inner(),
        seconds: started.elapsed().as_secs_f64(),
    }
}
