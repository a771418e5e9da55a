//! The route index: one line per route. Who may call what, and what it weighs, is decided here alone.

use actix_web::{
    http::Method,
    web::{self, ServiceConfig},
};

use super::{
    account, batch, cancel_replace, countdown,
    endpoint::{Endpoint, Security, not_found, other_method},
    exchange_info, health, market, operator, order, order_list, prevented, session, static_files, ws,
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
    GET    "/api/v3/myTrades"                 UserData 20 account::trades;
    GET    "/api/v3/depth"                    Public    5 market::depth;
    GET    "/api/v3/trades"                   Public   25 market::trades;
    GET    "/api/v3/ticker/price"             Public    4 market::price;
    GET    "/api/v3/ticker/bookTicker"        Public    4 market::book_ticker;
    GET    "/api/v3/ping"                     Public    1 exchange_info::ping;
    GET    "/api/v3/time"                     Public    1 exchange_info::time;
    GET    "/api/v3/exchangeInfo"             Public   20 exchange_info::get;
    POST   "/x/v1/batchOrders"                Trade     1 batch::place;
    DELETE "/x/v1/batchOrders"                Trade     1 batch::cancel;
    POST   "/x/v1/cancelAllAfter"             Trade     1 countdown::set;
    POST   "/x/v1/session/demo"               Browser   1 session::begin_demo;
    GET    "/x/v1/session"                    Browser   1 session::get;
    DELETE "/x/v1/session"                    Browser   1 session::end;
    POST   "/x/v1/operator/accounts"          Operator  1 operator::create_account;
    POST   "/x/v1/operator/keys"              Operator  1 operator::create_key;
    POST   "/x/v1/operator/deposit"           Operator  1 operator::deposit;
    POST   "/x/v1/operator/withdraw"          Operator  1 operator::withdraw;
    GET    "/health/live"                     Probe     0 health::live;
    GET    "/health/ready"                    Probe     0 health::ready;
    GET    "/metrics"                         Probe     0 health::metrics;
};

/// Registers every route, the WebSocket's and the page's too.
pub fn configure(config: &mut ServiceConfig) {
    for endpoints in ENDPOINTS.chunk_by(|one, next| one.path == next.path) {
        let mut resource = web::resource(endpoints[0].path);
        for endpoint in endpoints {
            resource = resource.route(endpoint.route());
        }
        config.service(resource.default_service(web::to(other_method)));
    }
    ws::configure(config);
    static_files::configure(config);
    config.default_service(web::to(not_found));
}

#[cfg(test)]
mod tests;
