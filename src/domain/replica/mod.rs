//! The exchange, rebuilt from its frames.
//!
//! One code for everything that reads the journal: recovery, the snapshots built from it, the audit, and `lightning
//! verify`. A replica can be built from some of the slots alone, so that several are built side by side and merged.

mod audit;
mod terms;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

pub use terms::{LOGIC_VERSION, SymbolTerms, Terms, TermsError};

use super::{
    account::{AccountFrame, AccountSlot, AccountState},
    book::BookLimits,
    instruments::{
        Instruments,
        rules::{ChangedRules, RulesFrame},
    },
    market_data::{MarketHistory, MarketImage},
    matching::{SymbolFrame, SymbolOutput, SymbolSlot, SymbolState},
    messages::{
        message::{Envelope, ToAccount, ToSymbol},
        reject::Fault,
    },
    testing::mutants::{Mutant, mutated},
    types::{
        id::{SLOT_COUNT, SlotId, SymbolId},
        time::Timestamp,
    },
};

/// One record of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The frame of one input of an account slot.
    Account(AccountFrame),
    /// The input and messages of a symbol slot.
    Symbol(SymbolFrame),
    /// The terms of the frames after this.
    Terms(Terms),
    /// The trading rules of the frames after this.
    Rules(RulesFrame),
}

/// The stored state of a symbol slot, with the recent public state of its symbols.
#[derive(Debug, Serialize, Deserialize)]
pub struct SymbolRecord {
    /// The slot.
    pub state: SymbolState,
    /// The kept trades and candles, by symbol.
    pub history: Vec<(SymbolId, MarketHistory)>,
}

/// The exchange, or some of its slots.
#[derive(Debug)]
pub struct Replica {
    /// Under the changed rules.
    instruments: Arc<Instruments>,
    changed_rules: ChangedRules,
    /// `None` until the journal contains them.
    terms: Option<Terms>,
    /// By slot.
    accounts: Vec<Option<Box<AccountSlot>>>,
    symbols: BTreeMap<SlotId, SymbolSlot>,
    images: BTreeMap<SymbolId, MarketImage>,
    frames: u64,
    out: SymbolOutput,
}

impl Replica {
    /// Creates an exchange without any input.
    pub fn new(instruments: Arc<Instruments>) -> Self {
        Self {
            changed_rules: ChangedRules::default(),
            terms: None,
            accounts: (0..SLOT_COUNT).map(|_| None).collect(),
            symbols: BTreeMap::new(),
            images: BTreeMap::new(),
            frames: 0,
            out: SymbolOutput::default(),
            instruments,
        }
    }

    /// Adds a stored account slot.
    pub fn add_account_slot(&mut self, state: AccountState) {
        let slot = AccountSlot::restore(state, Arc::clone(&self.instruments));
        let index = slot.slot().index();
        self.accounts[index] = Some(Box::new(slot));
    }

    /// Adds a stored symbol slot.
    ///
    /// # Errors
    /// A symbol that does not exist any more, or an invalid book.
    pub fn add_symbol_slot(&mut self, record: SymbolRecord) -> Result<(), Fault> {
        let mut slot = SymbolSlot::restore(record.state, &self.instruments, self.limits()?)?;
        slot.set_rules(self.changed_rules.rules());
        for (symbol, history) in record.history {
            if let (Some(book), Some((_, last_update))) = (slot.book(symbol), slot.counters(symbol)) {
                self.images.insert(symbol, MarketImage::restore(book, last_update, history));
            }
        }
        self.symbols.insert(slot.slot(), slot);
        Ok(())
    }

    /// Adds another replica's slots to its own.
    pub fn merge(&mut self, other: Self) {
        for (own, others) in self.accounts.iter_mut().zip(other.accounts) {
            if others.is_some() {
                *own = others;
            }
        }
        self.terms = self.terms.take().or(other.terms);
        if other.changed_rules.seq() > self.changed_rules.seq() {
            (self.changed_rules, self.instruments) = (other.changed_rules, other.instruments);
        }
        self.symbols.extend(other.symbols);
        self.images.extend(other.images);
        self.frames += other.frames;
    }

    /// Applies one frame.
    ///
    /// # Errors
    /// The frame does not follow the current state: see [`AccountSlot::replay`] and [`SymbolSlot::replay`].
    pub fn apply(&mut self, frame: &Frame) -> Result<(), Fault> {
        self.frames += 1;
        match frame {
            Frame::Account(frame) => self.account_slot(frame.head.slot).replay(frame),
            Frame::Symbol(frame) => self.apply_symbol(frame),
            Frame::Terms(terms) => self.set_terms(terms.clone()),
            Frame::Rules(frame) => self.change_rules(frame),
        }
    }

    fn change_rules(&mut self, frame: &RulesFrame) -> Result<(), Fault> {
        self.changed_rules.apply(frame)?;
        self.instruments = Arc::new(self.instruments.with_rules(&frame.rules));
        self.accounts.iter_mut().flatten().for_each(|slot| slot.set_instruments(&self.instruments));
        self.symbols.values_mut().for_each(|slot| slot.set_rules(&frame.rules));
        Ok(())
    }

    /// Continues under stored changes of trading rules. Must precede the slots: they are rebuilt under these.
    pub fn restore_rules(&mut self, changed: ChangedRules) {
        if mutated(Mutant::RulesForgottenBySnapshot) {
            return;
        }
        self.instruments = Arc::new(self.instruments.with_rules(changed.rules()));
        self.changed_rules = changed;
    }

    /// Returns the trading rules that were changed while the exchange ran.
    pub const fn changed_rules(&self) -> &ChangedRules {
        &self.changed_rules
    }

    fn apply_symbol(&mut self, frame: &SymbolFrame) -> Result<(), Fault> {
        let id = frame.head.slot;
        if let Some(written) =
            self.terms.as_ref().map(|terms| terms.logic).filter(|&logic| logic != LOGIC_VERSION)
        {
            return Err(Fault::new(TermsError::Logic { written, own: LOGIC_VERSION }.to_string()));
        }
        let (instruments, limits) = (&self.instruments, self.limits()?);
        let changed = &self.changed_rules;
        let slot = self.symbols.entry(id).or_insert_with(|| {
            let mut slot = SymbolSlot::new(id, instruments, limits);
            slot.set_rules(changed.rules());
            slot
        });
        self.out.clear();
        slot.replay(frame, &mut self.out)?;
        for event in &self.out.public {
            self.images.entry(event.symbol()).or_default().apply(event);
        }
        Ok(())
    }

    fn limits(&self) -> Result<BookLimits, Fault> {
        let terms = self.terms.as_ref();
        terms.map(|terms| terms.limits).ok_or_else(|| Fault::new("a symbol's frame before any terms"))
    }

    /// Continues under other terms.
    ///
    /// # Errors
    /// The existing data have another meaning under the current instruments.
    pub fn set_terms(&mut self, terms: Terms) -> Result<(), Fault> {
        let own = Terms::of(&self.instruments, terms.limits);
        terms.check_precision(&own).map_err(|error| Fault::new(error.to_string()))?;
        self.symbols.values_mut().for_each(|slot| slot.set_limits(terms.limits));
        self.terms = Some(terms);
        Ok(())
    }

    fn account_slot(&mut self, slot: SlotId) -> &mut AccountSlot {
        let instruments = &self.instruments;
        self.accounts[slot.index()]
            .get_or_insert_with(|| Box::new(AccountSlot::new(slot, Arc::clone(instruments))))
    }

    /// Removes the messages each receiver has applied from its senders' outboxes; afterwards the outboxes hold exactly
    /// the messages in flight.
    pub fn trim(&mut self) {
        for account in self.accounts.iter_mut().flatten() {
            for peer in account.waiting().collect::<Vec<_>>() {
                let upto = self.symbols.get(&peer).map_or(0, |symbol| symbol.received(account.slot()));
                account.trim(peer, upto);
            }
        }
        for symbol in self.symbols.values_mut() {
            for peer in symbol.waiting().collect::<Vec<_>>() {
                let upto =
                    self.accounts[peer.index()].as_ref().map_or(0, |account| account.received(symbol.slot()));
                symbol.trim(peer, upto);
            }
        }
    }

    /// Returns the state hash: the sum over all slots.
    pub fn hash(&self) -> u128 {
        let accounts = self.account_slots().map(AccountSlot::hash);
        accounts.chain(self.symbols.values().map(SymbolSlot::hash)).fold(0, u128::wrapping_add)
    }

    /// Returns the number of applied frames.
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// Returns the terms of the frames now.
    pub const fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref()
    }

    /// Returns the assets and symbols under the changed rules.
    pub const fn instruments(&self) -> &Arc<Instruments> {
        &self.instruments
    }

    /// Returns the account slots that have had any input, in order.
    pub fn account_slots(&self) -> impl Iterator<Item = &AccountSlot> {
        self.accounts.iter().flatten().map(Box::as_ref)
    }

    /// Returns one account slot, if it has had any input.
    pub fn account(&self, slot: SlotId) -> Option<&AccountSlot> {
        self.accounts.get(slot.index())?.as_deref()
    }

    /// Returns the public state of a symbol.
    pub fn image(&self, symbol: SymbolId) -> Option<&MarketImage> {
        self.images.get(&symbol)
    }

    /// Returns the symbol slots that have had any input, in order.
    pub fn symbol_slots(&self) -> impl Iterator<Item = &SymbolSlot> {
        self.symbols.values()
    }

    /// Returns the state of a symbol slot, for storing it.
    pub fn symbol_record(&self, slot: &SymbolSlot) -> SymbolRecord {
        let history = |symbol: SymbolId| self.images.get(&symbol).map(|image| image.history().clone());
        let history = slot.symbols().map(|symbol| (symbol, history(symbol).unwrap_or_default()));
        SymbolRecord { state: slot.state(), history: history.collect() }
    }

    /// Returns the messages in flight, given [`trim`](Self::trim) has run: those that restarted senders send again.
    pub fn under_way(&self) -> (Vec<Envelope<ToSymbol>>, Vec<Envelope<ToAccount>>) {
        let to_symbols = self.account_slots().flat_map(AccountSlot::unapplied).cloned().collect();
        let to_accounts = self.symbols.values().flat_map(SymbolSlot::unapplied).copied().collect();
        (to_symbols, to_accounts)
    }

    /// Splits into its parts, for the actors.
    pub fn into_parts(self) -> Parts {
        let Self { accounts, symbols, images, instruments, changed_rules, .. } = self;
        Parts { accounts, symbols, images, instruments: Some(instruments), changed_rules }
    }
}

/// The parts of a replica.
#[derive(Debug, Default)]
pub struct Parts {
    /// By slot.
    pub accounts: Vec<Option<Box<AccountSlot>>>,
    /// Those that have any state.
    pub symbols: BTreeMap<SlotId, SymbolSlot>,
    /// The public state by symbol.
    pub images: BTreeMap<SymbolId, MarketImage>,
    /// The assets and symbols under the changed rules; `None` for those of the configuration.
    pub instruments: Option<Arc<Instruments>>,
    /// The trading rules that were changed while the exchange ran.
    pub changed_rules: ChangedRules,
}

impl Parts {
    /// Returns the latest time of any slot; 0 before any input.
    pub fn latest(&self) -> Timestamp {
        let accounts = self.accounts.iter().flatten().map(|slot| slot.time());
        accounts.chain(self.symbols.values().map(SymbolSlot::time)).max().unwrap_or_default()
    }
}
