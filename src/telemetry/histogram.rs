//! A histogram without a lock: every writer has a part of its own, and a reader adds the parts up.

use std::{
    array, fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::{MetricType, TypedMetric},
};

/// The most buckets, the one without an upper bound included.
const BUCKETS: usize = 24;

/// Where the buckets of a histogram lie. Each bound is twice the one before, so a value's bucket is found without a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// The first upper bound, in counted units.
    first: u64,
    /// How many buckets have an upper bound.
    bounds: usize,
    /// How many counted units are one unit of the metric.
    per_unit: u32,
}

impl Scale {
    /// From 4 µs to 2 s: what happens to a command.
    pub const LATENCY: Self = Self { first: 4_000, bounds: 20, per_unit: 1_000_000_000 };
    /// From 1 ms to 35 minutes: what happens in the background.
    pub const BACKGROUND: Self = Self { first: 1_000_000, bounds: 22, per_unit: 1_000_000_000 };
    /// From 1 to 16,384 things.
    pub const COUNT: Self = Self { first: 1, bounds: 15, per_unit: 1 };
    /// From 256 bytes to 32 MiB.
    pub const SIZE: Self = Self { first: 256, bounds: 18, per_unit: 1 };

    /// Returns the bucket of a value: the first whose bound is not below it.
    fn bucket(self, value: u64) -> usize {
        let steps = value.saturating_sub(1) / self.first;
        ((u64::BITS - steps.leading_zeros()) as usize).min(self.bounds)
    }

    /// Returns the upper bound of a bucket, in units of the metric.
    fn bound(self, bucket: usize) -> f64 {
        if bucket < self.bounds { self.in_units(self.first << bucket) } else { f64::INFINITY }
    }

    fn in_units(self, value: u64) -> f64 {
        value as f64 / f64::from(self.per_unit)
    }
}

/// The part of one writer, on cache lines of its own.
#[derive(Debug)]
#[repr(align(128))]
struct Part {
    buckets: [AtomicU64; BUCKETS],
    sum: AtomicU64,
}

impl Default for Part {
    fn default() -> Self {
        Self { buckets: array::from_fn(|_| AtomicU64::new(0)), sum: AtomicU64::new(0) }
    }
}

/// A histogram. Clones share it.
#[derive(Clone)]
pub struct Histogram {
    scale: Scale,
    parts: Arc<[Part]>,
}

impl fmt::Debug for Histogram {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Histogram").field("count", &self.count()).finish_non_exhaustive()
    }
}

impl Histogram {
    /// Creates a histogram of so many writers, at least one.
    pub fn new(scale: Scale, writers: usize) -> Self {
        Self { scale, parts: (0..writers.max(1)).map(|_| Part::default()).collect() }
    }

    /// Returns the part of a writer. Writers that share a part count correctly, but wait for each other's cache lines.
    pub fn writer(&self, index: usize) -> Writer {
        Writer { histogram: self.clone(), part: index % self.parts.len() }
    }

    /// Returns how many values it has.
    pub fn count(&self) -> u64 {
        self.totals().iter().sum()
    }

    fn totals(&self) -> [u64; BUCKETS] {
        array::from_fn(|bucket| {
            self.parts.iter().map(|part| part.buckets[bucket].load(Ordering::Relaxed)).sum()
        })
    }
}

/// What a writer records with.
#[derive(Debug, Clone)]
pub struct Writer {
    histogram: Histogram,
    part: usize,
}

impl Writer {
    /// Records one value.
    pub fn observe(&self, value: u64) {
        let part = &self.histogram.parts[self.part];
        part.buckets[self.histogram.scale.bucket(value)].fetch_add(1, Ordering::Relaxed);
        part.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Records one duration.
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(nanos(duration));
    }

    /// Returns a tally of this scale, to be recorded with [`Writer::record`].
    pub const fn tally(&self) -> Tally {
        Tally { scale: self.histogram.scale, buckets: [0; BUCKETS], sum: 0, is_empty: true }
    }

    /// Records everything a tally has counted.
    pub fn record(&self, tally: &Tally) {
        if tally.is_empty {
            return;
        }
        let part = &self.histogram.parts[self.part];
        for (bucket, &count) in part.buckets.iter().zip(&tally.buckets) {
            if count != 0 {
                bucket.fetch_add(u64::from(count), Ordering::Relaxed);
            }
        }
        part.sum.fetch_add(tally.sum, Ordering::Relaxed);
    }
}

/// The values of one turn, counted locally and recorded at once.
#[derive(Debug, Clone, Copy)]
pub struct Tally {
    scale: Scale,
    buckets: [u32; BUCKETS],
    sum: u64,
    is_empty: bool,
}

impl Tally {
    /// Counts one duration.
    pub fn add(&mut self, duration: Duration) {
        let value = nanos(duration);
        self.buckets[self.scale.bucket(value)] += 1;
        self.sum = self.sum.wrapping_add(value);
        self.is_empty = false;
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        // The count is the sum of the buckets, so the two agree whatever is recorded meanwhile.
        let totals = self.totals();
        let sum =
            self.parts.iter().fold(0_u64, |sum, part| sum.wrapping_add(part.sum.load(Ordering::Relaxed)));
        let buckets: Vec<(f64, u64)> =
            (0..=self.scale.bounds).map(|bucket| (self.scale.bound(bucket), totals[bucket])).collect();
        encoder.encode_histogram::<NoLabelSet>(self.scale.in_units(sum), totals.iter().sum(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::{encoding::text, registry::Registry};

    use super::*;

    #[test]
    fn a_value_is_in_the_first_bucket_whose_bound_is_not_below_it() {
        for scale in [Scale::LATENCY, Scale::BACKGROUND, Scale::COUNT, Scale::SIZE] {
            assert!(scale.bounds < BUCKETS);
            assert_eq!(scale.bucket(0), 0);
            for bucket in 0..scale.bounds {
                let bound = scale.first << bucket;
                assert_eq!(scale.bucket(bound), bucket, "{scale:?} {bound}");
                assert_eq!(scale.bucket(bound + 1), bucket + 1, "{scale:?} {bound}");
            }
            assert_eq!(scale.bucket(u64::MAX), scale.bounds);
            assert_eq!(scale.bound(scale.bounds), f64::INFINITY);
        }
    }

    #[test]
    fn the_parts_of_all_writers_add_up() {
        let histogram = Histogram::new(Scale::LATENCY, 2);
        histogram.writer(0).observe_duration(Duration::from_micros(3));
        let writer = histogram.writer(1);
        let mut tally = writer.tally();
        tally.add(Duration::from_micros(5));
        tally.add(Duration::from_secs(60));
        writer.record(&tally);
        let mut registry = Registry::default();
        registry.register("took_seconds", "How long it took", histogram.clone());
        let mut text = String::new();
        text::encode(&mut text, &registry).unwrap();
        for line in [
            "took_seconds_sum 60.000008",
            "took_seconds_count 3",
            "took_seconds_bucket{le=\"0.000004\"} 1",
            "took_seconds_bucket{le=\"0.000008\"} 2",
            "took_seconds_bucket{le=\"+Inf\"} 3",
        ] {
            assert!(text.contains(line), "{line} not in\n{text}");
        }
        assert_eq!(histogram.count(), 3);
    }
}
