//! The server a command operates, and the operator's token for it.

use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use clap::Args;
use tokio_rustls::rustls::ClientConfig;

use crate::client::{Client, trust::file};

/// The server and the operator's token.
#[derive(Debug, Clone, Args)]
pub struct RemoteArgs {
    /// Address of the server
    #[arg(long, value_name = "URL", env = "LIGHTNING_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// PEM file of the authorities to trust for an https:// address, instead of the system's
    #[arg(long, value_name = "FILE", env = "LIGHTNING_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// Operator's token; read from the token file by default
    #[arg(long, value_name = "TOKEN", env = "LIGHTNING_OPERATOR_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// File in which the server keeps its operator's token
    #[arg(long, value_name = "FILE", default_value = "data/operator.token")]
    token_file: PathBuf,
}

impl RemoteArgs {
    /// Runs a function with a client of that server.
    ///
    /// # Errors
    /// There is no token, the authorities cannot be read, or the function fails.
    pub fn with_client<T, F: Future<Output = Result<T>>>(self, call: impl FnOnce(Client) -> F) -> Result<T> {
        let token = match self.token {
            Some(token) => token,
            None => {
                let file = self.token_file.display();
                let text = std::fs::read_to_string(&self.token_file).with_context(|| {
                    format!("no operator's token: give --token or LIGHTNING_OPERATOR_TOKEN, or start in the server's directory ({file})")
                })?;
                text.trim().to_owned()
            }
        };
        let trust = trust(self.ca_file.as_deref())?;
        actix::System::new()
            .block_on(async move { call(client(&self.url, trust).with_operator(&token)).await })
    }
}

/// Reads the authorities to trust instead of the system's, if they are given.
///
/// # Errors
/// The file cannot be used.
pub(super) fn trust(ca_file: Option<&Path>) -> Result<Option<Arc<ClientConfig>>> {
    let read =
        |path: &Path| file(path).with_context(|| format!("--ca-file {} cannot be used", path.display()));
    ca_file.map(read).transpose()
}

/// Returns a client of a server. Call it inside an actix system.
pub(super) fn client(url: &str, trust: Option<Arc<ClientConfig>>) -> Client {
    match trust {
        Some(trust) => Client::trusting(url, trust),
        None => Client::new(url),
    }
}
