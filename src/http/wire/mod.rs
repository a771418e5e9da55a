//! The wire format: JSON, parameters, times, names of enums, errors.

pub(super) mod correction;
pub(super) mod error;
pub(super) mod json;
pub(super) mod names;
pub(super) mod params;
pub(super) mod symbols;
pub(super) mod time_unit;
