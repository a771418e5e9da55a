//! Numbers that follow from a seed.

use super::hash::mix64;

/// How far two numbers of a sequence are apart before they are mixed: the golden ratio, as 64 bits of fraction.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A SplitMix64 generator: small, the same on every machine, and no source of secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts the sequence of a seed; sequences of neighbouring seeds are unrelated.
    pub const fn new(seed: u64) -> Self {
        Self(mix64(seed))
    }

    /// Starts one of the sequences of a seed; sequences of one seed are unrelated.
    pub const fn stream(seed: u64, stream: u64) -> Self {
        Self(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// Returns the next 64 bits.
    pub const fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix64(self.0)
    }

    /// Returns a number below `bound`, which must not be zero.
    pub const fn below(&mut self, bound: u64) -> u64 {
        ((self.word() as u128 * bound as u128) >> 64) as u64
    }

    /// Returns a number from `low` to `high`, both included.
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Returns true `percent` times of a hundred.
    pub const fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Returns true once in `times`.
    pub const fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// Returns one of the choices, of which there must be one.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seeds are on record: what they show must show again.
    #[test]
    fn a_seed_stands_for_the_same_numbers_for_ever() {
        // The reference sequence of SplitMix64 from state 0.
        let mut random = Random(0);
        assert_eq!([random.word(), random.word()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
        assert_eq!(Random::stream(0, 0).word(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(Random::new(0).word(), 0xe220_a839_7b1d_cdaf);
        assert_ne!(Random::new(1).word(), Random::new(2).word());
        assert_ne!(Random::stream(7, 1).word(), Random::stream(7, 2).word());
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        let mut random = Random::new(3);
        for _ in 0..1_000 {
            assert!(random.below(7) < 7);
            assert!((5..=9).contains(&random.between(5, 9)));
            assert!([1, 2, 4].contains(&random.pick(&[1, 2, 4])));
            assert!(!random.chance(0) && random.chance(100) && random.one_in(1));
        }
    }
}
