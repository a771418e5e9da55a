//! Orders, trades, and all that follows them to the disk.

use crate::{
    api::{Api, limit, two_accounts},
    monitoring::reading::Reading,
    support::{TestServer, block_on, wait_until_async},
};

/// Those that rise with orders, trades and rejects.
pub(super) const RISING: &[&str] = &[
    "lightning_commands_admitted_total",
    "lightning_command_seconds",
    "lightning_orders_accepted_total",
    "lightning_orders_rejected_total",
    "lightning_trades_total",
    "lightning_hop_seconds",
    "lightning_turn_seconds",
    "lightning_turn_inputs_total",
    "lightning_journal_durable_frame",
    "lightning_journal_commit_seconds",
    "lightning_journal_sync_seconds",
    "lightning_journal_commit_frames",
    "lightning_journal_commit_bytes",
    "lightning_journal_last_commit_timestamp_seconds",
    "lightning_snapshot_seconds",
    "lightning_snapshot_timestamp_seconds",
    "lightning_snapshot_frame",
    "lightning_audit_timestamp_seconds",
    "lightning_history_frame",
    "lightning_history_rows_total",
];

/// And one that is no less when the state has grown.
pub(super) const ALSO: &[&str] = &["lightning_snapshot_bytes"];

#[test]
fn orders_are_counted_on_all_their_way() {
    let (seller, buyer, accounts) = two_accounts();
    let settings = format!("[history]\nenabled = true\n[snapshot]\nevery-seconds = 1\n{accounts}");
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let read = async || Reading::new(api.text("/metrics").await);
        let before = read().await;
        for (key, side) in [(&seller, "SELL"), (&buyer, "BUY")] {
            assert_eq!(api.order(key, &limit(side, "0.01", "45000")).await.status, 200);
        }
        let too_much = api.order(&seller, &limit("SELL", "50", "45000")).await;
        assert_eq!(too_much.status, 400, "{}", too_much.json);
        let after = read().await;
        // An answer leaves after it is counted; the trade is public before it.
        let by = |series: &str| after.of(series).unwrap() - before.of(series).unwrap_or_default();
        assert_eq!(by("lightning_orders_accepted_total{symbol=\"BTCUSDT\"}"), 2.0);
        assert_eq!(by("lightning_orders_accepted_total{symbol=\"ETHUSDT\"}"), 0.0);
        assert_eq!(
            after.sum("lightning_orders_rejected_total") - before.sum("lightning_orders_rejected_total"),
            1.0
        );
        assert_eq!(after.sum("lightning_command_seconds") - before.sum("lightning_command_seconds"), 3.0);
        assert_eq!(by("lightning_orders_rejected_total{reason=\"funds\"}"), 1.0);
        for hop in ["edge_to_account", "account_to_symbol", "symbol_to_account", "journal"] {
            assert!(by(&format!("lightning_hop_seconds_count{{hop=\"{hop}\"}}")) > 0.0, "{hop}");
        }
        for stage in ["account", "symbol"] {
            let inputs = by(&format!("lightning_turn_inputs_total{{stage=\"{stage}\"}}"));
            let turns = by(&format!("lightning_turn_seconds_count{{stage=\"{stage}\"}}"));
            assert!(turns >= 1.0 && inputs >= turns, "{stage}: {inputs} in {turns}");
        }
        assert!(by("lightning_journal_commit_bytes_sum") > by("lightning_journal_commit_frames_sum"));
        wait_until_async("all of them have risen", async || {
            let left = read().await.not_above(&before, RISING);
            left.is_empty()
        })
        .await;
        wait_until_async("the trade is counted", async || {
            read().await.of("lightning_trades_total{symbol=\"BTCUSDT\"}") == Some(1.0)
        })
        .await;
        assert!(read().await.sum("lightning_snapshot_bytes") > 100.0);
        assert_eq!(read().await.sum("lightning_audit_passed"), 1.0);
    });
    server.stop();
}
