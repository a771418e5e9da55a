//! Crashes: the simulated exchange keeps a journal on a simulated disk, and the power fails.
//!
//! The exchange itself continues, checked by the auditor throughout; at random instants, between steps and in the
//! middle of commits, rolls and snapshots, a copy of its disk loses its power, and what is left of it must come
//! back: everything that was acknowledged, the very state the live exchange had at that frame, the same twice, no
//! hold without an order, no trade settled on one side only. Some copies live on, with clients that send again
//! what they sent under a key, with more commands, and must reach quiescence.

mod clients;
mod disk_images;

use std::{collections::BTreeMap, sync::Arc};

pub(super) use self::clients::Keyed;
use self::{clients::Clients, disk_images::DiskImages};
use super::{
    episode::{Course, Game, Violation},
    swarm::Setup,
    world::World,
};
use lightning_exchange::{
    domain::{
        replica::Terms,
        testing::mutants::{Mutant, mutated},
        types::random::Random,
    },
    journal::{
        Disk, Fill, JournalError, LogOptions, LogReader, LogWriter, SimDisk, Start,
        sim::{Fault, Faults},
        snapshot::Pace,
    },
    store::{self, Frames, Replayed, StoreError, Taking, Until},
};
use serde::{Serialize, Serializer};

pub(super) const IDENTITY: [u8; 16] = *b"simulated crash!";

/// The smallest segments there are: rolls are to be tested as well.
const SEGMENT: u64 = LogOptions::SEGMENT_MIN;

/// What a run of crashes did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CrashStats {
    /// Seeds played.
    pub seeds: u64,
    /// Commands sent.
    pub commands: u64,
    /// Frames written.
    pub frames: u64,
    /// Crashes, each recovered twice.
    pub crashes: u64,
    /// Those of them in the middle of a commit, a roll, a snapshot or a prune.
    pub crashes_in_image: u64,
    /// Crashes in the middle of a recovery.
    pub crashes_recovering: u64,
    /// Recovered exchanges that continued and reached quiescence.
    pub lives: u64,
    /// Answers that were acknowledged.
    pub acknowledged: u64,
    /// Recovered states that were compared with the live one at the same frame.
    pub compared: u64,
    /// Acknowledged orders that were sent again under their key.
    pub retried: u64,
    /// Disks that failed under the writer.
    pub disk_faults: u64,
    /// Snapshots taken.
    pub snapshots: u64,
    /// The sum of all recovered hashes: the same for the same seeds, always. Hexadecimal in JSON.
    #[serde(serialize_with = "hexadecimal")]
    pub digest: u128,
}

fn hexadecimal<S: Serializer>(number: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{number:032x}"))
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
            crashes_in_image: self.crashes_in_image + other.crashes_in_image,
            crashes_recovering: self.crashes_recovering + other.crashes_recovering,
            lives: self.lives + other.lives,
            acknowledged: self.acknowledged + other.acknowledged,
            compared: self.compared + other.compared,
            retried: self.retried + other.retried,
            disk_faults: self.disk_faults + other.disk_faults,
            snapshots: self.snapshots + other.snapshots,
            digest: self.digest.wrapping_add(other.digest),
        }
    }
}

/// How one seed is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashCourse {
    /// For how many commands.
    pub commands: u64,
    /// About how many crashes there are on the way.
    pub crashes: u64,
    /// An operation of the disk that fails; without it, one in eight seeds chooses one.
    pub fault: Option<(u64, Fault)>,
}

/// Plays one seed.
///
/// # Errors
/// The first violated rule.
pub fn crashes(seed: u64, course: CrashCourse) -> Result<CrashStats, Violation> {
    let mut given = 0;
    let mut run = || {
        let mut random = Random::new(seed ^ 0x6372_6173_6865_7321);
        let mut game = Journalled::open(seed, course, &mut random)?;
        let result = game.play(course, &mut random);
        given = game.game.given;
        result.map(|()| CrashStats { seeds: 1, ..game.stats })
    };
    let result: Result<CrashStats, String> = run();
    result.map_err(|text| Violation { seed, step: given, text })
}

/// A game that keeps a journal.
struct Journalled {
    game: Game,
    disk: SimDisk,
    disk_images: DiskImages,
    writer: LogWriter,
    clients: Clients,
    /// The state hash after the last frame of each write.
    hashes: BTreeMap<u64, u128>,
    stats: CrashStats,
}

fn options() -> LogOptions {
    LogOptions { segment_bytes: SEGMENT, identity: IDENTITY, logic: 1, clock: || 0, fill: Fill::Inline }
}

pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

pub(super) fn handle(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

fn open_writer(disk: &Arc<dyn Disk>, start: Start) -> Result<LogWriter, JournalError> {
    let tail = LogReader::open(disk, IDENTITY, start).and_then(LogReader::tail)?;
    LogWriter::resume(disk, &tail, options())
}

impl Journalled {
    fn open(seed: u64, course: CrashCourse, random: &mut Random) -> Result<Self, String> {
        let page = if random.one_in(2) { 512 } else { 4_096 };
        let disk = SimDisk::new(Faults { page, ..Faults::default() });
        let disk_images = DiskImages::new(disk.clone());
        let seen: Arc<dyn Disk> = Arc::new(disk_images.clone());
        let mut writer = open_writer(&seen, Start::Beginning).map_err(text)?;
        if let Some((operation, fault)) = course.fault {
            disk.fail_at(disk.operations() + operation, fault);
        } else if random.one_in(8) {
            match random.below(4) {
                0 => disk.set_capacity(Some(40_000 + random.below(60_000))),
                1 => disk.fail_at(random.below(course.commands), Fault::Halt),
                _ => {
                    let fault = random.pick(&[Fault::Eio, Fault::Enospc, Fault::ShortWrite]);
                    disk.fail_at(random.below(course.commands), fault);
                }
            }
        }
        let mut choices = Random::new(seed);
        let setup = Setup::draw(&mut choices);
        let mut world = World::new(&setup.assets, &setup.symbols, &setup.slots, setup.limits)?;
        world.keep_frames();
        let mut frames = Frames::default();
        frames.push_terms(&Terms::of(world.instruments(), setup.limits));
        let (bytes, count) = frames.take();
        writer.append(&bytes, count).map_err(text)?;
        let mut game = Game::new(setup, world, choices, Course::Shuffled);
        game.keyed = Some(Vec::new());
        let (clients, stats) = (Clients::default(), CrashStats::default());
        Ok(Self { game, disk, disk_images, writer, clients, hashes: BTreeMap::from([(0, 0)]), stats })
    }

    fn play(&mut self, course: CrashCourse, random: &mut Random) -> Result<(), String> {
        let CrashCourse { commands, crashes, fault } = course;
        self.game.open()?;
        // About two steps a command.
        let crash_every = (commands * 2 / crashes.max(1)).max(1);
        // A planned fault is to be reached.
        let commit_every = if fault.is_some() { 1 } else { random.pick(&[1, 3, 8, 24]) };
        let snapshot_every = random.pick(&[80, 400, u64::MAX]);
        while self.game.given < commands {
            self.game.shuffled_step()?;
            let committed = self.journal(commit_every, random);
            self.crash_in_image(random)?;
            match committed {
                Ok(Some(durable)) => {
                    self.clients.durable = durable;
                    self.clients.release(durable);
                }
                Ok(None) => {}
                Err(JournalError::Io { .. }) => {
                    self.fail(random)?;
                    break;
                }
                Err(error) => return Err(text(error)),
            }
            if random.one_in(snapshot_every) {
                self.snapshot()?;
                self.crash_in_image(random)?;
            }
            if random.one_in(crash_every) {
                let is_armed = random.one_in(2) && self.disk_images.arm(random.below(8));
                if !is_armed {
                    let left = self.disk.crash(random.word());
                    self.crash(left, true, random)?;
                }
            }
        }
        self.stats.commands = self.game.given;
        self.stats.acknowledged = self.clients.acknowledged;
        self.game.rest()
    }

    /// Stages what the step did, and sometimes writes or commits it.
    fn journal(&mut self, commit_every: u64, random: &mut Random) -> Result<Option<u64>, JournalError> {
        let (bytes, count) = self.game.world.take_frames();
        self.stats.frames += u64::from(count);
        let lsn = self.writer.append(&bytes, count)?;
        let keyed = self.game.keyed.as_mut().map(std::mem::take).unwrap_or_default();
        self.clients.hold(lsn, &mut self.game.world, keyed);
        if mutated(Mutant::AnsweredBeforeDurable) {
            self.clients.release(lsn);
        }
        let is_commit = random.one_in(commit_every);
        if !is_commit && !random.one_in(2 * commit_every) {
            return Ok(None);
        }
        self.hashes.insert(lsn, self.game.world.hash());
        if is_commit {
            return self.writer.commit().map(Some);
        }
        // On its way to the disk, and not awaited yet: a crash tears it.
        self.writer.write().map(|_| None)
    }

    /// The disk has failed: nothing more is acknowledged, the process ends, and what is on the disk must do, once
    /// there is space.
    fn fail(&mut self, random: &mut Random) -> Result<(), String> {
        self.stats.disk_faults += 1;
        let durable = self.writer.durable();
        if self.writer.commit().is_ok() || self.writer.durable() != durable {
            return Err("a writer that failed made something durable".to_owned());
        }
        if mutated(Mutant::FailedCommitIgnored) {
            self.clients.release(u64::MAX);
        }
        let lefts = [(self.disk.fork(), false), (self.disk.crash(random.word()), true)];
        for (left, is_power_cut) in lefts {
            self.crash(left, is_power_cut, random)?;
        }
        Ok(())
    }

    fn snapshot(&mut self) -> Result<(), String> {
        let until = Until::Durable(self.writer.durable());
        let instruments = self.game.world.shared_instruments();
        let taking = Taking { pace: Pace::Fast, workers: 1, created: 0, ingested: u64::MAX };
        let disk: Arc<dyn Disk> = Arc::new(self.disk_images.clone());
        match store::take_snapshot(&disk, IDENTITY, &instruments, until, taking) {
            Ok(taken) => self.stats.snapshots += u64::from(taken.is_some()),
            // The exchange continues without it.
            Err(StoreError::Journal(JournalError::Io { .. })) => self.stats.disk_faults += 1,
            Err(error) => return Err(text(error)),
        }
        Ok(())
    }

    /// Lets the power fail in the middle of what was done last, if an image was taken of it.
    fn crash_in_image(&mut self, random: &mut Random) -> Result<(), String> {
        let Some(image) = self.disk_images.image() else { return Ok(()) };
        self.stats.crashes_in_image += 1;
        self.crash(image.crash(random.word()), true, random)
    }

    /// Recovers the disk after a crash.
    fn crash(&mut self, left: SimDisk, is_power_cut: bool, random: &mut Random) -> Result<(), String> {
        self.stats.crashes += 1;
        let replayed = self.recover(&left, is_power_cut, random)?;
        let (lsn, durable) = (replayed.position.lsn, self.clients.durable);
        if lsn < durable {
            return Err(format!("frame {durable} was durable, the last to come back is {lsn}"));
        }
        let recovered = replayed.replica.hash();
        if let Some(live) = self.hashes.get(&lsn) {
            self.stats.compared += 1;
            if *live != recovered {
                return Err(format!("frame {lsn} had state hash {live:032x} and has {recovered:032x} now"));
            }
        }
        replayed.replica.check().map_err(text)?;
        self.clients.check(&replayed.replica)?;
        self.stats.digest = self.stats.digest.wrapping_add(recovered);
        if random.one_in(8) {
            self.live_on(&left, replayed, random)?;
        }
        Ok(())
    }

    /// Recovers a disk, perhaps with a crash in the middle, and then again; both must reach the same state. Without a
    /// power cut before, what was read may not be on the disk until the recovery is done, and then it must be.
    fn recover(
        &mut self,
        left: &SimDisk,
        is_power_cut: bool,
        random: &mut Random,
    ) -> Result<Replayed, String> {
        // A disk that was full has space again: only then can the journal continue.
        left.set_capacity(None);
        let instruments = self.game.world.shared_instruments();
        let replay = |disk: &SimDisk| {
            store::replay(&handle(disk), IDENTITY, &instruments, Until::End, 1, &mut |_| ()).map_err(text)
        };
        let resume = |disk: &SimDisk, replayed: &Replayed| match &replayed.tail {
            Some(tail) => LogWriter::resume(&handle(disk), tail, options()).map(|_| ()).map_err(text),
            None => Err("a log that was read to its end has no tail".to_owned()),
        };
        let first = replay(left)?;
        if random.one_in(4) {
            let dying = left.fork();
            dying.fail_at(random.below(12), Fault::Halt);
            let _ = resume(&dying, &first); // it dies on the way, or is done before
            let again = replay(&dying.crash(random.word()))?;
            if is_power_cut {
                same(&first, &again)?;
            } else if again.position.lsn < self.clients.durable {
                return Err(format!("frame {} is lost in a recovery", self.clients.durable));
            }
            self.stats.crashes_recovering += 1;
        }
        resume(left, &first)?;
        // Parallel replay must reach the same state as sequential replay.
        let workers = if random.one_in(32) { 4 } else { 1 };
        let left = handle(&left.crash(random.word()));
        let again =
            store::replay(&left, IDENTITY, &instruments, Until::End, workers, &mut |_| ()).map_err(text)?;
        same(&first, &again)?;
        Ok(first)
    }

    /// Continues a recovered exchange: retries, more commands, then quiescence.
    fn live_on(&mut self, disk: &SimDisk, replayed: Replayed, random: &mut Random) -> Result<(), String> {
        self.stats.lives += 1;
        let setup = self.game.setup.clone();
        let instruments = self.game.world.shared_instruments();
        let Some(tail) = replayed.tail else { return Err("no tail".to_owned()) };
        let empty = World::new(&setup.assets, &setup.symbols, &setup.slots, setup.limits)?;
        let mut world = empty.resume(replayed.replica.into_parts());
        world.keep_frames();
        let mut game = Game::new(setup, world, Random::new(random.word()), Course::Shuffled);
        game.now = self.game.now;
        // The tail was judged before the repair; judge it again.
        let mut writer = open_writer(&handle(disk), Start::At(tail.position)).map_err(text)?;
        let now = game.time();
        self.stats.retried += self.clients.retry(&mut game.world, now)?;
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
        // It crashes again; a copy must recover to the same point.
        let left = handle(&disk.crash(random.word()));
        let again = store::replay(&left, IDENTITY, &instruments, Until::End, 1, &mut |_| ()).map_err(text)?;
        again.replica.check().map_err(text)?;
        if again.position.lsn < writer.durable() {
            return Err(format!("frame {} of a second life is lost", writer.durable()));
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
            store::replay(&handle(disk), IDENTITY, &instruments, Until::End, 1, &mut |_| ()).map_err(text)?;
        after.replica.check().map_err(text)?;
        let (to_symbols, to_accounts) = after.replica.under_way();
        if !to_symbols.is_empty() || !to_accounts.is_empty() {
            return Err("messages are under way at rest".to_owned());
        }
        let (live, replayed) = (game.world.hash(), after.replica.hash());
        if live != replayed {
            return Err(format!("the exchange has hash {live:032x}, its journal replays to {replayed:032x}"));
        }
        Ok(())
    }
}

fn same(first: &Replayed, again: &Replayed) -> Result<(), String> {
    let (left, right) = (first.replica.hash(), again.replica.hash());
    if left != right || first.position.lsn != again.position.lsn {
        return Err(format!(
            "recovered to hash {left:032x} at frame {}, then to {right:032x} at frame {}",
            first.position.lsn, again.position.lsn
        ));
    }
    Ok(())
}
