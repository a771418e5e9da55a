//! Simulated journals into a database, in batches of every size, reopened in between; then every row is compared.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use lab::sim::{Flow, flow};
use lightning_exchange::{
    domain::{
        change_log::{ChangeType, EntityId, Fields, entries_of},
        orders::{CloseReason, OrderStatus},
        replica::Replica,
        types::{random::Random, time::Timestamp},
    },
    history::{self, Compared, Expected, HistoryError, Projector},
};

pub(super) const JOURNAL: &str = "00112233445566778899aabbccddeeff";

/// Ingests frames, in batches of random sizes, and sometimes reopens the database.
pub(super) async fn ingest(url: &str, flow: &Flow, random: &mut Random) {
    let open = async || {
        let db = history::connect(url).await.unwrap();
        Projector::open(db, Arc::clone(&flow.instruments), JOURNAL).await.unwrap()
    };
    let mut projector = open().await;
    while (projector.sequence() as usize) < flow.frames.len() {
        let rest = &flow.frames[projector.sequence() as usize..];
        let most = if random.one_in(3) { 5 } else { 400 };
        let size = (random.below(most) as usize + 1).min(rest.len());
        projector.project(&rest[..size]).await.unwrap();
        if random.one_in(4) {
            projector.close().await.unwrap();
            projector = open().await;
        }
    }
    projector.close().await.unwrap();
}

/// Compares the database with the frames, and with what an exchange made of them remembers.
pub(super) async fn compare(url: &str, flow: &Flow) -> Compared {
    let mut expected = Expected::new(Arc::clone(&flow.instruments));
    let mut replica = Replica::new(Arc::clone(&flow.instruments));
    for (sequence, frame) in &flow.frames {
        expected.take(*sequence, frame).unwrap();
        replica.apply(frame).unwrap();
    }
    let db = history::connect(url).await.unwrap();
    let mut compared = expected.compare(&db).await.unwrap();
    history::compare_remembered(&db, &replica, &mut compared).await.unwrap();
    compared
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn the_rows_are_the_projection_of_the_frames_whatever_the_batches() {
    for seed in 1..=12 {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/history.db", directory.path().display());
        let flow = flow(seed, 1_500).unwrap();
        runtime().block_on(async {
            ingest(&url, &flow, &mut Random::new(seed)).await;
            let compared = compare(&url, &flow).await;
            assert_eq!(compared.first_differences, Vec::<String>::new(), "seed {seed}");
            assert!(compared.rows["orders"] > 20 && compared.remembered > 20, "seed {seed}: {compared:?}");
        });
    }
}

#[test]
fn f31_an_order_that_was_refused_is_one_entry_and_was_never_pending() {
    let (mut refused, mut accepted, mut entries) = (0, BTreeSet::new(), Vec::new());
    for seed in 1..=12 {
        accepted.clear();
        let flow = flow(seed, 1_500).unwrap();
        for (sequence, frame) in &flow.frames {
            entries.clear();
            entries_of(*sequence, frame, &mut entries).unwrap();
            for entry in &entries {
                let EntityId::Order(id) = entry.entity_id else { continue };
                match &entry.change_type {
                    ChangeType::Created { fields: Fields::Order(order) }
                        if order.status == OrderStatus::Rejected =>
                    {
                        assert!(!accepted.contains(&id), "seed {seed}: order {id} was announced");
                        refused += 1;
                    }
                    ChangeType::Created { .. } => {
                        assert!(accepted.insert(id), "seed {seed}: order {id} twice")
                    }
                    ChangeType::Updated { changed_fields: Fields::OrderUpdate(update) } => {
                        assert!(accepted.contains(&id), "seed {seed}: order {id} changes before its report");
                        let is_refused = update.status == Some(OrderStatus::Rejected);
                        assert!(
                            !is_refused || update.reason == Some(CloseReason::PendingRefused),
                            "{update:?}"
                        );
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert!(refused > 0);
}

#[test]
fn a_row_that_differs_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/history.db", directory.path().display());
    let flow = flow(3, 1_500).unwrap();
    runtime().block_on(async {
        ingest(&url, &flow, &mut Random::new(3)).await;
        let connection = rusqlite::Connection::open(directory.path().join("history.db")).unwrap();
        connection.execute("UPDATE balances SET available = '0.00000001' WHERE account_id = (SELECT min(account_id) FROM balances)", ()).unwrap();
        connection.execute("DELETE FROM orders WHERE id = (SELECT min(id) FROM orders)", ()).unwrap();
        drop(connection);
        let compared = compare(&url, &flow).await;
        assert!(compared.differences >= 2, "{compared:?}");
        assert!(compared.first_differences.iter().any(|difference| difference.starts_with("balances")), "{compared:?}");
        assert!(compared.first_differences.iter().any(|difference| difference.starts_with("orders")), "{compared:?}");
    });
}

/// Returns the frame of every amend, in order.
fn amends_of(flow: &Flow) -> Vec<u64> {
    let (mut amends, mut entries) = (Vec::new(), Vec::new());
    for (sequence, frame) in &flow.frames {
        entries.clear();
        entries_of(*sequence, frame, &mut entries).unwrap();
        for entry in &entries {
            if let ChangeType::Updated { changed_fields: Fields::OrderUpdate(update) } = &entry.change_type
                && update.quantity.is_some()
            {
                amends.push(*sequence);
            }
        }
    }
    amends
}

/// Makes a history one of the version before amends were kept.
fn forget_amends(database: &Path) {
    let connection = rusqlite::Connection::open(database).unwrap();
    let older = "DROP TABLE amendments; DELETE FROM seaql_migrations WHERE version = '0002_amendments'";
    connection.execute_batch(older).unwrap();
}

/// Whether a difference is an amend that is not there.
fn is_older(difference: &str) -> bool {
    difference.starts_with("amendments: ") && difference.ends_with(" is missing")
}

#[test]
fn f32_a_history_from_before_amends_were_kept_goes_on() {
    let (mut lost, mut kept) = (0, 0);
    for seed in 1..=6 {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/history.db", directory.path().display());
        let flow = flow(seed, 1_500).unwrap();
        let amends = amends_of(&flow);
        // The first amend is made under the earlier version, those that follow under this one.
        let upgraded_at = amends.first().map_or(flow.frames.len() / 2, |first| *first as usize);
        let frames = flow.frames[..upgraded_at].to_vec();
        let earlier = Flow { instruments: Arc::clone(&flow.instruments), frames };
        runtime().block_on(async {
            ingest(&url, &earlier, &mut Random::new(seed)).await;
            forget_amends(&directory.path().join("history.db"));
            ingest(&url, &flow, &mut Random::new(seed + 1)).await;
            let compared = compare(&url, &flow).await;
            // All that differs is that the amends from before are not there.
            assert!(
                compared.first_differences.iter().all(|difference| is_older(difference)),
                "seed {seed}: {compared:?}"
            );
            let rows = compared.rows.get("amendments").copied().unwrap_or_default();
            assert_eq!(rows + compared.differences, amends.len() as u64, "seed {seed}: {compared:?}");
            lost += compared.differences;
            kept += rows;
        });
    }
    assert!(lost > 0 && kept > 0, "{lost} lost, {kept} kept");
}

#[test]
fn an_emptied_history_is_made_again_and_that_of_another_exchange_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/history.db", directory.path().display());
    let flow = flow(5, 800).unwrap();
    runtime().block_on(async {
        ingest(&url, &flow, &mut Random::new(5)).await;
        history::reset(&history::connect(&url).await.unwrap()).await.unwrap();
        ingest(&url, &flow, &mut Random::new(6)).await;
        assert_eq!(compare(&url, &flow).await.first_differences, Vec::<String>::new());
        let db = history::connect(&url).await.unwrap();
        let other = Projector::open(db, Arc::clone(&flow.instruments), "ffff").await;
        assert!(matches!(other, Err(HistoryError::Foreign { .. })), "{other:?}");
    });
}

/// Returns the exchange as it was at a frame with what is under way trimmed, and the rows of its history.
fn as_it_was(flow: &Flow, frame: u64) -> (Replica, Expected) {
    let mut replica = Replica::new(Arc::clone(&flow.instruments));
    let mut expected = Expected::new(Arc::clone(&flow.instruments));
    for (sequence, frame) in &flow.frames[..frame as usize] {
        replica.apply(frame).unwrap();
        expected.take(*sequence, frame).unwrap();
    }
    replica.trim();
    (replica, expected)
}

/// Whether a difference may be that a row written anew does not know the frame that changed it last.
fn is_of_rewritten(difference: &str) -> bool {
    let is_there_as_expected =
        !difference.ends_with(" is missing") && !difference.ends_with(" None should be");
    difference.starts_with("balances: ") || (difference.starts_with("orders: ") && is_there_as_expected)
}

#[test]
fn a_history_ahead_of_the_journal_is_rewound_and_continues() {
    for seed in 1..=6 {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/history.db", directory.path().display());
        let flow = flow(seed, 1_200).unwrap();
        let mut random = Random::new(seed);
        runtime().block_on(async {
            ingest(&url, &flow, &mut random).await;
            let back = 1 + random.below(flow.frames.len() as u64 - 1);
            let (replica, expected) = as_it_was(&flow, back);
            let db = history::connect(&url).await.unwrap();
            history::rewind(&db, &replica, back).await.unwrap();
            assert_eq!(history::reached(&url).await.unwrap().unwrap().sequence, back);
            let mut compared = expected.compare(&db).await.unwrap();
            let is_own = |difference: &String| is_of_rewritten(difference);
            assert!(
                compared.first_differences.iter().all(is_own),
                "seed {seed}, back to {back}: {compared:?}"
            );
            compared.first_differences.clear();
            history::compare_remembered(&db, &replica, &mut compared).await.unwrap();
            assert_eq!(compared.first_differences, Vec::<String>::new(), "seed {seed}, back to {back}");
            // A second time there is nothing to take back.
            history::rewind(&db, &replica, back).await.unwrap();
            db.close().await.unwrap();
            ingest(&url, &flow, &mut random).await;
            let compared = compare(&url, &flow).await;
            assert!(
                compared.first_differences.iter().all(is_own),
                "seed {seed}, back to {back}: {compared:?}"
            );
        });
    }
}

#[test]
fn amends_are_rewound_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/history.db", directory.path().display());
    let flow = flow(6, 1_200).unwrap();
    let amends = amends_of(&flow);
    assert!(!amends.is_empty());
    runtime().block_on(async {
        ingest(&url, &flow, &mut Random::new(6)).await;
        let db = history::connect(&url).await.unwrap();
        for amend in amends.iter().rev() {
            let back = amend - 1;
            let (replica, expected) = as_it_was(&flow, back);
            history::rewind(&db, &replica, back).await.unwrap();
            let compared = expected.compare(&db).await.unwrap();
            assert!(
                compared.first_differences.iter().all(|difference| is_of_rewritten(difference)),
                "back to {back}: {compared:?}"
            );
            let kept = amends.iter().filter(|amend| **amend <= back).count() as u64;
            let rows = compared.rows.get("amendments").copied().unwrap_or_default();
            assert_eq!(rows, kept, "back to {back}");
        }
        db.close().await.unwrap();
    });
}

#[test]
fn a_history_from_before_amends_were_kept_is_rewound() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/history.db", directory.path().display());
    let flow = flow(6, 1_200).unwrap();
    let back = flow.frames.len() as u64 / 2;
    runtime().block_on(async {
        ingest(&url, &flow, &mut Random::new(6)).await;
        forget_amends(&directory.path().join("history.db"));
        let (replica, expected) = as_it_was(&flow, back);
        let db = history::connect(&url).await.unwrap();
        history::rewind(&db, &replica, back).await.unwrap();
        let compared = expected.compare(&db).await.unwrap();
        let is_known = |difference: &String| is_of_rewritten(difference) || is_older(difference);
        assert!(compared.first_differences.iter().all(is_known), "{compared:?}");
        db.close().await.unwrap();
    });
}

#[test]
fn a_history_from_before_amends_were_kept_is_pruned() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/history.db", directory.path().display());
    let flow = flow(6, 1_200).unwrap();
    runtime().block_on(async {
        ingest(&url, &flow, &mut Random::new(6)).await;
        forget_amends(&directory.path().join("history.db"));
        let db = history::connect(&url).await.unwrap();
        let pruned = history::prune(&db, Timestamp::from_micros(u64::MAX >> 1)).await.unwrap();
        assert!(pruned.orders > 0 && pruned.amendments == 0, "{pruned:?}");
        db.close().await.unwrap();
    });
}

#[test]
fn a_history_that_cannot_be_rewound_stays_whole_until_it_can() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/history.db", directory.path().display());
    let flow = flow(6, 1_200).unwrap();
    let back = flow.frames.len() as u64 / 2;
    runtime().block_on(async {
        ingest(&url, &flow, &mut Random::new(6)).await;
        let connection = rusqlite::Connection::open(directory.path().join("history.db")).unwrap();
        let full = "CREATE TRIGGER full BEFORE INSERT ON watermarks \
                    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
        connection.execute(full, ()).unwrap();
        let (replica, expected) = as_it_was(&flow, back);
        let db = history::connect(&url).await.unwrap();
        let failed = history::rewind(&db, &replica, back).await;
        assert!(matches!(failed, Err(HistoryError::Database(_))), "{failed:?}");
        db.close().await.unwrap();
        connection.execute("DROP TRIGGER full", ()).unwrap();
        drop(connection);
        assert_eq!(compare(&url, &flow).await.first_differences, Vec::<String>::new());
        let db = history::connect(&url).await.unwrap();
        history::rewind(&db, &replica, back).await.unwrap();
        let mut compared = expected.compare(&db).await.unwrap();
        assert!(
            compared.first_differences.iter().all(|difference| is_of_rewritten(difference)),
            "{compared:?}"
        );
        compared.first_differences.clear();
        history::compare_remembered(&db, &replica, &mut compared).await.unwrap();
        assert_eq!(compared.first_differences, Vec::<String>::new());
        db.close().await.unwrap();
    });
}
