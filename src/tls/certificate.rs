//! The certificate in use, shared by all listeners.

use std::{fmt, sync::Arc, time::SystemTime};

use arc_swap::ArcSwap;
use tokio_rustls::rustls::{
    Error, ServerConfig,
    crypto::ring::default_provider,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};

use super::{
    facts::Facts,
    files::{TlsError, TlsFiles},
};

/// The certificate in use. Every handshake takes the current one; connections keep the one they started with.
pub struct Certificate {
    files: TlsFiles,
    current: ArcSwap<CertifiedKey>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let current = ArcSwap::from_pointee(files.certified()?);
        let certificate = Arc::new(Self { files, current });
        certificate.report("TLS is on");
        Ok(certificate)
    }

    /// Returns its files.
    pub const fn files(&self) -> &TlsFiles {
        &self.files
    }

    /// Replaces it for every later handshake.
    pub(super) fn replace(&self, certified: CertifiedKey) {
        self.current.store(Arc::new(certified));
        self.report("the certificate was replaced");
    }

    /// Returns the second since 1970 from which it is no longer valid; 0 when that cannot be read.
    pub fn expires_at(&self) -> i64 {
        Facts::of(&self.current.load()).map_or(0, |facts| facts.expires_at())
    }

    /// Returns whether this is the server's own certificate of the chain in use.
    pub fn is_own(&self, certificate: &[u8]) -> bool {
        self.current.load().cert.first().is_some_and(|own| own.as_ref() == certificate)
    }

    /// Returns the settings of a listener: TLS 1.2 and 1.3, this certificate, and the one protocol it speaks.
    ///
    /// # Errors
    /// None with the cryptography built in.
    pub fn server_config(self: &Arc<Self>, protocol: &[u8]) -> Result<Arc<ServerConfig>, Error> {
        let resolver: Arc<Self> = Arc::clone(self);
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(Arc::new(config))
    }

    fn report(&self, event: &'static str) {
        let cert = self.files.cert.display();
        match Facts::of(&self.current.load()) {
            Ok(facts) if facts.is_valid_at(SystemTime::now()) => {
                tracing::info!(%cert, names = ?facts.names, expires_s = facts.expires_at(), "{event}");
            }
            Ok(facts) => tracing::warn!(
                %cert,
                names = ?facts.names,
                expires_s = facts.expires_at(),
                "{event}, with a certificate that is not valid now: clients refuse it"
            ),
            Err(error) => {
                tracing::warn!(%cert, %error, "{event}, with a certificate whose dates cannot be read")
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}
