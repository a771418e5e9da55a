//! Replies of the WebSocket API.

use std::net::IpAddr;

use crate::{
    domain::orders::limits::OrderCounts,
    http::{
        limits::limiter::RateLimit,
        state::HttpState,
        wire::{error::ApiError, json::Json},
    },
};

/// What a request took, and where it became durable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    /// Its weight.
    pub(super) weight: u32,
    /// The position of the shard's journal that holds it, of a command.
    pub(super) engine_seq: Option<u64>,
    /// The account's unfilled orders, when it placed some.
    pub(super) counts: Option<OrderCounts>,
    /// From where on a list is whole, when it begins too early.
    pub(super) reach: Option<u64>,
    /// The last frame the history had taken in, when it answered.
    pub(super) history: Option<u64>,
}

impl Used {
    /// A request that only weighs.
    pub(super) const fn of(weight: u32) -> Self {
        Self { weight, engine_seq: None, counts: None, reach: None, history: None }
    }
}

/// What a reply says besides its result.
#[derive(Debug, Clone)]
pub(super) struct ReplyContext {
    /// The request's id, as JSON.
    pub(super) id: String,
    /// Whose weight counts.
    pub(super) address: Option<IpAddr>,
    /// Whether it says what was used.
    pub(super) returns_limits: bool,
    /// The weight that was counted when the request came.
    pub(super) counted: u32,
}

impl ReplyContext {
    /// Writes the reply to a request that was done.
    pub(super) fn done(&self, state: &HttpState, status: u16, result: &str, used: Used) -> String {
        let mut json = Json::with_capacity(result.len() + 256);
        json.object(|json| {
            json.field("id").raw(&self.id);
            json.field("status").number(u64::from(status));
            json.field("result").raw(result);
            self.tail(json, state, used);
        });
        json.finish()
    }

    /// Writes the reply to a request that was refused.
    pub(super) fn refused(&self, state: &HttpState, error: &ApiError, used: Used) -> String {
        let mut json = Json::with_capacity(320);
        json.object(|json| {
            json.field("id").raw(&self.id);
            json.field("status").number(u64::from(error.status().as_u16()));
            error.write(json.field("error"));
            self.tail(json, state, used);
        });
        json.finish()
    }

    fn tail(&self, json: &mut Json, state: &HttpState, used: Used) {
        if let Some(position) = used.engine_seq {
            json.field("engineSeq").number(position);
        }
        if let Some(reach) = used.reach {
            json.field("reach").number(reach);
        }
        if let Some(sequence) = used.history {
            json.field("historySeq").number(sequence);
        }
        if let Some(address) = self.address {
            state.rate_limits().settle(address, self.counted, used.weight, state.exchange().now());
        }
        if self.returns_limits {
            let limits = state.exchange().instruments().order_limits();
            let orders = used.counts.map(|counts| RateLimit::orders(limits, Some(counts)));
            let limits = orders.into_iter().flatten().chain(state.limits_of(self.address));
            json.field("rateLimits").array(|json| limits.for_each(|limit| limit.write(json.item())));
        }
    }
}
