//! The state of an account slot and the one function that changes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    archive::{Amendment, Archive, Prevention},
    change::{Cause, Change, ReductionCause},
    ledger::{ByAsset, ByKey, LedgerAccount, Posting},
    open_orders::OpenOrders,
    quota::OrderQuota,
    record::Record,
    standing::Marks,
};
use crate::domain::{
    messages::{
        command::{Answer, Balance, CreateApiKey, ReplaceOrder, Transfer},
        credential::{Login, LoginName},
        link::Links,
        message::ToSymbol,
        reject::{Fault, Reject},
    },
    orders::{CloseReason, Fill, Order, OrderList, OrderStatus},
    types::{
        id::{AccountId, AssetId, ClientOrderId, CommandId, OrderId, OrderListId, SlotId, SymbolId},
        money::{Amount, Lots},
        pool::Pool,
        table::Table,
        time::Timestamp,
    },
};

/// The state of an account slot: opaque, but it can be stored and read back.
#[derive(Debug, Serialize, Deserialize)]
pub struct AccountState {
    pub(super) slot: SlotId,
    pub(super) time: Timestamp,
    /// The number of its last frame.
    pub(super) seq: u64,
    pub(super) accounts: Pool<AccountId, Account>,
    pub(super) orders: OpenOrders,
    /// Cancels, amends and replaces the book has not answered yet.
    pub(super) pending: Table<CommandId, Pending>,
    /// Requests for orders whose handle is not known yet, or of which an amend is at the book.
    pub(super) deferred: BTreeMap<OrderId, Vec<Deferred>>,
    /// The amend of an order that is at the book.
    pub(super) amending: Table<OrderId, CommandId>,
    /// The idempotency key of a command in flight.
    pub(super) keyed: Table<CommandId, (AccountId, String)>,
    pub(super) fees: ByAsset<Amount>,
    pub(super) clearing: ByAsset<Amount>,
    pub(super) external: ByAsset<Amount>,
    pub(super) keys: BTreeMap<String, CreateApiKey>,
    pub(super) logins: BTreeMap<LoginName, Login>,
    pub(super) next_order: u64,
    pub(super) next_account: u64,
    pub(super) next_list: u64,
    pub(super) lists: BTreeMap<OrderListId, OpenList>,
    pub(super) list_names: Table<(AccountId, ClientOrderId), OrderListId>,
    /// The time at which all orders of an account are cancelled.
    pub(super) countdowns: BTreeMap<AccountId, Timestamp>,
    /// The highest command that changed anything.
    pub(super) last_command: u64,
    pub(super) links: Links<ToSymbol>,
    pub(super) archive: Archive,
    pub(super) record: Record,
    /// The time timers use in the current input ([`Timestamp::timer`]): not state, and not in the hash.
    #[serde(skip)]
    pub(super) clock: Timestamp,
    /// The clock's time at the last tick, or when it was last found to have gone back: not state either.
    #[serde(skip)]
    pub(super) ticked: Timestamp,
}

/// One account.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) tier: u8,
    pub(super) balances: ByAsset<Balance>,
    /// Its open orders in id order, which is the order of their arrival.
    pub(super) open: Vec<OrderId>,
    pub(super) open_by_symbol: ByKey<SymbolId, u32>,
    pub(super) requests: BTreeMap<String, Kept>,
    /// The number of requests that are orders.
    pub(super) keyed_orders: usize,
    pub(super) event_seq: u64,
    pub(super) quota: OrderQuota,
    pub(super) updated_at: Timestamp,
    /// Its status, and whether the private events of its owner are recorded.
    pub(super) marks: Marks,
    /// Whether it has a subscriber: not state, and not in the hash.
    #[serde(skip)]
    pub(super) watched: bool,
}

/// An open order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) order: Order,
    /// The command that awaits the book's first answer, until it has arrived.
    pub(super) placing: Option<Box<Placing>>,
}

/// An open list of orders.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct OpenList {
    pub(super) list: OrderList,
    /// The command that awaits its books' first reports, and how many are to come.
    pub(super) command: Option<CommandId>,
    pub(super) unanswered: u8,
    /// Why it was rejected, if it was.
    pub(super) refused: Option<Reject>,
    /// The amount each order of its OCO will have to hold when it is the only one left.
    pub(super) needs: Vec<(OrderId, Amount)>,
}

/// An order that awaits the book's first answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Placing {
    pub(super) command: CommandId,
    pub(super) fills: Vec<Fill>,
    /// The cancel half, when this is the second half of a cancel-replace.
    pub(super) replaces: Option<Box<Result<Order, Reject>>>,
}

/// A command that awaits the book's answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pending {
    /// A cancel of one order.
    Cancel {
        /// The order.
        order: OrderId,
        /// The name of the cancel.
        name: Option<ClientOrderId>,
    },
    /// A cancel of several orders.
    CancelAll {
        /// The number of answers still to come from the book.
        left: usize,
        /// The orders already cancelled.
        done: Vec<Order>,
    },
    /// An amend of one order.
    Amend {
        /// The order.
        order: OrderId,
        /// The account.
        account: AccountId,
        /// Its new name.
        client_id: ClientOrderId,
        /// Whether the name is reserved for it.
        is_reserved: bool,
    },
    /// The first half of a cancel-replace.
    Replace(Box<ReplaceOrder>),
    /// A cancel of a list.
    CancelList {
        /// The list.
        list: OrderListId,
        /// The name of the cancel.
        name: Option<ClientOrderId>,
    },
}

/// A request to send once an order's handle is known and no amend of it is at the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Deferred {
    pub(super) command: CommandId,
    pub(super) request: BookRequest,
}

/// The request to the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum BookRequest {
    Cancel,
    /// Reduce it to this quantity.
    Amend(Lots),
}

/// A request that is stored so that it is not carried out twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kept {
    /// A deposit or withdrawal and its answer, kept for good.
    Transfer {
        /// Whether it was a deposit.
        is_deposit: bool,
        /// The transfer.
        transfer: Transfer,
        /// Its answer.
        answer: Answer,
    },
    /// An order, for [`KEY_LIFE`](super::keyed::KEY_LIFE_MICROS).
    Order {
        /// Distinguishes another request under the same key.
        fingerprint: u128,
        /// The time of its arrival.
        time: Timestamp,
        /// The number of its command.
        command: CommandId,
        /// Its answer, once known.
        answer: Option<Box<Answer>>,
    },
}

impl Account {
    fn add_open(&mut self, order: OrderId, symbol: SymbolId) {
        self.open.push(order); // ids rise, so the order stays
        *self.open_by_symbol.entry(symbol) += 1;
    }

    fn remove_open(&mut self, order: OrderId, symbol: SymbolId) {
        if let Ok(index) = self.open.binary_search(&order) {
            self.open.remove(index);
            *self.open_by_symbol.entry(symbol) -= 1;
        }
    }
}

impl AccountState {
    pub(super) fn new(slot: SlotId) -> Self {
        Self {
            slot,
            time: Timestamp::default(),
            seq: 0,
            accounts: Pool::default(),
            orders: OpenOrders::default(),
            pending: Table::default(),
            deferred: BTreeMap::new(),
            amending: Table::default(),
            keyed: Table::default(),
            fees: ByAsset::default(),
            clearing: ByAsset::default(),
            external: ByAsset::default(),
            keys: BTreeMap::new(),
            logins: BTreeMap::new(),
            next_order: 1,
            next_account: 1,
            next_list: 1,
            lists: BTreeMap::new(),
            list_names: Table::default(),
            countdowns: BTreeMap::new(),
            last_command: 0,
            links: Links::new(slot),
            archive: Archive::default(),
            record: Record::default(),
            clock: Timestamp::default(),
            ticked: Timestamp::default(),
        }
    }

    pub(super) fn account(&self, id: AccountId) -> Result<&Account, Fault> {
        self.accounts.get(&id).ok_or_else(|| Fault::new(format!("account {id} vanished")))
    }

    pub(super) fn account_mut(&mut self, id: AccountId) -> Result<&mut Account, Fault> {
        self.accounts.get_mut(&id).ok_or_else(|| Fault::new(format!("account {id} vanished")))
    }

    pub(super) fn open_mut(&mut self, id: OrderId) -> Result<&mut Open, Fault> {
        self.orders.get_mut(&id).ok_or_else(|| Fault::new(format!("order {id} is not open")))
    }

    /// Records the cause of the slot's changes: the command's number, or the message's.
    ///
    /// # Errors
    /// A message is missing.
    pub(super) fn start_input(&mut self, cause: Cause) -> Result<bool, Fault> {
        match cause {
            Cause::Command(command) => {
                self.last_command = self.last_command.max(command.get());
                Ok(true)
            }
            Cause::Message { from, seq } => self.links.receive(from, seq),
            Cause::Tick | Cause::Listener => Ok(true),
        }
    }

    /// Moves units and returns the posting.
    ///
    /// # Errors
    /// The balance would be negative or overflow: a bug, because every command is checked before it changes
    /// anything.
    pub(super) fn post(
        &mut self,
        place: LedgerAccount,
        asset: AssetId,
        delta: Amount,
    ) -> Result<Posting, Fault> {
        let time = self.time;
        let balance = match place {
            LedgerAccount::Available(account) | LedgerAccount::Held(account) => {
                let account = self.account_mut(account)?;
                account.updated_at = time;
                let balance = account.balances.entry(asset);
                match place {
                    LedgerAccount::Available(_) => &mut balance.available,
                    _ => &mut balance.held,
                }
            }
            LedgerAccount::Fees => self.fees.entry(asset),
            LedgerAccount::Clearing => self.clearing.entry(asset),
            LedgerAccount::External => self.external.entry(asset),
        };
        let after = balance.plus(delta)?;
        if after.is_negative() && !matches!(place, LedgerAccount::Clearing | LedgerAccount::External) {
            return Err(Fault::new(format!("{place:?} of asset {asset} would be {}", after.units())));
        }
        *balance = after;
        Ok(Posting { place, asset, delta, after })
    }

    /// Applies one change.
    ///
    /// # Errors
    /// The change does not fit the state it meets.
    pub(super) fn apply(&mut self, change: &Change) -> Result<(), Fault> {
        match change {
            Change::Posted(posting) => {
                let now = self.post(posting.place, posting.asset, posting.delta)?;
                if now != *posting {
                    return Err(Fault::new(format!("{posting:?} resulted in {}", now.after.units())));
                }
            }
            Change::AccountOpened { id, tier, is_unlimited } => {
                let quota = OrderQuota::new(*is_unlimited);
                let account = Account { tier: *tier, updated_at: self.time, quota, ..Account::default() };
                if self.accounts.insert(*id, account).is_some() {
                    return Err(Fault::new(format!("account {id} opened twice")));
                }
            }
            Change::NextAccount(next) => self.next_account = *next,
            Change::ApiKeyCreated(key) => {
                self.keys.insert(key.key.clone(), (**key).clone());
            }
            Change::OrderNumbered => self.next_order += 1,
            Change::OrderOpened { order, placing } => self.open(order, placing.as_ref())?,
            Change::OrderRested { order, handle, time } => {
                let Open { order, placing } = self.open_mut(*order)?;
                order.handle = Some(*handle);
                order.updated_at = order.updated_at.max(*time);
                *placing = None;
            }
            Change::OrderFilled { fill, spent, status, .. } => {
                self.fill(fill, *spent, *status).and_then(|()| self.confirm(change))?;
            }
            Change::OrderReduced { order, lots, released, cause, time, .. } => {
                self.reduce(*order, *lots, *released, *cause, *time)?;
                self.confirm(change)?;
            }
            Change::OrderRefused { order } => {
                self.next_order += 1;
                let now = self.clock;
                self.account_mut(order.account)?.quota.placed(now);
                self.archive.add_order((**order).clone());
            }
            Change::OrderClosed { order, status, reason, time } => {
                self.close(*order, *status, *reason, *time)?;
            }
            Change::NameReserved { account, name, order } => {
                self.orders.reserve((*account, *name), *order);
            }
            Change::NameFreed { account, name } => {
                self.orders.free(&(*account, *name));
            }
            Change::BookRequested { command, pending } => {
                self.pending.insert(*command, pending.clone());
            }
            Change::Decided(command) => {
                self.pending.remove(command);
            }
            Change::DeferredTo { order, requests } if requests.is_empty() => {
                self.deferred.remove(order);
            }
            Change::DeferredTo { order, requests } => {
                self.deferred.insert(*order, requests.clone());
            }
            Change::CancelAllProgressed { command, ended } => self.progress_cancel_all(*command, *ended)?,
            Change::BookRequestDeferred { order, deferred } => {
                self.deferred.entry(*order).or_default().push(*deferred);
            }
            Change::BookRequestResumed(order) => self.resume(*order)?,
            Change::Amending { order, command: Some(command) } => {
                self.amending.insert(*order, *command);
            }
            Change::Amending { order, command: None } => {
                self.amending.remove(order);
            }
            Change::Sent(envelope) => self.links.sent(envelope.clone())?,
            Change::EventEmitted { account, event } => self.emitted(*account, event.as_deref())?,
            Change::RequestKept { account, id, kept } => self.keep(*account, id, kept)?,
            Change::RequestAnswered { command, answer } => self.answer_kept(*command, answer)?,
            Change::RequestForgotten { account, id } => self.forget(*account, id)?,
            Change::ApiKeyRevoked(key) => {
                self.keys.remove(key);
            }
            Change::LoginSet(login) => {
                self.logins.insert(login.name.clone(), (**login).clone());
            }
            Change::Recorded { account, is_on } => self.set_recorded(*account, *is_on)?,
            Change::AccountStatusSet { .. } | Change::AccountTierSet { .. } => self.apply_standing(change)?,
            Change::ClockBehind(now) => self.clock = *now,
            contingent => self.apply_contingent(contingent)?,
        }
        Ok(())
    }

    pub(super) fn open(&mut self, order: &Order, placing: Option<&Placing>) -> Result<(), Fault> {
        self.next_order += 1;
        let now = self.clock;
        let account = self.account_mut(order.account)?;
        account.add_open(order.id, order.symbol);
        account.quota.placed(now);
        self.orders.insert(Open { order: order.clone(), placing: placing.cloned().map(Box::new) });
        Ok(())
    }

    fn fill(&mut self, fill: &Fill, spent: Amount, status: OrderStatus) -> Result<(), Fault> {
        let Open { order, placing } = self.open_mut(fill.order)?;
        let is_first = order.executed.is_zero();
        order.hold = order.hold.minus(spent)?;
        order.executed = order.executed.checked_add(fill.lots).ok_or(Reject::Overflow)?;
        order.executed_quote = order.executed_quote.plus(fill.quote)?;
        order.updated_at = order.updated_at.max(fill.time);
        order.status = status;
        if !fill.is_maker
            && let Some(placing) = placing
        {
            placing.fills.push(*fill);
        }
        if is_first {
            let now = self.clock;
            self.account_mut(fill.account)?.quota.first_filled(fill.is_maker, now);
        }
        self.archive.add_fill(*fill);
        Ok(())
    }

    fn reduce(
        &mut self,
        id: OrderId,
        lots: Lots,
        released: Amount,
        cause: ReductionCause,
        time: Timestamp,
    ) -> Result<(), Fault> {
        let Open { order, .. } = self.open_mut(id)?;
        let (owner, symbol) = (order.account, order.symbol);
        order.hold = order.hold.minus(released)?;
        order.updated_at = order.updated_at.max(time);
        match cause {
            ReductionCause::Prevented(by) => {
                let cold = order.cold_mut();
                cold.prevented_match = Some(by.id);
                cold.prevented = cold.prevented.checked_add(lots).ok_or(Reject::Overflow)?;
            }
            ReductionCause::Amended(name) => {
                let smaller = order.quantity.checked_sub(lots);
                order.cold_mut().amends += 1;
                order.quantity =
                    smaller.ok_or_else(|| Fault::new(format!("order {id} reduced below zero")))?;
                let (account, after, time) = (order.account, order.quantity, order.updated_at);
                let old = self.orders.rename(&id, name).unwrap_or(name);
                let quantities = (Lots::new(after.get().saturating_add(lots.get())), after);
                let names = (old, name);
                self.archive.add_amendment(Amendment { account, symbol, order: id, names, quantities, time });
            }
        }
        if let ReductionCause::Prevented(by) = cause {
            self.archive.add_prevented(Prevention { account: owner, symbol, time, by });
        }
        Ok(())
    }

    pub(super) fn close(
        &mut self,
        id: OrderId,
        status: OrderStatus,
        reason: Option<CloseReason>,
        time: Timestamp,
    ) -> Result<(), Fault> {
        let Some(Open { mut order, .. }) = self.orders.remove(&id) else {
            return Err(Fault::new(format!("order {id} is not open")));
        };
        order.status = status;
        order.reason = reason;
        order.updated_at = order.updated_at.max(time);
        order.hold = Amount::ZERO;
        self.account_mut(order.account)?.remove_open(id, order.symbol);
        self.amending.remove(&id);
        // An order whose reject was sent to its sender was never an order.
        if order.was_accepted() {
            self.archive.add_order(order);
        }
        Ok(())
    }
}
