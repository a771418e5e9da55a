//! Telling neighbouring shards the results of a turn: one message per shard concerned.

use std::time::Instant;

use actix::prelude::*;

use super::message::{Applied, Deliver, Traced};
use crate::domain::id::SlotId;

/// Sends each shard what is meant for it, messages first, and leaves the buffers empty.
pub(super) fn deliver<A, B>(
    shards: &[Addr<A>],
    outgoing: &mut [Vec<Traced<B>>],
    applied: &mut [Vec<(SlotId, SlotId, u64)>],
) where
    A: Actor<Context = Context<A>> + Handler<Deliver<B>> + Handler<Applied>,
    B: Send + 'static,
{
    let sent = Instant::now();
    for (messages, shard) in outgoing.iter_mut().zip(shards) {
        if !messages.is_empty() {
            // The next turn will tell about as much.
            let messages = std::mem::replace(messages, Vec::with_capacity(messages.len()));
            shard.do_send(Deliver { messages, sent });
        }
    }
    for (watermarks, shard) in applied.iter_mut().zip(shards) {
        if !watermarks.is_empty() {
            shard.do_send(Applied { watermarks: std::mem::take(watermarks) });
        }
    }
}
