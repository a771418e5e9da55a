//! Where traces are sent, and how; and why that cannot be.

use std::{fmt, io, path::PathBuf, time::Duration};

use super::Ratio;

/// Where traces are sent, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct TraceSettings {
    /// The receiver: `http://HOST:PORT` or `https://HOST:PORT`.
    pub endpoint: String,
    /// Headers of every export, names in lower case. Never printed.
    pub headers: Vec<(String, String)>,
    /// The authority of an `https://` receiver; `None` for those the system trusts.
    pub ca_file: Option<PathBuf>,
    /// Which part of the requests is traced.
    pub requests: Ratio,
    /// Which part of those that belong to a sampled trace already.
    pub members: Ratio,
    /// The name of the service.
    pub service: String,
    /// More attributes of it.
    pub resource: Vec<(String, String)>,
    /// How long an export may take.
    pub timeout: Duration,
    /// How long a span waits for others.
    pub interval: Duration,
    /// How many spans may wait.
    pub queue: usize,
}

impl fmt::Debug for TraceSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TraceSettings").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Why traces cannot be sent. Every text states the remedy.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file of the authority cannot be read.
    #[error("[otlp] ca-file {} cannot be read: {error}; it must be a PEM file that the user of this process may read", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The receiver cannot be connected to, whatever it does.
    #[error(
        "[otlp] endpoint {endpoint}: {reason}; name a receiver of OTLP over gRPC, and with https:// an authority that [otlp] ca-file holds in PEM or the system trusts"
    )]
    Endpoint {
        /// The receiver.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A variable of the environment asks for compression.
    #[error("the environment has {name}, and exports are not compressed; unset it for this process")]
    Compression {
        /// The variable.
        name: &'static str,
    },
    /// A header cannot be sent.
    #[error("[otlp] headers: one of them is no header (it is not shown); write NAME=VALUE")]
    Header,
    /// A thread cannot be started.
    #[error("no thread for [otlp]: {0}; raise the limit of threads, or leave the endpoint out")]
    Thread(#[from] io::Error),
}
