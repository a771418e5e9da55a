//! Limits per address: request weight, requests and WebSocket connections, each in its own calendar window. Clients
//! that keep exceeding limits are banned for a while.
//!
//! None of this is exchange state: it lives in fixed tables, is gone after a restart, and lets requests through when
//! a table is full.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{
    bans::{BanTerms, Bans},
    networks::contains,
    weight::{Counter, SUM_MAX, address_hash},
};
use crate::{
    domain::{
        orders::limits::{OrderCounts, OrderLimits, OrderWindow},
        types::time::Timestamp,
    },
    http::wire::{error::ApiError, json::Json, names::order_interval},
};

const MINUTE_MILLIS: u64 = 60_000;
const FIVE_MINUTES_MILLIS: u64 = 300_000;

/// The limits of one address; 0 disables a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimits {
    /// Request weight per minute; at most 2^20 - 1, as the others.
    pub weight: u32,
    /// Requests in five minutes.
    pub requests: u32,
    /// WebSocket connections opened in five minutes.
    pub connections: u32,
    /// Requests refused with 429 within a minute after which an address is banned.
    pub refusals: u32,
    /// How long bans last.
    pub bans: BanTerms,
    /// Whether loopback addresses are limited too.
    pub limits_loopback: bool,
    /// Networks without limits.
    pub exempt: Vec<IpNet>,
    /// Proxies whose forwarding headers are trusted.
    pub trusted_proxies: Vec<IpNet>,
}

impl RateLimits {
    /// No limits: everything is counted and nothing rejected.
    pub const fn none() -> Self {
        Self {
            weight: 0,
            requests: 0,
            connections: 0,
            refusals: 0,
            bans: BanTerms { first: 0, longest: 0 },
            limits_loopback: false,
            exempt: Vec::new(),
            trusted_proxies: Vec::new(),
        }
    }
}

/// The limits and their current use.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: RateLimits,
    seed: u64,
    weights: Counter,
    requests: Counter,
    connections: Counter,
    refusals: Counter,
    bans: Bans,
}

impl Limiter {
    /// Starts counting; `seed` keeps the cells of addresses unpredictable.
    pub(crate) fn new(limits: RateLimits, seed: u64) -> Self {
        Self {
            seed,
            weights: Counter::new(MINUTE_MILLIS),
            requests: Counter::new(FIVE_MINUTES_MILLIS),
            connections: Counter::new(FIVE_MINUTES_MILLIS),
            refusals: Counter::new(MINUTE_MILLIS),
            bans: Bans::new(limits.bans),
            limits,
        }
    }

    /// Returns the trusted proxies.
    pub(crate) fn trusted_proxies(&self) -> &[IpNet] {
        &self.limits.trusted_proxies
    }

    /// Counts a request of this weight, or rejects it.
    ///
    /// # Errors
    /// -1003: 429 when a limit is exhausted, 418 while the address is banned.
    pub(crate) fn request(&self, address: IpAddr, weight: u32, now: Timestamp) -> Result<(), ApiError> {
        let hash = address_hash(self.seed, address);
        let used = self.weights.add(hash, weight, now);
        let sent = self.requests.add(hash, 1, now);
        if self.is_exempt(address) {
            return Ok(());
        }
        self.check_ban(hash, now)?;
        if is_above(sent, self.limits.requests) {
            return Err(self.refuse(hash, ApiError::too_many_requests(self.requests.seconds_left(now)), now));
        }
        if is_above(used, self.limits.weight) {
            let error = ApiError::too_much_weight(self.limits.weight, self.weights.seconds_left(now));
            return Err(self.refuse(hash, error, now));
        }
        Ok(())
    }

    /// Corrects what [`Limiter::request`] counted, now that the real weight is known, and returns the minute's sum.
    pub(crate) fn settle(&self, address: IpAddr, counted: u32, weight: u32, now: Timestamp) -> u32 {
        let hash = address_hash(self.seed, address);
        match weight.checked_sub(counted) {
            Some(more) => self.weights.add(hash, more, now),
            None => self.weights.refund(hash, counted - weight, now),
        }
    }

    /// Counts a new WebSocket connection, or rejects it.
    ///
    /// # Errors
    /// As [`Limiter::request`].
    pub(crate) fn connection(&self, address: IpAddr, now: Timestamp) -> Result<(), ApiError> {
        let hash = address_hash(self.seed, address);
        let opened = self.connections.add(hash, 1, now);
        if self.is_exempt(address) {
            return Ok(());
        }
        self.check_ban(hash, now)?;
        if is_above(opened, self.limits.connections) {
            let error = ApiError::too_many_requests(self.connections.seconds_left(now));
            return Err(self.refuse(hash, error, now));
        }
        Ok(())
    }

    /// Returns the hash an address is counted by in other tables; `None` for an unlimited address.
    pub(crate) fn place_of(&self, address: IpAddr) -> Option<u64> {
        (!self.is_exempt(address)).then(|| address_hash(self.seed, address))
    }

    fn is_exempt(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        (address.is_loopback() && !self.limits.limits_loopback) || contains(&self.limits.exempt, address)
    }

    fn check_ban(&self, hash: u64, now: Timestamp) -> Result<(), ApiError> {
        match self.bans.until(hash, now) {
            Some(until) => Err(ApiError::banned(until, now)),
            None => Ok(()),
        }
    }

    /// Counts the refusal; one too many becomes a ban.
    fn refuse(&self, hash: u64, error: ApiError, now: Timestamp) -> ApiError {
        if is_above(self.refusals.add(hash, 1, now), self.limits.refusals) {
            let until = self.bans.ban(hash, now);
            self.refusals.refund(hash, SUM_MAX, now);
            return ApiError::banned(until, now);
        }
        error
    }

    /// Returns the limit of request weight and an address's use of it.
    pub(crate) fn weight_of(&self, address: Option<IpAddr>, now: Timestamp) -> Option<RateLimit> {
        let used = address.map(|address| self.weights.add(address_hash(self.seed, address), 0, now));
        let limit = RateLimit::new("REQUEST_WEIGHT", "MINUTE", 1, self.limits.weight, used);
        (self.limits.weight > 0).then_some(limit)
    }

    /// Returns the limits advertised to all clients, as configured.
    pub(crate) fn advertised(&self, orders: OrderLimits) -> impl Iterator<Item = RateLimit> {
        let weight = RateLimit::new("REQUEST_WEIGHT", "MINUTE", 1, self.limits.weight, None);
        let requests = RateLimit::new("RAW_REQUESTS", "MINUTE", 5, self.limits.requests, None);
        let all = std::iter::once(weight).chain(RateLimit::orders(orders, None)).chain([requests]);
        all.filter(|limit| limit.limit > 0)
    }
}

fn is_above(sum: u32, limit: u32) -> bool {
    limit > 0 && sum > limit
}

/// A limit as it appears on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimit {
    kind: &'static str,
    interval: &'static str,
    interval_num: u64,
    limit: u32,
    count: Option<u32>,
}

impl RateLimit {
    const fn new(
        kind: &'static str,
        interval: &'static str,
        interval_num: u64,
        limit: u32,
        count: Option<u32>,
    ) -> Self {
        Self { kind, interval, interval_num, limit, count }
    }

    /// Returns the limits of unfilled orders, with their current use if it is known.
    pub(crate) fn orders(limits: OrderLimits, counts: Option<OrderCounts>) -> impl Iterator<Item = Self> {
        OrderWindow::ALL.into_iter().filter_map(move |window| {
            let (interval, number) = order_interval(window);
            let count = counts.map(|counts| counts.of(window));
            let limit = limits.of(window);
            (limit > 0).then_some(Self::new("ORDERS", interval, number, limit, count))
        })
    }

    /// Writes `{"rateLimitType":…}`.
    pub(crate) fn write(&self, json: &mut Json) {
        json.object(|json| {
            json.field("rateLimitType").text(self.kind);
            json.field("interval").text(self.interval);
            json.field("intervalNum").number(self.interval_num);
            json.field("limit").number(self.limit.into());
            if let Some(count) = self.count {
                json.field("count").number(count.into());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_030_000); // ten seconds before a minute ends
    const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));

    fn limiter(limits: RateLimits) -> Limiter {
        Limiter::new(limits, 1)
    }

    fn limits() -> RateLimits {
        RateLimits {
            weight: 100,
            requests: 50,
            connections: 3,
            refusals: 2,
            bans: BanTerms { first: 120, longest: 3 * 86_400 },
            exempt: vec!["198.51.100.0/24".parse().unwrap()],
            ..RateLimits::none()
        }
    }

    fn outcome(result: Result<(), ApiError>) -> (u16, Option<u32>) {
        match result {
            Ok(()) => (200, None),
            Err(error) => (error.status().as_u16(), error.retry_after_seconds()),
        }
    }

    #[test]
    fn the_weight_of_a_minute_is_enforced_and_who_goes_on_is_banned() {
        let limiter = limiter(limits());
        let ask = |weight| outcome(limiter.request(STRANGER, weight, NOW));
        assert_eq!(ask(60), (200, None));
        assert_eq!(limiter.settle(STRANGER, 60, 95, NOW), 95);
        assert_eq!(ask(5), (200, None));
        assert_eq!(ask(1), (429, Some(10)));
        assert_eq!(ask(1), (429, Some(10)));
        assert_eq!(ask(1), (418, Some(120)));
        let later = Timestamp::from_millis(NOW.millis() + 60_000);
        assert_eq!(outcome(limiter.request(STRANGER, 1, later)), (418, Some(60)));
        let over = Timestamp::from_millis(NOW.millis() + 120_000);
        assert_eq!(outcome(limiter.request(STRANGER, 1, over)), (200, None));
    }

    #[test]
    fn the_weight_of_free_successes_is_refunded() {
        let limiter = limiter(limits());
        for _ in 0..40 {
            assert_eq!(outcome(limiter.request(STRANGER, 90, NOW)).0, 200);
            assert_eq!(limiter.settle(STRANGER, 90, 0, NOW), 0);
        }
    }

    #[test]
    fn requests_and_connections_have_limits_of_their_own() {
        let limiter = limiter(RateLimits { refusals: 0, ..limits() });
        for _ in 0..50 {
            assert_eq!(outcome(limiter.request(STRANGER, 0, NOW)), (200, None));
        }
        assert_eq!(outcome(limiter.request(STRANGER, 0, NOW)), (429, Some(70)));
        for _ in 0..3 {
            assert_eq!(outcome(limiter.connection(STRANGER, NOW)), (200, None));
        }
        assert_eq!(outcome(limiter.connection(STRANGER, NOW)), (429, Some(70)));
    }

    #[test]
    fn this_machine_and_the_exempt_are_counted_and_never_refused() {
        let limiter = limiter(limits());
        for address in ["127.0.0.1", "::1", "198.51.100.9"] {
            let address = address.parse().unwrap();
            for _ in 0..60 {
                assert_eq!(outcome(limiter.request(address, 100, NOW)), (200, None));
            }
            assert_eq!(limiter.settle(address, 0, 0, NOW), 6_000);
        }
        let mapped = "::ffff:127.0.0.1".parse().unwrap();
        assert_eq!(outcome(limiter.request(mapped, 100, NOW)), (200, None));
        let limiter = self::limiter(RateLimits { limits_loopback: true, ..limits() });
        assert_eq!(outcome(limiter.request("127.0.0.1".parse().unwrap(), 101, NOW)).0, 429);
    }

    #[test]
    fn a_limit_of_zero_is_none() {
        let limiter = limiter(RateLimits::none());
        for _ in 0..1_000 {
            assert_eq!(outcome(limiter.request(STRANGER, 100_000, NOW)), (200, None));
            assert_eq!(outcome(limiter.connection(STRANGER, NOW)), (200, None));
        }
        assert_eq!(limiter.weight_of(Some(STRANGER), NOW), None);
        assert_eq!(limiter.advertised(OrderLimits::default()).count(), 0);
    }

    #[test]
    fn the_wire_has_the_limits_with_and_without_counts() {
        let limiter = limiter(limits());
        limiter.request(STRANGER, 7, NOW).unwrap();
        let write = |limit: &RateLimit| {
            let mut json = Json::default();
            limit.write(&mut json);
            json.finish()
        };
        assert_eq!(
            write(&limiter.weight_of(Some(STRANGER), NOW).unwrap()),
            r#"{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":100,"count":7}"#
        );
        let orders: Vec<_> = RateLimit::orders(OrderLimits { ten_seconds: 9, day: 0 }, None).collect();
        assert_eq!(orders.len(), 1);
        assert_eq!(
            write(&orders[0]),
            r#"{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":9}"#
        );
    }
}
