//! The tree over the blocks: found, grown, marked and pruned.

use super::{DIGIT, HINTS, Hint, KEPT, Ladder, NIL, Node, WAYS, block_of, child_index, last_digit, upper};

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
    /// Returns the leaf of a price from the tree.
    #[inline(never)]
    pub(super) fn search(&self, ticks: u64) -> Option<u32> {
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
        Some(node)
    }

    /// Returns the leaf of a price from the tree, to which it is added if it is not there, and remembers it.
    #[inline(never)]
    pub(super) fn provide(&mut self, ticks: u64) -> u32 {
        if self.root == NIL || !self.covers(ticks) {
            self.widen(ticks);
        }
        let mut node = self.root;
        let mut shift = self.height * DIGIT;
        while shift > 0 {
            let way = last_digit(ticks >> shift);
            shift -= DIGIT;
            let child = self.child(node, way);
            node = if child == NIL { self.grow(node, way, shift / DIGIT, ticks) } else { child };
        }
        let block = block_of(ticks);
        self.hints[block as usize % HINTS] = Hint { block, leaf: node };
        node
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
        self.branches[branch as usize].occupied = u64::from(self.len > 0) << way;
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
        self.branches[parent as usize].children += 1;
        self.children[child_index(parent, way)] = child;
        if child_height == 0 {
            self.leaves[child as usize].parent = parent;
        } else {
            self.branches[child as usize].parent = parent;
        }
    }

    fn take_leaf(&mut self, block: u64, parent: u32) -> u32 {
        let index = take(&mut self.leaves, &mut self.leaves_free, Node::new(block, parent));
        self.values.reach((index << DIGIT) | (WAYS as u32 - 1));
        index
    }

    fn take_branch(&mut self, block: u64, parent: u32) -> u32 {
        let index = take(&mut self.branches, &mut self.branches_free, Node::new(block, parent));
        let end = child_index(index, WAYS as u32 - 1) + 1;
        if self.children.len() < end {
            self.children.resize(end, NIL);
        }
        index
    }

    /// Marks the way to a leaf that has its first price.
    #[inline(never)]
    pub(super) fn mark(&mut self, leaf: u32) {
        let Node { mut parent, block: mut key, .. } = self.leaves[leaf as usize];
        while parent != NIL {
            let branch = &mut self.branches[parent as usize];
            let before = branch.occupied;
            branch.occupied |= 1 << last_digit(key);
            if before != 0 {
                return;
            }
            (parent, key) = (branch.parent, branch.block);
        }
    }

    /// Removes the marks of the way to a leaf that has no price left, and keeps it.
    #[inline(never)]
    pub(super) fn unmark(&mut self, leaf: u32) {
        let Node { mut parent, block: mut key, .. } = self.leaves[leaf as usize];
        while parent != NIL {
            let branch = &mut self.branches[parent as usize];
            branch.occupied &= !(1 << last_digit(key));
            if branch.occupied != 0 {
                break;
            }
            (parent, key) = (branch.parent, branch.block);
        }
        self.keep(leaf);
    }

    /// Keeps an emptied leaf in the tree, in place of the one that was kept longest.
    fn keep(&mut self, leaf: u32) {
        if std::mem::replace(&mut self.leaves[leaf as usize].is_kept, true) {
            return;
        }
        let oldest = std::mem::replace(&mut self.kept[self.kept_next % KEPT], leaf);
        self.kept_next = (self.kept_next + 1) % KEPT;
        if oldest != NIL {
            let node = &mut self.leaves[oldest as usize];
            node.is_kept = false;
            if node.occupied == 0 {
                self.prune(oldest);
            }
        }
    }

    /// Takes an empty leaf out of the tree, and every branch that has no child without it.
    #[inline(never)]
    fn prune(&mut self, leaf: u32) {
        let mut key = self.leaves[leaf as usize].block;
        let hint = &mut self.hints[key as usize % HINTS];
        if hint.leaf == leaf {
            *hint = Hint::NONE;
        }
        let mut node = std::mem::replace(&mut self.leaves[leaf as usize].parent, self.leaves_free);
        self.leaves_free = leaf;
        while node != NIL {
            let branch = &mut self.branches[node as usize];
            branch.children -= 1;
            self.children[child_index(node, last_digit(key))] = NIL;
            if branch.children > 0 {
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
        while self.height > 0 && self.branches[self.root as usize].children == 1 {
            let old = self.root;
            let ways = child_index(old, 0)..child_index(old, 0) + WAYS;
            let Some(child) = self.children[ways].iter_mut().find(|child| **child != NIL) else { return };
            self.root = std::mem::replace(child, NIL);
            self.branches[old as usize].parent = self.branches_free;
            self.branches_free = old;
            self.set_height(self.height - 1);
            let root = if self.height == 0 {
                &mut self.leaves[self.root as usize]
            } else {
                &mut self.branches[self.root as usize]
            };
            root.parent = NIL;
            self.anchor = root.block << ((self.height + 1) * DIGIT);
        }
    }
}
