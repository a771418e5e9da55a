//! The metrics of one moment, read from their text.

use std::{collections::BTreeMap, time::Instant};

/// One value with its labels.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    labels: Vec<(String, String)>,
    value: f64,
}

impl Sample {
    fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

/// The metrics of one moment.
#[derive(Debug, Clone)]
pub(super) struct Scrape {
    pub(super) at: Instant,
    samples: BTreeMap<String, Vec<Sample>>,
}

impl Scrape {
    /// Reads metrics in the format of OpenMetrics; what cannot be read is left out.
    pub(super) fn read(text: &str, at: Instant) -> Self {
        let mut samples: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
        for (name, sample) in text.lines().filter(|line| !line.starts_with('#')).filter_map(sample) {
            samples.entry(name).or_default().push(sample);
        }
        Self { at, samples }
    }

    fn all(&self, name: &str) -> &[Sample] {
        self.samples.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the sum of a metric over all labels; `None` when there is none.
    pub(super) fn sum(&self, name: &str) -> Option<f64> {
        let samples = self.all(name);
        (!samples.is_empty()).then(|| samples.iter().map(|sample| sample.value).sum())
    }

    /// Returns a metric by the values of one of its labels.
    pub(super) fn by<'a>(&'a self, name: &str, label: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
        self.all(name).iter().filter_map(move |sample| Some((sample.label(label)?, sample.value)))
    }

    /// Returns the value of a metric with a label.
    pub(super) fn of(&self, name: &str, label: &str, value: &str) -> Option<f64> {
        self.by(name, label).find(|(found, _)| *found == value).map(|(_, value)| value)
    }

    /// Returns the cumulative counts of a histogram by their upper bounds, over all labels or one value of a label.
    pub(super) fn buckets(&self, name: &str, only: Option<(&str, &str)>) -> Vec<(f64, f64)> {
        let mut counts: Vec<(f64, f64)> = Vec::new();
        for sample in self.all(&format!("{name}_bucket")) {
            if only.is_some_and(|(label, value)| sample.label(label) != Some(value)) {
                continue;
            }
            let Some(bound) = sample.label("le").and_then(|bound| bound.parse().ok()) else { continue };
            match counts.iter_mut().find(|(known, _)| *known == bound) {
                Some((_, count)) => *count += sample.value,
                None => counts.push((bound, sample.value)),
            }
        }
        counts.sort_by(|one, other| one.0.total_cmp(&other.0));
        counts
    }
}

/// Reads a line such as `name{a="b"} 1.5`. No label of the exchange contains a quote, a comma or a brace.
fn sample(line: &str) -> Option<(String, Sample)> {
    let (series, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels = labels.trim_end_matches('}').split(',').filter_map(|label| {
        let (name, value) = label.split_once('=')?;
        Some((name.to_owned(), value.trim_matches('"').to_owned()))
    });
    Some((name.to_owned(), Sample { labels: labels.collect(), value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_read_by_name_and_label() {
        let text = "# HELP a b\n# TYPE a gauge\na 3\nb{shard=\"x\",kind=\"y\"} 1.5\nb{shard=\"z\",kind=\"y\"} 2\nnonsense\n\
            h_bucket{le=\"0.5\",shard=\"x\"} 1\nh_bucket{le=\"+Inf\",shard=\"x\"} 4\nh_bucket{le=\"0.5\",shard=\"z\"} 2\n# EOF\n";
        let scrape = Scrape::read(text, Instant::now());
        assert_eq!((scrape.sum("a"), scrape.sum("b"), scrape.sum("c")), (Some(3.0), Some(3.5), None));
        assert_eq!(scrape.by("b", "shard").collect::<Vec<_>>(), [("x", 1.5), ("z", 2.0)]);
        assert_eq!((scrape.of("b", "shard", "z"), scrape.of("b", "shard", "w")), (Some(2.0), None));
        assert_eq!(scrape.buckets("h", None), [(0.5, 3.0), (f64::INFINITY, 4.0)]);
        assert_eq!(scrape.buckets("h", Some(("shard", "z"))), [(0.5, 2.0)]);
    }
}
