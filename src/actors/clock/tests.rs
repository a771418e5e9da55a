use super::*;

const START: u64 = 1_700_000_000_000_000;
const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// A clock that is read ten times a second.
struct Watched {
    clock: Clock,
    hands: Hands,
    said: Vec<ClockEvent>,
}

impl Watched {
    fn new() -> Self {
        let (clock, hands) = Clock::on_hands(Timestamp::from_micros(START));
        Self { clock, hands, said: Vec::new() }
    }

    /// Lets time pass, and returns how far the exchange's time is ahead of the steady clock then.
    fn pass(&mut self, tenths: u64) -> i64 {
        for _ in 0..tenths {
            let before = self.clock.now();
            self.hands.steady.fetch_add(100_000, Ordering::Relaxed);
            assert!(self.clock.now() > before, "time stands still");
            self.said.extend(self.clock.look());
        }
        self.ahead()
    }

    fn leap(&self, micros: i64) {
        self.hands.wall_ahead.fetch_add(micros, Ordering::Relaxed);
    }

    fn ahead(&self) -> i64 {
        signed(self.clock.now().micros()) - signed(self.hands.steady.load(Ordering::Relaxed))
    }
}

#[test]
fn a_leap_that_is_corrected_leaves_no_mark() {
    for leap in [HOUR, -HOUR, 400 * 24 * HOUR, 3 * SECOND, -3 * SECOND] {
        let mut watched = Watched::new();
        watched.pass(20);
        watched.leap(leap);
        assert_eq!(watched.pass(590), 0, "{leap}");
        assert_eq!((watched.clock.skew(), watched.clock.leap()), (leap, Some(leap)));
        watched.leap(-leap);
        assert_eq!(watched.pass(10), 0);
        assert_eq!(watched.said, [ClockEvent::Leapt(leap), ClockEvent::Healed(leap)]);
        assert_eq!((watched.clock.skew(), watched.clock.leap(), watched.clock.leaps()), (0, None, 1));
    }
}

#[test]
fn a_leap_that_lasts_is_believed_after_a_minute() {
    for leap in [HOUR, -HOUR] {
        let mut watched = Watched::new();
        watched.leap(leap);
        assert_eq!(watched.pass(600), 0);
        watched.hands.steady.fetch_add(100_000, Ordering::Relaxed);
        watched.said.extend(watched.clock.look());
        assert_eq!(watched.ahead(), leap);
        assert_eq!(watched.said, [ClockEvent::Leapt(leap), ClockEvent::Followed(leap)]);
        assert_eq!(watched.pass(10), leap);
    }
}

#[test]
fn a_wall_clock_that_is_set_again_and_again_is_not_believed() {
    let mut watched = Watched::new();
    for _ in 0..20 {
        watched.leap(HOUR);
        assert_eq!(watched.pass(400), 0);
    }
    assert_eq!(watched.said, [ClockEvent::Leapt(HOUR)], "said once");
}

#[test]
fn a_small_step_is_made_up_for_at_a_tenth_of_the_pace() {
    for step in [SECOND, -SECOND] {
        let mut watched = Watched::new();
        watched.leap(step);
        assert_eq!(watched.pass(50), step / 2);
        assert_eq!(watched.pass(50), step);
        assert_eq!(watched.pass(50), step, "and no further");
        assert_eq!(watched.said, [ClockEvent::Stepped(step)]);
        // A step for a second moves time by a tenth of a second, and that is corrected too.
        let mut watched = Watched::new();
        watched.leap(step);
        assert_eq!(watched.pass(10), step / 10);
        watched.leap(-step);
        assert_eq!(watched.pass(10), 0);
    }
}

#[test]
fn the_clocks_of_this_machine_agree_with_themselves() {
    let clock = Clock::default();
    let (before, now, after) = (wall_micros(), clock.now().micros(), wall_micros());
    // Changes of the machine's clock between the readings do not matter to this test: a leap shows as a skew.
    assert_eq!(clock.leap(), None);
    assert!(before.abs_diff(now) <= after.abs_diff(before) + 1_000_000);
}
