//! The calls of one connection, in the order their streams were opened.
//!
//! Every call of a connection is a task of its own and is handled when its message has arrived whole, which may be
//! after that of a later one. So each call joins a line when its stream is opened, and reaches its shard when every
//! call before it has reached its shard or has been given up.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::sync::oneshot;
use tonic::{
    Code, Request, Status,
    body::Body,
    codegen::{Service, http},
    server::NamedService,
    transport::server::TcpConnectInfo,
};

/// The end of the previous call: if that was given up before its turn, the end to wait for instead.
#[derive(Debug)]
struct Before(oneshot::Receiver<Option<Before>>);

/// The last position in the line of a connection.
#[derive(Debug, Default)]
struct Queue(Mutex<Option<Before>>);

/// A call's position in the line; when it is dropped, the next call's turn comes.
#[derive(Debug)]
pub(super) struct LinePosition {
    before: Option<Before>,
    after: Option<oneshot::Sender<Option<Before>>>,
}

impl Queue {
    /// Joins the line behind the last.
    fn join(&self) -> LinePosition {
        let (after, ended) = oneshot::channel();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        LinePosition { before: last.replace(Before(ended)), after: Some(after) }
    }
}

impl LinePosition {
    /// Waits for this call's turn, for at most `patience`.
    ///
    /// # Errors
    /// UNAVAILABLE: an earlier call has not arrived whole. Nothing was executed.
    pub(super) async fn come(&mut self, patience: Duration) -> Result<(), Status> {
        let come = async {
            while let Some(Before(ended)) = &mut self.before {
                self.before = ended.await.unwrap_or_default();
            }
        };
        let late =
            |_| Status::new(Code::Unavailable, "an earlier call of the connection has not arrived whole");
        tokio::time::timeout(patience, come).await.map_err(late)
    }
}

impl Drop for LinePosition {
    fn drop(&mut self) {
        // Calls that have ended are skipped, however many there were.
        while let Some(Before(ended)) = &mut self.before {
            match ended.try_recv() {
                Ok(before) => self.before = before,
                Err(oneshot::error::TryRecvError::Closed) => self.before = None,
                Err(oneshot::error::TryRecvError::Empty) => break,
            }
        }
        if let Some(after) = self.after.take() {
            let _ = after.send(self.before.take()); // there may be no next one
        }
    }
}

/// A position on its way from the connection to the call's handler.
#[derive(Debug, Clone)]
struct Ticket(Arc<Mutex<Option<LinePosition>>>);

/// A service whose requests get their positions on arrival: in the order of their streams.
#[derive(Debug, Clone)]
pub(super) struct InOrder<S>(pub(super) S);

impl<S: NamedService> NamedService for InOrder<S> {
    const NAME: &'static str = S::NAME;
}

impl<S: Service<http::Request<Body>>> Service<http::Request<Body>> for InOrder<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> S::Future {
        let extensions = request.extensions_mut();
        if let Some(line) = extensions.remove::<Line>() {
            extensions.insert(Ticket(Arc::new(Mutex::new(Some(line.queue.join())))));
            extensions.insert(line.peer);
        }
        self.0.call(request)
    }
}

/// Removes a request's position from it.
pub(super) fn place<M>(request: &mut Request<M>) -> Option<LinePosition> {
    let Ticket(place) = request.extensions_mut().remove::<Ticket>()?;
    place.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The connection as every request on it sees it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    peer: TcpConnectInfo,
    queue: Arc<Queue>,
}

impl Line {
    /// Starts the line of a connection.
    pub(super) fn new(peer: TcpConnectInfo) -> Self {
        Self { peer, queue: Arc::default() }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    /// Polls once: returns whether it is the position's turn.
    fn is_its_turn(place: &mut LinePosition) -> bool {
        place.come(PATIENCE).now_or_never().is_some_and(|come| come.is_ok())
    }

    #[tokio::test]
    async fn a_turn_comes_when_all_before_have_ended() {
        let queue = Queue::default();
        let [mut first, mut second, mut third, mut fourth] = std::array::from_fn(|_| queue.join());
        assert!(is_its_turn(&mut first));
        assert!(!is_its_turn(&mut second) && !is_its_turn(&mut third));
        drop(second); // given up before its turn: the first still stands before the third
        assert!(!is_its_turn(&mut third));
        drop(first);
        assert!(!is_its_turn(&mut fourth));
        assert!(is_its_turn(&mut third));
        drop(third);
        assert!(is_its_turn(&mut fourth));
        drop(fourth);
        assert!(is_its_turn(&mut queue.join()));
    }

    #[tokio::test]
    async fn abandoned_calls_leave_nothing_behind() {
        let queue = Queue::default();
        let stalled = queue.join();
        for _ in 0..100_000 {
            drop(queue.join());
        }
        let mut last = queue.join();
        assert!(!is_its_turn(&mut last));
        drop(stalled);
        assert!(is_its_turn(&mut last));
    }

    #[tokio::test]
    async fn a_call_waits_only_so_long_for_one_that_does_not_arrive() {
        let queue = Queue::default();
        let stalled = queue.join();
        let (mut second, mut third) = (queue.join(), queue.join());
        assert_eq!(second.come(Duration::ZERO).await.unwrap_err().code(), Code::Unavailable);
        drop(second);
        assert!(!is_its_turn(&mut third), "what came before still stands before it");
        drop(stalled);
        assert!(is_its_turn(&mut third));
    }
}
