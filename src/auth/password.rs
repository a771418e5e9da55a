//! Passwords: the rules for one, and the slow hashing of them in a bounded pool.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::{sync::Semaphore, task};

use super::throttle::network;
use crate::domain::{
    messages::credential::{LoginName, PasswordHash},
    types::hash::mix64,
};

/// How many bytes a password may have.
pub const PASSWORD_LEN: std::ops::RangeInclusive<usize> = 10..=128;

const SALT_LEN: usize = 16;
/// How many may wait or be hashed.
const PLACE_COUNT: usize = 64;
/// How many of them may be of one address (of IPv6, one /64): no address can take all of them alone.
const PLACES_PER_ADDRESS: usize = 8;
/// The hash of an unused password: it is checked for an unknown name, so that it costs the same.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Returns whether a password may be set: 10 to 128 bytes, and not the name.
pub fn is_acceptable(password: &str, name: &LoginName) -> bool {
    PASSWORD_LEN.contains(&password.len()) && !password.eq_ignore_ascii_case(name.as_str())
}

/// Why a password was neither hashed nor checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The permitted number is waiting already, in all or from this address.
    #[error("too many passwords are being hashed")]
    Busy,
    /// No random bytes, no memory, or a malformed hash.
    #[error("a password could not be hashed")]
    Failed,
}

/// Hashes and checks passwords with Argon2id (19 MiB, 2 passes, 1 lane: the OWASP minimum) on blocking threads: so many
/// at once, so many waiting, and no more.
#[derive(Debug)]
pub struct PasswordPool {
    places: Arc<Places>,
    running: Arc<Semaphore>,
}

/// The waiting and running jobs: each cell holds 0 or a hash of an address.
#[derive(Debug)]
struct Places(Box<[AtomicU64]>);

/// A cell of [`Places`], freed when dropped.
#[derive(Debug)]
struct PasswordPermit {
    places: Arc<Places>,
    index: usize,
}

impl Places {
    fn take(self: &Arc<Self>, address: IpAddr) -> Option<PasswordPermit> {
        let network = network(address);
        let owner = mix64(mix64((network >> 64) as u64) ^ network as u64) | 1;
        let taken = self.0.iter().filter(|cell| cell.load(Ordering::Relaxed) == owner).count();
        if taken >= PLACES_PER_ADDRESS {
            return None;
        }
        let take =
            |cell: &AtomicU64| cell.compare_exchange(0, owner, Ordering::Acquire, Ordering::Relaxed).is_ok();
        let index = self.0.iter().position(take)?;
        Some(PasswordPermit { places: Arc::clone(self), index })
    }
}

impl Drop for PasswordPermit {
    fn drop(&mut self) {
        self.places.0[self.index].store(0, Ordering::Release);
    }
}

impl PasswordPool {
    /// Creates a pool that hashes at most `at_once` passwords at a time.
    pub fn new(at_once: usize) -> Self {
        Self::with_places(at_once, PLACE_COUNT)
    }

    fn with_places(at_once: usize, places: usize) -> Self {
        let places = (0..places).map(|_| AtomicU64::new(0)).collect();
        Self { places: Arc::new(Places(places)), running: Arc::new(Semaphore::new(at_once.max(1))) }
    }

    /// Hashes a new password for a client at `address`.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when the permitted number is waiting; [`PasswordError::Failed`] without random bytes.
    pub async fn hash(&self, password: String, address: IpAddr) -> Result<PasswordHash, PasswordError> {
        self.run(address, move || {
            let mut salt = [0; SALT_LEN];
            getrandom::fill(&mut salt).map_err(|_| PasswordError::Failed)?;
            let hashed = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
            hashed.map(|hash| PasswordHash::new(hash.to_string())).map_err(|_| PasswordError::Failed)
        })
        .await
    }

    /// Returns whether a password from `address` matches the hash. Without a hash it does not, after the same time.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when the permitted number is waiting.
    pub async fn verify(
        &self,
        password: String,
        hash: Option<PasswordHash>,
        address: IpAddr,
    ) -> Result<bool, PasswordError> {
        self.run(address, move || {
            let phc = hash.as_ref().map_or(DECOY, PasswordHash::expose);
            let is_right = Argon2::default().verify_password(password.as_bytes(), phc).is_ok();
            Ok(is_right && hash.is_some())
        })
        .await
    }

    /// The permits are held until the work is done: a caller that disconnects does not make room earlier.
    async fn run<T: Send + 'static>(
        &self,
        address: IpAddr,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = self.places.take(address).ok_or(PasswordError::Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| PasswordError::Failed)?;
        let permits = (place, turn);
        let done = task::spawn_blocking(move || {
            let done = work();
            drop(permits);
            done
        });
        done.await.map_err(|_| PasswordError::Failed)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn block_on<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test)
    }

    #[test]
    fn a_password_verifies_against_its_own_hash_alone() {
        block_on(async {
            let pool = PasswordPool::new(2);
            let hash = pool.hash("correct horse".to_owned(), HERE).await.unwrap();
            let again = pool.hash("correct horse".to_owned(), HERE).await.unwrap();
            assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
            assert_ne!(hash, again, "each has its own salt");
            let verify = |password: &str, hash: Option<&PasswordHash>| {
                pool.verify(password.to_owned(), hash.cloned(), HERE)
            };
            assert_eq!(verify("correct horse", Some(&hash)).await, Ok(true));
            assert_eq!(verify("correct horse ", Some(&hash)).await, Ok(false));
            assert_eq!(verify("", Some(&hash)).await, Ok(false));
            assert_eq!(verify("correct horse", None).await, Ok(false));
            let nonsense = PasswordHash::new("correct horse".to_owned());
            assert_eq!(verify("correct horse", Some(&nonsense)).await, Ok(false));
        });
    }

    #[test]
    fn the_decoy_costs_what_a_login_costs() {
        let decoy = argon2::password_hash::phc::PasswordHash::new(DECOY).unwrap();
        let real = Argon2::default().hash_password_with_salt(b"x", &[7; SALT_LEN]).unwrap();
        let cost = |hash: &argon2::password_hash::phc::PasswordHash| {
            let len = hash.hash.map(|output| output.len());
            (hash.algorithm, hash.version, hash.params.clone(), len)
        };
        assert_eq!(cost(&decoy), cost(&real));
    }

    #[test]
    fn over_its_bound_the_pool_refuses_and_then_takes_work_again() {
        block_on(async {
            let pool = PasswordPool::with_places(1, 2);
            let (release, released) = std::sync::mpsc::channel::<()>();
            let blocked = pool.run(HERE, move || Ok(released.recv().is_ok()));
            let waiting = pool.run(HERE, || Ok(()));
            let (mut blocked, mut waiting) = (Box::pin(blocked), Box::pin(waiting));
            assert!(futures_util::poll!(&mut blocked).is_pending());
            assert!(futures_util::poll!(&mut waiting).is_pending());
            assert_eq!(pool.run(HERE, || Ok(())).await, Err(PasswordError::Busy));
            // A caller that disconnects before its turn makes room.
            drop(waiting);
            let mut waiting = Box::pin(pool.run(HERE, || Ok(())));
            assert!(futures_util::poll!(&mut waiting).is_pending());
            release.send(()).unwrap();
            assert_eq!(blocked.await, Ok(true));
            assert_eq!(waiting.await, Ok(()));
            assert_eq!(pool.run(HERE, || Ok(())).await, Ok(()));
        });
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        block_on(async {
            let pool = PasswordPool::new(1);
            let (release, released) = std::sync::mpsc::channel::<()>();
            let mut blocked = Box::pin(pool.run(HERE, move || Ok(released.recv().is_ok())));
            assert!(futures_util::poll!(&mut blocked).is_pending());
            let mut waiting: Vec<_> =
                (1..PLACES_PER_ADDRESS).map(|_| Box::pin(pool.run(HERE, || Ok(())))).collect();
            for place in &mut waiting {
                assert!(futures_util::poll!(place).is_pending());
            }
            assert_eq!(pool.run(HERE, || Ok(())).await, Err(PasswordError::Busy));
            let other = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));
            let mut other = Box::pin(pool.run(other, || Ok(())));
            assert!(futures_util::poll!(&mut other).is_pending(), "it has a place");
            release.send(()).unwrap();
            assert_eq!(blocked.await, Ok(true));
            for place in waiting {
                assert_eq!(place.await, Ok(()));
            }
            assert_eq!(other.await, Ok(()));
        });
    }

    #[test]
    fn a_password_is_long_enough_and_not_the_name() {
        let name = LoginName::parse("ada.lovelace").unwrap();
        assert!(is_acceptable("0123456789", &name));
        assert!(is_acceptable(&"x".repeat(128), &name));
        assert!(is_acceptable("Übermäßig lang", &name));
        for bad in ["", "012345678", &"x".repeat(129), "ada.lovelace", "Ada.Lovelace"] {
            assert!(!is_acceptable(bad, &name), "{bad}");
        }
    }
}
