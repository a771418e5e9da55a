//! Stand-in until the shard is written.

use actix::prelude::*;

/// The Push shard.
#[derive(Debug)]
pub struct PushActor;

impl Actor for PushActor {
    type Context = Context<Self>;
}
use super::message::{AttachUser, OpenSession, Release, Subscribe, Unsubscribe};
macro_rules! ignore { ($($message:ty),*) => { $(impl Handler<$message> for PushActor { type Result = (); fn handle(&mut self, _: $message, _: &mut Context<Self>) {} })* } }
ignore!(AttachUser, OpenSession, Release, Subscribe, Unsubscribe);
