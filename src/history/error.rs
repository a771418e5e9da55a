//! What can go wrong with the history.

use sea_orm::DbErr;

use crate::domain::messages::reject::Fault;

/// What went wrong with the history. Trading knows nothing of it.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The database refused, or is not there.
    #[error("the history database: {0}")]
    Database(#[from] DbErr),
    /// The database is another exchange's.
    #[error(
        "the history database belongs to the journal {found}, this one is {own}; name another database, or empty it \
         with `lightning history reset`"
    )]
    Foreign {
        /// Whose it is.
        found: String,
        /// Ours.
        own: String,
    },
    /// The database has seen frames the journal does not have.
    #[error(
        "the history database is at frame {found}, the journal ends at {own}: the data directory is an older copy; \
         empty the database with `lightning history reset`, it is made again from the journal"
    )]
    Ahead {
        /// Where the database is.
        found: u64,
        /// Where the journal ends.
        own: u64,
    },
    /// The file of the database cannot be made its owner's alone.
    #[error("the history database {file} cannot be made its owner's alone (chmod 600): {error}")]
    NotPrivate {
        /// The file.
        file: String,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// A file cannot be written.
    #[error("the export cannot be written: {0}")]
    Export(String),
    /// A frame says what no exchange wrote.
    #[error(transparent)]
    Frame(#[from] Fault),
    /// A row says what no exchange wrote.
    #[error("the history is damaged: {0}")]
    Damaged(String),
}
