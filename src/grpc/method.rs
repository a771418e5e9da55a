//! The methods: their access rules and the weights of calls.

use super::caller::Access;
use crate::http::Security;

/// The name of the service, in the health service and as the prefix of paths.
pub(super) const SERVICE: &str = "schema.Lightning";

/// A method: its access rule and the weight of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) access: Access,
    pub(super) weight: u32,
    /// Whether a successful call has no weight.
    pub(super) is_order: bool,
}

const fn method(name: &'static str, access: Access, weight: u32) -> Method {
    Method { name, access, weight, is_order: false }
}

const fn of_orders(name: &'static str) -> Method {
    Method { name, access: Access::Own(Security::Trade), weight: 1, is_order: true }
}

/// A method has the weight of the corresponding REST route.
pub(super) const GET_ACCOUNT: Method = method("getAccount", Access::Own(Security::UserData), 20);
pub(super) const INCREASE: Method = method("increase", Access::Operator, 1);
pub(super) const DECREASE: Method = method("decrease", Access::Operator, 1);
pub(super) const PLACE_ORDER: Method = of_orders("placeOrder");
pub(super) const CANCEL_ORDER: Method = of_orders("cancelOrder");
pub(super) const GET_ORDER_BOOK: Method = method("getOrderBook", Access::Public, 5);
pub(super) const STREAM_DEPTH: Method = method("streamDepth", Access::Public, STREAM);
pub(super) const STREAM_TRADES: Method = method("streamTrades", Access::Public, STREAM);
pub(super) const STREAM_ACCOUNT: Method = method("streamAccount", Access::Own(Security::UserData), STREAM);

const METHODS: [Method; 9] = [
    GET_ACCOUNT,
    INCREASE,
    DECREASE,
    PLACE_ORDER,
    CANCEL_ORDER,
    GET_ORDER_BOOK,
    STREAM_DEPTH,
    STREAM_TRADES,
    STREAM_ACCOUNT,
];

/// The weight of a stream.
const STREAM: u32 = 2;
/// The weight of a call of any other service.
const ANY: u32 = 1;
/// Streams of standard services, which acquire no permit themselves.
const OTHER_STREAMS: [&str; 3] = [
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// The cost of a call to its address's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Toll {
    pub(super) weight: u32,
    /// Whether it needs a stream permit from the start. Streams of this service acquire theirs with their sessions.
    pub(super) takes_permit: bool,
}

/// Returns the cost of a call for this path, whether the method exists or not.
pub(super) fn toll(path: &str) -> Toll {
    let own = path.strip_prefix('/').and_then(|path| path.strip_prefix(SERVICE)?.strip_prefix('/'));
    let own = own.and_then(|name| METHODS.iter().find(|method| method.name == name));
    let takes_permit = OTHER_STREAMS.contains(&path);
    let weight = own.map_or(if takes_permit { STREAM } else { ANY }, |method| method.weight);
    Toll { weight, takes_permit }
}

#[cfg(test)]
mod tests {
    use tonic_reflection::pb::{v1, v1alpha};

    use super::*;
    use crate::grpc::schema::lightning_server::SERVICE_NAME;

    #[test]
    fn every_call_takes_something_and_only_others_streams_take_places_here() {
        assert_eq!(SERVICE, SERVICE_NAME);
        for method in METHODS {
            let expected = Toll { weight: method.weight, takes_permit: false };
            assert_eq!(toll(&format!("/{SERVICE}/{}", method.name)), expected);
        }
        for stream in [
            format!("/{}/Watch", tonic_health::pb::health_server::SERVICE_NAME),
            format!("/{}/ServerReflectionInfo", v1::server_reflection_server::SERVICE_NAME),
            format!("/{}/ServerReflectionInfo", v1alpha::server_reflection_server::SERVICE_NAME),
        ] {
            assert_eq!(toll(&stream), Toll { weight: 2, takes_permit: true }, "{stream}");
        }
        for path in ["/grpc.health.v1.Health/Check", "/schema.Lightning/nothing", "/", ""] {
            assert_eq!(toll(path), Toll { weight: 1, takes_permit: false }, "{path}");
        }
    }
}
