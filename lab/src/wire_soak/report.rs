//! The report of a wire soak.

use serde::Serialize;

/// The counts, and the problems found.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Report {
    /// The seed of every decision.
    pub seed: u64,
    /// The duration, in seconds.
    pub seconds: f64,
    /// How much of it the server was not there, in seconds.
    pub down_seconds: f64,
    /// Planned stops, each followed by a start.
    pub stops: u64,
    /// Kills, each followed by a start.
    pub kills: u64,
    /// Orders placed and cancelled, refused ones included.
    pub commands: u64,
    /// Orders among them that were placed.
    pub placed: u64,
    /// Those a second, while the server was there.
    pub commands_per_second: f64,
    /// Of the commands, those that were refused.
    pub refused: u64,
    /// Subscribers of depth.
    pub subscribers: u64,
    /// Diffs applied to their books.
    pub diffs: u64,
    /// Of those, whose checksum was compared.
    pub checked: u64,
    /// Snapshots taken: at the start, after restarts, and where the missed diffs were gone.
    pub snapshots: u64,
    /// How often a subscriber stopped reading for a while.
    pub stalls: u64,
    /// How often a subscriber was gone for a while.
    pub drops: u64,
    /// How often missed diffs were requested and the book continued.
    pub resumed: u64,
    /// Books that were not the server's: a gap, a wrong checksum, an update taken back, a difference in the end.
    pub desyncs: u64,
    /// Books compared level by level in the end.
    pub books_compared: u64,
    /// Accounts that were listened to.
    pub listened: u64,
    /// Their private events.
    pub events: u64,
    /// Their orders that were acknowledged.
    pub acknowledged: u64,
    /// How often a private stream was resumed where it had ended.
    pub resubscribed: u64,
    /// Private events lost, doubled or out of order, and acknowledged orders no event reported.
    pub lost: u64,
    /// The first problems, as text.
    pub problems: Vec<String>,
}

impl Report {
    /// Returns whether there were no problems.
    pub fn is_clean(&self) -> bool {
        self.desyncs == 0 && self.lost == 0 && self.problems.is_empty()
    }

    /// A summary of a few lines.
    pub fn summary(&self) -> String {
        format!(
            "seed {}: {:.0} s, {} stops and {} kills (away for {:.1} s)\n\
             commands: {} ({:.0} a second), {} refused\n\
             depth: {} subscribers, {} diffs, {} checksums compared, {} snapshots, {} stalls, {} drops, {} times missed \
             diffs asked for, {} books compared in the end\n\
             private: {} accounts, {} events, {} orders acknowledged, resumed {} times\n\
             desyncs {}, private events lost {}",
            self.seed,
            self.seconds,
            self.stops,
            self.kills,
            self.down_seconds,
            self.commands,
            self.commands_per_second,
            self.refused,
            self.subscribers,
            self.diffs,
            self.checked,
            self.snapshots,
            self.stalls,
            self.drops,
            self.resumed,
            self.books_compared,
            self.listened,
            self.events,
            self.acknowledged,
            self.resubscribed,
            self.desyncs,
            self.lost
        )
    }
}
