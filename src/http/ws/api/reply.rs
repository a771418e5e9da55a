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

/// The use of limits by a request, and the position at which it is durable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    /// Its weight.
    pub(super) weight: u32,
    /// The journal position of a command.
    pub(super) engine_seq: Option<u64>,
    /// The account's count of unfilled orders, after it placed some.
    pub(super) counts: Option<OrderCounts>,
    /// The id or time from which a truncated list is complete.
    pub(super) reach: Option<u64>,
    /// The last frame the history had ingested, when it answered.
    pub(super) history: Option<u64>,
}

impl Used {
    /// Returns the use of a request that only has weight.
    pub(super) const fn of(weight: u32) -> Self {
        Self { weight, engine_seq: None, counts: None, reach: None, history: None }
    }
}

/// The parts of a reply besides its result.
#[derive(Debug, Clone)]
pub(super) struct ReplyContext {
    /// The request's id, as JSON.
    pub(super) id: String,
    /// The address whose weight is reported.
    pub(super) address: Option<IpAddr>,
    /// Whether it reports the limits' use.
    pub(super) returns_limits: bool,
    /// The weight counted when the request arrived.
    pub(super) counted: u32,
}

impl ReplyContext {
    /// Writes the reply to a successful request.
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

    /// Writes the reply to a refused request.
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
