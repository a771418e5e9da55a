//! Telling neighbouring shards the results of a turn: one message per shard concerned.

use std::{sync::Arc, time::Instant, vec};

use actix::prelude::*;

use super::message::{Applied, Deliver, Step, Traced};
use crate::domain::types::id::SlotId;

/// What is left of the messages of one turn of another shard.
#[derive(Debug)]
pub(super) struct Delivered<B> {
    messages: vec::IntoIter<Traced<B>>,
    /// When that turn ended.
    pub(super) sent: Instant,
    /// Dropped with the last of them.
    _step: Option<Arc<Step>>,
}

impl<B: Send> From<Deliver<B>> for Delivered<B> {
    fn from(deliver: Deliver<B>) -> Self {
        let Deliver { messages, sent, step } = deliver;
        Self { messages: messages.into_iter(), sent, _step: step }
    }
}

impl<B> Iterator for Delivered<B> {
    type Item = Traced<B>;

    fn next(&mut self) -> Option<Traced<B>> {
        self.messages.next()
    }
}

/// Sends each shard what is meant for it, messages first, and leaves the buffers empty. `step` is the step of a cascade
/// that is among it.
pub(super) fn deliver<A, B>(
    shards: &[Addr<A>],
    outgoing: &mut [Vec<Traced<B>>],
    applied: &mut [Vec<(SlotId, SlotId, u64)>],
    step: Option<&Arc<Step>>,
) where
    A: Actor<Context = Context<A>> + Handler<Deliver<B>> + Handler<Applied>,
    B: Send + 'static,
{
    let sent = Instant::now();
    for (messages, shard) in outgoing.iter_mut().zip(shards) {
        if !messages.is_empty() {
            // The next turn will tell about as much.
            let messages = std::mem::replace(messages, Vec::with_capacity(messages.len()));
            shard.do_send(Deliver { messages, sent, step: step.cloned() });
        }
    }
    for (watermarks, shard) in applied.iter_mut().zip(shards) {
        if !watermarks.is_empty() {
            shard.do_send(Applied { watermarks: std::mem::take(watermarks) });
        }
    }
}
