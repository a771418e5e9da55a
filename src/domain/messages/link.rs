//! One slot's end of its links to slots of the other kind.
//!
//! Per pair, messages are numbered from 1 without gaps. The sender keeps messages that are not known to be applied; the
//! receiver drops those it has applied and stops on a gap. That makes delivery exactly-once however often the transport
//! repeats messages, and is all a later transport has to know.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{message::Envelope, reject::Fault};
use crate::domain::{
    testing::mutants::{Mutant, mutated},
    types::id::SlotId,
};

/// The number of applied messages after which the receiver sends an acknowledgement.
pub const ACKNOWLEDGE_EVERY: u64 = 64;

/// This slot's end of all its links; `B` is the type of the messages it sends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Links<B> {
    own: SlotId,
    peers: Vec<Link<B>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Link<B> {
    sent: u64,
    unapplied: VecDeque<Envelope<B>>,
    received: u64,
    /// Not state: after a restart everything is acknowledged anew.
    #[serde(skip)]
    acknowledged: u64,
}

impl<B> Default for Link<B> {
    fn default() -> Self {
        Self { sent: 0, unapplied: VecDeque::new(), received: 0, acknowledged: 0 }
    }
}

impl<B: Clone> Links<B> {
    /// Creates the links of a slot that has exchanged no messages yet.
    pub const fn new(own: SlotId) -> Self {
        Self { own, peers: Vec::new() }
    }

    fn peer(&mut self, peer: SlotId) -> &mut Link<B> {
        let index = peer.index();
        if index >= self.peers.len() {
            self.peers.resize_with(index + 1, Link::default);
        }
        &mut self.peers[index]
    }

    /// Numbers a message, keeps it until it is known to be applied, and returns it for sending.
    pub fn send(&mut self, to: SlotId, body: B) -> Envelope<B> {
        let from = self.own;
        let link = self.peer(to);
        link.sent += 1;
        let envelope = Envelope { from, to, seq: link.sent, body };
        link.unapplied.push_back(envelope.clone());
        envelope
    }

    /// Puts a message this slot sent before back into the outbox: replay.
    ///
    /// # Errors
    /// It is not the next one.
    pub fn sent(&mut self, envelope: Envelope<B>) -> Result<(), Fault> {
        let link = self.peer(envelope.to);
        if envelope.seq != link.sent + 1 {
            return Err(Fault::new(format!(
                "message {} to slot {} follows {}",
                envelope.seq,
                envelope.to.get(),
                link.sent
            )));
        }
        link.sent = envelope.seq;
        link.unapplied.push_back(envelope);
        Ok(())
    }

    /// Returns the last message applied of `from`.
    pub fn received(&self, from: SlotId) -> u64 {
        self.peers.get(from.index()).map_or(0, |link| link.received)
    }

    /// Returns the peers with messages that are not known to be applied.
    pub fn waiting(&self) -> impl Iterator<Item = SlotId> + '_ {
        let waits = |link: &Link<B>| !link.unapplied.is_empty();
        let numbered = self.peers.iter().enumerate().filter(move |(_, link)| waits(link));
        numbered.map(|(index, _)| SlotId::new(index as u16))
    }

    /// Records an arriving message: `true` when it is the next and must be applied, `false` when it was applied before.
    ///
    /// # Errors
    /// A gap: a message is missing, which the transport must never let happen.
    pub fn receive(&mut self, from: SlotId, seq: u64) -> Result<bool, Fault> {
        let own = self.own;
        let link = self.peer(from);
        if seq <= link.received {
            return Ok(mutated(Mutant::DuplicateMessageApplied));
        }
        if seq != link.received + 1 {
            return Err(Fault::new(format!(
                "slot {}: message {seq} from slot {} arrived after {}",
                own.get(),
                from.get(),
                link.received
            )));
        }
        link.received = seq;
        Ok(true)
    }

    /// Returns the sequence to acknowledge to `from`, when enough messages have been applied since the last time.
    pub fn acknowledge(&mut self, from: SlotId) -> Option<u64> {
        let link = self.peer(from);
        if link.received - link.acknowledged < ACKNOWLEDGE_EVERY {
            return None;
        }
        link.acknowledged = link.received;
        Some(link.received)
    }

    /// Returns every peer with messages applied but not acknowledged, and marks them as acknowledged.
    pub fn acknowledge_all(&mut self) -> impl Iterator<Item = (SlotId, u64)> + '_ {
        self.peers.iter_mut().enumerate().filter(|(_, link)| link.received > link.acknowledged).map(
            |(index, link)| {
                link.acknowledged = link.received;
                (SlotId::new(index as u16), link.received)
            },
        )
    }

    /// Drops the messages `peer` has applied.
    pub fn trim(&mut self, peer: SlotId, applied: u64) {
        let unapplied = &mut self.peer(peer).unapplied;
        while unapplied.front().is_some_and(|envelope| envelope.seq <= applied) {
            unapplied.pop_front();
        }
    }

    /// Returns the messages not known to be applied, for re-delivery.
    pub fn unapplied(&self) -> impl Iterator<Item = &Envelope<B>> {
        self.peers.iter().flat_map(|link| &link.unapplied)
    }

    /// Returns the words that identify the state of the links, for the state hash: acknowledgements are left out
    /// because they depend on timing alone.
    pub fn words(&self) -> impl Iterator<Item = [u64; 3]> + '_ {
        let spoken = |link: &Link<B>| link.sent != 0 || link.received != 0;
        let numbered = self.peers.iter().enumerate().filter(move |(_, link)| spoken(link));
        numbered.map(|(index, link)| [index as u64, link.sent, link.received])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_message_is_dropped_and_a_gap_is_a_fault() {
        let mut links = Links::<u8>::new(SlotId::new(1));
        let peer = SlotId::new(7);
        assert_eq!(links.receive(peer, 1), Ok(true));
        assert_eq!(links.receive(peer, 1), Ok(false));
        assert_eq!(links.receive(peer, 2), Ok(true));
        assert!(links.receive(peer, 4).is_err());
        assert_eq!(links.receive(SlotId::new(8), 1), Ok(true), "each pair counts for itself");
    }

    #[test]
    fn the_outbox_keeps_what_is_not_known_to_be_applied() {
        let mut links = Links::new(SlotId::new(1));
        let peer = SlotId::new(7);
        for body in 0..5_u8 {
            assert_eq!(links.send(peer, body).seq, u64::from(body) + 1);
        }
        links.trim(peer, 3);
        assert_eq!(links.unapplied().map(|envelope| envelope.seq).collect::<Vec<_>>(), [4, 5]);
    }

    #[test]
    fn acknowledgements_come_every_so_many_messages_or_on_request() {
        let mut links = Links::<u8>::new(SlotId::new(1));
        let peer = SlotId::new(7);
        for seq in 1..=ACKNOWLEDGE_EVERY {
            assert_eq!(links.receive(peer, seq), Ok(true));
            assert_eq!(links.acknowledge(peer), (seq == ACKNOWLEDGE_EVERY).then_some(seq));
        }
        assert_eq!(links.receive(peer, ACKNOWLEDGE_EVERY + 1), Ok(true));
        assert_eq!(links.acknowledge_all().collect::<Vec<_>>(), [(peer, ACKNOWLEDGE_EVERY + 1)]);
        assert_eq!(links.acknowledge_all().count(), 0);
    }
}
