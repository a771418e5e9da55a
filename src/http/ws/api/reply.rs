//! Replies of the WebSocket API.

use std::net::IpAddr;

use crate::http::{error::ApiError, json::Json, state::HttpState};

/// What a reply says besides its result.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// The request's id, as JSON.
    pub(super) id: String,
    /// Whose weight counts.
    pub(super) address: Option<IpAddr>,
    /// Whether it says what was used.
    pub(super) tells_limits: bool,
    /// The weight that was counted when the request came.
    pub(super) counted: u32,
}

impl Frame {
    /// Writes the reply to a request that was done. `engine_seq` is where a command became durable.
    pub(super) fn done(
        &self,
        state: &HttpState,
        status: u16,
        result: &str,
        engine_seq: Option<u64>,
        weight: u32,
    ) -> String {
        let mut json = Json::with_capacity(result.len() + 256);
        json.object(|json| {
            json.field("id").raw(&self.id);
            json.field("status").number(u64::from(status));
            json.field("result").raw(result);
            self.tail(json, state, engine_seq, weight);
        });
        json.finish()
    }

    /// Writes the reply to a request that was refused.
    pub(super) fn refused(
        &self,
        state: &HttpState,
        error: &ApiError,
        engine_seq: Option<u64>,
        weight: u32,
    ) -> String {
        let mut json = Json::with_capacity(320);
        json.object(|json| {
            json.field("id").raw(&self.id);
            json.field("status").number(u64::from(error.status().as_u16()));
            error.write(json.field("error"));
            self.tail(json, state, engine_seq, weight);
        });
        json.finish()
    }

    fn tail(&self, json: &mut Json, state: &HttpState, engine_seq: Option<u64>, weight: u32) {
        if let Some(position) = engine_seq {
            json.field("engineSeq").number(position);
        }
        if let Some(address) = self.address {
            state.rate_limits().settle(address, self.counted, weight, state.exchange().now());
        }
        if self.tells_limits {
            json.field("rateLimits").array(|json| {
                state.limits_of(self.address).for_each(|limit| limit.write(json.item()));
            });
        }
    }
}
