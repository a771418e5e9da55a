//! The route index: one line per route. Who may call what, and what it weighs, is decided here alone.

use actix_web::{
    http::Method,
    web::{self, ServiceConfig},
};

use super::{
    account::{
        account_history as past, commission, events, info as account, ledger, rate_limits as rate_limit,
    },
    auth::security::Security,
    compat::{unsupported as absent, wallet as shims},
    market_data::{
        diff as market_diff, exchange_info, klines as market_klines, quotes as market,
        tickers as market_ticker, trades as market_trades,
    },
    openapi,
    operator::{accounts as operator, health},
    orders::{
        amendments, batch, cancel_replace, countdown, endpoints as order, lists as order_list, prevented,
        spot_v2,
    },
    routing::{
        endpoint::{Endpoint, not_found, other_method},
        request_context::{Call, Reply},
    },
    server::static_files,
    users::{keys, logins as people, session},
    wire::error::ApiError,
    ws,
};

macro_rules! endpoints {
    ($($method:ident $path:literal $security:ident $weight:literal $handler:path;)*) => {
        &[$(Endpoint {
            method: Method::$method,
            path: $path,
            security: Security::$security,
            weight: $weight,
            handle: |call| Box::pin($handler(call)),
        },)*]
    };
}

/// Every REST route, those of one path together. An order that succeeds weighs nothing.
#[rustfmt::skip]
pub static ENDPOINTS: &[Endpoint] = endpoints! {
    POST   "/api/v3/order"                    Trade     1 order::place;
    DELETE "/api/v3/order"                    Trade     1 order::cancel;
    GET    "/api/v3/order"                    UserData  4 order::get;
    POST   "/api/v3/order/test"               Trade     1 order::test;
    POST   "/api/v3/order/cancelReplace"      Trade     1 cancel_replace::cancel_replace;
    PUT    "/api/v3/order/amend/keepPriority" Trade     4 order::amend;
    GET    "/api/v3/order/amendments"         UserData  4 amendments::get;
    POST   "/api/v3/order/oco"                Trade     1 order_list::place_old_pair;
    POST   "/api/v3/orderList/oco"            Trade     1 order_list::place_pair;
    POST   "/api/v3/orderList/oto"            Trade     1 order_list::place_then;
    POST   "/api/v3/orderList/otoco"          Trade     1 order_list::place_then_pair;
    DELETE "/api/v3/orderList"                Trade     1 order_list::cancel;
    GET    "/api/v3/orderList"                UserData  4 order_list::get;
    GET    "/api/v3/allOrderList"             UserData 20 order_list::all;
    GET    "/api/v3/openOrderList"            UserData  6 order_list::open;
    GET    "/api/v3/myPreventedMatches"       UserData  2 prevented::get;
    GET    "/api/v3/openOrders"               UserData 80 order::open;
    DELETE "/api/v3/openOrders"               Trade     1 order::cancel_all;
    GET    "/api/v3/allOrders"                UserData 20 order::all;
    GET    "/api/v3/account"                  UserData 20 account::get;
    GET    "/api/v3/account/commission"       UserData 20 commission::account;
    GET    "/api/v3/myAllocations"            UserData 20 absent::allocations;
    GET    "/api/v3/myFilters"                UserData 40 absent::my_filters;
    GET    "/api/v3/myTrades"                 UserData 20 account::trades;
    GET    "/api/v3/rateLimit/order"          UserData 40 rate_limit::orders;
    GET    "/api/v3/depth"                    Public    5 market::depth;
    GET    "/api/v3/trades"                   Public   25 market_trades::trades;
    GET    "/api/v3/historicalTrades"         Public   25 market_trades::historical;
    GET    "/api/v3/aggTrades"                Public    4 market_trades::aggregates;
    GET    "/api/v3/klines"                   Public    2 market_klines::klines;
    GET    "/api/v3/uiKlines"                 Public    2 market_klines::klines;
    GET    "/api/v3/avgPrice"                 Public    2 market_ticker::average;
    GET    "/api/v3/ticker/24hr"              Public   80 market_ticker::day;
    GET    "/api/v3/ticker/tradingDay"        Public    4 market_ticker::trading_day;
    GET    "/api/v3/ticker"                   Public    4 market_ticker::rolling;
    GET    "/api/v3/ticker/price"             Public    4 market::price;
    GET    "/api/v3/ticker/bookTicker"        Public    4 market::book_ticker;
    GET    "/api/v3/ping"                     Public    1 exchange_info::ping;
    GET    "/api/v3/time"                     Public    1 exchange_info::time;
    GET    "/api/v3/exchangeInfo"             Public   20 exchange_info::get;
    GET    "/x/v1/depth/diff"                 Public    5 market_diff::diffs;
    GET    "/api/v3/executionRules"           Public   40 absent::execution_rules;
    GET    "/api/v3/referencePrice"           Public    2 absent::reference_price;
    GET    "/api/v3/referencePrice/calculation" Public  2 absent::reference_price;
    GET    "/api/v3/historicalBlockTrades"    Public   25 absent::block_trades;
    POST   "/api/v3/userDataStream"           Public    2 shims::listen_key;
    PUT    "/api/v3/userDataStream"           Public    2 shims::listen_key;
    DELETE "/api/v3/userDataStream"           Public    2 shims::listen_key;
    GET    "/sapi/v1/capital/config/getall"   UserData 10 shims::coins;
    GET    "/sapi/v1/asset/tradeFee"          UserData  1 commission::trade_fee;
    GET    "/sapi/v1/margin/allPairs"         Public    1 shims::none;
    GET    "/sapi/v1/margin/isolated/allPairs" Public  10 shims::none;
    GET    "/sapi/v1/spot/delist-schedule"    Public  100 shims::none;
    GET    "/sapi/v1/system/status"           Public    1 shims::system_status;
    GET    "/fapi/v1/exchangeInfo"            Public    1 shims::futures;
    GET    "/dapi/v1/exchangeInfo"            Public    1 shims::futures;
    GET    "/x/v1/rateLimit"                  Public    1 rate_limit::address;
    GET    "/x/v1/events"                     UserData 20 events::list;
    GET    "/x/v1/ledger"                     UserData 20 ledger::list;
    GET    "/x/v1/orders"                     UserData 40 past::orders;
    GET    "/x/v1/trades"                     UserData 40 past::trades;
    POST   "/x/v1/batchOrders"                Trade     1 batch::place;
    DELETE "/x/v1/batchOrders"                Trade     1 batch::cancel;
    POST   "/api/spot/v2"                     TradeJson 1 spot_v2::place;
    POST   "/api/spot/v2/"                    TradeJson 1 spot_v2::place;
    POST   "/x/v1/cancelAllAfter"             Trade     1 countdown::set;
    POST   "/x/v1/session/demo"               Browser   1 session::begin_demo;
    GET    "/x/v1/session"                    Browser   1 session::get;
    POST   "/x/v1/session"                    Browser   1 people::sign_in;
    DELETE "/x/v1/session"                    Browser   1 session::end;
    GET    "/x/v1/session/options"            Public    1 people::options;
    POST   "/x/v1/signup"                     Browser   1 people::sign_up;
    POST   "/x/v1/password"                   Browser   1 people::change_password;
    GET    "/x/v1/keys"                       Browser   1 keys::list;
    POST   "/x/v1/keys"                       Browser   1 keys::create;
    DELETE "/x/v1/keys"                       Browser   1 keys::revoke;
    POST   "/x/v1/operator/accounts"          Operator  1 operator::create_account;
    POST   "/x/v1/operator/keys"              Operator  1 operator::create_key;
    DELETE "/x/v1/operator/keys"              Operator  1 operator::revoke_key;
    POST   "/x/v1/operator/deposit"           Operator  1 operator::deposit;
    POST   "/x/v1/operator/withdraw"          Operator  1 operator::withdraw;
    GET    "/api-docs/openapi.json"           Public    1 document;
    GET    "/health/live"                     Probe     0 health::live;
    GET    "/health/ready"                    Probe     0 health::ready;
    GET    "/metrics"                         Probe     0 health::metrics;
};

/// `GET /api-docs/openapi.json`
async fn document(_: &Call<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::json(openapi::text(ENDPOINTS).to_owned()))
}

/// Registers every route, the WebSocket's and the page's too.
pub fn configure(config: &mut ServiceConfig) {
    for endpoints in ENDPOINTS.chunk_by(|one, next| one.path == next.path) {
        let mut resource = web::resource(endpoints[0].path);
        for endpoint in endpoints {
            resource = resource.route(endpoint.route());
        }
        config.service(resource.default_service(web::to(move |request| other_method(endpoints, request))));
    }
    ws::configure(config, ENDPOINTS);
    static_files::configure(config);
    config.default_service(web::to(not_found));
}

#[cfg(test)]
mod tests;
