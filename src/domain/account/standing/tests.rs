//! How an account's standing is kept: replayed, hashed, and stored beside data that was written before there was one.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::{
    account::{AccountFrame, AccountInput, AccountOutput, AccountSlot, AccountState},
    messages::command::{AccountCommand, CreateAccount},
    orders::{
        NewOrder, Side,
        limits::{OrderLimits, OrderWindow},
    },
    testing::sample,
    types::{
        id::{CommandId, SlotId, SymbolId},
        money::{Lots, Price},
        time::Timestamp,
    },
};

const ACCOUNT: AccountId = AccountId::new(7);
const NOW: Timestamp = Timestamp::from_micros(1_000_000);

/// A slot, and another one replayed from its frames.
struct Bench {
    live: AccountSlot,
    replayed: AccountSlot,
    commands: u64,
}

impl Bench {
    fn new() -> Self {
        let limits = OrderLimits { ten_seconds: 1, day: 0 };
        let instruments = Arc::new(sample::instruments().unwrap().with_order_limits(limits));
        let slot = || AccountSlot::new(SlotId::new(7), Arc::clone(&instruments));
        let mut bench = Self { live: slot(), replayed: slot(), commands: 0 };
        let create = CreateAccount { id: Some(ACCOUNT), tier: 0, is_unlimited: false };
        bench.ask(AccountCommand::CreateAccount(create)).unwrap();
        bench
    }

    fn handle(&mut self, input: AccountInput) -> AccountOutput {
        let mut out = AccountOutput::default();
        self.live.handle(input, NOW, &mut out).unwrap();
        if let Some(head) = out.frame {
            self.replayed.replay(&AccountFrame { head, changes: out.changes.clone() }).unwrap();
        }
        assert_eq!(self.live.hash(), self.replayed.hash());
        out
    }

    fn ask(&mut self, command: AccountCommand) -> Result<Answer, Reject> {
        self.commands += 1;
        let id = CommandId::new(self.commands);
        let mut out = self.handle(AccountInput::Command { id, command, key: None });
        out.answers.pop().unwrap().1
    }

    fn set(&mut self, status: AccountStatus) {
        let (account, reason) = (ACCOUNT, "why".to_owned());
        let set = SetAccountStatus { account, status, cancels_orders: false, reason };
        self.ask(AccountCommand::SetAccountStatus(set)).unwrap();
    }

    /// Stores the slot and restores it.
    fn stored(&self) -> (Vec<u8>, AccountSlot) {
        let bytes = postcard::to_stdvec(self.live.state()).unwrap();
        let state: AccountState = postcard::from_bytes(&bytes).unwrap();
        let restored = AccountSlot::restore(state, Arc::new(self.live.instruments().clone()));
        (bytes, restored)
    }
}

#[test]
fn the_hash_of_an_active_account_is_as_before_there_was_a_status() {
    let mut bench = Bench::new();
    let (active, seq) = (bench.live.hash(), bench.live.seq());
    let mut seen = vec![active];
    for status in [AccountStatus::CancelOnly, AccountStatus::Frozen, AccountStatus::Closed] {
        bench.set(status);
        seen.push(bench.live.hash());
    }
    let distinct: std::collections::BTreeSet<u128> = seen.iter().copied().collect();
    assert_eq!(distinct.len(), 4);
    bench.set(AccountStatus::Active);
    // Two slots that differ only in how they came here: the counters of frames and commands are state.
    assert_ne!(bench.live.seq(), seq);
    let marks = |slot: &AccountSlot| slot.state().account(ACCOUNT).unwrap().marks;
    assert_eq!(marks(&bench.live), Marks::default());
}

#[test]
fn a_snapshot_keeps_the_status_and_has_the_bytes_of_before_without_one() {
    // Before there was a status, an account ended with the flag alone.
    for recorded in [false, true] {
        let marks = Marks { recorded, status: AccountStatus::Active };
        assert_eq!(postcard::to_stdvec(&marks).unwrap(), postcard::to_stdvec(&recorded).unwrap());
    }
    let mut bench = Bench::new();
    for status in AccountStatus::ALL {
        bench.set(status);
        bench.handle(AccountInput::Record(ACCOUNT));
        let (bytes, restored) = bench.stored();
        assert_eq!(restored.hash(), bench.live.hash(), "{status:?}");
        assert_eq!(postcard::to_stdvec(restored.state()).unwrap(), bytes);
        assert_eq!(restored.state().account(ACCOUNT).unwrap().marks, Marks { recorded: true, status });
    }
}

#[test]
fn the_exemption_counts_from_its_command_on() {
    let mut bench = Bench::new();
    let order =
        NewOrder::limit(ACCOUNT, SymbolId::new(1), Side::Buy, Price::from_ticks(100), Lots::new(1_000));
    let set = |is_unlimited| {
        let (account, reason) = (ACCOUNT, "why".to_owned());
        let is_unlimited = Some(is_unlimited);
        AccountCommand::SetAccountTier(SetAccountTier { account, tier: None, is_unlimited, reason })
    };
    let full = Reject::TooManyOrders { limit: 1, window: OrderWindow::TenSeconds, wait_seconds: 9 };
    // A market order without a reference price counts, and needs no book.
    let counted = NewOrder {
        kind: crate::domain::orders::OrderType::Market,
        time_in_force: crate::domain::orders::TimeInForce::Ioc,
        price: None,
        ..order
    };
    bench.ask(AccountCommand::Place(counted)).unwrap();
    assert_eq!(bench.ask(AccountCommand::Place(order)), Err(full));
    bench.ask(set(true)).unwrap();
    assert_eq!(bench.ask(AccountCommand::Place(order)), Err(Reject::InsufficientBalance));
    bench.ask(set(false)).unwrap();
    assert_eq!(bench.ask(AccountCommand::Place(order)), Err(full));
}

proptest! {
    /// Every byte is either marks, which are written as that byte, or refused.
    #[test]
    fn marks_are_one_byte(byte: u8) {
        match postcard::from_bytes::<Marks>(&[byte]) {
            Ok(marks) => prop_assert_eq!(postcard::to_stdvec(&marks).unwrap(), vec![byte]),
            Err(_) => prop_assert!(byte >> 1 >= 4),
        }
    }

    /// Whatever an operator does, replay and a snapshot come to the same, and a repeat changes nothing.
    #[test]
    fn any_changes_replay_and_repeat(
        changes in prop::collection::vec((0_usize..4, any::<bool>(), prop::option::of(0_u8..2), any::<Option<bool>>()), 1..20),
    ) {
        let mut bench = Bench::new();
        for (status, is_status, tier, is_unlimited) in changes {
            let (account, reason) = (ACCOUNT, "why".to_owned());
            let status = AccountStatus::ALL[status];
            let command = if is_status {
                AccountCommand::SetAccountStatus(SetAccountStatus { account, status, cancels_orders: false, reason })
            } else {
                AccountCommand::SetAccountTier(SetAccountTier { account, tier, is_unlimited, reason })
            };
            let first = bench.ask(command.clone());
            let (hash, seq) = (bench.live.hash(), bench.live.seq());
            prop_assert_eq!(bench.ask(command), first);
            prop_assert_eq!((bench.live.hash(), bench.live.seq()), (hash, seq));
            prop_assert_eq!(bench.stored().1.hash(), hash);
        }
    }
}
