//! The durable watermark: how far the effects of the shards' turns have been released.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The position up to which every outbox was released: the journal's last such frame, or, without a journal, a count of
/// releases. It never falls, across shards and restarts; a client that has seen a position finds at least that much
/// everywhere.
#[derive(Debug, Default)]
pub struct DurableWatermark {
    position: AtomicU64,
    waiters: AtomicUsize,
    moved: Notify,
}

impl DurableWatermark {
    /// Starts at a position of the journal.
    pub fn new(position: u64) -> Self {
        Self { position: AtomicU64::new(position), ..Self::default() }
    }

    /// Returns the position.
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::SeqCst)
    }

    /// Records a release.
    pub(super) fn advance(&self, position: u64) {
        self.position.fetch_max(position, Ordering::SeqCst);
        self.notify();
    }

    /// Counts a release and returns its number, where no journal numbers them.
    pub(super) fn step(&self) -> u64 {
        let position = self.position.fetch_add(1, Ordering::SeqCst) + 1;
        self.notify();
        position
    }

    // A waiter registers before it reads the position, so one of both sides always sees the other.
    fn notify(&self) {
        if self.waiters.load(Ordering::SeqCst) > 0 {
            self.moved.notify_waiters();
        }
    }

    /// Waits until the position has been reached.
    pub async fn reached(&self, position: u64) {
        if self.position() >= position {
            return;
        }
        let _waiter = Waiter::new(&self.waiters);
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if self.position() >= position {
                return;
            }
            moved.await;
        }
    }
}

/// Counts a waiter until it is dropped.
struct Waiter<'a>(&'a AtomicUsize);

impl<'a> Waiter<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn it_never_falls() {
        let watermark = DurableWatermark::new(7);
        watermark.advance(9);
        watermark.advance(8);
        assert_eq!(watermark.position(), 9);
        assert_eq!(watermark.step(), 10);
    }

    #[test]
    fn a_waiter_is_woken_when_its_position_is_reached_and_not_before() {
        actix::System::new().block_on(async {
            let watermark = Arc::new(DurableWatermark::default());
            let shared = Arc::clone(&watermark);
            let waiter = actix::spawn(async move { shared.reached(2).await });
            tokio::task::yield_now().await;
            watermark.advance(1);
            tokio::task::yield_now().await;
            assert!(!waiter.is_finished());
            watermark.advance(2);
            waiter.await.unwrap();
            watermark.reached(2).await;
            assert_eq!(watermark.waiters.load(Ordering::SeqCst), 0);
        });
    }
}
