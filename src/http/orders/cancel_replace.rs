//! `POST /api/v3/order/cancelReplace`: two outcomes in one reply.

use super::{
    reply::Printer,
    request::{cancel_restriction, client_order_id, new_order, order_ref, response_kind},
};
use crate::{
    domain::{
        account::Details,
        change_log::words::Word,
        messages::{
            command::{AccountCommand, Answer, ReplaceMode, ReplaceOrder, Replaced},
            reject::Reject,
        },
        orders::{Fill, Order, limits::OrderCounts},
        types::id::ClientOrderId,
    },
    http::{
        routing::request_context::{Reply, RequestContext, mismatched},
        wire::{
            correction,
            error::{ApiError, Operation},
            json::Json,
            names::ResponseKind,
        },
    },
};

type Placed = Result<(Order, Vec<Fill>), Reject>;

/// Cancels one order and places another.
pub(crate) async fn cancel_replace(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let mode = ReplaceMode::of_word(call.params.required("cancelReplaceMode")?)
        .ok_or_else(|| ApiError::invalid("cancelReplaceMode"))?;
    let order = new_order(call, spec)?;
    let cancels_when_limited = match call.params.optional("orderRateLimitExceededMode")? {
        None | Some("DO_NOTHING") => false,
        Some("CANCEL_ONLY") => true,
        Some(_) => return Err(ApiError::invalid("orderRateLimitExceededMode")),
    };
    let command = ReplaceOrder {
        cancel: order_ref(call, "cancelOrderId", "cancelOrigClientOrderId")?,
        restriction: cancel_restriction(call)?,
        mode,
        order,
        cancels_when_limited,
    };
    let cancel_id = client_order_id(call, "cancelNewClientOrderId")?;
    let kind = response_kind(&call.params, order.kind)?;
    match call.detailed_command(AccountCommand::Replace(Box::new(command)), Operation::Place).await? {
        (Answer::Replaced(replaced), details) => {
            let Replaced { cancelled, placed, counts } = *replaced;
            let printer = Printer { spec, unit: call.unit };
            let both = Both { printer, cancelled, cancel_id, placed, details, kind, mode, counts };
            if both.succeeded() {
                call.weigh(0);
            }
            both.reply()
        }
        _ => Err(mismatched()),
    }
}

/// Both halves and how to print them.
struct Both<'a> {
    printer: Printer<'a>,
    cancelled: Result<Order, Reject>,
    cancel_id: Option<ClientOrderId>,
    placed: Option<Placed>,
    details: Details,
    kind: ResponseKind,
    mode: ReplaceMode,
    counts: OrderCounts,
}

impl Both<'_> {
    fn succeeded(&self) -> bool {
        self.cancelled.is_ok() && matches!(self.placed, Some(Ok(_)))
    }

    fn reply(&self) -> Result<Reply, ApiError> {
        let mut json = Json::with_capacity(1_536);
        self.write(&mut json);
        let text = json.finish();
        match (&self.cancelled, &self.placed) {
            (Ok(_), Some(Ok(_))) => Ok(Reply { counts: Some(self.counts), ..Reply::json(text) }),
            (Ok(_), Some(Err(Reject::TooManyOrders { wait_seconds, .. })))
                if self.mode == ReplaceMode::StopOnFailure =>
            {
                Err(ApiError::replace_limited(*wait_seconds).with_data(text))
            }
            (Err(_), Some(Err(_)) | None) => Err(ApiError::replace_failed().with_data(text)),
            _ => Err(ApiError::replace_partly_failed().with_data(text)),
        }
    }

    fn write(&self, json: &mut Json) {
        let word = |ok: bool| if ok { "SUCCESS" } else { "FAILURE" };
        let placed = self.placed.as_ref();
        json.object(|json| {
            json.field("cancelResult").text(word(self.cancelled.is_ok()));
            json.field("newOrderResult").text(placed.map_or("NOT_ATTEMPTED", |placed| word(placed.is_ok())));
            json.field("cancelResponse");
            match &self.cancelled {
                Ok(order) => self.printer.cancelled(json, order, self.cancel_id),
                Err(reject) => ApiError::refused(*reject, Operation::Cancel).write(json),
            }
            json.field("newOrderResponse");
            match placed {
                Some(Ok((order, fills))) => {
                    self.printer.placed(json, order, (fills, &self.details.prevented), self.kind);
                }
                Some(Err(reject)) => {
                    let correction = self.details.correction.as_ref();
                    correction::refused(*reject, Operation::Place, correction).write(json);
                }
                None => json.raw("null"),
            }
        });
    }
}
