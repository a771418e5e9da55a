//! The wire: REST and WebSocket, compatible with Binance Spot (`/api/v3`, `/ws`, `/stream`), and our own
//! extensions under `/x/v1`.
//!
//! A handler extracts, converts, tells, awaits and converts; no rule about balances, prices or states lives
//! here. [`routes`](ENDPOINTS) is the index to read first.

mod account;
mod authenticate;
mod batch;
mod call;
mod cancel_replace;
mod correction;
mod countdown;
mod endpoint;
mod error;
mod exchange_info;
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod idempotency;
mod json;
mod market;
mod names;
mod operator;
mod order;
mod order_list;
mod order_list_reply;
mod order_list_request;
mod order_reply;
mod order_request;
mod origin;
mod params;
mod prevented;
mod routes;
mod server;
mod session;
mod span;
mod state;
mod static_files;
mod time_unit;
mod weight;
pub mod ws;

pub use endpoint::{Endpoint, Security};
pub use error::{ApiError, Operation};
pub use routes::{ENDPOINTS, configure};
pub use server::serve;
pub use span::RequestSpan;
pub use state::{ConnectionLimits, HttpState};
