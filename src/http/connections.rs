//! Every connection there is, HTTP, WebSocket and gRPC together, and how many there may be.
//!
//! Connections live on what the journal, the snapshots and the history leave of the process's descriptors. When
//! there is no room, the connection that is missed least makes place: one that has never said anything, one that has said
//! half of something for too long, one that has been between two requests longest. A connection for which something is being
//! done is never closed for another; when there are only those, the newcomer is refused.

use std::{
    collections::HashMap,
    net::IpAddr,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_web::rt::time::sleep;
use futures_util::future::{Either, select};
use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    client::contains,
    connection::{Connection, Idle, Transport},
    error::{ApiError, Operation},
};
use crate::{auth::network, domain::reject::Reject, telemetry::ConnectionGauges};

/// How long a newcomer waits for room before it is refused: longer than a connection has to be idle to make it.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// How often it looks for a connection that may make room.
const LOOK: Duration = Duration::from_millis(50);
/// How long a connection may be silent at first before it may have to make room.
const SILENT_MIN: Duration = Duration::from_millis(250);
/// The same in the middle of a request, or between two.
const IDLE_MIN: Duration = Duration::from_secs(1);

/// How many sockets there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionBudget {
    /// Connections at once.
    pub connections: usize,
    /// How many of them may be gRPC's.
    pub grpc: usize,
    /// Sockets the HTTP server may hold, those included that are being refused.
    pub http_sockets: usize,
}

impl ConnectionBudget {
    /// A budget for so many connections, where descriptors are no matter.
    pub const fn of(connections: usize) -> Self {
        Self { connections, grpc: connections, http_sockets: connections.saturating_add(64) }
    }
}

/// What one address may have open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressTerms {
    /// Connections at once; 0 is no limit.
    pub connections: u32,
    /// Whether this machine itself is limited too.
    pub limits_loopback: bool,
    /// Networks without a limit: exempt clients, and proxies, whose connections are many people's.
    pub exempt: Vec<IpNet>,
}

impl AddressTerms {
    fn limit_of(&self, address: IpAddr) -> Option<u32> {
        let address = address.to_canonical();
        let is_exempt = (address.is_loopback() && !self.limits_loopback) || contains(&self.exempt, address);
        (self.connections > 0 && !is_exempt).then_some(self.connections)
    }
}

/// All open connections.
#[derive(Debug)]
pub struct Connections {
    budget: ConnectionBudget,
    terms: AddressTerms,
    permits: Arc<Semaphore>,
    grpc_permits: Arc<Semaphore>,
    open: Mutex<Open>,
    gauges: ConnectionGauges,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<Connection>>,
    /// Connections of every address, by its network.
    addresses: HashMap<u128, u32>,
}

impl Connections {
    /// Starts with none open. One address gets at most half of the budget, whatever its terms say.
    pub fn new(budget: ConnectionBudget, mut terms: AddressTerms, gauges: ConnectionGauges) -> Self {
        let half = u32::try_from(budget.connections / 2).unwrap_or(u32::MAX).max(1);
        terms.connections = terms.connections.min(half);
        gauges.budget.set(i64::try_from(budget.connections).unwrap_or(i64::MAX));
        let most = |wanted: usize| Arc::new(Semaphore::new(wanted.min(Semaphore::MAX_PERMITS)));
        Self {
            budget,
            terms,
            permits: most(budget.connections),
            grpc_permits: most(budget.grpc),
            open: Mutex::default(),
            gauges,
        }
    }

    /// Returns the sockets one of so many HTTP workers may hold.
    pub(super) const fn sockets_per_worker(&self, workers: usize) -> usize {
        let share = self.budget.http_sockets / if workers == 0 { 1 } else { workers };
        if share == 0 { 1 } else { share }
    }

    /// Finds room for a connection, if need be by closing an idle one.
    ///
    /// # Errors
    /// -1003 when the address has too many already, -1008 when there is no room.
    pub async fn admit(self: &Arc<Self>, transport: Transport, peer: IpAddr) -> Result<Place, ApiError> {
        let admitted = async {
            let seat = self.seat(peer)?;
            let share = match transport {
                Transport::Http => None,
                Transport::Grpc => Some(self.permit(&self.grpc_permits, Some(transport)).await?),
            };
            let permit = self.permit(&self.permits, None).await?;
            Ok(self.enter(transport, (seat, permit, share)))
        };
        let admitted = admitted.await;
        if admitted.is_err() {
            self.gauges.refused.inc();
        }
        admitted
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Counts and handles only: what a panic left behind is whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection for its address.
    fn seat(self: &Arc<Self>, peer: IpAddr) -> Result<Seat, ApiError> {
        let network = network(peer);
        let mut open = self.open();
        let count = open.addresses.entry(network).or_default();
        if self.terms.limit_of(peer).is_some_and(|limit| *count >= limit) {
            return Err(ApiError::too_many_connections());
        }
        *count += 1;
        Ok(Seat { connections: Arc::clone(self), network })
    }

    async fn permit(
        &self,
        permits: &Arc<Semaphore>,
        of: Option<Transport>,
    ) -> Result<OwnedSemaphorePermit, ApiError> {
        let full = || ApiError::refused(Reject::Busy, Operation::Query);
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Ok(permit);
        }
        let until = Instant::now() + PATIENCE;
        let mut permit = pin!(Arc::clone(permits).acquire_owned());
        while Instant::now() < until {
            self.make_room(of);
            match select(permit, pin!(sleep(LOOK))).await {
                Either::Left((found, _)) => return found.map_err(|_| full()),
                Either::Right((_, waiting)) => permit = waiting,
            }
        }
        Err(full())
    }

    /// Asks the connection to close that is missed least, if any may be asked.
    fn make_room(&self, of: Option<Transport>) {
        let open = self.open();
        let now = Instant::now();
        let candidates = open.connections.values().filter_map(|connection| {
            let (idle, since) = connection.idle()?;
            let least = if idle == Idle::Silent { SILENT_MIN } else { IDLE_MIN };
            let is_old = now.saturating_duration_since(since) >= least;
            let is_asked = connection.is_unwanted() || of.is_some_and(|of| of != connection.transport());
            (is_old && !is_asked).then_some((idle, since, connection))
        });
        if let Some((.., connection)) = candidates.min_by_key(|(idle, since, _)| (*idle, *since)) {
            connection.close_if_idle();
        }
    }

    fn enter(
        self: &Arc<Self>,
        transport: Transport,
        (seat, permit, share): (Seat, OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
    ) -> Place {
        let connection = Arc::new(Connection::new(transport));
        let mut open = self.open();
        let number = open.next;
        open.next += 1;
        open.connections.insert(number, Arc::clone(&connection));
        self.gauges.open(transport == Transport::Grpc).inc();
        Place { number, connection, seat, _permits: (permit, share) }
    }
}

/// A connection counted for its address, until dropped.
#[derive(Debug)]
struct Seat {
    connections: Arc<Connections>,
    network: u128,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        if let Some(count) = open.addresses.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.addresses.remove(&self.network);
            }
        }
    }
}

/// The room of one connection, given back when dropped.
#[derive(Debug)]
pub struct Place {
    number: u64,
    connection: Arc<Connection>,
    seat: Seat,
    _permits: (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
}

impl Place {
    /// Returns the connection it is for.
    pub const fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Counts that it was closed to make room for another.
    pub(super) fn made_room(&self) {
        self.seat.connections.gauges.closed_idle.inc();
    }

    /// Counts that it was closed because its client was too slow.
    pub(super) fn was_late(&self) {
        self.seat.connections.gauges.timed_out.inc();
    }
}

impl Drop for Place {
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

    fn code(outcome: Result<Place, ApiError>) -> i32 {
        outcome.map_or_else(|error| error.code(), |_| 0)
    }

    #[actix_web::test]
    async fn there_is_one_budget_and_what_is_dropped_comes_back() {
        let budget = ConnectionBudget { connections: 3, grpc: 1, http_sockets: 9 };
        let all = connections(budget, AddressTerms::default());
        let grpc = all.admit(Transport::Grpc, HERE).await.unwrap();
        let busy: Vec<Place> =
            futures_util::future::join_all([(); 2].map(|()| all.admit(Transport::Http, HERE)))
                .await
                .into_iter()
                .map(Result::unwrap)
                .collect();
        grpc.connection().call_began();
        busy.iter().for_each(|place| place.connection().requested(false));
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
        busy.connection().requested(false);
        let kept = all.admit(Transport::Http, HERE).await.unwrap();
        kept.connection().requested(false);
        kept.connection().answered();
        let silent = all.admit(Transport::Http, HERE).await.unwrap();
        // Whoever is asked to close does it when its stream is polled: here, by hand.
        let closing = async {
            while !silent.connection().should_close() {
                sleep(Duration::from_millis(1)).await;
            }
            drop(silent);
        };
        let (newcomer, ()) = futures_util::future::join(all.admit(Transport::Http, HERE), closing).await;
        assert!(newcomer.is_ok() && !kept.connection().is_unwanted() && !busy.connection().is_unwanted());
        newcomer.unwrap().connection().requested(false);
    }

    #[actix_web::test]
    async fn an_address_never_gets_more_than_half() {
        let terms = AddressTerms { connections: 1_000, limits_loopback: true, exempt: Vec::new() };
        let all = connections(ConnectionBudget::of(4), terms);
        let _two = [(); 2].map(|()| all.seat(HERE).unwrap());
        assert_eq!(all.seat(HERE).unwrap_err().code(), -1003);
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
