//! Messages to and between shards.

use std::{sync::Arc, time::Instant};

use actix::prelude::*;
use tokio::sync::oneshot;
use tracing::Span;

use super::push::{EventEnvelope, SessionId};
use crate::{
    actors::{gate::Permit, topology::Topology},
    domain::{
        account::{AccountQuery, AccountView, Details},
        messages::{
            command::{AccountCommand, Answer, IdempotencyKey},
            message::Envelope,
            reject::Reject,
        },
        types::{
            id::{AccountId, SlotId},
            time::Timestamp,
        },
    },
};

/// Where a query's answer goes. When it is dropped unanswered, the waiting side sees that the shard is out of service.
pub type ReplyHandle<T> = oneshot::Sender<Result<T, Reject>>;

/// The answer to a command, and the position that made it durable
/// ([`DurableWatermark`](crate::actors::DurableWatermark)).
#[derive(Debug)]
pub struct Acknowledgement {
    /// The answer.
    pub answer: Result<Answer, Reject>,
    /// What the reply shows in addition, if anything.
    pub details: Option<Box<Details>>,
    /// A read that waits for this position shows what the command did.
    pub position: u64,
    /// The span of its way to the client, if the request is traced.
    pub span: Span,
}

impl Acknowledgement {
    /// Ends the span: the answer has been received.
    pub(in crate::actors) fn received(&self) {
        self.span.in_scope(|| ());
    }
}

/// Http to account: a command that holds a permit of its shard until it is answered (`PlaceOrder`,
/// `CancelOrder`, `AmendOrder`, `ReplaceOrder`, `CancelAll`, `Deposit`, `Withdraw`, `CreateAccount`, …: the
/// variants of [`AccountCommand`]).
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Admitted(pub Box<AdmittedCommand>);

/// An admitted command. Boxed in its message: it is large, and passes two queues.
#[derive(Debug)]
pub struct AdmittedCommand {
    /// The account slot.
    pub slot: SlotId,
    /// The command.
    pub command: AccountCommand,
    /// Makes it safe to send an order again.
    pub key: Option<IdempotencyKey>,
    /// Whether the command is rejected when the account has an owner: its sender gave no credentials.
    pub only_unowned: bool,
    /// The latest time the shard may still handle it (`recvWindow` is checked again before the engine).
    pub deadline: Option<Timestamp>,
    /// The request's span.
    pub span: Span,
    /// Held until the final answer, so that a dropped request cannot leak capacity.
    pub permit: Permit,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Acknowledgement>,
    /// When it was admitted.
    pub entered: Instant,
}

/// Http to account: a query.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Query {
    /// Whose account.
    pub account: AccountId,
    /// The query.
    pub query: AccountQuery,
    /// The request's span.
    pub span: Span,
    /// Where the answer goes.
    pub reply: ReplyHandle<AccountView>,
}

/// Shard to shard: messages between slots (`SubmitOrder`, `TradeExecuted`, `OrderUpdated`, …), in order, those
/// of one turn together. `sent` is when, for the latency of the hop.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Deliver<B: Send + 'static> {
    /// The messages, each with the span of what caused it.
    pub messages: Vec<Traced<B>>,
    /// When the turn ended.
    pub sent: Instant,
    /// Held until all of them are handled, if they belong to a cascade's step.
    pub step: Option<Arc<Step>>,
}

/// A step of a cascade under way: shared by its messages to each shard. Dropping the last of them, whatever the reason,
/// lets the symbol shard take the next step.
#[derive(Debug)]
pub struct Step(pub Recipient<StepSettled>);

impl Drop for Step {
    fn drop(&mut self) {
        self.0.do_send(StepSettled);
    }
}

/// Account to symbol: the last step of your cascades is settled by every shard it concerned.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct StepSettled;

/// A message between slots with the span of what caused it.
#[derive(Debug)]
pub struct Traced<B> {
    /// The message.
    pub envelope: Envelope<B>,
    /// The span of the step that sent it.
    pub span: Span,
}

/// Receiver to sender slot: applied up to these sequences; the sender trims its outboxes.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Ack {
    /// For each: the receiving slot, the sending slot, and the last sequence applied.
    pub watermarks: Vec<(SlotId, SlotId, u64)>,
}

/// Push to account: a session subscribes to this account's events; answer with where they start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct SubscribeEvents {
    /// Whose events.
    pub account: AccountId,
    /// Which session.
    pub session: SessionId,
    /// Which of its subscriptions.
    pub envelope: EventEnvelope,
    /// The last event it has: those after it are sent; by default the last there is.
    pub after: Option<u64>,
}

/// Push to account: no session is subscribed to this account's events any more.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct UnsubscribeEvents(pub AccountId);

/// App to shard: answer when everything before this has been processed.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Drain(pub oneshot::Sender<()>);

/// App to shard: the sum of the state hashes of your slots, when everything before this has been processed.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct StateHash(pub oneshot::Sender<u128>);

/// App to every actor, once all have started: the addresses of the others. No other message precedes it.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct SetTopology(pub Arc<Topology>);

/// Symbol to every account shard: this symbol shard is out of service and answers nothing any more.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct SymbolShardLost(pub usize);

/// Test to shard: fail as a broken invariant would.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Crash;
