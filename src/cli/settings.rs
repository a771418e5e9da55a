//! The settings that have flags, layered over the file and the environment.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::config::{Config, ConfigError, Layers};

/// The source of the settings, and those given on the command line.
///
/// Every setting of config/exchange.toml can also be given as LIGHTNING_<SECTION>_<KEY>.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct SettingsArgs {
    /// Settings file layered over the built-in settings
    #[arg(long, value_name = "FILE", env = "LIGHTNING_CONFIG")]
    config: Option<PathBuf>,
    /// Address to serve HTTP on
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Address to serve gRPC on
    #[arg(long, value_name = "ADDRESS:PORT")]
    grpc_listen: Option<String>,
    /// Whether gRPC is served
    #[arg(long, value_name = "SWITCH")]
    grpc: Option<Switch>,
    /// Directory of the exchange's files
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    /// Frame and the chain hash the journal must have after it
    #[arg(long, value_name = "SEQUENCE:HASH")]
    expect_head: Option<String>,
    /// Start although acknowledged frames after this one are missing
    #[arg(long, value_name = "SEQUENCE")]
    accept_loss_after: Option<u64>,
    /// Whether the page signs visitors in to a demo account
    #[arg(long, value_name = "SWITCH")]
    demo: Option<Switch>,
    /// Whether a synthetic market trades in the background
    #[arg(long, value_name = "SWITCH")]
    feed: Option<Switch>,
    /// Format of log lines
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<Format>,
    /// Log filter, such as "warn" or "info,lightning_exchange::http=debug"
    #[arg(long, value_name = "FILTER")]
    log_filter: Option<String>,
    /// Receiver of traces, such as "http://127.0.0.1:4317"
    #[arg(long, value_name = "URL")]
    otlp_endpoint: Option<String>,
    /// Part of the requests that is traced, from 0 to 1
    #[arg(long, value_name = "RATIO")]
    otlp_sample_ratio: Option<String>,
}

/// The data directory, and the settings it is used with.
#[derive(Debug, Clone, Default, Args)]
pub struct DataArgs {
    /// Settings file layered over the built-in settings: the one the server is started with
    #[arg(long, value_name = "FILE", env = "LIGHTNING_CONFIG")]
    config: Option<PathBuf>,
    /// Data directory, instead of the configured one
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
}

impl DataArgs {
    /// Combines the layers.
    ///
    /// # Errors
    /// The settings cannot be read, or are invalid.
    pub fn load(self) -> Result<Config, ConfigError> {
        SettingsArgs { config: self.config, data_dir: self.data_dir, ..SettingsArgs::default() }.load()
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Switch {
    Auto,
    True,
    False,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Auto,
    Json,
    Pretty,
}

fn name(value: impl ValueEnum) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_owned())
}

impl SettingsArgs {
    /// Combines the layers.
    pub(super) fn load(self) -> Result<Config, ConfigError> {
        let mut layers = Layers::defaults();
        if let Some(file) = &self.config {
            layers = layers.file(file);
        }
        let mut layers = layers.environment(std::env::vars());
        let flags = [
            ("--listen", "server", "listen", self.listen),
            ("--grpc-listen", "grpc", "listen", self.grpc_listen),
            ("--grpc", "grpc", "enabled", self.grpc.and_then(name)),
            ("--data-dir", "data", "directory", self.data_dir.map(|path| path.display().to_string())),
            ("--expect-head", "data", "expect-head", self.expect_head),
            (
                "--accept-loss-after",
                "data",
                "accept-loss-after",
                self.accept_loss_after.map(|sequence| sequence.to_string()),
            ),
            ("--demo", "demo", "enabled", self.demo.and_then(name)),
            ("--feed", "feed", "synthetic", self.feed.and_then(name)),
            ("--log-format", "log", "format", self.log_format.and_then(name)),
            ("--log-filter", "log", "filter", self.log_filter),
            ("--otlp-endpoint", "otlp", "endpoint", self.otlp_endpoint),
            ("--otlp-sample-ratio", "otlp", "sample-ratio", self.otlp_sample_ratio),
        ];
        for (flag, section, key, value) in flags {
            if let Some(value) = value {
                layers.set(section, key, &value, flag);
            }
        }
        layers.load()
    }
}
