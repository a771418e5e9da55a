//! The memory soak: orders flow at a steady rate for a long time, and the resident memory of the server must be flat once
//! its bounded caches are full.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use awc::http::Method;
use serde::Serialize;
use tokio::{
    task::{JoinSet, LocalSet},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    crash_soak::server::Server,
    wire_soak::{
        accounts::{self, FIRST, TRADERS, Trader},
        load, setup,
        shared::Shared,
    },
};

/// How often something is asked that only the history remembers.
const READ_EVERY: Duration = Duration::from_secs(1);
/// The smallest share of the intended rate at which the run still proves anything.
const RATE_SHARE_MIN: f64 = 0.9;

/// How fast, how long, and what counts as flat.
#[derive(Debug, Clone)]
pub struct MemoryOptions {
    /// The seed of every decision.
    pub seed: u64,
    /// Orders placed a second; about as many are cancelled.
    pub rate: u64,
    /// How long orders flow, in seconds.
    pub seconds: u64,
    /// From when on memory must be flat, in seconds.
    pub settle: u64,
    /// The time between two samples, in seconds.
    pub every: u64,
    /// The steepest rise after that which still counts as flat, in MiB an hour.
    pub slope_max: f64,
    /// Whether the history is on.
    pub has_history: bool,
    /// The file the samples are written to, as CSV; none keeps them in the work directory.
    pub csv: Option<PathBuf>,
    /// The server's program.
    pub program: PathBuf,
    /// Where the server keeps its files and its log; none is a directory that is removed when all was well.
    pub work: Option<PathBuf>,
}

/// The server's memory in `/proc` at an instant; sizes in KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct Sample {
    /// Seconds since orders began to flow.
    pub(super) seconds: f64,
    /// Resident memory.
    pub(super) resident: u64,
    /// Of it, what belongs to the process alone.
    pub(super) anonymous: u64,
    /// Of it, what shows files.
    pub(super) file: u64,
    /// Orders placed so far.
    pub(super) orders: u64,
}

/// The report of a memory soak.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MemoryReport {
    /// The seed.
    pub seed: u64,
    /// Orders placed.
    pub orders: u64,
    /// Orders placed a second.
    pub orders_per_second: f64,
    /// How many samples of memory were taken.
    pub samples: usize,
    /// Resident memory when it was settled, in MiB.
    pub settled_mib: f64,
    /// Resident memory in the end, in MiB.
    pub last_mib: f64,
    /// The largest sample, in MiB.
    pub largest_mib: f64,
    /// How fast memory rose after it was settled, in MiB an hour: the least-squares line through the samples.
    pub slope: f64,
    /// The bound of that.
    pub slope_max: f64,
    /// Whether it was flat, at the rate that was asked for.
    pub is_flat: bool,
}

impl MemoryReport {
    /// A one-line summary.
    pub fn summary(&self) -> String {
        format!(
            "{}: {:+.1} MiB an hour after settling (at most {:.1}); resident {:.1} MiB settled, {:.1} MiB last, {:.1} MiB at \
             most; {} orders, {:.0} a second, {} samples",
            if self.is_flat { "flat" } else { "NOT FLAT" },
            self.slope,
            self.slope_max,
            self.settled_mib,
            self.last_mib,
            self.largest_mib,
            self.orders,
            self.orders_per_second,
            self.samples
        )
    }
}

/// Runs it, reporting progress with `say`.
///
/// # Errors
/// The server cannot be started, or ends by itself.
pub async fn run(options: &MemoryOptions, say: &dyn Fn(&str)) -> Result<MemoryReport> {
    let work = setup::directory("memory", options.seed, options.work.as_deref(), say)?;
    let extra = format!("[history]\nenabled = {}\n", options.has_history);
    let (mut server, shared) = setup::start(&options.program, &work, options.seed, &extra).await?;
    let csv = options.csv.clone().unwrap_or_else(|| work.join("memory.csv"));
    let ran = LocalSet::new().run_until(play(options, &shared, &mut server, &csv, say)).await;
    let samples = ran.with_context(|| format!("the server's last log line: {}", server.last_log_line()))?;
    match server.stop()? {
        Some(status) if !status.success() => bail!("the server did not stop well: {status}"),
        _ => {}
    }
    drop(server);
    let report = judge(options, &samples);
    if report.is_flat && options.work.is_none() && options.csv.is_some() {
        fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    } else {
        say(&format!("samples in {}", csv.display()));
    }
    Ok(report)
}

async fn play(
    options: &MemoryOptions,
    shared: &Rc<Shared>,
    server: &mut Server,
    csv: &Path,
    say: &dyn Fn(&str),
) -> Result<Vec<Sample>> {
    let traders = accounts::open(&shared.client, FIRST, TRADERS).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn_local(read(traders.clone(), Rc::clone(shared)));
    // A trader takes turns between a batch of orders and a batch of cancels.
    let pace =
        Duration::from_secs_f64((TRADERS * load::BATCH as u64) as f64 / (2 * options.rate.max(1)) as f64);
    for (index, trader) in traders.into_iter().enumerate() {
        // Spread over the pace, or all would come at once.
        sleep(pace / u32::try_from(TRADERS)?).await;
        let seed = options.seed + index as u64;
        tasks.spawn_local(load::trade(trader, Rc::clone(shared), None, seed, pace));
    }
    let mut file = File::create(csv).with_context(|| format!("cannot write {}", csv.display()))?;
    writeln!(file, "seconds,resident_kib,anonymous_kib,file_kib,orders")?;
    let (started, placed) = (Instant::now(), shared.report.borrow().placed);
    let mut samples = Vec::new();
    for turn in 0..=options.seconds / options.every.max(1) {
        sleep_until(started + Duration::from_secs(turn * options.every)).await;
        if let Some(status) = server.ended()? {
            bail!("the server had ended by itself: {status}");
        }
        let mut sample = memory(server.id().context("the server does not run")?)?;
        sample.seconds = started.elapsed().as_secs_f64();
        sample.orders = shared.report.borrow().placed - placed;
        let Sample { seconds, resident, anonymous, file: shown, orders } = sample;
        writeln!(file, "{seconds:.1},{resident},{anonymous},{shown},{orders}")?;
        if turn % 6 == 0 {
            say(&format!("{seconds:.0} s: {:.1} MiB resident, {orders} orders", mib(resident)));
        }
        samples.push(sample);
    }
    shared.is_over.set(true);
    while tasks.join_next().await.is_some() {}
    Ok(samples)
}

/// Queries, now and then, what only the history holds: the first orders of an account.
async fn read(traders: Vec<Trader>, shared: Rc<Shared>) {
    for trader in traders.iter().cycle() {
        sleep(READ_EVERY).await;
        if shared.is_over.get() {
            return;
        }
        let first = [("symbol", trader.market.name), ("orderId", "1"), ("limit", "100")];
        // Its answer is checked by other soaks.
        let _ = shared.client.signed(&trader.credentials, Method::GET, "/api/v3/allOrders", &first).await;
    }
}

/// Reads how much memory a process has.
fn memory(process: u32) -> Result<Sample> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    parse(&text).with_context(|| format!("{path} does not say how much memory there is"))
}

fn parse(status: &str) -> Option<Sample> {
    let size = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    Some(Sample {
        resident: size("VmRSS")?,
        anonymous: size("RssAnon")?,
        file: size("RssFile")? + size("RssShmem")?,
        ..Sample::default()
    })
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}

fn judge(options: &MemoryOptions, samples: &[Sample]) -> MemoryReport {
    let settled: Vec<Sample> =
        samples.iter().copied().filter(|sample| sample.seconds >= options.settle as f64).collect();
    let last = samples.last().copied().unwrap_or_default();
    let rate = last.orders as f64 / last.seconds.max(1.0);
    let slope = slope(&settled);
    MemoryReport {
        seed: options.seed,
        orders: last.orders,
        orders_per_second: rate,
        samples: samples.len(),
        settled_mib: settled.first().map_or(0.0, |sample| mib(sample.resident)),
        last_mib: mib(last.resident),
        largest_mib: mib(samples.iter().map(|sample| sample.resident).max().unwrap_or_default()),
        slope: slope.unwrap_or_default(),
        slope_max: options.slope_max,
        is_flat: rate >= options.rate as f64 * RATE_SHARE_MIN
            && slope.is_some_and(|slope| slope <= options.slope_max),
    }
}

/// Returns the rise of the least-squares line through the samples, in MiB an hour; nothing when they are too few.
fn slope(samples: &[Sample]) -> Option<f64> {
    let count = samples.len() as f64;
    let mean = |value: fn(&Sample) -> f64| samples.iter().map(value).sum::<f64>() / count;
    let (hours, size) = (|sample: &Sample| sample.seconds / 3_600.0, |sample: &Sample| mib(sample.resident));
    let (middle, level) = (mean(hours), mean(size));
    let spread: f64 = samples.iter().map(|sample| (hours(sample) - middle).powi(2)).sum();
    let rise: f64 = samples.iter().map(|sample| (hours(sample) - middle) * (size(sample) - level)).sum();
    (samples.len() > 2 && spread > 0.0).then(|| rise / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> MemoryOptions {
        MemoryOptions {
            seed: 1,
            rate: 500,
            seconds: 3_600,
            settle: 600,
            every: 10,
            slope_max: 16.0,
            has_history: true,
            csv: None,
            program: PathBuf::new(),
            work: None,
        }
    }

    /// An hour at a rate, with the memory `resident` returns for each second, in KiB.
    fn hour(rate: u64, resident: impl Fn(u64) -> u64) -> Vec<Sample> {
        let sample = |seconds| Sample {
            seconds: seconds as f64,
            resident: resident(seconds),
            orders: rate * seconds,
            ..Sample::default()
        };
        (0..=360).map(|turn| sample(turn * 10)).collect()
    }

    #[test]
    fn what_only_fills_its_caches_at_first_is_flat() {
        let report =
            judge(&options(), &hour(500, |second| 60_000 + 100 * second.min(600) + second % 7 * 300));
        assert!(report.is_flat, "{}", report.summary());
        assert!(report.slope.abs() < 1.0, "{}", report.summary());
    }

    #[test]
    fn steadily_rising_memory_is_not_flat_and_its_slope_is_reported() {
        let report = judge(&options(), &hour(500, |second| 60_000 + 100 * second));
        assert!(!report.is_flat);
        assert!((report.slope - 100.0 * 3_600.0 / 1_024.0).abs() < 0.1, "{}", report.summary());
    }

    #[test]
    fn a_run_below_its_rate_or_without_samples_proves_nothing() {
        assert!(!judge(&options(), &hour(400, |_| 60_000)).is_flat);
        assert!(!judge(&options(), &[]).is_flat);
        assert!(!judge(&options(), &hour(500, |_| 60_000)[..50]).is_flat);
    }

    #[test]
    fn the_status_of_a_process_is_read() {
        let text = "Name:\tlightning\nVmHWM:\t  9000 kB\nVmRSS:\t  8000 kB\nRssAnon:\t  5000 kB\nRssFile:\t  2500 kB\n\
                    RssShmem:\t   500 kB\nThreads:\t9\n";
        let expected = Sample { resident: 8_000, anonymous: 5_000, file: 3_000, ..Sample::default() };
        assert_eq!(parse(text), Some(expected));
        assert_eq!(parse("Name:\tlightning\n"), None);
        assert!(memory(std::process::id()).unwrap().resident > 0);
    }
}
