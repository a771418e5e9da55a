//! Connects to a database by URL: `sqlite:path`, `postgres://...`, `mysql://...`.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::HistoryError;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a writer of SQLite waits for another.
const BUSY: Duration = Duration::from_secs(5);
/// How many kilobytes of pages SQLite's writer caches: index pages are written at random. The system's own cache is
/// behind it, so that more would mostly be memory of this process that grows for as long as the database does.
const CACHE_KIB: &str = "-32768";
/// After how many pages of its log SQLite checkpoints them: a page of an index is written by many batches.
const CHECKPOINT_PAGES: &str = "8192";
/// How many rows SQLite's thread is ahead of the reader: a page is read without changing threads in between.
const ROWS_AHEAD: usize = 1_024;
/// How many queries run at once.
const READERS: u32 = 4;

/// Connects for writing: one connection, since there is one writer.
///
/// # Errors
/// The URL is invalid, the database is not available, or its file cannot be made private to its owner.
pub async fn connect(url: &str) -> Result<DatabaseConnection, HistoryError> {
    if let Some(file) = sqlite_file(url) {
        make_private(&file)
            .map_err(|error| HistoryError::NotPrivate { file: file.display().to_string(), error })?;
    }
    let mut options = options(url, 1);
    options.map_sqlx_sqlite_opts(|options| {
        options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A commit survives a loss of power: the journal before it may be pruned.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .pragma("cache_size", CACHE_KIB)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .row_buffer_size(ROWS_AHEAD)
    });
    Ok(Database::connect(options).await?)
}

/// Connects for reading.
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

/// Returns the file of an SQLite database; `None` for one in memory, and for databases without a local file.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let is_file = url.starts_with("sqlite:") && !url.contains(":memory:") && !url.contains("mode=memory");
    let options = is_file.then(|| SqliteConnectOptions::from_str(url).ok()).flatten()?;
    Some(options.get_filename().to_owned())
}

/// Creates the file if it is missing, and makes it and SQLite's files beside it readable by its owner alone. SQLite
/// itself applies the umask to the first, and gives the others the permissions of the first.
fn make_private(file: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        // The database reports a missing directory itself.
        Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {}
        made => drop(made?),
    }
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut path = OsString::from(file);
        path.push(suffix);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_sqlite_are_ours_to_make() {
        let file = |url| sqlite_file(url).map(|path| path.display().to_string());
        assert_eq!(file("sqlite:///data/history.db").as_deref(), Some("/data/history.db"));
        assert_eq!(file("sqlite:a%20b/history.db?mode=rwc").as_deref(), Some("a b/history.db"));
        for url in
            ["sqlite::memory:", "sqlite://x?mode=memory", "postgres://u@h/n", "mysql://u@h/n", "nonsense"]
        {
            assert_eq!(file(url), None, "{url}");
        }
    }

    #[tokio::test]
    async fn a_database_and_what_is_beside_it_are_their_owners_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("history.db");
        let url = format!("sqlite://{}", path.display());
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let db = connect(&url).await.unwrap();
        sea_orm::ConnectionTrait::execute_unprepared(&db, "CREATE TABLE t (a)").await.unwrap();
        let mut names = Vec::new();
        for entry in fs::read_dir(root.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
            names.push(entry.file_name().into_string().unwrap());
        }
        names.sort();
        assert_eq!(names, ["history.db", "history.db-shm", "history.db-wal"]);
    }
}
