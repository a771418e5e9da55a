//! Every parameter, with one meaning wherever it occurs.

use serde_json::{Value, json};

use super::shape::of_type;

/// A name, a type in the notation of `shape`, and a description. `json:` before a type means a value that is JSON of
/// that type; the digits after `1..` are the maximum of a limit, to which larger values are clamped.
#[rustfmt::skip]
const PARAMS: &[(&str, &str, &str)] = &[
    ("symbol", "Symbol", "A symbol's name."),
    ("symbols", "json:[Symbol]", "Symbols' names, as a JSON array, each once. Not with `symbol`."),
    ("side", "Side", "Whether it buys or sells."),
    ("type", "OrderType", "The order's type."),
    ("timeInForce", "TimeInForce", "How long it stays; needed where the type has a limit price, out of place elsewhere."),
    ("quantity", "Amount", "How much of the base asset; a multiple of the symbol's step."),
    ("quoteOrderQty", "Amount", "How much of the quote asset to spend or get; of MARKET alone, instead of `quantity`."),
    ("price", "Amount", "The limit; a multiple of the symbol's tick. Out of place for market orders."),
    ("stopPrice", "Amount", "The price that triggers it."),
    ("trailingDelta", "id", "How far the trigger trails the market, in hundredths of a percent."),
    ("icebergQty", "Amount", "How much of it shows."),
    ("clientOrderId", "ClientOrderId", "A name of the client's own. One is made where none is given."),
    ("strategyId", "id", "The client's number for a strategy."),
    ("strategyType", "id", "The kind of strategy, from 1000000 on."),
    ("newOrderRespType", "ResponseType", "How much the reply says: FULL for LIMIT and MARKET and ACK for the others, unless asked; RESULT for lists."),
    ("selfTradePreventionMode", "StpMode", "What happens instead of a trade with oneself; NONE unless said."),
    ("goodTillDate", "time", "When a GTD order ends. An extension."),
    ("computeCommissionRates", "boolean", "Answer with the rates; weighs 20."),
    ("orderId", "id", "The exchange's number of an order."),
    ("newQty", "Amount", "The quantity it shall have, less than it has."),
    ("cancelRestrictions", "CancelRestriction", "Cancel only an order of this status."),
    ("cancelReplaceMode", "ReplaceMode", "What a failed cancel means for the new order."),
    ("orderRateLimitExceededMode", "RateLimitMode", "What to do above the limit of orders; DO_NOTHING unless said."),
    ("orderListId", "id", "The exchange's number of a list, from 1 on."),
    ("startTime", "time", "From this time on, in milliseconds or microseconds."),
    ("endTime", "time", "Up to this time."),
    ("limit", "1..1000", "How many at most; 500 unless said."),
    ("depthLimit", "1..5000", "How many levels a side; 100 unless said."),
    ("fromId", "id", "From this id on."),
    ("fromExecutionId", "id", "From this amend on."),
    ("allocationId", "id", "From this allocation on; there are none."),
    ("preventedMatchId", "id", "The number of a prevented self-trade."),
    ("omitZeroBalances", "boolean", "Leave out assets the account has none of."),
    ("symbolStatus", "SymbolStatus", "Only symbols of this status; -1220 for one `symbol` of another."),
    ("interval", "Interval", "The length of a candle."),
    ("timeZone", "string", "Where days and weeks begin: -12:00 to +14:00, or hours alone; UTC unless said."),
    ("windowSize", "string", "1m to 59m, 1h to 23h or 1d to 7d; 1d unless said."),
    ("tickerType", "TickerType", "FULL unless said."),
    ("permissions", "string", "SPOT, or a JSON array of permissions; nothing else finds anything here."),
    ("showPermissionSets", "boolean", "Whether `permissionSets` are filled; true unless said."),
    ("fromU", "id", "The first update wanted."),
    ("toU", "id", "The last update wanted; the last there is unless said."),
    ("fromSeq", "id", "Events after this number."),
    ("asset", "string", "An asset's name, such as USDT."),
    ("before", "string", "Lines before this id, or trades before this cursor."),
    ("orderStatus", "string", "Only orders of this status: NEW, PENDING_NEW, PARTIALLY_FILLED, FILLED, CANCELED, REJECTED, EXPIRED or EXPIRED_IN_MATCH."),
    ("ledgerType", "string", "Only DEPOSIT, WITHDRAWAL or TRADE."),
    ("batchOrders", "json:[object]", "1 to 20 orders, each an object of the parameters of `POST /api/v3/order`."),
    ("orderIdList", "json:[id]", "Orders by number; with `origClientOrderIdList` 1 to 20."),
    ("origClientOrderIdList", "json:[ClientOrderId]", "Orders by the client's names."),
    ("countdownTime", "id", "Milliseconds until all orders are cancelled; 0 stops the countdown."),
    ("timestamp", "time", "When the request was made, in milliseconds or microseconds. Needed with a signature, ignored with a session."),
    ("recvWindow", "Window", "For how many milliseconds it is good, at most 60000; 5000 unless said."),
    ("minSeq", "id", "Wait, a second at most, until everything up to this position (`X-Engine-Seq`) is shown; -93001 when it is not."),
    ("X-MBX-TIME-UNIT", "TimeUnit", "What times are printed in; milliseconds unless said."),
    ("X-Idempotency-Key", "Key64", "Sending the order again under its key places it once: docs/api.md."),
];

/// The parameters that describe an order of a list, after its prefix.
const LEG: &str =
    "Type! Price StopPrice TrailingDelta IcebergQty TimeInForce ClientOrderId StrategyId StrategyType";

/// Describes parameters: names, mandatory ones followed by `!`. `above*` stands for all parameters of an order of a
/// list, and `name=other` for a parameter that means what `other` does elsewhere.
pub(super) fn describe(names: &str) -> Vec<Value> {
    names.split_whitespace().flat_map(expand).map(|name| one(&name)).collect()
}

fn expand(name: &str) -> Vec<String> {
    match name.strip_suffix('*') {
        Some(prefix) => LEG.split(' ').map(|part| format!("{prefix}{part}")).collect(),
        None => vec![name.to_owned()],
    }
}

fn one(word: &str) -> Value {
    let (word, is_required) = word.strip_suffix('!').map_or((word, false), |word| (word, true));
    let (name, meaning) = word.split_once('=').unwrap_or((word, word));
    let (kind, description) = find(meaning).map_or(("any", ""), |(_, kind, text)| (kind, text));
    let place = if name.starts_with("X-") { "header" } else { "query" };
    let mut described =
        json!({ "name": name, "in": place, "required": is_required, "description": description });
    match kind.strip_prefix("json:") {
        Some(kind) => described["content"] = json!({ "application/json": { "schema": of_type(kind) } }),
        None => described["schema"] = schema(kind),
    }
    described
}

/// Finds a parameter by its name, or by the longest name it ends with: `pendingAbovePrice` is a price.
fn find(name: &str) -> Option<(&'static str, &'static str, &'static str)> {
    let is_end = |known: &str| {
        let rest = name.len().checked_sub(known.len()).and_then(|start| name.get(start..));
        rest.is_some_and(|rest| rest.eq_ignore_ascii_case(known))
    };
    let exact = PARAMS.iter().find(|(known, ..)| *known == name);
    exact
        .or_else(|| PARAMS.iter().filter(|(known, ..)| is_end(known)).max_by_key(|(known, ..)| known.len()))
        .copied()
}

fn schema(kind: &str) -> Value {
    match kind.strip_prefix("1..").and_then(|most| most.parse::<u32>().ok()) {
        Some(most) => json!({ "type": "integer", "minimum": 1, "maximum": most }),
        None => match kind {
            "Window" => json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 60_000 }),
            "Key64" => json!({ "type": "string", "pattern": "^[!-~]{1,64}$" }),
            other => of_type(other),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_what_its_end_means() {
        let price = one("pendingAbovePrice!");
        assert_eq!((&price["name"], &price["required"]), (&json!("pendingAbovePrice"), &json!(true)));
        assert_eq!(price["schema"], of_type("Amount"));
        assert_eq!(one("origClientOrderId")["schema"], of_type("ClientOrderId"));
        assert_eq!(one("cancelOrderId")["schema"], of_type("id"));
        assert_eq!(one("fromPreventedMatchId")["schema"], of_type("id"));
    }

    #[test]
    fn a_leg_of_a_list_has_nine_parameters() {
        let names: Vec<_> = describe("above*").iter().map(|one| one["name"].clone()).collect();
        assert_eq!(names.len(), 9);
        assert_eq!(names[0], "aboveType");
    }

    #[test]
    fn headers_lists_and_limits_are_distinguished() {
        assert_eq!(one("X-Idempotency-Key")["in"], "header");
        assert_eq!(one("symbols")["content"]["application/json"]["schema"], of_type("[Symbol]"));
        assert_eq!(one("limit=depthLimit")["schema"]["maximum"], 5_000);
    }
}
