//! Every schema of the API: request bodies and replies.

use super::shape::{
    Named,
    Shape::{Object, Row, Text, Type, Words},
};

/// The enums of the wire.
#[rustfmt::skip]
const WORDS: &[Named] = &[
    ("Symbol", "A symbol's name, such as BTCUSDT.", Text("^[A-Z0-9-_.]{1,20}$")),
    ("Amount", "A decimal: digits, optionally a point and more digits; no sign, no exponent.", Text(r"^([0-9]{1,20})(\.[0-9]{1,20})?$")),
    ("ClientOrderId", "A client order id.", Text("^[a-zA-Z0-9-_]{1,36}$")),
    ("Side", "", Words("BUY SELL")),
    ("BookSide", "A side, by its REST name or its book name.", Words("BUY SELL BID ASK")),
    ("OrderType", "", Words("LIMIT LIMIT_MAKER MARKET STOP_LOSS STOP_LOSS_LIMIT TAKE_PROFIT TAKE_PROFIT_LIMIT")),
    ("TimeInForce", "GTD is an extension: it requires `goodTillDate` and is only for LIMIT.", Words("GTC IOC FOK GTD")),
    ("OrderStatus", "", Words("NEW PENDING_NEW PARTIALLY_FILLED FILLED CANCELED REJECTED EXPIRED EXPIRED_IN_MATCH")),
    ("StpMode", "What happens instead of a trade of an account with itself.", Words("NONE EXPIRE_TAKER EXPIRE_MAKER EXPIRE_BOTH DECREMENT")),
    ("ResponseType", "How detailed the reply is.", Words("ACK RESULT FULL")),
    ("ExpiryReason", "Why an order expired.", Words("INSUFFICIENT_LIQUIDITY UNFILLED_IOC_QUANTITY_EXPIRED UNFILLED_FOK_ORDER_EXPIRED GOOD_TILL_DATE EXECUTION_RULE_PRICE_RANGE_EXCEEDED EXCHANGE_CANCELED REJECTED")),
    ("CancelRestriction", "The status an order must have to be cancelled.", Words("ONLY_NEW ONLY_PARTIALLY_FILLED")),
    ("ReplaceMode", "Whether the new order is placed when the cancel fails.", Words("STOP_ON_FAILURE ALLOW_FAILURE")),
    ("RateLimitMode", "What a cancel-replace does when the order limit is exceeded.", Words("DO_NOTHING CANCEL_ONLY")),
    ("Outcome", "", Words("SUCCESS FAILURE NOT_ATTEMPTED")),
    ("ContingencyType", "", Words("OCO OTO")),
    ("ListStatusType", "The last reported event of the list.", Words("RESPONSE EXEC_STARTED ALL_DONE")),
    ("ListOrderStatus", "The status of the list's orders.", Words("EXECUTING ALL_DONE REJECT")),
    ("SymbolStatus", "", Words("TRADING HALT BREAK CANCEL_ONLY POST_ONLY DELISTED")),
    ("MarketStatus", "Whether a symbol trades.", Words("TRADING CANCEL_ONLY HALT POST_ONLY DELISTED")),
    ("TickerType", "MINI omits the derived figures.", Words("FULL MINI")),
    ("Interval", "", Words("1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M")),
    ("TimeUnit", "The unit of times.", Words("MILLISECOND MICROSECOND")),
    ("KeyType", "", Words("HMAC ED25519 RSA")),
    ("Permission", "What a key may do.", Words("USER_DATA TRADE")),
    ("RateLimitType", "", Words("REQUEST_WEIGHT RAW_REQUESTS ORDERS")),
];

#[rustfmt::skip]
const ORDERS: &[Named] = &[
    ("OrderAck", "An order was placed.", Object("symbol:Symbol orderId:id orderListId:integer clientOrderId:ClientOrderId transactTime:time")),
    ("OrderAmounts", "The fields of every full description of an order.", Object("price:decimal origQty:decimal executedQty:decimal origQuoteOrderQty:decimal cummulativeQuoteQty:decimal status:OrderStatus timeInForce:TimeInForce type:OrderType side:Side selfTradePreventionMode:StpMode")),
    ("OrderExtras", "Fields an order has only where they apply.", Object("trailingDelta?:id trailingTime?:integer strategyId?:id strategyType?:id preventedMatchId?:id preventedQuantity?:decimal goodTillDate?:time expiryReason?:ExpiryReason")),
    ("OrderBounds", "", Object("stopPrice?:decimal icebergQty?:decimal")),
    ("OrderResult", "An order and its result. `workingTime` is -1 until the order is working.", Object("+OrderAck +OrderAmounts workingTime:integer +OrderBounds +OrderExtras")),
    ("OrderFull", "An order, its result and its fills.", Object("+OrderResult fills:[Fill] preventedMatches?:[PreventedByTaker]")),
    ("PlacedOrder", "The placed order, as detailed as `newOrderRespType` requests.", Type("OrderAck|OrderResult|OrderFull")),
    ("Fill", "", Object("price:decimal qty:decimal commission:decimal commissionAsset:string tradeId:id")),
    ("PreventedByTaker", "A self-trade of the order that was prevented.", Object("preventedMatchId:id makerOrderId:id price:decimal takerPreventedQuantity?:decimal makerPreventedQuantity?:decimal")),
    ("QueriedOrder", "", Object("symbol:Symbol orderId:id orderListId:integer clientOrderId:ClientOrderId +OrderAmounts stopPrice:decimal icebergQty:decimal time:time updateTime:time isWorking:boolean workingTime:integer +OrderExtras")),
    ("CancelledOrder", "`clientOrderId` names the cancel, `origClientOrderId` the order.", Object("origClientOrderId:ClientOrderId +OrderAck +OrderAmounts +OrderBounds +OrderExtras")),
    ("AmendedOrder", "", Object("symbol:Symbol orderId:id orderListId:integer origClientOrderId:ClientOrderId clientOrderId:ClientOrderId price:decimal qty:decimal executedQty:decimal preventedQty:decimal quoteOrderQty:decimal cumulativeQuoteQty:decimal status:OrderStatus timeInForce:TimeInForce type:OrderType side:Side workingTime:integer selfTradePreventionMode:StpMode")),
    ("Amendment", "", Object("transactTime:time executionId:id amendedOrder:AmendedOrder")),
    ("CancelReplace", "Both halves, each with its outcome.", Object("cancelResult:Outcome newOrderResult:Outcome cancelResponse:CancelledOrder|Error newOrderResponse:PlacedOrder|Error|null")),
    ("Tested", "Empty, or the fee rates if they were requested.", Type("Empty|OrderCommission")),
    ("ListedOrder", "", Object("symbol:Symbol orderId:id clientOrderId:ClientOrderId")),
    ("OrderList", "", Object("orderListId:id contingencyType:ContingencyType listStatusType:ListStatusType listOrderStatus:ListOrderStatus listClientOrderId:ClientOrderId transactionTime:time symbol:Symbol orders:[ListedOrder]")),
    ("PlacedList", "", Object("+OrderList orderReports:[PlacedOrder]")),
    ("CancelledList", "", Object("+OrderList orderReports:[CancelledOrder]")),
    ("Cancelled", "A cancelled order, or a cancelled order list.", Type("CancelledOrder|CancelledList")),
    ("Placement", "One result of a batch: the reply, or the error.", Type("PlacedOrder|Error")),
    ("Cancellation", "One result of a batch: the reply, or the error.", Type("CancelledOrder|Error")),
    ("PreventedMatch", "A self-trade that was prevented.", Object("symbol:Symbol preventedMatchId:id takerOrderId:id makerSymbol:Symbol makerOrderId:id tradeGroupId:integer selfTradePreventionMode:StpMode price:decimal takerPreventedQuantity?:decimal makerPreventedQuantity?:decimal transactTime:time")),
    ("OrderAmendment", "An amend of an order.", Object("symbol:Symbol orderId:id executionId:id origClientOrderId:ClientOrderId newClientOrderId:ClientOrderId origQty:decimal newQty:decimal time:time")),
    ("Countdown", "`cancelTime` is null when the countdown was stopped.", Object("countdownTime:id cancelTime:time|null")),
    ("JsonOrder", "A limit order, good till cancelled. Amounts are strings, or numbers, which are read exactly as written.", Object("symbol:Symbol side:BookSide price:Amount quantity:Amount")),
];

#[rustfmt::skip]
const ACCOUNT: &[Named] = &[
    ("Rates", "", Object("maker:decimal taker:decimal buyer:decimal seller:decimal")),
    ("OrderRates", "", Object("maker:decimal taker:decimal")),
    ("Discount", "", Object("enabledForAccount:boolean enabledForSymbol:boolean discountAsset:string discount:decimal")),
    ("Commission", "", Object("symbol:Symbol standardCommission:Rates specialCommission:Rates taxCommission:Rates discount:Discount")),
    ("OrderCommission", "", Object("standardCommissionForOrder:OrderRates specialCommissionForOrder:OrderRates taxCommissionForOrder:OrderRates discount:Discount")),
    ("TradeFee", "", Object("symbol:Symbol makerCommission:decimal takerCommission:decimal")),
    ("Balance", "", Object("asset:string free:decimal locked:decimal")),
    ("Account", "", Object("makerCommission:id takerCommission:id buyerCommission:id sellerCommission:id commissionRates:Rates canTrade:boolean canWithdraw:boolean canDeposit:boolean brokered:boolean requireSelfTradePrevention:boolean preventSor:boolean updateTime:time accountType:string balances:[Balance] permissions:[string] uid:id")),
    ("AccountTrade", "", Object("symbol:Symbol id:id orderId:id orderListId:integer price:decimal qty:decimal quoteQty:decimal commission:decimal commissionAsset:string time:time isBuyer:boolean isMaker:boolean isBestMatch:boolean")),
    ("PastTrade", "", Object("symbol:Symbol id:id orderId:id orderListId:integer price:decimal qty:decimal quoteQty:decimal commission:decimal commissionAsset:string time:time isBuyer:boolean isMaker:boolean isBestMatch:boolean cursor:string")),
    ("MyFilters", "", Object("exchangeFilters:[Filter] symbolFilters:[Filter] assetFilters:[Filter]")),
    ("RateLimit", "", Object("rateLimitType:RateLimitType interval:string intervalNum:id limit:id count?:id")),
    ("Events", "An account's private events, described in docs/ws-api.md.", Object("lastSeq:id events:[Event]")),
    ("Event", "", Object("seq:id event:object")),
    ("LedgerLine", "One credit or debit, and the balance after it.", Object("id:string time:time asset:string delta:decimal free:decimal locked:decimal type:string symbol?:string tradeId?:id orderId?:id")),
    ("Coin", "", Object("coin:string name:string depositAllEnable:boolean withdrawAllEnable:boolean free:decimal locked:decimal freeze:decimal withdrawing:decimal ipoing:decimal ipoable:decimal storage:decimal isLegalMoney:boolean trading:boolean networkList:[any]")),
];

#[rustfmt::skip]
const MARKET: &[Named] = &[
    ("Level", "A price and a quantity.", Row("decimal decimal")),
    ("Depth", "", Object("lastUpdateId:id bids:[Level] asks:[Level]")),
    ("DepthUpdate", "One diff of a book: the updates `U` to `u`, and the checksum after them.", Object("e:string E:time s:Symbol U:id u:id b:[Level] a:[Level] cs?:id")),
    ("Trade", "", Object("id:id price:decimal qty:decimal quoteQty:decimal time:time isBuyerMaker:boolean isBestMatch:boolean")),
    ("AggregateTrade", "The consecutive trades of one taking order at one price: id, price, quantity, first and last trade, time, whether the buyer was the maker.", Object("a:id p:decimal q:decimal f:id l:id T:time m:boolean M:boolean")),
    ("Kline", "Open time, open, high, low, close, volume, close time, quote volume, trades, taker's volume, taker's quote volume, unused.", Row("time decimal decimal decimal decimal decimal time decimal id decimal decimal string")),
    ("AveragePrice", "", Object("mins:id price:decimal closeTime:time")),
    ("Price", "", Object("symbol:Symbol price:decimal")),
    ("BookTicker", "", Object("symbol:Symbol bidPrice:decimal bidQty:decimal askPrice:decimal askQty:decimal")),
    ("MiniTicker", "The trades of a window in figures. Without trades the ids are -1.", Object("symbol:Symbol openPrice:decimal highPrice:decimal lowPrice:decimal lastPrice:decimal volume:decimal quoteVolume:decimal openTime:time closeTime:time firstId:integer lastId:integer count:id")),
    ("Ticker", "", Object("+MiniTicker priceChange:decimal priceChangePercent:decimal weightedAvgPrice:decimal")),
    ("DayTicker", "", Object("+Ticker prevClosePrice:decimal lastQty:decimal bidPrice:decimal bidQty:decimal askPrice:decimal askQty:decimal")),
];

#[rustfmt::skip]
const GENERAL: &[Named] = &[
    ("Empty", "An empty object.", Object("")),
    ("Error", "An error. Clients may rely on the code and the text; `data` holds details where there are any.", Object("code:integer msg:string data?:object")),
    ("Time", "", Object("serverTime:time")),
    ("Filter", "A rule the orders of a symbol must meet; its fields depend on its type.", Object("filterType:string minPrice?:decimal maxPrice?:decimal tickSize?:decimal minQty?:decimal maxQty?:decimal stepSize?:decimal minNotional?:decimal applyMinToMarket?:boolean maxNotional?:decimal applyMaxToMarket?:boolean avgPriceMins?:id bidMultiplierUp?:decimal bidMultiplierDown?:decimal askMultiplierUp?:decimal askMultiplierDown?:decimal maxNumOrders?:id limit?:id maxNumAlgoOrders?:id maxNumIcebergOrders?:id maxNumOrderLists?:id maxNumOrderAmends?:id minTrailingAboveDelta?:id maxTrailingAboveDelta?:id minTrailingBelowDelta?:id maxTrailingBelowDelta?:id maxPosition?:decimal")),
    ("SymbolInfo", "`marketCollar` is the furthest a market order may trade from the last price, as a share of that price.", Object("symbol:Symbol status:SymbolStatus baseAsset:string baseAssetPrecision:id quoteAsset:string quotePrecision:id quoteAssetPrecision:id baseCommissionPrecision:id quoteCommissionPrecision:id orderTypes:[OrderType] icebergAllowed:boolean ocoAllowed:boolean otoAllowed:boolean opoAllowed:boolean quoteOrderQtyMarketAllowed:boolean allowTrailingStop:boolean cancelReplaceAllowed:boolean amendAllowed:boolean pegInstructionsAllowed:boolean isSpotTradingAllowed:boolean isMarginTradingAllowed:boolean filters:[Filter] permissions:[string] permissionSets:[[string]] defaultSelfTradePreventionMode:StpMode allowedSelfTradePreventionModes:[StpMode] marketCollar:decimal")),
    ("ExchangeInfo", "", Object("timezone:string serverTime:time rateLimits:[RateLimit] exchangeFilters:[Filter] symbols:[SymbolInfo]")),
    ("ExecutionRules", "", Object("symbolRules:[any]")),
    ("AccountStanding", "", Object("data:string")),
    ("SystemStatus", "", Object("status:id msg:string")),
    ("Live", "", Object("status:string")),
    ("Ready", "`outOfService` names the shards that are out of service.", Object("status:Readiness reason?:string outOfService:[string]")),
    ("Readiness", "", Words("ready stopping halted degraded")),
];

#[rustfmt::skip]
const USERS: &[Named] = &[
    ("Session", "A browser's session; `name` is null in a demo session.", Object("accountId:id csrfToken:string demo:boolean name:string|null")),
    ("SessionOptions", "Whether sign-up and the demo account are available.", Object("signUp:boolean demo:boolean")),
    ("Credentials", "A name of 3 to 32 of a-z, 0-9, '_', '.' and '-'; a password of 10 to 128 bytes that is not the name.", Object("name:string password:string")),
    ("NewPassword", "", Object("current:string new:string")),
    ("NewKey", "`publicKey`, in PEM, is required for ED25519 and RSA.", Object("type:KeyType label?:string permissions:[Permission] publicKey?:string")),
    ("Key", "", Object("apiKey:string type:KeyType label:string permissions:[Permission] createTime:time")),
    ("CreatedKey", "`secretKey` is returned for HMAC keys, and only once.", Object("+Key secretKey?:string")),
    ("KeyName", "", Object("apiKey:string")),
    ("NewAccount", "", Object("id?:id tier?:Tier unlimited?:boolean")),
    ("Tier", "A fee tier.", Type("id")),
    ("AccountStatus", "ACTIVE may do everything. CANCEL_ONLY neither places nor amends orders. FROZEN reads, cancels and receives deposits. CLOSED reads.", Words("ACTIVE CANCEL_ONLY FROZEN CLOSED")),
    ("NewAccountStatus", "`cancelOrders` cancels the open orders in the same step, with CANCEL_ONLY and FROZEN. `reason` has 1 to 200 bytes and is journalled.", Object("accountId:id status:AccountStatus cancelOrders?:boolean reason:string")),
    ("AccountStatusSet", "`cancelling` counts the open orders whose books were asked to cancel them.", Object("accountId:id status:AccountStatus cancelling:id")),
    ("NewAccountTier", "At least one of `tier` and `unlimited`; what is not sent stays. `reason` has 1 to 200 bytes and is journalled.", Object("accountId:id tier?:Tier unlimited?:boolean reason:string")),
    ("AccountTierSet", "", Object("accountId:id tier:Tier unlimited:boolean")),
    ("AccountName", "", Object("accountId:id")),
    ("AccountKey", "The default `type` is HMAC.", Object("accountId:id type?:KeyType label?:string permissions:[Permission] publicKey?:string")),
    ("AccountKeyName", "", Object("accountId:id apiKey:string")),
    ("Transfer", "`amount` is a string. A repeated `requestId` returns the first reply and transfers nothing.", Object("accountId:id asset:string amount:Amount requestId?:string")),
    ("Transferred", "", Object("accountId:id asset:string free:decimal locked:decimal")),
    ("TierFees", "Fee rates of a tier, tier 0 first.", Object("maker:Amount taker:Amount")),
    ("TradingRules", "What a definition in the configuration says, as it is in force.", Object("symbol:string status:MarketStatus tickSize:Amount stepSize:Amount minPrice:Amount maxPrice:Amount minQty:Amount maxQty:Amount marketMinQty:Amount marketMaxQty:Amount minNotional:Amount maxNotional:Amount bidMultiplierUp:Amount bidMultiplierDown:Amount askMultiplierUp:Amount askMultiplierDown:Amount marketCollar:Amount applyMinToMarket:boolean applyMaxToMarket:boolean maxNumOrders:id fees:[TierFees] specialOrders:SpecialRules")),
    ("SpecialRules", "Bounds of icebergs, conditional orders and lists; 0 is no bound.", Object("icebergParts:id maxNumAlgoOrders:id maxNumIcebergOrders:id maxNumOrderLists:id maxNumOrderAmends:id minTrailingAboveDelta:id maxTrailingAboveDelta:id minTrailingBelowDelta:id maxTrailingBelowDelta:id maxPosition:Amount")),
    ("RulesChange", "What is left out stays as it is. `status` DELISTED is for good: every open order of the symbol ends.", Object("symbol:string reason:string status?:MarketStatus minPrice?:Amount maxPrice?:Amount minQty?:Amount maxQty?:Amount marketMinQty?:Amount marketMaxQty?:Amount minNotional?:Amount maxNotional?:Amount bidMultiplierUp?:Amount bidMultiplierDown?:Amount askMultiplierUp?:Amount askMultiplierDown?:Amount marketCollar?:Amount applyMinToMarket?:boolean applyMaxToMarket?:boolean maxNumOrders?:id fees?:[TierFees] specialOrders?:SpecialChange")),
    ("SpecialChange", "", Object("icebergParts?:id maxNumAlgoOrders?:id maxNumIcebergOrders?:id maxNumOrderLists?:id maxNumOrderAmends?:id minTrailingAboveDelta?:id maxTrailingAboveDelta?:id minTrailingBelowDelta?:id maxTrailingBelowDelta?:id maxPosition?:Amount")),
];

/// Returns every schema.
pub(super) fn all() -> Vec<Named> {
    [WORDS, ORDERS, ACCOUNT, MARKET, GENERAL, USERS].concat()
}
