//! One account slot: its accounts, their open orders, and its conversations with symbol slots.
//!
//! [`AccountSlot::handle`] is the only way in. It preflights everything that can be refused, then changes
//! state; a refused input leaves the state hash as it was. The work itself is in [`Turn`], split by subject
//! over `place`, `settle`, `update`, `cancel` and `admin`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    archive::Archive,
    event::{UserEvent, UserEventKind},
    ledger::{self, ByAsset, ByKey, Posting},
};
use crate::domain::{
    catalogue::Catalogue,
    command::{AccountCommand, Answer, Balance, CreateApiKey, ReplaceOrder, Transfer},
    id::{AccountId, AssetId, ClientOrderId, CommandId, OrderId, SlotId, SymbolId},
    link::Links,
    message::{Envelope, ToAccount, ToSymbol},
    money::{Amount, Lots},
    order::{Fill, Order},
    reject::{Fault, Reject},
    table::Table,
    time::Timestamp,
};

/// What a slot is given to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountInput {
    /// A client's or operator's command.
    Command {
        /// What its answer is to be called.
        id: CommandId,
        /// The command.
        command: AccountCommand,
    },
    /// A message from a symbol slot.
    Message(Envelope<ToAccount>),
    /// A symbol slot has applied this slot's messages up to here.
    Applied {
        /// Which slot.
        peer: SlotId,
        /// The last sequence it applied.
        upto: u64,
    },
    /// Time has passed: acknowledge what was applied.
    Tick,
}

/// What came of an input. The caller drains and reuses it.
#[derive(Debug, Default)]
pub struct AccountOutput {
    /// Every change of a balance; sums to zero per asset and input.
    pub postings: Vec<Posting>,
    /// Messages to symbol slots.
    pub messages: Vec<Envelope<ToSymbol>>,
    /// Answers to commands.
    pub answers: Vec<(CommandId, Result<Answer, Reject>)>,
    /// Private events of accounts somebody listens to.
    pub events: Vec<UserEvent>,
    /// API keys that work from now on.
    pub keys: Vec<CreateApiKey>,
    /// Symbol slots whose messages were applied up to these sequences.
    pub applied: Vec<(SlotId, u64)>,
}

impl AccountOutput {
    /// Empties it, keeping the memory.
    pub fn clear(&mut self) {
        self.postings.clear();
        self.messages.clear();
        self.answers.clear();
        self.events.clear();
        self.keys.clear();
        self.applied.clear();
    }
}

/// One account slot.
#[derive(Debug)]
pub struct AccountSlot {
    catalogue: Arc<Catalogue>,
    pub(super) state: State,
}

impl AccountSlot {
    /// Makes an empty slot.
    pub fn new(slot: SlotId, catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue, state: State::new(slot) }
    }

    /// Applies one input at `now`; the slot's time never runs backwards. Refusals are answers; outputs are
    /// appended to `out`.
    ///
    /// # Errors
    /// A broken invariant: the slot must not be used again.
    pub fn handle(
        &mut self,
        input: AccountInput,
        now: Timestamp,
        out: &mut AccountOutput,
    ) -> Result<(), Fault> {
        self.state.time = self.state.time.max(now);
        let first_posting = out.postings.len();
        let mut turn = Turn { catalogue: &self.catalogue, state: &mut self.state, out };
        turn.run(input)?;
        ledger::check_zero_sum(&out.postings[first_posting..])
    }

    /// Notes whether anybody listens to the account's private events; without a listener they are numbered but
    /// not made.
    pub fn watch(&mut self, account: AccountId, listening: bool) {
        if let Some(account) = self.state.accounts.get_mut(&account) {
            account.watched = listening;
        }
    }

    /// Returns the messages symbol slots are not known to have applied.
    pub fn unapplied(&self) -> impl Iterator<Item = &Envelope<ToSymbol>> {
        self.state.links.unapplied()
    }

    /// Returns the assets and symbols.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }
}

/// The state of a slot.
#[derive(Debug)]
pub(super) struct State {
    pub(super) slot: SlotId,
    pub(super) time: Timestamp,
    pub(super) accounts: Table<AccountId, Account>,
    pub(super) orders: Table<OrderId, Open>,
    pub(super) client_ids: Table<(AccountId, ClientOrderId), OrderId>,
    /// Cancels, amends and replaces the book has not answered yet.
    pub(super) pending: Table<CommandId, Pending>,
    /// What was asked of orders whose handle is not known yet, or of which an amend is at the book.
    pub(super) deferred: BTreeMap<OrderId, Vec<Deferred>>,
    /// The amend of an order that is at the book.
    pub(super) amending: Table<OrderId, CommandId>,
    pub(super) fees: ByAsset<Amount>,
    pub(super) clearing: ByAsset<Amount>,
    pub(super) external: ByAsset<Amount>,
    pub(super) keys: BTreeSet<String>,
    pub(super) next_order: u64,
    pub(super) next_account: u64,
    pub(super) links: Links<ToSymbol>,
    pub(super) archive: Archive,
}

impl State {
    fn new(slot: SlotId) -> Self {
        Self {
            slot,
            time: Timestamp::default(),
            accounts: Table::default(),
            orders: Table::default(),
            client_ids: Table::default(),
            pending: Table::default(),
            deferred: BTreeMap::new(),
            amending: Table::default(),
            fees: ByAsset::default(),
            clearing: ByAsset::default(),
            external: ByAsset::default(),
            keys: BTreeSet::new(),
            next_order: 1,
            next_account: 1,
            links: Links::new(slot),
            archive: Archive::default(),
        }
    }
}

/// One account.
#[derive(Debug, Default, Clone)]
pub(super) struct Account {
    pub(super) tier: u8,
    pub(super) balances: ByAsset<Balance>,
    /// Its open orders in id order, which is the order they came in.
    pub(super) open: Vec<OrderId>,
    pub(super) open_by_symbol: ByKey<SymbolId, u32>,
    pub(super) requests: BTreeMap<String, (bool, Transfer, Answer)>,
    pub(super) event_seq: u64,
    pub(super) updated_at: Timestamp,
    /// Whether anybody listens: not state, and not in the hash.
    pub(super) watched: bool,
}

impl Account {
    /// Numbers a private event and, when somebody listens, makes it.
    pub(super) fn tell(
        &mut self,
        owner: AccountId,
        time: Timestamp,
        events: &mut Vec<UserEvent>,
        kind: impl FnOnce(&Self) -> UserEventKind,
    ) {
        self.event_seq += 1;
        if self.watched {
            events.push(UserEvent { account: owner, seq: self.event_seq, time, kind: kind(self) });
        }
    }

    /// Tells the balances of these assets.
    pub(super) fn tell_balances(
        &mut self,
        owner: AccountId,
        time: Timestamp,
        events: &mut Vec<UserEvent>,
        assets: &[AssetId],
    ) {
        self.tell(owner, time, events, |account| {
            UserEventKind::Balances(
                assets.iter().map(|&asset| (asset, account.balances.get(asset))).collect(),
            )
        });
    }

    pub(super) fn add_open(&mut self, order: OrderId, symbol: SymbolId) {
        self.open.push(order); // ids rise, so the order stays
        *self.open_by_symbol.entry(symbol) += 1;
    }

    pub(super) fn remove_open(&mut self, order: OrderId, symbol: SymbolId) {
        if let Ok(index) = self.open.binary_search(&order) {
            self.open.remove(index);
            *self.open_by_symbol.entry(symbol) -= 1;
        }
    }
}

/// An open order.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) order: Order,
    /// Who waits for the book's first answer, until it has come.
    pub(super) placing: Option<Placing>,
}

/// An order on its way to the book's first answer.
#[derive(Debug, Clone)]
pub(super) struct Placing {
    pub(super) command: CommandId,
    pub(super) fills: Vec<Fill>,
    /// The cancel half, when this is the second half of a cancel-replace.
    pub(super) replaces: Option<Box<Result<Order, Reject>>>,
}

/// A command on its way to the book's answer.
#[derive(Debug, Clone)]
pub(super) enum Pending {
    Cancel,
    CancelAll { left: usize, done: Vec<Order> },
    Amend { order: OrderId, account: AccountId, client_id: ClientOrderId, is_reserved: bool },
    Replace(Box<ReplaceOrder>),
}

/// What to send once an order's handle is known and no amend of it is at the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Deferred {
    pub(super) command: CommandId,
    pub(super) ask: Ask,
}

/// What the book is asked to do with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Cancel,
    /// Lower it to this quantity.
    Amend(Lots),
}

/// One input being applied.
pub(super) struct Turn<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) state: &'a mut State,
    pub(super) out: &'a mut AccountOutput,
}

impl Turn<'_> {
    fn run(&mut self, input: AccountInput) -> Result<(), Fault> {
        match input {
            AccountInput::Command { id, command } => self.command(id, command),
            AccountInput::Message(envelope) => self.message(&envelope),
            AccountInput::Applied { peer, upto } => {
                self.state.links.trim(peer, upto);
                Ok(())
            }
            AccountInput::Tick => {
                self.out.applied.extend(self.state.links.acknowledge_all());
                Ok(())
            }
        }
    }

    fn command(&mut self, id: CommandId, command: AccountCommand) -> Result<(), Fault> {
        // `Some` answers now; `None` waits for the book.
        let answer = match command {
            AccountCommand::CreateAccount(create) => self.create_account(create).map(Some),
            AccountCommand::CreateApiKey(create) => self.create_api_key(create).map(Some),
            AccountCommand::Deposit(transfer) => self.transfer(transfer, true)?.map(Some),
            AccountCommand::Withdraw(transfer) => self.transfer(transfer, false)?.map(Some),
            AccountCommand::Place(order) => self.place(id, &order, None)?,
            AccountCommand::Cancel(cancel) => self.cancel(id, &cancel).map(|()| None),
            AccountCommand::CancelAll(cancel) => self.cancel_all(id, cancel).map(|()| None),
            AccountCommand::Amend(amend) => self.amend(id, amend).map(|()| None),
            AccountCommand::Replace(replace) => self.replace(id, replace)?.map(|()| None),
        };
        match answer {
            Ok(Some(answer)) => self.out.answers.push((id, Ok(answer))),
            Ok(None) => {}
            Err(reject) => self.out.answers.push((id, Err(reject))),
        }
        Ok(())
    }

    fn message(&mut self, envelope: &Envelope<ToAccount>) -> Result<(), Fault> {
        if !self.state.links.receive(envelope.from, envelope.seq)? {
            return Ok(());
        }
        match &envelope.body {
            ToAccount::TradeExecuted(trade) => self.settle(trade)?,
            ToAccount::OrderUpdated(update) => self.update(update)?,
            ToAccount::CancelRejected(rejected) => self.finish(rejected.command, Err(rejected.reject))?,
        }
        if let Some(upto) = self.state.links.acknowledge(envelope.from) {
            self.out.applied.push((envelope.from, upto));
        }
        Ok(())
    }
}
