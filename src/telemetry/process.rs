//! The figures of the process, read from the kernel when the metrics are.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};
use rustix::{
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};

use super::list;

/// The unit of times in `/proc`, a part of Linux's interface to programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// The figures of the process. Those the kernel does not give stay 0.
#[derive(Debug, Default)]
pub(super) struct ProcessGauges {
    cpu: Counter<f64, AtomicU64>,
    resident: Gauge,
    virtual_memory: Gauge,
    open_fds: Gauge,
    max_fds: Gauge,
    threads: Gauge,
}

impl ProcessGauges {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        list::CPU.register(registry, gauges.cpu.clone());
        list::RESIDENT.register(registry, gauges.resident.clone());
        list::VIRTUAL.register(registry, gauges.virtual_memory.clone());
        list::OPEN_FDS.register(registry, gauges.open_fds.clone());
        list::MAX_FDS.register(registry, gauges.max_fds.clone());
        list::THREADS.register(registry, gauges.threads.clone());
        let started = Gauge::<f64, AtomicU64>::default();
        started.set(started_at().unwrap_or_default());
        list::START_TIME.register(registry, started);
        gauges
    }

    /// Reads them.
    pub(super) fn read(&self) {
        let used = clock_gettime(ClockId::ProcessCPUTime);
        let used = Duration::new(used.tv_sec.unsigned_abs(), used.tv_nsec.unsigned_abs() as u32);
        // Two readers at once leave the later time: the bits of positive numbers are in the order of the numbers.
        self.cpu.inner().fetch_max(used.as_secs_f64().to_bits(), Ordering::Relaxed);
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        self.resident.set(kibibytes(&status, "VmRSS:"));
        self.virtual_memory.set(kibibytes(&status, "VmSize:"));
        self.threads.set(number(&status, "Threads:"));
        self.open_fds.set(open_descriptors());
        let limit = getrlimit(Resource::Nofile).current;
        self.max_fds.set(limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX)));
    }
}

/// Returns the number behind a name of `/proc/self/status`.
fn number(status: &str, name: &str) -> i64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

fn kibibytes(status: &str, name: &str) -> i64 {
    number(status, name).saturating_mul(1_024)
}

/// Returns how many descriptors are open. Newer kernels give the count as the directory's size; older ones need it read.
fn open_descriptors() -> i64 {
    let size = fs::metadata("/proc/self/fd").map_or(0, |directory| directory.size());
    let count =
        if size > 0 { size } else { fs::read_dir("/proc/self/fd").map_or(0, |found| found.count() as u64) };
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Returns when the process started, in seconds since 1970.
fn started_at() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may contain anything; 20 numbers lie between it and the start.
    let after_boot: f64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let system = fs::read_to_string("/proc/stat").ok()?;
    let boot: f64 = system.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(boot + after_boot / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn the_kernel_gives_every_figure() {
        let mut registry = Registry::default();
        let gauges = ProcessGauges::register(&mut registry);
        gauges.read();
        assert!(gauges.cpu.get() > 0.0);
        assert!(gauges.resident.get() > 1 << 20 && gauges.virtual_memory.get() > gauges.resident.get());
        assert!(gauges.threads.get() >= 1);
        assert!((3..gauges.max_fds.get()).contains(&gauges.open_fds.get()));
        let before = gauges.cpu.get();
        gauges.read();
        assert!(gauges.cpu.get() >= before);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
        let age = now - started_at().unwrap();
        assert!((-2.0..86_400.0).contains(&age), "the process is {age} s old");
    }

    #[test]
    fn a_figure_the_kernel_does_not_give_is_0() {
        assert_eq!(kibibytes("VmSize:\t 12 kB\nVmRSS:\t 3 kB\n", "VmRSS:"), 3_072);
        assert_eq!(number("Threads:\tmany\n", "Threads:"), 0);
        assert_eq!(number("", "Threads:"), 0);
    }
}
