//! The account shards: account slots, and the commands that await their answers.

mod awaited;
mod lines;

use std::{sync::Arc, time::Instant};

use actix::prelude::*;
use tokio::sync::oneshot;
use tracing::Span;

use self::{
    awaited::Awaited,
    lines::{Key, Lines},
};
use super::{
    gate::Permit,
    message::{
        Acknowledgement, Admitted, Listening, NotListening, Query, Resume, SubscribeEvents, SymbolShardLost,
        Traced, UnsubscribeEvents,
    },
    outbox::{Answered, TurnLog},
    shard::{Shard, ShardKind, ShardTurn},
    symbol::{SymbolActor, Symbols},
    topology::Topology,
    trace,
};
use crate::{
    domain::{
        account::{AccountInput, AccountOutput, AccountSlot, EVENTS_PER_ACCOUNT_MAX},
        instruments::Instruments,
        messages::{
            command::CreateApiKey,
            credential::Login,
            message::{Envelope, ToAccount, ToSymbol},
            reject::{Fault, Reject},
        },
        types::{
            id::{AccountId, CommandId, SlotId},
            table::Table,
        },
    },
    telemetry::ShardFigures,
};

/// Is notified of API keys and logins once they are durable, so that the edge can authenticate callers without asking a
/// shard.
pub trait KeyListener: Send + Sync + std::fmt::Debug {
    /// The key is valid from now on.
    fn api_key_created(&self, _key: &CreateApiKey) {}

    /// The key is no longer valid.
    fn api_key_revoked(&self, _key: &str) {}

    /// The login is new, or has a new password.
    fn login_set(&self, _login: &Login) {}
}

/// For an exchange without an edge: ignores everything.
impl KeyListener for () {}

/// Owns a set of account slots.
pub type AccountActor = Shard<Accounts>;

type Turn<'turn> = ShardTurn<'turn, Accounts>;

/// The state of an account shard.
#[derive(Debug)]
pub struct Accounts {
    keys: Arc<dyn KeyListener>,
    slots: Slots,
    awaiting: Awaited<Awaiting>,
    /// The clients that sent an order again while it was in flight, by the first command of its key.
    joined: Table<CommandId, Vec<Awaiting>>,
    /// Commands that wait for the answer to an earlier one.
    lines: Lines,
    last_command: u64,
    out: AccountOutput,
}

/// A request to an account shard.
#[derive(Debug)]
pub enum AccountRequest {
    /// A command.
    Command(Admitted),
    /// A query.
    Query(Box<Query>),
    /// A session subscribes to an account's events.
    SubscribeEvents(SubscribeEvents),
    /// No session is subscribed to the account's events any more.
    UnsubscribeEvents(AccountId),
    /// A symbol shard is out of service. Its earlier messages are queued already, and count.
    SymbolShardLost(usize),
}

/// The client that awaits a command's answer; dropping it reports that the shard is out of service.
#[derive(Debug)]
struct Awaiting {
    reply: oneshot::Sender<Acknowledgement>,
    entered: Instant,
    /// The line of its commands, if it is about a symbol.
    line: Option<Key>,
    /// Whether it places an order.
    places: bool,
    permit: Permit,
    /// The span of the request, if it is traced.
    request: Span,
}

/// The slots of a shard: every `shards`-th slot, created on first use.
#[derive(Debug, Default)]
struct Slots {
    slots: Vec<Option<Box<AccountSlot>>>,
    /// Those of the slots it creates.
    instruments: Arc<Instruments>,
}

impl Slots {
    fn get(&mut self, slot: SlotId, topology: &Topology) -> &mut AccountSlot {
        let index = slot.index() / topology.accounts.len();
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, || None);
        }
        let make = || Box::new(AccountSlot::new(slot, Arc::clone(&self.instruments)));
        self.slots[index].get_or_insert_with(make)
    }

    fn used(&self, shard: usize, topology: &Topology) -> Vec<SlotId> {
        let used = self.slots.iter().enumerate().filter(|(_, slot)| slot.is_some());
        used.map(|(index, _)| SlotId::new((index * topology.accounts.len() + shard) as u16)).collect()
    }
}

impl AccountActor {
    /// Creates the actor of shard `shard`. `slots` are those that have any state.
    pub(super) fn of_slots(
        shard: usize,
        batch: usize,
        keys: Arc<dyn KeyListener>,
        slots: Vec<Option<Box<AccountSlot>>>,
        instruments: Arc<Instruments>,
    ) -> Self {
        // Above every command that may still await its book from before.
        let last_command = slots.iter().flatten().map(|slot| slot.last_command()).max().unwrap_or_default();
        let kind = Accounts {
            keys,
            slots: Slots { slots, instruments },
            awaiting: Awaited::default(),
            joined: Table::default(),
            lines: Lines::default(),
            last_command,
            out: AccountOutput::default(),
        };
        Self::new(shard, batch, kind)
    }
}

impl Accounts {
    /// The answer states from which event on events are live: those before it are in the backlog.
    fn listen(&mut self, listen: SubscribeEvents, turn: &mut Turn<'_>) -> Result<(), Fault> {
        let (account, slot) = (listen.account, listen.account.slot());
        self.handle(slot, AccountInput::Record(account), &Span::none(), turn)?;
        let slot = self.slots.get(slot, turn.topology);
        slot.watch(account, true);
        let events = slot.events(account, listen.after, EVENTS_PER_ACCOUNT_MAX);
        let start = events.map_err(NotListening::Refused).and_then(|events| Ok(events?));
        turn.log.effects.listening.push(Listening { listen, start });
        Ok(())
    }

    fn query(&mut self, query: Query, turn: &mut Turn<'_>) {
        let Query { account, query, span, reply } = query;
        let step = trace::query(&span, turn.shard);
        let _entered = step.enter();
        let view = self.slots.get(account.slot(), turn.topology).query(account, &query, turn.now);
        turn.log.effects.views.push((reply, view));
    }

    fn handle(
        &mut self,
        slot: SlotId,
        input: AccountInput,
        span: &Span,
        turn: &mut Turn<'_>,
    ) -> Result<(), Fault> {
        let topology = turn.topology;
        self.slots.get(slot, topology).handle(input, turn.now, &mut self.out)?;
        trace::addressed(span, &self.out.messages);
        turn.send(slot, &mut self.out.messages, &mut self.out.applied, span);
        if let Some(head) = &self.out.frame
            && topology.journal.is_some()
        {
            turn.log.frames.push_account(head, &self.out.changes);
            turn.log.follow(span);
        }
        let effects = &mut turn.log.effects;
        effects.events.append(&mut self.out.events);
        effects
            .credentials
            .extend(self.out.credentials().map(|change| (Arc::clone(&self.keys), change.clone())));
        for (command, first) in self.out.joined.drain(..) {
            // A client that sends the same order again awaits the answer to the first one, if that is still in flight.
            self.joined.get_or_default(first).extend(self.awaiting.remove(command));
        }
        for (command, answer) in self.out.answers.drain(..) {
            let details = self.out.details.iter().position(|(of, _)| *of == command);
            let details = details.map(|index| self.out.details.swap_remove(index).1);
            let answered =
                |Awaiting { reply, entered, line, places, permit, request }, answer, details| Answered {
                    reply,
                    answer,
                    details,
                    entered,
                    cause: trace::of_answer(&request, span),
                    placed: line.filter(|_| places).map(|(.., symbol)| symbol),
                    _permit: permit,
                };
            let joined = if self.joined.is_empty() { None } else { self.joined.remove(&command) };
            for awaiting in joined.into_iter().flatten() {
                effects.answers.push(answered(awaiting, answer.clone(), details.clone()));
            }
            if let Some(awaiting) = self.awaiting.remove(command) {
                effects.answers.push(answered(awaiting, answer, details));
            }
        }
        self.out.clear();
        Ok(())
    }
}

impl ShardKind for Accounts {
    const NAME: &'static str = "account";
    type Received = ToAccount;
    type Sent = ToSymbol;
    type Peer = Symbols;
    type Request = AccountRequest;

    fn peers(topology: &Topology) -> &[Addr<SymbolActor>] {
        &topology.symbols
    }

    fn peer_shard_of(topology: &Topology, slot: SlotId) -> usize {
        topology.symbol_shard_of(slot)
    }

    fn figures(topology: &Topology, shard: usize) -> Option<&ShardFigures> {
        topology.metrics.stages.shard(shard)
    }

    fn change_rules(&mut self, resume: &Resume) {
        self.slots.instruments = Arc::clone(&resume.instruments);
        self.slots.slots.iter_mut().flatten().for_each(|slot| slot.set_instruments(&resume.instruments));
    }

    fn connected(&mut self, shard: usize, topology: &Topology, log: &mut TurnLog) {
        log.effects.took = topology.metrics.trading.commands_of(shard);
    }

    fn unapplied(&self) -> impl Iterator<Item = &Envelope<ToSymbol>> {
        self.slots.slots.iter().flatten().flat_map(|slot| slot.unapplied())
    }

    fn entered(request: &AccountRequest) -> Option<Instant> {
        match request {
            AccountRequest::Command(admitted) => Some(admitted.0.entered),
            _ => None,
        }
    }

    fn message(&mut self, traced: Traced<ToAccount>, turn: &mut Turn<'_>) -> Result<(), Fault> {
        let Traced { envelope, span: cause } = traced;
        let step = trace::settling(&cause, &envelope, turn.shard, turn.topology);
        let (slot, input) = (envelope.to, AccountInput::Message(envelope));
        step.in_scope(|| self.handle(slot, input, trace::cause(&step, &cause), turn))?;
        self.take_up_queued(slot, turn)
    }

    fn applied(&mut self, own: SlotId, peer: SlotId, upto: u64, turn: &mut Turn<'_>) -> Result<(), Fault> {
        self.handle(own, AccountInput::Ack { peer, upto }, &Span::none(), turn)
    }

    fn request(&mut self, request: AccountRequest, turn: &mut Turn<'_>) -> Result<(), Fault> {
        match request {
            AccountRequest::Command(admitted) => self.command(admitted.0, turn),
            AccountRequest::SubscribeEvents(listen) => self.listen(listen, turn),
            AccountRequest::SymbolShardLost(shard) => self.symbol_shard_lost(shard, turn),
            AccountRequest::Query(query) => {
                self.query(*query, turn);
                Ok(())
            }
            AccountRequest::UnsubscribeEvents(account) => {
                self.slots.get(account.slot(), turn.topology).watch(account, false);
                Ok(())
            }
        }
    }

    fn tick(&mut self, turn: &mut Turn<'_>) -> Result<(), Fault> {
        let used = self.slots.used(turn.shard, turn.topology);
        used.into_iter().try_for_each(|slot| self.handle(slot, AccountInput::Tick, &Span::none(), turn))
    }

    fn hash(&self) -> u128 {
        self.slots.slots.iter().flatten().fold(0, |sum, slot| sum.wrapping_add(slot.hash()))
    }

    fn poison(&mut self, shard: usize, log: &mut TurnLog, topology: &Topology) {
        topology.health.fail_account_shard(shard);
        for Listening { listen, .. } in log.effects.listening.drain(..) {
            self.refuse(AccountRequest::SubscribeEvents(listen), topology);
        }
        self.awaiting = Awaited::default();
        self.joined = Table::default();
        self.lines = Lines::default();
        self.slots = Slots::default();
    }

    /// A session is notified that no events will come from here; every other client sees its reply handle dropped.
    fn refuse(&self, request: AccountRequest, topology: &Topology) {
        if let AccountRequest::SubscribeEvents(listen) = request {
            let start = Err(NotListening::Refused(Reject::OutOfService));
            topology.push.do_send(Listening { listen, start });
        }
    }
}

impl Handler<Admitted> for AccountActor {
    type Result = ();

    fn handle(&mut self, admitted: Admitted, _: &mut Self::Context) {
        self.ask(AccountRequest::Command(admitted));
    }
}

impl Handler<Query> for AccountActor {
    type Result = ();

    fn handle(&mut self, query: Query, _: &mut Self::Context) {
        self.ask(AccountRequest::Query(Box::new(query)));
    }
}

impl Handler<SubscribeEvents> for AccountActor {
    type Result = ();

    fn handle(&mut self, listen: SubscribeEvents, _: &mut Self::Context) {
        self.ask(AccountRequest::SubscribeEvents(listen));
    }
}

impl Handler<UnsubscribeEvents> for AccountActor {
    type Result = ();

    fn handle(&mut self, UnsubscribeEvents(account): UnsubscribeEvents, _: &mut Self::Context) {
        self.ask(AccountRequest::UnsubscribeEvents(account));
    }
}

impl Handler<SymbolShardLost> for AccountActor {
    type Result = ();

    fn handle(&mut self, SymbolShardLost(shard): SymbolShardLost, _: &mut Self::Context) {
        self.ask(AccountRequest::SymbolShardLost(shard));
    }
}
