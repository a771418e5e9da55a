//! Budgets descriptors: those that the journal, the snapshots and the history need are reserved before the first
//! connection is accepted.

use std::{fs, num::NonZeroUsize};

use anyhow::{Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{info, warn};

use super::operations;
use crate::{config::Config, grpc, http::ConnectionBudget};

/// Directory, lock and journal: the segment in use, the next one, their directory, and tools that read beside.
const JOURNAL: usize = 12;
/// A snapshot being read, another being written, and the journal replayed into it.
const SNAPSHOTS: usize = 12;
/// The history: a writer and readers with three files each, SQLite's sort files, and the querying threads.
const HISTORY: usize = 36;
/// Listeners, and the accepting thread.
const LISTENERS: usize = 8;
/// The event loop of a thread.
const LOOP: usize = 5;
/// The synthetic market's own side of its connections.
const FEED: usize = 24;
/// A reserve: name resolution, an operator's tools, the unforeseen.
const SPARE: usize = 16;
/// Sockets beyond the budget: of connections being refused.
const REFUSALS: usize = 16;
/// The fewest connections worth serving.
const CONNECTIONS_MIN: usize = 16;
/// How many are assumed to be open already when the system does not report it.
const OPEN_GUESS: usize = 16;

/// The descriptors of this process and their use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Descriptors {
    /// How many the process may open.
    limit: usize,
    /// How many are reserved for everything but connections.
    reserved: usize,
    /// What is left for connections.
    pub(super) budget: ConnectionBudget,
}

impl Descriptors {
    /// Raises the limit as far as this process may, and divides it.
    ///
    /// # Errors
    /// When it is too small to serve any client: names the number that is needed.
    pub(super) fn divide(config: &Config) -> Result<Self> {
        let limit = raise();
        let reserved = open_now() + needed_by(config);
        let (workers, has_grpc) = (config.server.worker_count(), config.is_grpc_on());
        let most = config.server.connections_max;
        match share(limit.saturating_sub(reserved), workers, has_grpc, most) {
            Some(budget) => Ok(Self { limit, reserved, budget }),
            None => {
                let least = (1..).find(|free| share(*free, workers, has_grpc, most).is_some());
                let needed = reserved + least.unwrap_or_default();
                bail!(
                    "this process may have {limit} files and connections open (RLIMIT_NOFILE) and needs {needed} at \
                     least: raise the hard limit (ulimit -Hn {needed}, LimitNOFILE= of systemd, --ulimit nofile= of a \
                     container), or have fewer [server] workers"
                );
            }
        }
    }

    /// Logs how they were divided.
    pub(super) fn log(&self, config: &Config) {
        let Self { limit, reserved, budget } = *self;
        info!(
            descriptors = limit,
            reserved,
            connections = budget.connections,
            grpc = budget.grpc,
            "descriptors divided"
        );
        let wanted = config.server.connections_max;
        if budget.connections < wanted {
            warn!(
                connections = budget.connections,
                wanted,
                "the limit of open files (RLIMIT_NOFILE) allows fewer connections than [server] connections-max"
            );
        }
    }
}

/// Returns how many connections the descriptors of this process would allow, at most `[server] connections-max`.
///
/// # Errors
/// They are too few to serve any client: names the number that is needed.
pub fn connections_possible(config: &Config) -> Result<usize> {
    Descriptors::divide(config).map(|descriptors| descriptors.budget.connections)
}

/// Raises the soft limit to the hard one and returns the result.
fn raise() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = current != maximum
        && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
            .inspect_err(|error| warn!(%error, "the limit of open files could not be raised"))
            .is_ok();
    let limit = if raised { maximum } else { current };
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

fn open_now() -> usize {
    fs::read_dir("/proc/self/fd").map_or(OPEN_GUESS, Iterator::count)
}

/// Returns what everything but connections needs, beyond the descriptors open before anything is started.
fn needed_by(config: &Config) -> usize {
    let threads = config.server.worker_count() + config.engine.arbiter_count() + 1;
    let when = |is_on: bool, needed: usize| if is_on { needed } else { 0 };
    JOURNAL
        + SNAPSHOTS
        + LISTENERS
        + SPARE
        + threads * LOOP
        + when(config.is_history_on(), HISTORY)
        + when(config.is_grpc_on(), LOOP)
        + when(config.server.operations_listen.is_some(), operations::SOCKETS + 2 * LOOP)
        + when(config.is_synthetic_feed_on(), FEED)
}

/// Divides the free descriptors among HTTP and gRPC; `None` when there are too few. `most` connections are enough; 0 is
/// no limit.
///
/// A socket exists before the server can check whether there is room for it, so that both servers have hard limits of
/// their own, which together never exceed the free descriptors.
fn share(free: usize, workers: usize, has_grpc: bool, most: usize) -> Option<ConnectionBudget> {
    let workers = NonZeroUsize::new(workers)?;
    let (grpc, waiting) = if has_grpc { (free / 5, grpc::WAITING_MAX) } else { (0, 0) };
    let http = (free - grpc).checked_sub(waiting)? / workers * workers.get();
    let connections = http.checked_sub(REFUSALS)?;
    if connections < CONNECTIONS_MIN {
        return None;
    }
    let connections = if most > 0 { connections.min(most) } else { connections };
    let sockets = (connections + REFUSALS).div_ceil(workers.get()) * workers.get();
    Some(ConnectionBudget { connections, grpc: grpc.min(connections), http_sockets: sockets.min(http) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_never_need_more_than_what_is_free() {
        for free in 0..3_000 {
            for workers in [1, 2, 3, 16, 64] {
                for (has_grpc, most) in [(true, 0), (false, 0), (true, 20_000), (true, 100)] {
                    let Some(budget) = share(free, workers, has_grpc, most) else { continue };
                    let ConnectionBudget { connections, grpc, http_sockets } = budget;
                    let waiting = if has_grpc { grpc::WAITING_MAX } else { 0 };
                    assert!(http_sockets + grpc + waiting <= free, "{free} {budget:?}");
                    assert!(connections + REFUSALS <= http_sockets, "{free} {budget:?}");
                    assert!(
                        connections >= CONNECTIONS_MIN && http_sockets % workers == 0,
                        "{free} {budget:?}"
                    );
                    assert!(most == 0 || connections <= most, "{free} {budget:?}");
                }
            }
        }
    }

    #[test]
    fn too_little_is_refused_and_what_is_enough_stays_enough() {
        for workers in [1, 7, 64] {
            let least = (1..).find(|free| share(*free, workers, true, 0).is_some()).unwrap();
            assert!((least..least + 500).all(|free| share(free, workers, true, 0).is_some()), "{workers}");
        }
        assert_eq!(share(31, 1, false, 0), None);
        let budget = ConnectionBudget { connections: 16, grpc: 0, http_sockets: 32 };
        assert_eq!(share(32, 1, false, 0), Some(budget));
    }
}
