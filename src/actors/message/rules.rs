//! Messages about trading rules that change while the exchange runs.

use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::oneshot;

use crate::domain::instruments::{
    Instruments,
    edit::{EditError, SymbolEdit},
    rules::TradingRules,
    symbol::SymbolSpec,
};

/// Edge to rules: change the trading rules of a symbol.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct ChangeRules {
    /// The name of the symbol.
    pub symbol: String,
    /// What to change.
    pub edit: SymbolEdit,
    /// Why, in the operator's words.
    pub reason: String,
    /// Where the answer goes, once the change is durable. Dropped unanswered when the exchange stops before that.
    pub reply: oneshot::Sender<Result<RulesChanged, EditError>>,
}

/// A durable change of trading rules.
#[derive(Debug, Clone)]
pub struct RulesChanged {
    /// The symbol under its rules now.
    pub spec: Arc<SymbolSpec>,
    /// A read that waits for this position shows what the change did.
    pub position: u64,
}

/// Rules to shard: take no further turn, and say when none is under way.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Pause(pub oneshot::Sender<()>);

/// Rules to shard: continue, under changed rules.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Resume {
    /// All assets and symbols.
    pub instruments: Arc<Instruments>,
    /// The rules that changed.
    pub changed: Arc<[TradingRules]>,
}
