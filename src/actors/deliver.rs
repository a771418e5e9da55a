//! Sends the results of a turn to neighbouring shards: one message per shard concerned.

use std::{sync::Arc, time::Instant, vec};

use actix::prelude::*;

use super::message::{Ack, Deliver, Step, Traced};
use crate::domain::types::id::SlotId;

/// The rest of the messages of one turn of another shard.
#[derive(Debug)]
pub(super) struct Delivered<B> {
    messages: vec::IntoIter<Traced<B>>,
    /// When that turn ended.
    pub(super) sent: Instant,
    /// Whether one of them has been handled.
    pub(super) is_started: bool,
    /// Dropped with the last of them.
    _step: Option<Arc<Step>>,
}

impl<B: Send> From<Deliver<B>> for Delivered<B> {
    fn from(deliver: Deliver<B>) -> Self {
        let Deliver { messages, sent, step } = deliver;
        Self { messages: messages.into_iter(), sent, is_started: false, _step: step }
    }
}

impl<B> Delivered<B> {
    /// Returns the messages not handled yet.
    pub(super) fn rest(&self) -> &[Traced<B>] {
        self.messages.as_slice()
    }
}

impl<B> Iterator for Delivered<B> {
    type Item = Traced<B>;

    fn next(&mut self) -> Option<Traced<B>> {
        self.is_started = true;
        self.messages.next()
    }
}

/// The messages of a turn to the shards of the other kind, one entry a shard.
#[derive(Debug)]
pub struct Outgoing<B> {
    messages: Vec<Vec<Traced<B>>>,
    applied: Vec<Vec<(SlotId, SlotId, u64)>>,
}

impl<B> Default for Outgoing<B> {
    fn default() -> Self {
        Self { messages: Vec::new(), applied: Vec::new() }
    }
}

impl<B: Send + 'static> Outgoing<B> {
    /// Makes room for `shards` shards.
    pub(super) fn resize(&mut self, shards: usize) {
        self.messages.resize_with(shards, Vec::new);
        self.applied.resize_with(shards, Vec::new);
    }

    /// Adds a message to shard `shard`.
    pub(super) fn push(&mut self, shard: usize, message: Traced<B>) {
        self.messages[shard].push(message);
    }

    /// Adds a watermark for shard `shard`: the receiving slot, the sending slot, the last sequence applied.
    pub(super) fn applied(&mut self, shard: usize, watermark: (SlotId, SlotId, u64)) {
        self.applied[shard].push(watermark);
    }

    /// Sends each shard its messages, then its watermarks, and leaves the buffers empty. `step` is the step of a
    /// cascade that is among them, `sent` the time.
    pub(super) fn send<A>(&mut self, shards: &[Addr<A>], step: Option<&Arc<Step>>, sent: Instant)
    where
        A: Actor<Context = Context<A>> + Handler<Deliver<B>> + Handler<Ack>,
    {
        for (messages, shard) in self.messages.iter_mut().zip(shards) {
            if !messages.is_empty() {
                // The next turn will send about as much.
                let messages = std::mem::replace(messages, Vec::with_capacity(messages.len()));
                shard.do_send(Deliver { messages, sent, step: step.cloned() });
            }
        }
        for (watermarks, shard) in self.applied.iter_mut().zip(shards) {
            if !watermarks.is_empty() {
                shard.do_send(Ack { watermarks: std::mem::take(watermarks) });
            }
        }
    }
}
