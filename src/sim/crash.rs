//! Crashes: the simulated exchange keeps a journal on a simulated disk, and the power fails.
//!
//! The exchange itself goes on, judged by the auditor all the way; at random instants a copy of its disk loses its
//! power, and what is left of it must come back: everything that was acknowledged, the same state twice, no hold
//! without an order, no trade settled on one side only. Some copies live on, with more commands and more crashes,
//! and must come to rest.

use std::{collections::VecDeque, sync::Arc};

use super::{
    episode::{Course, Game, Violation},
    swarm::Setup,
    world::{Answered, World},
};
use crate::{
    domain::{
        account::{AccountQuery, AccountView},
        command::{Answer, OrderRef, Replaced},
        oracle::compare::Random,
        order::{Order, OrderStatus},
        replica::{Replica, Terms},
        time::Timestamp,
    },
    journal::{
        Disk, Fill, LogOptions, LogReader, LogWriter, SimDisk, Start,
        sim::{Fault, Faults},
        snapshot::Pace,
    },
    store::{self, Folded, Frames, Taking, Until},
};

const IDENTITY: [u8; 16] = *b"simulated crash!";

/// The smallest segments there are: rolls are part of what is tried.
const SEGMENT: u64 = LogOptions::SEGMENT_MIN;

/// What a run of crashes did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrashStats {
    /// Seeds played.
    pub seeds: u64,
    /// Commands given.
    pub commands: u64,
    /// Frames written.
    pub frames: u64,
    /// Crashes, each recovered twice.
    pub crashes: u64,
    /// Crashes in the middle of a recovery.
    pub crashes_recovering: u64,
    /// Recovered exchanges that lived on and came to rest.
    pub lives: u64,
    /// Answers that were acknowledged and found again.
    pub acknowledged: u64,
    /// Disks that failed under the writer.
    pub disk_faults: u64,
    /// Snapshots taken.
    pub snapshots: u64,
    /// The sum of all recovered hashes: the same for the same seeds, always.
    pub digest: u128,
}

impl CrashStats {
    /// Returns the sum of both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            seeds: self.seeds + other.seeds,
            commands: self.commands + other.commands,
            frames: self.frames + other.frames,
            crashes: self.crashes + other.crashes,
            crashes_recovering: self.crashes_recovering + other.crashes_recovering,
            lives: self.lives + other.lives,
            acknowledged: self.acknowledged + other.acknowledged,
            disk_faults: self.disk_faults + other.disk_faults,
            snapshots: self.snapshots + other.snapshots,
            digest: self.digest.wrapping_add(other.digest),
        }
    }
}

/// Plays one seed for this many commands, with about this many crashes.
///
/// # Errors
/// The first broken rule.
pub fn crashes(seed: u64, commands: u64, crashes: u64) -> Result<CrashStats, Violation> {
    let mut given = 0;
    let mut run = || {
        let mut random = Random::new(seed ^ 0x6372_6173_6865_7321);
        let mut game = Journalled::open(seed, &mut random)?;
        let result = game.play(commands, crashes, &mut random);
        given = game.stats.commands;
        result.map(|()| CrashStats { seeds: 1, ..game.stats })
    };
    let result: Result<CrashStats, String> = run();
    result.map_err(|text| Violation { seed, step: given, text })
}

/// Answers that wait for the disk, and those that have left.
#[derive(Debug, Default)]
struct Clients {
    held: VecDeque<(u64, Answered)>,
    /// What clients were told last of the orders of late.
    told: VecDeque<Order>,
    acknowledged: u64,
}

/// How many orders clients remember: what a slot remembers of closed ones bounds what can be asked for.
const REMEMBERED: usize = 200;

impl Clients {
    fn release(&mut self, durable: u64) {
        while let Some((_, (_, answer))) = self.held.pop_front_if(|(lsn, _)| *lsn <= durable) {
            self.acknowledged += 1;
            let Ok(answer) = answer else { continue };
            match answer {
                Answer::Placed { order, .. } | Answer::Cancelled(order) | Answer::Amended { order, .. } => {
                    self.told.push_back(order);
                }
                Answer::AllCancelled(orders) => self.told.extend(orders),
                Answer::Replaced(replaced) => {
                    let Replaced { cancelled, placed } = *replaced;
                    self.told.extend(cancelled.ok());
                    self.told.extend(placed.and_then(Result::ok).map(|(order, _)| order));
                }
                _ => {}
            }
            while self.told.len() > REMEMBERED {
                self.told.pop_front();
            }
        }
    }

    /// Every order a client was told of is there, no less filled and no less ended.
    fn check(&self, replica: &Replica) -> Result<(), String> {
        for told in &self.told {
            let slot = replica.account_slots().find(|slot| slot.slot() == told.account.slot());
            let slot = slot.ok_or_else(|| format!("order {} is lost with its slot", told.id))?;
            let by_id = OrderRef { id: Some(told.id), client_id: None };
            let query = AccountQuery::Order { symbol: told.symbol, order: by_id };
            let Ok(AccountView::Order(found)) = slot.query(told.account, &query, Timestamp::default()) else {
                return Err(format!("order {} was acknowledged and is lost", told.id));
            };
            let is_later = found.executed >= told.executed
                && found.executed_quote >= told.executed_quote
                && (!told.status.is_final() || found.status == told.status)
                && (told.status != OrderStatus::PartiallyFilled || found.status != OrderStatus::Pending);
            if !is_later {
                return Err(format!("order {} was told as {told:?} and came back as {found:?}", told.id));
            }
        }
        Ok(())
    }
}

/// A game that keeps a journal.
struct Journalled {
    game: Game,
    disk: SimDisk,
    writer: LogWriter,
    clients: Clients,
    stats: CrashStats,
}

fn options() -> LogOptions {
    LogOptions { segment_bytes: SEGMENT, identity: IDENTITY, logic: 1, clock: || 0, fill: Fill::Inline }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn handle(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

impl Journalled {
    fn open(seed: u64, random: &mut Random) -> Result<Self, String> {
        let page = if random.one_in(2) { 512 } else { 4_096 };
        let disk = SimDisk::new(Faults { page, ..Faults::default() });
        let tail = LogReader::open(&handle(&disk), IDENTITY, Start::Beginning).and_then(LogReader::tail);
        let mut writer =
            tail.and_then(|tail| LogWriter::resume(&handle(&disk), &tail, options())).map_err(text)?;
        let mut choices = Random::new(seed);
        let setup = Setup::draw(&mut choices);
        let mut world = World::new(&setup.assets, &setup.symbols, &setup.slots, setup.limits)?;
        world.keep_frames();
        let mut frames = Frames::default();
        frames.push_terms(&Terms::of(world.catalogue(), setup.limits));
        let (bytes, count) = frames.take();
        writer.append(&bytes, count).map_err(text)?;
        let game = Game::new(setup, world, choices, Course::Shuffled);
        let (clients, stats) = (Clients::default(), CrashStats::default());
        Ok(Self { game, disk, writer, clients, stats })
    }

    fn play(&mut self, commands: u64, crashes: u64, random: &mut Random) -> Result<(), String> {
        if random.one_in(8) {
            let fault = random.pick(&[Fault::Eio, Fault::Enospc, Fault::ShortWrite]);
            self.disk.fail_at(random.below(commands), fault);
        }
        self.game.open()?;
        // About four steps a command.
        let crash_every = (commands * 4 / crashes.max(1)).max(1);
        let commit_every = random.pick(&[1, 4, 16, 64]);
        let snapshot_every = random.pick(&[200, 1_000, u64::MAX]);
        while self.game.given < commands {
            self.game.shuffled_step()?;
            if let Err(error) = self.journal(random.one_in(commit_every)) {
                // Nothing more is acknowledged, and the process ends: what is on the disk must do.
                if !matches!(error, crate::journal::JournalError::Io { .. }) {
                    return Err(text(error));
                }
                self.stats.disk_faults += 1;
                self.crash(random)?;
                break;
            }
            if random.one_in(snapshot_every) {
                self.snapshot()?;
            }
            if random.one_in(crash_every) {
                self.crash(random)?;
            }
        }
        self.stats.commands = self.game.given;
        self.stats.acknowledged = self.clients.acknowledged;
        self.game.rest()
    }

    /// Stages what the step did, and sometimes commits it.
    fn journal(&mut self, is_commit: bool) -> Result<(), crate::journal::JournalError> {
        let (bytes, count) = self.game.world.take_frames();
        self.stats.frames += u64::from(count);
        let lsn = self.writer.append(&bytes, count)?;
        self.clients.held.extend(self.game.world.take_answers().map(|answer| (lsn, answer)));
        if is_commit {
            let durable = self.writer.commit()?;
            self.clients.release(durable);
        }
        Ok(())
    }

    fn snapshot(&mut self) -> Result<(), String> {
        let until = Until::Durable(self.writer.durable());
        let catalogue = self.game.world.shared_catalogue();
        let taking = Taking { pace: Pace::Fast, workers: 1, created: 0 };
        let taken = store::take_snapshot(&handle(&self.disk), IDENTITY, &catalogue, until, taking);
        self.stats.snapshots += u64::from(taken.map_err(text)?.is_some());
        Ok(())
    }

    /// Lets the power of a copy fail, and brings it back.
    fn crash(&mut self, random: &mut Random) -> Result<(), String> {
        self.stats.crashes += 1;
        let left = self.disk.crash(random.word());
        let folded = self.recover(&left, random)?;
        let durable = self.writer.durable();
        if folded.position.lsn < durable {
            return Err(format!(
                "frame {durable} was durable, the last to come back is {}",
                folded.position.lsn
            ));
        }
        folded.replica.check().map_err(text)?;
        self.clients.check(&folded.replica)?;
        self.stats.digest = self.stats.digest.wrapping_add(folded.replica.hash());
        if random.one_in(8) {
            self.live_on(left, folded, random)?;
        }
        Ok(())
    }

    /// Recovers a disk, perhaps with a crash in the middle, and then again; both must come to the same.
    fn recover(&mut self, left: &SimDisk, random: &mut Random) -> Result<Folded, String> {
        let catalogue = self.game.world.shared_catalogue();
        let fold = |disk: &SimDisk| {
            store::fold(&handle(disk), IDENTITY, &catalogue, Until::End, 1, &mut |_| ()).map_err(text)
        };
        let resume = |disk: &SimDisk, folded: &Folded| match &folded.tail {
            Some(tail) => LogWriter::resume(&handle(disk), tail, options()).map(|_| ()).map_err(text),
            None => Err("a log that was read to its end has no tail".to_owned()),
        };
        let first = fold(left)?;
        if random.one_in(4) {
            let dying = left.fork();
            dying.fail_at(random.below(12), Fault::Halt);
            let _ = resume(&dying, &first); // it dies on the way, or is done before
            let again = fold(&dying.crash(random.word()))?;
            same(&first, &again)?;
            self.stats.crashes_recovering += 1;
        }
        resume(left, &first)?;
        let again = fold(&left.crash(random.word()))?;
        same(&first, &again)?;
        Ok(first)
    }

    /// Lets a recovered exchange go on: more commands, another crash, and then rest.
    fn live_on(&mut self, disk: SimDisk, folded: Folded, random: &mut Random) -> Result<(), String> {
        self.stats.lives += 1;
        let setup = self.game.setup.clone();
        let catalogue = self.game.world.shared_catalogue();
        let Some(tail) = folded.tail else { return Err("no tail".to_owned()) };
        let empty = World::new(&setup.assets, &setup.symbols, &setup.slots, setup.limits)?;
        let mut world = empty.resume(folded.replica.into_parts());
        world.keep_frames();
        let mut game = Game::new(setup, world, Random::new(random.word()), Course::Shuffled);
        game.now = self.game.now;
        // The tail was judged before the repair; judge it again.
        let tail =
            LogReader::open(&handle(&disk), IDENTITY, Start::At(tail.position)).and_then(LogReader::tail);
        let writer = tail.and_then(|tail| LogWriter::resume(&handle(&disk), &tail, options()));
        let mut writer = writer.map_err(text)?;
        let until = random.below(30);
        while game.given < until {
            game.shuffled_step()?;
            let (bytes, count) = game.world.take_frames();
            writer.append(&bytes, count).map_err(text)?;
            drop(game.world.take_answers());
            if random.one_in(8) {
                writer.commit().map_err(text)?;
            }
        }
        game.world.drain(game.time())?;
        game.world.tick(game.time())?;
        game.world.drain(game.time())?;
        let (bytes, count) = game.world.take_frames();
        writer.append(&bytes, count).map_err(text)?;
        writer.commit().map_err(text)?;
        for slot in game.world.account_slots() {
            slot.check_quiescent().map_err(text)?;
        }
        let after =
            store::fold(&handle(&disk), IDENTITY, &catalogue, Until::End, 1, &mut |_| ()).map_err(text)?;
        after.replica.check().map_err(text)?;
        let (to_symbols, to_accounts) = after.replica.under_way();
        if !to_symbols.is_empty() || !to_accounts.is_empty() {
            return Err("messages are under way at rest".to_owned());
        }
        let (live, replayed) = (game.world.hash(), after.replica.hash());
        if live != replayed {
            return Err(format!("the exchange came to hash {live:032x}, its journal to {replayed:032x}"));
        }
        Ok(())
    }
}

fn same(first: &Folded, again: &Folded) -> Result<(), String> {
    let (left, right) = (first.replica.hash(), again.replica.hash());
    if left != right || first.position.lsn != again.position.lsn {
        return Err(format!(
            "recovered to hash {left:032x} at frame {}, then to {right:032x} at frame {}",
            first.position.lsn, again.position.lsn
        ));
    }
    Ok(())
}
