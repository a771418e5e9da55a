//! Credentials: the key material of API keys, and the logins of users.
//!
//! Secrets and password hashes are state, because a restart needs them; none of them has a `Debug` form that shows it.

use serde::{Deserialize, Deserializer, Serialize, de::Error};

use super::command::{CreateApiKey, Permissions};
use crate::domain::types::{
    hash::{mix64, words_of},
    id::{AccountId, AssetId, SLOT_COUNT, SlotId},
    money::Amount,
    time::Timestamp,
};

/// The maximum number of API keys an account may have at a time.
pub const KEYS_MAX: usize = 30;
/// The maximum length of an API key's label, in bytes.
pub const LABEL_LEN_MAX: usize = 64;

/// The material that verifies the signatures of an API key.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyMaterial {
    /// HMAC-SHA256: the secret both sides know.
    Hmac(String),
    /// Ed25519: the public key.
    Ed25519([u8; 32]),
    /// RSASSA-PKCS1-v1_5 with SHA-256: the public key, a PKCS #1 `RSAPublicKey` in DER.
    Rsa(Vec<u8>),
}

impl KeyMaterial {
    /// Returns the name of the kind, as on the wire.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Hmac(_) => "HMAC",
            Self::Ed25519(_) => "ED25519",
            Self::Rsa(_) => "RSA",
        }
    }
}

impl std::fmt::Debug for KeyMaterial {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}(..)", self.kind())
    }
}

/// The prefix of the name of [`CreateApiKey::remnant`], before the account's id; no key of 64 letters and digits has
/// it.
const REMNANT: &str = "revoked-of-";

impl CreateApiKey {
    /// Returns the remnant of an account's last key when it is revoked: it cannot sign and is shown to no one, but the
    /// account still has an owner, so that a caller without credentials cannot use it.
    pub fn remnant(account: AccountId, created_at: Timestamp) -> Self {
        Self {
            account,
            key: format!("{REMNANT}{account}"),
            material: KeyMaterial::Rsa(Vec::new()),
            permissions: Permissions::default(),
            label: String::new(),
            created_at,
        }
    }

    /// Returns whether it is only the remnant of a key.
    pub fn is_remnant(&self) -> bool {
        self.key.starts_with(REMNANT)
    }
}

/// Revokes an API key of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RevokeApiKey {
    /// The account of the key.
    pub account: AccountId,
    /// The public part.
    pub key: String,
}

/// The name of a login: 3 to 32 of `a-z`, `0-9`, `_`, `.` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LoginName(String);

impl LoginName {
    /// Parses a name, folding it to lower case; `None` for an invalid name.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.to_ascii_lowercase();
        let is_legal = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'-')
        };
        ((3..=32).contains(&name.len()) && name.bytes().all(is_legal)).then_some(Self(name))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the account slot that owns the name and its account: one slot alone decides whether a name is free. It
    /// must never change, or names in use would be free again.
    pub fn slot(&self) -> SlotId {
        let hash = words_of(self.0.as_bytes()).fold(self.0.len() as u64, |hash, word| mix64(hash ^ word));
        SlotId::new((hash % u64::from(SLOT_COUNT)) as u16)
    }
}

/// Deserializing rejects an invalid name.
impl<'de> Deserialize<'de> for LoginName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).filter(|name| name.0 == text).ok_or_else(|| D::Error::custom("not a login name"))
    }
}

/// A salted hash of a password, as a PHC string.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string.
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// Returns the PHC string. Callers must not print it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PasswordHash(..)")
    }
}

/// A login to an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Login {
    /// The name.
    pub name: LoginName,
    /// The account of the login.
    pub account: AccountId,
    /// The hash that verifies the password.
    pub password: PasswordHash,
    /// The time at which the password was set.
    pub set_at: Timestamp,
}

/// Opens an account with a login, and credits what new accounts receive.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SignUp {
    /// The name, which must be free.
    pub name: LoginName,
    /// The hash of the password.
    pub password: PasswordHash,
    /// The initial balances, each asset once; each amount is more than zero.
    pub grant: Vec<(AssetId, Amount)>,
}

/// Sets another password.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChangePassword {
    /// The account of the login.
    pub account: AccountId,
    /// Its name.
    pub name: LoginName,
    /// The hash of the new password.
    pub password: PasswordHash,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_lowercased_and_checked_against_its_alphabet() {
        let parsed = |text: &str| LoginName::parse(text).map(|name| name.as_str().to_owned());
        assert_eq!(parsed("Ada.L-1_x").as_deref(), Some("ada.l-1_x"));
        assert_eq!(parsed("abc").as_deref(), Some("abc"));
        let longest = "a".repeat(32);
        assert_eq!(parsed(&longest).as_deref(), Some(longest.as_str()));
        for bad in ["", "ab", &"a".repeat(33), "a b", "a@b", "änne", "abc\0", "a/b"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_stored_name_is_read_only_in_lower_case() {
        let name = LoginName::parse("ada").unwrap();
        let bytes = postcard::to_stdvec(&name).unwrap();
        assert_eq!(postcard::from_bytes::<LoginName>(&bytes), Ok(name));
        for bad in ["Ada", "a", "a b c"] {
            let bytes = postcard::to_stdvec(bad).unwrap();
            assert!(postcard::from_bytes::<LoginName>(&bytes).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let login = Login {
            name: LoginName::parse("ada").unwrap(),
            account: AccountId::new(1),
            password: PasswordHash::new("$argon2id$secret".to_owned()),
            set_at: Timestamp::default(),
        };
        let printed = format!("{login:?} {:?}", KeyMaterial::Hmac("secret".to_owned()));
        assert!(!printed.contains("secret"), "{printed}");
        assert!(printed.contains("HMAC(..)"), "{printed}");
    }

    #[test]
    fn the_slot_of_a_name_never_changes() {
        let slot = |text: &str| LoginName::parse(text).unwrap().slot().get();
        let slots: Vec<u16> = ["ada", "grace", "alan.turing"].into_iter().map(slot).collect();
        assert_eq!(slots, [24, 32, 661]);
    }
}
