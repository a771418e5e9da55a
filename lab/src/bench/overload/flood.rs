//! Many connections that send orders faster than the exchange can handle them, and count what becomes of each.

use std::{cell::RefCell, ops::Range, rc::Rc, time::Duration};

use anyhow::Result;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::super::{
    caller::Caller,
    venue::{Market, Order, Venue},
};

/// How many connections are opened at once.
const AT_ONCE: usize = 64;

/// Who sends how much where.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) connections: usize,
    /// Orders due in a second, all connections together; a connection that is late sends its next order at once. None: every
    /// connection is always late.
    pub(super) per_second: Option<f64>,
    pub(super) duration: Duration,
    pub(super) accounts: Range<usize>,
    pub(super) market: Market,
}

/// What became of the orders.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How long each accepted order took, from its sending.
    pub(super) accepted: Vec<Duration>,
    /// Refused with 503 or 429 and `Retry-After`.
    pub(super) refused: u64,
    /// Answered in any other way, or not at all.
    pub(super) other: u64,
    /// The first of those answers.
    pub(super) example: Option<String>,
    pub(super) seconds: f64,
}

impl Outcome {
    /// Accepted orders a second.
    pub(super) fn accepted_per_second(&self) -> f64 {
        self.accepted.len() as f64 / self.seconds
    }

    /// Orders of any outcome.
    pub(super) fn sent(&self) -> u64 {
        self.accepted.len() as u64 + self.refused + self.other
    }
}

/// Sends the load and waits for its last answers.
pub(super) async fn flood(venue: &Rc<Venue>, load: &Load) -> Result<Outcome> {
    let mut callers = Vec::with_capacity(load.connections);
    while callers.len() < load.connections {
        let next = AT_ONCE.min(load.connections - callers.len());
        let opening = (0..next).map(|_| Caller::open(venue.address(), None));
        for opened in futures_util::future::join_all(opening).await {
            callers.push(opened?);
        }
    }
    let outcome: Rc<RefCell<Outcome>> = Rc::default();
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for (index, caller) in callers.into_iter().enumerate() {
        let sender =
            Sender { venue: Rc::clone(venue), outcome: Rc::clone(&outcome), load: load.clone(), index };
        tasks.spawn_local(sender.run(caller, started));
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let seconds = started.elapsed().as_secs_f64();
    let mut outcome = outcome.take();
    outcome.seconds = seconds;
    Ok(outcome)
}

/// One connection.
struct Sender {
    venue: Rc<Venue>,
    outcome: Rc<RefCell<Outcome>>,
    load: Load,
    index: usize,
}

impl Sender {
    async fn run(self, mut caller: Caller, started: Instant) -> Result<()> {
        let Load { connections, per_second, duration, ref accounts, market } = self.load;
        let pace = per_second
            .map_or(Duration::ZERO, |rate| Duration::from_secs_f64(connections as f64 / rate.max(1.0)));
        // Spread over the pace, or all would come at once.
        let first = started + pace.mul_f64(self.index as f64 / connections as f64);
        for number in 0_u32.. {
            let due = first + pace * number;
            if due > Instant::now() {
                sleep_until(due).await;
            }
            if started.elapsed() >= duration {
                break;
            }
            let turn = self.index + number as usize;
            let order = if turn.is_multiple_of(2) { Order::Buy } else { Order::Sell };
            let account = accounts.start + turn / 2 % accounts.len();
            let request = self.venue.place(account, market, order, None)?;
            let sent = Instant::now();
            let reply = caller.call(&request).await;
            let took = sent.elapsed();
            let other = match reply {
                Ok(reply) if reply.status == 200 => {
                    self.outcome.borrow_mut().accepted.push(took);
                    continue;
                }
                Ok(reply) if matches!(reply.status, 503 | 429) && reply.has_retry_after => {
                    self.outcome.borrow_mut().refused += 1;
                    continue;
                }
                Ok(_) => format!("order {number} of its connection, after {took:.0?}: {}", caller.text()),
                Err(error) => {
                    caller = Caller::open(self.venue.address(), None).await?;
                    format!("order {number} of its connection, after {took:.0?}: {error:#}")
                }
            };
            let mut outcome = self.outcome.borrow_mut();
            outcome.other += 1;
            outcome.example.get_or_insert(other);
        }
        Ok(())
    }
}
