//! The same in the other databases, for real: made, killed in the middle, and full.

use std::{process::Command, sync::Arc};

use lab::{
    history_soak::{Database, Kind},
    sim::flow,
};
use lightning_exchange::{
    domain::types::random::Random,
    history::{self, HistoryError, Projector},
};

use super::projection::{JOURNAL, compare, ingest, runtime};
use crate::support::skip;

/// Whether its programs are here; `cargo xtask test` installs them where it may.
fn is_installed(kind: Kind) -> bool {
    let there = match kind {
        Kind::Sqlite => true,
        Kind::Postgres => {
            std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|mut found| found.next().is_some())
        }
        Kind::Mariadb => Command::new("mariadbd").arg("--version").output().is_ok(),
    };
    if !there {
        skip(format!("{kind:?} is not installed"));
    }
    there
}

/// A directory others may enter: databases do not run as root.
fn directory() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

fn the_projection_through_a_kill(kind: Kind) {
    if !is_installed(kind) {
        return;
    }
    let directory = directory();
    let mut database = Database::make(kind, &directory.path().join("database")).unwrap();
    database.start().unwrap();
    let flow = flow(7, 1_500).unwrap();
    runtime().block_on(async {
        let db = history::connect(&database.url()).await.unwrap();
        let mut projector = Projector::open(db, Arc::clone(&flow.instruments), JOURNAL).await.unwrap();
        let half = flow.frames.len() / 2;
        let mut done = 0;
        // Somewhere in the second of these the database is gone.
        for (index, batch) in flow.frames[..half].chunks(100).enumerate() {
            if index == 1 {
                database.kill().unwrap();
                assert!(projector.project(batch).await.is_err(), "the database is down");
                break;
            }
            projector.project(batch).await.unwrap();
            done = projector.sequence();
        }
        assert_eq!(done, 100);
        database.start().unwrap();
        ingest(&database.url(), &flow, &mut Random::new(7)).await;
        let compared = compare(&database.url(), &flow).await;
        assert_eq!(compared.first_differences, Vec::<String>::new());
        assert!(compared.rows["orders"] > 20 && compared.remembered > 20, "{compared:?}");
        assert!(projector.close().await.is_ok());
    });
}

#[test]
fn postgresql_holds_the_projection_through_a_kill() {
    the_projection_through_a_kill(Kind::Postgres);
}

#[test]
fn mariadb_holds_the_projection_through_a_kill() {
    the_projection_through_a_kill(Kind::Mariadb);
}

#[test]
fn a_full_database_loses_nothing_and_goes_on_when_there_is_room() {
    let directory = directory();
    let path = directory.path().join("history.db");
    let url = format!("sqlite://{}", path.display());
    let flow = flow(9, 1_500).unwrap();
    runtime().block_on(async {
        let open = async || {
            let db = history::connect(&url).await.unwrap();
            Projector::open(db, Arc::clone(&flow.instruments), JOURNAL).await.unwrap()
        };
        drop(open().await);
        // A trigger that refuses stands for a disk that does: SQLite reports both from within the transaction.
        let connection = rusqlite::Connection::open(&path).unwrap();
        let full = "CREATE TRIGGER full BEFORE INSERT ON watermarks WHEN NEW.sequence > 400 \
                    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
        connection.execute(full, ()).unwrap();
        let mut projector = open().await;
        let mut failed = None;
        for batch in flow.frames.chunks(150) {
            if let Err(error) = projector.project(batch).await {
                failed = Some(error);
                break;
            }
        }
        let failed = failed.unwrap();
        assert!(
            matches!(failed, HistoryError::Database(_)) && failed.to_string().contains("full"),
            "{failed}"
        );
        assert_eq!(open().await.sequence(), 300, "all of a batch or nothing");
        connection.execute("DROP TRIGGER full", ()).unwrap();
        drop(connection);
        ingest(&url, &flow, &mut Random::new(9)).await;
        assert_eq!(compare(&url, &flow).await.first_differences, Vec::<String>::new());
    });
}
