//! The errors clients receive: a reply with the exchange's code, or a status.

use tonic::{Code, Status, metadata::MetadataValue};

use super::schema::{GetAccountResponse, GetOrderBookResponse, OrderResponse, TransferResponse};
use crate::http::ApiError;

/// The metadata that carries the exchange's code beside a status.
const CODE: &str = "lightning-code";
/// The metadata with the seconds to wait before a retry.
const RETRY_AFTER: &str = "retry-after";
/// The message of successful replies.
const SUCCESS: &str = "Success";
/// Events that are no longer kept, or have not happened.
const OUT_OF_RANGE: [i32; 2] = [-93_002, -93_003];

/// A reply with an outcome.
pub(super) trait Outcome: Default {
    /// Sets code and message.
    fn set(&mut self, code: i32, message: String);

    /// Marks it successful.
    #[must_use]
    fn success(mut self) -> Self {
        self.set(0, SUCCESS.to_owned());
        self
    }
}

macro_rules! outcomes {
    ($($reply:ty),*) => {
        $(impl Outcome for $reply {
            fn set(&mut self, code: i32, message: String) {
                (self.code, self.message) = (Some(code), message);
            }
        })*
    };
}

outcomes!(GetAccountResponse, GetOrderBookResponse, OrderResponse, TransferResponse);

/// Converts a refusal by a rule into a reply, any other into a status.
///
/// # Errors
/// The status.
pub(super) fn reply<R: Outcome>(error: &ApiError) -> Result<R, Status> {
    match code(error) {
        Some(code) => Err(status(code, error)),
        None => {
            let mut reply = R::default();
            reply.set(error.code(), error.to_string());
            Ok(reply)
        }
    }
}

/// Converts the refusal of a stream into a status: there is no reply that could carry its code.
pub(super) fn of_stream(error: &ApiError) -> Status {
    let of_rule = if OUT_OF_RANGE.contains(&error.code()) { Code::OutOfRange } else { Code::InvalidArgument };
    status(code(error).unwrap_or(of_rule), error)
}

/// Converts a fault of a caller's proof into a status.
pub(super) fn of_caller(error: &ApiError) -> Status {
    status(code(error).unwrap_or(Code::Unauthenticated), error)
}

/// Returns the status of a refusal by no rule, derived from its REST status.
fn code(error: &ApiError) -> Option<Code> {
    Some(match error.status().as_u16() {
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        421 => Code::FailedPrecondition,
        418 | 429 => Code::ResourceExhausted,
        500 => Code::Internal,
        503 => Code::Unavailable,
        504 => Code::DeadlineExceeded,
        _ => return None,
    })
}

fn status(code: Code, error: &ApiError) -> Status {
    let mut status = Status::new(code, error.to_string());
    status.metadata_mut().insert(CODE, MetadataValue::from(error.code()));
    if let Some(seconds) = error.retry_after_seconds() {
        status.metadata_mut().insert(RETRY_AFTER, MetadataValue::from(seconds));
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::messages::reject::{Filter, Reject},
        http::Operation,
    };

    #[test]
    fn a_rule_refuses_with_a_reply_and_everything_else_with_a_status() {
        let place = |reject| reply::<OrderResponse>(&ApiError::refused(reject, Operation::Place));
        for (reject, code) in [
            (Reject::InsufficientBalance, -2010),
            (Reject::Halted, -2010),
            (Reject::Filter(Filter::LotSize), -1013),
        ] {
            assert_eq!(place(reject).unwrap().code, Some(code), "{reject}");
        }
        for (reject, code) in [
            (Reject::Busy, Code::Unavailable),
            (Reject::Stopping, Code::Unavailable),
            (Reject::IdsExhausted, Code::Internal),
        ] {
            assert_eq!(place(reject).unwrap_err().code(), code, "{reject}");
        }
        let limited = reply::<OrderResponse>(&ApiError::too_many_requests(7)).unwrap_err();
        assert_eq!(limited.code(), Code::ResourceExhausted);
        assert_eq!(limited.metadata().get(CODE).unwrap(), "-1003");
        assert_eq!(limited.metadata().get(RETRY_AFTER).unwrap(), "7");
        assert_eq!(reply::<OrderResponse>(&ApiError::timeout()).unwrap_err().code(), Code::DeadlineExceeded);
    }

    #[test]
    fn a_stream_has_only_statuses_and_so_has_who_cannot_prove_himself() {
        assert_eq!(of_stream(&ApiError::symbol()).code(), Code::InvalidArgument);
        assert_eq!(of_stream(&ApiError::events_gone()).code(), Code::OutOfRange);
        assert_eq!(of_stream(&ApiError::stopping()).code(), Code::Unavailable);
        assert_eq!(of_caller(&ApiError::bad_signature()).code(), Code::Unauthenticated);
        assert_eq!(of_caller(&ApiError::forbidden()).code(), Code::PermissionDenied);
    }
}
