//! Orders and lists of orders.

pub(super) mod amendments;
pub(super) mod batch;
pub(super) mod cancel_replace;
pub(super) mod countdown;
pub(super) mod endpoints;
pub(super) mod fields;
pub(super) mod list_reply;
pub(super) mod list_request;
pub(super) mod lists;
pub(super) mod prevented;
pub(super) mod reply;
pub(super) mod request;
pub(super) mod spot_v2;
