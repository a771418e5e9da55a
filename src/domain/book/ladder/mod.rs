//! Values by price, over all prices of `u64`, with fast access to neighbours.

use crate::domain::types::{money::Price, pages::Pages};

mod check;
mod tree;

const NIL: u32 = u32::MAX;
/// Bits of the price that one node decides: 64 ways, one machine word of occupancy.
const DIGIT: u32 = 6;
const WAYS: usize = 1 << DIGIT;
/// Emptied leaves that stay in the tree.
const KEPT: usize = 16;
/// Leaves that are found without the tree: those of as many adjacent blocks, 32,768 prices.
const HINTS: usize = 512;

/// A map from prices to values that makes the accesses of an order book cheap: to a price, and from a price to the next
/// one above or below.
///
/// A radix tree of 64-way nodes, each with a word that marks its occupied ways. Its root covers only the span of prices
/// in use, so that a market within 4,096 ticks is two nodes deep and any `u64` can still be a price. The values of a
/// leaf are adjacent and never move: a [`Rung`] stays valid until its price is removed.
///
/// A market goes back to prices it has just left. The last leaves that were emptied therefore stay in the tree, and the
/// leaf of a block is remembered beside the tree: an order at a price near others costs no descent.
///
/// Memory follows the blocks of 64 prices in use, not the span; nodes are reused, the last one first, whose memory is
/// the warmest.
#[derive(Debug, Clone)]
pub struct Ladder<V> {
    /// By rung: 64 to each leaf. They are most of the memory, and the only part that must never be copied to grow.
    values: Pages<V, 1024>,
    leaves: Vec<Node>,
    branches: Vec<Node>,
    /// 64 to each branch; `NIL` where there is none.
    children: Vec<u32>,
    /// Nodes that are in no tree, linked by `parent`.
    leaves_free: u32,
    branches_free: u32,
    /// The leaves that were emptied last; some have prices again. The next to be replaced is the oldest.
    kept: [u32; KEPT],
    kept_next: usize,
    /// By block, modulo their number: the leaf that was looked for last.
    hints: Box<[Hint; HINTS]>,
    /// A leaf if `height` is 0, else a branch; `NIL` when there is no leaf.
    root: u32,
    height: u32,
    /// Any price under the root.
    anchor: u64,
    /// The digits in which all prices under the root agree, as a mask.
    common: u64,
    len: usize,
}

/// The location of a price. Valid until that price is removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rung(u32);

impl Rung {
    const fn new(leaf: u32, slot: u32) -> Self {
        Self((leaf << DIGIT) | slot)
    }

    const fn leaf(self) -> u32 {
        self.0 >> DIGIT
    }

    const fn slot(self) -> u32 {
        self.0 % WAYS as u32
    }
}

/// A leaf or a branch, without its children or values.
#[derive(Debug, Clone)]
struct Node {
    /// The ways among the 64 that lead to a price.
    occupied: u64,
    /// The prices' common upper digits. The last of them is the way from the parent to this node.
    block: u64,
    parent: u32,
    /// The number of a branch's children, empty ones included.
    children: u8,
    /// Whether it is a leaf among those kept.
    is_kept: bool,
}

impl Node {
    const fn new(block: u64, parent: u32) -> Self {
        Self { occupied: 0, block, parent, children: 0, is_kept: false }
    }
}

/// The leaf of a block.
#[derive(Debug, Clone, Copy)]
struct Hint {
    block: u64,
    leaf: u32,
}

impl Hint {
    /// No hint: a block has fewer bits.
    const NONE: Self = Self { block: u64::MAX, leaf: NIL };
}

impl<V: Copy + Default> Default for Ladder<V> {
    fn default() -> Self {
        Self {
            values: Pages::default(),
            leaves: Vec::new(),
            branches: Vec::new(),
            children: Vec::new(),
            leaves_free: NIL,
            branches_free: NIL,
            kept: [NIL; KEPT],
            kept_next: 0,
            hints: Box::new([Hint::NONE; HINTS]),
            root: NIL,
            height: 0,
            anchor: 0,
            common: 0,
            len: 0,
        }
    }
}

/// Returns the ways beyond `slot`, as a mask.
const fn beyond<const UP: bool>(slot: u32) -> u64 {
    if UP { (u64::MAX << slot) << 1 } else { !(u64::MAX << slot) }
}

/// Returns the first occupied way in the direction; there must be one.
const fn nearest<const UP: bool>(occupied: u64) -> u32 {
    if UP { occupied.trailing_zeros() } else { u64::BITS - 1 - occupied.leading_zeros() }
}

/// Returns the digits of a price above the lowest `digits` ones.
fn upper(price: u64, digits: u32) -> u64 {
    price.checked_shr(digits * DIGIT).unwrap_or(0)
}

/// Returns the block of a price.
const fn block_of(ticks: u64) -> u64 {
    ticks >> DIGIT
}

/// Returns the lowest digit.
const fn last_digit(key: u64) -> u32 {
    (key % WAYS as u64) as u32
}

/// Returns the index at which a branch keeps a child.
const fn child_index(branch: u32, way: u32) -> usize {
    ((branch as usize) << DIGIT) | way as usize
}

impl<V: Copy + Default> Ladder<V> {
    /// Returns the number of prices.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is no price.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the value at a price.
    pub fn get(&self, price: Price) -> Option<&V> {
        self.find(price).map(|rung| &self[rung])
    }

    /// Returns a mutable reference to the value at a price.
    pub fn get_mut(&mut self, price: Price) -> Option<&mut V> {
        self.find(price).map(|rung| &mut self[rung])
    }

    /// Returns a mutable reference to the value at a price; an absent price is inserted with the default.
    pub fn get_or_default(&mut self, price: Price) -> &mut V {
        let rung = self.enter(price);
        &mut self[rung]
    }

    /// Removes a price and returns its value.
    pub fn remove(&mut self, price: Price) -> Option<V> {
        let rung = self.find(price)?;
        Some(self.vacate(rung))
    }

    /// Returns the location of a price.
    #[inline(always)]
    pub fn find(&self, price: Price) -> Option<Rung> {
        let rung = self.place(price)?;
        (self.leaves[rung.leaf() as usize].occupied >> rung.slot() & 1 == 1).then_some(rung)
    }

    /// Returns the location a price has or would have, if there are prices near it.
    #[inline(always)]
    pub(super) fn place(&self, price: Price) -> Option<Rung> {
        let ticks = price.ticks();
        let leaf = self.hint(ticks).or_else(|| self.search(ticks))?;
        Some(Rung::new(leaf, last_digit(ticks)))
    }

    /// Returns the value at a rung that need not be valid.
    #[inline(always)]
    pub(super) fn peek(&self, rung: Rung) -> Option<&V> {
        self.values.get(rung.0)
    }

    /// Returns the leaf of a price if it is remembered.
    #[inline(always)]
    fn hint(&self, ticks: u64) -> Option<u32> {
        let hint = &self.hints[block_of(ticks) as usize % HINTS];
        (hint.block == block_of(ticks)).then_some(hint.leaf)
    }

    /// Returns the price at a rung.
    #[inline(always)]
    pub fn price(&self, rung: Rung) -> Price {
        Price::from_ticks((self.leaves[rung.leaf() as usize].block << DIGIT) | u64::from(rung.slot()))
    }

    /// Returns the lowest price.
    pub fn first(&self) -> Option<Rung> {
        self.end::<true>()
    }

    /// Returns the highest price.
    pub fn last(&self) -> Option<Rung> {
        self.end::<false>()
    }

    /// Returns the next higher price.
    #[inline(always)]
    pub fn above(&self, rung: Rung) -> Option<Rung> {
        self.neighbour::<true>(rung)
    }

    /// Returns the next lower price.
    #[inline(always)]
    pub fn below(&self, rung: Rung) -> Option<Rung> {
        self.neighbour::<false>(rung)
    }

    /// Returns the lowest price above `price`, whether or not `price` itself is present.
    pub fn next_up(&self, price: Price) -> Option<Rung> {
        self.next::<true>(price.ticks())
    }

    /// Returns the highest price below `price`, whether or not `price` itself is present.
    pub fn next_down(&self, price: Price) -> Option<Rung> {
        self.next::<false>(price.ticks())
    }

    /// Iterates over prices and values from `start` upwards.
    pub fn ascend(&self, start: Option<Rung>) -> impl Iterator<Item = (Price, &V)> {
        std::iter::successors(start, |rung| self.above(*rung)).map(|rung| (self.price(rung), &self[rung]))
    }

    /// Iterates over prices and values from `start` downwards.
    pub fn descend(&self, start: Option<Rung>) -> impl Iterator<Item = (Price, &V)> {
        std::iter::successors(start, |rung| self.below(*rung)).map(|rung| (self.price(rung), &self[rung]))
    }

    /// Returns the location of a price; an absent price is inserted with the default.
    pub fn enter(&mut self, price: Price) -> Rung {
        let rung = self.reach(price);
        self.occupy(rung);
        rung
    }

    /// Returns the location of a price, present or not. A caller that finds the default there must call `occupy` before
    /// anything else.
    #[inline(always)]
    pub(super) fn reach(&mut self, price: Price) -> Rung {
        let ticks = price.ticks();
        let leaf = self.hint(ticks).unwrap_or_else(|| self.provide(ticks));
        Rung::new(leaf, last_digit(ticks))
    }

    /// Marks a price as present, which it may be already.
    #[inline(always)]
    pub(super) fn occupy(&mut self, rung: Rung) {
        let leaf = &mut self.leaves[rung.leaf() as usize];
        let bit = 1 << rung.slot();
        let was_empty = leaf.occupied == 0;
        self.len += usize::from(leaf.occupied & bit == 0);
        leaf.occupied |= bit;
        if was_empty {
            self.mark(rung.leaf());
        }
    }

    /// Removes the price at a rung and returns its value. The rung must be valid.
    #[inline(always)]
    pub fn vacate(&mut self, rung: Rung) -> V {
        let value = std::mem::take(&mut self.values[rung.0]);
        self.vacate_if(true, rung);
        value
    }

    /// Removes the price at a rung if it `is_empty`, which its value, the default, must show already. The rung must be
    /// valid. No branch depends on the condition but for the last price of a leaf.
    #[inline(always)]
    pub(super) fn vacate_if(&mut self, is_empty: bool, rung: Rung) {
        let leaf = &mut self.leaves[rung.leaf() as usize];
        leaf.occupied &= !(u64::from(is_empty) << rung.slot());
        self.len -= usize::from(is_empty);
        if leaf.occupied == 0 {
            self.unmark(rung.leaf());
        }
    }

    /// Returns the number of allocated bytes.
    pub fn memory_bytes(&self) -> usize {
        let nodes = self.leaves.capacity() + self.branches.capacity();
        let children = self.children.capacity() * size_of::<u32>();
        self.values.bytes() + nodes * size_of::<Node>() + children + size_of_val(&*self.hints)
    }

    #[inline(always)]
    fn covers(&self, ticks: u64) -> bool {
        (ticks ^ self.anchor) & self.common == 0
    }

    #[inline(always)]
    fn child(&self, branch: u32, way: u32) -> u32 {
        self.children[child_index(branch, way)]
    }

    fn end<const UP: bool>(&self) -> Option<Rung> {
        (self.len > 0).then(|| self.outermost::<UP>(self.root, self.height))
    }

    /// Returns the lowest price under a node (`UP`), or the highest.
    fn outermost<const UP: bool>(&self, mut node: u32, height: u32) -> Rung {
        for _ in 0..height {
            let branch = &self.branches[node as usize];
            node = self.child(node, nearest::<UP>(branch.occupied));
        }
        Rung::new(node, nearest::<UP>(self.leaves[node as usize].occupied))
    }

    #[inline(always)]
    fn neighbour<const UP: bool>(&self, rung: Rung) -> Option<Rung> {
        let leaf = &self.leaves[rung.leaf() as usize];
        let rest = leaf.occupied & beyond::<UP>(rung.slot());
        if rest != 0 {
            return Some(Rung::new(rung.leaf(), nearest::<UP>(rest)));
        }
        self.climb::<UP>(leaf.parent, 1, leaf.block)
    }

    /// Returns the nearest price beyond the child that ends in the last digit of `key`.
    fn climb<const UP: bool>(&self, mut node: u32, mut height: u32, mut key: u64) -> Option<Rung> {
        while node != NIL {
            let branch = &self.branches[node as usize];
            let rest = branch.occupied & beyond::<UP>(last_digit(key));
            if rest != 0 {
                let child = self.child(node, nearest::<UP>(rest));
                return Some(self.outermost::<UP>(child, height - 1));
            }
            key = branch.block;
            node = branch.parent;
            height += 1;
        }
        None
    }

    fn next<const UP: bool>(&self, ticks: u64) -> Option<Rung> {
        if self.len == 0 {
            return None;
        }
        if !self.covers(ticks) {
            let is_before = (ticks < self.anchor) == UP;
            return if is_before { self.end::<UP>() } else { None };
        }
        let (mut node, mut height) = (self.root, self.height);
        while height > 0 {
            let key = ticks >> (height * DIGIT);
            let child = self.child(node, last_digit(key));
            if child == NIL {
                return self.climb::<UP>(node, height, key);
            }
            node = child;
            height -= 1;
        }
        self.neighbour::<UP>(Rung::new(node, last_digit(ticks)))
    }
}

impl<V> std::ops::Index<Rung> for Ladder<V> {
    type Output = V;

    #[inline(always)]
    fn index(&self, rung: Rung) -> &V {
        &self.values[rung.0]
    }
}

impl<V> std::ops::IndexMut<Rung> for Ladder<V> {
    #[inline(always)]
    fn index_mut(&mut self, rung: Rung) -> &mut V {
        &mut self.values[rung.0]
    }
}

#[cfg(test)]
mod tests;
