//! Books that violate an invariant stop trading, and the exchange reports it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

use awc::http::Method;
use lightning_exchange::{
    config::Layers,
    domain::{
        account::{Cause, Change, FrameHead, LedgerAccount, Posting},
        replica::LOGIC_VERSION,
        types::{
            id::{AccountId, AssetId, CommandId},
            money::Amount,
            time::Timestamp,
        },
    },
    journal::{DataDirectory, Fill, LogOptions, LogWriter, Start, open_log, snapshot},
    store::{self, Frames, Snapshotter, SnapshotterSettings, Taking, Until},
};
use serde_json::json;

use super::{operate, place};
use crate::{
    api::{Api, limit, two_accounts},
    support::{Process, TestServer, block_on, complaint, on_directory, printed},
};

const TEXT: &str = "Trading is halted: only cancels and deposits are accepted.";

#[test]
fn a_halted_exchange_takes_cancels_and_deposits_alone() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let resting = place(&api, &seller, &limit("SELL", "0.5", "45000")).await;
        let ready = api.send(Method::GET, "/health/ready", &[], "").await;
        assert_eq!((ready.status.as_u16(), &ready.json["status"]), (200, &json!("ready")));
        assert_eq!(ready.json["reason"], json!(null));

        server.exchange().halt("asset 1: 5 units were made or lost");
        server.exchange().halt("the first reason stays");
        let refused = (400, -2010, TEXT);
        assert_eq!(api.order(&seller, &limit("SELL", "0.1", "45000")).await.refusal(), refused);
        let amend = format!("symbol=BTCUSDT&orderId={resting}&newQty=0.1");
        let amended = api.signed(&seller, Method::PUT, "/api/v3/order/amend/keepPriority", &amend).await;
        assert_eq!(amended.refusal(), refused);
        let replace = format!(
            "{}&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId={resting}",
            limit("SELL", "0.1", "45000")
        );
        let replaced = api.signed(&seller, Method::POST, "/api/v3/order/cancelReplace", &replace).await;
        assert_eq!(replaced.refusal(), refused);
        let money = json!({ "accountId": 11, "asset": "BTC", "amount": "1" });
        assert_eq!(operate(&api, "withdraw", money.clone()).await.refusal(), refused);
        assert_eq!(operate(&api, "deposit", money).await.status, 200);
        let cancel = format!("symbol=BTCUSDT&orderId={resting}");
        assert_eq!(api.signed(&seller, Method::DELETE, "/api/v3/order", &cancel).await.status, 200);

        let ready = api.send(Method::GET, "/health/ready", &[], "").await;
        assert_eq!(ready.status.as_u16(), 503);
        let reason = "asset 1: 5 units were made or lost";
        assert_eq!(ready.json, json!({ "status": "halted", "reason": reason, "outOfService": [] }));
    });
    server.stop();
}

/// Money out of nowhere: the frame verifies as bytes, but not as books.
fn inject(directory: &DataDirectory) -> u64 {
    let (disk, identity) = (directory.disk(), directory.identity());
    let mut visit = |_: u64, _: &[u8]| std::ops::ControlFlow::Continue(());
    let tail = open_log(&disk, identity, Start::Beginning, &mut visit).unwrap();
    let logic = u64::from(LOGIC_VERSION);
    let options = LogOptions { segment_bytes: 1 << 20, identity, logic, clock: || 0, fill: Fill::Inline };
    let mut writer = LogWriter::resume(&disk, &tail, options).unwrap();
    let id = AccountId::new(900);
    let head = FrameHead {
        slot: id.slot(),
        seq: 1,
        time: Timestamp::from_micros(1),
        cause: Cause::Command(CommandId::new(1)),
        hash: None,
    };
    let posting = Posting {
        place: LedgerAccount::Available(id),
        asset: AssetId::new(1),
        delta: Amount::new(5),
        after: Amount::new(5),
    };
    let mut frames = Frames::default();
    frames.push_account(
        &head,
        &[Change::AccountOpened { id, tier: 0, is_unlimited: false }, Change::Posted(posting)],
    );
    let (bytes, count) = frames.take();
    writer.append(&bytes, count).unwrap();
    writer.commit().unwrap();
    writer.durable()
}

#[test]
fn a_frame_that_creates_money_is_a_violation_and_no_snapshot_is_taken_of_it() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let server = Process::start(root.path(), &settings);
    block_on(async { super::trade(&Api::new(server.url()), &seller, &buyer).await });
    server.stop();
    printed(&on_directory("verify", root.path()));

    let directory = DataDirectory::open_existing(root.path()).unwrap();
    let injected = inject(&directory);
    let (disk, identity) = (directory.disk(), directory.identity());
    let instruments = Layers::defaults().load().unwrap().instruments;
    let before = snapshot::list(&disk).unwrap();
    for until in [Until::Durable(injected), Until::End] {
        let taking = Taking { pace: snapshot::Pace::Gentle, workers: 1, created: 0, ingested: u64::MAX };
        let error =
            store::take_snapshot(&disk, identity, &Arc::clone(&instruments), until, taking).unwrap_err();
        assert!(error.is_violation(), "{error}");
        assert!(error.to_string().contains(&format!("frame {injected}")), "{error}");
    }
    // The thread that watches a running exchange says the same.
    let (report, reported) = mpsc::channel();
    let asked = AtomicU64::new(0);
    let snapshotter = Snapshotter::start(SnapshotterSettings {
        disk: Arc::clone(&disk),
        identity,
        instruments,
        every_frames: 1,
        interval: Duration::from_secs(1),
        durable: Box::new(move || if asked.fetch_add(1, Ordering::Relaxed) == 0 { 0 } else { injected }),
        ingested: Box::new(|| u64::MAX),
        now: Box::new(|| 0),
        report: Box::new(move |taken, _| drop(report.send(taken))),
    });
    let reported = reported.recv_timeout(Duration::from_secs(30)).unwrap();
    snapshotter.unwrap().stop();
    assert!(reported.unwrap_err().is_violation());
    assert_eq!(snapshot::list(&disk).unwrap(), before);
    drop((directory, disk));

    // Nothing serves it, and nothing copies it.
    for words in
        ["verify".to_owned(), "snapshot".to_owned(), format!("backup --to {}/copy", root.path().display())]
    {
        let message = complaint(&on_directory(&words, root.path()));
        assert!(message.contains(&format!("frame {injected}")), "{words}: {message}");
    }
    let log = Process::try_start(&[], root.path(), "").unwrap_err();
    assert!(log.contains(&format!("frame {injected} of the journal does not follow")), "{log}");
}
