//! The exchange, made again from its frames.
//!
//! One code for everything that reads the journal: recovery, the snapshots folded from it, the audit, and
//! `lightning verify`. A replica can be made of some of the slots alone, so that several are made side by side
//! and put together.

mod audit;
mod terms;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

pub use terms::{LOGIC_VERSION, SymbolTerms, Terms, TermsError};

use super::{
    account::{AccountFrame, AccountSlot, AccountState},
    book::BookLimits,
    instruments::Instruments,
    market_data::{MarketHistory, MarketImage},
    matching::{SymbolFrame, SymbolOutput, SymbolSlot, SymbolState},
    messages::{
        message::{Envelope, ToAccount, ToSymbol},
        reject::Fault,
    },
    types::{
        id::{SLOT_COUNT, SlotId, SymbolId},
        time::Timestamp,
    },
};

/// One record of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// What an input did to an account slot.
    Account(AccountFrame),
    /// What a symbol slot consumed and said.
    Symbol(SymbolFrame),
    /// What the frames after this are to be read under.
    Terms(Terms),
}

/// A symbol slot written down, with what the public was told of its symbols lately.
#[derive(Debug, Serialize, Deserialize)]
pub struct SymbolRecord {
    /// The slot.
    pub state: SymbolState,
    /// What was traded, by symbol.
    pub history: Vec<(SymbolId, MarketHistory)>,
}

/// The exchange, or some of its slots.
#[derive(Debug)]
pub struct Replica {
    instruments: Arc<Instruments>,
    /// `None` until the journal says.
    terms: Option<Terms>,
    /// By slot.
    accounts: Vec<Option<Box<AccountSlot>>>,
    symbols: BTreeMap<SlotId, SymbolSlot>,
    images: BTreeMap<SymbolId, MarketImage>,
    frames: u64,
    out: SymbolOutput,
}

impl Replica {
    /// Makes an exchange nothing has happened in.
    pub fn new(instruments: Arc<Instruments>) -> Self {
        Self {
            terms: None,
            accounts: (0..SLOT_COUNT).map(|_| None).collect(),
            symbols: BTreeMap::new(),
            images: BTreeMap::new(),
            frames: 0,
            out: SymbolOutput::default(),
            instruments,
        }
    }

    /// Takes in an account slot that was written down.
    pub fn add_account_slot(&mut self, state: AccountState) {
        let slot = AccountSlot::restore(state, Arc::clone(&self.instruments));
        let index = slot.slot().index();
        self.accounts[index] = Some(Box::new(slot));
    }

    /// Takes in a symbol slot that was written down.
    ///
    /// # Errors
    /// A symbol that does not exist any more, or a book that is none.
    pub fn add_symbol_slot(&mut self, record: SymbolRecord) -> Result<(), Fault> {
        let slot = SymbolSlot::restore(record.state, &self.instruments, self.limits()?)?;
        for (symbol, history) in record.history {
            if let (Some(book), Some((_, last_update))) = (slot.book(symbol), slot.counters(symbol)) {
                self.images.insert(symbol, MarketImage::restore(book, last_update, history));
            }
        }
        self.symbols.insert(slot.slot(), slot);
        Ok(())
    }

    /// Puts another replica's slots to its own.
    pub fn merge(&mut self, other: Self) {
        for (own, others) in self.accounts.iter_mut().zip(other.accounts) {
            if others.is_some() {
                *own = others;
            }
        }
        self.terms = self.terms.take().or(other.terms);
        self.symbols.extend(other.symbols);
        self.images.extend(other.images);
        self.frames += other.frames;
    }

    /// Applies one frame.
    ///
    /// # Errors
    /// The frame does not follow from what is there: see [`AccountSlot::replay`] and [`SymbolSlot::replay`].
    pub fn apply(&mut self, frame: &Frame) -> Result<(), Fault> {
        self.frames += 1;
        match frame {
            Frame::Account(frame) => self.account_slot(frame.head.slot).replay(frame),
            Frame::Symbol(frame) => self.apply_symbol(frame),
            Frame::Terms(terms) => self.set_terms(terms.clone()),
        }
    }

    fn apply_symbol(&mut self, frame: &SymbolFrame) -> Result<(), Fault> {
        let id = frame.head.slot;
        if let Some(written) =
            self.terms.as_ref().map(|terms| terms.logic).filter(|&logic| logic != LOGIC_VERSION)
        {
            return Err(Fault::new(TermsError::Logic { written, own: LOGIC_VERSION }.to_string()));
        }
        let (instruments, limits) = (&self.instruments, self.limits()?);
        let slot = self.symbols.entry(id).or_insert_with(|| SymbolSlot::new(id, instruments, limits));
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

    /// Goes on under other terms.
    ///
    /// # Errors
    /// What they were written for means something else under the catalogue at hand.
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

    /// Lets every sender forget what its receivers have applied; afterwards the outboxes hold exactly what is
    /// under way.
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

    /// Returns how many frames were applied.
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// Returns what frames are read under now.
    pub const fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref()
    }

    /// Returns the assets and symbols.
    pub const fn instruments(&self) -> &Arc<Instruments> {
        &self.instruments
    }

    /// Returns the account slots anything has happened to, in order.
    pub fn account_slots(&self) -> impl Iterator<Item = &AccountSlot> {
        self.accounts.iter().flatten().map(Box::as_ref)
    }

    /// Returns one account slot, if anything has happened to it.
    pub fn account(&self, slot: SlotId) -> Option<&AccountSlot> {
        self.accounts.get(slot.index())?.as_deref()
    }

    /// Returns what the public sees of a symbol.
    pub fn image(&self, symbol: SymbolId) -> Option<&MarketImage> {
        self.images.get(&symbol)
    }

    /// Returns the symbol slots anything has happened to, in order.
    pub fn symbol_slots(&self) -> impl Iterator<Item = &SymbolSlot> {
        self.symbols.values()
    }

    /// Writes a symbol slot down.
    pub fn symbol_record(&self, slot: &SymbolSlot) -> SymbolRecord {
        let history = |symbol: SymbolId| self.images.get(&symbol).map(|image| image.history().clone());
        let history = slot.symbols().map(|symbol| (symbol, history(symbol).unwrap_or_default()));
        SymbolRecord { state: slot.state(), history: history.collect() }
    }

    /// Returns the messages under way, given [`trim`](Self::trim) has run: what restarted senders tell again.
    pub fn under_way(&self) -> (Vec<Envelope<ToSymbol>>, Vec<Envelope<ToAccount>>) {
        let to_symbols = self.account_slots().flat_map(AccountSlot::unapplied).cloned().collect();
        let to_accounts = self.symbols.values().flat_map(SymbolSlot::unapplied).copied().collect();
        (to_symbols, to_accounts)
    }

    /// Gives up its parts, for the actors.
    pub fn into_parts(self) -> Parts {
        Parts { accounts: self.accounts, symbols: self.symbols, images: self.images }
    }
}

/// What a replica is made of.
#[derive(Debug, Default)]
pub struct Parts {
    /// By slot.
    pub accounts: Vec<Option<Box<AccountSlot>>>,
    /// Those that have any state.
    pub symbols: BTreeMap<SlotId, SymbolSlot>,
    /// What the public sees.
    pub images: BTreeMap<SymbolId, MarketImage>,
}

impl Parts {
    /// Returns the latest time of any slot; 0 when nothing has happened yet.
    pub fn latest(&self) -> Timestamp {
        let accounts = self.accounts.iter().flatten().map(|slot| slot.time());
        accounts.chain(self.symbols.values().map(SymbolSlot::time)).max().unwrap_or_default()
    }
}
