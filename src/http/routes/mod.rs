//! The route index: one line per route. It alone decides who may call a route, and the weight of a call.

use actix_web::{
    http::Method,
    web::{self, ServiceConfig},
};

use super::{
    account,
    auth::security::Security,
    compat, market_data, openapi, operator, orders,
    routing::{
        endpoint::{Endpoint, not_found, other_method},
        request_context::{Reply, RequestContext},
    },
    server::static_files,
    users,
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

/// Every REST route, grouped by path. A successful order has no weight.
#[rustfmt::skip]
pub static ENDPOINTS: &[Endpoint] = endpoints! {
    POST   "/api/v3/order"                    Trade     1 orders::endpoints::place;
    DELETE "/api/v3/order"                    Trade     1 orders::endpoints::cancel;
    GET    "/api/v3/order"                    UserData  4 orders::endpoints::get;
    POST   "/api/v3/order/test"               Trade     1 orders::endpoints::test;
    POST   "/api/v3/order/cancelReplace"      Trade     1 orders::cancel_replace::cancel_replace;
    PUT    "/api/v3/order/amend/keepPriority" Trade     4 orders::endpoints::amend;
    GET    "/api/v3/order/amendments"         UserData  4 orders::amendments::get;
    POST   "/api/v3/order/oco"                Trade     1 orders::lists::place_legacy_oco;
    POST   "/api/v3/orderList/oco"            Trade     1 orders::lists::place_oco;
    POST   "/api/v3/orderList/oto"            Trade     1 orders::lists::place_oto;
    POST   "/api/v3/orderList/otoco"          Trade     1 orders::lists::place_otoco;
    DELETE "/api/v3/orderList"                Trade     1 orders::lists::cancel;
    GET    "/api/v3/orderList"                UserData  4 orders::lists::get;
    GET    "/api/v3/allOrderList"             UserData 20 orders::lists::all;
    GET    "/api/v3/openOrderList"            UserData  6 orders::lists::open;
    GET    "/api/v3/myPreventedMatches"       UserData  2 orders::prevented::get;
    GET    "/api/v3/openOrders"               UserData 80 orders::endpoints::open;
    DELETE "/api/v3/openOrders"               Trade     1 orders::endpoints::cancel_all;
    GET    "/api/v3/allOrders"                UserData 20 orders::endpoints::all;
    GET    "/api/v3/account"                  UserData 20 account::info::get;
    GET    "/api/v3/account/commission"       UserData 20 account::commission::account;
    GET    "/api/v3/myAllocations"            UserData 20 compat::unsupported::allocations;
    GET    "/api/v3/myFilters"                UserData 40 compat::unsupported::my_filters;
    GET    "/api/v3/myTrades"                 UserData 20 account::info::trades;
    GET    "/api/v3/rateLimit/order"          UserData 40 account::rate_limits::orders;
    GET    "/api/v3/depth"                    Public    5 market_data::quotes::depth;
    GET    "/api/v3/trades"                   Public   25 market_data::trades::trades;
    GET    "/api/v3/historicalTrades"         Public   25 market_data::trades::historical;
    GET    "/api/v3/aggTrades"                Public    4 market_data::trades::aggregates;
    GET    "/api/v3/klines"                   Public    2 market_data::klines::klines;
    GET    "/api/v3/uiKlines"                 Public    2 market_data::klines::klines;
    GET    "/api/v3/avgPrice"                 Public    2 market_data::tickers::average;
    GET    "/api/v3/ticker/24hr"              Public   80 market_data::tickers::day;
    GET    "/api/v3/ticker/tradingDay"        Public    4 market_data::tickers::trading_day;
    GET    "/api/v3/ticker"                   Public    4 market_data::tickers::rolling;
    GET    "/api/v3/ticker/price"             Public    4 market_data::quotes::price;
    GET    "/api/v3/ticker/bookTicker"        Public    4 market_data::quotes::book_ticker;
    GET    "/api/v3/ping"                     Public    1 market_data::exchange_info::ping;
    GET    "/api/v3/time"                     Public    1 market_data::exchange_info::time;
    GET    "/api/v3/exchangeInfo"             Public   20 market_data::exchange_info::get;
    GET    "/x/v1/depth/diff"                 Public    5 market_data::diff::diffs;
    GET    "/api/v3/executionRules"           Public   40 compat::unsupported::execution_rules;
    GET    "/api/v3/referencePrice"           Public    2 compat::unsupported::reference_price;
    GET    "/api/v3/referencePrice/calculation" Public  2 compat::unsupported::reference_price;
    GET    "/api/v3/historicalBlockTrades"    Public   25 compat::unsupported::block_trades;
    POST   "/api/v3/userDataStream"           Public    2 compat::wallet::listen_key;
    PUT    "/api/v3/userDataStream"           Public    2 compat::wallet::listen_key;
    DELETE "/api/v3/userDataStream"           Public    2 compat::wallet::listen_key;
    GET    "/sapi/v1/capital/config/getall"   UserData 10 compat::wallet::coins;
    GET    "/sapi/v1/account/status"          UserData  1 compat::wallet::account_status;
    GET    "/sapi/v1/asset/tradeFee"          UserData  1 account::commission::trade_fee;
    GET    "/sapi/v1/margin/allPairs"         Public    1 compat::wallet::none;
    GET    "/sapi/v1/margin/isolated/allPairs" Public  10 compat::wallet::none;
    GET    "/sapi/v1/spot/delist-schedule"    Public  100 compat::wallet::none;
    GET    "/sapi/v1/system/status"           Public    1 compat::wallet::system_status;
    GET    "/fapi/v1/exchangeInfo"            Public    1 compat::wallet::futures;
    GET    "/dapi/v1/exchangeInfo"            Public    1 compat::wallet::futures;
    GET    "/x/v1/rateLimit"                  Public    1 account::rate_limits::address;
    GET    "/x/v1/events"                     UserData 20 account::events::list;
    GET    "/x/v1/ledger"                     UserData 20 account::ledger::list;
    GET    "/x/v1/orders"                     UserData 40 account::account_history::orders;
    GET    "/x/v1/trades"                     UserData 40 account::account_history::trades;
    POST   "/x/v1/batchOrders"                Trade     1 orders::batch::place;
    DELETE "/x/v1/batchOrders"                Trade     1 orders::batch::cancel;
    POST   "/api/spot/v2"                     TradeJson 1 orders::spot_v2::place;
    POST   "/api/spot/v2/"                    TradeJson 1 orders::spot_v2::place;
    POST   "/x/v1/cancelAllAfter"             Trade     1 orders::countdown::set;
    POST   "/x/v1/session/demo"               Browser   1 users::session::start_demo;
    GET    "/x/v1/session"                    Browser   1 users::session::get;
    POST   "/x/v1/session"                    Browser   1 users::logins::sign_in;
    DELETE "/x/v1/session"                    Browser   1 users::session::end;
    GET    "/x/v1/session/options"            Public    1 users::logins::options;
    POST   "/x/v1/signup"                     Browser   1 users::logins::sign_up;
    POST   "/x/v1/password"                   Browser   1 users::logins::change_password;
    GET    "/x/v1/keys"                       Browser   1 users::keys::list;
    POST   "/x/v1/keys"                       Browser   1 users::keys::create;
    DELETE "/x/v1/keys"                       Browser   1 users::keys::revoke;
    POST   "/x/v1/operator/accounts"          Operator  1 operator::accounts::create_account;
    POST   "/x/v1/operator/accounts/status"   Operator  1 operator::standing::set_status;
    POST   "/x/v1/operator/accounts/tier"     Operator  1 operator::standing::set_tier;
    POST   "/x/v1/operator/keys"              Operator  1 operator::accounts::create_key;
    DELETE "/x/v1/operator/keys"              Operator  1 operator::accounts::revoke_key;
    POST   "/x/v1/operator/deposit"           Operator  1 operator::accounts::deposit;
    POST   "/x/v1/operator/withdraw"          Operator  1 operator::accounts::withdraw;
    GET    "/x/v1/operator/symbols"           Operator  1 operator::symbols::list;
    PUT    "/x/v1/operator/symbols"           Operator  1 operator::symbols::change;
    GET    "/api-docs/openapi.json"           Public    1 document;
    GET    "/health/live"                     Probe     0 operator::health::live;
    GET    "/health/ready"                    Probe     0 operator::health::ready;
    GET    "/metrics"                         Probe     0 operator::health::metrics;
};

/// `GET /api-docs/openapi.json`
async fn document(_: &RequestContext<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::json(openapi::text(ENDPOINTS).to_owned()))
}

/// Which routes a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Everything.
    Everything,
    /// Everything but the metrics, which have a listener of their own.
    AllButMetrics,
    /// Metrics and health.
    Operations,
}

const METRICS: &str = "/metrics";

/// Registers the routes of a listener: all of them, with those of the WebSocket and of the page, or those of operations.
pub(super) fn configure(config: &mut ServiceConfig, offer: Offer, page: &'static [static_files::Asset]) {
    let is_served = |endpoint: &Endpoint| match offer {
        Offer::Everything => true,
        Offer::AllButMetrics => endpoint.path != METRICS,
        Offer::Operations => endpoint.security == Security::Probe,
    };
    for endpoints in ENDPOINTS.chunk_by(|one, next| one.path == next.path) {
        if !is_served(&endpoints[0]) {
            continue;
        }
        let mut resource = web::resource(endpoints[0].path);
        for endpoint in endpoints {
            resource = resource.route(endpoint.route());
        }
        config.service(resource.default_service(web::to(move |request| other_method(endpoints, request))));
    }
    if offer != Offer::Operations {
        ws::configure(config, ENDPOINTS);
        static_files::configure(config, page);
    }
    config.default_service(web::to(not_found));
}

#[cfg(test)]
mod tests;
