//! Stand-in until the shard is written.

use actix::prelude::*;

/// The MarketData shard.
#[derive(Debug)]
pub struct MarketDataActor;

impl Actor for MarketDataActor {
    type Context = Context<Self>;
}
use super::message::{MarketView, QueryMarket};
use crate::domain::reject::Reject;
impl Handler<QueryMarket> for MarketDataActor {
    type Result = Result<MarketView, Reject>;
    fn handle(&mut self, _: QueryMarket, _: &mut Context<Self>) -> Self::Result {
        Err(Reject::OutOfService)
    }
}
