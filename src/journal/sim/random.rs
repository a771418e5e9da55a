//! Numbers that look random and follow from a seed (splitmix64).

/// A seeded source of numbers.
#[derive(Debug, Clone)]
pub(in crate::journal) struct Random(u64);

impl Random {
    pub(in crate::journal) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number.
    pub(in crate::journal) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`, which must not be 0.
    pub(in crate::journal) const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
