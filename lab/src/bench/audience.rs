//! Many subscribers of one stream that note how old each message is when they read it.

use std::{
    cell::{Cell, RefCell},
    net::Ipv4Addr,
    rc::Rc,
    time::Duration,
};

use anyhow::Result;
use futures_util::future::{join_all, pending};
use tokio::task::JoinSet;

use super::{
    subscriber::{Subscriber, event_time},
    venue::{Venue, now_micros},
};

/// How many connections are opened at once, and from one address of this machine: one alone may not have all of them.
const AT_ONCE: usize = 64;
const PER_ADDRESS: usize = 4_000;

/// The stream of trades, with times precise enough.
pub(super) const TRADES: &str = "/ws/btcusdt@trade?timeUnit=MICROSECOND";
/// A stream on which nothing happens.
pub(super) const NOTHING: &str = "/ws/ethbtc@trade";

/// Opens so many subscribers of a stream; the first ones with so large a receive buffer of the system's.
pub(super) async fn open_all(
    venue: &Venue,
    path: &str,
    count: usize,
    small: Option<(usize, u32)>,
) -> Result<Vec<Subscriber>> {
    let mut open = Vec::with_capacity(count);
    while open.len() < count {
        let next = open.len()..count.min(open.len() + AT_ONCE);
        let opening = next.map(|index| {
            // 127.0.0.2 and onwards.
            let from = Ipv4Addr::new(127, 0, 0, u8::try_from(2 + index / PER_ADDRESS).unwrap_or(2));
            let buffer = small.and_then(|(first, bytes)| (index < first).then_some(bytes));
            Subscriber::open(venue.address(), path, Some(from), buffer)
        });
        for opened in join_all(opening).await {
            open.push(opened?);
        }
    }
    Ok(open)
}

/// Subscribers, each read by a task of its own.
pub(super) struct Audience {
    ages: Rc<RefCell<Vec<Duration>>>,
    stalled: Rc<Cell<bool>>,
    readers: JoinSet<()>,
}

impl Audience {
    /// Starts reading; the first `may_stall` note nothing.
    pub(super) fn new(subscribers: Vec<Subscriber>, may_stall: usize) -> Self {
        let (ages, stalled) = (Rc::<RefCell<Vec<Duration>>>::default(), Rc::new(Cell::new(false)));
        let mut readers = JoinSet::new();
        for (index, mut subscriber) in subscribers.into_iter().enumerate() {
            let (ages, stalled) = (Rc::clone(&ages), Rc::clone(&stalled));
            let is_one_to_stall = index < may_stall;
            readers.spawn_local(async move {
                let each = |text: &[u8]| {
                    if let Some(time) = event_time(text).filter(|_| !is_one_to_stall) {
                        let age = now_micros().saturating_sub(time);
                        ages.borrow_mut().push(Duration::from_micros(age));
                    }
                };
                while subscriber.read(each).await {
                    if is_one_to_stall && stalled.get() {
                        pending::<()>().await; // and holds the connection
                    }
                }
            });
        }
        Self { ages, stalled, readers }
    }

    /// Has those that may stall read no further.
    pub(super) fn stall(&self) {
        self.stalled.set(true);
    }

    /// Returns how many messages are noted.
    pub(super) fn noted(&self) -> usize {
        self.ages.borrow().len()
    }

    /// Returns the ages noted so far, and starts over.
    pub(super) fn take(&self) -> Vec<Duration> {
        self.ages.take()
    }

    /// Ends every reader.
    pub(super) async fn close(mut self) {
        self.readers.shutdown().await;
    }
}
