//! `lightning top`: what a running exchange is doing, on the terminal.

mod figures;
mod names;
mod page;
mod scrape;
mod screen;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::Args;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use self::{
    figures::Figures,
    scrape::Scrape,
    screen::{Answer, draw},
};
use super::{output::Output, remote};
use crate::client::Client;

/// How often keys are looked for.
const KEYS: Duration = Duration::from_millis(50);

/// The server to watch.
#[derive(Debug, Args)]
pub(super) struct TopArgs {
    /// Address that serves /metrics: the server's, or that of [server] operations-listen
    #[arg(long, value_name = "URL", env = "LIGHTNING_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// PEM file of the authorities to trust for an https:// address, instead of the system's
    #[arg(long, value_name = "FILE", env = "LIGHTNING_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// Seconds between two readings
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=60))]
    interval: u64,
    /// Read twice, print one table as text and end
    #[arg(long)]
    once: bool,
}

pub(super) fn run(arguments: TopArgs, out: &mut Output) -> Result<()> {
    let TopArgs { url, ca_file, interval, once } = arguments;
    let interval = Duration::from_secs(interval);
    let trust = remote::trust(ca_file.as_deref())?;
    actix::System::new().block_on(async move {
        let client = remote::client(&url, trust);
        match once {
            true => print(&client, interval, out).await,
            false => watch(client, &url, interval).await,
        }
    })
}

async fn read(client: &Client) -> Result<Scrape> {
    let text = client.text("/metrics").await?;
    Ok(Scrape::read(&text, Instant::now()))
}

/// Prints what happens between two readings.
async fn print(client: &Client, interval: Duration, out: &mut Output) -> Result<()> {
    let earlier = read(client).await?;
    tokio::time::sleep(interval).await;
    let figures = Figures::between(Some(&earlier), &read(client).await?);
    let lines = page::head(&figures).into_iter().chain([page::heading()]).chain(page::shards(&figures));
    lines.for_each(|line| out.line(line));
    Ok(())
}

/// Shows the server until the user ends it.
async fn watch(client: Client, url: &str, interval: Duration) -> Result<()> {
    let (send, answers) = unbounded_channel();
    actix::spawn(keep_reading(client, interval, send));
    let mut terminal = ratatui::try_init().context("this is no terminal; --once prints a table")?;
    let shown = show(&mut terminal, url, answers).await;
    ratatui::restore();
    shown
}

/// Reads the metrics again and again, so that a server that gives no answer does not delay keys.
async fn keep_reading(client: Client, interval: Duration, send: UnboundedSender<Result<Scrape>>) {
    let mut pace = tokio::time::interval(interval);
    loop {
        pace.tick().await;
        if send.send(read(&client).await).is_err() {
            return;
        }
    }
}

async fn show(
    terminal: &mut ratatui::DefaultTerminal,
    url: &str,
    mut answers: UnboundedReceiver<Result<Scrape>>,
) -> Result<()> {
    let (mut figures, mut answer, mut last) = (Figures::default(), Answer::Awaited, None::<Scrape>);
    loop {
        while let Ok(read) = answers.try_recv() {
            match read {
                Ok(now) => {
                    figures = Figures::between(last.as_ref(), &now);
                    (answer, last) = (Answer::Current, Some(now));
                }
                Err(error) => answer = Answer::Missing(format!("{error:#}")),
            }
        }
        terminal
            .draw(|frame| draw(frame, url, &answer, &figures))
            .context("the terminal cannot be drawn on")?;
        while event::poll(Duration::ZERO).context("the terminal cannot be read")? {
            if ends(&event::read().context("the terminal cannot be read")?) {
                return Ok(());
            }
        }
        tokio::time::sleep(KEYS).await;
    }
}

/// Returns whether the user wants to leave.
fn ends(event: &Event) -> bool {
    let Event::Key(key) = event else { return false };
    let is_interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press && (is_interrupt || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc))
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyEvent;

    use super::*;

    #[test]
    fn q_escape_and_an_interrupt_end_it_and_nothing_else_does() {
        let press = |code, modifiers| ends(&Event::Key(KeyEvent::new(code, modifiers)));
        assert!(press(KeyCode::Char('q'), KeyModifiers::NONE));
        assert!(press(KeyCode::Esc, KeyModifiers::NONE));
        assert!(press(KeyCode::Char('c'), KeyModifiers::CONTROL));
        assert!(!press(KeyCode::Char('c'), KeyModifiers::NONE) && !press(KeyCode::Enter, KeyModifiers::NONE));
        assert!(!ends(&Event::Resize(80, 24)));
    }
}
