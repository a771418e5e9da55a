//! How far what the shards did has been told to the world.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The position up to which every outbox was released: the journal's last such frame, or, without a journal, a count of
/// releases. It never falls, across shards and restarts; who has seen a position finds at least that much everywhere.
#[derive(Debug, Default)]
pub struct Progress {
    position: AtomicU64,
    waiting: AtomicUsize,
    moved: Notify,
}

impl Progress {
    /// Begins at a position of the journal.
    pub fn new(position: u64) -> Self {
        Self { position: AtomicU64::new(position), ..Self::default() }
    }

    /// Returns the position.
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::SeqCst)
    }

    /// Notes a release.
    pub(super) fn advance(&self, position: u64) {
        self.position.fetch_max(position, Ordering::SeqCst);
        self.tell();
    }

    /// Counts a release and returns its number, where no journal numbers them.
    pub(super) fn step(&self) -> u64 {
        let position = self.position.fetch_add(1, Ordering::SeqCst) + 1;
        self.tell();
        position
    }

    // Who waits announces itself before it looks at the position, so one of both sides always sees the other.
    fn tell(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.moved.notify_waiters();
        }
    }

    /// Waits until the position has been reached.
    pub async fn reached(&self, position: u64) {
        if self.position() >= position {
            return;
        }
        let _waiting = Waiting::new(&self.waiting);
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

/// Counts one who waits until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
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
        let progress = Progress::new(7);
        progress.advance(9);
        progress.advance(8);
        assert_eq!(progress.position(), 9);
        assert_eq!(progress.step(), 10);
    }

    #[test]
    fn who_waits_is_woken_when_its_position_is_reached_and_not_before() {
        actix::System::new().block_on(async {
            let progress = Arc::new(Progress::default());
            let waiting = Arc::clone(&progress);
            let waiter = actix::spawn(async move { waiting.reached(2).await });
            tokio::task::yield_now().await;
            progress.advance(1);
            tokio::task::yield_now().await;
            assert!(!waiter.is_finished());
            progress.advance(2);
            waiter.await.unwrap();
            progress.reached(2).await;
            assert_eq!(progress.waiting.load(Ordering::SeqCst), 0);
        });
    }
}
