//! Verifies the tree.

use super::{DIGIT, Ladder, NIL, Node, WAYS, upper};
use crate::domain::messages::reject::Fault;

/// The totals of a walk over the tree.
#[derive(Default)]
struct Census {
    prices: usize,
    kept: usize,
}

impl<V: Copy + Default> Ladder<V> {
    /// Verifies the tree: every node's block, parent and occupancy, the number of prices, that empty leaves are those
    /// kept, and that what is remembered beside it is what it holds.
    ///
    /// # Errors
    /// The fault of the first invalid node.
    pub fn check(&self) -> Result<(), Fault> {
        let mut census = Census::default();
        if self.root != NIL {
            self.check_node(self.root, self.height, NIL, upper(self.anchor, self.height + 1), &mut census)?;
        }
        let Census { prices, kept } = census;
        if prices != self.len {
            return Err(Fault::new(format!("ladder counts {} prices, holds {prices}", self.len)));
        }
        if kept != self.kept.iter().filter(|leaf| **leaf != NIL).count() {
            return Err(Fault::new(format!("ladder keeps {:?}, holds {kept} of them", self.kept)));
        }
        for hint in self.hints.iter().filter(|hint| hint.leaf != NIL) {
            if self.search(hint.block << DIGIT) != Some(hint.leaf) {
                return Err(Fault::new(format!("the ladder remembers leaf {} wrongly", hint.leaf)));
            }
        }
        Ok(())
    }

    /// Recursion is bounded by the height: 11 for all of `u64`.
    fn check_node(
        &self,
        node: u32,
        height: u32,
        parent: u32,
        block: u64,
        census: &mut Census,
    ) -> Result<bool, Fault> {
        let fault = |what: &str| Err(Fault::new(format!("ladder node {node} at height {height}: {what}")));
        let nodes = if height == 0 { &self.leaves } else { &self.branches };
        let Node { occupied, block: own_block, parent: own_parent, children, is_kept } = nodes[node as usize];
        if own_parent != parent || own_block != block {
            return fault("wrong parent or block");
        }
        if height == 0 {
            if is_kept != self.kept.contains(&node) || (occupied == 0 && !is_kept) {
                return fault("an empty leaf that is not kept, or one kept that is not");
            }
            census.prices += occupied.count_ones() as usize;
            census.kept += usize::from(is_kept);
            return Ok(occupied != 0);
        }
        if children == 0 || (parent == NIL && children == 1) {
            return fault("a branch without a child, or a root with one");
        }
        let mut counted = 0;
        for way in 0..WAYS as u32 {
            let child = self.child(node, way);
            let mut is_occupied = false;
            if child != NIL {
                counted += 1;
                is_occupied =
                    self.check_node(child, height - 1, node, (block << DIGIT) | u64::from(way), census)?;
            }
            if (occupied >> way & 1 == 1) != is_occupied {
                return fault("a child and its bit differ");
            }
        }
        if counted != children {
            return fault("its children are counted wrongly");
        }
        Ok(occupied != 0)
    }
}
