//! The permits of WebSocket sessions and gRPC streams: limited in total and per address, so that no client can occupy
//! them all.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::auth::Cells;

/// Two addresses that share a cell share its places; the seed of their hash is secret, so that cannot be brought about.
const CELL_COUNT: usize = 1 << 14;

/// How many are open.
#[derive(Debug)]
pub(crate) struct Sockets {
    all: AtomicUsize,
    by_address: Cells,
}

impl Sockets {
    pub(crate) fn new() -> Self {
        Self { all: AtomicUsize::new(0), by_address: Cells::new(CELL_COUNT) }
    }

    /// Acquires one of `most` permits, for an address (by its hash) with its own limit; `None` when there is none.
    pub(crate) fn open(self: &Arc<Self>, most: usize, address: Option<(u64, u32)>) -> Option<SocketPermit> {
        let hash = address.map(|(hash, _)| hash);
        let of_address = hash.map_or(0, |hash| self.by_address.at(hash).fetch_add(1, Ordering::Relaxed));
        let of_all = self.all.fetch_add(1, Ordering::Relaxed);
        // The place is given back when it is dropped, here too.
        let permit = SocketPermit { sockets: Arc::clone(self), address: hash };
        let is_free = of_all < most && address.is_none_or(|(_, most)| of_address < u64::from(most));
        is_free.then_some(permit)
    }
}

/// The permit of a session or stream, returned when dropped.
#[derive(Debug)]
pub struct SocketPermit {
    sockets: Arc<Sockets>,
    /// The hash of its address, if it is counted.
    address: Option<u64>,
}

impl Drop for SocketPermit {
    fn drop(&mut self) {
        self.sockets.all.fetch_sub(1, Ordering::Relaxed);
        if let Some(hash) = self.address {
            self.sockets.by_address.at(hash).fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_all_places_and_places_come_back() {
        let sockets = Arc::new(Sockets::new());
        let open = |address| sockets.open(5, Some((address, 2)));
        let own: Vec<_> = (0..2).map(|_| open(1).unwrap()).collect();
        assert!(open(1).is_none());
        let other = open(2).unwrap();
        let unbounded: Vec<_> = (0..2).map(|_| sockets.open(5, None).unwrap()).collect();
        assert!(open(3).is_none() && sockets.open(5, None).is_none(), "all are taken");
        drop((own, other));
        assert!(open(1).is_some());
        drop(unbounded);
        assert_eq!(sockets.all.load(Ordering::Relaxed), 0);
    }
}
