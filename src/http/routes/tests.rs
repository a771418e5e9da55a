use super::*;

/// The rows of the Binance Spot documentation (`rest-api.md`) and of the exchange's own, by route. A route without a
/// row here, or with another row, is a mistake in one of the two.
#[rustfmt::skip]
const DOCUMENTED: &[(&str, &str, Security, u32)] = {
    use Security::{Browser, Operator, Probe, Public, Trade, TradeJson, UserData};
    &[
        ("POST",   "/api/v3/order",                    Trade,     1),
        ("DELETE", "/api/v3/order",                    Trade,     1),
        ("GET",    "/api/v3/order",                    UserData,  4),
        ("POST",   "/api/v3/order/test",               Trade,     1),
        ("POST",   "/api/v3/order/cancelReplace",      Trade,     1),
        ("PUT",    "/api/v3/order/amend/keepPriority", Trade,     4),
        ("GET",    "/api/v3/order/amendments",         UserData,  4),
        ("POST",   "/api/v3/order/oco",                Trade,     1),
        ("POST",   "/api/v3/orderList/oco",            Trade,     1),
        ("POST",   "/api/v3/orderList/oto",            Trade,     1),
        ("POST",   "/api/v3/orderList/otoco",          Trade,     1),
        ("DELETE", "/api/v3/orderList",                Trade,     1),
        ("GET",    "/api/v3/orderList",                UserData,  4),
        ("GET",    "/api/v3/allOrderList",             UserData, 20),
        ("GET",    "/api/v3/openOrderList",            UserData,  6),
        ("GET",    "/api/v3/myPreventedMatches",       UserData,  2),
        ("GET",    "/api/v3/openOrders",               UserData, 80),
        ("DELETE", "/api/v3/openOrders",               Trade,     1),
        ("GET",    "/api/v3/allOrders",                UserData, 20),
        ("GET",    "/api/v3/account",                  UserData, 20),
        ("GET",    "/api/v3/account/commission",       UserData, 20),
        ("GET",    "/api/v3/myAllocations",            UserData, 20),
        ("GET",    "/api/v3/myFilters",                UserData, 40),
        ("GET",    "/api/v3/rateLimit/order",          UserData, 40),
        ("GET",    "/api/v3/myTrades",                 UserData, 20),
        ("GET",    "/api/v3/depth",                    Public,    5),
        ("GET",    "/api/v3/trades",                   Public,   25),
        ("GET",    "/api/v3/historicalTrades",         Public,   25),
        ("GET",    "/api/v3/aggTrades",                Public,    4),
        ("GET",    "/api/v3/klines",                   Public,    2),
        ("GET",    "/api/v3/uiKlines",                 Public,    2),
        ("GET",    "/api/v3/avgPrice",                 Public,    2),
        ("GET",    "/api/v3/ticker/24hr",              Public,   80),
        ("GET",    "/api/v3/ticker/tradingDay",        Public,    4),
        ("GET",    "/api/v3/ticker",                   Public,    4),
        ("GET",    "/api/v3/ticker/price",             Public,    4),
        ("GET",    "/api/v3/ticker/bookTicker",        Public,    4),
        ("GET",    "/api/v3/ping",                     Public,    1),
        ("GET",    "/api/v3/time",                     Public,    1),
        ("GET",    "/api/v3/exchangeInfo",             Public,   20),
        ("GET",    "/x/v1/depth/diff",                 Public,    5),
        ("GET",    "/api/v3/executionRules",           Public,   40),
        ("GET",    "/api/v3/referencePrice",           Public,    2),
        ("GET",    "/api/v3/referencePrice/calculation", Public,  2),
        ("GET",    "/api/v3/historicalBlockTrades",    Public,   25),
        ("POST",   "/api/v3/userDataStream",           Public,    2),
        ("PUT",    "/api/v3/userDataStream",           Public,    2),
        ("DELETE", "/api/v3/userDataStream",           Public,    2),
        ("GET",    "/sapi/v1/capital/config/getall",   UserData, 10),
        ("GET",    "/sapi/v1/account/status",          UserData,  1),
        ("GET",    "/sapi/v1/asset/tradeFee",          UserData,  1),
        ("GET",    "/sapi/v1/margin/allPairs",         Public,    1),
        ("GET",    "/sapi/v1/margin/isolated/allPairs", Public,  10),
        ("GET",    "/sapi/v1/spot/delist-schedule",    Public,  100),
        ("GET",    "/sapi/v1/system/status",           Public,    1),
        ("GET",    "/fapi/v1/exchangeInfo",            Public,    1),
        ("GET",    "/dapi/v1/exchangeInfo",            Public,    1),
        ("GET",    "/x/v1/rateLimit",                  Public,    1),
        ("GET",    "/x/v1/events",                     UserData, 20),
        ("GET",    "/x/v1/ledger",                     UserData, 20),
        ("GET",    "/x/v1/orders",                     UserData, 40),
        ("GET",    "/x/v1/trades",                     UserData, 40),
        ("POST",   "/x/v1/batchOrders",                Trade,     1),
        ("DELETE", "/x/v1/batchOrders",                Trade,     1),
        ("POST",   "/api/spot/v2",                     TradeJson, 1),
        ("POST",   "/api/spot/v2/",                    TradeJson, 1),
        ("POST",   "/x/v1/cancelAllAfter",             Trade,     1),
        ("POST",   "/x/v1/session/demo",               Browser,   1),
        ("GET",    "/x/v1/session",                    Browser,   1),
        ("POST",   "/x/v1/session",                    Browser,   1),
        ("DELETE", "/x/v1/session",                    Browser,   1),
        ("GET",    "/x/v1/session/options",            Public,    1),
        ("POST",   "/x/v1/signup",                     Browser,   1),
        ("POST",   "/x/v1/password",                   Browser,   1),
        ("GET",    "/x/v1/keys",                       Browser,   1),
        ("POST",   "/x/v1/keys",                       Browser,   1),
        ("DELETE", "/x/v1/keys",                       Browser,   1),
        ("POST",   "/x/v1/operator/accounts",          Operator,  1),
        ("POST",   "/x/v1/operator/accounts/status",   Operator,  1),
        ("POST",   "/x/v1/operator/accounts/tier",     Operator,  1),
        ("POST",   "/x/v1/operator/keys",              Operator,  1),
        ("DELETE", "/x/v1/operator/keys",              Operator,  1),
        ("POST",   "/x/v1/operator/deposit",           Operator,  1),
        ("POST",   "/x/v1/operator/withdraw",          Operator,  1),
        ("GET",    "/x/v1/operator/symbols",           Operator,  1),
        ("PUT",    "/x/v1/operator/symbols",           Operator,  1),
        ("GET",    "/api-docs/openapi.json",           Public,    1),
        ("GET",    "/health/live",                     Probe,     0),
        ("GET",    "/health/ready",                    Probe,     0),
        ("GET",    "/metrics",                         Probe,     0),
    ]
};

#[test]
fn every_route_is_as_documented_and_every_documented_route_is_there() {
    let routes: Vec<_> = ENDPOINTS
        .iter()
        .map(|endpoint| (endpoint.method.as_str(), endpoint.path, endpoint.security, endpoint.weight))
        .collect();
    for route in &routes {
        assert!(DOCUMENTED.contains(route), "not documented: {route:?}");
    }
    for row in DOCUMENTED {
        assert!(routes.contains(row), "not served: {row:?}");
    }
    assert_eq!(routes.len(), DOCUMENTED.len());
}

#[test]
fn the_routes_of_a_path_stand_together() {
    let mut paths: Vec<_> =
        ENDPOINTS.chunk_by(|one, next| one.path == next.path).map(|rows| rows[0].path).collect();
    let groups = paths.len();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), groups);
}

#[test]
fn what_changes_an_account_needs_trade_and_what_reads_one_needs_user_data() {
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.path.starts_with("/api/")) {
        let expected: &[Security] = match endpoint.method {
            // Gone for every caller.
            _ if endpoint.path == "/api/v3/userDataStream" => &[Security::Public],
            Method::GET => &[Security::Public, Security::UserData],
            _ => &[Security::Trade, Security::TradeJson],
        };
        assert!(expected.contains(&endpoint.security), "{endpoint:?}");
    }
}

#[test]
fn the_operators_paths_are_the_operators_alone() {
    for endpoint in ENDPOINTS {
        let is_operators = endpoint.path.starts_with(crate::http::auth::caller::OPERATOR_PATHS);
        assert_eq!(endpoint.security == Security::Operator, is_operators, "{endpoint:?}");
    }
}
