//! Orders sent under an idempotency key: the same key means the same order, for a day.
//!
//! A reject is not stored: a rejected order may be retried under its key. New keys of an account at its cap are
//! rejected; dropping an older one early would let a late retry place its order twice.

use super::{
    change::Change,
    slot::Turn,
    state::{AccountState, Kept},
};
use crate::domain::{
    messages::{
        command::{AccountCommand, Answer, IdempotencyKey, REQUEST_ID_LEN_MAX, Replaced},
        reject::{Fault, Reject},
    },
    types::id::{AccountId, CommandId},
};

/// How long a key is kept: 24 hours.
pub const KEY_LIFE_MICROS: u64 = 24 * 3_600 * 1_000_000;

/// The maximum number of keys kept for one account at a time.
pub const KEYED_ORDERS_MAX: usize = 10_000;

impl Turn<'_> {
    pub(super) fn keyed(
        &mut self,
        id: CommandId,
        owner: AccountId,
        key: &IdempotencyKey,
        command: &AccountCommand,
    ) -> Result<(), Fault> {
        let refuse = |turn: &mut Self, reject| {
            turn.out.answers.push((id, Err(reject)));
            Ok(())
        };
        if key.id.is_empty() || key.id.len() > REQUEST_ID_LEN_MAX {
            return refuse(self, Reject::Overflow);
        }
        let Some(account) = self.state.accounts.get(&owner) else {
            return refuse(self, Reject::UnknownAccount);
        };
        match account.requests.get(&key.id).filter(|kept| !self.state.is_forgettable(kept)) {
            Some(Kept::Order { fingerprint, .. }) if *fingerprint != key.fingerprint => {
                return refuse(self, Reject::RequestConflict);
            }
            Some(Kept::Transfer { .. }) => return refuse(self, Reject::RequestConflict),
            Some(Kept::Order { answer: Some(answer), .. }) => {
                let answer = Answer::clone(answer);
                if let (AccountCommand::Replace(replace), Answer::Replaced(replaced)) = (command, &answer)
                    && let Some(Err(reject)) = replaced.placed
                {
                    self.explain(id, std::slice::from_ref(&replace.order), reject);
                }
                self.hand_out(id, Ok(answer));
                return Ok(());
            }
            Some(Kept::Order { command: first, answer: None, .. }) => {
                self.out.joined.push((id, *first));
                return Ok(());
            }
            None => {}
        }
        let is_reused = account.requests.contains_key(&key.id);
        let is_full = account.keyed_orders >= KEYED_ORDERS_MAX;
        if is_full && !account.requests.values().any(|kept| self.state.is_forgettable(kept)) {
            return refuse(self, Reject::TooManyRequestIds);
        }
        self.unkeyed(id, command)?;
        let answered = self.out.answers.iter().rev().find(|(answered, _)| *answered == id);
        let answer = match answered {
            None => None,
            Some((_, Ok(answer))) if !is_refusal(answer) => Some(Box::new(answer.clone())),
            Some(_) => return Ok(()),
        };
        if is_full {
            self.forget_outlived(owner)?;
        } else if is_reused {
            self.change(Change::RequestForgotten { account: owner, id: key.id.clone() })?;
        }
        let (fingerprint, time) = (key.fingerprint, self.state.clock);
        let kept = Kept::Order { fingerprint, time, command: id, answer };
        self.change(Change::RequestKept { account: owner, id: key.id.clone(), kept: Box::new(kept) })
    }

    /// Stores the answer of a command that came under a key; a reject frees the key.
    pub(super) fn keep_answer(
        &mut self,
        command: CommandId,
        answer: &Result<Answer, Reject>,
    ) -> Result<(), Fault> {
        let Some((account, id)) = self.state.keyed.get(&command) else { return Ok(()) };
        match answer {
            Ok(answer) if !is_refusal(answer) => {
                self.change(Change::RequestAnswered { command, answer: Box::new(answer.clone()) })
            }
            _ => {
                let (account, id) = (*account, id.clone());
                self.change(Change::RequestForgotten { account, id })
            }
        }
    }

    /// Drops keys whose day is over.
    fn forget_outlived(&mut self, owner: AccountId) -> Result<(), Fault> {
        let account = self.state.account(owner)?;
        let outlived = account.requests.iter().filter(|(_, kept)| self.state.is_forgettable(kept));
        let outlived: Vec<String> = outlived.map(|(id, _)| id.clone()).collect();
        outlived.into_iter().try_for_each(|id| self.change(Change::RequestForgotten { account: owner, id }))
    }
}

impl AccountState {
    /// Returns whether a key's day is over; one whose order is on its way is kept.
    fn is_forgettable(&self, kept: &Kept) -> bool {
        match kept {
            Kept::Transfer { .. } | Kept::Order { answer: None, .. } => false,
            // In both directions: a key stored by a clock that was far ahead has no day of its own.
            Kept::Order { time, .. } => self.clock.micros().abs_diff(time.micros()) >= KEY_LIFE_MICROS,
        }
    }
}

impl AccountState {
    pub(super) fn keep(&mut self, account: AccountId, id: &str, kept: &Kept) -> Result<(), Fault> {
        if let Kept::Order { command, answer: None, .. } = kept {
            self.keyed.insert(*command, (account, id.to_owned()));
        }
        let is_order = matches!(kept, Kept::Order { .. });
        let account = self.account_mut(account)?;
        account.keyed_orders += usize::from(is_order);
        account.requests.insert(id.to_owned(), kept.clone());
        Ok(())
    }

    pub(super) fn answer_kept(&mut self, command: CommandId, answer: &Answer) -> Result<(), Fault> {
        let Some((account, id)) = self.keyed.remove(&command) else {
            return Err(Fault::new(format!("command {} has no key", command.get())));
        };
        if let Some(Kept::Order { answer: kept, .. }) = self.account_mut(account)?.requests.get_mut(&id) {
            *kept = Some(Box::new(answer.clone()));
        }
        Ok(())
    }

    pub(super) fn forget(&mut self, account: AccountId, id: &str) -> Result<(), Fault> {
        let account = self.account_mut(account)?;
        if let Some(Kept::Order { command, .. }) = account.requests.remove(id) {
            account.keyed_orders -= 1;
            self.keyed.remove(&command);
        }
        Ok(())
    }
}

/// Returns whether it had no effect: a cancel-replace of which neither half was carried out.
fn is_refusal(answer: &Answer) -> bool {
    match answer {
        Answer::Replaced(replaced) => {
            matches!(**replaced, Replaced { cancelled: Err(_), placed: None | Some(Err(_)), .. })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{
        account::{AccountInput, AccountOutput, AccountSlot},
        book::BookLimits,
        matching::{SymbolInput, SymbolOutput, SymbolSlot},
        messages::{
            command::{CreateAccount, Transfer},
            message::{Envelope, ToSymbol},
        },
        orders::{NewOrder, OrderType, Side},
        testing::sample,
        types::{
            id::{AssetId, SlotId, SymbolId},
            money::{Amount, Lots, Price},
            time::Timestamp,
        },
    };

    const ACCOUNT: AccountId = AccountId::new(7);

    /// One account slot and its book.
    struct Bench {
        slot: AccountSlot,
        book: SymbolSlot,
        next: u64,
        now: u64,
    }

    type Answers = Vec<(CommandId, Result<Answer, Reject>)>;

    impl Bench {
        fn new() -> Self {
            let instruments = Arc::new(sample::instruments().unwrap());
            let book = SymbolSlot::new(SymbolId::new(1).slot(), &instruments, BookLimits::default());
            let slot = AccountSlot::new(SlotId::new(7), instruments);
            let mut bench = Self { slot, book, next: 0, now: 1_000_000 };
            bench.command(
                AccountCommand::CreateAccount(CreateAccount {
                    id: Some(ACCOUNT),
                    tier: 0,
                    is_unlimited: false,
                }),
                None,
            );
            let amount = Amount::new(10_i128.pow(12));
            let transfer = Transfer { account: ACCOUNT, asset: AssetId::new(2), amount, request_id: None };
            bench.command(AccountCommand::Deposit(transfer), None);
            bench
        }

        /// Handles a command and returns the immediate answers of the slot.
        fn command(&mut self, command: AccountCommand, key: Option<(&str, u128)>) -> AccountOutput {
            self.next += 1;
            let key = key.map(|(id, fingerprint)| IdempotencyKey { id: id.to_owned(), fingerprint });
            let mut out = AccountOutput::default();
            let input = AccountInput::Command { id: CommandId::new(self.next), command, key };
            self.slot.handle(input, Timestamp::from_micros(self.now), &mut out).unwrap();
            out
        }

        fn place(&mut self, ticks: u64, key: Option<(&str, u128)>) -> AccountOutput {
            self.command(AccountCommand::Place(order(ticks)), key)
        }

        /// Delivers the messages to the book, and returns the answers of the slot that follow.
        fn settle(&mut self, messages: &[Envelope<ToSymbol>]) -> Answers {
            let mut answers = Vec::new();
            for envelope in messages {
                let mut output = SymbolOutput::default();
                let now = Timestamp::from_micros(self.now);
                self.book.handle(SymbolInput::Message(envelope.clone()), now, &mut output).unwrap();
                for envelope in output.messages {
                    let mut out = AccountOutput::default();
                    self.slot.handle(AccountInput::Message(envelope), now, &mut out).unwrap();
                    answers.append(&mut out.answers);
                }
            }
            answers
        }
    }

    fn order(ticks: u64) -> NewOrder {
        let (symbol, price) = (SymbolId::new(1), Price::from_ticks(ticks));
        NewOrder::limit(ACCOUNT, symbol, Side::Buy, price, Lots::new(10))
    }

    #[test]
    fn the_same_key_is_the_same_order() {
        let mut bench = Bench::new();
        let first = bench.place(100, Some(("k", 1)));
        let answers = bench.settle(&first.messages);
        let [(_, Ok(placed))] = &answers[..] else { panic!("{answers:?}") };
        let hash = bench.slot.hash();
        let again = bench.place(100, Some(("k", 1)));
        assert_eq!(again.answers, [(CommandId::new(4), Ok(placed.clone()))]);
        assert_eq!((bench.slot.hash(), again.frame), (hash, None), "nothing changed");
        let other = bench.place(101, Some(("k", 2)));
        assert_eq!(other.answers, [(CommandId::new(5), Err(Reject::RequestConflict))]);
    }

    #[test]
    fn a_key_in_flight_joins_the_first() {
        let mut bench = Bench::new();
        let first = bench.place(100, Some(("k", 1)));
        let second = bench.place(100, Some(("k", 1)));
        assert_eq!(second.joined, [(CommandId::new(4), CommandId::new(3))]);
        assert!(second.messages.is_empty() && second.answers.is_empty() && second.frame.is_none());
        assert_eq!(bench.settle(&first.messages).len(), 1, "the first is answered, and the second with it");
    }

    #[test]
    fn a_refusal_is_not_remembered() {
        let mut bench = Bench::new();
        let refused = bench.place(u64::MAX >> 20, Some(("k", 1)));
        assert!(refused.answers[0].1.is_err() && refused.frame.is_none(), "{:?}", refused.answers);
        let placed = bench.place(100, Some(("k", 2)));
        assert_eq!(placed.messages.len(), 1, "the key is free");
        // Rejected by the book, not by the account: the same.
        let settled = bench.settle(&placed.messages);
        assert!(settled[0].1.is_ok());
        let sell = NewOrder { kind: OrderType::LimitMaker, ..order(100) };
        let sell = AccountCommand::Place(NewOrder { side: Side::Sell, ..sell });
        let amount = Amount::new(10_i128.pow(12));
        let base = Transfer { account: ACCOUNT, asset: AssetId::new(1), amount, request_id: None };
        bench.command(AccountCommand::Deposit(base), None);
        let taker = bench.command(sell.clone(), Some(("m", 3)));
        let settled = bench.settle(&taker.messages);
        assert_eq!(settled[0].1, Err(Reject::WouldTake));
        let again = bench.command(sell, Some(("m", 4)));
        assert_eq!(again.messages.len(), 1, "its key is free");
    }

    #[test]
    fn a_key_lives_a_day() {
        let mut bench = Bench::new();
        let first = bench.place(100, Some(("k", 1)));
        bench.settle(&first.messages);
        bench.now += KEY_LIFE_MICROS - 1;
        assert_eq!(bench.place(100, Some(("k", 2))).answers[0].1, Err(Reject::RequestConflict));
        bench.now += 1;
        assert_eq!(bench.place(100, Some(("k", 2))).messages.len(), 1);
    }

    #[test]
    fn an_account_at_its_cap_is_refused_and_nothing_is_evicted() {
        let mut bench = Bench::new();
        for index in 0..KEYED_ORDERS_MAX {
            let placed = bench.place(100, Some((&format!("k{index}"), 1)));
            bench.settle(&placed.messages);
            let cancel =
                crate::domain::messages::command::CancelAll { account: ACCOUNT, symbol: SymbolId::new(1) };
            let cancelled = bench.command(AccountCommand::CancelAll(cancel), None);
            bench.settle(&cancelled.messages);
        }
        assert_eq!(bench.place(100, Some(("more", 1))).answers[0].1, Err(Reject::TooManyRequestIds));
        assert!(bench.place(100, Some(("k0", 1))).answers[0].1.is_ok(), "the oldest is kept");
        bench.now += KEY_LIFE_MICROS;
        assert_eq!(bench.place(100, Some(("more", 1))).messages.len(), 1, "after a day there is room");
    }
}
