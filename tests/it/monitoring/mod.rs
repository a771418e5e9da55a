//! Monitoring: the metrics are what their page says and move when what they measure happens; rules and dashboards work.

mod dashboards;
mod moves;
mod page;
mod prometheus;
pub(crate) mod reading;
mod rules;
