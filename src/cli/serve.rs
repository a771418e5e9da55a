//! `lightning serve`: the exchange itself.

use std::process::ExitCode;

use anyhow::{Context, Error, Result};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

use super::{exit_code, settings::SettingsArgs, traces};
use crate::{
    actors::Clock,
    app::{Application, Asset},
    config::{Log, LogFormat},
    telemetry::{
        log::{self, LogShape},
        traces::Traces,
    },
};

/// The settings of the server.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Serves until a signal. Its error and its last log lines are written if they are read within a second: an exchange
/// does not wait for the reader of its log, not even to end.
pub(super) fn run(arguments: ServeArgs, page: &'static [Asset]) -> ExitCode {
    let _last_lines = log::LastLines;
    match serve(arguments, page) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::last_words(&format!("error: {error:#}"));
            exit_code(&error)
        }
    }
}

fn serve(arguments: ServeArgs, page: &'static [Asset]) -> Result<()> {
    let config = arguments.settings.load()?;
    let settings = traces::settings(&config.otlp).map_err(Error::msg)?;
    // Dropped last, so that the requests of a stop are sent too.
    let traces = settings.as_ref().map(Traces::start).transpose()?;
    start_log(&config.log, traces.as_ref())?;
    if let Some(settings) = &settings {
        info!(
            endpoint = settings.endpoint,
            sample_ratio = config.otlp.sample_ratio,
            "sampled requests are traced"
        );
    }
    // The kernel would collapse sparse heap pages into huge ones minutes later: resident memory that grows and holds
    // nothing.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    actix::System::new().block_on(async {
        // Before anything starts, so that no signal is lost.
        let mut interrupt = signal(SignalKind::interrupt()).context("no signal handler")?;
        let mut terminate = signal(SignalKind::terminate()).context("no signal handler")?;
        let application = Application::build_with(config, Clock::default(), page).await?;
        announce(&application);
        let stop = async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        application.run(stop).await
    })
}

fn start_log(settings: &Log, traces: Option<&Traces>) -> Result<()> {
    let shape = match settings.format {
        LogFormat::Auto => LogShape::of_terminal(),
        LogFormat::Json => LogShape::Json,
        LogFormat::Pretty => LogShape::Pretty,
    };
    let filter = match (settings.filter.as_str(), shape) {
        ("auto", LogShape::Json) => "info",
        ("auto", LogShape::Pretty) => "info,actix_server=warn",
        (given, _) => given,
    };
    Ok(log::init(shape, filter, traces)?)
}

/// Prints the addresses of the exchange on standard output, without waiting for a reader.
fn announce(application: &Application) {
    let config = application.config();
    let symbols: Vec<&str> = config.instruments.symbols().map(|spec| spec.name.as_str()).collect();
    let mut lines = vec![
        format!("\n  Lightning Exchange {}", env!("CARGO_PKG_VERSION")),
        format!("  open      {}", application.url()),
        format!("  markets   {}", symbols.join(", ")),
    ];
    if let Some(address) = application.grpc_address() {
        let open = match config.is_grpc_open() {
            true => "without credentials: this machine, accounts that have no owner",
            false => "needs the operator's token, an API key or a session",
        };
        lines.push(format!("  grpc      {address} (schema.Lightning); {open}"));
    }
    if config.otlp.is_on() {
        lines.push(format!(
            "  traces    {} of the requests, to {}",
            config.otlp.sample_ratio, config.otlp.endpoint
        ));
    }
    if let Some(address) = application.operations_address() {
        lines.push(format!("  metrics   http://{address}/metrics, and health"));
    }
    if config.is_synthetic_feed_on() {
        lines
            .push(format!("  market    synthetic, seed {} (--feed false switches it off)", config.feed.seed));
    }
    if config.is_demo_on() {
        let account = config.demo.account;
        lines.push(format!("  demo      the page offers this machine account {account}, with play money"));
    }
    if config.is_sign_up_on() {
        let who = if config.is_sign_up_local_only() { "this machine" } else { "any client" };
        lines.push(format!("  sign-up   open to {who}"));
    }
    lines.push(match application.operator_token().file() {
        Some(file) => format!("  operator  token in {}", file.display()),
        None => "  operator  token from the configuration".to_owned(),
    });
    lines.push("  stop      ctrl-c\n".to_owned());
    if let Err(error) = log::announce(lines.join("\n")) {
        tracing::warn!(%error, "the address could not be printed");
    }
}
