//! The trading rules of a symbol: what may change about it while the exchange runs.
//!
//! Rules that are changed are journalled as a frame of their own, between the frames of slots: those before it were
//! decided under the old rules, in every slot, and those after it under the new ones. The units of prices and
//! quantities are no rules: they never change ([`Terms`](crate::domain::replica::Terms)).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Instruments,
    symbol::{FeeRates, Filters, SymbolSpec, SymbolStatus},
};
use crate::domain::{
    messages::reject::Fault,
    types::{id::SymbolId, money::Rate, time::Timestamp},
};

/// The trading rules of one symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradingRules {
    /// The symbol.
    pub symbol: SymbolId,
    /// Whether it trades.
    pub status: SymbolStatus,
    /// The bounds orders must meet.
    pub filters: Filters,
    /// Fee rates by account tier; never empty.
    pub fees: Vec<FeeRates>,
    /// How far from the reference price a market order may trade.
    pub market_collar: Rate,
}

/// A journalled change of trading rules, effective in every slot from its place in the journal on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesFrame {
    /// These frames are numbered from 1 without gaps.
    pub seq: u64,
    /// The time of the change.
    pub time: Timestamp,
    /// Why, in the operator's words.
    pub reason: String,
    /// The new rules, all of them for each symbol concerned.
    pub rules: Vec<TradingRules>,
}

/// The rules that were changed while the exchange ran. Those of other symbols are the configuration's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedRules {
    /// The number of the last change; 0 before the first.
    seq: u64,
    /// By symbol.
    rules: Vec<TradingRules>,
}

impl ChangedRules {
    /// Returns the number of the last change; 0 before the first.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns the changed rules, by symbol.
    pub fn rules(&self) -> &[TradingRules] {
        &self.rules
    }

    /// Returns the changed rules of a symbol.
    pub fn of(&self, symbol: SymbolId) -> Option<&TradingRules> {
        let index = self.rules.binary_search_by_key(&symbol, |rules| rules.symbol).ok()?;
        self.rules.get(index)
    }

    /// Applies the next change.
    ///
    /// # Errors
    /// It is not the next one.
    pub fn apply(&mut self, frame: &RulesFrame) -> Result<(), Fault> {
        if frame.seq != self.seq + 1 {
            return Err(Fault::new(format!("change {} of trading rules follows {}", frame.seq, self.seq)));
        }
        self.set(&frame.rules);
        Ok(())
    }

    /// Makes the next change, and returns its frame.
    pub fn change(&mut self, time: Timestamp, reason: String, rules: Vec<TradingRules>) -> RulesFrame {
        self.set(&rules);
        RulesFrame { seq: self.seq, time, reason, rules }
    }

    fn set(&mut self, changed: &[TradingRules]) {
        self.seq += 1;
        for rules in changed {
            match self.rules.binary_search_by_key(&rules.symbol, |known| known.symbol) {
                Ok(index) => self.rules[index] = rules.clone(),
                Err(index) => self.rules.insert(index, rules.clone()),
            }
        }
    }
}

impl SymbolSpec {
    /// Returns the trading rules.
    pub fn rules(&self) -> TradingRules {
        TradingRules {
            symbol: self.id,
            status: self.status,
            filters: self.filters,
            fees: self.fees.clone(),
            market_collar: self.market_collar,
        }
    }

    fn with_rules(&self, rules: &TradingRules) -> Self {
        let TradingRules { symbol: _, status, filters, fees, market_collar } = rules.clone();
        Self { status, filters, fees, market_collar, ..self.clone() }
    }
}

impl Instruments {
    /// Returns the instruments under changed rules; rules of symbols that do not exist are left out.
    #[must_use]
    pub fn with_rules(&self, changed: &[TradingRules]) -> Self {
        let mut next = self.clone();
        for rules in changed {
            if let Some(spec) = next.symbols.get_mut(&rules.symbol) {
                *spec = Arc::new(spec.with_rules(rules));
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::sample;

    fn frame(seq: u64, symbol: u32, status: SymbolStatus) -> RulesFrame {
        let instruments = sample::instruments().unwrap();
        let rules = instruments.symbol(SymbolId::new(1)).unwrap().rules();
        let symbol = SymbolId::new(symbol);
        RulesFrame {
            seq,
            time: Timestamp::default(),
            reason: String::new(),
            rules: vec![TradingRules { symbol, status, ..rules }],
        }
    }

    #[test]
    fn the_last_change_of_a_symbol_counts_and_none_is_left_out() {
        let mut changed = ChangedRules::default();
        changed.apply(&frame(1, 2, SymbolStatus::Halt)).unwrap();
        changed.apply(&frame(2, 1, SymbolStatus::PostOnly)).unwrap();
        changed.apply(&frame(3, 2, SymbolStatus::CancelOnly)).unwrap();
        assert!(changed.apply(&frame(3, 1, SymbolStatus::Trading)).is_err(), "applied before");
        assert!(changed.apply(&frame(5, 1, SymbolStatus::Trading)).is_err(), "one is missing");
        let statuses: Vec<_> =
            changed.rules().iter().map(|rules| (rules.symbol.get(), rules.status)).collect();
        assert_eq!(statuses, [(1, SymbolStatus::PostOnly), (2, SymbolStatus::CancelOnly)]);
        assert_eq!(changed.of(SymbolId::new(2)).map(|rules| rules.status), Some(SymbolStatus::CancelOnly));
        assert_eq!((changed.seq(), changed.of(SymbolId::new(3))), (3, None));
    }

    #[test]
    fn instruments_under_changed_rules_differ_in_nothing_else() {
        let instruments = sample::instruments().unwrap();
        let RulesFrame { rules, .. } = frame(1, 1, SymbolStatus::Halt);
        let next = instruments.with_rules(&rules);
        let (old, new) =
            (instruments.symbol(SymbolId::new(1)).unwrap(), next.symbol(SymbolId::new(1)).unwrap());
        assert_eq!(SymbolSpec { status: SymbolStatus::Trading, ..SymbolSpec::clone(new) }, **old);
        assert_eq!(new.status, SymbolStatus::Halt);
        assert_eq!(next.symbol(SymbolId::new(2)), instruments.symbol(SymbolId::new(2)));
    }
}
