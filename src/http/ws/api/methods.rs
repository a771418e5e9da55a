//! The names of methods, and their REST endpoints. A method runs its endpoint's own handler, so the WebSocket API
//! checks and answers exactly as REST does.

use std::{collections::BTreeMap, sync::OnceLock};

use actix_web::http::Method;

use crate::http::routing::endpoint::Endpoint;

macro_rules! methods {
    ($($name:literal $method:ident $path:literal;)*) => {
        &[$(($name, Method::$method, $path),)*]
    };
}

/// Every method with a REST endpoint: one line per method.
#[rustfmt::skip]
static METHODS: &[(&str, Method, &str)] = methods! {
    "ping"                     GET    "/api/v3/ping";
    "time"                     GET    "/api/v3/time";
    "exchangeInfo"             GET    "/api/v3/exchangeInfo";
    "depth"                    GET    "/api/v3/depth";
    "trades.recent"            GET    "/api/v3/trades";
    "ticker.price"             GET    "/api/v3/ticker/price";
    "ticker.book"              GET    "/api/v3/ticker/bookTicker";
    "order.place"              POST   "/api/v3/order";
    "order.test"               POST   "/api/v3/order/test";
    "order.status"             GET    "/api/v3/order";
    "order.cancel"             DELETE "/api/v3/order";
    "order.cancelReplace"      POST   "/api/v3/order/cancelReplace";
    "order.amend.keepPriority" PUT    "/api/v3/order/amend/keepPriority";
    "openOrders.status"        GET    "/api/v3/openOrders";
    "openOrders.cancelAll"     DELETE "/api/v3/openOrders";
    "allOrders"                GET    "/api/v3/allOrders";
    "myTrades"                 GET    "/api/v3/myTrades";
    "account.status"           GET    "/api/v3/account";
    "klines"                   GET    "/api/v3/klines";
    "uiKlines"                 GET    "/api/v3/uiKlines";
    "trades.aggregate"         GET    "/api/v3/aggTrades";
    "trades.historical"        GET    "/api/v3/historicalTrades";
    "avgPrice"                 GET    "/api/v3/avgPrice";
    "ticker"                   GET    "/api/v3/ticker";
    "ticker.24hr"              GET    "/api/v3/ticker/24hr";
    "ticker.tradingDay"        GET    "/api/v3/ticker/tradingDay";
    "account.commission"       GET    "/api/v3/account/commission";
    "account.rateLimits.orders" GET   "/api/v3/rateLimit/order";
    "order.amendments"         GET    "/api/v3/order/amendments";
    "myPreventedMatches"       GET    "/api/v3/myPreventedMatches";
    "myAllocations"            GET    "/api/v3/myAllocations";
    "myFilters"                GET    "/api/v3/myFilters";
    "orderList.place"          POST   "/api/v3/order/oco";
    "orderList.place.oco"      POST   "/api/v3/orderList/oco";
    "orderList.place.oto"      POST   "/api/v3/orderList/oto";
    "orderList.place.otoco"    POST   "/api/v3/orderList/otoco";
    "orderList.cancel"         DELETE "/api/v3/orderList";
    "orderList.status"         GET    "/api/v3/orderList";
    "openOrderLists.status"    GET    "/api/v3/openOrderList";
    "allOrderLists"            GET    "/api/v3/allOrderList";
    "executionRules"           GET    "/api/v3/executionRules";
    "referencePrice"           GET    "/api/v3/referencePrice";
    "referencePrice.calculation" GET  "/api/v3/referencePrice/calculation";
    "blockTrades.historical"   GET    "/api/v3/historicalBlockTrades";
    "userDataStream.events"    GET    "/x/v1/events";
};

/// The methods of a route index.
fn by_name(endpoints: &'static [Endpoint]) -> BTreeMap<&'static str, &'static Endpoint> {
    let row = |(name, method, path): &'static (&'static str, Method, &'static str)| {
        let is_meant = |endpoint: &&Endpoint| endpoint.method == *method && endpoint.path == *path;
        Some((*name, endpoints.iter().find(is_meant)?))
    };
    METHODS.iter().filter_map(row).collect()
}

/// Returns the endpoint of a method. There is one route index, indexed by name at the first call.
pub(super) fn endpoint(endpoints: &'static [Endpoint], name: &str) -> Option<&'static Endpoint> {
    static BY_NAME: OnceLock<BTreeMap<&'static str, &'static Endpoint>> = OnceLock::new();
    BY_NAME.get_or_init(|| by_name(endpoints)).get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{ENDPOINTS, Security};

    #[test]
    fn every_method_has_its_endpoint_and_none_needs_more_than_parameters() {
        for (name, ..) in METHODS {
            let endpoint = endpoint(ENDPOINTS, name).unwrap_or_else(|| panic!("{name}"));
            let is_open =
                matches!(endpoint.security, Security::Public | Security::Trade | Security::UserData);
            assert!(is_open, "{name}");
        }
        assert_eq!(by_name(ENDPOINTS).len(), METHODS.len(), "a name twice");
        assert!(endpoint(ENDPOINTS, "order.unknown").is_none());
    }

    #[test]
    fn every_trading_and_account_endpoint_has_a_method() {
        for endpoint in ENDPOINTS {
            let is_private = matches!(endpoint.security, Security::Trade | Security::UserData);
            if is_private && endpoint.path.starts_with("/api/v3/") {
                let known = by_name(ENDPOINTS).values().any(|known| std::ptr::eq(*known, endpoint));
                assert!(known, "{endpoint:?}");
            }
        }
    }
}
