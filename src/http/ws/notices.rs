//! Unsolicited frames, and errors for private events that cannot be delivered.

use crate::{
    actors::message::NotListening,
    domain::{account::Gap, types::time::Timestamp},
    http::wire::{
        error::{ApiError, Operation},
        json::Json,
        time_unit::TimeUnit,
    },
};

/// Returns the error for a client whose subscription to private events failed.
pub(in crate::http) fn not_listening(error: &NotListening) -> ApiError {
    match error {
        NotListening::Gap(gap) => gap_error(*gap),
        NotListening::Refused(reject) => ApiError::refused(*reject, Operation::Query),
    }
}

/// Returns the error for a client that asked for events that are not available.
pub(in crate::http) fn gap_error(gap: Gap) -> ApiError {
    match gap {
        Gap::Gone { oldest } => ApiError::events_gone().with_data(format!("{{\"oldestSeq\":{oldest}}}")),
        Gap::Ahead { last } => ApiError::events_ahead().with_data(format!("{{\"lastSeq\":{last}}}")),
    }
}

/// Returns the same as a frame of the page's stream.
pub(super) fn page_not_attached(error: &NotListening) -> String {
    let mut json = Json::with_capacity(160);
    json.object(|json| {
        json.field("stream").text("user");
        json.field("data").object(|json| not_listening(error).write(json.field("error")));
    });
    json.finish()
}

/// Returns the frame that announces the end of a subscription.
pub(super) fn terminated(subscription: u16, now: Timestamp, unit: TimeUnit) -> String {
    let mut json = Json::with_capacity(96);
    json.object(|json| {
        json.field("subscriptionId").number(u64::from(subscription));
        json.field("event").object(|json| {
            json.field("e").text("eventStreamTerminated");
            json.field("E").number(unit.of(now));
        });
    });
    json.finish()
}
