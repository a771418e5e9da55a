//! Stand-in until the shard is written.

use actix::prelude::*;

/// The Symbol shard.
#[derive(Debug)]
pub struct SymbolActor;

impl Actor for SymbolActor {
    type Context = Context<Self>;
}
