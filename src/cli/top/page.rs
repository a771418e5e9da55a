//! What is shown, as lines of text: the same on the screen and for scripts.

use super::figures::{Figure, Figures};

/// The lines above the shards.
pub(super) fn head(figures: &Figures) -> Vec<String> {
    let Figures { commands, trades, shed, p50, p99, durable, journal_queue, .. } = figures;
    let of = |count: &Figure, most: &Figure| format!("{} of {}", whole(*count), whole(*most));
    vec![
        format!(
            "flow     commands/s {}  trades/s {}  shed/s {}",
            tenths(*commands),
            tenths(*trades),
            tenths(*shed)
        ),
        format!("latency  p50 {} ms  p99 {} ms", millis(*p50), millis(*p99)),
        format!(
            "journal  frame {}  queue {}  commit p99 {} ms",
            whole(*durable),
            whole(*journal_queue),
            millis(figures.commit_p99)
        ),
        format!(
            "disk     commits/s {}  KiB/s {}",
            tenths(figures.commits),
            tenths(figures.bytes.map(|bytes| bytes / 1_024.0))
        ),
        format!(
            "history  frame {}  behind {}  failures {}",
            whole(figures.history),
            whole(figures.history_lag()),
            whole(figures.history_failures)
        ),
        format!(
            "sockets  connections {}  grpc {}  websocket {}  refused/s {}",
            of(&figures.connections, &figures.connections_max),
            whole(figures.grpc),
            whole(figures.websockets),
            tenths(figures.refused)
        ),
        format!("clock    ahead {} ms", millis(figures.skew)),
    ]
}

/// The heading of the shards.
pub(super) fn heading() -> String {
    format!("{:<14} {:>9} {:>12} {:>10}", "shard", "queue", "oldest ms", "p99 ms")
}

/// One line for each shard, the busiest first.
pub(super) fn shards(figures: &Figures) -> impl Iterator<Item = String> {
    figures.shards.iter().map(|shard| {
        format!(
            "{:<14} {:>9} {:>12} {:>10}",
            shard.name,
            whole(shard.queue),
            millis(shard.oldest),
            millis(shard.p99)
        )
    })
}

fn shown(figure: Figure, decimals: usize) -> String {
    match figure {
        Some(figure) if figure.is_finite() => format!("{figure:.decimals$}"),
        Some(_) => "more".to_owned(), // beyond the last bound of a histogram
        None => "-".to_owned(),
    }
}

fn whole(figure: Figure) -> String {
    shown(figure, 0)
}

fn tenths(figure: Figure) -> String {
    shown(figure, 1)
}

fn millis(seconds: Figure) -> String {
    shown(seconds.map(|seconds| seconds * 1_000.0), 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_does_not_have_is_a_dash() {
        let lines = head(&Figures::default());
        assert_eq!(lines[0], "flow     commands/s -  trades/s -  shed/s -");
        let figures = Figures { p50: Some(0.000_512), p99: Some(f64::INFINITY), ..Figures::default() };
        assert_eq!(head(&figures)[1], "latency  p50 0.512 ms  p99 more ms");
        assert_eq!(shards(&figures).count(), 0);
    }

    #[test]
    fn every_line_fits_eighty_columns() {
        let large = Some(9_999_999.0);
        let figures = Figures {
            commands: large,
            trades: large,
            shed: large,
            durable: Some(999_999_999.0),
            journal_queue: Some(99_999.0),
            commits: Some(99_999.0),
            bytes: Some(99_999.0 * 1_024.0),
            commit_p99: Some(0.5),
            history: Some(999_999_999.0),
            history_failures: large,
            connections: Some(20_000.0),
            connections_max: Some(20_000.0),
            ..Figures::default()
        };
        for line in head(&figures) {
            assert!(line.len() <= 80, "{} {line}", line.len());
        }
    }
}
