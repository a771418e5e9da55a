//! The common head of every event.

use crate::{
    domain::types::{decimal::Units, time::Timestamp},
    http::wire::{json::Json, time_unit::TimeUnit},
};

/// Zero, as the wire writes it.
pub(super) const ZERO: Units = Units { value: 0, scale: 8 };

/// Writes the kind of an event and when it happened.
pub(super) fn write_head(json: &mut Json, kind: &str, time: Timestamp, unit: TimeUnit) {
    json.field("e").text(kind);
    json.field("E").number(unit.of(time));
}
