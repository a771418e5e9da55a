//! The vectors were signed by OpenSSL 3: `openssl pkeyutl -sign -rawin` and `openssl dgst -sha256 -sign`.

use super::*;

const PAYLOAD: &[u8] = b"symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1.0000000&price=0.20\
&timestamp=1668481559918&recvWindow=5000";

const ED25519_PEM: &str = include_str!("vectors/ed25519.pem");
const RSA_2048_PEM: &str = include_str!("vectors/rsa-2048.pem");

fn check(material: &KeyMaterial, signature: &str) {
    let verifier = Verifier::new(material).unwrap();
    let signature = signature.as_bytes();
    assert!(verifier.verifies(&[PAYLOAD], signature));
    let (query, body) = PAYLOAD.split_at(40);
    assert!(verifier.verifies(&[query, b"", body], signature));
    assert!(!verifier.verifies(&[body, query], signature));
    assert!(!verifier.verifies(&[query], signature));
    assert!(!verifier.verifies(&[PAYLOAD], b""));
    assert!(!verifier.verifies(&[PAYLOAD], &signature[4..]));
    for place in [0, 17, 80] {
        let mut changed = signature.to_vec();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        assert!(!verifier.verifies(&[PAYLOAD], &changed), "{place}");
    }
    let mut payload = PAYLOAD.to_vec();
    payload[50] ^= 1;
    assert!(!verifier.verifies(&[&payload], signature));
}

#[test]
fn what_openssl_signed_verifies_and_nothing_else() {
    check(&read_ed25519(ED25519_PEM).unwrap(), include_str!("vectors/ed25519.sig"));
    check(&read_rsa(RSA_2048_PEM).unwrap(), include_str!("vectors/rsa-2048.sig"));
    check(&read_rsa(include_str!("vectors/rsa-4096.pem")).unwrap(), include_str!("vectors/rsa-4096.sig"));
}

#[test]
fn the_signature_of_another_kind_or_key_is_refused() {
    let ed25519 = Verifier::new(&read_ed25519(ED25519_PEM).unwrap()).unwrap();
    let rsa = Verifier::new(&read_rsa(RSA_2048_PEM).unwrap()).unwrap();
    assert!(!ed25519.verifies(&[PAYLOAD], include_bytes!("vectors/rsa-2048.sig")));
    assert!(!rsa.verifies(&[PAYLOAD], include_bytes!("vectors/ed25519.sig")));
    assert!(!rsa.verifies(&[PAYLOAD], include_bytes!("vectors/rsa-4096.sig")));
    let hmac = Verifier::new(&KeyMaterial::Hmac("secret".to_owned())).unwrap();
    assert!(!hmac.verifies(&[PAYLOAD], include_bytes!("vectors/ed25519.sig")));
}

#[test]
fn weak_foreign_and_malformed_public_keys_are_refused() {
    let rsa = |pem: &str| read_rsa(pem).unwrap_err();
    assert_eq!(rsa(include_str!("vectors/rsa-1024.pem")), PublicKeyError::Rsa);
    assert_eq!(rsa(include_str!("vectors/rsa-8192.pem")), PublicKeyError::Rsa);
    assert_eq!(rsa(include_str!("vectors/rsa-2048-pkcs1.pem")), PublicKeyError::Malformed);
    assert_eq!(rsa(include_str!("vectors/p-256.pem")), PublicKeyError::OtherType);
    assert_eq!(rsa(ED25519_PEM), PublicKeyError::OtherType);
    assert_eq!(read_ed25519(RSA_2048_PEM).unwrap_err(), PublicKeyError::OtherType);
    for text in ["", "key", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", &RSA_2048_PEM[..200]] {
        assert_eq!(rsa(text), PublicKeyError::Malformed, "{text}");
        assert_eq!(read_ed25519(text).unwrap_err(), PublicKeyError::Malformed, "{text}");
    }
    // Whatever the line ends are, and whatever stands around the block's end.
    assert!(read_rsa(&format!("\n{}\n\n", RSA_2048_PEM.replace('\n', "\r\n"))).is_ok());
}

#[test]
fn an_ed25519_key_of_low_order_or_off_the_curve_is_refused() {
    let pem = |key: [u8; 32]| {
        let der =
            [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00][..], &key].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    };
    let KeyMaterial::Ed25519(good) = read_ed25519(ED25519_PEM).unwrap() else { panic!("another kind") };
    assert!(read_ed25519(&pem(good)).is_ok());
    let mut identity = [0; 32];
    identity[0] = 1;
    for key in [identity, [0; 32], [2; 32]] {
        assert_eq!(read_ed25519(&pem(key)).unwrap_err(), PublicKeyError::Ed25519, "{key:?}");
        assert!(Verifier::new(&KeyMaterial::Ed25519(key)).is_none());
    }
    assert!(Verifier::new(&KeyMaterial::Rsa(vec![1, 2, 3])).is_none());
}
