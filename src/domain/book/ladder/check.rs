//! Verifies the tree.

use super::{DIGIT, Ladder, NIL, WAYS, upper};
use crate::domain::messages::reject::Fault;

impl<V: Copy + Default> Ladder<V> {
    /// Verifies the tree: every node's block, parent and occupancy, and the number of prices.
    ///
    /// # Errors
    /// The fault of the first invalid node.
    pub fn check(&self) -> Result<(), Fault> {
        let prices = if self.root == NIL {
            0
        } else {
            self.check_node(self.root, self.height, NIL, upper(self.anchor, self.height + 1))?
        };
        if prices != self.len {
            return Err(Fault::new(format!("ladder counts {} prices, holds {prices}", self.len)));
        }
        Ok(())
    }

    /// Recursion is bounded by the height: 11 for all of `u64`.
    fn check_node(&self, node: u32, height: u32, parent: u32, block: u64) -> Result<usize, Fault> {
        let fault = |what: &str| Err(Fault::new(format!("ladder node {node} at height {height}: {what}")));
        if height == 0 {
            let leaf = &self.leaves[node as usize];
            if leaf.parent != parent || leaf.block != block || leaf.occupied == 0 {
                return fault("wrong parent, block or occupancy");
            }
            return Ok(leaf.occupied.count_ones() as usize);
        }
        let branch = &self.branches[node as usize];
        if branch.parent != parent || branch.block != block || branch.occupied == 0 {
            return fault("wrong parent, block or occupancy");
        }
        if parent == NIL && branch.occupied.is_power_of_two() {
            return fault("a root with one child");
        }
        let mut prices = 0;
        for way in 0..WAYS as u32 {
            let child = self.child(node, way);
            if (branch.occupied >> way & 1 == 1) != (child != NIL) {
                return fault("a child and its bit differ");
            }
            if child != NIL {
                prices += self.check_node(child, height - 1, node, (block << DIGIT) | u64::from(way))?;
            }
        }
        Ok(prices)
    }
}
