//! Browser sessions, by owner: bounded for each owner, who cannot end another's. Reading one takes no lock.

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;

use super::{RandomError, Token, throttle::network};
use crate::domain::{
    messages::credential::LoginName,
    types::{hash::mix64, id::AccountId, time::Timestamp},
};

const SHELF_COUNT: usize = 1024;

/// How many sessions there may be, and how long one lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Of one user; one more ends this user's oldest.
    pub per_person: usize,
    /// Of the demo; one more ends the demo's oldest.
    pub demo: usize,
    /// Of users signed in from one address (of IPv6, one /64).
    pub per_address: usize,
    /// Of all users.
    pub users: usize,
    /// How long one lasts.
    pub lifetime: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            per_person: 16,
            demo: 256,
            per_address: 512,
            users: 1 << 17,
            lifetime: Duration::from_secs(12 * 60 * 60),
        }
    }
}

/// Why a session did not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The address has as many as it may, none of them this user's.
    #[error("too many sessions from one address")]
    AddressFull,
    /// There are as many as there may be, none of them this user's.
    #[error("too many sessions")]
    Full,
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A browser that has logged in.
#[derive(Debug)]
pub struct Session {
    /// Whose session.
    pub account: AccountId,
    /// The user who signed in; none in a session of the demo.
    pub name: Option<LoginName>,
    cookie: Token,
    csrf: Token,
    expires_at: Timestamp,
    /// The network it was started from ([`network`]).
    network: u128,
}

impl Session {
    /// Returns whether it is the demo's, without a signed-in user.
    pub const fn is_demo(&self) -> bool {
        self.name.is_none()
    }

    /// Returns the token that the page's scripts send back in `X-CSRF-Token`.
    pub fn csrf_token(&self) -> String {
        self.csrf.to_hex()
    }

    /// Returns whether that token is this session's, in constant time.
    pub fn csrf_matches(&self, token: &str) -> bool {
        Token::from_hex(token).is_some_and(|token| token.matches(&self.csrf))
    }
}

/// A new session.
#[derive(Debug)]
pub struct NewSession {
    /// The value of the cookie.
    pub cookie: String,
    /// The session.
    pub session: Arc<Session>,
}

/// The sessions of some accounts, the oldest first.
type Shelf = HashMap<AccountId, Vec<Arc<Session>>>;

/// Every session, on shelves so that changing one copies a thousandth of them.
pub struct Sessions {
    shelves: Box<[ArcSwap<Shelf>]>,
    limits: SessionLimits,
}

impl Sessions {
    /// Opens an empty table.
    pub fn new(limits: SessionLimits) -> Self {
        Self { shelves: (0..SHELF_COUNT).map(|_| ArcSwap::default()).collect(), limits }
    }

    /// Starts a session of the user who signed in from an address, or without a name one of the demo. When its owner
    /// has as many as an owner may, or there is no room, the owner's oldest ends; never another owner's.
    ///
    /// # Errors
    /// [`SessionError`]: there is no room, and the owner has no session that could make some; no random bytes.
    pub fn start(
        &self,
        account: AccountId,
        name: Option<LoginName>,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<NewSession, SessionError> {
        let network = network(address);
        let lifetime = u64::try_from(self.limits.lifetime.as_micros()).unwrap_or(u64::MAX);
        let session = Arc::new(Session {
            account,
            name,
            cookie: Token::random()?,
            csrf: Token::random()?,
            expires_at: Timestamp::from_micros(now.micros().saturating_add(lifetime)),
            network,
        });
        let obstacle = if session.is_demo() { None } else { self.lacking_room(network, now) };
        let own = self.own(account, now);
        if let Some(error) = obstacle
            && own.is_empty()
        {
            return Err(error);
        }
        let most = if session.is_demo() { self.limits.demo } else { self.limits.per_person };
        let most = if obstacle.is_some() { own.len().min(most) } else { most };
        self.change(account, |shelf| {
            // Expired ones of other owners too: nothing else would remove them.
            shelf.values_mut().for_each(|sessions| sessions.retain(|session| now < session.expires_at));
            let sessions = shelf.entry(account).or_default();
            sessions.drain(..(sessions.len() + 1).saturating_sub(most.max(1)));
            sessions.push(Arc::clone(&session));
        });
        Ok(NewSession { cookie: format!("{account}.{}", session.cookie.to_hex()), session })
    }

    /// Returns the live session a cookie belongs to.
    pub fn find(&self, cookie: &str, now: Timestamp) -> Option<Arc<Session>> {
        let (account, token) = parse(cookie)?;
        let shelf = self.shelf(account).load();
        let session = shelf.get(&account)?.iter().find(|session| session.cookie.matches(&token))?;
        (now < session.expires_at).then(|| Arc::clone(session))
    }

    /// Ends the session a cookie belongs to; returns whether there was one.
    pub fn end(&self, cookie: &str, now: Timestamp) -> bool {
        let Some(ended) = self.find(cookie, now) else { return false };
        self.keep(ended.account, |session| !Arc::ptr_eq(session, &ended));
        true
    }

    /// Ends every session of the account but the one of this cookie.
    pub fn end_others(&self, account: AccountId, cookie: &str) {
        let kept = parse(cookie).map(|(_, token)| token);
        let is_kept = |session: &Arc<Session>| kept.is_some_and(|token| token.matches(&session.cookie));
        self.keep(account, is_kept);
    }

    /// Returns whether a user is signed in to the account from an address.
    pub fn is_known(&self, account: AccountId, address: IpAddr, now: Timestamp) -> bool {
        let network = network(address);
        self.own(account, now).iter().any(|session| session.network == network && !session.is_demo())
    }

    /// Returns how long a session lasts.
    pub const fn lifetime(&self) -> Duration {
        self.limits.lifetime
    }

    /// Returns which bound a session of a user from `network` would exceed, after a look at all sessions: rare compared
    /// with the hashing of the password that precedes it.
    fn lacking_room(&self, network: u128, now: Timestamp) -> Option<SessionError> {
        let (mut users, mut from_network) = (0, 0);
        for shelf in &self.shelves {
            let shelf = shelf.load();
            let live =
                shelf.values().flatten().filter(|session| !session.is_demo() && now < session.expires_at);
            for session in live {
                users += 1;
                from_network += usize::from(session.network == network);
            }
        }
        match (from_network >= self.limits.per_address, users >= self.limits.users) {
            (true, _) => Some(SessionError::AddressFull),
            (false, true) => Some(SessionError::Full),
            (false, false) => None,
        }
    }

    /// Returns an account's live sessions, the oldest first.
    fn own(&self, account: AccountId, now: Timestamp) -> Vec<Arc<Session>> {
        let shelf = self.shelf(account).load();
        let sessions = shelf.get(&account).into_iter().flatten();
        sessions.filter(|session| now < session.expires_at).cloned().collect()
    }

    /// Ends an account's sessions but those `is_kept` returns true for.
    fn keep(&self, account: AccountId, is_kept: impl Fn(&Arc<Session>) -> bool) {
        self.change(account, |shelf| {
            shelf.entry(account).or_default().retain(&is_kept);
        });
    }

    /// Changes the shelf of an account.
    fn change(&self, account: AccountId, change: impl Fn(&mut Shelf)) {
        self.shelf(account).rcu(|shelf| {
            let mut shelf = Shelf::clone(shelf);
            change(&mut shelf);
            shelf.retain(|_, sessions| !sessions.is_empty());
            shelf
        });
    }

    fn shelf(&self, account: AccountId) -> &ArcSwap<Shelf> {
        &self.shelves[mix64(account.get()) as usize % SHELF_COUNT]
    }
}

/// Reads the account and the secret of a cookie.
fn parse(cookie: &str) -> Option<(AccountId, Token)> {
    let (account, token) = cookie.split_once('.')?;
    Some((AccountId::new(account.parse().ok()?), Token::from_hex(token)?))
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sessions").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
    const LATER: Timestamp = Timestamp::from_millis(1_700_000_060_000);
    const DEMO: AccountId = AccountId::new(1);
    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    const LIMITS: SessionLimits =
        SessionLimits { per_person: 3, demo: 4, per_address: 5, users: 7, lifetime: Duration::from_secs(60) };

    fn address(last: u8) -> IpAddr {
        [203, 0, 113, last].into()
    }

    fn sign_in(sessions: &Sessions, account: u64, from: IpAddr) -> Result<String, SessionError> {
        let name = LoginName::parse(&format!("user{account}"));
        sessions.start(AccountId::new(account), name, from, NOW).map(|started| started.cookie)
    }

    fn demo(sessions: &Sessions) -> String {
        sessions.start(DEMO, None, HERE, NOW).unwrap().cookie
    }

    fn live(sessions: &Sessions, cookies: &[String]) -> Vec<bool> {
        cookies.iter().map(|cookie| sessions.find(cookie, NOW).is_some()).collect()
    }

    #[test]
    fn a_session_is_found_by_its_cookie_until_it_ends_or_expires() {
        let sessions = Sessions::new(LIMITS);
        let started = sessions.start(AccountId::new(7), LoginName::parse("ada"), HERE, NOW).unwrap();
        let found = sessions.find(&started.cookie, NOW).unwrap();
        assert_eq!((found.account, found.is_demo()), (AccountId::new(7), false));
        assert!(found.csrf_matches(&started.session.csrf_token()));
        assert!(!found.csrf_matches("") && !found.csrf_matches(&"0".repeat(64)));
        assert!(sessions.find(&started.cookie, LATER).is_none());
        assert!(sessions.end(&started.cookie, NOW));
        assert!(!sessions.end(&started.cookie, NOW));
        assert!(sessions.find(&started.cookie, NOW).is_none());
    }

    #[test]
    fn one_session_too_many_ends_the_oldest_of_its_owner_alone() {
        let sessions = Sessions::new(LIMITS);
        let ada = sign_in(&sessions, 2, address(1)).unwrap();
        let grace: Vec<_> = (0..4).map(|_| sign_in(&sessions, 3, address(2)).unwrap()).collect();
        assert_eq!(live(&sessions, &grace), [false, true, true, true]);
        assert_eq!(live(&sessions, &[ada]), [true]);
        let is_known = |account, last| sessions.is_known(AccountId::new(account), address(last), NOW);
        assert!(is_known(3, 2) && !is_known(3, 1) && !is_known(4, 2));
    }

    #[test]
    fn no_number_of_demo_sessions_ends_a_persons() {
        let sessions = Sessions::new(LIMITS);
        let users: Vec<_> = (2..7).map(|account| sign_in(&sessions, account, HERE).unwrap()).collect();
        let demos: Vec<_> = (0..5_000).map(|_| demo(&sessions)).collect();
        assert_eq!(live(&sessions, &users), [true; 5]);
        assert_eq!(live(&sessions, &demos).into_iter().filter(|is_live| *is_live).count(), LIMITS.demo);
        assert_eq!(live(&sessions, &demos[4_996..]), [true; 4]);
    }

    #[test]
    fn a_session_beyond_the_limit_is_refused_and_ends_no_other() {
        let sessions = Sessions::new(LIMITS);
        let one: Vec<_> = (2..7).map(|account| sign_in(&sessions, account, address(1)).unwrap()).collect();
        assert_eq!(sign_in(&sessions, 7, address(1)), Err(SessionError::AddressFull));
        let again = sign_in(&sessions, 2, address(1)).unwrap();
        assert_eq!(live(&sessions, &one), [false, true, true, true, true], "the same person's makes room");
        for account in 7..9 {
            sign_in(&sessions, account, address(2)).unwrap();
        }
        assert_eq!(sign_in(&sessions, 9, address(3)), Err(SessionError::Full));
        assert!(sign_in(&sessions, 7, address(3)).is_ok());
        assert_eq!(live(&sessions, &one[1..]), [true; 4]);
        assert_eq!(live(&sessions, &[again]), [true]);
        // Expired sessions take no room.
        let late = sessions.start(AccountId::new(9), LoginName::parse("late"), address(1), LATER);
        assert!(late.is_ok());
    }

    #[test]
    fn only_the_accounts_other_sessions_end() {
        let sessions = Sessions::new(LIMITS);
        let start = |account| sign_in(&sessions, account, HERE).unwrap();
        let cookies = [start(2), start(2), start(2), start(3)];
        sessions.end_others(AccountId::new(2), &cookies[0]);
        assert_eq!(live(&sessions, &cookies), [true, false, false, true]);
    }

    #[test]
    fn a_forged_cookie_finds_nothing() {
        let sessions = Sessions::new(LIMITS);
        let real = demo(&sessions);
        let of_another = real.replacen("1.", "2.", 1);
        for forged in ["", "1", "1.", ".00", "9.00", &format!("1.{}", "0".repeat(64)), "-1.00", &of_another] {
            assert!(sessions.find(forged, NOW).is_none(), "{forged}");
        }
        assert!(sessions.find(&real, NOW).is_some());
    }
}
