//! A seeded simulation of the whole exchange on one thread: account slots, symbol slots, mailboxes between them,
//! a clock, and clients that aim at collisions. Nothing here knows an actor, a real clock or real randomness, so
//! a seed is all it takes to see a run again.
//!
//! [`World`] is the exchange; [`episode`] plays one seed on it; [`run`] plays as many as it takes. What is
//! judged: every message and answer as it passes (`auditor`, `track`, `public_trades`, `stream`) and the whole, now and
//! then under way and in full at rest (`check`).

mod admission;
mod auditor;
mod check;
mod contingent_orders;
mod counts;
mod crash;
pub mod damage;
mod episode;
mod flow;
mod generator;
mod harness;
#[cfg(feature = "mutants")]
pub mod mutants;
mod public_trades;
mod stream;
mod swarm;
mod track;
mod world;

pub use counts::Counts;
pub use crash::{CrashCourse, CrashStats, crashes};
pub use episode::{COMMANDS, Course, Stats, Violation, episode};
pub use flow::{Flow, flow};
pub use generator::Generator;
pub use harness::Harness;
pub use swarm::{Features, Setup};
pub use world::{Answered, World};

use lightning_exchange::domain::types::hash::mix64;

/// Plays seeds made from `seed` until `commands` commands were given.
///
/// # Errors
/// The first violated rule; [`episode`] with its seed reproduces it.
pub fn run(seed: u64, commands: u64) -> Result<Stats, Violation> {
    let mut total = Stats::default();
    while total.commands < commands {
        let length = COMMANDS.min(commands - total.commands);
        total = total.plus(episode(nth_seed(seed, total.episodes), length, Course::Shuffled)?);
    }
    Ok(total)
}

/// Returns the seed of the `index`-th episode of a run.
pub const fn nth_seed(seed: u64, index: u64) -> u64 {
    mix64(mix64(seed).wrapping_add(index))
}
