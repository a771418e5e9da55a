//! Directories of entries that every request finds by name without a lock.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;

use crate::domain::types::hash::mix64;

const SHELF_COUNT: usize = 1024;

type Shelf<T> = HashMap<Box<str>, Arc<T>>;

/// A directory of entries, on shelves so that changing one copies a thousandth of them. Reads take no lock.
pub(super) struct Directory<T> {
    shelves: Box<[ArcSwap<Shelf<T>>]>,
}

impl<T> Directory<T> {
    /// Opens an empty directory.
    pub(super) fn new() -> Self {
        Self { shelves: (0..SHELF_COUNT).map(|_| ArcSwap::default()).collect() }
    }

    /// Adds an entry, or replaces the one of that name.
    pub(super) fn insert(&self, name: &str, entry: T) {
        let entry = Arc::new(entry);
        self.change(name, |shelf| {
            shelf.insert(name.into(), Arc::clone(&entry));
        });
    }

    /// Removes the entry of that name.
    pub(super) fn remove(&self, name: &str) {
        self.change(name, |shelf| {
            shelf.remove(name);
        });
    }

    /// Returns the entry of that name.
    pub(super) fn get(&self, name: &str) -> Option<Arc<T>> {
        self.shelf(name).load().get(name).cloned()
    }

    fn change(&self, name: &str, change: impl Fn(&mut Shelf<T>)) {
        self.shelf(name).rcu(|shelf| {
            let mut shelf = Shelf::clone(shelf);
            change(&mut shelf);
            shelf
        });
    }

    fn shelf(&self, name: &str) -> &ArcSwap<Shelf<T>> {
        let word = |chunk: &[u8]| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(word)
        };
        let hash = name.as_bytes().chunks(8).fold(0, |hash, chunk| mix64(hash ^ word(chunk)));
        &self.shelves[hash as usize % SHELF_COUNT]
    }
}
