//! What WebSocket consumers cost and notice: many active ones beside many more idle ones, and some that stop reading.

use std::{
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use tokio::{task::LocalSet, time::sleep};

use super::{
    audience::{Audience, NOTHING, TRADES, open_all},
    caller::Caller,
    finding::Finding,
    latency::Latency,
    venue::Venue,
};

const ACCOUNTS: usize = 2;
/// Messages each active consumer receives in a second.
const PER_SECOND: f64 = 10.0;
/// The receive buffer of a consumer that stalls: the rest stays with the server.
const SMALL_BUFFER: u32 = 4_096;
/// The bars.
const FAN_OUT_P99_MS: f64 = 20.0;
const IDLE_KIB: f64 = 16.0;
const OTHERS_RATIO: f64 = 1.2;
const STALLED_SECONDS: f64 = 10.0;
const STALLED_KIB: f64 = 64.0;
/// How long the last messages may take.
const LAST: Duration = Duration::from_secs(5);

/// How many, for how long.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Consumers of a stream that trades.
    pub active: usize,
    /// Consumers of a stream that does not.
    pub idle: usize,
    /// How many of the active ones stop reading.
    pub stalled: usize,
    /// How long each part lasts, in seconds.
    pub seconds: u64,
    /// The exchange.
    pub program: &'a Path,
}

/// Measures both.
///
/// # Errors
/// The exchange does not start, or a connection is refused.
pub fn run(options: &Options<'_>) -> Result<Vec<Finding>> {
    ensure!(options.stalled < options.active && options.seconds > 0, "nothing to compare");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut findings = LocalSet::new().block_on(&runtime, fan_out(options))?;
    findings.extend(LocalSet::new().block_on(&runtime, stall(options))?);
    Ok(findings)
}

/// Active consumers beside idle ones.
async fn fan_out(options: &Options<'_>) -> Result<Vec<Finding>> {
    let venue = Venue::start(options.program, ACCOUNTS, "fsync")?;
    let active = Audience::new(open_all(&venue, TRADES, options.active, None).await?, 0);
    let mut caller = Caller::open(venue.address(), None).await?;
    let trades = trades(options);
    venue.trade(&mut caller, PER_SECOND, trades.min(20)).await?;
    let resident = venue.server.resident_bytes()? as f64;
    let idle = Audience::new(open_all(&venue, NOTHING, options.idle, None).await?, 0);
    let each = (venue.server.resident_bytes()? as f64 - resident) / options.idle.max(1) as f64;
    settle(&active).await;
    active.take();
    let cpu = venue.server.cpu()?;
    venue.trade(&mut caller, PER_SECOND, trades).await?;
    settle(&active).await;
    let cpu = (venue.server.cpu()? - cpu).as_secs_f64();
    let ages = active.take();
    let (expected, arrived) = (trades * options.active, ages.len());
    active.close().await;
    idle.close().await;
    let latency = Latency::of(ages);
    Ok(vec![
        Finding::information("active consumers", options.active as f64, ""),
        Finding::information("idle consumers", options.idle as f64, ""),
        Finding::at_most("messages lost", expected.saturating_sub(arrived) as f64, "", 0.0),
        Finding::information("p50 from trade to consumer", latency.p50_us / 1e3, "ms"),
        Finding::at_most("p99 from trade to consumer", latency.p99_us / 1e3, "ms", FAN_OUT_P99_MS),
        Finding::information("CPU of a delivered message", cpu * 1e6 / arrived.max(1) as f64, "us"),
        Finding::at_most("memory of an idle consumer", each / 1_024.0, "KiB", IDLE_KIB),
    ])
}

/// Some of the consumers stop reading.
async fn stall(options: &Options<'_>) -> Result<Vec<Finding>> {
    let venue = Rc::new(Venue::start(options.program, ACCOUNTS, "fsync")?);
    let small = Some((options.stalled, SMALL_BUFFER));
    let audience = Audience::new(open_all(&venue, TRADES, options.active, small).await?, options.stalled);
    let mut caller = Caller::open(venue.address(), None).await?;
    venue.trade(&mut caller, PER_SECOND, 20).await?;
    settle(&audience).await;
    audience.take();
    venue.trade(&mut caller, PER_SECOND, trades(options)).await?;
    settle(&audience).await;
    let before = Latency::of(audience.take());
    let resident = venue.server.resident_bytes()? as f64;
    audience.stall();
    let stalled = Instant::now();
    let watch = {
        let (venue, others) = (Rc::clone(&venue), options.active - options.stalled);
        tokio::task::spawn_local(async move { gone(&venue, others, stalled).await })
    };
    // As long as before, and until those that stall have had their time.
    let longest = trades(options).max((STALLED_SECONDS * PER_SECOND) as usize);
    venue.trade(&mut caller, PER_SECOND, longest).await?;
    let added = (venue.server.resident_bytes()? as f64 - resident) / options.stalled.max(1) as f64;
    settle(&audience).await;
    let during = Latency::of(audience.take());
    let (seconds, too_many) = watch.await??;
    audience.close().await;
    Ok(vec![
        Finding::information("consumers that stall", options.stalled as f64, ""),
        Finding::information("p99 of the others before", before.p99_us / 1e3, "ms"),
        Finding::information("p99 of the others meanwhile", during.p99_us / 1e3, "ms"),
        Finding::at_most("the others meanwhile / before", during.p99_us / before.p99_us, "x", OTHERS_RATIO),
        Finding::at_most("the stalled are gone after", seconds, "s", STALLED_SECONDS),
        Finding::at_most("of them still there", too_many, "", 0.0),
        Finding::at_most("memory added by a stalled consumer", added / 1_024.0, "KiB", STALLED_KIB),
    ])
}

fn trades(options: &Options<'_>) -> usize {
    (options.seconds as f64 * PER_SECOND) as usize
}

/// Waits until only the others are connected, for four times the bar at most. Returns how long it took and how many are too many.
async fn gone(venue: &Venue, others: usize, since: Instant) -> Result<(f64, f64)> {
    loop {
        let too_many = venue.metric("lightning_websocket_sessions").await? - others as f64;
        let seconds = since.elapsed().as_secs_f64();
        if too_many <= 0.0 || seconds > 4.0 * STALLED_SECONDS {
            return Ok((seconds, too_many.max(0.0)));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until no further message arrives.
async fn settle(audience: &Audience) {
    const QUIET: Duration = Duration::from_millis(200);
    let started = Instant::now();
    let mut noted = audience.noted();
    loop {
        sleep(QUIET).await;
        if audience.noted() == noted || started.elapsed() > LAST {
            return;
        }
        noted = audience.noted();
    }
}
