//! `POST /x/v1/cancelAllAfter`: cancels the open orders of a client that does not call again in time.

use crate::{
    domain::messages::command::{AccountCommand, Answer, CancelAllAfter},
    http::{
        routing::request_context::{Reply, RequestContext, mismatched},
        wire::error::{ApiError, Operation},
    },
};

/// Restarts the countdown; 0 stops it.
pub(crate) async fn set(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let name = "countdownTime";
    let millis = call.params.integer(name)?.ok_or_else(|| ApiError::missing_parameter(name))?;
    let after_micros = millis.checked_mul(1_000).ok_or_else(|| ApiError::overflow(name))?;
    let after_micros = (after_micros > 0).then_some(after_micros);
    let command = CancelAllAfter { account: call.account()?, after_micros };
    match call.command(AccountCommand::CancelAllAfter(command), Operation::Cancel).await? {
        Answer::CountdownSet(at) => Ok(Reply::write(96, |json| {
            json.object(|json| {
                json.field(name).number(millis);
                match at {
                    Some(at) => json.field("cancelTime").number(call.unit.of(at)),
                    None => json.field("cancelTime").raw("null"),
                }
            });
        })),
        _ => Err(mismatched()),
    }
}
