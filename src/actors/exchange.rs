//! The entrance to the exchange: what the edge holds instead of actor addresses.

use std::{sync::Arc, time::Duration};

use actix::Addr;
use futures_util::future::join_all;
use tokio::{sync::oneshot, time::timeout};
use tracing::Span;

use super::{
    Clock, PushActor,
    durable_watermark::DurableWatermark,
    gate::Permit,
    message::{
        Acknowledgement, Admitted, AdmittedCommand, ChangeRules, MarketQuery, MarketView, Query, QueryMarket,
        RulesChanged,
    },
    topology::Topology,
};
use crate::{
    domain::{
        account::{AccountQuery, AccountView},
        instruments::{
            Instruments,
            edit::{EditError, SymbolEdit},
        },
        messages::{
            command::{AccountCommand, Answer, IdempotencyKey},
            reject::Reject,
        },
        orders::Side,
        types::{
            id::{AccountId, SLOT_COUNT, SlotId, SymbolId},
            money::Price,
            time::Timestamp,
        },
    },
    journal::Journal,
    telemetry::{Metrics, ShedReason},
};

/// A handle to a running exchange; cloning is cheap.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub(super) topology: Arc<Topology>,
}

impl Exchange {
    /// Wraps a started topology.
    pub fn new(topology: Arc<Topology>) -> Self {
        Self { topology }
    }

    /// Returns the assets and symbols, under the trading rules of this moment.
    pub fn instruments(&self) -> Arc<Instruments> {
        self.topology.instruments.load_full()
    }

    /// Changes the trading rules of a symbol for a reason that the journal keeps, for every slot at one position of
    /// the journal; returns once the change is durable. An edit that changes nothing succeeds too.
    ///
    /// # Errors
    /// The edit is refused; [`Reject::Stopping`], or [`Reject::OutOfService`] when the exchange stops before the change is
    /// durable.
    pub async fn change_rules(
        &self,
        symbol: &str,
        edit: SymbolEdit,
        reason: &str,
    ) -> Result<Result<RulesChanged, EditError>, Reject> {
        if self.is_stopping() {
            return Err(Reject::Stopping);
        }
        let (reply, answer) = oneshot::channel();
        self.topology.rules.do_send(ChangeRules {
            symbol: symbol.to_owned(),
            edit,
            reason: reason.to_owned(),
            reply,
        });
        answer.await.map_err(|_| Reject::OutOfService)
    }

    /// Returns the exchange's time.
    pub fn now(&self) -> Timestamp {
        self.topology.clock.now()
    }

    /// Returns the clock.
    pub fn clock(&self) -> &Clock {
        &self.topology.clock
    }

    /// Returns the durable watermark.
    pub fn watermark(&self) -> &DurableWatermark {
        &self.topology.watermark
    }

    /// Returns the last durable frame; 0 when nothing is kept.
    pub fn durable(&self) -> u64 {
        self.topology.journal.as_ref().map_or(0, Journal::durable)
    }

    /// Returns the metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.topology.metrics
    }

    /// Returns where WebSocket sessions register.
    pub fn push(&self) -> &Addr<PushActor> {
        &self.topology.push
    }

    /// Returns the names of shards that are out of service, e.g. `account-3`; empty when all are in service.
    pub fn out_of_service(&self) -> Vec<String> {
        self.topology.health.out_of_service()
    }

    /// Returns why the audit has stopped trading, if it has.
    pub fn halted(&self) -> Option<&str> {
        self.topology.health.halted()
    }

    /// Returns whether the journal has no room beyond the segment it writes: most likely the disk is full.
    pub fn is_short_of_space(&self) -> bool {
        self.topology.journal.as_ref().is_some_and(Journal::is_short_of_space)
    }

    /// Stops trading: from now on orders can only be cancelled, and nothing is withdrawn.
    pub fn halt(&self, reason: &str) {
        self.topology.health.halt(reason);
    }

    /// Returns whether the exchange accepts no new work because it is stopping.
    pub fn is_stopping(&self) -> bool {
        self.topology.health.is_stopping()
    }

    /// Returns the symbol's reference price for an order of `side`: its last trade, else the best price of the
    /// other side, else nothing.
    pub fn reference(&self, symbol: SymbolId, side: Side) -> Option<Price> {
        self.topology.references.get(symbol, side)
    }

    /// Returns the version of a symbol's book: what was rendered of it stays valid until it changes.
    pub fn book_version(&self, symbol: SymbolId) -> u64 {
        self.topology.book_versions.get(symbol)
    }

    /// Sends a command and awaits its answer. `deadline` is the latest time a shard may still handle it.
    ///
    /// Dropping the future changes nothing for the command.
    ///
    /// # Errors
    /// A reject; [`Reject::Busy`] when the shard has no permit left; [`Reject::OutOfService`] when its outcome will
    /// never be known here.
    pub async fn command(
        &self,
        command: AccountCommand,
        deadline: Option<Timestamp>,
        span: Span,
    ) -> Result<Answer, Reject> {
        self.keyed_command(command, None, deadline, span).await?.answer
    }

    /// Does the same for an order that may be sent again under its key.
    ///
    /// # Errors
    /// As [`Exchange::command`], for a command that never reaches a shard or is never answered. The answer may be a
    /// reject too; [`Reject::RequestConflict`] when the key was used for another request.
    pub async fn keyed_command(
        &self,
        command: AccountCommand,
        key: Option<IdempotencyKey>,
        deadline: Option<Timestamp>,
        span: Span,
    ) -> Result<Acknowledgement, Reject> {
        let answer = self.dispatch(command, key, deadline, span)?;
        let acknowledged = answer.await.map_err(|_| Reject::OutOfService)?;
        acknowledged.received();
        Ok(acknowledged)
    }

    /// Sends a command; the answer arrives on the returned channel. Under a `key`, an order sent again gets the first
    /// answer.
    ///
    /// # Errors
    /// As [`Exchange::command`], for a command rejected before it reaches a shard.
    pub fn dispatch(
        &self,
        command: AccountCommand,
        key: Option<IdempotencyKey>,
        deadline: Option<Timestamp>,
        span: Span,
    ) -> Result<oneshot::Receiver<Acknowledgement>, Reject> {
        self.send(command, key, false, deadline, span)
    }

    /// Does the same as [`Exchange::command`] for a caller without credentials.
    ///
    /// # Errors
    /// As [`Exchange::command`]; [`Reject::UnknownAccount`] when the account has a login or an API key.
    pub async fn unowned_command(&self, command: AccountCommand, span: Span) -> Result<Answer, Reject> {
        let answer = self.send(command, None, true, None, span)?;
        let acknowledged = answer.await.map_err(|_| Reject::OutOfService)?;
        acknowledged.received();
        acknowledged.answer
    }

    fn send(
        &self,
        command: AccountCommand,
        key: Option<IdempotencyKey>,
        only_unowned: bool,
        deadline: Option<Timestamp>,
        span: Span,
    ) -> Result<oneshot::Receiver<Acknowledgement>, Reject> {
        let slot = command.slot().unwrap_or_else(|| self.topology.next_new_account_slot());
        let permit = self.admit(slot, &command)?;
        let (reply, answer) = oneshot::channel();
        let entered = std::time::Instant::now();
        let admission =
            AdmittedCommand { slot, command, key, only_unowned, deadline, span, permit, reply, entered };
        self.topology.account_shard(slot).do_send(Admitted(Box::new(admission)));
        Ok(answer)
    }

    fn admit(&self, slot: SlotId, command: &AccountCommand) -> Result<Permit, Reject> {
        let topology = &self.topology;
        let trading = &topology.metrics.trading;
        let shed = |reason, reject| {
            trading.shed(reason).inc();
            reject
        };
        if topology.health.is_stopping() {
            return Err(shed(ShedReason::Stopping, Reject::Stopping));
        }
        if !command.is_safe_when_halted() {
            if topology.health.halted().is_some() {
                return Err(shed(ShedReason::Halted, Reject::Halted));
            }
            if self.is_short_of_space() {
                return Err(shed(ShedReason::DiskFull, Reject::DiskFull));
            }
        }
        let reduces_risk = command.reduces_risk();
        let shard = topology.account_shard_of(slot);
        if topology.health.is_account_shard_down(shard) {
            return Err(shed(ShedReason::OutOfService, Reject::OutOfService));
        }
        let account = topology.account_gates[shard]
            .enter(reduces_risk)
            .ok_or_else(|| shed(ShedReason::AccountShardFull, Reject::Busy))?;
        let symbol = match command.symbol() {
            None => None,
            Some(symbol) => {
                let shard = topology.symbol_shard_of(symbol.slot());
                if topology.health.is_symbol_shard_down(shard) {
                    return Err(shed(ShedReason::OutOfService, Reject::OutOfService));
                }
                let place = topology.symbol_gates[shard].enter(reduces_risk);
                Some(place.ok_or_else(|| shed(ShedReason::SymbolShardFull, Reject::Busy))?)
            }
        };
        trading.admitted.inc();
        Ok(Permit { account, symbol })
    }

    /// Takes the places a command would take, until what is returned is dropped: a test makes shards full with it.
    ///
    /// # Errors
    /// As [`Exchange::command`], for what is refused before it reaches a shard.
    #[cfg(feature = "testing")]
    pub fn occupy(&self, command: &AccountCommand) -> Result<Permit, Reject> {
        let slot = command.slot().unwrap_or_else(|| self.topology.next_new_account_slot());
        self.admit(slot, command)
    }

    /// Asks an account's shard.
    ///
    /// # Errors
    /// A reject, or [`Reject::OutOfService`].
    pub async fn query(
        &self,
        account: AccountId,
        query: AccountQuery,
        span: Span,
    ) -> Result<AccountView, Reject> {
        let shard = self.topology.account_shard_of(account.slot());
        if self.topology.health.is_account_shard_down(shard) {
            return Err(Reject::OutOfService);
        }
        let (reply, answer) = oneshot::channel();
        self.topology.account_shard(account.slot()).do_send(Query { account, query, span, reply });
        answer.await.unwrap_or(Err(Reject::OutOfService))
    }

    /// Returns whether every account shard answers within this time.
    ///
    /// Shards of both kinds share threads, and an answer leaves behind what the journal has to release: a symbol shard
    /// that hangs in a turn, and a journal that hangs, are noticed too. A shard that is out of service is not waited
    /// for: it reports itself, and the others continue.
    pub async fn makes_progress(&self, patience: Duration) -> bool {
        // One account of each shard; whether it exists does not matter.
        let of_each = u64::from(SLOT_COUNT)..u64::from(SLOT_COUNT) + self.topology.accounts.len() as u64;
        let answers = of_each.map(|id| self.query(AccountId::new(id), AccountQuery::Account, Span::none()));
        timeout(patience, join_all(answers)).await.is_ok()
    }

    /// Queries the public market.
    ///
    /// # Errors
    /// [`Reject::UnknownSymbol`], or [`Reject::OutOfService`].
    pub async fn market(&self, query: MarketQuery) -> Result<MarketView, Reject> {
        self.topology.market.send(QueryMarket(query)).await.unwrap_or(Err(Reject::OutOfService))
    }
}
