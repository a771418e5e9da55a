//! `lightning config`: the effective configuration of a server.

use anyhow::Result;
use clap::Subcommand;

use super::{output::Output, settings::SettingsArgs};

/// Operations on the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Check the configuration and report every fault at once
    Check(Box<SettingsArgs>),
    /// Print the built-in settings, each with a comment
    Defaults,
}

pub(super) fn run(command: ConfigCommand, out: &mut Output) -> Result<()> {
    match command {
        ConfigCommand::Defaults => out.line(crate::config::DEFAULTS.trim_end()),
        ConfigCommand::Check(settings) => {
            let config = settings.load()?;
            let symbols: Vec<&str> = config.instruments.symbols().map(|spec| spec.name.as_str()).collect();
            out.line(format_args!("ok: {} on {}", symbols.join(", "), config.server.listen));
            out.line(format_args!(
                "demo {}, synthetic market {}",
                on(config.is_demo_on()),
                on(config.is_synthetic_feed_on())
            ));
            if config.otlp.is_on() {
                out.line(format_args!(
                    "traces of {} of the requests to {}",
                    config.otlp.sample_ratio, config.otlp.endpoint
                ));
            }
        }
    }
    Ok(())
}

const fn on(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}
