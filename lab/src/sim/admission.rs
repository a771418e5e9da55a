//! Checks that markets do only what their status admits.

use lightning_exchange::domain::{
    instruments::symbol::SymbolStatus,
    messages::message::{OrderChange, ToAccount},
    orders::{CloseReason, OrderType},
};

use super::auditor::{Auditor, expect};

impl Auditor {
    /// Checks that a market does only what its status admits.
    pub(super) fn admitted(&self, message: &ToAccount) -> Result<(), String> {
        match message {
            ToAccount::TradeExecuted(trade) => {
                expect(self.is_trading(trade.symbol), "a trade in a closed market")
            }
            ToAccount::OrderUpdated(update) => {
                let track = self.tracks.get(update.order)?;
                let status = self.market_statuses.get(&track.symbol).copied().unwrap_or_default();
                let may_rest = match status {
                    SymbolStatus::Trading => true,
                    SymbolStatus::CancelOnly | SymbolStatus::Halt | SymbolStatus::PostOnly => {
                        track.kind == OrderType::LimitMaker
                    }
                    SymbolStatus::Delisted => false,
                };
                let is_admitted = match update.change {
                    OrderChange::Accepted { .. } => may_rest,
                    OrderChange::Untriggered => status != SymbolStatus::Delisted,
                    OrderChange::Triggered => status == SymbolStatus::Trading,
                    OrderChange::Ended { reason: CloseReason::MarketClosed, .. } => {
                        status != SymbolStatus::Trading
                    }
                    OrderChange::Ended { reason: CloseReason::Delisted, .. } => {
                        status == SymbolStatus::Delisted
                    }
                    _ => true,
                };
                expect(
                    is_admitted,
                    &format!("order {} in a market that is {status:?}: {update:?}", update.order),
                )
            }
            ToAccount::CancelRejected(_) => Ok(()),
        }
    }
}
