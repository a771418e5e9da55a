//! Values by key, each in a place of its own: a table for values that are many and large.
//!
//! A [`Table`](super::table::Table) keeps its values beside the keys, moves all of them when it grows, and leaves room for
//! half as many again. Here an index of eleven bytes an entry refers to the values, which never move; a value that states
//! its key needs none beside it, and the place of one that was removed is the next to be used. As with a table, nothing
//! observable depends on the order of the entries.

use std::{cell::Cell, hash::Hash, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

use super::{index::Index, pages::Pages};

/// Values per page: few, because there is a pool for every slot, and most slots of a small exchange hold little.
const PAGE: usize = 16;

/// What a pool stores of a key and its value.
pub trait Entry<K, V> {
    /// Joins the two.
    fn new(key: K, value: V) -> Self;

    /// Returns the key.
    fn key(&self) -> K;

    /// Returns the value.
    fn value(&self) -> &V;

    /// Returns a mutable reference to the value, for a change of anything but a key it states.
    fn value_mut(&mut self) -> &mut V;

    /// Returns the value alone.
    fn into_value(self) -> V;
}

/// A value that does not state its key.
impl<K: Copy, V> Entry<K, V> for (K, V) {
    fn new(key: K, value: V) -> Self {
        (key, value)
    }

    fn key(&self) -> K {
        self.0
    }

    fn value(&self) -> &V {
        &self.1
    }

    fn value_mut(&mut self) -> &mut V {
        &mut self.1
    }

    fn into_value(self) -> V {
        self.1
    }
}

/// A map from keys to values.
#[derive(Debug, Clone)]
pub struct Pool<K, V, E = (K, V)> {
    index: Index,
    places: Pages<Option<E>, PAGE>,
    /// The number of places ever used.
    used: u32,
    /// Places that are empty now.
    free: Vec<u32>,
    /// The place found last: one input looks the same entry up many times.
    last: Cell<u32>,
    of: PhantomData<(K, V)>,
}

impl<K, V, E> Default for Pool<K, V, E> {
    fn default() -> Self {
        let (index, places, used, free, last) = Default::default();
        Self { index, places, used, free, last, of: PhantomData }
    }
}

impl<K: Eq + Hash + Ord + Copy, V, E: Entry<K, V>> Pool<K, V, E> {
    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Returns whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Returns whether the key is present.
    pub fn contains(&self, key: &K) -> bool {
        self.place(key).is_some()
    }

    /// Returns the value.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.at(self.place(key)?)
    }

    /// Returns a mutable reference to the value.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key)?;
        self.places.get_mut(place)?.as_mut().map(E::value_mut)
    }

    /// Returns where the value is, until it is removed.
    pub fn place(&self, key: &K) -> Option<u32> {
        let last = self.last.get();
        if self.is_at(last, key) {
            return Some(last);
        }
        let place = self.index.find(Index::hash(key), |place| self.is_at(place, key))?;
        self.last.set(place);
        Some(place)
    }

    /// Returns the value at a place.
    pub fn at(&self, place: u32) -> Option<&V> {
        self.places.get(place)?.as_ref().map(E::value)
    }

    /// Inserts a value and returns the one it replaces.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(old) = self.get_mut(&key) {
            return Some(std::mem::replace(old, value));
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.reach(self.used);
            self.used += 1;
            self.used - 1
        });
        self.places[place] = Some(E::new(key, value));
        self.index.insert(Index::hash(&key), place);
        None
    }

    /// Removes a value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.place(key)?;
        self.index.remove(Index::hash(key), place);
        self.free.push(place);
        self.places[place].take().map(E::into_value)
    }

    /// Returns the sum of a hash of every entry; a sum does not depend on their order.
    pub fn sum(&self, hash: impl Fn(K, &V) -> u128) -> u128 {
        self.entries().fold(0, |sum, (key, value)| sum.wrapping_add(hash(key, value)))
    }

    /// Returns the entries in key order: O(n log n), for queries, checks and hashes only.
    pub fn sorted(&self) -> Vec<(K, &V)> {
        let mut entries: Vec<_> = self.entries().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries
    }

    /// Returns the approximate number of allocated bytes.
    pub fn bytes(&self) -> usize {
        self.places.bytes() + self.index.bytes()
    }

    fn is_at(&self, place: u32, key: &K) -> bool {
        self.places.get(place).and_then(Option::as_ref).is_some_and(|entry| entry.key() == *key)
    }

    /// Returns the entries in no order that may be observed.
    fn entries(&self) -> impl Iterator<Item = (K, &V)> {
        self.places.iter().flatten().map(|entry| (entry.key(), entry.value()))
    }
}

/// Serializes in key order, so that equal pools are equal bytes, and those of a table.
impl<K: Eq + Hash + Ord + Copy + Serialize, V: Serialize, E: Entry<K, V>> Serialize for Pool<K, V, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.sorted())
    }
}

impl<'de, K, V, E> Deserialize<'de> for Pool<K, V, E>
where
    K: Eq + Hash + Ord + Copy + Deserialize<'de>,
    V: Deserialize<'de>,
    E: Entry<K, V>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<K, V, E>(PhantomData<(K, V, E)>);

        impl<'de, K, V, E> Visitor<'de> for Entries<K, V, E>
        where
            K: Eq + Hash + Ord + Copy + Deserialize<'de>,
            V: Deserialize<'de>,
            E: Entry<K, V>,
        {
            type Value = Pool<K, V, E>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pool = Pool::default();
                while let Some((key, value)) = map.next_entry()? {
                    pool.insert(key, value);
                }
                Ok(pool)
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::types::table::Table;

    proptest! {
        #[test]
        fn it_does_what_a_table_does(steps in prop::collection::vec((0_u64..40, any::<bool>()), 0..400)) {
            let (mut pool, mut table) = (Pool::<u64, usize>::default(), Table::default());
            for (value, (key, is_insert)) in steps.into_iter().enumerate() {
                if is_insert {
                    prop_assert_eq!(pool.insert(key, value), table.insert(key, value));
                } else {
                    prop_assert_eq!(pool.remove(&key), table.remove(&key));
                }
                prop_assert_eq!(pool.get(&key), table.get(&key));
                prop_assert_eq!(pool.len(), table.len());
            }
            let of_table: Vec<_> = table.sorted().into_iter().map(|(key, value)| (*key, value)).collect();
            prop_assert_eq!(pool.sorted(), of_table);
            let bytes = postcard::to_stdvec(&pool).unwrap();
            prop_assert_eq!(&bytes, &postcard::to_stdvec(&table).unwrap());
            let again: Pool<u64, usize> = postcard::from_bytes(&bytes).unwrap();
            prop_assert_eq!(again.sorted(), pool.sorted());
        }
    }

    #[test]
    fn a_place_keeps_its_value_while_others_come_and_go_and_is_used_again() {
        let mut pool = Pool::<u64, u64>::default();
        (0..100_u64).for_each(|key| assert!(pool.insert(key, key).is_none()));
        let place = pool.place(&7).unwrap();
        (0..100).filter(|key| *key != 7).for_each(|key| assert_eq!(pool.remove(&key), Some(key)));
        assert_eq!(pool.at(place), Some(&7));
        let bytes = pool.bytes();
        (100..199).for_each(|key| assert!(pool.insert(key, key).is_none()));
        assert_eq!((pool.bytes(), pool.at(place)), (bytes, Some(&7)));
    }
}
