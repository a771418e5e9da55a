use super::*;
use crate::domain::{messages::reject::Filter, orders::limits::OrderWindow, types::id::AccountId};

/// Every refusal, its operation, and the wire's answer: status, code, text.
const TABLE: &[(Reject, Operation, u16, i32, &str)] = {
    use Operation::{Amend, Cancel, Operate, Place, Query};
    &[
        (
            Reject::Malformed(Parameter::Price),
            Place,
            400,
            -1100,
            r"Illegal characters found in parameter 'price'; legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'.",
        ),
        (
            Reject::Malformed(Parameter::Quantity),
            Place,
            400,
            -1100,
            r"Illegal characters found in parameter 'quantity'; legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'.",
        ),
        (
            Reject::Precision(Parameter::QuoteOrderQty),
            Place,
            400,
            -1111,
            "Parameter 'quoteOrderQty' has too much precision.",
        ),
        (
            Reject::Precision(Parameter::NewQty),
            Amend,
            400,
            -1111,
            "Parameter 'newQty' has too much precision.",
        ),
        (
            Reject::Precision(Parameter::Amount),
            Operate,
            400,
            -1111,
            "Parameter 'amount' has too much precision.",
        ),
        (Reject::Overflow, Place, 400, -1108, "A parameter overflowed."),
        (Reject::UnsupportedCombination, Place, 400, -1014, "Unsupported order combination."),
        (Reject::TooLate, Place, 400, -1021, "Timestamp for this request is outside of the recvWindow."),
        (Reject::UnknownSymbol, Place, 400, -1121, "Invalid symbol."),
        (
            Reject::UnknownAsset,
            Operate,
            400,
            -1130,
            "Data sent for parameter 'asset' is not valid: there is no such asset.",
        ),
        (
            Reject::UnknownAccount,
            Operate,
            400,
            -1130,
            "Data sent for parameter 'accountId' is not valid: there is no such account; the operator may open it.",
        ),
        (Reject::AccountExists, Operate, 409, -92002, "account exists already"),
        (
            Reject::InsufficientBalance,
            Place,
            400,
            -2010,
            "Account has insufficient balance for requested action.",
        ),
        (Reject::Filter(Filter::PriceFilter), Place, 400, -1013, "Filter failure: PRICE_FILTER"),
        (
            Reject::Filter(Filter::PercentPriceBySide),
            Place,
            400,
            -1013,
            "Filter failure: PERCENT_PRICE_BY_SIDE",
        ),
        (Reject::Filter(Filter::LotSize), Place, 400, -1013, "Filter failure: LOT_SIZE"),
        (Reject::Filter(Filter::MarketLotSize), Place, 400, -1013, "Filter failure: MARKET_LOT_SIZE"),
        (Reject::Filter(Filter::Notional), Place, 400, -1013, "Filter failure: NOTIONAL"),
        (Reject::Filter(Filter::MaxNumOrders), Place, 400, -1013, "Filter failure: MAX_NUM_ORDERS"),
        (Reject::DuplicateClientOrderId, Place, 400, -2010, "Duplicate order sent."),
        (Reject::RequestConflict, Operate, 409, -92006, "request id was used for a different request"),
        (Reject::TooManyRequestIds, Operate, 400, -92007, "too many request ids"),
        (
            Reject::ZeroAmount,
            Operate,
            400,
            -1130,
            "Data sent for parameter 'amount' is not valid: it is zero.",
        ),
        (
            Reject::ExpiryInPast,
            Place,
            400,
            -1130,
            "Data sent for parameter 'goodTillDate' is not valid: it is not in the future.",
        ),
        (Reject::IdsExhausted, Place, 500, -1000, "An unknown error occurred while processing the request."),
        (
            Reject::UnknownTier,
            Operate,
            400,
            -1130,
            "Data sent for parameter 'tier' is not valid: no symbol has fees for it.",
        ),
        (Reject::KeyExists, Operate, 409, -92012, "api key exists already"),
        (Reject::TooManyKeys, Operate, 400, -92101, "too many api keys"),
        (
            Reject::AccountCancelOnly,
            Place,
            400,
            -92201,
            "this account may only cancel orders and withdraw, not place or amend orders; ask the operator to make it active \
             again",
        ),
        (
            Reject::AccountFrozen,
            Place,
            400,
            -92202,
            "this account is frozen: it may only read, cancel orders and receive deposits; ask the operator why",
        ),
        (
            Reject::AccountClosed,
            Place,
            400,
            -92203,
            "this account is closed: it may only read; use another account, or ask the operator to reopen this one",
        ),
        (
            Reject::AccountNotEmpty { orders: 2, assets: 1 },
            Operate,
            409,
            -92204,
            "the account cannot be closed: it has 2 open orders and 1 assets with a balance; cancel the orders and withdraw the \
             balances first",
        ),
        (
            Reject::UnknownKey,
            Operate,
            400,
            -1130,
            "Data sent for parameter 'apiKey' is not valid: the account has no such key.",
        ),
        (Reject::NameTaken, Operate, 409, -92103, "name is taken"),
        (
            Reject::UnknownLogin,
            Operate,
            400,
            -1130,
            "Data sent for parameter 'name' is not valid: the account has no such login.",
        ),
        (Reject::MarketClosed, Place, 400, -2010, "Market is closed."),
        (
            Reject::MarketPostOnly,
            Place,
            400,
            -2010,
            "Market is about to open: only LIMIT_MAKER orders are accepted.",
        ),
        (Reject::WouldTake, Place, 400, -2010, "Order would immediately match and take."),
        (Reject::UnknownOrder, Cancel, 400, -2011, "Unknown order sent."),
        (Reject::UnknownOrder, Query, 400, -2013, "Order does not exist."),
        (Reject::UnknownOrder, Amend, 400, -2038, "Unknown order sent."),
        (
            Reject::ClientOrderIdMismatch,
            Cancel,
            400,
            -2039,
            "Client order ID is not correct for this order ID.",
        ),
        (Reject::CancelRestricted, Cancel, 400, -2011, "Order was not canceled due to cancel restrictions."),
        (Reject::AmendIncrease, Amend, 400, -2038, "Order amend (quantity increase) is not supported."),
        (Reject::AmendNoChange, Amend, 400, -2038, "The requested action would change no state; rejecting"),
        (
            Reject::AmendBelowExecuted,
            Amend,
            400,
            -2038,
            "Order amend (quantity not above the executed quantity) is not supported; cancel the order instead.",
        ),
        (Reject::BookFull, Place, 400, -2010, "The order book is full."),
        (
            Reject::Busy,
            Place,
            503,
            -1008,
            "Server is currently overloaded with other requests. Please try again in a few minutes.",
        ),
        (
            Reject::OutOfService,
            Place,
            503,
            -1001,
            "Internal error; unable to process your request. Please try again.",
        ),
        (Reject::Stopping, Place, 503, -1016, "This service is no longer available."),
        (
            Reject::TooManyOrders { limit: 100, window: OrderWindow::TenSeconds, wait_seconds: 7 },
            Place,
            429,
            -1015,
            "Too many new orders; current limit is 100 orders per 10 SECOND.",
        ),
    ]
};

#[test]
fn every_refusal_has_its_status_code_and_text() {
    for &(reject, operation, status, code, text) in TABLE {
        let error = ApiError::refused(reject, operation);
        assert_eq!((error.status().as_u16(), error.code()), (status, code), "{reject:?} {operation:?}");
        assert_eq!(error.to_string(), text, "{reject:?} {operation:?}");
    }
}

#[test]
fn what_keeps_an_account_open_is_named() {
    let refusal = |orders, balances: &[&str]| {
        let error = ApiError::refused(Reject::AccountNotEmpty { orders, assets: 1 }, Operation::Operate);
        let balances: Vec<String> = balances.iter().map(|&text| text.to_owned()).collect();
        error.not_empty(AccountId::new(7), orders, &balances).to_string()
    };
    let start = "account 7 cannot be closed: it has";
    assert_eq!(refusal(1, &[]), format!("{start} 1 open order; cancel the orders first"));
    assert_eq!(refusal(0, &["1.5 BTC"]), format!("{start} 1.5 BTC; withdraw the balances first"));
    assert_eq!(
        refusal(10, &["1.5 BTC", "2 USDT"]),
        format!(
            "{start} 10 open orders and 1.5 BTC, 2 USDT; cancel the orders and withdraw the balances first"
        )
    );
}

#[test]
fn the_body_is_binances() {
    assert_eq!(ApiError::symbol().body(), r#"{"code":-1121,"msg":"Invalid symbol."}"#);
    assert_eq!(
        ApiError::replace_failed().with_data("{}".into()).body(),
        r#"{"code":-2022,"msg":"Order cancel-replace failed.","data":{}}"#
    );
}

#[test]
fn only_what_passes_says_when_to_try_again() {
    for &(reject, operation, ..) in TABLE {
        let says = ApiError::refused(reject, operation).retry_after_seconds().is_some();
        assert_eq!(
            says,
            matches!(reject, Reject::Busy | Reject::Stopping | Reject::TooManyOrders { .. }),
            "{reject:?}"
        );
    }
}

/// ccxt searches error bodies for filter names before it looks at the code.
#[test]
fn a_filter_is_named_only_when_it_is_the_failure() {
    for &(reject, operation, ..) in TABLE {
        let body = ApiError::refused(reject, operation).body();
        let names = ["LOT_SIZE", "PRICE_FILTER", "Price * QTY"].iter().any(|name| body.contains(name));
        assert!(!names || matches!(reject, Reject::Filter(_)), "{body}");
    }
}

#[test]
fn a_json_body_that_is_not_as_asked_for_says_what_is_wrong_with_it() {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only whether it can be read is looked at")]
        amount: String,
    }
    let refused = |text: &str| {
        let error = serde_json::from_str::<Body>(text).err().map(|error| ApiError::json_body(&error));
        error.map(|error| (error.code(), error.to_string())).unwrap_or_default()
    };
    let unknown = "An unknown parameter was sent: unknown field `fee`, expected `amount` at line 1 column 6.";
    assert_eq!(refused(r#"{"fee":1}"#), (-1103, unknown.to_owned()));
    let missing = "Mandatory parameter 'amount' was not sent, was empty/null, or malformed.";
    assert_eq!(refused("{}"), (-1102, missing.to_owned()));
    let other = "Invalid JSON Request: invalid type: integer `5`, expected a string at line 1 column 11.";
    assert_eq!(refused(r#"{"amount":5}"#), (-1135, other.to_owned()));
    let long = format!(r#"{{"{}":1}}"#, "é".repeat(1_000));
    assert!(refused(&long).1.chars().count() < 350, "what was sent is not sent back whole");
}
