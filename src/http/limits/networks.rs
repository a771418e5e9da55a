//! Networks of addresses, as the configuration names them.

use std::net::IpAddr;

use ipnet::IpNet;

/// Returns whether one of the networks has the address.
pub(crate) fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}
