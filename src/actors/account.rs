//! Stand-in until the shard is written.

use actix::prelude::*;

/// The Account shard.
#[derive(Debug)]
pub struct AccountActor;

impl Actor for AccountActor {
    type Context = Context<Self>;
}
use super::message::{Admitted, Query};
impl Handler<Admitted> for AccountActor {
    type Result = ();
    fn handle(&mut self, _: Admitted, _: &mut Context<Self>) {}
}
impl Handler<Query> for AccountActor {
    type Result = ();
    fn handle(&mut self, _: Query, _: &mut Context<Self>) {}
}
