//! HMAC-SHA256 signatures over the bytes as they were received.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const BLOCK_LEN: usize = 64;
const NAME: &[u8] = b"signature=";

/// A secret, already absorbed: what is left per signature is hashing the payload.
#[derive(Clone)]
pub struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    /// Absorbs a secret.
    pub fn new(secret: &[u8]) -> Self {
        // RFC 2104: a key longer than a block is hashed, a shorter one is filled up with zeros.
        let mut block = [0; BLOCK_LEN];
        if secret.len() <= BLOCK_LEN {
            block[..secret.len()].copy_from_slice(secret);
        } else {
            block[..32].copy_from_slice(&Sha256::digest(secret));
        }
        Self(Hmac::new(&block.into()))
    }

    /// Signs the concatenated parts.
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Returns whether `signature` (64 hexadecimal digits of either case) signs the concatenated parts.
    pub fn verifies(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        let mut claimed = [0; 32];
        hex::decode_to_slice(signature, &mut claimed).is_ok() && bool::from(self.sign(parts).ct_eq(&claimed))
    }
}

impl std::fmt::Debug for HmacKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HmacKey(..)")
    }
}

/// A query string or form body, with its `signature=…` pair cut out wherever it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedPart<'a> {
    /// What comes before the pair; all of it when there is none.
    pub before: &'a [u8],
    /// What comes after the pair.
    pub after: &'a [u8],
    /// The signature, undecoded.
    pub signature: Option<&'a [u8]>,
}

impl<'a> SignedPart<'a> {
    /// Cuts the first signature pair out.
    pub fn split(text: &'a [u8]) -> Self {
        let mut start = 0;
        while start <= text.len() {
            let rest = &text[start..];
            let len = rest.iter().position(|&byte| byte == b'&').unwrap_or(rest.len());
            if let Some(signature) = rest[..len].strip_prefix(NAME) {
                let end = start + len;
                // The `&` that goes is the one before the pair; for a leading pair the one after it.
                let (before, after) = match start {
                    0 => (&text[..0], &text[(end + 1).min(text.len())..]),
                    _ => (&text[..start - 1], &text[end..]),
                };
                return Self { before, after, signature: Some(signature) };
            }
            start += len + 1;
        }
        Self { before: text, after: &[], signature: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

    const VECTORS: [(&str, &str); 4] = [
        (
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        ),
        (
            "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
        (
            "apiKey=vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT&timeInForce=GTC&timestamp=1645423376532&type=LIMIT",
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        ),
        (
            "apiKey=vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A&price=0.10000000&quantity=1.00000000&recvWindow=5000&side=BUY&symbol=１２３４５６&timeInForce=GTC&timestamp=1645423376532&type=LIMIT",
            "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
        ),
    ];

    #[test]
    fn the_published_vectors_verify_in_either_case_and_in_any_split() {
        let key = HmacKey::new(SECRET);
        for (payload, signature) in VECTORS {
            let payload = payload.as_bytes();
            assert_eq!(hex::encode(key.sign(&[payload])), signature);
            assert!(key.verifies(&[payload], signature.to_ascii_uppercase().as_bytes()));
            let (query, body) = payload.split_at(40);
            assert!(key.verifies(&[query, body], signature.as_bytes()));
            assert!(!key.verifies(&[query], signature.as_bytes()));
            assert!(!key.verifies(&[payload], &signature.as_bytes()[1..]));
            assert!(!key.verifies(&[payload], b""));
        }
    }

    #[test]
    fn a_secret_longer_than_a_block_is_hashed_first() {
        let long = [b'k'; 100];
        assert_eq!(HmacKey::new(&long).sign(&[b"x"]), HmacKey::new(&Sha256::digest(long)).sign(&[b"x"]));
    }

    #[test]
    fn the_signature_pair_is_cut_out_wherever_it_stands() {
        let joined = |text: &str| {
            let part = SignedPart::split(text.as_bytes());
            let payload = String::from_utf8([part.before, part.after].concat()).unwrap();
            (payload, part.signature.map(|text| String::from_utf8(text.to_vec()).unwrap()))
        };
        let found = |payload: &str, signature: &str| (payload.to_owned(), Some(signature.to_owned()));
        assert_eq!(joined("a=1&signature=ff"), found("a=1", "ff"));
        assert_eq!(joined("signature=ff&a=1"), found("a=1", "ff"));
        assert_eq!(joined("a=1&signature=ff&b=2"), found("a=1&b=2", "ff"));
        assert_eq!(joined("signature=ff"), found("", "ff"));
        assert_eq!(joined("a=1&signature="), found("a=1", ""));
        assert_eq!(joined("xsignature=ff&a=1"), ("xsignature=ff&a=1".to_owned(), None));
        assert_eq!(joined(""), (String::new(), None));
    }
}
