//! Runs the history beside the exchange: selects the database, and the source of its frames.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tracing::warn;

use crate::{
    actors::TurnOutbox,
    config::Config,
    domain::replica::{Frame, Replica},
    history::{self, HistoryError, HistoryService, HistorySettings, Source, SourceError, sqlite_file},
    journal::{DataDirectory, Identity, Journal},
    store::{JournalTailer, Known, StoreError},
};

/// The file of a history that is kept in the data directory.
const FILE: &str = "history.db";

/// The characters of a path that a URL keeps.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// Frames as the journal makes them durable.
struct Durable {
    tailer: JournalTailer,
    journal: Journal<TurnOutbox>,
}

impl Source for Durable {
    fn read(&mut self, limit: usize, frames: &mut Vec<(u64, Frame)>) -> Result<bool, SourceError> {
        Ok(self.tailer.read(self.journal.durable(), limit, frames)?)
    }
}

/// Starts the history of an exchange.
pub(super) fn start(
    config: &Config,
    directory: &DataDirectory,
    journal: &Journal<TurnOutbox>,
) -> Result<HistoryService> {
    let (disk, identity, journal) = (directory.disk(), directory.identity(), journal.clone());
    let settings = HistorySettings {
        url: url(config, directory.path()),
        replica: Some(config.history.reader_url.expose().to_owned()).filter(|url| !url.is_empty()),
        instruments: Arc::clone(&config.instruments),
        journal: hex::encode(identity),
        open: Box::new(move |after| {
            let durable = journal.durable();
            if after > durable {
                return Err(HistoryError::Ahead { found: after, own: durable }.into());
            }
            let tailer = JournalTailer::open(&disk, identity, after).map_err(|error| match error {
                StoreError::Pruned { .. } => format!(
                    "{error}; stop the exchange and give it backups that have them (`lightning history take-in --backup`), \
                     or begin with what is remembered (`lightning history begin`)"
                )
                .into(),
                other => SourceError::from(other),
            })?;
            Ok(Box::new(Durable { tailer, journal: journal.clone() }))
        }),
    };
    HistoryService::start(settings).context("no thread for the history")
}

/// Returns how far a journal went according to the history, if its database is available and holds that journal.
pub async fn known(config: &Config, directory: &Path, identity: Identity) -> Option<Known> {
    let url = url(config, directory);
    // A file is queried even when the history is off now: it exists, and may know.
    if !config.is_history_on() && sqlite_file(&url).is_none() {
        return None;
    }
    match history::reached(&url).await {
        Ok(reached) => {
            let reached = reached.filter(|reached| reached.journal == hex::encode(identity))?;
            Some(Known { by: "the history".to_owned(), lsn: reached.sequence, chain: None })
        }
        Err(error) => {
            warn!(%error, "the history cannot be queried for how far the journal went; the start continues without it");
            None
        }
    }
}

/// Makes the history match a journal that has lost its end for good.
///
/// # Errors
/// The database fails, or is not available.
pub(super) async fn match_loss(
    config: &Config,
    directory: &Path,
    replica: &Replica,
    frame: u64,
    is_whole: bool,
) -> Result<(), HistoryError> {
    let url = url(config, directory);
    if !config.is_history_on() && sqlite_file(&url).is_none() {
        return Ok(());
    }
    let Some(reached) = history::reached(&url).await?.filter(|reached| reached.sequence > frame) else {
        return Ok(());
    };
    let db = history::connect(&url).await?;
    if is_whole {
        history::reset(&db).await?;
    } else {
        history::rewind(&db, replica, frame).await?;
    }
    db.close().await?;
    let how = if is_whole { "emptied; it is rebuilt from the journal" } else { "rewound" };
    warn!(
        from = reached.sequence,
        to = frame,
        how,
        "the history was ahead of the journal and now matches it"
    );
    Ok(())
}

/// Returns the URL of the history's database.
pub fn url(config: &Config, directory: &Path) -> String {
    match config.history.url.expose() {
        "" => {
            let path = directory.join(FILE);
            format!("sqlite://{}", utf8_percent_encode(&path.to_string_lossy(), PATH))
        }
        url => url.to_owned(),
    }
}
