//! What waits for the answers to commands, by their numbers.

use std::collections::VecDeque;

use crate::domain::types::id::CommandId;

/// Entries by command. Numbers rise by one and answers come about in the order of the commands, so that a queue with
/// gaps is as good as a map, and finds an entry by its position.
#[derive(Debug)]
pub(super) struct Awaited<T> {
    entries: VecDeque<Option<T>>,
    /// The number of the first entry.
    first: u64,
}

impl<T> Default for Awaited<T> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), first: 0 }
    }
}

impl<T> Awaited<T> {
    /// Adds the entry of a command whose number is above all before it.
    pub(super) fn insert(&mut self, command: CommandId, entry: T) {
        if self.entries.is_empty() {
            self.first = command.get();
        }
        debug_assert_eq!(self.first + self.entries.len() as u64, command.get(), "no number is left out");
        self.entries.push_back(Some(entry));
    }

    /// Returns the entry of a command.
    pub(super) fn get(&self, command: CommandId) -> Option<&T> {
        self.entries.get(self.position(command)?)?.as_ref()
    }

    /// Returns whether a command has an entry.
    pub(super) fn contains(&self, command: CommandId) -> bool {
        self.get(command).is_some()
    }

    /// Removes the entry of a command.
    pub(super) fn remove(&mut self, command: CommandId) -> Option<T> {
        let position = self.position(command)?;
        let entry = self.entries.get_mut(position)?.take();
        while let Some(None) = self.entries.front() {
            self.entries.pop_front();
            self.first += 1;
        }
        entry
    }

    /// Returns all entries, in the order of the commands.
    pub(super) fn iter(&self) -> impl Iterator<Item = (CommandId, &T)> {
        let numbered = (self.first..).zip(&self.entries);
        numbered.filter_map(|(number, entry)| Some((CommandId::new(number), entry.as_ref()?)))
    }

    fn position(&self, command: CommandId) -> Option<usize> {
        command.get().checked_sub(self.first).and_then(|position| usize::try_from(position).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_number_whatever_the_order_of_their_removal() {
        let mut awaited = Awaited::default();
        let command = CommandId::new;
        (7..12).for_each(|number| awaited.insert(command(number), number));
        assert_eq!(awaited.remove(command(8)), Some(8));
        assert_eq!((awaited.get(command(7)), awaited.get(command(8))), (Some(&7), None));
        assert_eq!(awaited.remove(command(7)), Some(7));
        assert_eq!((awaited.remove(command(7)), awaited.remove(command(99))), (None, None));
        let left: Vec<_> = awaited.iter().map(|(command, entry)| (command.get(), *entry)).collect();
        assert_eq!(left, [(9, 9), (10, 10), (11, 11)]);
        (9..12).for_each(|number| assert!(awaited.remove(command(number)).is_some()));
        awaited.insert(command(40), 40);
        assert_eq!((awaited.get(command(40)), awaited.contains(command(11))), (Some(&40), false));
    }
}
