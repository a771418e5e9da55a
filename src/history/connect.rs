//! Connecting to a database by URL: `sqlite:path`, `postgres://...`, `mysql://...`.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};

use super::HistoryError;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a writer of SQLite waits for another.
const BUSY: Duration = Duration::from_secs(5);
/// How many kilobytes of pages SQLite's writer keeps: index pages are written to at random. The system's own cache is behind
/// it, so that more would mostly be memory of this process that grows for as long as the database does.
const CACHE_KIB: &str = "-32768";
/// After how many pages of its log SQLite brings them home: a page of an index is written to by many batches.
const CHECKPOINT_PAGES: &str = "8192";
/// How many rows SQLite's thread is ahead of whoever reads them: a page is read without changing threads in between.
const ROWS_AHEAD: usize = 1_024;
/// How many queries run at once.
const READERS: u32 = 4;

/// Connects to write: one connection, since there is one writer.
///
/// # Errors
/// The URL is none, or the database is not there.
pub async fn connect(url: &str) -> Result<DatabaseConnection, HistoryError> {
    let mut options = options(url, 1);
    options.map_sqlx_sqlite_opts(|options| {
        options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A commit outlasts a loss of power: the journal before it may go.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .pragma("cache_size", CACHE_KIB)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .row_buffer_size(ROWS_AHEAD)
    });
    Ok(Database::connect(options).await?)
}

/// Connects to read.
///
/// # Errors
/// As [`connect`].
pub async fn connect_reader(url: &str) -> Result<DatabaseConnection, HistoryError> {
    let mut options = options(url, READERS);
    options.map_sqlx_sqlite_opts(|options| {
        options.read_only(true).busy_timeout(BUSY).row_buffer_size(ROWS_AHEAD)
    });
    Ok(Database::connect(options).await?)
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .connect_timeout(PATIENCE)
        .acquire_timeout(PATIENCE)
        .sqlx_logging(false);
    options
}
