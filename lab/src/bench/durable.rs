//! What durability costs: signed orders over HTTP with and without it, on the same machine in turn.
//!
//! Closed loop for the rate: a number of clients, each with one order in flight. Open loop for the latency: orders are
//! due at fixed instants at a quarter of the highest rate, and an order's latency counts from when it was due, so a
//! stall counts for every order it delayed.

use std::{
    net::SocketAddr,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    journal::{fdatasync, group_commit},
    latency::Latency,
    median,
    server::{Connection, Server, request},
};

/// The priority of the thread that paces.
const GENERATOR_NICE: i32 = 15;

/// How many connections share the open loop.
const PACED: usize = 32;

/// Closed loop with `clients` clients.
#[derive(Debug, Clone, Serialize)]
pub struct Closed {
    /// Clients.
    pub clients: usize,
    /// Orders per second with durability "fsync".
    pub fsync_per_second: f64,
    /// The same with "none".
    pub none_per_second: f64,
    /// Median of the ratios, run by run.
    pub ratio: f64,
    /// Latency with "fsync", of the last run.
    pub fsync: Latency,
    /// Latency with "none", of the last run.
    pub none: Latency,
}

/// The figures.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// By number of clients.
    pub closed: Vec<Closed>,
    /// The ratio with 64 clients.
    pub http_ratio: f64,
    /// Clients of that.
    pub clients: usize,
    /// The rate of the open loop: a quarter of what "fsync" does with 64 clients.
    pub paced_per_second: f64,
    /// Open loop with "fsync": median of the runs' p99.
    pub paced_fsync_p99_us: f64,
    /// Open loop with "none": median of the runs' p99.
    pub paced_none_p99_us: f64,
    /// Open loop with "fsync", the last run.
    pub paced_fsync: Latency,
    /// Open loop with "none", the last run.
    pub paced_none: Latency,
    /// The time of a sync of a small overwrite on this disk: median of the runs' p99.
    pub fdatasync_p99_us: f64,
    /// Median of the runs: the p99 that durability adds, relative to the disk's own.
    pub added_p99_over_fdatasync_p99: f64,
    /// The least any journal could take: arrivals at the same rate committed in groups to a raw file, beside the server
    /// that keeps nothing under the same load. Median of the runs' p99.
    pub group_commit_p99_us: f64,
    /// Median of the runs: the p99 that durability adds, relative to that.
    pub added_p99_over_group_commit_p99: f64,
}

/// Runs each figure `runs` times against the exchange of `program`, with about `orders` orders a run.
///
/// # Errors
/// A server does not start, or an order is refused.
pub fn run(program: &Path, runs: usize, orders: usize, clients: &[usize]) -> anyhow::Result<Report> {
    let mut closed = Vec::new();
    for &clients in clients {
        closed.push(compare(program, runs, orders, clients)?);
    }
    let busiest = closed.iter().find(|closed| closed.clients == 64).or(closed.last());
    let (http_ratio, clients, most) = busiest
        .map(|closed| (closed.ratio, closed.clients, closed.fsync_per_second))
        .ok_or_else(|| anyhow::anyhow!("no number of clients was given"))?;
    let paced_per_second = most / 4.0;
    let (mut fsync, mut none, mut disk, mut added) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut groups, mut over_groups) = (Vec::new(), Vec::new());
    let (mut paced_fsync, mut paced_none) = (Latency::default(), Latency::default());
    for _ in 0..runs {
        let sync = fdatasync(2_000)?.p99_us;
        paced_none = paced(&Server::exchange(program, "none")?, paced_per_second, orders)?;
        paced_fsync = paced(&Server::exchange(program, "fsync")?, paced_per_second, orders)?;
        let group = beside_load(program, paced_per_second, orders)?.p99_us;
        let (with, without) = (paced_fsync.p99_us, paced_none.p99_us);
        over_groups.push((with - without).max(0.0) / group);
        groups.push(group);
        added.push((with - without).max(0.0) / sync);
        fsync.push(with);
        none.push(without);
        disk.push(sync);
    }
    Ok(Report {
        closed,
        http_ratio,
        clients,
        paced_per_second,
        paced_fsync_p99_us: median(&mut fsync),
        paced_none_p99_us: median(&mut none),
        paced_fsync,
        paced_none,
        fdatasync_p99_us: median(&mut disk),
        added_p99_over_fdatasync_p99: median(&mut added),
        group_commit_p99_us: median(&mut groups),
        added_p99_over_group_commit_p99: median(&mut over_groups),
    })
}

fn compare(program: &Path, runs: usize, orders: usize, clients: usize) -> anyhow::Result<Closed> {
    let (mut fsync_rates, mut none_rates, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut fsync, mut none) = (Latency::default(), Latency::default());
    for _ in 0..runs {
        let (without, latency) = saturate(&Server::exchange(program, "none")?, clients, orders)?;
        none = latency;
        let (with, latency) = saturate(&Server::exchange(program, "fsync")?, clients, orders)?;
        fsync = latency;
        ratios.push(with / without);
        fsync_rates.push(with);
        none_rates.push(without);
    }
    Ok(Closed {
        clients,
        fsync_per_second: median(&mut fsync_rates),
        none_per_second: median(&mut none_rates),
        ratio: median(&mut ratios),
        fsync,
        none,
    })
}

/// Every client sends its next order when the one before is answered.
fn saturate(server: &Server, clients: usize, orders: usize) -> anyhow::Result<(f64, Latency)> {
    // Few clients wait for the disk most of the time.
    let each = (orders / clients).clamp(20, 4_000);
    let address = server.address;
    drive(address, clients, 20.min(each))?;
    let started = Instant::now();
    let samples = drive(address, clients, each)?;
    Ok((samples.len() as f64 / started.elapsed().as_secs_f64(), Latency::of(samples)))
}

/// Orders are due at fixed instants. One thread that never sleeps sends and receives them all, so that what is
/// measured is the server's latency and not how the generator's threads take turns. Its priority is low: the kernel
/// would let a thread that never sleeps use up its slice, milliseconds, before a thread of the server runs.
pub(super) fn paced(server: &Server, per_second: f64, orders: usize) -> anyhow::Result<Latency> {
    let normal = rustix::process::getpriority_process(None).unwrap_or_default();
    // Without the lower priority the figures are worse, not wrong.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), GENERATOR_NICE);
    let measured = paced_niced(server, per_second, orders);
    // Raising it again needs a privilege; the servers are then started below normal, all alike.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), normal);
    measured
}

/// Commits arrivals in groups to a raw file while a server that keeps nothing is under the same load.
fn beside_load(program: &Path, per_second: f64, orders: usize) -> anyhow::Result<Latency> {
    let server = Server::exchange(program, "none")?;
    thread::scope(|scope| {
        let load = scope.spawn(|| paced(&server, per_second, orders));
        let committed = group_commit(per_second, || load.is_finished());
        match load.join() {
            Ok(load) => load?,
            Err(_) => anyhow::bail!("the load's thread panicked"),
        };
        committed
    })
}

fn paced_niced(server: &Server, per_second: f64, orders: usize) -> anyhow::Result<Latency> {
    let requests =
        (0..orders).map(|index| request(index, server.address)).collect::<anyhow::Result<Vec<Vec<u8>>>>()?;
    // A server that has just started prepares its journal; what is meant here is one that has been running.
    thread::sleep(Duration::from_secs(3));
    let mut idle = Vec::with_capacity(PACED);
    for _ in 0..PACED {
        let mut connection = Connection::open(server.address)?;
        for index in 0..20 {
            connection.send(&request(index, server.address)?)?;
        }
        connection.set_nonblocking()?;
        idle.push(connection);
    }
    let interval = Duration::from_secs_f64(1.0 / per_second);
    let epoch = Instant::now() + Duration::from_millis(50);
    let mut samples = Vec::with_capacity(orders);
    let mut under_way: Vec<(Instant, Connection)> = Vec::with_capacity(PACED);
    let mut next = 0;
    while samples.len() < orders {
        let due = epoch + interval * next as u32;
        if next < orders
            && Instant::now() >= due
            && let Some(mut connection) = idle.pop()
        {
            connection.submit(&requests[next])?;
            under_way.push((due, connection));
            next += 1;
        }
        let mut index = 0;
        while let Some((due, connection)) = under_way.get_mut(index) {
            if connection.poll()? {
                samples.push(due.elapsed());
                idle.push(under_way.swap_remove(index).1);
            } else {
                index += 1;
            }
        }
    }
    Ok(Latency::of(samples))
}

/// Sends `each` orders on each of `clients` connections.
fn drive(address: SocketAddr, clients: usize, each: usize) -> anyhow::Result<Vec<Duration>> {
    let batches = (0..clients)
        .map(|client| (0..each).map(|index| request(client + index, address)).collect())
        .collect::<anyhow::Result<Vec<Vec<Vec<u8>>>>>()?;
    thread::scope(|scope| {
        let mut connections = Vec::with_capacity(clients);
        for _ in 0..clients {
            connections.push(Connection::open(address)?);
        }
        let threads: Vec<_> = batches
            .iter()
            .zip(connections)
            .map(|(batch, mut connection)| {
                scope.spawn(move || {
                    let mut samples = Vec::with_capacity(batch.len());
                    for request in batch {
                        let started = Instant::now();
                        connection.send(request)?;
                        samples.push(started.elapsed());
                    }
                    Ok::<_, anyhow::Error>(samples)
                })
            })
            .collect();
        let mut samples = Vec::new();
        for thread in threads {
            match thread.join() {
                Ok(measured) => samples.extend(measured?),
                Err(_) => anyhow::bail!("a connection's thread panicked"),
            }
        }
        Ok(samples)
    })
}
