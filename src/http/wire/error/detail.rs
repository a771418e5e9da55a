//! Refusals that name the value that was sent, and what would have been right.

use actix_web::http::StatusCode;

use super::ApiError;
use crate::domain::{instruments::Instruments, messages::reject::Reject, types::id::AccountId};

impl ApiError {
    /// -94001, ours: the depth diffs asked for are not kept any more, or never were; names the first update that is.
    pub fn diffs_out_of_reach(oldest: u64) -> Self {
        let text = format!("These diffs are not kept any more; the oldest begins with update {oldest}.");
        let data = Some(format!("{{\"oldestU\":{oldest}}}"));
        Self { status: StatusCode::GONE, data, ..Self::with_text(-94_001, text) }
    }

    /// -1128: the range of times has its ends the wrong way round.
    pub fn reversed_times(start: Option<u64>, end: Option<u64>) -> Self {
        let (start, end) = (start.unwrap_or_default(), end.unwrap_or_default());
        let text =
            format!("Combination of optional parameters invalid: endTime {end} is before startTime {start}.");
        Self::with_text(-1128, text)
    }

    /// -93005, ours: the body has more bytes than are read.
    pub fn body_too_large(limit: usize) -> Self {
        let text = format!("The request's body is larger than {limit} bytes; send less at once.");
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, ..Self::with_text(-93_005, text) }
    }

    /// A JSON body is not what was asked for: -1103 for a member it may not have, -1102 for one it must have, else -1135;
    /// each says which, and where.
    pub fn json_body(error: &serde_json::Error) -> Self {
        const SHOWN_MAX: usize = 300;
        let mut why = error.to_string();
        // The text is the only thing the parser tells it by; who sent it can make a part of it as long as a body.
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

    /// -1130: there is no such asset; names those there are.
    pub fn unknown_asset(name: &str, sent: &str, instruments: &Instruments) -> Self {
        let sent: String = sent.chars().take(32).collect();
        let known: Vec<String> = instruments.assets().map(|asset| asset.name().to_owned()).collect();
        let why = format!("there is no asset '{sent}'; there are {}", known.join(", "));
        Self { reject: Some(Reject::UnknownAsset), ..Self::unacceptable(name, &why) }
    }

    /// -1130: there is no such account.
    pub fn unknown_account(name: &str, account: AccountId) -> Self {
        let why = format!("there is no account {account}; the operator may open it");
        Self { reject: Some(Reject::UnknownAccount), ..Self::unacceptable(name, &why) }
    }
}
