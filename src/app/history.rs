//! The history beside the running exchange: which database, and where its frames come from.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    actors::TurnOutbox,
    config::Config,
    domain::replica::Frame,
    history::{HistoryError, HistoryService, HistorySettings, Source, SourceError},
    journal::{DataDirectory, Journal},
    store::{Follower, StoreError},
};

/// The file of a history that is kept in the data directory.
const FILE: &str = "history.db";

/// What a path keeps in a URL.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// Frames as the journal makes them durable.
struct Durable {
    follower: Follower,
    journal: Journal<TurnOutbox>,
}

impl Source for Durable {
    fn read(&mut self, limit: usize, frames: &mut Vec<(u64, Frame)>) -> Result<bool, SourceError> {
        Ok(self.follower.read(self.journal.durable(), limit, frames)?)
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
        catalogue: Arc::clone(&config.catalogue),
        journal: hex::encode(identity),
        open: Box::new(move |after| {
            let durable = journal.durable();
            if after > durable {
                return Err(HistoryError::Ahead { found: after, own: durable }.into());
            }
            let follower = Follower::open(&disk, identity, after).map_err(|error| match error {
                StoreError::Pruned { .. } => format!(
                    "{error}; stop the exchange and give it backups that have them (`lightning history take-in --backup`), \
                     or begin with what is remembered (`lightning history begin`)"
                )
                .into(),
                other => SourceError::from(other),
            })?;
            Ok(Box::new(Durable { follower, journal: journal.clone() }))
        }),
    };
    HistoryService::start(settings).context("no thread for the history")
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
