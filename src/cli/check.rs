//! `lightning config`: what a server would run with.

use anyhow::Result;
use clap::Subcommand;

use super::settings::SettingsArgs;

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Check it and report every fault at once
    Check(SettingsArgs),
    /// Print the built-in settings, each with a comment
    Defaults,
}

pub(super) fn run(command: ConfigCommand) -> Result<()> {
    match command {
        ConfigCommand::Defaults => print!("{}", crate::config::DEFAULTS),
        ConfigCommand::Check(settings) => {
            let config = settings.load()?;
            let symbols: Vec<&str> = config.catalogue.symbols().map(|spec| spec.name.as_str()).collect();
            println!("ok: {} on {}", symbols.join(", "), config.server.listen);
            println!(
                "demo {}, synthetic market {}",
                on(config.is_demo_on()),
                on(config.is_synthetic_feed_on())
            );
        }
    }
    Ok(())
}

const fn on(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}
