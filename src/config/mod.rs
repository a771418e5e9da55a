//! The configuration of the exchange: one struct per section of `config/exchange.toml`.
//!
//! The defaults are built in, a file is laid over them, then the environment, then flags. Every fault of the result is
//! reported at once and nothing starts until there is none.

mod account;
mod data;
mod demo;
mod engine;
mod feed;
mod grpc;
mod history;
mod journal;
mod layers;
mod limits;
mod log;
mod operator;
mod otlp;
mod read;
mod secret;
mod server;
mod sign_up;
mod snapshot;
mod switch;
#[cfg(test)]
mod tests;
mod validate;

use std::sync::Arc;

pub use account::{Account, Balance, Key};
pub use data::Data;
pub use demo::Demo;
pub use engine::Engine;
pub use feed::Feed;
pub use grpc::Grpc;
pub use history::History;
pub use journal::{Durability, Journal};
pub use layers::{ConfigError, DEFAULTS, Layers};
pub use limits::Limits;
pub use log::{Log, LogFormat};
pub use operator::Operator;
pub use otlp::Otlp;
pub use secret::Secret;
pub use server::Server;
pub use sign_up::SignUp;
pub use snapshot::Snapshot;
pub use switch::Switch;

use crate::domain::instruments::{AssetDefinition, Instruments, SymbolDefinition};

/// The configuration of the exchange. Built by [`Layers::load`], which accepts no fault.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where and how HTTP is served.
    pub server: Server,
    /// Where gRPC is served.
    pub grpc: Grpc,
    /// How many shards there are and what bounds them.
    pub engine: Engine,
    /// Where files are stored.
    pub data: Data,
    /// How acknowledged work is stored.
    pub journal: Journal,
    /// How often a snapshot is taken.
    pub snapshot: Snapshot,
    /// The database of everything that happened.
    pub history: History,
    /// The limits of one address and one account.
    pub limits: Limits,
    /// The operator's credentials.
    pub operator: Operator,
    /// The demo account.
    pub demo: Demo,
    /// Whether users may sign up.
    pub sign_up: SignUp,
    /// The synthetic market.
    pub feed: Feed,
    /// What is logged and how.
    pub log: Log,
    /// Where traces are sent.
    pub otlp: Otlp,
    /// Accounts that exist from the start.
    pub accounts: Vec<Account>,
    /// The assets as written.
    pub assets: Vec<AssetDefinition>,
    /// The symbols as written.
    pub symbols: Vec<SymbolDefinition>,
    /// The assets and symbols, checked.
    pub instruments: Arc<Instruments>,
}

impl Config {
    /// Returns whether the page signs visitors on this machine in to the demo account.
    pub fn is_demo_on(&self) -> bool {
        self.demo.enabled.is_on_or(self.server.is_private())
    }

    /// Returns whether gRPC is served.
    pub fn is_grpc_on(&self) -> bool {
        self.grpc.enabled.is_on_or(self.grpc.listen.ip().is_loopback())
    }

    /// Returns whether there is a history.
    pub fn is_history_on(&self) -> bool {
        self.history.enabled.is_on_or(true) && self.journal.durability != Durability::None
    }

    /// Returns whether users may open accounts by themselves.
    pub fn is_sign_up_on(&self) -> bool {
        self.sign_up.enabled.is_on_or(self.server.is_private())
    }

    /// Returns whether only users on this machine may open accounts, because no other setting is made.
    pub fn is_sign_up_local_only(&self) -> bool {
        self.sign_up.enabled == Switch::Auto
    }

    /// Returns whether gRPC without credentials may use accounts that have no owner.
    pub fn is_grpc_open(&self) -> bool {
        self.is_demo_on() && self.is_grpc_on() && self.grpc.listen.ip().is_loopback()
    }

    /// Returns the initial balances of an account that a user opens.
    pub fn grant(&self) -> &[Balance] {
        match &self.sign_up.grant {
            Some(grant) => grant,
            None if self.is_demo_on() => &self.demo.balances,
            None => &[],
        }
    }

    /// Returns whether the synthetic market trades in the background.
    pub fn is_synthetic_feed_on(&self) -> bool {
        self.feed.synthetic.is_on_or(self.is_demo_on())
    }
}
