//! Checks every message between slots and reports a violated rule at once.
//!
//! It keeps its own record of every order, trade, command and level, made from messages alone, and the slow
//! ledger. The slots' messages are compared with it here, one by one, and their state in `check`, as a whole.

use std::{collections::BTreeMap, sync::Arc};

use lightning_exchange::domain::{
    account::{AccountSlot, UserEvent},
    book::BookLimits,
    instruments::{
        AssetDefinition, Instruments, SymbolDefinition,
        symbol::{SymbolSpec, SymbolStatus},
    },
    market_data::MarketImage,
    matching::{SymbolOutput, SymbolSlot},
    messages::{
        command::{AccountCommand, Answer, OrderRef, Replaced},
        message::{Envelope, OrderChange, SubmitOrder, ToAccount, TradeExecuted},
        reject::Reject,
        standing::{AccountStatus, Action},
    },
    orders::{CloseReason, Contingency, NewOrder, Order, Side},
    testing::oracle::{
        ledger::{Entry, Hold, SlowLedger, TradeSide},
        triggers::SlowTriggers,
    },
    types::{
        id::{AccountId, CommandId, OrderId, SlotId, SymbolId},
        table::Table,
    },
};

use super::{
    counts::Counts,
    public_trades::PublicTrades,
    stream::Streams,
    track::{Track, Tracks},
};

/// How many orders cancels and amends choose among.
const RECENT: usize = 24;

/// The record of an exchange, and its checks.
#[derive(Debug)]
pub(super) struct Auditor {
    pub(super) ledger: SlowLedger,
    pub(super) tracks: Tracks,
    pub(super) public_trades: PublicTrades,
    pub(super) streams: Streams,
    pub(super) triggers: BTreeMap<SymbolId, SlowTriggers>,
    /// Of the symbols whose trading rules have changed.
    pub(super) market_statuses: BTreeMap<SymbolId, SymbolStatus>,
    /// By number less one: the commands not answered yet.
    pub(super) asked: Vec<Option<AccountCommand>>,
    /// The last message each account slot got from each symbol slot.
    last_received: Table<(SlotId, SlotId), u64>,
    limits: BookLimits,
    /// The accounts that are not active.
    statuses: BTreeMap<AccountId, AccountStatus>,
    /// Orders recently sent to a book, the latest last.
    pub(super) recent: Vec<(OrderId, AccountId, SymbolId)>,
    pub(super) counts: Counts,
    /// Whether the state before is unknown, so that nothing is checked.
    is_blind: bool,
}

impl Auditor {
    /// Creates the record of a new exchange.
    pub(super) fn new(
        assets: &[AssetDefinition],
        symbols: &[SymbolDefinition],
        instruments: &Arc<Instruments>,
        limits: BookLimits,
    ) -> Self {
        Self {
            ledger: SlowLedger::new(assets, symbols),
            tracks: Tracks::default(),
            public_trades: PublicTrades::new(instruments),
            streams: Streams::default(),
            triggers: BTreeMap::new(),
            market_statuses: BTreeMap::new(),
            asked: Vec::new(),
            last_received: Table::default(),
            limits,
            statuses: BTreeMap::new(),
            recent: Vec::with_capacity(RECENT),
            counts: Counts::default(),
            is_blind: false,
        }
    }

    /// Forgets everything and checks nothing from now on; prices and recent orders remain for the generator.
    pub(super) fn go_blind(
        &mut self,
        images: BTreeMap<SymbolId, MarketImage>,
        open: impl Iterator<Item = Order>,
    ) {
        self.is_blind = true;
        self.recent = open.map(|order| (order.id, order.account, order.symbol)).take(RECENT).collect();
        self.public_trades.show(images);
    }

    /// Records a change of trading rules, once every slot has it.
    pub(super) fn rules_changed(&mut self, changed: &SymbolSpec) {
        self.counts.rule_changes += 1;
        self.ledger.fees_set(changed.id, &changed.definition().fees);
        self.market_statuses.insert(changed.id, changed.status);
    }

    pub(super) fn is_trading(&self, symbol: SymbolId) -> bool {
        self.market_statuses.get(&symbol).is_none_or(|status| *status == SymbolStatus::Trading)
    }

    /// Records a command before its slot receives it.
    pub(super) fn commanded(&mut self, id: CommandId, command: &AccountCommand) {
        if self.is_blind {
            return;
        }
        debug_assert!(id.get() == self.asked.len() as u64 + 1);
        self.asked.push(Some(command.clone()));
    }

    /// Checks an order that has just left its account slot for the book.
    pub(super) fn entered(&mut self, submit: &SubmitOrder, slot: &AccountSlot) -> Result<(), String> {
        if self.is_blind {
            return Ok(());
        }
        self.counts.orders += 1;
        let Some(order) = slot.open_order(submit.order) else {
            return Err(format!("order {} left for the book and is unknown", submit.order));
        };
        self.permits(submit.account, Action::Trade)?;
        if submit.lots.is_zero() || submit.limit.ticks() == 0 {
            return Err(format!("order {} asks for nothing", submit.order));
        }
        let is_market = order.kind.is_market();
        if order.trigger().is_some() != submit.extras().condition.is_some() {
            return Err(format!("order {} waits for something else than asked", submit.order));
        }
        self.may_enter(submit, order, slot)?;
        if !is_market && (order.price != submit.limit || order.quantity != submit.lots) {
            return Err(format!("order {} was sent with other terms than it has", submit.order));
        }
        let hold = match (submit.side, is_market, order.is_by_quote()) {
            (Side::Sell, ..) | (Side::Buy, false, _) => Hold::PerLot,
            (Side::Buy, true, true) => Hold::Whole(order.quote_quantity()),
            (Side::Buy, true, false) => Hold::Capped,
        };
        self.ledger.entered(Entry {
            order: submit.order,
            account: submit.account,
            symbol: submit.symbol,
            side: submit.side,
            limit: submit.limit,
            lots: submit.lots,
            hold,
            pair: submit.extras().pair,
        });
        if self.recent.len() == RECENT {
            self.recent.remove(0);
        }
        self.recent.push((submit.order, submit.account, submit.symbol));
        self.tracks.add(submit, order)
    }

    /// An order of a list leaves with the list, or when the one it waits for is filled.
    fn may_enter(&mut self, submit: &SubmitOrder, order: &Order, slot: &AccountSlot) -> Result<(), String> {
        let Some(id) = order.list() else {
            return expect(submit.extras().pair.is_none(), "an order without a list has a sibling");
        };
        let list = slot.open_list(id).ok_or_else(|| format!("order {} is of no list", order.id))?;
        let (contingency, orders) = (list.contingency, &list.orders);
        let is_working = contingency == Contingency::OneTriggersOther && orders[0].0 == order.id;
        let pair = &orders[usize::from(contingency == Contingency::OneTriggersOther)..];
        let other_leg = pair.iter().map(|(id, _)| *id).find(|id| *id != order.id && pair.len() == 2);
        expect(submit.extras().pair == other_leg.filter(|_| !is_working), "another sibling")?;
        if contingency == Contingency::OneTriggersOther && !is_working {
            self.counts.released += 1;
            let is_filled = self.tracks.get(orders[0].0)?.is_filled();
            return expect(is_filled, &format!("order {} did not wait for its list", order.id));
        }
        Ok(())
    }

    /// Checks a message about to reach an account slot.
    pub(super) fn delivering(&mut self, slot: SlotId, envelope: &Envelope<ToAccount>) -> Result<(), String> {
        if self.is_blind {
            return Ok(());
        }
        let last_received = self.last_received.get_or_default((slot, envelope.from));
        if envelope.seq <= *last_received {
            self.counts.repeated += 1;
            return Ok(());
        }
        if envelope.seq != *last_received + 1 {
            return Err(format!("message {} of a lane follows {last_received}", envelope.seq));
        }
        *last_received = envelope.seq;
        match &envelope.body {
            ToAccount::TradeExecuted(trade) => self.traded(trade),
            ToAccount::OrderUpdated(update) => {
                let track = self.tracks.open(update.order)?;
                track.updated(update)?;
                let (account, is_over) = (track.account, track.is_over);
                if update.change == OrderChange::Triggered {
                    self.tracks.is_alone(update.order)?;
                }
                match update.change {
                    OrderChange::Accepted { .. } => self.counts.rested += 1,
                    OrderChange::Ended {
                        reason: CloseReason::OtherLeg | CloseReason::ListCancelled | CloseReason::ListRefused,
                        ..
                    } => self.counts.ended_with_list += 1,
                    OrderChange::Ended { .. } => self.counts.ended += 1,
                    OrderChange::Cancelled { .. } => self.counts.cancelled += 1,
                    OrderChange::Untriggered => {}
                    OrderChange::Triggered => {
                        self.counts.triggered += 1;
                        self.ledger.triggered(account, update.order);
                    }
                    OrderChange::Prevented { lots, .. } => {
                        self.counts.prevented += 1;
                        self.ledger.shrunk(account, update.order, lots);
                    }
                    OrderChange::Reduced { lots, .. } => {
                        self.counts.reduced += 1;
                        self.ledger.shrunk(account, update.order, lots);
                    }
                }
                if is_over {
                    self.ledger.ended(account, update.order);
                }
                Ok(())
            }
            ToAccount::CancelRejected(_) => {
                self.counts.late += 1;
                Ok(())
            }
        }
    }

    fn traded(&mut self, trade: &TradeExecuted) -> Result<(), String> {
        let fills_max = self.limits.fills_max;
        let track = self.tracks.open(trade.order)?;
        track.traded(trade, fills_max)?;
        let (account, is_over, own_side) = (track.account, track.is_over, track.side);
        self.tracks.is_alone(trade.order)?;
        let side = TradeSide {
            trade: trade.trade,
            order: trade.order,
            price: trade.price,
            lots: trade.lots,
            is_maker: trade.is_maker,
        };
        self.ledger.traded(account, trade.symbol, side)?;
        if is_over {
            self.ledger.ended(account, trade.order);
        }
        if let Some((maker, taker)) = self.public_trades.settled(trade, own_side)? {
            self.counts.trades += 1;
            let maker = self.tracks.get(maker)?.account;
            let taker = self.tracks.get(taker)?;
            if taker.prevents_self_trade() && taker.account == maker {
                return Err(format!("trade {}: account {maker} traded with itself", trade.trade));
            }
        }
        Ok(())
    }

    /// Checks what a symbol slot did with one input.
    pub(super) fn matched(&mut self, slot: &SymbolSlot, out: &SymbolOutput) -> Result<(), String> {
        if self.is_blind {
            return Ok(());
        }
        for envelope in &out.messages {
            self.admitted(&envelope.body)?;
            self.observe(&envelope.body)?;
        }
        let trading = slot.symbols().filter(|symbol| self.is_trading(*symbol));
        let mut due = trading.filter_map(|symbol| self.triggers.get(&symbol)?.next());
        match due.next().filter(|_| !slot.has_triggered()) {
            Some(order) => return Err(format!("order {order} is triggered, its book does not know")),
            None => drop(due),
        }
        self.public_trades.printed(&out.public)
    }

    /// Passes the messages of a book to the slow triggers, in order.
    fn observe(&mut self, message: &ToAccount) -> Result<(), String> {
        match message {
            ToAccount::TradeExecuted(trade) if trade.is_maker => {
                self.triggers.entry(trade.symbol).or_default().traded(trade.price);
                Ok(())
            }
            ToAccount::OrderUpdated(update) => {
                let order = update.order;
                let track = self.tracks.get_mut(order)?;
                let triggers = self.triggers.entry(track.symbol).or_default();
                let arrival = match update.change {
                    OrderChange::Untriggered => Some(true),
                    OrderChange::Ended { reason: CloseReason::WouldTrigger, .. } => Some(false),
                    _ => None,
                };
                if let (Some(waits), Some(trigger)) = (arrival, track.trigger) {
                    let should_wait = triggers.arrives(order, track.side, track.kind, trigger);
                    return expect(waits == should_wait, &format!("order {order}: {update:?} is not so"));
                }
                if update.change == OrderChange::Triggered {
                    let due = triggers.next();
                    track.fired(triggers.last());
                    triggers.leaves(order);
                    return expect(
                        due == Some(order),
                        &format!("order {order} is triggered, {due:?} should be"),
                    );
                }
                triggers.leaves(order);
                Ok(())
            }
            ToAccount::TradeExecuted(_) | ToAccount::CancelRejected(_) => Ok(()),
        }
    }

    /// Checks a private event.
    pub(super) fn private_event(&mut self, event: &UserEvent) -> Result<(), String> {
        if self.is_blind {
            return Ok(());
        }
        self.streams.apply(event)
    }

    /// Checks an answer.
    pub(super) fn answered(&mut self, id: CommandId, result: &Result<Answer, Reject>) -> Result<(), String> {
        if self.is_blind {
            return Ok(());
        }
        let asked = self.asked.get_mut(id.get() as usize - 1).and_then(Option::take);
        let asked = asked.ok_or_else(|| format!("command {id} is answered twice"))?;
        let Ok(answer) = result else {
            self.counts.refused += 1;
            return Ok(());
        };
        self.consistent(&asked, answer)
            .map_err(|problem| format!("{asked:?} was answered {answer:?}: {problem}"))
    }

    fn consistent(&mut self, asked: &AccountCommand, answer: &Answer) -> Result<(), String> {
        match (asked, answer) {
            (AccountCommand::CreateAccount(create), Answer::AccountCreated(id)) => {
                self.ledger.opened(*id, create.tier);
                expect(create.id.is_none_or(|wanted| wanted == *id), "another id")
            }
            (AccountCommand::CreateApiKey(_), Answer::ApiKeyCreated) => Ok(()),
            (AccountCommand::Deposit(transfer), Answer::Transferred { .. }) => {
                let units = transfer.amount.units();
                self.ledger.moved(transfer.account, transfer.asset, units, transfer.request_id.as_deref());
                if transfer.request_id.is_none() {
                    self.permits(transfer.account, Action::Deposit)?;
                }
                expect(units > 0, "nothing was deposited")
            }
            (AccountCommand::Withdraw(transfer), Answer::Transferred { .. }) => {
                let units = transfer.amount.units();
                self.ledger.moved(transfer.account, transfer.asset, -units, transfer.request_id.as_deref());
                if transfer.request_id.is_none() {
                    self.permits(transfer.account, Action::Withdraw)?;
                }
                expect(units > 0, "nothing was withdrawn")
            }
            (AccountCommand::Place(wanted), Answer::Placed { order, fills, .. }) => {
                self.tracks.placed(wanted, order, fills)
            }
            (AccountCommand::Cancel(cancel), Answer::Cancelled(order)) => {
                self.tracks.cancelled(order)?;
                expect(order.account == cancel.account && order.symbol == cancel.symbol, "another's order")?;
                expect(is_meant(&cancel.order, order.id), "another order")
            }
            (AccountCommand::CancelAll(cancel), Answer::AllCancelled(orders)) => {
                orders.iter().try_for_each(|order| {
                    self.tracks.cancelled(order)?;
                    expect(
                        order.account == cancel.account && order.symbol == cancel.symbol,
                        "another's order",
                    )
                })
            }
            (AccountCommand::Amend(amend), Answer::Amended { order, .. }) => {
                expect(order.quantity == amend.quantity, "another quantity")?;
                expect(is_meant(&amend.order, order.id), "another order")?;
                expect(amend.client_id.is_none_or(|name| name == order.client_id), "another name")
            }
            (AccountCommand::Replace(replace), Answer::Replaced(replaced)) => {
                let Replaced { cancelled, placed, .. } = &**replaced;
                let stops =
                    replace.mode == lightning_exchange::domain::messages::command::ReplaceMode::StopOnFailure;
                match cancelled {
                    Ok(order) => {
                        self.tracks.cancelled(order)?;
                        expect(is_meant(&replace.cancel, order.id), "another order")?;
                        expect(placed.is_some(), "the new order was not tried")?;
                    }
                    Err(_) => expect(placed.is_none() == stops, "the failed cancel was ignored")?,
                }
                match placed {
                    Some(Ok((order, fills))) => self.tracks.placed(&replace.order, order, fills),
                    Some(Err(_)) | None => Ok(()),
                }
            }
            (AccountCommand::PlaceList(place), Answer::ListPlaced(report)) => {
                let wanted: Vec<&NewOrder> = place.orders.all().collect();
                expect(report.orders.len() == wanted.len(), "more or fewer orders than asked for")?;
                let lots: u64 = report.fills.iter().map(|fill| fill.lots.get()).sum();
                let executed: u64 = report.orders.iter().map(|order| order.executed.get()).sum();
                expect(lots == executed, "the fills do not add up to what was executed")?;
                let fits = |(wanted, order): (&&NewOrder, &Order)| {
                    (wanted.side, wanted.kind, wanted.trigger) == (order.side, order.kind, order.trigger())
                        && order.list() == Some(report.list.id)
                };
                expect(wanted.iter().zip(&report.orders).all(fits), "other terms than asked for")
            }
            (AccountCommand::CancelList(cancel), Answer::ListCancelled(report)) => {
                let is_over = |order: &Order| order.status.is_final() && order.hold.is_zero();
                expect(report.orders.iter().all(is_over), "an order of it is open")?;
                expect(cancel.list.id.is_none_or(|id| id == report.list.id), "another list")
            }
            (AccountCommand::CancelAllAfter(_), Answer::CountdownSet(_)) => Ok(()),
            (AccountCommand::SetAccountStatus(set), Answer::AccountStatusSet { status, .. }) => {
                self.statuses.insert(set.account, *status);
                self.counts.standing += 1;
                if *status == AccountStatus::Closed {
                    self.counts.closed += 1;
                    expect(self.ledger.is_empty(set.account), "an account that is not empty was closed")?;
                }
                expect(*status == set.status, "another status")
            }
            (AccountCommand::SetAccountTier(set), Answer::AccountTierSet { tier, is_unlimited }) => {
                self.ledger.moved_to_tier(set.account, *tier);
                self.counts.standing += 1;
                expect(set.tier.is_none_or(|wanted| wanted == *tier), "another tier")?;
                expect(set.is_unlimited.is_none_or(|wanted| wanted == *is_unlimited), "another exemption")
            }
            _ => Err("that answers another question".to_owned()),
        }
    }

    /// Checks that the status an account was given last permits what it did.
    fn permits(&self, account: AccountId, action: Action) -> Result<(), String> {
        let status = self.statuses.get(&account).copied().unwrap_or_default();
        expect(status.permits(action), &format!("account {account} is {} and did {action:?}", status.name()))
    }

    /// Returns what an order has been through.
    pub(super) fn track(&self, order: OrderId) -> Result<&Track, String> {
        self.tracks.get(order)
    }
}

fn is_meant(wanted: &OrderRef, found: OrderId) -> bool {
    wanted.id.is_none_or(|id| id == found)
}

pub(super) fn expect(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}
