//! Plays a tape through the API of a running server, and compares the outcome with the tape.

use std::time::{Duration, Instant};

use lightning_exchange::{client::ClientError, domain::orders::Side};

use super::{
    plan::{Group, Planner, Step},
    player::Player,
    tape::Level,
};

/// How fast a tape is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// A multiple of the recorded speed.
    Times(u32),
    /// As fast as the server answers.
    Max,
}

impl std::str::FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "max" => Ok(Self::Max),
            other => match other.trim_end_matches('x').parse() {
                Ok(times) if times > 0 => Ok(Self::Times(times)),
                _ => Err("a speed is a whole number such as 1 or 10, or max".to_owned()),
            },
        }
    }
}

/// The result of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Groups played.
    pub groups: usize,
    /// Orders, amendments and cancels sent.
    pub steps: usize,
    /// Aggressive orders among them.
    pub takes: usize,
    /// Aggressive orders that filled at the tape's prices and sizes, against the tape's orders.
    pub takes_as_recorded: usize,
    /// Fills the tape has.
    pub fills: usize,
    /// Groups after which the book was compared.
    pub books: usize,
    /// Groups after which the best bid and ask were the tape's, as the group left them.
    pub tops_as_recorded: usize,
    /// Groups after which every level of the tape's row was the exchange's, as the group left them.
    pub books_as_recorded: usize,
    /// Levels that were brought back to the tape's after a difference.
    pub levels_reset: usize,
    /// Where the exchange and the tape differ.
    pub differences: Vec<String>,
}

/// Plays a tape to its end, whatever differs on the way.
///
/// With `levels` above 0 the book is compared after every group, that many levels deep, and a level that differs is
/// brought back to the tape's: all orders there are cancelled and one of the tape's size rests instead. So one difference
/// is counted once. What a tape of few levels does not show (an order that rests outside the window and comes into view)
/// counts as a difference of the book too. `progress` is given the number of messages played.
///
/// # Errors
/// The server cannot be reached or answers what the API does not document. A refusal is a difference, and counted.
pub async fn play(
    player: &mut Player,
    mut planner: Planner<'_>,
    speed: Speed,
    levels: usize,
    mut progress: impl FnMut(usize),
) -> Result<Report, ClientError> {
    let mut report = Report::default();
    let started = Instant::now();
    let mut first = None;
    while let Some(group) = planner.next_group() {
        if let Speed::Times(times) = speed {
            let first = *first.get_or_insert(group.time_ns);
            let due = Duration::from_nanos(group.time_ns.saturating_sub(first) / u64::from(times));
            tokio::time::sleep(due.saturating_sub(started.elapsed())).await;
        }
        play_group(player, &group, &mut report).await?;
        if levels > 0 {
            compare(player, &mut planner, &group, levels, &mut report).await?;
        }
        progress(group.last + 1);
    }
    Ok(report)
}

async fn play_group(player: &mut Player, group: &Group, report: &mut Report) -> Result<(), ClientError> {
    report.groups += 1;
    let line = group.last + 1;
    for step in &group.steps {
        report.steps += 1;
        let done = match player.step(step).await {
            Ok(done) => done,
            // A refusal by the exchange is a difference; only a lost server ends the play.
            Err(error @ ClientError::Refused { .. }) => {
                report.takes += usize::from(matches!(step, Step::Take { .. }));
                report.differences.push(format!("line {line}: {step:?}: {error}"));
                continue;
            }
            Err(error) => return Err(error),
        };
        let Step::Take { fills, makers, .. } = step else {
            if !done.fills.is_empty() {
                report.differences.push(format!("line {line}: a resting order traded: {:?}", done.fills));
            }
            continue;
        };
        report.takes += 1;
        report.fills += fills.len();
        if &done.fills != fills {
            report.differences.push(format!("line {line}: {:?} is not the tape's {fills:?}", done.fills));
        } else if &done.makers != makers {
            let found = &done.makers;
            report
                .differences
                .push(format!("line {line}: the makers {found:?} are not the tape's {makers:?}"));
        } else {
            report.takes_as_recorded += 1;
        }
    }
    Ok(())
}

/// Compares the book with the tape's row, and brings every level that differs back to it.
async fn compare(
    player: &mut Player,
    planner: &mut Planner<'_>,
    group: &Group,
    levels: usize,
    report: &mut Report,
) -> Result<(), ClientError> {
    report.books += 1;
    let (bids, asks) = player.book(levels).await?;
    let best = (bids.first().copied(), asks.first().copied());
    if best == group.top() {
        report.tops_as_recorded += 1;
    } else {
        let line = group.last + 1;
        report.differences.push(format!("line {line}: top {best:?} is not the tape's {:?}", group.top()));
    }
    let mut resets = 0;
    for (side, ours, tape) in [(Side::Buy, &bids, &group.row.bids), (Side::Sell, &asks, &group.row.asks)] {
        let tape = &tape[..tape.len().min(levels)];
        for (price, size) in differing(side, ours, tape) {
            resets += 1;
            let name = planner.level_reset(side, price, size);
            player.reset_level(side, price, name.map(|name| (name, size))).await?;
        }
    }
    report.levels_reset += resets;
    report.books_as_recorded += usize::from(resets == 0);
    Ok(())
}

/// The levels at which our side of the book is not the tape's, each with the size the tape has there. Beyond the tape's
/// last level nothing is known, so nothing differs.
fn differing(side: Side, ours: &[Level], tape: &[Level]) -> Vec<Level> {
    let is_shown = |price: u64| match (side, tape.last()) {
        (_, None) => true,
        (Side::Buy, Some(&(last, _))) => price >= last,
        (Side::Sell, Some(&(last, _))) => price <= last,
    };
    let mut differing: Vec<Level> = tape.iter().filter(|level| !ours.contains(level)).copied().collect();
    for &(price, _) in ours {
        if is_shown(price) && !tape.iter().any(|&(shown, _)| shown == price) {
            differing.push((price, 0));
        }
    }
    differing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_read() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("10x".parse(), Ok(Speed::Times(10)));
        assert!("0".parse::<Speed>().is_err() && "fast".parse::<Speed>().is_err());
    }

    #[test]
    fn levels_differ_by_size_by_absence_and_by_presence_inside_the_window() {
        let ours = [(100, 5), (99, 3), (98, 1), (90, 7)];
        assert_eq!(differing(Side::Buy, &ours, &[(100, 5), (99, 4), (97, 2)]), [(99, 4), (97, 2), (98, 0)]);
        assert_eq!(differing(Side::Buy, &ours, &[(100, 5), (99, 3)]), [], "what lies below is not shown");
        let asks = [(101, 1), (103, 2)];
        assert_eq!(differing(Side::Sell, &asks, &[(101, 1), (102, 9)]), [(102, 9)]);
        assert_eq!(
            differing(Side::Sell, &asks, &[]),
            [(101, 0), (103, 0)],
            "an empty row shows the whole side"
        );
    }
}
