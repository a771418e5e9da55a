//! The exchange's own TLS, if it is configured.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result};
use tokio_rustls::rustls::{ClientConfig, ServerConfig};

use crate::{
    client::trust,
    config::Config,
    telemetry::TlsGauges,
    tls::{Certificate, HTTP_1, HTTP_2, Reload, TlsFiles},
};

/// The certificate, and the settings of both listeners.
#[derive(Debug)]
pub(super) struct Tls {
    certificate: Arc<Certificate>,
    /// For REST, WebSocket and the page.
    pub(super) http: Arc<ServerConfig>,
    /// For gRPC.
    pub(super) grpc: Arc<ServerConfig>,
}

impl Tls {
    /// Reads the certificate and its key; `None` without TLS.
    ///
    /// # Errors
    /// They cannot be used: names the file and the remedy.
    pub(super) fn load(config: &Config) -> Result<Option<Self>> {
        let Some((cert, key)) = config.server.tls_files() else { return Ok(None) };
        let certificate =
            Certificate::load(TlsFiles::new(cert, key)).context("[server] tls-cert and tls-key")?;
        let settings = |protocol| certificate.server_config(protocol).context("TLS cannot be set up");
        let (http, grpc) = (settings(HTTP_1)?, settings(HTTP_2)?);
        Ok(Some(Self { certificate, http, grpc }))
    }

    /// Takes over changed files until the result is dropped.
    pub(super) fn reload(&self, gauges: TlsGauges) -> Result<Reload> {
        Reload::start(Arc::clone(&self.certificate), gauges).context("no thread watches the certificate")
    }

    /// Returns how the synthetic market, inside this process, recognises this server: by the certificate itself, which need
    /// not be issued for the address it listens on.
    pub(super) fn trust(&self) -> Result<Arc<ClientConfig>> {
        let certificate = Arc::clone(&self.certificate);
        trust::only(move |shown| certificate.is_own(shown)).context("TLS cannot be set up")
    }
}

/// Returns the URL of a listener.
pub(super) fn url(tls: Option<&Tls>, address: SocketAddr) -> String {
    let scheme = if tls.is_some() { "https" } else { "http" };
    format!("{scheme}://{address}")
}
