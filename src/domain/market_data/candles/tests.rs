use proptest::prelude::*;

use super::*;
use crate::domain::types::{
    id::{OrderId, TradeId},
    money::Lots,
};

fn trade(id: u64, seconds: u64, price: u64, lots: u64) -> PublicTrade {
    PublicTrade {
        id: TradeId::new(id),
        price: Price::from_ticks(price),
        lots: Lots::new(lots),
        time: at(seconds),
        buyer_is_maker: id.is_multiple_of(3),
        taker: OrderId::new(id),
    }
}

const fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn built(tape: &[PublicTrade]) -> Candles {
    let mut candles = Candles::default();
    tape.iter().for_each(|trade| candles.add(trade));
    candles
}

/// The obvious way: one candle after the other, straight from the trades.
fn naive(tape: &[PublicTrade], interval: Interval, zone: Zone) -> Vec<Candle> {
    let mut candles: Vec<Candle> = Vec::new();
    for trade in tape {
        let open_time = interval.open(trade.time, zone);
        match candles.last_mut() {
            Some(candle) if candle.open_time == open_time => candle.add(trade),
            _ => candles.push(Candle::of(open_time, trade)),
        }
    }
    candles
}

#[test]
fn an_empty_interval_is_flat_at_the_close_before_it() {
    let candles = built(&[trade(1, 60, 100, 1), trade(2, 250, 90, 1)]);
    let minutes = candles.query((Interval::Minute1, Zone::UTC), None, None, 500, at(330));
    let row = |candle: &Candle| (candle.open_time, candle.close.ticks(), candle.trades);
    let rows: Vec<_> = minutes.candles.iter().map(row).collect();
    assert_eq!(
        rows,
        [(at(60), 100, 1), (at(120), 100, 0), (at(180), 100, 0), (at(240), 90, 1), (at(300), 90, 0)]
    );
    assert_eq!(minutes.reach, None);
    assert_eq!(candles.at(Interval::Minute1, Zone::UTC, at(199)), Some(minutes.candles[2]));
    assert_eq!(candles.at(Interval::Minute1, Zone::UTC, at(59)), None);
}

#[test]
fn bounds_and_limit_choose_the_oldest_from_a_start_and_else_the_latest() {
    let candles = built(&[trade(1, 60, 100, 1), trade(2, 600, 90, 1)]);
    let ask = |start: Option<u64>, end: Option<u64>, limit| {
        let minute = (Interval::Minute1, Zone::UTC);
        let found = candles.query(minute, start.map(at), end.map(at), limit, at(600)).candles;
        found.iter().map(|candle| candle.open_time.millis() / 60_000).collect::<Vec<_>>()
    };
    assert_eq!(ask(None, None, 3), [8, 9, 10]);
    assert_eq!(ask(Some(0), None, 1), [1]);
    assert_eq!(ask(Some(61), None, 2), [2, 3]);
    assert_eq!(ask(None, Some(299), 2), [3, 4]);
    assert_eq!(ask(Some(180), Some(240), 500), [3, 4]);
    assert_eq!(ask(Some(660), None, 5), [0_u64; 0]);
    assert_eq!(ask(None, Some(59), 5), [0_u64; 0]);
    assert!(Candles::default().query((Interval::Day1, Zone::UTC), None, None, 5, at(9)).candles.is_empty());
}

#[test]
fn the_first_candle_ever_is_kept_and_a_shortened_answer_says_so() {
    let count = HISTORY_LEN_MAX as u64 + 50;
    let tape: Vec<_> = (1..=count).map(|index| trade(index, index * 2, index, 1)).collect();
    let candles = built(&tape);
    let second = (Interval::Second1, Zone::UTC);
    let first = candles.query(second, Some(at(0)), None, 1, at(0));
    assert_eq!(first.candles, [Candle::of(at(2), &tape[0])]);
    // The last second is not in the history yet.
    let oldest = at((count - HISTORY_LEN_MAX as u64) * 2);
    assert_eq!(first.reach, Some(oldest));
    let two = candles.query(second, Some(at(0)), None, 2, at(0)).candles;
    assert_eq!((two.len(), two[1].open_time), (2, oldest));
    assert_eq!(candles.query(second, Some(oldest), None, 2, at(0)).reach, None);
    let latest = candles.query(second, None, None, 3, at(0));
    assert_eq!(
        (latest.candles.last().map(|candle| candle.close), latest.reach),
        (Some(tape[tape.len() - 1].price), None)
    );
}

#[test]
fn the_week_is_aggregated_from_few_candles_and_exactly() {
    let tape: Vec<_> = (1..20_000).map(|id| trade(id, id * 53, 1_000 + id * 7 % 911, id % 13 + 1)).collect();
    let candles = built(&tape);
    for from in [0, 53 * 10_000 / 60 * 60, 53 * 19_990 / 60 * 60] {
        let later: Vec<_> = tape.iter().filter(|trade| trade.time >= at(from)).copied().collect();
        let mut expected = Candle::of(at(from), &later[0]);
        later[1..].iter().for_each(|trade| expected.add(trade));
        assert_eq!(candles.aggregate_since(at(from)), Some(expected));
    }
    assert_eq!(candles.aggregate_since(at(53 * 20_000 / 60 * 60 + 60)), None);
    // Seconds reach back less far, and need no whole minute.
    for from in [53 * 19_000, 53 * 19_990 + 1, 53 * 19_999] {
        let later: Vec<_> = tape.iter().filter(|trade| trade.time >= at(from)).copied().collect();
        let mut expected = Candle::of(at(from), &later[0]);
        later[1..].iter().for_each(|trade| expected.add(trade));
        assert_eq!(candles.aggregate_since(at(from)), Some(expected));
    }
    assert_eq!(candles.aggregate_since(at(53 * 19_999 + 1)), None);
}

prop_compose! {
    /// Random trades with quiet and busy stretches, over minutes to months.
    fn tapes()(steps in prop::collection::vec((0_u64..3, 0_u64..2_000_000, 1_u64..50, 1_u64..9), 1..300),
               scale in 1_u64..200_000) -> Vec<PublicTrade> {
        let mut seconds = 1_582_000_000;
        let trades = steps.iter().enumerate().map(|(index, (quiet, gap, price, lots))| {
            seconds += if *quiet == 0 { gap % scale } else { 0 };
            trade(index as u64 + 1, seconds, *price, *lots)
        });
        trades.collect()
    }
}

proptest! {
    #[test]
    fn every_interval_is_the_naive_roll_up_of_the_tape(tape in tapes(), zone in -720_i64..=840, phase in 0_u8..3) {
        let zone = Zone::parse(&format!("{}{}:{:02}", if zone < 0 { "-" } else { "" }, zone.abs() / 60, zone.abs() % 60)).unwrap();
        let candles = built(&tape);
        for interval in Interval::ALL {
            let kept: Vec<_> = candles.since(interval, Timestamp::default()).collect();
            prop_assert_eq!(&kept, &naive(&tape, interval, Zone::UTC));
            let zone = zone.for_symbol(interval, phase);
            let source = candles.since(interval.source(zone), Timestamp::default());
            let zoned: Vec<_> = roll_up(source, interval, zone).collect();
            prop_assert_eq!(zoned, naive(&tape, interval, zone));
        }
    }

    #[test]
    fn answers_are_the_naive_candles_with_the_gaps_filled(
        tape in tapes(), index in 0_usize..16, start in 0_u64..400_000, limit in 1_usize..40, phase in 0_u8..3,
    ) {
        let interval = Interval::ALL[index];
        let eight = Zone::EIGHT.for_symbol(interval, phase);
        let now = tape[tape.len() - 1].time;
        let start = at(1_582_000_000 - 1_000 + start);
        let answer = built(&tape).query((interval, eight), Some(start), None, limit, now);
        let from = interval.open_from(start, eight);
        let naive = naive(&tape, interval, eight);
        let close = naive.iter().rev().find(|candle| candle.open_time < from).map(|candle| candle.close);
        let last = interval.open(now, eight);
        let filled = fill(naive.into_iter(), interval, eight, (from, last), close);
        prop_assert_eq!(answer.candles, filled.take(limit).collect::<Vec<_>>());
        prop_assert_eq!(answer.reach, None);
    }

    #[test]
    fn written_down_and_read_back_at_any_point_it_goes_on_the_same(tape in tapes(), split in 0_usize..300) {
        let split = split.min(tape.len());
        let bytes = postcard::to_stdvec(&built(&tape[..split])).unwrap();
        let mut candles: Candles = postcard::from_bytes(&bytes).unwrap();
        tape[split..].iter().for_each(|trade| candles.add(trade));
        prop_assert_eq!(candles, built(&tape));
    }
}
