//! The wire: REST and WebSocket, compatible with Binance Spot (`/api/v3`, `/ws`, `/stream`), and our own
//! extensions under `/x/v1`.
//!
//! A handler extracts, converts, tells, awaits and converts; no rule about balances, prices or states lives
//! here. [`routes`](ENDPOINTS) is the index to read first.

mod absent;
mod account;
mod amendments;
mod audit;
mod authenticate;
mod bans;
mod batch;
mod body;
mod call;
mod cancel_replace;
mod client;
mod commission;
mod connection;
mod connections;
mod correction;
mod countdown;
mod endpoint;
mod error;
mod events;
mod exchange_info;
#[doc(hidden)]
pub mod fuzzing;
mod guarded;
mod health;
mod history;
mod idempotency;
mod json;
mod keys;
mod ledger;
mod limits;
mod market;
mod market_diff;
mod market_figures;
mod market_klines;
mod market_selection;
mod market_ticker;
mod market_trades;
mod names;
mod openapi;
mod operator;
mod order;
mod order_list;
mod order_list_reply;
mod order_list_request;
mod order_reply;
mod order_request;
mod origin;
mod params;
mod past;
mod people;
mod prevented;
mod rate_limit;
mod reach;
pub mod remote;
mod request_line;
mod routes;
mod server;
mod session;
mod shims;
mod sockets;
mod span;
mod spot_v2;
mod state;
mod static_files;
mod time_unit;
mod weight;
pub mod ws;

pub use bans::BanTerms;
pub use connection::{Connection, Transport};
pub use connections::{AddressTerms, ConnectionBudget, Connections, Place};
pub use endpoint::{Endpoint, Security};
pub use error::{ApiError, Operation};
pub use guarded::GuardedStream;
pub use limits::RateLimits;
pub use people::{People, SignUpOffer};
pub use reach::{Arrival, Reach, is_forwarding};
pub use routes::{ENDPOINTS, configure};
pub use server::serve;
pub use span::RequestSpan;
pub use state::{ConnectionLimits, HttpState};
