//! Browser sessions: a ring of places, so that their number is bounded and reading one takes no lock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;

use super::{RandomError, Token};
use crate::domain::{credential::LoginName, id::AccountId, time::Timestamp};

/// How many sessions there may be, and how long one lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// So many; one more ends the oldest.
    pub count: usize,
    /// So long.
    pub lifetime: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { count: 4_096, lifetime: Duration::from_secs(12 * 60 * 60) }
    }
}

/// A browser that has logged in.
#[derive(Debug)]
pub struct Session {
    /// Whose session.
    pub account: AccountId,
    /// Who signed in; none in a session nobody signed in to.
    pub name: Option<LoginName>,
    cookie: Token,
    csrf: Token,
    expires_at: Timestamp,
}

impl Session {
    /// Returns the token scripts of our own page send back in `X-CSRF-Token`.
    pub fn csrf_token(&self) -> String {
        self.csrf.to_hex()
    }

    /// Returns whether that token is this session's, in constant time.
    pub fn csrf_matches(&self, token: &str) -> bool {
        Token::from_hex(token).is_some_and(|token| token.matches(&self.csrf))
    }
}

/// A session that has just begun.
#[derive(Debug)]
pub struct NewSession {
    /// What the cookie shall hold.
    pub cookie: String,
    /// The session.
    pub session: Arc<Session>,
}

/// Every session there is.
pub struct Sessions {
    places: Box<[ArcSwapOption<Session>]>,
    next: AtomicU64,
    lifetime: Duration,
}

impl Sessions {
    /// Opens the ring.
    pub fn new(limits: SessionLimits) -> Self {
        let places = (0..limits.count.max(1)).map(|_| ArcSwapOption::empty()).collect();
        Self { places, next: AtomicU64::new(0), lifetime: limits.lifetime }
    }

    /// Begins a session; when all places are taken the oldest session ends.
    ///
    /// # Errors
    /// [`RandomError`] when the operating system has no random bytes.
    pub fn begin(
        &self,
        account: AccountId,
        name: Option<LoginName>,
        now: Timestamp,
    ) -> Result<NewSession, RandomError> {
        let lifetime = u64::try_from(self.lifetime.as_micros()).unwrap_or(u64::MAX);
        let session = Arc::new(Session {
            account,
            name,
            cookie: Token::random()?,
            csrf: Token::random()?,
            expires_at: Timestamp::from_micros(now.micros().saturating_add(lifetime)),
        });
        let place = self.next.fetch_add(1, Ordering::Relaxed) % self.places.len() as u64;
        self.places[place as usize].store(Some(Arc::clone(&session)));
        Ok(NewSession { cookie: format!("{place}.{}", session.cookie.to_hex()), session })
    }

    /// Returns the live session a cookie belongs to.
    pub fn find(&self, cookie: &str, now: Timestamp) -> Option<Arc<Session>> {
        let (place, token) = self.place(cookie)?;
        let session = place.load_full()?;
        (session.cookie.matches(&token) && now < session.expires_at).then_some(session)
    }

    /// Ends the session a cookie belongs to; returns whether there was one.
    pub fn end(&self, cookie: &str, now: Timestamp) -> bool {
        let Some((session, (place, _))) = self.find(cookie, now).zip(self.place(cookie)) else {
            return false;
        };
        // Only if it is still there: the place may have gone to a new session in between.
        place.compare_and_swap(&Some(session), None);
        true
    }

    /// Ends every session of the account but the one of this cookie.
    pub fn end_others(&self, account: AccountId, cookie: &str) {
        let kept = self.place(cookie).map(|(_, token)| token);
        for place in &self.places {
            let Some(session) = place.load_full() else { continue };
            let is_kept = kept.is_some_and(|token| token.matches(&session.cookie));
            if session.account == account && !is_kept {
                place.compare_and_swap(&Some(session), None);
            }
        }
    }

    /// Returns how long a session lives.
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    fn place(&self, cookie: &str) -> Option<(&ArcSwapOption<Session>, Token)> {
        let (place, token) = cookie.split_once('.')?;
        let place: usize = place.parse().ok()?;
        Some((self.places.get(place)?, Token::from_hex(token)?))
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sessions").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn sessions(count: usize) -> Sessions {
        Sessions::new(SessionLimits { count, lifetime: Duration::from_secs(60) })
    }

    #[test]
    fn a_session_is_found_by_its_cookie_until_it_ends_or_expires() {
        let sessions = sessions(4);
        let begun = sessions.begin(AccountId::new(7), None, NOW).unwrap();
        let found = sessions.find(&begun.cookie, NOW).unwrap();
        assert_eq!(found.account, AccountId::new(7));
        assert!(found.csrf_matches(&begun.session.csrf_token()));
        assert!(!found.csrf_matches("") && !found.csrf_matches(&"0".repeat(64)));
        let later = Timestamp::from_micros(NOW.micros() + 60_000_000);
        assert!(sessions.find(&begun.cookie, later).is_none());
        assert!(sessions.end(&begun.cookie, NOW));
        assert!(!sessions.end(&begun.cookie, NOW));
        assert!(sessions.find(&begun.cookie, NOW).is_none());
    }

    #[test]
    fn one_session_too_many_ends_the_oldest() {
        let sessions = sessions(2);
        let cookies: Vec<_> = (1..=3)
            .map(|account| sessions.begin(AccountId::new(account), None, NOW).unwrap().cookie)
            .collect();
        assert!(sessions.find(&cookies[0], NOW).is_none());
        assert!(sessions.find(&cookies[1], NOW).is_some());
        assert!(sessions.find(&cookies[2], NOW).is_some());
    }

    #[test]
    fn an_accounts_other_sessions_end_and_nobody_elses() {
        let sessions = sessions(8);
        let begin = |account| sessions.begin(AccountId::new(account), None, NOW).unwrap().cookie;
        let (own, other, third, foreign) = (begin(1), begin(1), begin(1), begin(2));
        sessions.end_others(AccountId::new(1), &own);
        let is_live = |cookie: &str| sessions.find(cookie, NOW).is_some();
        assert_eq!(
            [&own, &other, &third, &foreign].map(|cookie| is_live(cookie)),
            [true, false, false, true]
        );
    }

    #[test]
    fn a_forged_cookie_finds_nothing() {
        let sessions = sessions(2);
        sessions.begin(AccountId::new(1), None, NOW).unwrap();
        for forged in ["", "0", "0.", ".00", "9.00", &format!("0.{}", "0".repeat(64)), "-1.00"] {
            assert!(sessions.find(forged, NOW).is_none(), "{forged}");
        }
    }
}
