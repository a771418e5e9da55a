//! A journal that waits, a disk without room, a snapshot that fails, a database that is not there.

use std::{
    fs,
    sync::{Arc, Barrier, Mutex},
};

use lightning_exchange::{
    actors::{self, Exchange, KeyListener, Opening, Settings},
    config::Layers,
    domain::{
        book::BookLimits,
        messages::{
            command::{AccountCommand, CreateAccount, CreateApiKey, Permissions},
            credential::KeyMaterial,
        },
        types::{id::AccountId, time::Timestamp},
    },
    http::ws::WireEncoder,
    journal,
    store::{self, RecoverySettings},
};
use tracing::Span;

use crate::{
    api::{Api, limit, two_accounts},
    monitoring::reading::Reading,
    support::{TestServer, block_on, wait_until, wait_until_async},
};

pub(super) const SHOWN: &[&str] = &[
    "lightning_journal_queue_turns",
    "lightning_journal_short_of_space",
    "lightning_snapshot_failures_total",
    "lightning_history_up",
    "lightning_history_lag_frames",
    "lightning_history_lag_seconds",
    "lightning_history_failures_total",
];

/// An account of its own with a key of so many bytes.
async fn key(exchange: &Exchange, id: u64, bytes: usize) {
    let account = AccountId::new(id);
    let opened = CreateAccount { id: Some(account), tier: 0, is_unlimited: false };
    exchange.command(AccountCommand::CreateAccount(opened), None, Span::none()).await.unwrap();
    exchange.command(api_key(account, bytes), None, Span::none()).await.unwrap();
}

fn api_key(account: AccountId, bytes: usize) -> AccountCommand {
    AccountCommand::CreateApiKey(CreateApiKey {
        account,
        key: format!("key{}", account.get()),
        material: KeyMaterial::Hmac("x".repeat(bytes)),
        permissions: Permissions::default(),
        label: String::new(),
        created_at: Timestamp::default(),
    })
}

/// Holds the journal's thread when the first key is durable.
#[derive(Debug)]
struct Hold(Mutex<Option<Arc<Barrier>>>);

impl KeyListener for Hold {
    fn api_key_created(&self, _: &CreateApiKey) {
        let barrier = self.0.lock().unwrap().take();
        if let Some(barrier) = barrier {
            barrier.wait();
            barrier.wait();
        }
    }
}

#[test]
fn turns_that_wait_for_the_journal_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let instruments = Layers::defaults().load().unwrap().instruments;
    let data = store::open_directory(directory.path()).unwrap();
    let recovery = RecoverySettings {
        known: Vec::new(),
        accepted_loss: None,
        instruments: Arc::clone(&instruments),
        limits: BookLimits { orders_max: 100, fills_max: 100 },
        segment_bytes: 1 << 20,
        workers: 1,
        clock: || 0,
    };
    let recovered = store::recover(&data, &recovery, &mut |_| ()).unwrap();
    let (journal, thread) =
        journal::start(recovered.writer, journal::Durability::Fsync, Box::new(|_| ())).unwrap();
    let opening =
        Opening { parts: recovered.replica.into_parts(), journal: Some(journal), ..Opening::default() };
    let barrier = Arc::new(Barrier::new(2));
    let hold = Arc::new(Hold(Mutex::new(Some(Arc::clone(&barrier)))));
    block_on(async {
        let encoder = Box::new(WireEncoder::new(Arc::clone(&instruments)));
        let running = actors::start_with(Settings::new(instruments), encoder, hold, opening);
        let exchange = running.exchange.clone();
        let waiting = || Reading::new(exchange.render_metrics()).sum("lightning_journal_queue_turns");
        let first = AccountId::new(1);
        let opened = CreateAccount { id: Some(first), tier: 0, is_unlimited: false };
        exchange.command(AccountCommand::CreateAccount(opened), None, Span::none()).await.unwrap();
        wait_until("nothing waits", || waiting() == 0.0);
        let held = exchange.dispatch(api_key(first, 10), None, None, Span::none()).unwrap();
        barrier.wait(); // the journal's thread stands
        let behind = CreateAccount { id: Some(AccountId::new(2)), tier: 0, is_unlimited: false };
        let behind =
            exchange.dispatch(AccountCommand::CreateAccount(behind), None, None, Span::none()).unwrap();
        wait_until("two turns wait", || waiting() >= 2.0);
        barrier.wait();
        held.await.unwrap().answer.unwrap();
        behind.await.unwrap().answer.unwrap();
        wait_until("nothing waits any more", || waiting() == 0.0);
        drop(exchange);
        running.stop();
    });
    thread.stop().unwrap();
}

#[test]
fn a_segment_that_cannot_be_prepared_is_measured() {
    let directory = tempfile::tempdir().unwrap();
    let server = TestServer::start_on(directory.path(), "");
    let short = || Reading::new(server.exchange().render_metrics()).sum("lightning_journal_short_of_space");
    assert_eq!(short(), 0.0);
    // Stands where the third segment will be prepared, once the second is in use.
    let obstacle = directory.path().join("journal/0000000003.next");
    fs::create_dir(&obstacle).unwrap();
    block_on(async {
        for id in 1..=8 {
            key(server.exchange(), id, 200_000).await;
        }
    });
    wait_until("there is no room for the third segment", || short() == 1.0);
    fs::remove_dir(&obstacle).unwrap();
    wait_until("there is room again", || short() == 0.0);
    server.stop();
}

#[test]
fn a_snapshot_that_cannot_be_taken_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let server = TestServer::start_on(directory.path(), "[snapshot]\nevery-seconds = 1\n");
    let read = || Reading::new(server.exchange().render_metrics());
    assert_eq!(read().sum("lightning_snapshot_failures_total"), 0.0);
    let snapshots = directory.path().join("snapshots");
    let _ = fs::remove_dir_all(&snapshots); // made with the first snapshot
    fs::write(&snapshots, "").unwrap();
    block_on(async {
        let mut id = 0;
        wait_until_async("a snapshot fails", async || {
            id += 1;
            key(server.exchange(), id, 10).await;
            read().sum("lightning_snapshot_failures_total") > 0.0
        })
        .await;
    });
    assert_eq!(read().sum("lightning_audit_passed"), 1.0, "the audit before it passed");
    fs::remove_file(&snapshots).unwrap();
    fs::create_dir(&snapshots).unwrap();
    server.stop();
}

#[test]
fn a_history_without_its_database_is_behind() {
    let (seller, _, accounts) = two_accounts();
    // No one listens on this port.
    let settings = format!(
        "[history]\nenabled = true\nurl = \"postgres://user:password@127.0.0.1:1/history\"\n{accounts}"
    );
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        assert_eq!(api.order(&seller, &limit("SELL", "0.01", "45000")).await.status, 200);
        wait_until_async("the history is behind", async || {
            let now = Reading::new(api.text("/metrics").await);
            now.sum("lightning_history_up") == 0.0
                && now.sum("lightning_history_failures_total") >= 1.0
                && now.sum("lightning_history_lag_frames") >= 1.0
                && now.sum("lightning_history_lag_seconds") > 0.0
        })
        .await;
    });
    server.stop();
}
