//! The description of every route, grouped by subject.

use super::operation::{Operation, op};

/// A subject and its routes.
pub(super) type Group = (&'static str, &'static [Operation]);

/// Headers of lists that may be incomplete, and may come from the history.
const REACHING: &str = "X-Lightning-Reach X-Lightning-History-Seq";
/// Headers of placed orders, and of every other command.
const PLACED: &str = "X-Engine-Seq X-MBX-ORDER-COUNT-10S X-MBX-ORDER-COUNT-1D";
const DONE: &str = "X-Engine-Seq";
const CONFLICT: (u16, &str) = (409, "-92006: the idempotency key belongs to another request.");
const OFF: (u16, &str) = (404, "-1020: disabled on this exchange.");
const FORBIDDEN: (u16, &str) = (403, "-1002: the request comes from a page of another origin.");
const TRIES: (u16, &str) = (401, "-1002: the name or the password is wrong.");

macro_rules! order {
    ($more:literal) => {
        concat!(
            "symbol! side! type! timeInForce quantity quoteOrderQty price newClientOrderId stopPrice trailingDelta icebergQty \
             selfTradePreventionMode newOrderRespType strategyId strategyType goodTillDate ",
            $more
        )
    };
}

/// Every description.
#[rustfmt::skip]
pub(super) const GROUPS: &[Group] = &[
    ("Orders", &[
        op("POST /api/v3/order", "Places an order. A successful one costs no request weight.")
            .takes(order!("X-Idempotency-Key")).returns("PlacedOrder").with(PLACED).refuses(&[CONFLICT]),
        op("DELETE /api/v3/order", "Cancels an order.")
            .takes("symbol! orderId origClientOrderId newClientOrderId cancelRestrictions").returns("CancelledOrder").with(DONE),
        op("GET /api/v3/order", "Returns an order.")
            .takes("symbol! orderId origClientOrderId").returns("QueriedOrder").with("X-Lightning-History-Seq"),
        op("POST /api/v3/order/test", "Validates an order without placing it.")
            .takes(order!("computeCommissionRates")).returns("Tested"),
        op("POST /api/v3/order/cancelReplace", "Cancels one order and places another.")
            .takes(order!("cancelReplaceMode! cancelOrderId cancelOrigClientOrderId cancelNewClientOrderId cancelRestrictions orderRateLimitExceededMode X-Idempotency-Key"))
            .returns("CancelReplace").with(PLACED)
            .refuses(&[(409, "-2021: one half failed, `data` has both; -92006: the idempotency key belongs to another request.")]),
        op("PUT /api/v3/order/amend/keepPriority", "Lowers an order's quantity; it keeps its place in the queue.")
            .takes("symbol! orderId origClientOrderId newClientOrderId newQty!").returns("Amendment").with(DONE),
        op("GET /api/v3/order/amendments", "Lists the amends of an order, oldest first.")
            .takes("symbol! orderId! fromExecutionId limit").returns("[OrderAmendment]").with(REACHING),
        op("GET /api/v3/openOrders", "Lists the open orders.").takes("symbol").returns("[QueriedOrder]"),
        op("DELETE /api/v3/openOrders", "Cancels every open order of a symbol.")
            .takes("symbol!").returns("[Cancelled]").with(DONE),
        op("GET /api/v3/allOrders", "Lists orders, including closed ones.")
            .takes("symbol! orderId startTime endTime limit").returns("[QueriedOrder]").with(REACHING),
        op("GET /api/v3/myPreventedMatches", "Lists prevented self-trades.")
            .takes("symbol! preventedMatchId orderId fromPreventedMatchId limit")
            .returns("[PreventedMatch]").with("X-Lightning-Reach"),
        op("POST /x/v1/batchOrders", "Places up to 20 orders; the results are in the order of the request, each a reply or an error.")
            .takes("batchOrders!").returns("[Placement]").with(DONE),
        op("DELETE /x/v1/batchOrders", "Cancels up to 20 orders of a symbol.")
            .takes("symbol! orderIdList origClientOrderIdList").returns("[Cancellation]").with(DONE),
        op("POST /x/v1/cancelAllAfter", "Cancels all orders after a countdown, unless it is called again in time.")
            .takes("countdownTime!").returns("Countdown").with(DONE),
        op("POST /api/spot/v2", "Places a limit order sent as JSON.")
            .reads("JsonOrder").returns("PlacedOrder").with(PLACED).refuses(&[CONFLICT]).takes("X-Idempotency-Key"),
        op("POST /api/spot/v2/", "Places a limit order sent as JSON.")
            .reads("JsonOrder").returns("PlacedOrder").with(PLACED).refuses(&[CONFLICT]).takes("X-Idempotency-Key"),
    ]),
    ("Order lists", &[
        op("POST /api/v3/orderList/oco", "Places an OCO: two orders, one cancels the other.")
            .takes("symbol! side! quantity! above* below* selfTradePreventionMode listClientOrderId newOrderRespType")
            .returns("PlacedList").with(PLACED),
        op("POST /api/v3/order/oco", "Places an OCO (deprecated form).")
            .takes("symbol! side! quantity! price! stopPrice! stopLimitPrice stopLimitTimeInForce trailingDelta limitIcebergQty stopIcebergQty limitClientOrderId stopClientOrderId limitStrategyId limitStrategyType stopStrategyId stopStrategyType selfTradePreventionMode listClientOrderId newOrderRespType")
            .returns("PlacedList").with(PLACED).deprecated(),
        op("POST /api/v3/orderList/oto", "Places an OTO: a working order, and a pending order placed when it is filled.")
            .takes("symbol! working* workingSide! workingQuantity! pending* pendingSide! pendingQuantity! selfTradePreventionMode listClientOrderId newOrderRespType")
            .returns("PlacedList").with(PLACED),
        op("POST /api/v3/orderList/otoco", "Places an OTOCO: a working order, and an OCO placed when it is filled.")
            .takes("symbol! working* workingSide! workingQuantity! pendingAbove* pendingBelow* pendingSide! pendingQuantity! selfTradePreventionMode listClientOrderId newOrderRespType")
            .returns("PlacedList").with(PLACED),
        op("DELETE /api/v3/orderList", "Cancels an order list.")
            .takes("symbol! orderListId listClientOrderId newClientOrderId").returns("CancelledList").with(DONE),
        op("GET /api/v3/orderList", "Returns an order list.").takes("orderListId origClientOrderId").returns("OrderList"),
        op("GET /api/v3/allOrderList", "Lists order lists, including closed ones.")
            .takes("fromId startTime endTime limit").returns("[OrderList]").with("X-Lightning-Reach"),
        op("GET /api/v3/openOrderList", "Lists the open order lists.").returns("[OrderList]"),
    ]),
    ("Account", &[
        op("GET /api/v3/account", "Returns the account's balances and fee rates.").takes("omitZeroBalances").returns("Account"),
        op("GET /api/v3/account/commission", "Returns the account's fee rates for a symbol.").takes("symbol!").returns("Commission"),
        op("GET /api/v3/myTrades", "Lists the account's trades.")
            .takes("symbol! orderId fromId startTime endTime limit").returns("[AccountTrade]").with(REACHING),
        op("GET /api/v3/myAllocations", "Always empty: there is no smart order router.")
            .takes("symbol! startTime endTime limit fromAllocationId orderId").returns("[any]").local(),
        op("GET /api/v3/myFilters", "Returns the filters that apply to the account for a symbol.")
            .takes("symbol!").returns("MyFilters").local(),
        op("GET /api/v3/rateLimit/order", "Returns the account's order limits and their usage.").returns("[RateLimit]"),
        op("GET /x/v1/events", "Lists the account's private events after a sequence number, oldest first.")
            .takes("fromSeq! limit").returns("Events"),
        op("GET /x/v1/ledger", "Lists the account's credits and debits, latest first. Requires the SQL history.")
            .takes("asset type=ledgerType startTime endTime before limit").returns("[LedgerLine]").with("X-Lightning-History-Seq").local(),
        op("GET /x/v1/orders", "Lists orders of one symbol or all, latest first. Requires the SQL history.")
            .takes("symbol side status=orderStatus startTime endTime before=orderId limit").returns("[QueriedOrder]").with("X-Lightning-History-Seq").local(),
        op("GET /x/v1/trades", "Lists the account's trades of one symbol or all, latest first. Requires the SQL history.")
            .takes("symbol side startTime endTime before limit").returns("[PastTrade]").with("X-Lightning-History-Seq").local(),
    ]),
    ("Market data", &[
        op("GET /api/v3/depth", "Returns an order book.").takes("symbol! limit=depthLimit symbolStatus").returns("Depth"),
        op("GET /x/v1/depth/diff", "Lists past diffs of an order book, for a client that missed some.")
            .takes("symbol! fromU! toU limit").returns("[DepthUpdate]")
            .refuses(&[(410, "-94001: the diffs are no longer kept; `data.oldestU` is the first update that is.")]),
        op("GET /api/v3/trades", "Lists the latest trades.").takes("symbol! limit").returns("[Trade]").with(REACHING),
        op("GET /api/v3/historicalTrades", "Lists trades, starting at an id.")
            .takes("symbol! limit fromId").returns("[Trade]").with(REACHING),
        op("GET /api/v3/aggTrades", "Lists aggregate trades.")
            .takes("symbol! fromId startTime endTime limit").returns("[AggregateTrade]").with(REACHING),
        op("GET /api/v3/klines", "Lists candles.")
            .takes("symbol! interval! timeZone startTime endTime limit").returns("[Kline]").with(REACHING),
        op("GET /api/v3/uiKlines", "Lists candles, as `klines` does.")
            .takes("symbol! interval! timeZone startTime endTime limit").returns("[Kline]").with(REACHING),
        op("GET /api/v3/avgPrice", "Returns the average price over five minutes.").takes("symbol!").returns("AveragePrice"),
        op("GET /api/v3/ticker/24hr", "Returns statistics of the last 24 hours, for one or more symbols.")
            .takes("symbol symbols type=tickerType symbolStatus").returns("DayTicker|MiniTicker|[DayTicker]|[MiniTicker]"),
        op("GET /api/v3/ticker/tradingDay", "Returns statistics of the calendar day so far.")
            .takes("symbol symbols timeZone type=tickerType symbolStatus").returns("Ticker|MiniTicker|[Ticker]|[MiniTicker]"),
        op("GET /api/v3/ticker", "Returns statistics of a window of the requested length.")
            .takes("symbol symbols windowSize type=tickerType symbolStatus").returns("Ticker|MiniTicker|[Ticker]|[MiniTicker]"),
        op("GET /api/v3/ticker/price", "Returns the last price.").takes("symbol symbols symbolStatus").returns("Price|[Price]"),
        op("GET /api/v3/ticker/bookTicker", "Returns the best bid and ask.")
            .takes("symbol symbols symbolStatus").returns("BookTicker|[BookTicker]"),
        op("GET /api/v3/historicalBlockTrades", "Always empty: there are no block trades.")
            .takes("symbol! fromId! limit").returns("[any]").local(),
        op("GET /api/v3/referencePrice", "Always refused with -2043: there are no reference prices.").takes("symbol!").local(),
        op("GET /api/v3/referencePrice/calculation", "Always refused with -2043: there are no reference prices.").takes("symbol!").local(),
        op("GET /api/v3/executionRules", "Always empty: there are no execution rules.")
            .takes("symbol symbols symbolStatus").returns("ExecutionRules").local(),
    ]),
    ("General", &[
        op("GET /api/v3/ping", "Tests connectivity.").returns("Empty").local(),
        op("GET /api/v3/time", "Returns the exchange's time.").returns("Time").local(),
        op("GET /api/v3/exchangeInfo", "Returns the symbols, their filters, and the rate limits.")
            .takes("symbol symbols permissions showPermissionSets symbolStatus").returns("ExchangeInfo").local(),
        op("GET /x/v1/rateLimit", "Returns the rate limits of the caller's address and their usage.").returns("[RateLimit]").local(),
        op("GET /api-docs/openapi.json", "Returns this document.").returns("object").local(),
    ]),
    ("Compatibility", &[
        op("POST /api/v3/userDataStream", "Removed: private events are sent over the WebSocket API.").refuses(GONE).local().deprecated(),
        op("PUT /api/v3/userDataStream", "Removed: private events are sent over the WebSocket API.").refuses(GONE).local().deprecated(),
        op("DELETE /api/v3/userDataStream", "Removed: private events are sent over the WebSocket API.").refuses(GONE).local().deprecated(),
        op("GET /sapi/v1/capital/config/getall", "Lists the assets with the account's balances.").returns("[Coin]"),
        op("GET /sapi/v1/account/status", "Returns the account's status: `Normal`, or what it is restricted to.").returns("AccountStanding"),
        op("GET /sapi/v1/asset/tradeFee", "Lists the account's fee rates by symbol.").takes("symbol").returns("[TradeFee]"),
        op("GET /sapi/v1/margin/allPairs", "Always empty.").returns("[any]").local(),
        op("GET /sapi/v1/margin/isolated/allPairs", "Always empty.").returns("[any]").local(),
        op("GET /sapi/v1/spot/delist-schedule", "Always empty.").returns("[any]").local(),
        op("GET /sapi/v1/system/status", "Reports the system status, which is always normal.").returns("SystemStatus").local(),
        op("GET /fapi/v1/exchangeInfo", "Always empty: there are no futures.").returns("ExchangeInfo").local(),
        op("GET /dapi/v1/exchangeInfo", "Always empty: there are no futures.").returns("ExchangeInfo").local(),
    ]),
    ("Browser sessions", &[
        op("POST /x/v1/session/demo", "Starts a session on the demo account; sets the session cookie.")
            .returns("Session").with("Set-Cookie").refuses(&[OFF, FORBIDDEN]).open().local(),
        op("GET /x/v1/session", "Returns the session.").returns("Session").local(),
        op("POST /x/v1/session", "Signs in with a name and a password; sets the session cookie.")
            .reads("Credentials").returns("Session").with("Set-Cookie").refuses(&[TRIES, FORBIDDEN]).open(),
        op("DELETE /x/v1/session", "Signs out.").returns("Empty").with("Set-Cookie").local(),
        op("GET /x/v1/session/options", "Reports whether sign-up and the demo account are available.").returns("SessionOptions").local(),
        op("POST /x/v1/signup", "Opens an account with a name and a password, and starts a session.")
            .reads("Credentials").returns("Session").with("Set-Cookie")
            .refuses(&[OFF, FORBIDDEN, (409, "-92103: the name is taken.")]).open(),
        op("POST /x/v1/password", "Changes the password and ends every other session of the account.").reads("NewPassword").returns("Empty").with(DONE),
        op("GET /x/v1/keys", "Lists the account's API keys.").returns("[Key]"),
        op("POST /x/v1/keys", "Creates an API key.").reads("NewKey").returns("CreatedKey").with(DONE),
        op("DELETE /x/v1/keys", "Revokes an API key.").reads("KeyName").returns("Empty").with(DONE),
    ]),
    ("Operator", &[
        op("POST /x/v1/operator/accounts", "Opens an account.").reads("NewAccount").returns("AccountName").with(DONE)
            .refuses(&[(409, "The account exists.")]),
        op("POST /x/v1/operator/accounts/status", "Sets what an account may do, and cancels its open orders when asked to.")
            .reads("NewAccountStatus").returns("AccountStatusSet").with(DONE)
            .refuses(&[(409, "-92204: an account with open orders or balances cannot be closed.")]),
        op("POST /x/v1/operator/accounts/tier", "Sets an account's fee tier, and whether the limits of unfilled orders hold for it.")
            .reads("NewAccountTier").returns("AccountTierSet").with(DONE),
        op("POST /x/v1/operator/keys", "Creates an API key for an account.").reads("AccountKey").returns("CreatedKey").with(DONE),
        op("DELETE /x/v1/operator/keys", "Revokes an API key of an account.").reads("AccountKeyName").returns("Empty").with(DONE),
        op("POST /x/v1/operator/deposit", "Credits an account.").reads("Transfer").returns("Transferred").with(DONE).refuses(ANOTHER),
        op("POST /x/v1/operator/withdraw", "Debits an account.").reads("Transfer").returns("Transferred").with(DONE).refuses(ANOTHER),
        op("GET /x/v1/operator/symbols", "Lists the symbols with their trading rules.").returns("[TradingRules]").local(),
        op("PUT /x/v1/operator/symbols", "Changes the trading rules of a symbol for every order that is decided from now on.")
            .reads("RulesChange").returns("TradingRules").with(DONE),
    ]),
    ("Health", &[
        op("GET /health/live", "Reports that the process is alive.").returns("Live").local(),
        op("GET /health/ready", "Reports whether orders are accepted: 503 with the same reply when they are not.").returns("Ready").local(),
        op("GET /metrics", "Returns the metrics, in OpenMetrics format.").returns("string").local(),
    ]),
];

const GONE: &[(u16, &str)] = &[(410, "-1016: always.")];
const ANOTHER: &[(u16, &str)] = &[(409, "The request id belongs to another transfer.")];
