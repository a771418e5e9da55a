//! How often a password may be tried: counted per address, per name, and per name from one address, in a fixed table.
//!
//! The counts of a minute are dropped with it, so no user is ever locked out for good.

use std::net::IpAddr;

use super::cells::MinuteCounts;
use crate::domain::{messages::credential::LoginName, types::time::Timestamp};

/// How many cells the tries are counted in.
const CELL_COUNT: usize = 1 << 14;

/// How many tries a minute allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleLimits {
    /// Passwords tried from one address.
    pub address: u32,
    /// Passwords tried for one name from one address.
    pub pair: u32,
    /// Passwords tried for one name from everywhere. Tries that an address was refused do not count, so that one
    /// address alone cannot keep the owner out.
    pub name: u32,
    /// Sign-ups from one address.
    pub sign_up: u32,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self { address: 60, pair: 10, name: 60, sign_up: 20 }
    }
}

/// There were too many tries; another may be made after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries; try again in {0} s")]
pub struct Throttled(pub u32);

/// The tries of the current minute.
pub struct Throttle {
    counts: MinuteCounts,
    limits: ThrottleLimits,
}

impl Throttle {
    /// Opens the table; `seed` keeps the places unpredictable.
    pub fn new(seed: u64, limits: ThrottleLimits) -> Self {
        Self { counts: MinuteCounts::new(CELL_COUNT, seed), limits }
    }

    /// Decides whether a password may be tried. Where the name `is_known` at the address, because it is signed in
    /// there, tries from elsewhere do not count: strangers cannot keep users out where they are already signed in.
    ///
    /// # Errors
    /// When the address, the name, or both together have used up the minute's tries.
    pub fn sign_in(
        &self,
        address: IpAddr,
        name: &LoginName,
        is_known: bool,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        let (address, limits) = (network(address), self.limits);
        self.count(&("address", address), limits.address, now)?;
        self.count(&("pair", address, name), limits.pair, now)?;
        if is_known { Ok(()) } else { self.count(&("name", name), limits.name, now) }
    }

    /// Decides whether a sign-up may be tried.
    ///
    /// # Errors
    /// When the address has used up the minute's sign-ups.
    pub fn sign_up(&self, address: IpAddr, now: Timestamp) -> Result<(), Throttled> {
        self.count(&("sign-up", network(address)), self.limits.sign_up, now)
    }

    fn count(&self, what: &impl std::hash::Hash, limit: u32, now: Timestamp) -> Result<(), Throttled> {
        match self.counts.add(what, limit.into(), now) {
            Some(_) => Ok(()),
            None => Err(Throttled(MinuteCounts::seconds_left(now))),
        }
    }
}

/// Returns the number of a subscriber's network: an address of version 4, or a /64 of version 6.
#[must_use]
pub fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6) >> 64 << 64 | 1 << 32,
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Throttle").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ThrottleLimits = ThrottleLimits { address: 6, pair: 3, name: 5, sign_up: 2 };
    const MINUTE_MILLIS: u64 = 60_000;
    const NOW: Timestamp = Timestamp::from_millis(1_700_000_040_000);

    fn name(text: &str) -> LoginName {
        LoginName::parse(text).unwrap()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn tries_are_counted_for_the_pair_the_address_and_the_name() {
        let throttle = Throttle::new(7, LIMITS);
        let (one, two, ada) = (address("10.0.0.1"), address("10.0.0.2"), name("ada"));
        let tries = |from, who: &LoginName, count: usize| {
            (0..count).filter(|_| throttle.sign_in(from, who, false, NOW).is_ok()).count()
        };
        assert_eq!(tries(one, &ada, 100), 3, "the pair");
        assert_eq!(tries(one, &name("grace"), 100), 0, "the address has used up its tries by asking on");
        assert_eq!(tries(two, &ada, 100), 2, "the name: what an address was refused does not count");
        assert!(
            throttle.sign_in(address("10.0.0.3"), &ada, false, NOW).is_err(),
            "strangers have used up the name"
        );
        assert!(
            throttle.sign_in(address("10.0.0.3"), &ada, true, NOW).is_ok(),
            "who is signed in there is not concerned"
        );
        let minute = Timestamp::from_millis(NOW.millis() + MINUTE_MILLIS);
        assert!(throttle.sign_in(one, &ada, false, minute).is_ok(), "no user is locked out for good");
    }

    #[test]
    fn who_is_refused_learns_when_the_minute_ends() {
        let throttle = Throttle::new(7, LIMITS);
        let from = address("::1");
        let at = |millis: u64| Timestamp::from_millis(NOW.millis() - NOW.millis() % MINUTE_MILLIS + millis);
        assert_eq!(throttle.sign_up(from, at(0)), Ok(()));
        assert_eq!(throttle.sign_up(from, at(0)), Ok(()));
        assert_eq!(throttle.sign_up(from, at(0)), Err(Throttled(60)));
        assert_eq!(throttle.sign_up(from, at(59_001)), Err(Throttled(1)));
        assert_eq!(throttle.sign_up(from, at(60_000)), Ok(()));
        assert_eq!(throttle.sign_in(from, &name("ada"), false, at(0)), Ok(()), "sign-ups are counted apart");
    }

    #[test]
    fn the_addresses_of_one_subscriber_count_as_one() {
        assert_eq!(network(address("2001:db8::1")), network(address("2001:db8::ffff:1")));
        assert_ne!(network(address("2001:db8::1")), network(address("2001:db8:0:1::1")));
        assert_eq!(network(address("::ffff:10.0.0.1")), network(address("10.0.0.1")));
        assert_ne!(network(address("10.0.0.1")), network(address("10.0.0.2")));
    }
}
