//! The state hash: a sum over entities of a hash of each, modulo 2^128.
//!
//! A sum can be kept up to date as entities come and go, and does not depend on how entities are spread over
//! slots or shards. It detects divergence between two runs; it is no defence against a forger.

use std::hash::{Hash, Hasher};

/// Spreads every bit of the input over the whole output (the finaliser of SplitMix64).
pub const fn mix64(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Folds the full 128-bit product of two words into one (as in wyhash).
pub const fn mix(left: u64, right: u64) -> u64 {
    let product = (left as u128) * (right as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Hashes one entity, given as words, to 128 bits. `kind` keeps entities of different types apart.
pub fn entity(kind: u64, words: &[u64]) -> u128 {
    let mut chains = Chains::new(kind);
    words.iter().for_each(|&word| chains.write_u64(word));
    chains.end()
}

/// Hashes anything that can be hashed, field by field, to 128 bits. `kind` keeps entities of different types apart.
pub fn of(kind: u64, entity: &impl Hash) -> u128 {
    let mut chains = Chains::new(kind);
    entity.hash(&mut chains);
    chains.end()
}

/// Splits bytes into words, the last filled up with zeros.
pub(crate) fn words_of(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    })
}

/// The hasher of an entity: two chains of multiplications, each of which produces half of the result.
struct Chains {
    low: u64,
    high: u64,
}

impl Chains {
    const fn new(kind: u64) -> Self {
        Self { low: kind ^ 0xa076_1d64_78bd_642f, high: kind ^ 0xe703_7ed1_a0b4_28db }
    }

    const fn end(self) -> u128 {
        ((mix64(self.high) as u128) << 64) | mix64(self.low) as u128
    }
}

impl Hasher for Chains {
    fn finish(&self) -> u64 {
        self.low
    }

    fn write(&mut self, bytes: &[u8]) {
        // The length is part of the input, so zeros behind the last byte cannot be confused with bytes.
        self.write_u64(bytes.len() as u64);
        words_of(bytes).for_each(|word| self.write_u64(word));
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u16(&mut self, value: u16) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, word: u64) {
        self.low = mix(self.low ^ word, 0x8ebc_6af0_9c88_c6e3 ^ self.low.rotate_left(23));
        self.high = mix(self.high ^ word.rotate_left(32), 0x5899_65cc_7537_4cc3 ^ self.high.rotate_left(41));
    }

    fn write_u128(&mut self, value: u128) {
        self.write_u64(value as u64);
        self.write_u64((value >> 64) as u64);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

/// Splits a 128-bit amount into words for [`entity`].
pub const fn words(value: i128) -> [u64; 2] {
    [value as u64, (value >> 64) as u64]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_kind_and_value_all_matter() {
        let hashes = [
            entity(1, &[1, 2]),
            entity(1, &[2, 1]),
            entity(2, &[1, 2]),
            entity(1, &[1, 2, 0]),
            entity(1, &[0, 0]),
        ];
        let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len());
    }
}
