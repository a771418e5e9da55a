//! One point of a curve on a real server, which keeps no journal: connections, and subscribers of one topic.

use std::{
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use tokio::{
    task::{JoinSet, LocalSet},
    time::sleep,
};

use super::{
    super::{
        audience::{Audience, NOTHING, TRADES, open_all},
        caller::Caller,
        latency::Latency,
        venue::{HOT, Order, Venue},
    },
    Axis, Point,
};

/// Accounts that trade.
const ACCOUNTS: usize = 16;
/// The most connections that send orders.
const ACTIVE_MAX: u64 = 1_000;
/// Trades a second while subscribers are counted.
const TRADES_PER_SECOND: f64 = 50.0;
/// Trades before those that are measured.
const WARM_UP: usize = 20;
/// What the system's account of CPU time counts in, in seconds: less than that is not known to be none.
const TICK: f64 = 0.01;
/// How long the last messages may take.
const LAST: Duration = Duration::from_secs(10);

/// Measures one point.
pub(super) fn point(axis: Axis, n: u64, commands: usize, program: &Path) -> Result<Point> {
    let venue = Rc::new(Venue::start(program, ACCOUNTS, "none")?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        match axis {
            Axis::Subscribers => subscribers(venue, n, commands).await,
            _ => connections(venue, n, commands).await,
        }
    })
}

/// Idle sessions, and connections with one order in flight each.
async fn connections(venue: Rc<Venue>, n: u64, orders: usize) -> Result<Point> {
    let idle = open_all(&venue, NOTHING, usize::try_from(n)?, None).await?;
    let idle = Audience::new(idle, 0); // reads nothing but pings
    let active = usize::try_from((n / 10).clamp(1, ACTIVE_MAX))?;
    let mut callers = Vec::with_capacity(active);
    for _ in 0..active {
        callers.push(Caller::open(venue.address(), None).await?);
    }
    let (callers, _) = drive(&venue, callers, (orders / 10).max(active)).await?;
    let bytes = venue.server.resident_bytes()?;
    let (cpu, started) = (venue.server.cpu()?, Instant::now());
    let (_, samples) = drive(&venue, callers, orders).await?;
    let took = started.elapsed().as_secs_f64();
    let cpu = venue.server.cpu()?.saturating_sub(cpu).as_secs_f64().max(TICK);
    idle.close().await;
    let count = samples.len() as f64;
    let latency = Latency::of(samples);
    Ok(Point {
        axis: Axis::Connections,
        n,
        per_second: count / took,
        cpu_us: cpu * 1e6 / count,
        p50_us: latency.p50_us,
        p99_us: latency.p99_us,
        bytes,
    })
}

/// Sends about so many orders, shared among the callers; each must be accepted. Returns how long each took.
async fn drive(
    venue: &Rc<Venue>,
    callers: Vec<Caller>,
    orders: usize,
) -> Result<(Vec<Caller>, Vec<Duration>)> {
    let each = (orders / callers.len()).max(1);
    let mut tasks = JoinSet::new();
    for (index, mut caller) in callers.into_iter().enumerate() {
        let venue = Rc::clone(venue);
        tasks.spawn_local(async move {
            let mut samples = Vec::with_capacity(each);
            for number in 0..each {
                let order = if (index + number).is_multiple_of(2) { Order::Buy } else { Order::Sell };
                let request = venue.place((index + number) % ACCOUNTS, HOT, order, None)?;
                let started = Instant::now();
                let reply = caller.call(&request).await?;
                samples.push(started.elapsed());
                ensure!(reply.status == 200, "refused: {}", caller.text());
            }
            Ok::<_, anyhow::Error>((caller, samples))
        });
    }
    let (mut callers, mut all) = (Vec::new(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        let (caller, samples) = done??;
        callers.push(caller);
        all.extend(samples);
    }
    Ok((callers, all))
}

/// Waits until so many messages have arrived since the last were taken.
async fn arrived(audience: &Audience, expected: usize) -> Result<()> {
    let sent = Instant::now();
    while audience.noted() < expected {
        ensure!(sent.elapsed() < LAST, "{} of {expected} messages arrived", audience.noted());
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// Subscribers of a topic that trades at a steady pace; the latency is from the trade to the reader.
async fn subscribers(venue: Rc<Venue>, n: u64, trades: usize) -> Result<Point> {
    let audience = Audience::new(open_all(&venue, TRADES, usize::try_from(n)?, None).await?, 0);
    let mut caller = Caller::open(venue.address(), None).await?;
    venue.trade(&mut caller, TRADES_PER_SECOND, WARM_UP).await?;
    arrived(&audience, WARM_UP * usize::try_from(n)?).await?;
    audience.take();
    let bytes = venue.server.resident_bytes()?;
    let (cpu, started) = (venue.server.cpu()?, Instant::now());
    venue.trade(&mut caller, TRADES_PER_SECOND, trades).await?;
    let expected = trades * usize::try_from(n)?;
    arrived(&audience, expected).await?;
    let took = started.elapsed().as_secs_f64();
    let cpu = venue.server.cpu()?.saturating_sub(cpu).as_secs_f64().max(TICK);
    let latency = Latency::of(audience.take());
    audience.close().await;
    Ok(Point {
        axis: Axis::Subscribers,
        n,
        per_second: expected as f64 / took,
        cpu_us: cpu * 1e6 / expected as f64,
        p50_us: latency.p50_us,
        p99_us: latency.p99_us,
        bytes,
    })
}
