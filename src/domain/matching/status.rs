//! The status of a market: what it admits, and the end of a delisted one.
//!
//! A slot learns of a status from the journal's change of trading rules, so that live and replayed slots decide alike.
//! Accounts check it first; the book checks again, because an order may be on its way when the market closes.

use super::slot::{EXPIRIES_PER_TICK, Market, SymbolOutput, SymbolSlot, no_book};
use crate::domain::{
    instruments::{rules::TradingRules, symbol::SymbolStatus},
    messages::{message::SubmitOrder, reject::Fault},
    orders::{CloseReason, Handle, Policy, Side},
    testing::mutants::{Mutant, mutated},
    types::{
        id::{AccountId, OrderId, SymbolId},
        money::Lots,
    },
};

impl Market {
    /// Returns whether orders are matched.
    pub(crate) fn is_trading(&self) -> bool {
        mutated(Mutant::ClosedMarketTriggers) || self.status == SymbolStatus::Trading
    }

    /// Returns whether an order that arrives may enter: while the market does not trade, one that only rests or waits.
    /// Accounts refuse new ones then; these were sent before, or protect what was bought before.
    pub(crate) fn admits(&self, submit: &SubmitOrder) -> bool {
        match self.status {
            SymbolStatus::Trading => true,
            SymbolStatus::CancelOnly | SymbolStatus::Halt | SymbolStatus::PostOnly => {
                submit.policy == Policy::PostOnly
                    || submit.extras().condition.is_some()
                    || mutated(Mutant::ClosedMarketMatches)
            }
            SymbolStatus::Delisted => mutated(Mutant::ClosedMarketMatches),
        }
    }
}

/// An open order of a market.
#[derive(Debug, Clone, Copy)]
struct Standing {
    order: OrderId,
    account: AccountId,
    lots: Lots,
    /// Its place in the book; `None` when it waits for its trigger.
    handle: Option<Handle>,
}

impl SymbolSlot {
    /// Continues under changed trading rules, from the next input on.
    pub fn set_rules(&mut self, changed: &[TradingRules]) {
        for rules in changed {
            if let Some(market) = self.markets.get_mut(&rules.symbol) {
                market.status = rules.status;
            }
        }
    }

    /// Ends an order that arrives at a closed market, and with it the other leg of its OCO.
    pub(crate) fn refuse_closed(
        &mut self,
        submit: &SubmitOrder,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        let SubmitOrder { order, symbol, account, lots, .. } = *submit;
        let pair = submit.extras().pair;
        let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
        let reason = CloseReason::MarketClosed;
        if let Some(ended) = pair.and_then(|_| market.oco_groups.arrive(order)) {
            self.report_ended(account, order, lots, ended, out);
            return Ok(());
        }
        self.report_ended(account, order, lots, reason, out);
        let Some(other_leg) = pair else { return Ok(()) };
        let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
        let ended = market.oco_groups.end(other_leg, reason);
        self.end_leg(symbol, account, ended, reason, out)
    }

    /// Ends the next open orders of delisted symbols, at most as many as may expire in a tick.
    pub(crate) fn end_delisted(&mut self, out: &mut SymbolOutput) -> Result<(), Fault> {
        let delisted = self.markets.iter().filter(|(_, market)| market.status == SymbolStatus::Delisted);
        let symbols: Vec<SymbolId> = delisted.map(|(symbol, _)| *symbol).collect();
        if mutated(Mutant::DelistedOrdersStay) {
            return Ok(());
        }
        let mut left = EXPIRIES_PER_TICK;
        for symbol in symbols {
            let standing = self.standing(symbol, left);
            left -= standing.len();
            for Standing { order, account, lots, handle } in standing {
                let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
                let remaining = match handle {
                    None => market.trigger_book.remove(order).map(|_| lots),
                    Some(handle) => {
                        let removed = market.book.cancel(handle, order, &mut self.events);
                        self.report_levels(symbol, out)?;
                        removed.map(|removed| removed.remaining)
                    }
                };
                // The other leg of an OCO may have ended it a moment ago.
                if let Some(remaining) = remaining {
                    self.report_ended(account, order, remaining, CloseReason::Delisted, out);
                    self.end_other_leg(symbol, account, order, CloseReason::Delisted, out)?;
                }
            }
        }
        Ok(())
    }

    /// Returns up to `limit` open orders of a symbol: those in the book first, each side from its best price.
    fn standing(&self, symbol: SymbolId, limit: usize) -> Vec<Standing> {
        let Some(market) = self.markets.get(&symbol) else { return Vec::new() };
        let resting =
            Side::BOTH.into_iter().flat_map(|side| market.book.orders(side)).map(|resting| Standing {
                order: resting.order,
                account: resting.account,
                lots: resting.remaining,
                handle: Some(resting.handle),
            });
        let mut standing: Vec<Standing> = resting.take(limit).collect();
        let waiting = market.trigger_book.some(limit - standing.len()).map(|submit| Standing {
            order: submit.order,
            account: submit.account,
            lots: submit.lots,
            handle: None,
        });
        standing.extend(waiting);
        standing
    }
}
