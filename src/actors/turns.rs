//! Bounded turns: why one busy shard cannot starve its neighbours.
//!
//! actix empties a mailbox before it lets another actor of the same arbiter run. So handlers only queue, which
//! is cheap, and the work is done here: at most a batch, then the arbiter goes round.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use actix::prelude::*;

use crate::domain::messages::reject::Fault;

/// An actor that works in turns.
pub(super) trait InTurns: Actor {
    /// Does at most one batch; `true` when there is more to do.
    fn turn(&mut self) -> Result<bool, Fault>;

    /// Stops serving for good: the state may be half changed.
    fn poison(&mut self, fault: &Fault);
}

/// The future that drives an actor's turns for as long as it lives. It is polled whenever the actor is, after
/// the mailbox.
#[derive(Debug)]
pub(super) struct Turns;

impl<A: InTurns> ActorFuture<A> for Turns {
    type Output = ();

    fn poll(self: Pin<&mut Self>, actor: &mut A, _: &mut A::Context, task: &mut Context<'_>) -> Poll<()> {
        let turn = catch_unwind(AssertUnwindSafe(|| actor.turn()));
        let turn = turn.unwrap_or_else(|panic| Err(Fault::new(describe(panic.as_ref()))));
        match turn {
            Ok(true) => task.waker().wake_by_ref(),
            Ok(false) => {}
            Err(fault) => actor.poison(&fault),
        }
        Poll::Pending
    }
}

fn describe(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_else(|| "without a message".to_owned()))
}
