//! An authority of a test's own, and the files it writes.

use std::{fs, path::PathBuf, sync::Arc};

use lightning_exchange::client::trust;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio_rustls::rustls::ClientConfig;

/// An authority, with a directory for its own certificate and for the pair of a server.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    files: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let files = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "the test's authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(files.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), files }
    }

    /// Returns a certificate for these names, its bytes, and its key.
    pub(crate) fn pair(&self, names: &[&str]) -> (String, Vec<u8>, String) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "the test's server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        (cert.pem(), cert.der().to_vec(), key.serialize_pem())
    }

    /// Writes a new pair where the settings name it, and returns the bytes of its certificate.
    pub(super) fn issue(&self, names: &[&str]) -> Vec<u8> {
        let (cert, der, key) = self.pair(names);
        fs::write(self.cert(), cert).unwrap();
        fs::write(self.key(), key).unwrap();
        der
    }

    pub(super) fn cert(&self) -> PathBuf {
        self.files.path().join("cert.pem")
    }

    pub(super) fn key(&self) -> PathBuf {
        self.files.path().join("key.pem")
    }

    /// Returns the file of its own certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.files.path().join("ca.pem")
    }

    /// Returns how a client trusts what it issued.
    pub(super) fn trust(&self) -> Arc<ClientConfig> {
        trust::file(&self.ca()).unwrap()
    }

    /// Returns the settings that name the pair, last in `[server]`.
    pub(super) fn settings(&self) -> String {
        format!("[server]\ntls-cert = {:?}\ntls-key = {:?}\n", self.cert(), self.key())
    }
}
