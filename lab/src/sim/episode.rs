//! One seed's run: draw a setup, let commands and deliveries interleave with checks throughout, then run everything
//! to quiescence and check the whole exchange.

use lightning_exchange::domain::{
    account::{AccountQuery, AccountView},
    instruments::{
        edit::{EditError, FeeEdit, SymbolEdit},
        symbol::SymbolStatus,
    },
    messages::{
        command::{AccountCommand, Answer, CreateAccount, IdempotencyKey, Replaced},
        reject::Reject,
    },
    types::{id::CommandId, random::Random, time::Timestamp},
};

use rust_decimal::Decimal;

use super::{counts::Counts, crash::Keyed, generator::Generator, swarm::Setup, world::World};

/// Commands of one episode.
pub const COMMANDS: u64 = 3_000;
/// How often everything is checked while messages are in flight, in steps.
const CHECK_EVERY: u64 = 1_500;

/// In which order parcels are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Commands and lanes interleave at random.
    Shuffled,
    /// Each command settles before the next is sent; between lanes the order is random by this seed,
    /// which must not matter.
    Settled(u64),
}

/// The counts of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Seeds played.
    pub episodes: u64,
    /// Commands sent.
    pub commands: u64,
    /// Inputs of all slots: commands, messages, acknowledgements and ticks.
    pub inputs: u64,
    /// What the auditor counted.
    pub counts: Counts,
    /// The sum of all final state hashes: the same for the same seeds, always.
    pub digest: u128,
}

impl Stats {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            episodes: self.episodes + other.episodes,
            commands: self.commands + other.commands,
            inputs: self.inputs + other.inputs,
            counts: self.counts.plus(other.counts),
            digest: self.digest.wrapping_add(other.digest),
        }
    }
}

/// A violated rule, with what is needed to reproduce it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("seed {seed}, step {step}: {text}")]
pub struct Violation {
    /// The episode's seed.
    pub seed: u64,
    /// Commands sent before it.
    pub step: u64,
    /// The violated rule.
    pub text: String,
}

/// Plays one seed for this many commands.
///
/// # Errors
/// The first violated rule.
pub fn episode(seed: u64, commands: u64, course: Course) -> Result<Stats, Violation> {
    let mut given = 0;
    let mut run = || {
        let mut random = Random::new(seed);
        let mut setup = Setup::draw(&mut random);
        if course != Course::Shuffled {
            // Two orders filled by one trade release others, and two accounts' time may come at once: which of them
            // is at the book first, the lanes decide.
            (setup.features.lists, setup.features.countdowns) = (false, false);
        }
        let world = World::new(&setup.assets, &setup.symbols, &setup.slots, setup.limits)?;
        let mut game = Game::new(setup, world, random, course);
        game.open()?;
        let result = game.play(commands);
        given = game.given;
        result.map(|()| game.stats())
    };
    let result: Result<Stats, String> = run();
    result.map_err(|text| Violation { seed, step: given, text })
}

/// An exchange under simulation.
pub(super) struct Game {
    pub(super) world: World,
    generator: Generator,
    pub(super) setup: Setup,
    /// Decides about deliveries and time.
    random: Random,
    course: Course,
    lanes: Random,
    slow_lanes: u64,
    pub(super) now: u64,
    /// Commands so far.
    pub(super) given: u64,
    /// Commands sent under a key; `None` while none are.
    pub(super) keyed: Option<Vec<Keyed>>,
}

impl Game {
    pub(super) fn new(setup: Setup, world: World, mut random: Random, course: Course) -> Self {
        let generator = Generator::new(setup.clone(), Random::new(random.word()));
        let slow_lanes = if setup.features.slow_lanes { random.word() & random.word() } else { 0 };
        let lanes = Random::new(if let Course::Settled(seed) = course { seed } else { random.word() });
        Self {
            world,
            generator,
            setup,
            random,
            course,
            lanes,
            slow_lanes,
            now: 1_000_000,
            given: 0,
            keyed: None,
        }
    }

    /// Opens the accounts.
    pub(super) fn open(&mut self) -> Result<(), String> {
        for (id, tier) in self.setup.accounts.clone() {
            let create = CreateAccount { id: Some(id), tier, is_unlimited: false };
            self.world.command(AccountCommand::CreateAccount(create), self.time())?;
            if self.setup.features.streams && self.random.one_in(2) {
                self.world.listen(id);
            }
            for deposit in self.generator.endowment(id, &self.world) {
                self.world.command(deposit, self.time())?;
            }
        }
        self.world.take_answers().try_for_each(|(_, answer)| match answer {
            Ok(_) => Ok(()),
            Err(reject) => Err(format!("an account could not be opened: {reject}")),
        })
    }

    pub(super) fn time(&self) -> Timestamp {
        Timestamp::from_micros(self.now)
    }

    /// The time as the next slot sees it.
    fn clock(&mut self) -> Timestamp {
        let skew = if self.setup.features.skewed_clocks { self.random.below(300) } else { 0 };
        Timestamp::from_micros(self.now - skew)
    }

    /// Changes the trading rules of a symbol, as an operator may at any moment. A symbol is delisted now and then only:
    /// nothing happens to it afterwards.
    fn change_rules(&mut self) -> Result<(), String> {
        let symbols: Vec<String> = self.world.instruments().symbols().map(|spec| spec.name.clone()).collect();
        let name = &symbols[self.random.below(symbols.len() as u64) as usize];
        let mut edit = SymbolEdit::default();
        match self.random.below(8) {
            0..4 => {
                let status = match self.random.below(40) {
                    0 => SymbolStatus::Delisted,
                    1..4 => SymbolStatus::CancelOnly,
                    4..8 => SymbolStatus::Halt,
                    8..14 => SymbolStatus::PostOnly,
                    _ => SymbolStatus::Trading,
                };
                edit.status = Some(status);
            }
            4..6 => {
                let tiers = self.setup.symbols[0].fees.len();
                let mut rate = || Decimal::new(self.random.below(300) as i64, 5);
                edit.fees = Some((0..tiers).map(|_| FeeEdit { maker: rate(), taker: rate() }).collect());
            }
            6 => edit.max_num_orders = Some(1 + self.random.below(40) as u32),
            _ => edit.special_orders.max_num_algo_orders = Some(1 + self.random.below(20) as u32),
        }
        match self.world.instruments().edited(name, &edit) {
            Ok(rules) => self.world.change_rules(rules, self.time()),
            Err(EditError::Delisted) => {}
            Err(error) => return Err(format!("{name}: {edit:?} is refused: {error}")),
        }
        Ok(())
    }

    fn play(&mut self, commands: u64) -> Result<(), String> {
        let rest_every = 200 + self.random.below(800);
        let mut steps = 0;
        while self.given < commands {
            steps += 1;
            match self.course {
                Course::Shuffled => self.shuffled_step()?,
                Course::Settled(_) => self.settled_step()?,
            }
            drop(self.world.take_answers());
            if steps % CHECK_EVERY == 0 {
                self.world.check()?;
            }
            if self.random.one_in(rest_every * self.setup.calm) {
                self.rest()?;
            }
        }
        self.rest()
    }

    /// Sends a command, advances the clock, or delivers a parcel.
    pub(super) fn shuffled_step(&mut self) -> Result<(), String> {
        self.now += self.random.below(8);
        if self.world.is_quiet() || self.random.one_in(self.setup.calm) {
            return self.command();
        }
        if self.random.one_in(256) {
            let now = self.clock();
            return self.world.tick(now);
        }
        if self.setup.features.restarts && self.random.one_in(2_000) {
            self.world.resend();
        }
        let is_due = self.world.has_triggered() && self.random.one_in(self.setup.cascade_every);
        if is_due || self.world.lanes_are_empty() {
            let now = self.clock();
            return self.world.cascade(now);
        }
        let lanes = self.world.lanes();
        let mut lane = self.lanes.below(lanes as u64) as usize;
        if self.slow_lanes >> (lane % 64) & 1 == 1 && !self.lanes.one_in(16) {
            lane = self.lanes.below(lanes as u64) as usize;
        }
        while self.world.waiting_in(lane) == 0 {
            lane = if lane + 1 == lanes { 0 } else { lane + 1 };
        }
        let now = self.clock();
        self.world.deliver(lane, now)
    }

    fn settled_step(&mut self) -> Result<(), String> {
        self.now += self.random.below(40);
        self.command()?;
        if self.random.one_in(64) {
            self.world.tick(self.time())?;
        }
        while !self.world.is_quiet() {
            // A cascade finishes first: only lanes are delivered in any order.
            self.world.cascade(self.time())?;
            if self.world.lanes_are_empty() {
                continue;
            }
            let lane = self.lanes.below(self.world.lanes() as u64) as usize;
            self.world.deliver(lane, self.time())?;
        }
        Ok(())
    }

    /// Runs everything to quiescence, and checks the whole exchange.
    pub(super) fn rest(&mut self) -> Result<(), String> {
        self.world.drain(self.time())?;
        self.world.tick(self.time())?;
        self.world.drain(self.time())?;
        self.world.check_delisted()?;
        self.world.check_quiet()
    }

    fn command(&mut self) -> Result<(), String> {
        if self.setup.features.rule_changes && self.random.one_in(100) {
            self.change_rules()?;
        }
        self.given += 1;
        let now = self.clock();
        let command = self.generator.next(&self.world, now);
        if !self.random.one_in(16) {
            return self.send(command, now);
        }
        // A refusal must leave the hash unchanged, and `order/test` must agree with the order.
        let account = command.account().unwrap_or(self.setup.accounts[0].0);
        let slot = self.world.account_slot(account);
        let before = slot.hash();
        let tested = match &command {
            AccountCommand::Place(order) => Some(slot.query(account, &AccountQuery::Test(*order), now)),
            _ => None,
        };
        let shown = format!("{command:?}");
        let id = self.world.command(command, now)?;
        let refusal = refusal(self.world.take_answers(), id);
        if refusal.is_some() && self.world.account_slot(account).hash() != before {
            return Err(format!("{shown} was refused with {refusal:?} and changed the state"));
        }
        match tested {
            None => Ok(()),
            Some(Ok(AccountView::Tested(Ok(())))) if refusal.is_none() => Ok(()),
            Some(Ok(AccountView::Tested(Err((reject, _)))) | Err(reject)) if refusal == Some(reject) => {
                Ok(())
            }
            Some(tested) => Err(format!("{shown}: the test says {tested:?}, placing it {refusal:?}")),
        }
    }

    /// Sends a command, sometimes with an idempotency key.
    fn send(&mut self, command: AccountCommand, now: Timestamp) -> Result<(), String> {
        let Some(keyed) = &mut self.keyed else { return self.world.command(command, now).map(|_| ()) };
        let is_order = matches!(command, AccountCommand::Place(_) | AccountCommand::Replace(_));
        if !is_order || !self.random.one_in(3) {
            return self.world.command(command, now).map(|_| ());
        }
        let number = self.given;
        let key = IdempotencyKey { id: format!("key-{number}"), fingerprint: number.into() };
        let id = self.world.keyed(command.clone(), Some(key.clone()), now)?;
        keyed.push(Keyed { id, command, key });
        Ok(())
    }

    fn stats(&self) -> Stats {
        Stats {
            episodes: 1,
            commands: self.given,
            inputs: self.world.inputs(),
            counts: self.world.auditor.counts,
            digest: self.world.hash(),
        }
    }
}

/// Returns why a command was refused at once, if it was.
fn refusal(
    mut answers: impl Iterator<Item = (CommandId, Result<Answer, Reject>)>,
    id: CommandId,
) -> Option<Reject> {
    match answers.find(|(answered, _)| *answered == id)?.1 {
        Err(reject) => Some(reject),
        Ok(Answer::Replaced(replaced)) => match *replaced {
            Replaced { cancelled: Err(reject), placed: None | Some(Err(_)), .. } => Some(reject),
            _ => None,
        },
        Ok(_) => None,
    }
}
