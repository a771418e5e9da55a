//! The errors of the history.

use sea_orm::DbErr;

use crate::domain::messages::reject::Fault;

/// An error of the history. Trading is independent of it.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The database failed, or is not available.
    #[error("the history database: {0}")]
    Database(#[from] DbErr),
    /// The database is another exchange's.
    #[error(
        "the history database belongs to the journal {found}, this one is {own}; name another database, or empty it \
         with `lightning history reset`"
    )]
    Foreign {
        /// The journal it belongs to.
        found: String,
        /// The journal of this exchange.
        own: String,
    },
    /// The database has ingested frames the journal does not have.
    #[error(
        "the history database is at frame {found}, the journal ends at {own}: the data directory is an older copy; \
         empty the database with `lightning history reset`, it is rebuilt from the journal"
    )]
    Ahead {
        /// Where the database is.
        found: u64,
        /// Where the journal ends.
        own: u64,
    },
    /// The file of the database cannot be made private to its owner.
    #[error("the history database {file} cannot be made private to its owner (chmod 600): {error}")]
    NotPrivate {
        /// The file.
        file: String,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A file cannot be written.
    #[error("the export cannot be written: {0}")]
    Export(String),
    /// A frame's content is none that an exchange writes.
    #[error(transparent)]
    Frame(#[from] Fault),
    /// A row's content is none that an exchange writes.
    #[error("the history is damaged: {0}")]
    Damaged(String),
}
