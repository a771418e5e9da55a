//! Places by the hash of what is there: an open-addressing table that keeps no keys.
//!
//! A lookup is one read of memory before the place itself, where a general hash table makes two. With a fixed hash and
//! no order that can be observed it is as deterministic as what it refers to.

use std::hash::{BuildHasher, BuildHasherDefault, Hash};

use super::table::FixedHasher;

/// A set of places, found by hash; what is at a place says whether it is the one that is meant.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// At most four fifths of them are taken. They grow by a quarter, so that not many are empty either.
    cells: Vec<Cell>,
    len: usize,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    hash: u32,
    place: u32,
}

/// No place: the cell is empty.
const NONE: u32 = u32::MAX;
const EMPTY: Cell = Cell { hash: 0, place: NONE };
const CELLS_MIN: usize = 8;

impl Index {
    /// Returns the hash of a key.
    pub fn hash(key: &impl Hash) -> u32 {
        BuildHasherDefault::<FixedHasher>::default().hash_one(key) as u32
    }

    /// Returns the number of places.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is no place.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the number of allocated bytes.
    pub const fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<Cell>()
    }

    /// Returns the place with this hash that `is_it`.
    pub fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = self.home(hash)?;
        loop {
            let cell = self.cells[at];
            if cell.place == NONE {
                return None;
            }
            if cell.hash == hash && is_it(cell.place) {
                return Some(cell.place);
            }
            at = self.next(at);
        }
    }

    /// Adds a place, which must not be in it; [`u32::MAX`] is none.
    pub fn insert(&mut self, hash: u32, place: u32) {
        if (self.len + 1) * 5 > self.cells.len() * 4 {
            let size = self.cells.len() + self.cells.len() / 4;
            let cells = vec![EMPTY; size.max(CELLS_MIN)];
            let taken = std::mem::replace(&mut self.cells, cells);
            taken.into_iter().filter(|cell| cell.place != NONE).for_each(|cell| self.put(cell));
        }
        self.put(Cell { hash, place });
        self.len += 1;
    }

    /// Removes a place, if it is in it.
    pub fn remove(&mut self, hash: u32, place: u32) {
        let Some(mut hole) = self.home(hash) else { return };
        loop {
            match self.cells[hole] {
                Cell { place: NONE, .. } => return,
                cell if cell.hash == hash && cell.place == place => break,
                _ => hole = self.next(hole),
            }
        }
        // Those behind it move up as far as their own hash allows, so that no search ends early.
        let mut at = hole;
        loop {
            at = self.next(at);
            let cell = self.cells[at];
            if cell.place == NONE {
                break;
            }
            let size = self.cells.len();
            let distance = |from: usize, to: usize| if to < from { to + size - from } else { to - from };
            if distance(home(cell.hash, size), at) >= distance(hole, at) {
                self.cells[hole] = cell;
                hole = at;
            }
        }
        self.cells[hole] = EMPTY;
        self.len -= 1;
    }

    fn put(&mut self, cell: Cell) {
        let mut at = home(cell.hash, self.cells.len());
        while self.cells[at].place != NONE {
            at = self.next(at);
        }
        self.cells[at] = cell;
    }

    fn home(&self, hash: u32) -> Option<usize> {
        (!self.cells.is_empty()).then(|| home(hash, self.cells.len()))
    }

    fn next(&self, at: usize) -> usize {
        let next = at + 1;
        if next == self.cells.len() { 0 } else { next }
    }
}

/// Returns the cell at which the search for a hash starts: the hash, scaled to the number of cells.
const fn home(hash: u32, size: usize) -> usize {
    ((hash as u64 * size as u64) >> u32::BITS) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Few hashes, so that most of them collide, from the first cell to the last.
        #[test]
        fn it_finds_what_a_set_finds(steps in prop::collection::vec((0_u32..12, 0_u32..40, any::<bool>()), 0..400)) {
            let (mut index, mut set) = (Index::default(), BTreeSet::new());
            let spread = |hash: u32| hash * (u32::MAX / 11);
            for (hash, place, is_insert) in steps {
                let hash = spread(hash);
                if !is_insert {
                    index.remove(hash, place);
                    set.remove(&(hash, place));
                } else if set.insert((hash, place)) {
                    index.insert(hash, place);
                }
                prop_assert_eq!(index.len(), set.len());
                for hash in (0..12).map(spread) {
                    for place in 0..40 {
                        let found = index.find(hash, |other| other == place);
                        prop_assert_eq!(found.is_some(), set.contains(&(hash, place)));
                    }
                }
            }
        }
    }
}
