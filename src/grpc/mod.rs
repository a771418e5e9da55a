//! gRPC: accounts, orders and books for gRPC clients, over the same actors, keys and limits as REST.
//!
//! A call is authenticated and counted, becomes a command or a query, and its answer becomes a reply; no rule lives
//! here. A refusal by a rule is a reply with the exchange's code; any earlier failure is a gRPC status
//! (`docs/grpc.md`).

mod account;
mod book;
mod call;
mod caller;
mod convert;
mod guard;
mod incoming;
mod method;
mod noted;
mod order;
mod refusal;
mod request;
pub mod schema;
mod server;
mod service;
mod session;
mod streams;
mod turns;

pub use incoming::WAITING_MAX;
pub use server::Server;
