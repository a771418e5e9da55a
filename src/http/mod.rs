//! The wire: REST and WebSocket, compatible with Binance Spot (`/api/v3`, `/ws`, `/stream`), and the exchange's own
//! extensions under `/x/v1`.
//!
//! A handler extracts, converts, sends, awaits and converts; no rule about balances, prices or states lives here.
//! [`routes`](ENDPOINTS) is the index to read first.

mod account;
mod auth;
mod compat;
#[doc(hidden)]
#[cfg(any(test, feature = "testing"))]
pub mod fuzzing;
pub mod gateway;
mod limits;
mod market_data;
mod openapi;
mod operator;
mod orders;
mod routes;
mod routing;
mod server;
mod state;
mod users;
mod wire;
pub mod ws;

pub use auth::{
    security::Security,
    users::{SignUpOffer, Users},
};
pub use limits::bans::BanTerms;
pub use limits::limiter::RateLimits;
pub use limits::rate::Rate;
pub use routes::{ENDPOINTS, Offer};
pub use routing::endpoint::Endpoint;
pub use server::connection::{Connection, Transport};
pub use server::connections::{AddressTerms, ConnectionBudget, ConnectionPermit, Connections};
pub use server::guarded::GuardedStream;
pub use server::limits::ConnectionLimits;
pub use server::reach::{Arrival, Reach, is_forwarding};
pub use server::serve::{Site, serve};
pub use server::span::RequestSpan;
pub use server::static_files::Asset;
pub use state::HttpState;
pub use wire::error::{ApiError, Operation};
