//! The hash of one resting order.

/// Hashes a resting order: id, account, price, displayed lots, priority × 4 (+ 2 if it hides some, + 1 for a sell) and
/// expiry (`u64::MAX` for none).
///
/// [`hash::entity`](crate::domain::types::hash::entity) is a chain of two multiplications a word; a book hashes an
/// order or two with every command, so this one multiplies pairs of words beside each other, adds the full products (as
/// UMAC's NH does) and mixes the sum. The mixing matters: without it, two orders that exchange a quantity would leave
/// the sum over all orders as it was.
#[inline(always)]
pub fn digest(words: [u64; 6]) -> u128 {
    const A: u64 = 0xa076_1d64_78bd_642f;
    const B: u64 = 0xe703_7ed1_a0b4_28db;
    const C: u64 = 0x8ebc_6af0_9c88_c6e3;
    const D: u64 = 0x5899_65cc_7537_4cc3;
    let [order, account, price, remaining, rank, expiry] = words;
    // No two pairs have the same keys, so that no two fields can swap places unnoticed.
    let sum = times(order ^ A, account ^ B)
        .wrapping_add(times(price ^ C, remaining ^ D))
        .wrapping_add(times(rank ^ B, expiry ^ C));
    let (low, high) = (sum as u64, (sum >> 64) as u64);
    times(low ^ A, high ^ D).rotate_left(64) ^ times(high ^ B, low ^ C)
}

/// Returns the full product.
const fn times(left: u64, right: u64) -> u128 {
    (left as u128) * (right as u128)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SAMPLE: [u64; 6] = [1_025, 1, 100, 5, 14, u64::MAX];

    #[test]
    fn every_bit_of_every_word_changes_both_halves() {
        let base = digest(SAMPLE);
        for word in 0..6 {
            for bit in 0..64 {
                let mut other = SAMPLE;
                other[word] ^= 1 << bit;
                let change = base ^ digest(other);
                assert!(
                    (change as u64).count_ones() > 8 && ((change >> 64) as u64).count_ones() > 8,
                    "{word} {bit}"
                );
            }
        }
    }

    #[test]
    fn close_orders_hash_apart() {
        let mut seen = BTreeSet::new();
        for price in 0..20 {
            for remaining in 1..20 {
                for rank in 0..20 {
                    for order in 0..20 {
                        let [_, account, _, _, _, expiry] = SAMPLE;
                        let hash = digest([order, account, price, remaining, rank, expiry]);
                        assert!(seen.insert(hash as u64), "the lower half alone must distinguish them");
                    }
                }
            }
        }
    }

    #[test]
    fn orders_that_exchange_a_field_leave_another_sum() {
        let with = |order, remaining, rank| digest([order, 1, 100, remaining, rank, u64::MAX]);
        let sum = with(1, 5, 2).wrapping_add(with(2, 7, 4));
        assert_ne!(sum, with(1, 7, 2).wrapping_add(with(2, 5, 4)));
        assert_ne!(sum, with(1, 5, 4).wrapping_add(with(2, 7, 2)));
        assert_ne!(sum, with(2, 5, 2).wrapping_add(with(1, 7, 4)));
    }
}
