//! The state of one connection and its start: deadlines run by it, and it selects the connection to close when there is
//! no room for another.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
    time::{Duration, Instant},
};

use futures_util::task::AtomicWaker;

use super::limits::ConnectionLimits;

/// The slack of a body's deadline over that of the handler that reads it: the handler can still report why.
const BODY_SLACK: Duration = Duration::from_secs(1);
/// How long a client may keep sending after the server has stopped reading.
const LINGER: Duration = Duration::from_secs(2);
/// The first bytes of HTTP/2: its preface, and the head of the frame of settings that follows.
const GREETING: usize = 24 + 9;

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// HTTP/1.1, and WebSocket after an upgrade.
    Http,
    /// gRPC, over HTTP/2.
    Grpc,
}

/// The activity of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing has arrived since it was accepted.
    Fresh,
    /// A request's head, or the greeting of HTTP/2, is arriving.
    Head,
    /// A request's body is arriving.
    Body,
    /// A request is being answered.
    Serving,
    /// A request was answered before its body had been read to the end: the rest is discarded, and the connection ends.
    Draining,
    /// Between two requests.
    Waiting,
    /// A WebSocket session owns it, with its own rules.
    Upgraded,
}

/// Why a connection may be closed to make room: the least valuable comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Idle {
    /// It has never sent anything.
    Silent,
    /// It has sent part of a request, and no work has been done for it yet.
    Unfinished,
    /// It is between two requests.
    Waiting,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// Bytes arrived while a request was being answered: the next request has started.
    is_ahead: bool,
    /// Bytes of the greeting received.
    greeting: usize,
    /// Calls and streams of gRPC in progress.
    calls: usize,
}

/// One open connection, shared by its stream, its handlers and the search for room.
#[derive(Debug)]
pub struct Connection {
    transport: Transport,
    state: Mutex<State>,
    is_unwanted: AtomicBool,
    waker: AtomicWaker,
}

impl Connection {
    /// Registers a connection that was just accepted.
    pub(crate) fn new(transport: Transport) -> Self {
        let state =
            State { phase: Phase::Fresh, since: Instant::now(), is_ahead: false, greeting: 0, calls: 0 };
        Self {
            transport,
            state: Mutex::new(state),
            is_unwanted: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }

    /// Returns its protocol.
    pub(crate) const fn transport(&self) -> Transport {
        self.transport
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one assignment, so the state is consistent even after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, change: impl FnOnce(&State) -> Option<Phase>) {
        let mut state = self.state();
        if let Some(phase) = change(&state) {
            (state.phase, state.since) = (phase, Instant::now());
        }
    }

    /// Records the arrival of this many bytes.
    pub(crate) fn received(&self, bytes: usize) {
        let mut state = self.state();
        let next = match (state.phase, self.transport) {
            (Phase::Fresh | Phase::Head, Transport::Grpc) => {
                state.greeting += bytes;
                if state.greeting >= GREETING { Phase::Waiting } else { Phase::Head }
            }
            (Phase::Fresh | Phase::Waiting, Transport::Http) => {
                // It is no longer idle: the search for room selects another.
                self.is_unwanted.store(false, Ordering::Release);
                Phase::Head
            }
            (Phase::Serving, Transport::Http) => {
                state.is_ahead = true;
                return;
            }
            _ => return,
        };
        if next != state.phase {
            (state.phase, state.since) = (next, Instant::now());
        }
    }

    /// Records that a request's head is complete. Returns whether the request may be processed: not after a response
    /// that announced the end of the connection.
    #[must_use]
    pub(crate) fn requested(&self, has_body: bool) -> bool {
        let mut state = self.state();
        if state.phase == Phase::Draining {
            return false;
        }
        state.phase = if has_body { Phase::Body } else { Phase::Serving };
        state.since = Instant::now();
        state.is_ahead = false;
        true
    }

    /// Records that the request's body has been read to the end.
    pub(crate) fn body_read(&self) {
        self.enter(|state| (state.phase == Phase::Body).then_some(Phase::Serving));
    }

    /// Records that the request has its response. Returns whether the connection ends with it: the end of an unread
    /// body is not known here, so the next request could not be separated from it.
    pub(crate) fn answered(&self) -> bool {
        let mut state = self.state();
        let next = match state.phase {
            Phase::Body => Phase::Draining,
            Phase::Serving if state.is_ahead => Phase::Head,
            Phase::Serving => Phase::Waiting,
            phase => return phase == Phase::Draining,
        };
        (state.phase, state.since) = (next, Instant::now());
        next == Phase::Draining
    }

    /// Records that a WebSocket session owns it from now on.
    pub(crate) fn upgraded(&self) {
        self.enter(|_| Some(Phase::Upgraded));
    }

    /// Records that a gRPC call started.
    pub fn call_started(&self) {
        let mut state = self.state();
        state.calls += 1;
        (state.phase, state.since) = (Phase::Serving, Instant::now());
    }

    /// Records that a gRPC call, or the stream it opened, ended.
    pub fn call_ended(&self) {
        let mut state = self.state();
        state.calls = state.calls.saturating_sub(1);
        if state.calls == 0 {
            (state.phase, state.since) = (Phase::Waiting, Instant::now());
        }
    }

    /// Returns the deadline of its activity; `None` when another component enforces it.
    pub(crate) fn deadline(&self, limits: &ConnectionLimits) -> Option<Instant> {
        let state = self.state();
        let allowed = match state.phase {
            Phase::Fresh | Phase::Head => limits.request_timeout,
            Phase::Body => limits.body_timeout + BODY_SLACK,
            Phase::Draining => LINGER,
            // HTTP/1.1 has its own timer for that.
            Phase::Waiting if self.transport == Transport::Grpc => limits.stream_idle,
            Phase::Waiting | Phase::Serving | Phase::Upgraded => return None,
        };
        Some(state.since + allowed)
    }

    /// Returns whether a request has started, or may start, and has no response yet: a timeout can still be reported to
    /// it.
    pub(crate) fn awaits_head(&self) -> bool {
        self.transport == Transport::Http && matches!(self.state().phase, Phase::Fresh | Phase::Head)
    }

    /// Returns why it may be closed to make room, and since when; `None` while work is being done for it.
    pub(crate) fn idle(&self) -> Option<(Idle, Instant)> {
        let state = self.state();
        let idle = match state.phase {
            Phase::Fresh => Idle::Silent,
            Phase::Head | Phase::Body | Phase::Draining => Idle::Unfinished,
            Phase::Waiting => Idle::Waiting,
            Phase::Serving | Phase::Upgraded => return None,
        };
        Some((idle, state.since))
    }

    /// Asks it to close, if it is idle by then.
    pub(crate) fn close_if_idle(&self) {
        self.is_unwanted.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Returns whether it has been asked to close.
    pub(crate) fn is_unwanted(&self) -> bool {
        self.is_unwanted.load(Ordering::Acquire)
    }

    /// Returns whether it has been asked to close and is idle; activity withdraws the request.
    pub(crate) fn should_close(&self) -> bool {
        if !self.is_unwanted() {
            return false;
        }
        let is_idle = self.idle().is_some();
        if !is_idle {
            self.is_unwanted.store(false, Ordering::Release);
        }
        is_idle
    }

    /// Wakes this task when it is asked to close.
    pub(crate) fn watch(&self, waker: &Waker) {
        self.waker.register(waker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> ConnectionLimits {
        ConnectionLimits {
            request_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            stream_idle: Duration::from_secs(300),
            ..Default::default()
        }
    }

    fn allowed(connection: &Connection) -> Option<u64> {
        let since = connection.state().since;
        Some(connection.deadline(&limits())?.duration_since(since).as_secs())
    }

    #[test]
    fn every_phase_of_a_request_that_a_client_can_draw_out_has_a_deadline() {
        let connection = Connection::new(Transport::Http);
        let idle = |connection: &Connection| connection.idle().map(|(idle, _)| idle);
        assert_eq!((allowed(&connection), idle(&connection)), (Some(5), Some(Idle::Silent)));
        for has_body in [true, false, true] {
            connection.received(10);
            assert_eq!((allowed(&connection), idle(&connection)), (Some(5), Some(Idle::Unfinished)));
            assert!(connection.requested(has_body));
            assert_eq!(allowed(&connection), has_body.then_some(11));
            connection.body_read();
            assert_eq!((allowed(&connection), idle(&connection)), (None, None), "being answered");
            assert!(!connection.answered(), "the next request may come");
            assert_eq!((allowed(&connection), idle(&connection)), (None, Some(Idle::Waiting)));
        }
    }

    #[test]
    fn what_is_sent_ahead_of_the_answer_has_one_too() {
        let connection = Connection::new(Transport::Http);
        assert!(connection.requested(false));
        connection.received(1);
        assert!(!connection.answered());
        assert_eq!(allowed(&connection), Some(5), "half of the next head");
        connection.upgraded();
        assert!(!connection.answered());
        assert_eq!((allowed(&connection), connection.idle()), (None, None));
    }

    #[test]
    fn an_answer_before_the_end_of_the_body_is_the_last() {
        let connection = Connection::new(Transport::Http);
        assert!(connection.requested(true));
        assert!(connection.answered());
        assert_eq!(allowed(&connection), Some(2), "an endless body");
        connection.received(1);
        assert!(!connection.requested(false), "behind the last answer nothing is looked at");
        assert!(connection.answered());
        assert_eq!(allowed(&connection), Some(2));
    }

    #[test]
    fn grpc_has_to_greet_and_may_be_idle_for_so_long() {
        let connection = Connection::new(Transport::Grpc);
        connection.received(GREETING - 1);
        assert_eq!(allowed(&connection), Some(5));
        connection.received(1);
        assert_eq!(allowed(&connection), Some(300));
        connection.call_started();
        connection.call_started();
        connection.call_ended();
        assert_eq!((allowed(&connection), connection.idle()), (None, None));
        connection.received(17);
        connection.call_ended();
        assert_eq!(allowed(&connection), Some(300));
    }

    #[test]
    fn only_an_idle_connection_closes_when_it_is_asked_to() {
        let connection = Connection::new(Transport::Http);
        assert!(connection.requested(false));
        connection.close_if_idle();
        assert!(!connection.should_close());
        assert!(!connection.answered());
        assert!(!connection.should_close(), "that was long ago");
        connection.close_if_idle();
        assert!(connection.should_close());
        connection.received(1);
        assert!(!connection.should_close(), "a request came first");
        connection.close_if_idle();
        assert!(connection.should_close(), "half of one");
    }
}
