//! The files of a certificate chain and of its private key.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tokio_rustls::rustls::{
    Error, InconsistentKeys,
    crypto::ring::default_provider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::CertifiedKey,
};

/// Why a certificate cannot be used. Every text states the remedy.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read: {error}; it must be a PEM file that the user of this process may read", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A file has no certificate, or a broken one.
    #[error("{} is no certificate chain: {reason}; it must hold the server's own certificate first, then those between it and its authority, in PEM", file.display())]
    NoChain {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file has no private key, or one that cannot be used.
    #[error("{} is no private key: {reason}; it must hold one in PEM (PKCS#8, PKCS#1 or SEC1), without a passphrase", file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key belongs to another certificate.
    #[error("the private key in {} is not that of the certificate in {}; name the key the certificate was issued for", key.display(), cert.display())]
    Mismatch {
        /// The file of the chain.
        cert: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
}

/// Where a certificate chain and its private key are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, in PEM.
    pub cert: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Names both files.
    pub fn new(cert: &Path, key: &Path) -> Self {
        Self { cert: cert.to_owned(), key: key.to_owned() }
    }

    /// Reads both.
    ///
    /// # Errors
    /// [`TlsError::Unreadable`].
    pub(super) fn read(&self) -> Result<Contents, TlsError> {
        let read = |file: &Path| {
            fs::read(file).map_err(|error| TlsError::Unreadable { file: file.to_owned(), error })
        };
        Ok(Contents { cert: read(&self.cert)?, key: read(&self.key)? })
    }

    /// Reads both and returns the certificate with its key.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn certified(&self) -> Result<CertifiedKey, TlsError> {
        self.understand(&self.read()?)
    }

    /// Makes a certificate of what was read.
    ///
    /// # Errors
    /// Any [`TlsError`] but [`TlsError::Unreadable`].
    pub(super) fn understand(&self, contents: &Contents) -> Result<CertifiedKey, TlsError> {
        let no_chain = |reason: String| TlsError::NoChain { file: self.cert.clone(), reason };
        let no_key = |reason: String| TlsError::NoKey { file: self.key.clone(), reason };
        let chain = CertificateDer::pem_slice_iter(&contents.cert).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| no_chain(reason(&error)))?;
        if chain.is_empty() {
            return Err(no_chain("it holds no certificate".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|error| no_key(reason(&error)))?;
        let provider = default_provider();
        let key = provider.key_provider.load_private_key(key).map_err(|error| no_key(error.to_string()))?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            // A kind of key that does not show its public half cannot be compared.
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
            Err(Error::InconsistentKeys(_)) => {
                Err(TlsError::Mismatch { cert: self.cert.clone(), key: self.key.clone() })
            }
            Err(error) => Err(no_chain(error.to_string())),
        }
    }
}

fn reason(error: &pem::Error) -> String {
    match error {
        pem::Error::NoItemsFound => "it holds none".to_owned(),
        other => other.to_string(),
    }
}

/// The bytes of both files. Not printable: one of them is the secret.
pub(super) struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Contents {
    /// Returns a value that differs when the bytes do.
    pub(super) fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.cert.len() as u64).to_le_bytes()).update(&self.cert).update(&self.key);
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_pair_that_cannot_be_used_is_refused_with_the_file_and_the_remedy() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let ((cert, key), (_, other)) = (pair(), pair());
        let (cert_file, key_file) = (write("cert", &cert), write("key", &key));
        let of = |cert: &Path, key: &Path| TlsFiles::new(cert, key).certified().map(|_| ());
        assert!(of(&cert_file, &key_file).is_ok());
        assert!(
            of(&write("both", &format!("{key}{cert}")), &root.path().join("both")).is_ok(),
            "one file with both"
        );
        let refused = |cert: &Path, key: &Path| of(cert, key).unwrap_err().to_string();
        let nowhere = root.path().join("nowhere");
        let said = refused(&nowhere, &key_file);
        assert!(said.contains("nowhere cannot be read: No such file") && said.contains("may read"), "{said}");
        let said = refused(&cert_file, &write("other", &other));
        assert!(
            said.contains("other is not that of the certificate in") && said.contains("issued for"),
            "{said}"
        );
        let said = refused(&key_file, &key_file);
        assert!(said.contains("key is no certificate chain: it holds no certificate"), "{said}");
        let said = refused(&cert_file, &cert_file);
        assert!(said.contains("cert is no private key: it holds none"), "{said}");
        let said = refused(&write("cut", &cert[..cert.len() / 2]), &key_file);
        assert!(said.contains("cut is no certificate chain"), "{said}");
        let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let said = refused(&cert_file, &write("broken", broken));
        assert!(said.contains("broken is no private key"), "{said}");
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let said = refused(&write("nonsense", nonsense), &key_file);
        assert!(said.contains("nonsense is no certificate chain"), "{said}");
    }
}
