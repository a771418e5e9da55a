//! A keyed table without an order: a hash map without the properties that make one dangerous here.
//!
//! The hasher is fixed, and iteration is offered only sorted by key, so nothing observable depends on it.

#![expect(clippy::disallowed_types, reason = "the one place that wraps the hash map")]

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hash, Hasher},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::hash::{mix, words_of};

/// Hashes integers and short byte strings; not resistant to chosen keys. The exchange generates all keys itself except
/// client order ids, whose number per account is bounded by MAX_NUM_ORDERS.
#[derive(Debug, Default, Clone, Copy)]
pub struct FixedHasher(u64);

impl Hasher for FixedHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
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

    fn write_u64(&mut self, value: u64) {
        self.0 = mix(self.0 ^ value ^ 0xa076_1d64_78bd_642f, 0x9e37_79b9_7f4a_7c15 ^ self.0.rotate_left(32));
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

/// A map from keys to values.
#[derive(Debug, Clone)]
pub struct Table<K, V>(HashMap<K, V, BuildHasherDefault<FixedHasher>>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Eq + Hash + Ord + Copy, V> Table<K, V> {
    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the key is present.
    pub fn contains(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// Returns the value.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    /// Returns a mutable reference to the value.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    /// Returns a mutable reference to the value, inserting it first if absent.
    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.0.entry(key).or_default()
    }

    /// Inserts a value and returns the one it replaces.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    /// Returns the approximate number of allocated bytes: an eighth of the capacity is kept free.
    pub fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(K, V)>() * 8 / 7
    }

    /// Removes a value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key)
    }

    /// Returns the sum of a hash of every entry; a sum does not depend on their order.
    pub fn sum(&self, hash: impl Fn(&K, &V) -> u128) -> u128 {
        self.0.iter().fold(0, |sum, (key, value)| sum.wrapping_add(hash(key, value)))
    }

    /// Returns whether every entry passes; the order in which they are checked is unspecified.
    pub fn all(&self, mut passes: impl FnMut(&K, &V) -> bool) -> bool {
        self.0.iter().all(|(key, value)| passes(key, value))
    }

    /// Returns the entries in key order: O(n log n), for queries, checks and hashes only.
    pub fn sorted(&self) -> Vec<(&K, &V)> {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| **key);
        entries
    }
}

/// Serializes in key order, so that equal tables are equal bytes.
impl<K: Eq + Hash + Ord + Copy + Serialize, V: Serialize> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.sorted())
    }
}

impl<'de, K: Eq + Hash + Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Table<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        HashMap::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_in_key_order() {
        let mut table = Table::default();
        for key in [5_u64, 3, 9, 1] {
            table.insert(key, key * 2);
        }
        assert_eq!(table.sorted().iter().map(|(key, _)| **key).collect::<Vec<_>>(), [1, 3, 5, 9]);
    }
}
