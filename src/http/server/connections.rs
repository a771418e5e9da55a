//! All open connections, HTTP, WebSocket and gRPC together, and their limits.
//!
//! Connections use the descriptors that the journal, the snapshots and the history leave. When there is no room, the
//! least valuable connection is closed: first one that has never sent anything, then one that has sent part of a
//! request for too long, then the one that has been idle between two requests longest. A connection with work in
//! progress is never closed to make room; when all others are busy, the new connection is refused.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_web::rt::time::{sleep, timeout};
use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Connection, Idle, Transport};
use crate::{
    auth::network,
    domain::messages::reject::Reject,
    http::{
        limits::networks::contains,
        wire::error::{ApiError, Operation},
    },
    telemetry::ConnectionGauges,
};

/// How long a new connection waits for room before it is refused: longer than a connection has to be idle to be closed.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// The interval of the search for idle connections, however many new ones wait.
const LOOK: Duration = Duration::from_millis(50);
/// How long a new connection may be silent before it may be closed to make room.
const SILENT_MIN: Duration = Duration::from_millis(250);
/// The same within a request, or between two.
const IDLE_MIN: Duration = Duration::from_secs(1);

/// The limits on sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionBudget {
    /// Simultaneous connections.
    pub connections: usize,
    /// How many of them may be gRPC connections.
    pub grpc: usize,
    /// Sockets the HTTP server may hold, including those being refused.
    pub http_sockets: usize,
}

impl ConnectionBudget {
    /// A budget of this many connections, where descriptors do not matter.
    pub const fn of(connections: usize) -> Self {
        Self { connections, grpc: connections, http_sockets: connections.saturating_add(64) }
    }
}

/// The connection limits of one address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressTerms {
    /// Simultaneous connections, at most half of all, and on gRPC half of gRPC's; 0 leaves only that bound.
    pub connections: u32,
    /// Whether loopback addresses are limited too.
    pub limits_loopback: bool,
    /// Networks without a limit: exempt clients, and proxies, whose connections belong to many users.
    pub exempt: Vec<IpNet>,
}

impl AddressTerms {
    fn is_exempt(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        (address.is_loopback() && !self.limits_loopback) || contains(&self.exempt, address)
    }

    /// Returns how many of this many connections one address may have.
    fn most_of(&self, connections: usize) -> u32 {
        let half = u32::try_from(connections / 2).unwrap_or(u32::MAX).max(1);
        if self.connections == 0 { half } else { self.connections.min(half) }
    }
}

/// All open connections.
#[derive(Debug)]
pub struct Connections {
    budget: ConnectionBudget,
    terms: AddressTerms,
    /// The limit of one address.
    most: Seats,
    room: Room,
    grpc_room: Room,
    open: Mutex<Open>,
    gauges: ConnectionGauges,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<Connection>>,
    /// Connections of every address, by its network.
    addresses: HashMap<u128, Seats>,
}

/// Connections of one address.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Seats {
    all: u32,
    /// The gRPC connections among them.
    grpc: u32,
}

/// Room for a number of connections.
#[derive(Debug)]
struct Room {
    permits: Arc<Semaphore>,
    /// The transport of connections that may be closed for a new one; `None` for any.
    of: Option<Transport>,
    /// Every waiting connection has a clone.
    waiting: Arc<()>,
    /// The holder searches on behalf of all that wait.
    looker: tokio::sync::Mutex<()>,
}

impl Room {
    fn new(connections: usize, of: Option<Transport>) -> Self {
        let permits = Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS)));
        Self { permits, of, waiting: Arc::default(), looker: tokio::sync::Mutex::default() }
    }
}

impl Connections {
    /// Starts with none open. One address gets at most half of the budget, whatever its terms.
    pub fn new(budget: ConnectionBudget, terms: AddressTerms, gauges: ConnectionGauges) -> Self {
        gauges.budget.set(i64::try_from(budget.connections).unwrap_or(i64::MAX));
        Self {
            budget,
            most: Seats { all: terms.most_of(budget.connections), grpc: terms.most_of(budget.grpc) },
            terms,
            room: Room::new(budget.connections, None),
            grpc_room: Room::new(budget.grpc, Some(Transport::Grpc)),
            open: Mutex::default(),
            gauges,
        }
    }

    /// Returns how many sockets each of this many HTTP workers may hold.
    pub(crate) const fn sockets_per_worker(&self, workers: usize) -> usize {
        let share = self.budget.http_sockets / if workers == 0 { 1 } else { workers };
        if share == 0 { 1 } else { share }
    }

    /// Finds room for a connection, if need be by closing an idle one.
    ///
    /// # Errors
    /// -1003 when the address has too many already, -1008 when there is no room.
    pub async fn admit(
        self: &Arc<Self>,
        transport: Transport,
        peer: IpAddr,
    ) -> Result<ConnectionPermit, ApiError> {
        let admitted = async {
            let seat = self.seat(transport, peer)?;
            let share = match transport {
                Transport::Http => None,
                Transport::Grpc => Some(self.permit(&self.grpc_room).await?),
            };
            let permit = self.permit(&self.room).await?;
            Ok(self.enter(transport, (seat, permit, share)))
        };
        let admitted = admitted.await;
        if admitted.is_err() {
            self.gauges.refused.inc();
        }
        admitted
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Counts and handles only, so they are consistent even after a panic.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection for its address.
    fn seat(self: &Arc<Self>, transport: Transport, peer: IpAddr) -> Result<Seat, ApiError> {
        let network = network(peer);
        let of_grpc = u32::from(transport == Transport::Grpc);
        let mut open = self.open();
        let seats = open.addresses.entry(network).or_default();
        let wanted = Seats { all: seats.all + 1, grpc: seats.grpc + of_grpc };
        let is_too_many = wanted.all > self.most.all || wanted.grpc > self.most.grpc;
        if is_too_many && !self.terms.is_exempt(peer) {
            return Err(ApiError::too_many_connections());
        }
        *seats = wanted;
        Ok(Seat { connections: Arc::clone(self), network, of_grpc })
    }

    /// Acquires a permit of a room, or waits for one.
    async fn permit(&self, room: &Room) -> Result<OwnedSemaphorePermit, ApiError> {
        let full = || ApiError::refused(Reject::Busy, Operation::Query);
        if let Ok(permit) = Arc::clone(&room.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _waits = Arc::clone(&room.waiting);
        let found = async {
            tokio::select! {
                found = Arc::clone(&room.permits).acquire_owned() => found.map_err(|_| full()),
                never = self.keep_looking(room) => match never {},
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| Err(full()))
    }

    /// Searches for connections to close, unless another waiting connection searches for all; when that one has its
    /// permit or gives up, the next continues.
    async fn keep_looking(&self, room: &Room) -> Infallible {
        let _looker = room.looker.lock().await;
        loop {
            self.make_room(room, Instant::now());
            sleep(LOOK).await;
        }
    }

    /// Asks as many connections to close as new ones wait: the least valuable first.
    fn make_room(&self, room: &Room, now: Instant) {
        let wanted = Arc::strong_count(&room.waiting) - 1;
        let open = self.open();
        let candidates = open.connections.values().filter_map(|connection| {
            let (idle, since) = connection.idle()?;
            let least = if idle == Idle::Silent { SILENT_MIN } else { IDLE_MIN };
            let is_old = now.saturating_duration_since(since) >= least;
            let is_asked = connection.is_unwanted() || room.of.is_some_and(|of| of != connection.transport());
            (is_old && !is_asked).then_some((idle, since, connection))
        });
        let mut candidates: Vec<_> = candidates.collect();
        if wanted < candidates.len() {
            candidates.select_nth_unstable_by_key(wanted, |(idle, since, _)| (*idle, *since));
            candidates.truncate(wanted);
        }
        for (.., connection) in candidates {
            connection.close_if_idle();
        }
    }

    fn enter(
        self: &Arc<Self>,
        transport: Transport,
        (seat, permit, share): (Seat, OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
    ) -> ConnectionPermit {
        let connection = Arc::new(Connection::new(transport));
        let mut open = self.open();
        let number = open.next;
        open.next += 1;
        open.connections.insert(number, Arc::clone(&connection));
        self.gauges.open(transport == Transport::Grpc).inc();
        ConnectionPermit { number, connection, seat, _permits: (permit, share) }
    }
}

/// A connection counted for its address, until dropped.
#[derive(Debug)]
struct Seat {
    connections: Arc<Connections>,
    network: u128,
    of_grpc: u32,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        if let Some(seats) = open.addresses.get_mut(&self.network) {
            seats.all -= 1;
            seats.grpc -= self.of_grpc;
            if seats.all == 0 {
                open.addresses.remove(&self.network);
            }
        }
    }
}

/// The room of one connection, released when dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    number: u64,
    connection: Arc<Connection>,
    seat: Seat,
    _permits: (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
}

impl ConnectionPermit {
    /// Returns its connection.
    pub const fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Counts that it was closed to make room for another.
    pub(crate) fn made_room(&self) {
        self.seat.connections.gauges.closed_idle.inc();
    }

    /// Counts that its handshake of TLS failed.
    pub(crate) fn handshake_failed(&self) {
        self.seat.connections.gauges.handshakes_failed.inc();
    }

    /// Counts that it was closed because its client was too slow.
    pub(crate) fn was_late(&self) {
        self.seat.connections.gauges.timed_out.inc();
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let connections = &self.seat.connections;
        connections.open().connections.remove(&self.number);
        connections.gauges.open(self.connection.transport() == Transport::Grpc).dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn connections(budget: ConnectionBudget, terms: AddressTerms) -> Arc<Connections> {
        Arc::new(Connections::new(budget, terms, ConnectionGauges::default()))
    }

    fn code(outcome: Result<ConnectionPermit, ApiError>) -> i32 {
        outcome.map_or_else(|error| error.code(), |_| 0)
    }

    #[actix_web::test]
    async fn there_is_one_budget_and_what_is_dropped_comes_back() {
        let budget = ConnectionBudget { connections: 3, grpc: 1, http_sockets: 9 };
        let all = connections(budget, AddressTerms::default());
        let grpc = all.admit(Transport::Grpc, HERE).await.unwrap();
        let busy: Vec<ConnectionPermit> =
            futures_util::future::join_all([(); 2].map(|()| all.admit(Transport::Http, HERE)))
                .await
                .into_iter()
                .map(Result::unwrap)
                .collect();
        grpc.connection().call_started();
        busy.iter().for_each(|place| assert!(place.connection().requested(false)));
        assert_eq!(code(all.admit(Transport::Http, HERE).await), -1008);
        assert_eq!(code(all.admit(Transport::Grpc, HERE).await), -1008);
        drop(busy);
        assert_eq!(code(all.admit(Transport::Grpc, HERE).await), -1008, "gRPC has used up its share");
        let again = all.admit(Transport::Http, HERE).await.unwrap();
        drop((grpc, again));
        assert!(all.open().connections.is_empty() && all.open().addresses.is_empty());
        assert_eq!((all.gauges.open(false).get(), all.gauges.open(true).get()), (0, 0));
        assert_eq!(all.sockets_per_worker(4), 2);
    }

    #[actix_web::test]
    async fn the_silent_make_room_first_and_the_busy_never() {
        let all = connections(ConnectionBudget::of(3), AddressTerms::default());
        let busy = all.admit(Transport::Http, HERE).await.unwrap();
        assert!(busy.connection().requested(false));
        let kept = all.admit(Transport::Http, HERE).await.unwrap();
        assert!(kept.connection().requested(false) && !kept.connection().answered());
        let silent = all.admit(Transport::Http, HERE).await.unwrap();
        // A connection asked to close does so when its stream is polled: here, by hand.
        let closing = async {
            while !silent.connection().should_close() {
                sleep(Duration::from_millis(1)).await;
            }
            drop(silent);
        };
        let (newcomer, ()) = futures_util::future::join(all.admit(Transport::Http, HERE), closing).await;
        assert!(newcomer.is_ok() && !kept.connection().is_unwanted() && !busy.connection().is_unwanted());
    }

    #[actix_web::test]
    async fn one_look_makes_room_for_all_that_wait() {
        let all = connections(ConnectionBudget::of(4), AddressTerms::default());
        let mut places = Vec::new();
        for _ in 0..4 {
            places.push(all.admit(Transport::Http, HERE).await.unwrap());
        }
        assert!(places[0].connection().requested(false) && !places[0].connection().answered());
        let is_asked = |place: &&ConnectionPermit| place.connection().is_unwanted();
        let later = Instant::now() + IDLE_MIN;
        all.make_room(&all.room, later);
        assert_eq!(places.iter().filter(is_asked).count(), 0, "no connection waits");
        let _waiting = [(); 2].map(|()| Arc::clone(&all.room.waiting));
        all.make_room(&all.room, later);
        assert_eq!(places.iter().filter(is_asked).count(), 2);
        assert!(!is_asked(&&places[0]), "the silent come first");
        all.make_room(&all.room, later);
        assert_eq!(places.iter().filter(is_asked).count(), 4, "the first two have not made room");
    }

    #[actix_web::test]
    async fn an_address_never_gets_more_than_half_on_either_wire() {
        use Transport::{Grpc, Http};
        let budget = ConnectionBudget { connections: 12, grpc: 4, http_sockets: 12 };
        for most in [0, 1_000] {
            let terms = AddressTerms { connections: most, limits_loopback: true, exempt: Vec::new() };
            let all = connections(budget, terms);
            let grpc = [(); 2].map(|()| all.seat(Grpc, HERE).unwrap());
            assert_eq!(all.seat(Grpc, HERE).unwrap_err().code(), -1003, "half of gRPC's four");
            let other = "127.0.0.2".parse().unwrap();
            let _other = [(); 2].map(|()| all.seat(Grpc, other).unwrap());
            let _http = [(); 4].map(|()| all.seat(Http, HERE).unwrap());
            assert_eq!(all.seat(Http, HERE).unwrap_err().code(), -1003, "half of twelve");
            drop(grpc);
            assert!(all.seat(Grpc, HERE).is_ok());
        }
        let few = AddressTerms { connections: 1, limits_loopback: true, exempt: Vec::new() };
        let all = connections(budget, few);
        let _one = all.seat(Grpc, HERE).unwrap();
        assert_eq!(all.seat(Http, HERE).unwrap_err().code(), -1003, "both count");
    }

    #[actix_web::test]
    async fn an_address_has_a_limit_unless_it_is_exempt() {
        let exempt = vec!["198.51.100.0/24".parse().unwrap()];
        let terms = AddressTerms { connections: 1, limits_loopback: false, exempt };
        let all = connections(ConnectionBudget::of(100), terms.clone());
        let mut places = Vec::new();
        for address in
            ["127.0.0.1", "127.0.0.1", "198.51.100.7", "198.51.100.7", "203.0.113.1", "203.0.113.2"]
        {
            places.push(all.admit(Transport::Http, address.parse().unwrap()).await.unwrap());
        }
        let stranger = "203.0.113.1".parse().unwrap();
        for transport in [Transport::Http, Transport::Grpc] {
            assert_eq!(code(all.admit(transport, stranger).await), -1003);
        }
        drop(places);
        assert_eq!(code(all.admit(Transport::Http, stranger).await), 0);
        let strict = connections(ConnectionBudget::of(100), AddressTerms { limits_loopback: true, ..terms });
        let _first = strict.admit(Transport::Http, HERE).await.unwrap();
        assert_eq!(code(strict.admit(Transport::Http, HERE).await), -1003);
    }
}
