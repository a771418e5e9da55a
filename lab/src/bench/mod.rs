//! Benchmarks and soaks, driven by `lab bench` and `lab oracle-run`.

mod audience;
pub mod book;
mod caller;
pub mod cascade;
pub mod consumers;
pub mod curves;
pub mod damage;
pub mod durable;
pub mod exchange;
mod finding;
pub mod get;
pub mod history;
pub mod http;
pub mod journal;
mod latency;
pub mod oracle_run;
pub mod overload;
pub mod pipelined;
mod quiet;
pub mod recovery;
mod running;
mod server;
pub mod simulate;
mod subscriber;
pub mod swing;
pub mod trip;
mod usage;
mod venue;
pub mod yardstick;

pub use finding::{Bound, Finding};

/// Reports a finding on standard error while the work continues; write errors are ignored.
fn complain(what: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{what}"); // the report counts it as well
}

/// Returns the middle of a figure over several runs.
fn median_of<T>(runs: &[T], figure: fn(&T) -> f64) -> f64 {
    median(&mut runs.iter().map(figure).collect::<Vec<_>>())
}

/// Returns the middle value.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
