//! Secrets: made by the operating system's generator, compared in constant time.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random generator failed")]
pub struct RandomError;

/// 256 random bits.
#[derive(Clone, Copy)]
pub struct Token([u8; Token::LEN]);

impl Token {
    /// How many bytes a token has.
    pub const LEN: usize = 32;

    /// Draws a token.
    ///
    /// # Errors
    /// [`RandomError`] when the operating system has no random bytes.
    pub fn random() -> Result<Self, RandomError> {
        let mut bytes = [0; Self::LEN];
        getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
        Ok(Self(bytes))
    }

    /// Reads a token from its hexadecimal text.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; Self::LEN];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// Returns the hexadecimal text.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Returns whether the tokens are the same, in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(..)")
    }
}

/// Returns whether two secrets are the same; neither content nor length shows in the time it takes.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    Sha256::digest(left).as_slice().ct_eq(Sha256::digest(right).as_slice()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_text_and_matches_only_itself() {
        let token = Token::random().unwrap();
        assert!(Token::from_hex(&token.to_hex()).unwrap().matches(&token));
        assert!(!Token::random().unwrap().matches(&token));
        assert!(Token::from_hex("00").is_none());
        assert_eq!(format!("{token:?}"), "Token(..)");
    }

    #[test]
    fn secrets_are_equal_only_when_every_byte_is() {
        assert!(equal(b"secret", b"secret"));
        assert!(!equal(b"secret", b"secret "));
        assert!(!equal(b"", b"x"));
    }
}
