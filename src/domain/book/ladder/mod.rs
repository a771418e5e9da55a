//! Values by price, over all prices of `u64`, with fast access to neighbours.

use super::pages::Pages;
use crate::domain::types::money::Price;

mod check;

const NIL: u32 = u32::MAX;
/// Bits of the price that one node decides: 64 ways, one machine word of occupancy.
const DIGIT: u32 = 6;
const WAYS: usize = 1 << DIGIT;

/// A map from prices to values that makes the accesses of an order book cheap: to a price, and from a price to the next
/// one above or below.
///
/// A radix tree of 64-way nodes, each with a word that marks its occupied ways. Its root covers only the span of prices
/// in use, so that a market within 4,096 ticks is two nodes deep and any `u64` can still be a price. The values of a
/// leaf are adjacent and never move: a [`Rung`] stays valid until its price is removed.
///
/// Memory follows the blocks of 64 prices in use, not the span; emptied nodes are reused.
#[derive(Debug, Clone)]
pub struct Ladder<V> {
    /// By rung: 64 to each leaf. They are most of the memory, and the only part that must never be copied to grow.
    values: Pages<V, 1024>,
    leaves: Vec<Node>,
    branches: Vec<Node>,
    /// 64 to each branch; `NIL` where there is none.
    children: Vec<u32>,
    /// Emptied nodes, linked by `parent`.
    leaves_free: u32,
    branches_free: u32,
    /// A leaf if `height` is 0, else a branch; `NIL` when the ladder is empty.
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
    /// The occupied ways among the 64.
    occupied: u64,
    /// The prices' common upper digits. The last of them is the way from the parent to this node.
    block: u64,
    parent: u32,
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

/// Returns the lowest digit.
const fn last_digit(key: u64) -> u32 {
    (key % WAYS as u64) as u32
}

/// Returns the index at which a branch keeps a child.
const fn child_index(branch: u32, way: u32) -> usize {
    ((branch as usize) << DIGIT) | way as usize
}

/// Stores a node in an emptied place, or else at the end.
fn take(nodes: &mut Vec<Node>, free: &mut u32, node: Node) -> u32 {
    let index = *free;
    if index == NIL {
        nodes.push(node);
        return nodes.len() as u32 - 1;
    }
    let place = &mut nodes[index as usize];
    *free = place.parent;
    *place = node;
    index
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
        let ticks = price.ticks();
        if self.root == NIL || !self.covers(ticks) {
            return None;
        }
        let mut node = self.root;
        let mut shift = self.height * DIGIT;
        while shift > 0 {
            node = self.child(node, last_digit(ticks >> shift));
            if node == NIL {
                return None;
            }
            shift -= DIGIT;
        }
        let slot = last_digit(ticks);
        (self.leaves[node as usize].occupied >> slot & 1 == 1).then_some(Rung::new(node, slot))
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
    /// anything else. The split avoids a read of the leaf's head where the value itself shows that the price is
    /// present.
    #[inline(always)]
    pub(super) fn reach(&mut self, price: Price) -> Rung {
        let ticks = price.ticks();
        if self.root == NIL || !self.covers(ticks) {
            self.widen(ticks);
        }
        let mut node = self.root;
        // Neither step can wrap: a tree is at most ten branches high.
        let mut shift = self.height.wrapping_mul(DIGIT);
        while shift > 0 {
            let way = last_digit(ticks.wrapping_shr(shift));
            shift = shift.wrapping_sub(DIGIT);
            let child = self.child(node, way);
            node = if child == NIL { self.grow(node, way, shift / DIGIT, ticks) } else { child };
        }
        Rung::new(node, last_digit(ticks))
    }

    /// Marks a price as present.
    #[inline(always)]
    pub(super) fn occupy(&mut self, rung: Rung) {
        let leaf = &mut self.leaves[rung.leaf() as usize];
        let bit = 1 << rung.slot();
        self.len += usize::from(leaf.occupied & bit == 0);
        leaf.occupied |= bit;
    }

    /// Removes the price at a rung and returns its value. The rung must be valid.
    #[inline(always)]
    pub fn vacate(&mut self, rung: Rung) -> V {
        let leaf = &mut self.leaves[rung.leaf() as usize];
        leaf.occupied &= !(1 << rung.slot());
        let is_empty = leaf.occupied == 0;
        let value = std::mem::take(&mut self.values[rung.0]);
        self.len -= 1;
        if is_empty {
            self.prune(rung.leaf());
        }
        value
    }

    /// Returns the number of allocated bytes.
    pub fn memory_bytes(&self) -> usize {
        let nodes = self.leaves.capacity() + self.branches.capacity();
        self.values.bytes() + nodes * size_of::<Node>() + self.children.capacity() * size_of::<u32>()
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
        (self.root != NIL).then(|| self.outermost::<UP>(self.root, self.height))
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
        if self.root == NIL {
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

    /// Makes the root cover a price.
    #[cold]
    #[inline(never)]
    fn widen(&mut self, ticks: u64) {
        if self.root == NIL {
            self.root = self.take_leaf(upper(ticks, 1), NIL);
            self.set_height(0);
            self.anchor = ticks;
        }
        while !self.covers(ticks) {
            self.raise();
        }
    }

    fn set_height(&mut self, height: u32) {
        self.height = height;
        self.common = u64::MAX.checked_shl((height + 1) * DIGIT).unwrap_or(0);
    }

    /// Puts a new root over the old one.
    fn raise(&mut self) {
        let way = last_digit(upper(self.anchor, self.height + 1));
        let branch = self.take_branch(upper(self.anchor, self.height + 2), NIL);
        self.adopt(branch, way, self.root, self.height);
        self.root = branch;
        self.set_height(self.height + 1);
    }

    /// Creates the missing child of a branch; `height` is the child's.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, parent: u32, way: u32, height: u32, ticks: u64) -> u32 {
        let block = upper(ticks, height + 1);
        let child = if height == 0 { self.take_leaf(block, parent) } else { self.take_branch(block, parent) };
        self.adopt(parent, way, child, height);
        child
    }

    fn adopt(&mut self, parent: u32, way: u32, child: u32, child_height: u32) {
        let branch = &mut self.branches[parent as usize];
        branch.occupied |= 1 << way;
        self.children[child_index(parent, way)] = child;
        if child_height == 0 {
            self.leaves[child as usize].parent = parent;
        } else {
            self.branches[child as usize].parent = parent;
        }
    }

    fn take_leaf(&mut self, block: u64, parent: u32) -> u32 {
        let index = take(&mut self.leaves, &mut self.leaves_free, Node { occupied: 0, block, parent });
        self.values.reach((index << DIGIT) | (WAYS as u32 - 1));
        index
    }

    fn take_branch(&mut self, block: u64, parent: u32) -> u32 {
        let index = take(&mut self.branches, &mut self.branches_free, Node { occupied: 0, block, parent });
        let end = child_index(index, WAYS as u32 - 1) + 1;
        if self.children.len() < end {
            self.children.resize(end, NIL);
        }
        index
    }

    /// Frees an emptied leaf, and every branch that is empty without it.
    #[cold]
    #[inline(never)]
    fn prune(&mut self, leaf: u32) {
        let mut key = self.leaves[leaf as usize].block;
        let mut node = std::mem::replace(&mut self.leaves[leaf as usize].parent, self.leaves_free);
        self.leaves_free = leaf;
        while node != NIL {
            let branch = &mut self.branches[node as usize];
            branch.occupied &= !(1 << last_digit(key));
            self.children[child_index(node, last_digit(key))] = NIL;
            if branch.occupied != 0 {
                return self.lower();
            }
            key = branch.block;
            let parent = std::mem::replace(&mut branch.parent, self.branches_free);
            self.branches_free = node;
            node = parent;
        }
        self.root = NIL;
    }

    /// Frees roots with a single child, so that one far price does not make every path long for ever.
    fn lower(&mut self) {
        while self.height > 0 && self.branches[self.root as usize].occupied.is_power_of_two() {
            let old = self.root;
            let branch = &mut self.branches[old as usize];
            let way = nearest::<true>(branch.occupied);
            self.root = std::mem::replace(&mut self.children[child_index(old, way)], NIL);
            branch.occupied = 0;
            branch.parent = self.branches_free;
            self.branches_free = old;
            self.set_height(self.height - 1);
            let block = if self.height == 0 {
                self.leaves[self.root as usize].parent = NIL;
                self.leaves[self.root as usize].block
            } else {
                self.branches[self.root as usize].parent = NIL;
                self.branches[self.root as usize].block
            };
            self.anchor = block << ((self.height + 1) * DIGIT);
        }
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
