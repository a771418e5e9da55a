//! Refusals that name the value sent and a valid one.

use actix_web::http::StatusCode;

use super::ApiError;
use crate::domain::{instruments::Instruments, messages::reject::Reject, types::id::AccountId};

impl ApiError {
    /// -94001, own code: the requested depth diffs are no longer kept, or never existed; names the first update that is
    /// kept.
    pub fn diffs_out_of_reach(oldest: u64) -> Self {
        let text = format!("These diffs are not kept any more; the oldest begins with update {oldest}.");
        let data = Some(format!("{{\"oldestU\":{oldest}}}"));
        Self { status: StatusCode::GONE, data, ..Self::with_text(-94_001, text) }
    }

    /// -1128: the end of a time range is before its start.
    pub fn reversed_times(start: Option<u64>, end: Option<u64>) -> Self {
        let (start, end) = (start.unwrap_or_default(), end.unwrap_or_default());
        let text =
            format!("Combination of optional parameters invalid: endTime {end} is before startTime {start}.");
        Self::with_text(-1128, text)
    }

    /// -93005, own code: the body exceeds the limit in bytes.
    pub fn body_too_large(limit: usize) -> Self {
        let text = format!("The request's body is larger than {limit} bytes; send less at once.");
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, ..Self::with_text(-93_005, text) }
    }

    /// The body is not the expected JSON: -1103 for an unknown member, -1102 for a missing one, else -1135; each names
    /// the member and its position.
    pub fn json_body(error: &serde_json::Error) -> Self {
        const SHOWN_MAX: usize = 300;
        let mut why = error.to_string();
        // The parser distinguishes the cases only by its text; the client's input can make a part of it as long as a
        // body.
        let end = why.char_indices().nth(SHOWN_MAX).map_or(why.len(), |(end, _)| end);
        why.truncate(end);
        let missing = why.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
        match missing {
            Some((name, _)) => Self::missing_parameter(name),
            None if why.starts_with("unknown field") => {
                Self::with_text(-1103, format!("An unknown parameter was sent: {why}."))
            }
            None => Self::with_text(-1135, format!("Invalid JSON Request: {why}.")),
        }
    }

    /// -1130: the asset does not exist; lists those that do.
    pub fn unknown_asset(name: &str, sent: &str, instruments: &Instruments) -> Self {
        let sent: String = sent.chars().take(32).collect();
        let known: Vec<String> = instruments.assets().map(|asset| asset.name().to_owned()).collect();
        let why = format!("there is no asset '{sent}'; there are {}", known.join(", "));
        Self { reject: Some(Reject::UnknownAsset), ..Self::unacceptable(name, &why) }
    }

    /// Replaces the text of the refusal to close an account by one that names what it still has.
    #[must_use]
    pub fn not_empty(self, account: AccountId, orders: u32, balances: &[String]) -> Self {
        let open = format!("{orders} open {}", if orders == 1 { "order" } else { "orders" });
        let has = balances.join(", ");
        let (has, remedy) = match (orders, balances) {
            (0, _) => (has, "withdraw the balances"),
            (_, []) => (open, "cancel the orders"),
            _ => (format!("{open} and {has}"), "cancel the orders and withdraw the balances"),
        };
        let text = format!("account {account} cannot be closed: it has {has}; {remedy} first");
        Self { message: text.into(), ..self }
    }

    /// -1130: the account does not exist.
    pub fn unknown_account(name: &str, account: AccountId) -> Self {
        let why = format!("there is no account {account}; the operator may open it");
        Self { reject: Some(Reject::UnknownAccount), ..Self::unacceptable(name, &why) }
    }
}
