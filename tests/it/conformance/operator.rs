//! The rows of the operator's accounts, transfers and trading rules.

use super::{
    row::Row,
    table::{missing, no_account, no_doge, unacceptable},
};

/// The keys of a symbol with its trading rules.
const RULES: [&str; 22] = [
    "symbol",
    "status",
    "tickSize",
    "minPrice",
    "maxPrice",
    "stepSize",
    "minQty",
    "maxQty",
    "marketMinQty",
    "marketMaxQty",
    "minNotional",
    "maxNotional",
    "bidMultiplierUp",
    "bidMultiplierDown",
    "askMultiplierUp",
    "askMultiplierDown",
    "marketCollar",
    "applyMinToMarket",
    "applyMaxToMarket",
    "maxNumOrders",
    "fees",
    "specialOrders",
];

/// Every row of these.
pub(super) fn rows() -> Vec<Row> {
    let transfer = r#"{"accountId":11,"asset":"BTC","amount":"1"}"#;
    let transferred = |route| {
        Row::of(route)
            .asks(transfer)
            .keys(&["accountId", "asset", "free", "locked"])
            .weighs(1)
            .refuses("[]", -1135, "Invalid JSON Request: the body must be a JSON object.")
            .refuses(
                transfer.replace("\"1\"", "1"),
                -1135,
                "Invalid JSON Request: invalid type: integer `1`, expected a string at line 1 column 40.",
            )
            .refuses(
                transfer.replace("amount", "sum"),
                -1103,
                "An unknown parameter was sent: unknown field `sum`, expected one of `accountId`, `asset`, `amount`, \
                 `requestId` at line 1 column 35.",
            )
            .refuses(
                transfer.replace("BTC", "DOGE"),
                -1130,
                no_doge(),
            )
            .refuses(transfer.replace("11", "999"), -1130, no_account(999))
            .refuses(transfer.replace("\"1\"", "\"0\""), -1130, unacceptable("amount", "it is zero"))
    };
    vec![
        Row::of("POST /x/v1/operator/accounts")
            .asks(r#"{"id":77,"tier":0,"unlimited":true}"#)
            .keys(&["accountId"])
            .weighs(1)
            .refuses(
                r#"{"name":"x"}"#,
                -1103,
                "An unknown parameter was sent: unknown field `name`, expected one of `id`, `tier`, `unlimited` at line 1 \
                 column 7.",
            )
            .refuses(r#"{"id":78,"tier":9}"#, -1130, unacceptable("tier", "no symbol has fees for it")),
        Row::of("GET /x/v1/operator/symbols").keys(&RULES).weighs(1),
        Row::of("PUT /x/v1/operator/symbols")
            .asks(r#"{"symbol":"ETHUSDT","maxNumOrders":200,"reason":"a test"}"#)
            .keys(&RULES)
            .weighs(1)
            .refuses(r#"{"status":"HALT"}"#, -1102, missing("symbol"))
            .refuses(r#"{"symbol":"ETHUSDT","status":"HALT"}"#, -1102, missing("reason"))
            .refuses(r#"{"symbol":"NONE","reason":"a test"}"#, -1121, "Invalid symbol.")
            .refuses(
                r#"{"symbol":"ETHUSDT","status":"BREAK","reason":"a test"}"#,
                -1135,
                "Invalid JSON Request: unknown variant `BREAK`, expected one of `TRADING`, `CANCEL_ONLY`, `HALT`, `POST_ONLY`, \
                 `DELISTED`.",
            )
            .refuses(
                r#"{"symbol":"ETHUSDT","minPrice":"9","maxPrice":"8","reason":"a test"}"#,
                -1130,
                unacceptable("minPrice", "minPrice 9 is above maxPrice 8"),
            ),
        Row::of("POST /x/v1/operator/accounts/status")
            .asks(r#"{"accountId":11,"status":"ACTIVE","reason":"a test"}"#)
            .keys(&["accountId", "status", "cancelling"])
            .weighs(1)
            .refuses(r#"{"accountId":11,"status":"ACTIVE"}"#, -1102, missing("reason"))
            .refuses(
                r#"{"accountId":11,"status":"HALTED","reason":"a test"}"#,
                -1130,
                unacceptable("status", "it is none of ACTIVE, CANCEL_ONLY, FROZEN, CLOSED"),
            )
            .refuses(
                r#"{"accountId":11,"status":"ACTIVE","cancelOrders":true,"reason":"a test"}"#,
                -1130,
                unacceptable("cancelOrders", "only CANCEL_ONLY and FROZEN may cancel orders"),
            )
            .refuses(
                r#"{"accountId":11,"status":"ACTIVE","reason":""}"#,
                -1130,
                unacceptable("reason", "it must have 1 to 200 bytes"),
            )
            .refuses(r#"{"accountId":999,"status":"FROZEN","reason":"a test"}"#, -1130, no_account(999)),
        Row::of("POST /x/v1/operator/accounts/tier")
            .asks(r#"{"accountId":11,"tier":0,"reason":"a test"}"#)
            .keys(&["accountId", "tier", "unlimited"])
            .weighs(1)
            .refuses(
                r#"{"accountId":11,"reason":"a test"}"#,
                -1102,
                "Param 'tier' or 'unlimited' must be sent, but both were empty/null!",
            )
            .refuses(
                r#"{"accountId":11,"tier":9,"reason":"a test"}"#,
                -1130,
                unacceptable("tier", "no symbol has fees for it"),
            )
            .refuses(
                r#"{"accountId":11,"tier":0,"reason":""}"#,
                -1130,
                unacceptable("reason", "it must have 1 to 200 bytes"),
            )
            .refuses(r#"{"accountId":999,"tier":0,"reason":"a test"}"#, -1130, no_account(999)),
        transferred("POST /x/v1/operator/deposit"),
        transferred("POST /x/v1/operator/withdraw"),
    ]
}
