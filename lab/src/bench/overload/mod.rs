//! Ten times the load an exchange sustains: what is accepted stays quick, the rest is refused with a time to come back, cancels
//! and the other markets are served, memory is bounded, and the exchange recovers at once.
//!
//! The load comes from connections with one order in flight each, whose next order is due long before the last is answered. They
//! ignore `Retry-After`, so a refusal is followed by the next order at once.

mod flood;
mod probe;

use std::{
    cell::Cell,
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tokio::{
    task::{LocalSet, spawn_local},
    time::sleep,
};

use self::{
    flood::{Load, Outcome, flood},
    probe::{Noticed, PACE, Prober},
};
use super::{
    finding::Finding,
    latency::Latency,
    venue::{HOT, QUIET, Venue},
};

/// Accounts that flood; those after them are others.
const FLOODERS: usize = 64;
/// The account that cancels in the flooded market, the one in the other market, and one beside a hot account: none shares a shard with
/// the hot account.
const CANCELLER: usize = FLOODERS;
const QUIET_ACCOUNT: usize = FLOODERS + 1;
const NEIGHBOUR: usize = FLOODERS + 2;
const ACCOUNTS: usize = FLOODERS + 3;
/// Connections of the load that is sustained.
const SUSTAINED: usize = 32;
/// The bars.
const ACCEPTED_P99_MS: f64 = 250.0;
const RECOVERY_SECONDS: f64 = 5.0;
/// What a connection may cost in memory while it is served, and what all else may.
const BYTES_PER_CONNECTION: f64 = 64.0 * 1_024.0;
const BYTES: f64 = 256.0 * 1_024.0 * 1_024.0;
/// When the exchange is as quick as before: a p99 this much above the one before, or half as much again.
const RECOVERED_MS: f64 = 2.0;
const RECOVERED_RATIO: f64 = 1.5;
/// Probes of one look at the recovery, orders and cancels.
const LOOK: usize = 10;

/// How much, for how long.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// How long the flood lasts, in seconds.
    pub seconds: u64,
    /// Its connections.
    pub connections: usize,
    /// How many of its orders a symbol shard admits at once.
    pub in_flight: usize,
    /// The exchange.
    pub program: &'a Path,
}

/// Floods an exchange.
///
/// # Errors
/// The exchange does not start, or ends.
pub fn run(options: &Options<'_>) -> Result<Vec<Finding>> {
    ensure!(options.seconds > 0 && options.connections > 0, "nothing to send");
    let settings = format!("[engine]\nsymbol-commands-in-flight = {}\n", options.in_flight);
    let venue = Rc::new(Venue::start_with(options.program, ACCOUNTS, "fsync", &settings)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, measure(&venue, options))
}

async fn measure(venue: &Rc<Venue>, options: &Options<'_>) -> Result<Vec<Finding>> {
    let total = Duration::from_secs(options.seconds);
    let short = (total / 4).clamp(Duration::from_secs(1), Duration::from_secs(10));
    let load = Load {
        connections: SUSTAINED,
        per_second: None,
        duration: short,
        accounts: 0..FLOODERS,
        market: HOT,
    };
    flood(venue, &Load { duration: short / 4, ..load.clone() }).await?; // warms up
    let sustained = flood(venue, &load).await?;
    let rate = sustained.accepted_per_second();
    let mut findings = vec![Finding::information("orders sustained", rate, "/s")];
    findings.push(Finding::information("p99 of them", p99_ms(sustained.accepted), "ms"));

    let before = beside(venue, short, QUIET_ACCOUNT).await?;
    let before_ms = p99_ms(before.served);
    findings.push(Finding::information("p99 without load", before_ms, "ms"));

    let ten_times =
        Load { connections: options.connections, per_second: Some(10.0 * rate), duration: total, ..load };
    findings.extend(all_at_once(venue, &ten_times).await?);
    findings.push(Finding::at_most(
        "back to the latency without load after",
        recovery(venue, before_ms).await?,
        "s",
        RECOVERY_SECONDS,
    ));
    findings.extend(hot_account(venue, &Load { duration: short, accounts: 0..1, ..ten_times }).await?);
    Ok(findings)
}

/// The flood, with what a canceller in the same market and an account in another one notice.
async fn all_at_once(venue: &Rc<Venue>, load: &Load) -> Result<Vec<Finding>> {
    let prober = |account, market| Prober { venue: Rc::clone(venue), account, market };
    let orders = (load.duration.as_secs_f64() / PACE.as_secs_f64()) as usize + 1;
    let canceller = prober(CANCELLER, HOT);
    canceller.prepare(orders).await?;
    let resident = venue.server.resident_bytes()? as f64;
    let is_over = Rc::new(Cell::new(false));
    let (over, other_over) = (Rc::clone(&is_over), Rc::clone(&is_over));
    let cancels = spawn_local(async move { canceller.cancel(orders, &over).await });
    let quiet = prober(QUIET_ACCOUNT, QUIET);
    let quiet = spawn_local(async move { quiet.place_and_cancel(orders, &other_over).await });
    let memory = spawn_local(largest(Rc::clone(venue), Rc::clone(&is_over)));
    let outcome = flood(venue, load).await?;
    is_over.set(true);
    let (cancels, quiet, largest) = (cancels.await??, quiet.await??, memory.await??);
    let added = largest as f64 - resident;
    let bytes_max = BYTES + BYTES_PER_CONNECTION * load.connections as f64;
    if let Some(example) = &outcome.example {
        super::complain(format_args!("an answer that is neither: {example}"));
    }
    let Outcome { refused, other, seconds, .. } = outcome;
    let sent = outcome.sent();
    let per_second = outcome.accepted_per_second();
    let due = load.per_second.context("a flood has a pace")?;
    Ok(vec![
        Finding::information("orders due", due, "/s"),
        Finding::information("orders sent", sent as f64 / seconds, "/s"),
        Finding::information("orders accepted", per_second, "/s"),
        Finding::information(
            "orders refused with 503 or 429 and Retry-After",
            refused as f64 / seconds,
            "/s",
        ),
        Finding::at_most("orders answered in another way", other as f64, "", 0.0),
        Finding::at_most("p99 of accepted orders", p99_ms(outcome.accepted), "ms", ACCEPTED_P99_MS),
        Finding::at_least("cancels meanwhile", cancels.served.len() as f64, "", 1.0),
        Finding::at_most("cancels refused", cancels.refused as f64, "", 0.0),
        Finding::at_most("p99 of cancels", p99_ms(cancels.served), "ms", ACCEPTED_P99_MS),
        Finding::at_least("orders and cancels in another market", quiet.served.len() as f64, "", 1.0),
        Finding::at_most("of them refused", quiet.refused as f64, "", 0.0),
        Finding::at_most("p99 in the other market", p99_ms(quiet.served), "ms", ACCEPTED_P99_MS),
        Finding::at_most("memory added", mib(added), "MiB", mib(bytes_max)),
    ])
}

/// One account floods; another one trades in the same market.
async fn hot_account(venue: &Rc<Venue>, load: &Load) -> Result<Vec<Finding>> {
    let is_over = Rc::new(Cell::new(false));
    let over = Rc::clone(&is_over);
    let neighbour = Prober { venue: Rc::clone(venue), account: NEIGHBOUR, market: HOT };
    let neighbour = spawn_local(async move { neighbour.place_and_cancel(usize::MAX, &over).await });
    flood(venue, load).await?;
    is_over.set(true);
    let noticed = neighbour.await??;
    Ok(vec![
        Finding::at_least("orders and cancels beside a hot account", noticed.served.len() as f64, "", 1.0),
        Finding::at_most("of those refused", noticed.refused as f64, "", 0.0),
        Finding::at_most("p99 beside a hot account", p99_ms(noticed.served), "ms", ACCEPTED_P99_MS),
    ])
}

/// What an account notices that is alone with the exchange.
async fn beside(venue: &Rc<Venue>, duration: Duration, account: usize) -> Result<Noticed> {
    let prober = Prober { venue: Rc::clone(venue), account, market: QUIET };
    let orders = (duration.as_secs_f64() / PACE.as_secs_f64()) as usize + 1;
    prober.place_and_cancel(orders, &Cell::new(false)).await
}

/// Waits until the exchange is as quick as before, and returns after how long it was: the start of the first good look.
async fn recovery(venue: &Rc<Venue>, before_ms: f64) -> Result<f64> {
    let ended = Instant::now();
    let bar = (before_ms * RECOVERED_RATIO).max(before_ms + RECOVERED_MS);
    loop {
        let look = ended.elapsed().as_secs_f64();
        let prober = Prober { venue: Rc::clone(venue), account: QUIET_ACCOUNT, market: HOT };
        let noticed = prober.place_and_cancel(LOOK, &Cell::new(false)).await?;
        let is_back = noticed.refused == 0 && p99_ms(noticed.served) <= bar;
        if is_back || look > 4.0 * RECOVERY_SECONDS {
            return Ok(look);
        }
    }
}

/// Samples the server's memory until it is over, and returns the largest.
async fn largest(venue: Rc<Venue>, is_over: Rc<Cell<bool>>) -> Result<u64> {
    let mut largest = 0;
    while !is_over.get() {
        largest = largest.max(venue.server.resident_bytes()?);
        sleep(Duration::from_millis(200)).await;
    }
    Ok(largest)
}

fn p99_ms(samples: Vec<Duration>) -> f64 {
    if samples.is_empty() {
        return f64::NAN; // which no bar holds
    }
    Latency::of(samples).p99_us / 1e3
}

fn mib(bytes: f64) -> f64 {
    bytes / (1_024.0 * 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_served_holds_no_bar() {
        assert!(p99_ms(Vec::new()).is_nan());
        assert_eq!(p99_ms(vec![Duration::from_millis(3)]), 3.0);
    }

    #[test]
    fn the_others_share_no_account_shard_with_the_hot_account() {
        // Ids follow each other, and there are ten shards.
        for account in [CANCELLER, QUIET_ACCOUNT, NEIGHBOUR] {
            assert_ne!(account % 10, 0, "{account}");
        }
    }
}
