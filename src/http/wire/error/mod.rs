//! The errors clients receive: the one place where refusals become wire codes, texts and statuses. Clients match on the
//! texts, so they are part of the contract.

mod connection;
mod detail;

use std::borrow::Cow;

use actix_web::http::StatusCode;

use super::{json::Json, names::order_interval};
use crate::domain::{
    messages::reject::{Parameter, Reject},
    types::time::Timestamp,
};

/// The operation in progress; the same refusal has different codes for different operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Placing an order, or testing one.
    Place,
    /// Cancelling.
    Cancel,
    /// Amending.
    Amend,
    /// Reading.
    Query,
    /// An operator's command.
    Operate,
}

/// A refusal as it appears on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    status: StatusCode,
    code: i32,
    message: Cow<'static, str>,
    retry_after_seconds: Option<u32>,
    data: Option<String>,
    reject: Option<Reject>,
}

const DECIMAL: &str = r"^([0-9]{1,20})(\.[0-9]{1,20})?$";

macro_rules! fixed {
    ($($(#[$meta:meta])* $name:ident: $status:ident $code:literal $message:literal;)*) => {
        $($(#[$meta])* pub const fn $name() -> Self { Self::new(StatusCode::$status, $code, $message) })*
    };
}

impl ApiError {
    const fn new(status: StatusCode, code: i32, message: &'static str) -> Self {
        let message = Cow::Borrowed(message);
        Self { status, code, message, retry_after_seconds: None, data: None, reject: None }
    }

    const fn bad(code: i32, message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    const fn with_text(code: i32, message: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message: Cow::Owned(message),
            retry_after_seconds: None,
            data: None,
            reject: None,
        }
    }

    fixed! {
        /// An internal fault.
        internal: INTERNAL_SERVER_ERROR -1000 "An unknown error occurred while processing the request.";
        /// A shard is out of service.
        disconnected: SERVICE_UNAVAILABLE -1001 "Internal error; unable to process your request. Please try again.";
        /// No token, or a wrong one.
        unauthorized: UNAUTHORIZED -1002 "You are not authorized to execute this request.";
        /// A page of another origin, or no CSRF token.
        forbidden: FORBIDDEN -1002 "You are not authorized to execute this request.";
        /// A wrong name or a wrong password; the text does not distinguish them.
        wrong_password: UNAUTHORIZED -1002 "The name or the password is wrong.";
        /// No answer in time; the outcome is unknown.
        timeout: GATEWAY_TIMEOUT -1007 "Timeout waiting for response from backend server. Send status unknown; execution status unknown.";
        /// The exchange is stopping.
        stopping: SERVICE_UNAVAILABLE -1016 "This service is no longer available.";
        /// The address has as many sessions as it may.
        too_many_sessions: TOO_MANY_REQUESTS -1003 "Too many sessions from your address; sign out of one and try again.";
        /// The request names no host, or several: own code.
        host_malformed: BAD_REQUEST -95001 "The Host header names no host; send one, with the name and port you connect to.";
        /// The host is not served here: own code.
        misdirected: MISDIRECTED_REQUEST -95002 "This host is not served here; connect by a name of this machine, or add yours to [server] hosts.";
        /// Only an account without an owner may be used without credentials.
        account_owned: UNAUTHORIZED -1002 "This account has an owner; send an API key, a session or the operator's token.";
        /// Permanently out of service.
        gone: GONE -1016 "This service is no longer available.";
        /// The path has no such method.
        method_not_allowed: METHOD_NOT_ALLOWED -1020 "This operation is not supported.";
        /// No such path.
        not_found: NOT_FOUND -1020 "This operation is not supported.";
        /// The path speaks WebSocket.
        upgrade_required: UPGRADE_REQUIRED -1020 "This operation is not supported.";
        /// The body is truncated.
        body_broken: BAD_REQUEST -1000 "An unknown error occurred while processing the request.";
        /// The timestamp is older than the window.
        outside_window: BAD_REQUEST -1021 "Timestamp for this request is outside of the recvWindow.";
        /// The timestamp is a second or more ahead.
        ahead_of_time: BAD_REQUEST -1021 "Timestamp for this request was 1000ms ahead of the server's time.";
        /// The signature does not verify.
        bad_signature: BAD_REQUEST -1022 "Signature for this request is not valid.";
        /// Not UTF-8.
        illegal_characters: BAD_REQUEST -1100 "Illegal characters found in a parameter.";
        /// A name twice in one place.
        duplicate_parameter: BAD_REQUEST -1101 "Duplicate values for a parameter detected.";
        /// Not GTC, IOC, FOK or GTD.
        time_in_force: BAD_REQUEST -1115 "Invalid timeInForce.";
        /// Not a type offered.
        order_type: BAD_REQUEST -1116 "Invalid orderType.";
        /// Neither BUY nor SELL.
        side: BAD_REQUEST -1117 "Invalid side.";
        /// Not one of the sixteen.
        interval: BAD_REQUEST -1120 "Invalid interval.";
        /// No such symbol.
        symbol: BAD_REQUEST -1121 "Invalid symbol.";
        /// A day at most.
        interval_too_long: BAD_REQUEST -1127 "More than 24 hours between startTime and endTime.";
        /// Parameters that exclude each other.
        combination: BAD_REQUEST -1128 "Combination of optional parameters invalid.";
        /// The window is longer than a minute.
        window_too_long: BAD_REQUEST -1131 "recvWindow must be less than 60000.";
        /// Outside the range strategies may use.
        strategy_type: BAD_REQUEST -1134 "`strategyType` was less than 1000000.";
        /// The body is not the expected JSON.
        json: BAD_REQUEST -1135 "Invalid JSON Request";
        /// The body is not a JSON object.
        no_json_object: BAD_REQUEST -1135 "Invalid JSON Request: the body must be a JSON object.";
        /// Neither FULL nor MINI.
        ticker_type: BAD_REQUEST -1139 "Invalid ticker type.";
        /// Neither restriction.
        cancel_restrictions: BAD_REQUEST -1145 "`cancelRestrictions` has to be either `ONLY_NEW` or `ONLY_PARTIALLY_FILLED`.";
        /// Not a type orders of a pair may have.
        pair_type: BAD_REQUEST -1158 "Order type not supported in OCO.";
        /// A maker leg of a buying pair above the market.
        buy_limit_above: BAD_REQUEST -1165 "A limit order in a buy OCO must be below.";
        /// A maker leg of a selling pair below the market.
        sell_limit_below: BAD_REQUEST -1166 "A limit order in a sell OCO must be above.";
        /// A pair without a conditional leg.
        pair_of_limits: BAD_REQUEST -1168 "At least one OCO order must be contingent.";
        /// A stop loss of a buying pair below the market.
        buy_stop_below: BAD_REQUEST -1196 "A stop loss order in a buy OCO must be above.";
        /// A stop loss of a selling pair above the market.
        sell_stop_above: BAD_REQUEST -1197 "A stop loss order in a sell OCO must be below.";
        /// A take profit of a buying pair above the market.
        buy_gain_above: BAD_REQUEST -1198 "A take profit order in a buy OCO must be below.";
        /// A take profit of a selling pair below the market.
        sell_gain_below: BAD_REQUEST -1199 "A take profit order in a sell OCO must be above.";
        /// A symbol twice in a list.
        duplicate_symbol: BAD_REQUEST -1151 "Symbol is present multiple times in the list.";
        /// The symbol has another status.
        symbol_status: BAD_REQUEST -1220 "The symbol's status does not match the requested symbolStatus.";
        /// No symbol has one.
        no_reference_price: BAD_REQUEST -2043 "This symbol doesn't have a reference price.";
        /// Neither unit.
        time_unit: BAD_REQUEST -1194 "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.";
        /// Not 64 letters and digits.
        key_format: UNAUTHORIZED -2014 "API-key format invalid.";
        /// An unknown key, or one without this permission.
        key_refused: UNAUTHORIZED -2015 "Invalid API-key, IP, or permissions for action.";
        /// One half of a cancel-replace failed.
        replace_partly_failed: CONFLICT -2021 "Order cancel-replace partially failed.";
        /// A cancel-replace failed.
        replace_failed: BAD_REQUEST -2022 "Order cancel-replace failed.";
        /// The connection is already subscribed to this account.
        subscription_active: BAD_REQUEST -2035 "User Data Stream subscription already active.";
        /// The connection has no such subscription.
        subscription_inactive: BAD_REQUEST -2036 "User Data Stream subscription not active.";
        /// The position asked for was not reached in time: own code, outside Binance's range.
        not_reached: SERVICE_UNAVAILABLE -93001 "The exchange has not reached minSeq yet.";
        /// The requested events are no longer kept: own code.
        events_gone: BAD_REQUEST -93002 "Events after fromSeq are no longer kept; read the account again and go on from its last event.";
        /// The requested events have not happened yet: own code.
        events_ahead: BAD_REQUEST -93003 "fromSeq is after the account's last event.";
        /// More simultaneous requests than one connection may have: own text.
        too_many_at_once: TOO_MANY_REQUESTS -1003 "Too many requests queued.";
        /// More subscriptions than one connection may have: own code.
        too_many_subscriptions: BAD_REQUEST -93004 "More subscriptions than one connection may have.";
    }

    /// -1100, naming the parameter and its valid range.
    pub fn illegal(name: &str, range: &str) -> Self {
        Self::with_text(
            -1100,
            format!("Illegal characters found in parameter '{name}'; legal range is '{range}'."),
        )
    }

    /// -1101: more parameters than any endpoint has.
    pub fn too_many_parameters(expected: usize) -> Self {
        let received = expected + 1;
        Self::with_text(
            -1101,
            format!("Too many parameters; expected '{expected}' and received '{received}'."),
        )
    }

    /// -1102: a mandatory parameter is missing.
    pub fn missing_parameter(name: &str) -> Self {
        let text = format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
        Self::with_text(-1102, text)
    }

    /// -1102: one of two mandatory parameters is missing.
    pub fn missing_either(one: &str, other: &str) -> Self {
        Self::with_text(-1102, format!("Param '{one}' or '{other}' must be sent, but both were empty/null!"))
    }

    /// -1104: parameters were sent that no handler read.
    pub fn unread(read: usize, sent: usize) -> Self {
        let text =
            format!("Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.");
        Self::with_text(-1104, text)
    }

    /// -1105: sent without a value.
    pub fn empty_parameter(name: &str) -> Self {
        Self::with_text(-1105, format!("Parameter '{name}' was empty."))
    }

    /// -1106: the parameter is not allowed here.
    pub fn not_required(name: &str) -> Self {
        Self::with_text(-1106, format!("Parameter '{name}' sent when not required."))
    }

    /// -1135: a part of a request is not the expected JSON.
    pub fn json_parameter(name: &str) -> Self {
        Self::with_text(-1135, format!("JSON sent for parameter '{name}' is not valid"))
    }

    /// -1108: the number is out of range.
    pub fn overflow(name: &str) -> Self {
        Self::with_text(-1108, format!("Parameter '{name}' overflowed."))
    }

    /// -1130: an invalid value of the parameter.
    pub fn invalid(name: &str) -> Self {
        Self::with_text(-1130, format!("Data sent for parameter '{name}' is not valid."))
    }

    /// -94002, own code: the history is unavailable at the moment, or too far behind.
    pub fn no_history() -> Self {
        let text = "The history cannot be read at the moment. Please try again later.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, -94_002, text)
    }

    /// -1130, with the reason.
    pub fn unacceptable(name: &str, why: &str) -> Self {
        Self::with_text(-1130, format!("Data sent for parameter '{name}' is not valid: {why}."))
    }

    /// -1003: too many attempts; the next is allowed after this many seconds.
    pub fn too_many_tries(retry_after_seconds: u32) -> Self {
        Self {
            retry_after_seconds: Some(retry_after_seconds),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, -1003, "Too many tries. Please try again later.")
        }
    }

    /// -1003: more requests or connections than an address may have in five minutes.
    pub fn too_many_requests(wait_seconds: u32) -> Self {
        Self { status: StatusCode::TOO_MANY_REQUESTS, ..Self::bad(-1003, "Too many requests queued.") }
            .after(wait_seconds)
    }

    /// -1003: more request weight than an address may use in a minute.
    pub fn too_much_weight(limit: u32, wait_seconds: u32) -> Self {
        let text = format!(
            "Too much request weight used; current limit is {limit} request weight per 1 MINUTE. Please use \
             WebSocket Streams for live updates to avoid polling the API."
        );
        Self { status: StatusCode::TOO_MANY_REQUESTS, ..Self::with_text(-1003, text) }.after(wait_seconds)
    }

    /// -1003: the address kept sending after 429 and is banned.
    pub fn banned(until: Timestamp, now: Timestamp) -> Self {
        let text = format!(
            "Way too much request weight used; IP banned until {}. Please use WebSocket Streams for live updates \
             to avoid bans.",
            until.millis()
        );
        let wait = until.millis().saturating_sub(now.millis()).div_ceil(1_000);
        Self { status: StatusCode::IM_A_TEAPOT, ..Self::with_text(-1003, text) }
            .after(u32::try_from(wait).unwrap_or(u32::MAX))
    }

    /// -2021: the old order is cancelled, and the account has placed too many orders to place another.
    pub fn replace_limited(wait_seconds: u32) -> Self {
        Self { status: StatusCode::TOO_MANY_REQUESTS, ..Self::replace_partly_failed() }.after(wait_seconds)
    }

    /// Sets the seconds to wait before a retry.
    fn after(self, seconds: u32) -> Self {
        Self { retry_after_seconds: Some(seconds), ..self }
    }

    /// -1160: only orders that rest may be icebergs.
    pub fn iceberg_in_force(name: &str) -> Self {
        let text = "is not supported if `aboveTimeInForce`/`belowTimeInForce` is not GTC.";
        Self::with_text(-1160, format!("Parameter '{name}' {text}"))
    }

    /// Rejects a price, quantity or amount under the parameter's name.
    pub fn unreadable(reject: Reject, name: &str) -> Self {
        let error = match reject {
            Reject::Malformed(_) => Self::illegal(name, DECIMAL),
            Reject::Precision(_) => {
                Self::with_text(-1111, format!("Parameter '{name}' has too much precision."))
            }
            other => return Self::refused(other, Operation::Place),
        };
        Self { reject: Some(reject), ..error }
    }

    /// Converts a refusal of the exchange.
    pub fn refused(reject: Reject, operation: Operation) -> Self {
        Self { reject: Some(reject), ..Self::worded(reject, operation) }
    }

    fn worded(reject: Reject, operation: Operation) -> Self {
        match reject {
            Reject::Malformed(parameter) => Self::illegal(parameter.name(), DECIMAL),
            Reject::Precision(parameter) => Self::precision(parameter),
            Reject::Overflow => Self::bad(-1108, "A parameter overflowed."),
            Reject::UnsupportedCombination => Self::bad(-1014, "Unsupported order combination."),
            Reject::UnknownSymbol => Self::symbol(),
            Reject::UnknownAsset => Self::unacceptable("asset", "there is no such asset"),
            Reject::UnknownAccount => {
                Self::unacceptable("accountId", "there is no such account; the operator may open it")
            }
            Reject::ZeroAmount => Self::unacceptable("amount", "it is zero"),
            Reject::UnknownTier => Self::unacceptable("tier", "no symbol has fees for it"),
            Reject::ExpiryInPast => Self::unacceptable("goodTillDate", "it is not in the future"),
            Reject::InsufficientBalance => {
                Self::bad(-2010, "Account has insufficient balance for requested action.")
            }
            Reject::Filter(filter) => Self::with_text(-1013, format!("Filter failure: {}", filter.name())),
            Reject::DuplicateClientOrderId => Self::bad(-2010, "Duplicate order sent."),
            Reject::MarketClosed => Self::bad(-2010, "Market is closed."),
            Reject::MarketPostOnly => {
                Self::bad(-2010, "Market is about to open: only LIMIT_MAKER orders are accepted.")
            }
            Reject::WouldTake => Self::bad(-2010, "Order would immediately match and take."),
            Reject::WouldTrigger => Self::bad(-2010, "Order would trigger immediately."),
            Reject::PriceRelation => {
                Self::bad(-2010, "The relationship of the prices for the orders is not correct.")
            }
            Reject::IcebergExceeds => Self::bad(-2010, "IcebergQty exceeds QTY."),
            Reject::ListMismatch => Self::bad(-1014, "Unsupported order combination."),
            Reject::UnknownOrderList => match operation {
                Operation::Query => Self::bad(-2018, "Order list does not exist."),
                _ => Self::bad(-2011, "Unknown order list sent."),
            },
            Reject::AmendUnsupported => Self::bad(-2038, "Order amend is not supported for this order."),
            Reject::BookFull => Self::bad(-2010, "The order book is full."),
            Reject::UnknownOrder => match operation {
                Operation::Query => Self::bad(-2013, "Order does not exist."),
                Operation::Amend => Self::bad(-2038, "Unknown order sent."),
                Operation::Place | Operation::Cancel | Operation::Operate => {
                    Self::bad(-2011, "Unknown order sent.")
                }
            },
            Reject::ClientOrderIdMismatch => {
                Self::bad(-2039, "Client order ID is not correct for this order ID.")
            }
            Reject::CancelRestricted => {
                Self::bad(-2011, "Order was not canceled due to cancel restrictions.")
            }
            Reject::AmendIncrease => Self::bad(-2038, "Order amend (quantity increase) is not supported."),
            Reject::AmendBelowExecuted => Self::bad(
                -2038,
                "Order amend (quantity not above the executed quantity) is not supported; cancel the order instead.",
            ),
            Reject::AmendNoChange => {
                Self::bad(-2038, "The requested action would change no state; rejecting")
            }
            Reject::AccountExists
            | Reject::RequestConflict
            | Reject::KeyExists
            | Reject::NameTaken
            | Reject::AccountNotEmpty { .. } => Self { status: StatusCode::CONFLICT, ..Self::own(reject) },
            Reject::TooManyRequestIds
            | Reject::TooManyKeys
            | Reject::AccountCancelOnly
            | Reject::AccountFrozen
            | Reject::AccountClosed => Self::own(reject),
            Reject::UnknownKey => Self::unacceptable("apiKey", "the account has no such key"),
            Reject::UnknownLogin => Self::unacceptable("name", "the account has no such login"),
            Reject::IdsExhausted => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, -1000, Self::internal_text())
            }
            Reject::Busy => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                retry_after_seconds: Some(1),
                ..Self::bad(
                    -1008,
                    "Server is currently overloaded with other requests. Please try again in a few minutes.",
                )
            },
            Reject::TooLate => Self::outside_window(),
            Reject::OutOfService => Self::disconnected(),
            Reject::Halted => Self::bad(-2010, "Trading is halted: only cancels and deposits are accepted."),
            Reject::DiskFull => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                retry_after_seconds: Some(5),
                ..Self::bad(-1008, "The disk is nearly full: only cancels and deposits are accepted.")
            },
            Reject::TooManyOrders { limit, window, wait_seconds } => {
                let (interval, number) = order_interval(window);
                let text =
                    format!("Too many new orders; current limit is {limit} orders per {number} {interval}.");
                Self { status: StatusCode::TOO_MANY_REQUESTS, ..Self::with_text(-1015, text) }
                    .after(wait_seconds)
            }
            Reject::Stopping => Self { retry_after_seconds: Some(5), ..Self::stopping() },
        }
    }

    const fn internal_text() -> &'static str {
        "An unknown error occurred while processing the request."
    }

    fn precision(parameter: Parameter) -> Self {
        Self::with_text(-1111, format!("Parameter '{}' has too much precision.", parameter.name()))
    }

    /// A refusal without a Binance code: an own code, outside Binance's range.
    fn own(reject: Reject) -> Self {
        Self::with_text(-90_000 - i32::from(reject.code()), reject.to_string())
    }

    /// Returns the exchange's refusal, if the exchange refused.
    pub const fn reject(&self) -> Option<Reject> {
        self.reject
    }

    /// Adds the JSON of a `data` field.
    #[must_use]
    pub fn with_data(self, data: String) -> Self {
        Self { data: Some(data), ..self }
    }

    /// Returns the HTTP status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the wire's code.
    pub const fn code(&self) -> i32 {
        self.code
    }

    /// Returns whether the command may have been executed all the same.
    pub const fn is_unknown(&self) -> bool {
        matches!(self.code, -1001 | -1007)
    }

    /// Returns the wire's text.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the seconds to wait before a retry.
    pub const fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds
    }

    /// Writes `{"code":…,"msg":…}`.
    pub(crate) fn write(&self, json: &mut Json) {
        json.object(|json| {
            json.field("code").raw(&self.code.to_string());
            json.field("msg").text(&self.message);
            if let Some(data) = &self.data {
                json.field("data").raw(data);
            }
        });
    }

    /// Returns the body.
    pub fn body(&self) -> String {
        let mut json = Json::with_capacity(128);
        self.write(&mut json);
        json.finish()
    }
}

#[cfg(test)]
mod tests;
