//! Activates one mutant at a time and lets the checks search for it: a check proves its worth by its findings.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::mpsc,
    thread,
    time::Duration,
};

use lightning_exchange::domain::testing::{
    mutants::{Mutant, activate},
    oracle::compare,
};

use super::{
    crash::{CrashCourse, crashes},
    episode::{Course, episode},
    nth_seed,
};

/// After how many commands of each check the search is given up.
pub const COMMANDS_MAX: u64 = 400_000;
/// How many commands one seed is played for: most bugs show early, if the seed suits them.
const COMMANDS_PER_SEED: u64 = 1_000;
/// How many seeds are played with crashes, and how.
const CRASH_SEEDS: u64 = 400;
const CRASH_COURSE: CrashCourse = CrashCourse { commands: 120, crashes: 20, fault: None };

/// How a bug was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// By which check.
    pub by: &'static str,
    /// With which seed.
    pub seed: u64,
    /// After how many commands of that check.
    pub commands: u64,
    /// What it saw.
    pub text: String,
}

thread_local! {
    static IS_HUNTING: Cell<bool> = const { Cell::new(false) };
}

/// How long one seed may take before it counts as never ending: it takes milliseconds.
const SEED_TIMEOUT: Duration = Duration::from_secs(10);

/// Looks for a bug with the simulation and then with the slow book; `None` activates none. A run that does not
/// end is a find; its thread is left behind.
pub fn hunt(mutant: Option<Mutant>) -> Option<Found> {
    let (sender, receiver) = mpsc::channel();
    let hunter = thread::spawn(move || {
        activate(mutant);
        IS_HUNTING.set(true);
        for (by, seed, commands) in seeds(mutant) {
            if sender.send((by, seed, commands, None)).is_err() {
                return;
            }
            if let Some(text) = look(by, seed) {
                let _ = sender.send((by, seed, commands, Some(text))); // the receiver has given up: the result is not needed
                return;
            }
        }
    });
    let mut last = None;
    loop {
        match receiver.recv_timeout(SEED_TIMEOUT) {
            Ok((by, seed, commands, Some(text))) => return Some(Found { by, seed, commands, text }),
            Ok((by, seed, commands, None)) => last = Some((by, seed, commands)),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let (by, seed, commands) = last?;
                return Some(Found { by, seed, commands, text: "it does not end".to_owned() });
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let _ = hunter.join();
                return None;
            }
        }
    }
}

const CRASHES: &str = "crashes";
const SIMULATION: &str = "simulation";
const SLOW_BOOK: &str = "slow book";

/// What only a crash shows is looked for with crashes alone; without a mutant, everything is tried.
fn seeds(mutant: Option<Mutant>) -> impl Iterator<Item = (&'static str, u64, u64)> {
    let is_of_durability = mutant.is_some_and(Mutant::is_of_durability);
    let crashes = if mutant.is_none() || is_of_durability { CRASH_SEEDS } else { 0 };
    let crash = |index| (CRASHES, nth_seed(0, index), (index + 1) * CRASH_COURSE.commands);
    let others = if is_of_durability { 0 } else { COMMANDS_MAX / COMMANDS_PER_SEED };
    let of = move |by| {
        let each = |index| (nth_seed(0, index), (index + 1) * COMMANDS_PER_SEED);
        (0..others).map(each).map(move |(seed, commands)| (by, seed, commands))
    };
    (0..crashes).map(crash).chain(of(SIMULATION)).chain(of(SLOW_BOOK))
}

/// Plays one seed and returns what is wrong, if anything is.
fn look(by: &str, seed: u64) -> Option<String> {
    let played = panic::catch_unwind(AssertUnwindSafe(|| {
        if by == CRASHES {
            crashes(seed, CRASH_COURSE).map(|_| ()).map_err(|violation| violation.to_string())
        } else if by == SIMULATION {
            let played = episode(seed, COMMANDS_PER_SEED, Course::Shuffled);
            played.map(|_| ()).map_err(|violation| violation.to_string())
        } else {
            compare::run(seed, COMMANDS_PER_SEED).map(|_| ())
        }
    }));
    match played {
        Ok(result) => result.err(),
        Err(_) => Some("a panic".to_owned()),
    }
}

/// Looks for every mutant in turn.
pub fn hunt_all() -> Vec<(Mutant, Option<Found>)> {
    let default_hook = panic::take_hook();
    // A panic is one way to find a mutant, so it is not printed.
    panic::set_hook(Box::new(move |info| {
        if !IS_HUNTING.get() {
            default_hook(info);
        }
    }));
    Mutant::ALL.into_iter().map(|mutant| (mutant, hunt(Some(mutant)))).collect()
}
