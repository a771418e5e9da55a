//! `lightning serve`: the exchange itself.

use anyhow::{Context, Result};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::settings::SettingsArgs;
use crate::{
    app::Application,
    config::{Log, LogFormat},
    telemetry::log::{self, LogShape},
};

/// What to serve with.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(super) fn run(arguments: ServeArgs) -> Result<()> {
    let config = arguments.settings.load()?;
    start_log(&config.log)?;
    actix::System::new().block_on(async {
        // Before anything starts, so that no signal is lost.
        let mut interrupt = signal(SignalKind::interrupt()).context("no signal handler")?;
        let mut terminate = signal(SignalKind::terminate()).context("no signal handler")?;
        let application = Application::build(config).await?;
        greet(&application);
        let stop = async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        application.run(stop).await
    })
}

fn start_log(settings: &Log) -> Result<()> {
    let shape = match settings.format {
        LogFormat::Auto => LogShape::of_terminal(),
        LogFormat::Json => LogShape::Json,
        LogFormat::Pretty => LogShape::Pretty,
    };
    let filter = match (settings.filter.as_str(), shape) {
        ("auto", LogShape::Json) => "info",
        ("auto", LogShape::Pretty) => "info,lightning_exchange::http::span=warn,actix_server=warn",
        (given, _) => given,
    };
    Ok(log::init(shape, filter)?)
}

fn greet(application: &Application) {
    let config = application.config();
    let symbols: Vec<&str> = config.catalogue.symbols().map(|spec| spec.name.as_str()).collect();
    println!("\n  Lightning Exchange {}", env!("CARGO_PKG_VERSION"));
    println!("  open      {}", application.url());
    println!("  markets   {}", symbols.join(", "));
    if config.is_synthetic_feed_on() {
        println!("  flow      synthetic, seed {} (--feed false switches it off)", config.feed.seed);
    }
    if config.is_demo_on() {
        println!("  demo      the page signs you in to account {} with play money", config.demo.account);
    }
    match application.operator_token().file() {
        Some(file) => println!("  operator  token in {}", file.display()),
        None => println!("  operator  token from the configuration"),
    }
    println!("  stop      ctrl-c\n");
}
