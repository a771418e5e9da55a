//! One account slot: its accounts, their open orders, and its links to symbol slots.
//!
//! [`AccountSlot::handle`] is the only entry point. It checks everything that can be rejected first, then changes
//! state; a rejected input leaves the state hash as it was. The work itself is in [`Turn`], split by subject over
//! `place`, `settle`, `update`, `cancel`, `keyed`, `admin`, `standing` and `credential`; its changes are made by
//! [`AccountState::apply`] and leave as a frame for the journal, from which [`AccountSlot::replay`] rebuilds the same
//! state.

use std::sync::Arc;

use super::{
    change::{AccountFrame, Cause, Change, FrameHead},
    details::Details,
    event::{UserEvent, UserEventKind},
    ledger::{self, LedgerAccount},
    record::{Backlog, Gap},
    state::AccountState,
};
use crate::domain::{
    instruments::{Instruments, symbol::SymbolSpec},
    messages::{
        command::{AccountCommand, Answer, CreateApiKey, IdempotencyKey},
        credential::Login,
        message::{Envelope, ToAccount, ToSymbol},
        reject::{Fault, Reject},
    },
    orders::{Order, OrderList},
    testing::mutants::{Mutant, mutated},
    types::{
        id::{AccountId, AssetId, CommandId, OrderId, OrderListId, SlotId, SymbolId},
        money::Amount,
        time::Timestamp,
    },
};

/// The number of frames after which a slot stores its state hash in one, for replay to compare.
pub const HASH_EVERY: u64 = 4_096;

/// The input of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountInput {
    /// A client's or operator's command.
    Command {
        /// The number of its answer; above every command that ever changed this slot ([`AccountSlot::last_command`]).
        id: CommandId,
        /// The command.
        command: AccountCommand,
        /// Makes a retry of an order safe.
        key: Option<IdempotencyKey>,
    },
    /// A message from a symbol slot.
    Message(Envelope<ToAccount>),
    /// A symbol slot has applied this slot's messages up to here.
    Ack {
        /// The symbol slot.
        peer: SlotId,
        /// The last sequence it applied.
        upto: u64,
    },
    /// Time has passed: acknowledge the applied messages.
    Tick,
    /// A client subscribes to the account: record its private events from now on.
    Record(AccountId),
}

/// The output of one input. The caller empties and reuses it.
#[derive(Debug, Default)]
pub struct AccountOutput {
    /// The head of the input's frame; `None` when it changed nothing.
    pub frame: Option<FrameHead>,
    /// The content of the frame: every change of state.
    pub changes: Vec<Change>,
    /// Messages to symbol slots.
    pub messages: Vec<Envelope<ToSymbol>>,
    /// Answers to commands.
    pub answers: Vec<(CommandId, Result<Answer, Reject>)>,
    /// The details of the replies to some of these commands.
    pub details: Vec<(CommandId, Box<Details>)>,
    /// Commands that get the answer of an earlier one, still on its way: the same idempotency key.
    pub joined: Vec<(CommandId, CommandId)>,
    /// Private events of accounts with a subscriber.
    pub events: Vec<UserEvent>,
    /// Symbol slots whose messages were applied up to these sequences.
    pub applied: Vec<(SlotId, u64)>,
}

impl AccountOutput {
    /// Empties it, keeping the memory.
    pub fn clear(&mut self) {
        self.frame = None;
        self.changes.clear();
        self.messages.clear();
        self.answers.clear();
        self.details.clear();
        self.joined.clear();
        self.events.clear();
        self.applied.clear();
    }

    /// Returns the changes of credentials, in order: keys created and revoked, logins set.
    pub fn credentials(&self) -> impl Iterator<Item = &Change> {
        let is_one = |change: &&Change| {
            matches!(change, Change::ApiKeyCreated(_) | Change::ApiKeyRevoked(_) | Change::LoginSet(_))
        };
        self.changes.iter().filter(is_one)
    }
}

/// One account slot.
#[derive(Debug)]
pub struct AccountSlot {
    instruments: Arc<Instruments>,
    pub(super) state: AccountState,
}

impl AccountSlot {
    /// Creates an empty slot.
    pub fn new(slot: SlotId, instruments: Arc<Instruments>) -> Self {
        Self { instruments, state: AccountState::new(slot) }
    }

    /// Creates a slot from a stored state.
    pub fn restore(mut state: AccountState, instruments: Arc<Instruments>) -> Self {
        state.archive.resume(state.time);
        Self { instruments, state }
    }

    /// Continues under other trading rules.
    pub fn set_instruments(&mut self, instruments: &Arc<Instruments>) {
        self.instruments = Arc::clone(instruments);
    }

    /// Returns the slot's time: that of its last frame, or later.
    pub const fn time(&self) -> Timestamp {
        self.state.time
    }

    /// Returns the state, for storing it.
    pub const fn state(&self) -> &AccountState {
        &self.state
    }

    /// Applies one input at `now`; the slot's time never runs backwards. Rejects are answers. `out` must be empty.
    ///
    /// # Errors
    /// A broken invariant: the slot must not be used again.
    pub fn handle(
        &mut self,
        input: AccountInput,
        now: Timestamp,
        out: &mut AccountOutput,
    ) -> Result<(), Fault> {
        self.state.set_time(self.state.time.max(now), now);
        let mut turn = Turn { instruments: &self.instruments, state: &mut self.state, out };
        let Some(cause) = turn.run(&input)? else { return Ok(()) };
        if self.state.clock < self.state.time {
            // Before everything that was decided by it.
            out.changes.insert(0, Change::ClockBehind(self.state.clock));
        }
        ledger::check_zero_sum(&out.changes)?;
        self.state.seq += 1;
        let AccountState { slot, seq, time, .. } = self.state;
        let hash = seq.is_multiple_of(HASH_EVERY).then(|| self.hash());
        out.frame = Some(FrameHead { slot, seq, time, cause, hash });
        Ok(())
    }

    /// Replays a frame.
    ///
    /// # Errors
    /// The frame does not follow the state, its postings do not sum to zero, or the state hash differs from the one the
    /// live slot stored.
    pub fn replay(&mut self, frame: &AccountFrame) -> Result<(), Fault> {
        let AccountFrame { head, changes } = frame;
        let slot = self.state.slot.get();
        if head.slot != self.state.slot || head.seq != self.state.seq + 1 {
            let (seq, last) = (head.seq, self.state.seq);
            return Err(Fault::new(format!("account slot {slot}: frame {seq} follows {last}")));
        }
        self.state.set_time(self.state.time.max(head.time), head.time);
        self.state.seq = head.seq;
        ledger::check_zero_sum(changes)?;
        let is_forgotten = mutated(Mutant::WatermarkForgottenOnRestart);
        if !is_forgotten && !self.state.start_input(head.cause)? {
            return Err(Fault::new(format!("account slot {slot}: frame {} repeats a message", head.seq)));
        }
        for change in changes {
            let is_skipped = match change {
                Change::RequestKept { .. } => mutated(Mutant::KeyForgottenOnRestart),
                Change::AccountStatusSet { .. } => mutated(Mutant::StatusForgottenOnRestart),
                _ => false,
            };
            if !is_skipped {
                self.state.apply(change)?;
            }
        }
        self.state.ticked = self.state.clock;
        match head.hash {
            Some(noted) if noted != self.hash() => {
                let (seq, hash) = (head.seq, self.hash());
                Err(Fault::new(format!(
                    "account slot {slot}: replay reached hash {hash:032x} at frame {seq}, the frame has {noted:032x}"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Sets whether the account's private events have a subscriber; without one they are numbered but not built.
    pub fn watch(&mut self, account: AccountId, listening: bool) {
        if let Some(account) = self.state.accounts.get_mut(&account) {
            account.watched = listening;
        }
    }

    /// Returns the first `limit` private events of an account after number `after`, by default its last.
    ///
    /// # Errors
    /// [`Reject::UnknownAccount`]; the inner one when they are not kept.
    pub fn events(
        &self,
        account: AccountId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Result<Backlog, Gap>, Reject> {
        let last = self.state.accounts.get(&account).ok_or(Reject::UnknownAccount)?.event_seq;
        Ok(self.state.record.after(account, after.unwrap_or(last), last, limit))
    }

    /// Returns the messages symbol slots are not known to have applied.
    pub fn unapplied(&self) -> impl Iterator<Item = &Envelope<ToSymbol>> {
        self.state.links.unapplied()
    }

    /// Returns the symbol slots that may have messages to apply.
    pub fn waiting(&self) -> impl Iterator<Item = SlotId> + '_ {
        self.state.links.waiting()
    }

    /// Returns the sequence of the last message of `from` this slot applied.
    pub fn received(&self, from: SlotId) -> u64 {
        self.state.links.received(from)
    }

    /// Drops messages that `peer` has applied.
    pub fn trim(&mut self, peer: SlotId, upto: u64) {
        self.state.links.trim(peer, upto);
    }

    /// Returns the id of the slot.
    pub const fn slot(&self) -> SlotId {
        self.state.slot
    }

    /// Returns an open order, announced or not.
    pub fn open_order(&self, id: OrderId) -> Option<&Order> {
        self.state.order(id)
    }

    /// Returns an open list, announced or not.
    pub fn open_list(&self, id: OrderListId) -> Option<&OrderList> {
        self.state.lists.get(&id).map(|open| &open.list)
    }

    /// Returns the ids of the open orders, by account.
    #[cfg(test)]
    pub(super) fn open_ids(&self) -> impl Iterator<Item = OrderId> + '_ {
        self.state.accounts.sorted().into_iter().flat_map(|(_, account)| account.open.iter().copied())
    }

    /// Returns the highest number of a command that changed anything here.
    pub const fn last_command(&self) -> u64 {
        self.state.last_command
    }

    /// Returns the number of the last frame.
    pub const fn seq(&self) -> u64 {
        self.state.seq
    }

    /// Returns its accounts, in order.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.state.accounts.sorted().into_iter().map(|(id, _)| id)
    }

    /// Returns the number of its accounts.
    pub fn account_count(&self) -> usize {
        self.state.accounts.len()
    }

    /// Returns the number of its open orders.
    pub fn open_count(&self) -> usize {
        self.state.orders.len()
    }

    /// Returns the API keys of its accounts, by key, and the remnants of revoked ones ([`CreateApiKey::remnant`]).
    pub fn keys(&self) -> impl Iterator<Item = &CreateApiKey> {
        self.state.keys.values()
    }

    /// Returns the logins of its accounts, by name.
    pub fn logins(&self) -> impl Iterator<Item = &Login> {
        self.state.logins.values()
    }

    /// Returns whether an account has an owner: it has a login, or has or had an API key.
    pub fn has_owner(&self, account: AccountId) -> bool {
        self.state.has_owner(account)
    }

    /// Returns the assets and symbols.
    pub fn instruments(&self) -> &Instruments {
        &self.instruments
    }
}

/// The outcome of a command that may be rejected: the inner error is a reject, the outer one a fault.
pub(super) type Refusable<T = ()> = Result<Result<T, Reject>, Fault>;

/// One input being applied.
pub(super) struct Turn<'a> {
    pub(super) instruments: &'a Instruments,
    pub(super) state: &'a mut AccountState,
    pub(super) out: &'a mut AccountOutput,
}

impl<'a> Turn<'a> {
    /// Returns the symbol of an order or a trade.
    ///
    /// # Errors
    /// There is no such symbol: orders on one are rejected.
    pub(super) fn spec(&self, symbol: SymbolId) -> Result<&'a SymbolSpec, Fault> {
        let spec = self.instruments.symbol(symbol).map(Arc::as_ref);
        spec.ok_or_else(|| Fault::new(format!("an order on symbol {symbol}, which is unknown")))
    }
}

impl Turn<'_> {
    /// Returns the cause for the frame; `None` when nothing changed.
    fn run(&mut self, input: &AccountInput) -> Result<Option<Cause>, Fault> {
        let cause = match input {
            AccountInput::Command { id, command, key } => {
                self.command(*id, command, key.as_ref())?;
                Cause::Command(*id)
            }
            AccountInput::Message(envelope) => {
                let cause = Cause::Message { from: envelope.from, seq: envelope.seq };
                if !self.state.start_input(cause)? {
                    return Ok(None);
                }
                self.message(envelope)?;
                return Ok(Some(cause));
            }
            AccountInput::Ack { peer, upto } => {
                self.state.links.trim(*peer, *upto);
                return Ok(None);
            }
            AccountInput::Tick => {
                self.out.applied.extend(self.state.links.acknowledge_all());
                self.run_countdowns()?;
                Cause::Tick
            }
            AccountInput::Record(account) => {
                self.record(*account)?;
                Cause::Listener
            }
        };
        if self.out.changes.is_empty() {
            return Ok(None);
        }
        self.state.start_input(cause)?;
        Ok(Some(cause))
    }

    fn command(
        &mut self,
        id: CommandId,
        command: &AccountCommand,
        key: Option<&IdempotencyKey>,
    ) -> Result<(), Fault> {
        let Some(key) = key else { return self.unkeyed(id, command) };
        let Some(account) = command.account() else { return self.unkeyed(id, command) };
        self.keyed(id, account, key, command)
    }

    pub(super) fn unkeyed(&mut self, id: CommandId, command: &AccountCommand) -> Result<(), Fault> {
        // `Some` answers now; `None` waits for the book.
        let answer = match command {
            AccountCommand::CreateAccount(create) => self.create_account(*create)?.map(Some),
            AccountCommand::CreateApiKey(create) => self.create_api_key(create.clone())?.map(Some),
            AccountCommand::Deposit(transfer) => self.transfer(transfer.clone(), true)?.map(Some),
            AccountCommand::Withdraw(transfer) => self.transfer(transfer.clone(), false)?.map(Some),
            AccountCommand::Place(order) => self.place(id, order, None)?,
            AccountCommand::Cancel(cancel) => self.cancel(id, cancel)?.map(|()| None),
            AccountCommand::CancelAll(cancel) => self.cancel_all(id, *cancel)?.map(|()| None),
            AccountCommand::Amend(amend) => self.amend(id, *amend)?.map(|()| None),
            AccountCommand::Replace(replace) => self.replace(id, replace.clone())?.map(|()| None),
            AccountCommand::PlaceList(place) => self.place_list(id, place)?.map(|()| None),
            AccountCommand::CancelList(cancel) => self.cancel_list(id, cancel)?.map(|()| None),
            AccountCommand::CancelAllAfter(countdown) => self.set_countdown(*countdown)?.map(Some),
            AccountCommand::RevokeApiKey(revoke) => self.revoke_api_key(revoke.clone())?.map(Some),
            AccountCommand::SignUp(sign_up) => self.sign_up(sign_up.clone())?.map(Some),
            AccountCommand::ChangePassword(change) => self.change_password(change.clone())?.map(Some),
            AccountCommand::SetAccountStatus(set) => self.set_account_status(set)?.map(Some),
            AccountCommand::SetAccountTier(set) => self.set_account_tier(set)?.map(Some),
        };
        match answer {
            Ok(Some(answer)) => self.answer(id, Ok(answer)),
            Ok(None) => Ok(()),
            Err(reject) => self.answer(id, Err(reject)),
        }
    }

    fn message(&mut self, envelope: &Envelope<ToAccount>) -> Result<(), Fault> {
        match &envelope.body {
            ToAccount::TradeExecuted(trade) => self.settle(trade)?,
            ToAccount::OrderUpdated(update) => self.update(update)?,
            ToAccount::CancelRejected(rejected) => self.cancel_rejected(rejected)?,
        }
        if let Some(upto) = self.state.links.acknowledge(envelope.from) {
            self.out.applied.push((envelope.from, upto));
        }
        Ok(())
    }

    /// Applies a change and records it for the journal.
    pub(super) fn change(&mut self, change: Change) -> Result<(), Fault> {
        self.state.apply(&change)?;
        self.out.changes.push(change);
        Ok(())
    }

    /// Moves units to or from one ledger account.
    pub(super) fn post(&mut self, place: LedgerAccount, asset: AssetId, delta: Amount) -> Result<(), Fault> {
        if !delta.is_zero() {
            let posting = self.state.post(place, asset, delta)?;
            self.out.changes.push(Change::Posted(posting));
        }
        Ok(())
    }

    /// Moves units of one account between available and held: a positive amount is held.
    pub(super) fn hold_funds(
        &mut self,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
    ) -> Result<(), Fault> {
        self.post(LedgerAccount::Available(account), asset, amount.negated()?)?;
        self.post(LedgerAccount::Held(account), asset, amount)
    }

    /// Sends a message to a symbol slot.
    pub(super) fn send(&mut self, to: SlotId, body: ToSymbol) {
        let envelope = self.state.links.send(to, body);
        if !mutated(Mutant::MessageNotJournalled) {
            self.out.changes.push(Change::Sent(envelope.clone()));
        }
        self.out.messages.push(envelope);
    }

    /// Numbers a private event and builds it when the account has a subscriber or is recorded.
    pub(super) fn emit(
        &mut self,
        owner: AccountId,
        kind: impl FnOnce(&AccountState) -> Result<UserEventKind, Fault>,
    ) -> Result<(), Fault> {
        let account = self.state.account(owner)?;
        let (watched, recorded, seq) = (account.watched, account.marks.recorded, account.event_seq + 1);
        if !watched && !recorded {
            return self.change(Change::EventEmitted { account: owner, event: None });
        }
        let (time, kind) = (self.state.time, kind(self.state)?);
        if watched {
            self.out.events.push(UserEvent { account: owner, seq, time, kind: kind.clone() });
        }
        self.change(Change::EventEmitted { account: owner, event: recorded.then(|| Box::new(kind)) })
    }

    /// Reports the balances of these assets.
    pub(super) fn emit_balances(&mut self, owner: AccountId, assets: &[AssetId]) -> Result<(), Fault> {
        if assets.is_empty() {
            return Ok(());
        }
        self.emit(owner, |state| {
            let balance = |&asset: &AssetId| (asset, state.balance(owner, asset));
            Ok(UserEventKind::Balances(assets.iter().map(balance).collect()))
        })
    }

    /// Answers a command.
    pub(super) fn answer(&mut self, command: CommandId, answer: Result<Answer, Reject>) -> Result<(), Fault> {
        self.keep_answer(command, &answer)?;
        self.hand_out(command, answer);
        Ok(())
    }
}
