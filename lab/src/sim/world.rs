//! A whole exchange on one thread: account slots, symbol slots and the lanes between them.
//!
//! A lane is what a mailbox is to the actors: first in, first out for one sender and one receiver, and nothing
//! is promised between two lanes. The driver of the world decides which lane moves next.

use std::{collections::VecDeque, sync::Arc};

use lightning_exchange::{
    domain::{
        account::{AccountInput, AccountOutput, AccountSlot},
        book::BookLimits,
        instruments::{
            AssetDefinition, Instruments, SymbolDefinition,
            rules::{ChangedRules, TradingRules},
        },
        matching::{PublicEvent, PublicTrade, SymbolInput, SymbolOutput, SymbolSlot},
        messages::{
            command::{AccountCommand, Answer, IdempotencyKey},
            message::{Envelope, ToAccount, ToSymbol},
            reject::Reject,
        },
        orders::{Order, Side},
        replica::Parts,
        testing::mutants::{Mutant, mutated},
        types::{
            id::{AccountId, CommandId, OrderId, SLOT_COUNT, SlotId, SymbolId},
            money::Price,
            time::Timestamp,
        },
    },
    store::Frames,
};

use super::auditor::Auditor;

/// An item in a lane.
#[derive(Debug, Clone, Copy)]
enum Parcel<B> {
    Message(Envelope<B>),
    /// "I have applied your messages up to here."
    Applied(u64),
}

type Lane<B> = VecDeque<Parcel<B>>;

/// The answer to a command.
pub type Answered = (CommandId, Result<Answer, Reject>);

/// The exchange.
#[derive(Debug)]
pub struct World {
    instruments: Arc<Instruments>,
    now: Timestamp,
    accounts: Vec<(SlotId, AccountSlot)>,
    symbols: Vec<(SlotId, SymbolSlot)>,
    /// By account slot × number of symbol slots + symbol slot, both by position.
    to_symbol: Vec<Lane<ToSymbol>>,
    to_account: Vec<Lane<ToAccount>>,
    /// The number of parcels in all lanes.
    waiting: usize,
    /// Positions by slot number.
    account_at: Vec<u8>,
    symbol_at: Vec<u8>,
    account_out: AccountOutput,
    symbol_out: SymbolOutput,
    answers: Vec<Answered>,
    next_command: u64,
    changed_rules: ChangedRules,
    /// Inputs sent to slots so far.
    inputs: u64,
    /// Collects the slots' frames, if a journal is kept.
    frames: Option<Frames>,
    /// Commands that wait for the answer of another, and trades printed, while a journal is kept.
    joined: Vec<(CommandId, CommandId)>,
    printed: Vec<(SymbolId, PublicTrade)>,
    pub(super) auditor: Auditor,
}

impl World {
    /// Makes an exchange without accounts. At most 255 account slots and 255 symbol slots.
    ///
    /// # Errors
    /// The instruments are invalid.
    pub fn new(
        assets: &[AssetDefinition],
        symbols: &[SymbolDefinition],
        account_slots: &[SlotId],
        limits: BookLimits,
    ) -> Result<Self, String> {
        let instruments = Instruments::build(assets, symbols).map_err(|faults| faults.join("; "))?;
        let instruments = Arc::new(instruments);
        let mut symbol_slots: Vec<SlotId> = instruments.symbols().map(|spec| spec.id.slot()).collect();
        symbol_slots.sort_unstable();
        symbol_slots.dedup();
        let at = |slots: &[SlotId]| {
            let mut at = vec![u8::MAX; usize::from(SLOT_COUNT)];
            for (position, slot) in slots.iter().enumerate() {
                at[slot.index()] = position as u8;
            }
            at
        };
        let lanes = account_slots.len() * symbol_slots.len();
        let symbol_at = at(&symbol_slots);
        let auditor = Auditor::new(assets, symbols, &instruments, limits);
        Ok(Self {
            now: Timestamp::from_micros(1_000_000),
            accounts: account_slots
                .iter()
                .map(|&slot| (slot, AccountSlot::new(slot, Arc::clone(&instruments))))
                .collect(),
            symbols: symbol_slots
                .into_iter()
                .map(|slot| (slot, SymbolSlot::new(slot, &instruments, limits)))
                .collect(),
            to_symbol: (0..lanes).map(|_| Lane::new()).collect(),
            to_account: (0..lanes).map(|_| Lane::new()).collect(),
            waiting: 0,
            account_at: at(account_slots),
            symbol_at,
            account_out: AccountOutput::default(),
            symbol_out: SymbolOutput::default(),
            answers: Vec::new(),
            next_command: 1,
            changed_rules: ChangedRules::default(),
            inputs: 0,
            frames: None,
            joined: Vec::new(),
            printed: Vec::new(),
            auditor,
            instruments,
        })
    }

    /// Changes the trading rules of a symbol, in every slot between two inputs.
    pub fn change_rules(&mut self, rules: TradingRules, now: Timestamp) {
        self.now = self.now.max(now);
        let changed = self.changed_rules.change(now, "drawn".to_owned(), vec![rules]);
        self.instruments = Arc::new(self.instruments.with_rules(&changed.rules));
        self.accounts.iter_mut().for_each(|(_, slot)| slot.set_instruments(&self.instruments));
        self.symbols.iter_mut().for_each(|(_, slot)| slot.set_rules(&changed.rules));
        if let Some(frames) = &mut self.frames {
            frames.push_rules(&changed);
        }
        for spec in changed.rules.iter().filter_map(|rules| self.instruments.symbol(rules.symbol)) {
            self.auditor.rules_changed(spec);
        }
    }

    /// Continues with the slots of a recovered exchange: every sender resends what its receivers have not applied.
    /// The auditor does not know the state before, so it checks nothing.
    pub fn resume(mut self, parts: Parts) -> Self {
        if let Some(instruments) = parts.instruments {
            self.instruments = instruments;
            self.accounts.iter_mut().for_each(|(_, slot)| slot.set_instruments(&self.instruments));
            self.symbols.iter_mut().for_each(|(_, slot)| slot.set_rules(parts.changed_rules.rules()));
        }
        self.changed_rules = parts.changed_rules;
        for slot in parts.accounts.into_iter().flatten() {
            let position = usize::from(self.account_at[slot.slot().index()]);
            self.next_command = self.next_command.max(slot.last_command() + 1);
            self.accounts[position].1 = *slot;
        }
        for (id, slot) in parts.symbols {
            let position = usize::from(self.symbol_at[id.index()]);
            self.symbols[position].1 = slot;
        }
        let open: Vec<Order> = self.account_slots().flat_map(AccountSlot::open_orders).cloned().collect();
        self.auditor.go_blind(parts.images, open.into_iter());
        if !mutated(Mutant::OutboxForgottenOnRestart) {
            self.resend();
        }
        self
    }

    /// Collects the frames of every input from now on.
    pub fn keep_frames(&mut self) {
        self.frames = Some(Frames::default());
    }

    /// Takes the frames collected since the last call, each with its length before it, and their number.
    pub fn take_frames(&mut self) -> (Vec<u8>, u32) {
        self.frames.as_mut().map(Frames::take).unwrap_or_default()
    }

    /// Sends a command to its account's slot and returns the id of its answer. An account without a
    /// slot here goes to the first.
    ///
    /// # Errors
    /// The violated rule.
    pub fn command(&mut self, command: AccountCommand, now: Timestamp) -> Result<CommandId, String> {
        self.keyed(command, None, now)
    }

    /// Sends a command with an idempotency key.
    ///
    /// # Errors
    /// The violated rule.
    pub fn keyed(
        &mut self,
        command: AccountCommand,
        key: Option<IdempotencyKey>,
        now: Timestamp,
    ) -> Result<CommandId, String> {
        let id = CommandId::new(self.next_command);
        self.next_command += 1;
        let position = command.account().map_or(0, |account| self.position(account));
        self.auditor.commanded(id, &command);
        self.account_input(position, AccountInput::Command { id, command, key }, now)?;
        Ok(id)
    }

    fn position(&self, account: AccountId) -> usize {
        let position = usize::from(self.account_at[account.slot().index()]);
        if position < self.accounts.len() { position } else { 0 }
    }

    /// Returns how many lanes there are; they are numbered from 0.
    pub fn lanes(&self) -> usize {
        self.to_symbol.len() + self.to_account.len()
    }

    /// Returns how many parcels wait in a lane.
    pub fn waiting_in(&self, lane: usize) -> usize {
        match lane.checked_sub(self.to_symbol.len()) {
            None => self.to_symbol[lane].len(),
            Some(lane) => self.to_account[lane].len(),
        }
    }

    /// Returns whether nothing waits in any lane, and no triggered order for its book.
    pub fn is_quiet(&self) -> bool {
        self.waiting == 0 && !self.has_triggered()
    }

    /// Returns whether no parcel waits in any lane; a cascade may still be pending.
    pub fn lanes_are_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Returns whether an order is triggered that has not been taken to its book yet.
    pub fn has_triggered(&self) -> bool {
        self.symbols.iter().any(|(_, slot)| slot.has_triggered())
    }

    /// Takes one step of every cascade.
    ///
    /// # Errors
    /// The violated rule.
    pub fn cascade(&mut self, now: Timestamp) -> Result<(), String> {
        for position in 0..self.symbols.len() {
            if self.symbols[position].1.has_triggered() {
                self.symbol_input(position, SymbolInput::Cascade, now)?;
            }
        }
        Ok(())
    }

    /// Delivers the first parcel of a lane, if there is one.
    ///
    /// # Errors
    /// The violated rule.
    pub fn deliver(&mut self, lane: usize, now: Timestamp) -> Result<(), String> {
        let symbols = self.symbols.len();
        match lane.checked_sub(self.to_symbol.len()) {
            None => {
                let Some(parcel) = self.to_symbol[lane].pop_front() else { return Ok(()) };
                self.waiting -= 1;
                let peer = self.accounts[lane / symbols].0;
                let input = match parcel {
                    Parcel::Message(envelope) => SymbolInput::Message(envelope),
                    Parcel::Applied(upto) => SymbolInput::Ack { peer, upto },
                };
                self.symbol_input(lane % symbols, input, now)
            }
            Some(lane) => {
                let Some(parcel) = self.to_account[lane].pop_front() else { return Ok(()) };
                self.waiting -= 1;
                let peer = self.symbols[lane % symbols].0;
                let input = match parcel {
                    Parcel::Message(envelope) => AccountInput::Message(envelope),
                    Parcel::Applied(upto) => AccountInput::Ack { peer, upto },
                };
                self.account_input(lane / symbols, input, now)
            }
        }
    }

    /// Sends the time to every slot.
    ///
    /// # Errors
    /// The violated rule.
    pub fn tick(&mut self, now: Timestamp) -> Result<(), String> {
        for position in 0..self.accounts.len() {
            self.account_input(position, AccountInput::Tick, now)?;
        }
        (0..self.symbols.len())
            .try_for_each(|position| self.symbol_input(position, SymbolInput::Tick, now))?;
        self.cascade(now)
    }

    /// Delivers everything, lane by lane, until nothing waits.
    ///
    /// # Errors
    /// The violated rule.
    pub fn drain(&mut self, now: Timestamp) -> Result<(), String> {
        while !self.is_quiet() {
            for lane in 0..self.lanes() {
                while self.waiting_in(lane) > 0 {
                    self.deliver(lane, now)?;
                }
            }
            self.cascade(now)?;
        }
        Ok(())
    }

    /// Sends again, behind what waits in each lane, all that the sender does not know to be applied: what a
    /// restarted sender does.
    pub fn resend(&mut self) {
        let symbols = self.symbols.len();
        for (position, (_, slot)) in self.accounts.iter().enumerate() {
            for envelope in slot.unapplied() {
                let lane = position * symbols + usize::from(self.symbol_at[envelope.to.index()]);
                self.to_symbol[lane].push_back(Parcel::Message(envelope.clone()));
                self.waiting += 1;
            }
        }
        for (position, (_, slot)) in self.symbols.iter().enumerate() {
            for envelope in slot.unapplied() {
                let lane = usize::from(self.account_at[envelope.to.index()]) * symbols + position;
                self.to_account[lane].push_back(Parcel::Message(*envelope));
                self.waiting += 1;
            }
        }
    }

    fn account_input(&mut self, position: usize, input: AccountInput, now: Timestamp) -> Result<(), String> {
        self.inputs += 1;
        self.now = self.now.max(now);
        self.account_out.clear();
        let (slot, account) = &mut self.accounts[position];
        let slot = *slot;
        if let AccountInput::Message(envelope) = &input {
            self.auditor.delivering(slot, envelope)?;
        }
        account.handle(input, now, &mut self.account_out).map_err(|fault| fault.to_string())?;
        if let (Some(frames), Some(head)) = (&mut self.frames, &self.account_out.frame) {
            frames.push_account(head, &self.account_out.changes);
        }
        if self.frames.is_some() {
            self.joined.extend_from_slice(&self.account_out.joined);
        }
        let symbols = self.symbols.len();
        for envelope in &self.account_out.messages {
            if let ToSymbol::SubmitOrder(submit) = &envelope.body {
                self.auditor.entered(submit, account)?;
            }
            let lane = position * symbols + usize::from(self.symbol_at[envelope.to.index()]);
            self.to_symbol[lane].push_back(Parcel::Message(envelope.clone()));
            self.waiting += 1;
        }
        for (peer, upto) in &self.account_out.applied {
            let lane = position * symbols + usize::from(self.symbol_at[peer.index()]);
            self.to_symbol[lane].push_back(Parcel::Applied(*upto));
            self.waiting += 1;
        }
        for event in &self.account_out.events {
            self.auditor.private_event(event)?;
        }
        for (id, result) in self.account_out.answers.drain(..) {
            self.auditor.answered(id, &result)?;
            self.answers.push((id, result));
        }
        Ok(())
    }

    fn symbol_input(&mut self, position: usize, input: SymbolInput, now: Timestamp) -> Result<(), String> {
        self.inputs += 1;
        self.now = self.now.max(now);
        self.symbol_out.clear();
        let (_, symbol) = &mut self.symbols[position];
        symbol.handle(input, now, &mut self.symbol_out).map_err(|fault| fault.to_string())?;
        if let (Some(frames), Some(head)) = (&mut self.frames, &self.symbol_out.frame) {
            frames.push_symbol(head, &self.symbol_out.messages);
            self.printed.extend(self.symbol_out.public.iter().filter_map(|event| match *event {
                PublicEvent::TradePrinted { symbol, trade } => Some((symbol, trade)),
                PublicEvent::BookMoved { .. } | PublicEvent::TimePassed { .. } => None,
            }));
        }
        let symbols = self.symbols.len();
        for envelope in &self.symbol_out.messages {
            let lane = usize::from(self.account_at[envelope.to.index()]) * symbols + position;
            self.to_account[lane].push_back(Parcel::Message(*envelope));
            self.waiting += 1;
        }
        for (peer, upto) in &self.symbol_out.applied {
            let lane = usize::from(self.account_at[peer.index()]) * symbols + position;
            self.to_account[lane].push_back(Parcel::Applied(*upto));
            self.waiting += 1;
        }
        self.auditor.matched(&self.symbols[position].1, &self.symbol_out)
    }

    /// Takes the answers since the last call.
    pub fn take_answers(&mut self) -> impl Iterator<Item = Answered> {
        self.answers.drain(..)
    }

    /// Takes the trades published since the last call, if frames are kept.
    pub(super) fn take_printed(&mut self) -> impl Iterator<Item = (SymbolId, PublicTrade)> {
        self.printed.drain(..)
    }

    /// Takes which commands joined which earlier ones since the last call, if frames are kept.
    pub(super) fn take_joined(&mut self) -> impl Iterator<Item = (CommandId, CommandId)> {
        self.joined.drain(..)
    }

    /// Starts to follow the private stream of an existing account.
    pub fn listen(&mut self, account: AccountId) {
        self.account_slot_mut(account).watch(account, true);
        self.auditor.streams.listen(account);
    }

    /// Returns the orders recently sent to a book, the latest last.
    pub fn recent_orders(&self) -> &[(OrderId, AccountId, SymbolId)] {
        &self.auditor.recent
    }

    /// Returns the last price of a symbol, else the best price of the other side.
    pub fn reference(&self, symbol: SymbolId, side: Side) -> Option<Price> {
        let image = &self.auditor.public_trades.sheet(symbol)?.image;
        let best = image.best();
        let other = if side == Side::Buy { best.ask } else { best.bid };
        image.last_price().or(other.map(|(price, _)| price))
    }

    /// Returns the assets and symbols.
    pub fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    /// Returns the assets and symbols, to be shared.
    pub fn shared_instruments(&self) -> Arc<Instruments> {
        Arc::clone(&self.instruments)
    }

    /// Returns the latest time any slot has received.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns how many inputs the slots have received.
    pub fn inputs(&self) -> u64 {
        self.inputs
    }

    /// Returns the slot of an account.
    pub fn account_slot(&self, account: AccountId) -> &AccountSlot {
        &self.accounts[self.position(account)].1
    }

    /// Returns the slot of an account, to follow its events.
    pub fn account_slot_mut(&mut self, account: AccountId) -> &mut AccountSlot {
        let position = self.position(account);
        &mut self.accounts[position].1
    }

    /// Returns the slot of a symbol.
    pub fn symbol_slot(&self, symbol: SymbolId) -> Option<&SymbolSlot> {
        let position = usize::from(self.symbol_at[symbol.slot().index()]);
        self.symbols.get(position).map(|(_, slot)| slot)
    }

    /// Returns the account slots.
    pub fn account_slots(&self) -> impl Iterator<Item = &AccountSlot> {
        self.accounts.iter().map(|(_, slot)| slot)
    }

    /// Returns the symbol slots.
    pub fn symbol_slots(&self) -> impl Iterator<Item = &SymbolSlot> {
        self.symbols.iter().map(|(_, slot)| slot)
    }

    /// Returns the sum of the hashes of all slots.
    pub fn hash(&self) -> u128 {
        let accounts = self.account_slots().map(AccountSlot::hash);
        accounts.chain(self.symbol_slots().map(SymbolSlot::hash)).fold(0, u128::wrapping_add)
    }
}
