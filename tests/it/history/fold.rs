//! Simulated journals into a database, in batches of every size, opened anew in between; then every row is compared.

use std::{collections::BTreeSet, sync::Arc};

use lightning_exchange::{
    domain::{
        change_log::{ChangeType, EntityId, Fields, entries_of},
        oracle::compare::Random,
        order::{EndReason, OrderStatus},
        replica::Replica,
    },
    history::{self, Compared, Expected, HistoryError, Projector},
    sim::{Flow, flow},
};

pub(super) const JOURNAL: &str = "00112233445566778899aabbccddeeff";

/// Takes frames in, in batches of random sizes, and now and then begins anew.
pub(super) async fn take_in(url: &str, flow: &Flow, random: &mut Random) {
    let open = async || {
        let db = history::connect(url).await.unwrap();
        Projector::open(db, Arc::clone(&flow.catalogue), JOURNAL).await.unwrap()
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
    let mut expected = Expected::new(Arc::clone(&flow.catalogue));
    let mut replica = Replica::new(Arc::clone(&flow.catalogue));
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
fn the_rows_are_the_fold_of_the_frames_whatever_the_batches() {
    for seed in 1..=12 {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/history.db", directory.path().display());
        let flow = flow(seed, 1_500).unwrap();
        runtime().block_on(async {
            take_in(&url, &flow, &mut Random::new(seed)).await;
            let compared = compare(&url, &flow).await;
            assert_eq!(compared.told, Vec::<String>::new(), "seed {seed}");
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
                        assert!(accepted.contains(&id), "seed {seed}: order {id} changes before it is told");
                        let is_refused = update.status == Some(OrderStatus::Rejected);
                        assert!(
                            !is_refused || update.reason == Some(EndReason::PendingRefused),
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
fn a_row_that_differs_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/history.db", directory.path().display());
    let flow = flow(3, 1_500).unwrap();
    runtime().block_on(async {
        take_in(&url, &flow, &mut Random::new(3)).await;
        let connection = rusqlite::Connection::open(directory.path().join("history.db")).unwrap();
        connection.execute("UPDATE balances SET available = '0.00000001' WHERE account_id = (SELECT min(account_id) FROM balances)", ()).unwrap();
        connection.execute("DELETE FROM orders WHERE id = (SELECT min(id) FROM orders)", ()).unwrap();
        drop(connection);
        let compared = compare(&url, &flow).await;
        assert!(compared.differences >= 2, "{compared:?}");
        assert!(compared.told.iter().any(|told| told.starts_with("balances")), "{compared:?}");
        assert!(compared.told.iter().any(|told| told.starts_with("orders")), "{compared:?}");
    });
}

#[test]
fn f32_a_history_from_before_amends_were_kept_goes_on() {
    let mut amends = 0;
    for seed in 1..=4 {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/history.db", directory.path().display());
        let flow = flow(seed, 1_500).unwrap();
        let frames = flow.frames[..flow.frames.len() / 2].to_vec();
        let half = Flow { catalogue: Arc::clone(&flow.catalogue), frames };
        runtime().block_on(async {
            take_in(&url, &half, &mut Random::new(seed)).await;
            let connection = rusqlite::Connection::open(directory.path().join("history.db")).unwrap();
            let older =
                "DROP TABLE amendments; DELETE FROM seaql_migrations WHERE version = '0002_amendments'";
            connection.execute_batch(older).unwrap();
            drop(connection);
            take_in(&url, &flow, &mut Random::new(seed + 1)).await;
            let compared = compare(&url, &flow).await;
            amends += compared.rows.get("amendments").copied().unwrap_or_default();
            // All that differs is that the amends from before are not there.
            let is_older = |told: &String| told.starts_with("amendments: ") && told.ends_with(" is missing");
            assert!(compared.told.iter().all(is_older), "seed {seed}: {compared:?}");
        });
    }
    assert!(amends > 0);
}

#[test]
fn an_emptied_history_is_made_again_and_that_of_another_exchange_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/history.db", directory.path().display());
    let flow = flow(5, 800).unwrap();
    runtime().block_on(async {
        take_in(&url, &flow, &mut Random::new(5)).await;
        history::reset(&history::connect(&url).await.unwrap()).await.unwrap();
        take_in(&url, &flow, &mut Random::new(6)).await;
        assert_eq!(compare(&url, &flow).await.told, Vec::<String>::new());
        let db = history::connect(&url).await.unwrap();
        let other = Projector::open(db, Arc::clone(&flow.catalogue), "ffff").await;
        assert!(matches!(other, Err(HistoryError::Foreign { .. })), "{other:?}");
    });
}

#[test]
fn a_history_that_is_ahead_is_taken_back_and_goes_on_from_there() {
    for seed in 1..=6 {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/history.db", directory.path().display());
        let flow = flow(seed, 1_200).unwrap();
        let mut random = Random::new(seed);
        runtime().block_on(async {
            take_in(&url, &flow, &mut random).await;
            let back = 1 + random.below(flow.frames.len() as u64 - 1);
            let mut replica = Replica::new(Arc::clone(&flow.catalogue));
            let mut expected = Expected::new(Arc::clone(&flow.catalogue));
            for (sequence, frame) in &flow.frames[..back as usize] {
                replica.apply(frame).unwrap();
                expected.take(*sequence, frame).unwrap();
            }
            replica.trim();
            let db = history::connect(&url).await.unwrap();
            history::rewind(&db, &replica, back).await.unwrap();
            assert_eq!(history::reached(&url).await.unwrap().unwrap().sequence, back);
            let mut compared = expected.compare(&db).await.unwrap();
            // Rows written anew do not know the frame that changed them last.
            let own = |told: &String| told.starts_with("orders") || told.starts_with("balances");
            assert!(compared.told.iter().all(own), "seed {seed}, back to {back}: {compared:?}");
            compared.told.clear();
            history::compare_remembered(&db, &replica, &mut compared).await.unwrap();
            assert_eq!(compared.told, Vec::<String>::new(), "seed {seed}, back to {back}");
            // A second time there is nothing to take back.
            history::rewind(&db, &replica, back).await.unwrap();
            db.close().await.unwrap();
            take_in(&url, &flow, &mut random).await;
            let compared = compare(&url, &flow).await;
            assert!(compared.told.iter().all(own), "seed {seed}, back to {back}: {compared:?}");
        });
    }
}
