//! Reports to a supervisor, and the signs of life it gets.

use std::{os::unix::net::UnixDatagram, time::Duration};

use lightning_exchange::domain::{
    messages::command::{AccountCommand, CreateAccount},
    types::id::AccountId,
};
use tracing::Span;

use crate::support::{Process, block_on, shards::Shards};

/// Reads the next report.
fn heard(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 256];
    let length = socket.recv(&mut bytes).unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

#[test]
fn a_supervisor_is_sent_ready_signs_of_life_and_stopping() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let data = tempfile::tempdir().unwrap();
    let notify = format!("NOTIFY_SOCKET={}", path.display());
    let process = Process::start_under(&["env", &notify, "WATCHDOG_USEC=300000"], data.path(), "");
    assert_eq!(heard(&socket), format!("READY=1\nSTATUS=serving {}", process.url()));
    for _ in 0..3 {
        assert_eq!(heard(&socket), "WATCHDOG=1");
    }
    process.stop();
    let last = std::iter::repeat_with(|| heard(&socket)).find(|report| report != "WATCHDOG=1").unwrap();
    assert_eq!(last, "STOPPING=1\nSTATUS=stopping");
}

#[test]
fn a_shard_that_hangs_is_no_progress() {
    block_on(async {
        let mut shards = Shards::start(|settings| settings.arbiters = 2);
        let exchange = shards.running.exchange.clone();
        let account = AccountId::new(1);
        let create = CreateAccount { id: Some(account), tier: 0, is_unlimited: false };
        exchange.command(AccountCommand::CreateAccount(create), None, Span::none()).await.unwrap();
        assert!(exchange.makes_progress(Duration::from_secs(60)).await);
        let hold = shards.hold(account);
        hold.stands();
        assert!(!exchange.makes_progress(Duration::from_millis(50)).await, "its thread stands");
        hold.go();
        assert!(exchange.makes_progress(Duration::from_secs(60)).await);
        shards.running.stop();
    });
}
