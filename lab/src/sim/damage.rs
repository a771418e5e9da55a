//! Damage to the data directory of an exchange: tails torn at any byte, and single bits flipped. What was torn off
//! was never acknowledged and is left out; bit rot is noticed, and damaged data is never served.

use std::{ops::Range, sync::Arc};

use lightning_exchange::{
    domain::{instruments::Instruments, replica::Terms, types::random::Random},
    journal::{
        Disk, Fill, LogOptions, LogReader, LogWriter, Position, SimDisk, Start, open_blocks, segment,
        snapshot::{self, Pace},
    },
    store::{self, Frames, Replayed, Taking, Until},
};

use super::{
    crash::{IDENTITY, handle, text},
    episode::{Course, Game, Violation},
    nth_seed,
    swarm::Setup,
    world::World,
};

/// The last bytes of a log that are torn, one after the other.
pub const TORN: u64 = 64 << 10;

/// An exchange whose data directory is to be damaged.
#[derive(Debug)]
pub struct Victim {
    disk: SimDisk,
    instruments: Arc<Instruments>,
    seed: u64,
    /// Where each commit ended: the place, and the state hash there.
    ends: Vec<(Position, u128)>,
    /// The files and byte ranges in which bits may be flipped.
    targets: Vec<(String, Range<u64>)>,
}

fn options(segment_bytes: u64) -> LogOptions {
    LogOptions { segment_bytes, identity: IDENTITY, logic: 1, clock: || 0, fill: Fill::Inline }
}

/// Inspects a victim after each commit and returns whether it is complete.
type IsEnough<'a> = dyn FnMut(&Victim, &LogWriter, &Arc<Instruments>) -> Result<bool, String> + 'a;

impl Victim {
    /// Makes one whose log is a single segment with more than [`TORN`] bytes of frames.
    ///
    /// # Errors
    /// The first violated rule.
    pub fn to_tear(seed: u64) -> Result<Self, Violation> {
        Self::make(seed, 1 << 20, &mut |victim, writer, _| {
            let first_end = victim.ends.first().map_or(segment::HEADER as u64, |(end, _)| end.offset);
            Ok(victim.ends.len() > 8 && writer.position().offset > TORN + first_end)
        })
        .map_err(|text| Violation { seed, step: 0, text })
    }

    /// Makes one with many segments and two snapshots, all of it durable.
    ///
    /// # Errors
    /// The first violated rule.
    pub fn to_rot(seed: u64) -> Result<Self, Violation> {
        let make = || {
            let mut lsn = 0;
            let mut victim = Self::make(seed, 16 << 10, &mut |victim, writer, instruments| {
                let is_due = writer.durable() > lsn + 400;
                if is_due {
                    lsn = writer.durable();
                    let taking = Taking { pace: Pace::Fast, workers: 1, created: 0, ingested: u64::MAX };
                    store::take_snapshot(
                        &handle(&victim.disk),
                        IDENTITY,
                        instruments,
                        Until::Durable(lsn),
                        taking,
                    )
                    .map_err(text)?;
                }
                Ok(lsn > 1_500 && writer.durable() > lsn + 300)
            })?;
            victim.find_targets()?;
            Ok(victim)
        };
        make().map_err(|text: String| Violation { seed, step: 0, text })
    }

    fn make(seed: u64, segment_bytes: u64, is_enough: &mut IsEnough<'_>) -> Result<Self, String> {
        let disk = SimDisk::default();
        let mut choices = Random::new(nth_seed(seed, 0));
        let setup = Setup::draw(&mut choices);
        let mut world = World::new(&setup.assets, &setup.symbols, &setup.slots, setup.limits)?;
        world.keep_frames();
        let instruments = world.shared_instruments();
        let tail = LogReader::open(&handle(&disk), IDENTITY, Start::Beginning).and_then(LogReader::tail);
        let mut writer = tail
            .and_then(|tail| LogWriter::resume(&handle(&disk), &tail, options(segment_bytes)))
            .map_err(text)?;
        let mut frames = Frames::default();
        frames.push_terms(&Terms::of(&instruments, setup.limits));
        let (bytes, count) = frames.take();
        writer.append(&bytes, count).map_err(text)?;
        let mut victim =
            Self { disk, instruments: Arc::clone(&instruments), seed, ends: Vec::new(), targets: Vec::new() };
        let mut random = Random::new(seed);
        let mut game = Game::new(setup, world, choices, Course::Shuffled);
        game.open()?;
        loop {
            game.shuffled_step()?;
            let (bytes, count) = game.world.take_frames();
            writer.append(&bytes, count).map_err(text)?;
            drop(game.world.take_answers());
            drop(game.world.take_printed());
            if !random.one_in(6) {
                continue;
            }
            writer.commit().map_err(text)?;
            victim.ends.push((writer.position(), game.world.hash()));
            if is_enough(&victim, &writer, &instruments)? {
                break;
            }
        }
        if segment_bytes < 1 << 20 {
            // From here on damage to the last commit can be distinguished from a crash in the middle of it.
            writer.marker().map_err(text)?;
        }
        Ok(victim)
    }

    fn replay(&self, disk: &SimDisk) -> Result<Replayed, String> {
        store::replay(&handle(disk), IDENTITY, &self.instruments, Until::End, 1, &mut |_| ()).map_err(text)
    }

    fn violation(&self, step: u64, text: String) -> Violation {
        Violation { seed: self.seed, step, text }
    }

    /// Tears the log `back` bytes before its end, and recovers it twice.
    ///
    /// # Errors
    /// It does not come back as it was after the last commit before the tear.
    pub fn tear(&self, back: u64) -> Result<(), Violation> {
        self.torn(back)
            .map_err(|text| self.violation(back, format!("torn {back} bytes before its end: {text}")))
    }

    fn torn(&self, back: u64) -> Result<(), String> {
        let Some((end, _)) = self.ends.last() else { return Err("nothing was written".to_owned()) };
        let cut = end.offset - back;
        let left = self.disk.fork();
        let file = left.open(&segment::file_name(end.segment)).map_err(text)?;
        let mut rest = vec![0; back as usize];
        file.read_up_to(&mut rest, cut).map_err(text)?;
        // Zeros that are torn off are still zeros: a block may be whole without its last bytes.
        let whole = cut + rest.iter().position(|&byte| byte != 0).unwrap_or(rest.len()) as u64;
        rest.fill(0);
        file.write_at(&rest, cut).map_err(text)?;
        let before = self.ends.iter().rev().find(|(end, _)| end.offset <= whole);
        let Some((expected, hash)) = before else { return Err("torn before the first commit".to_owned()) };
        let replayed = self.replay(&left)?;
        let found = (replayed.position.lsn, replayed.replica.hash());
        if found != (expected.lsn, *hash) {
            return Err(format!("it recovered to frame {}, not {}", found.0, expected.lsn));
        }
        let Some(tail) = &replayed.tail else { return Err("no tail".to_owned()) };
        LogWriter::resume(&handle(&left), tail, options(1 << 20)).map_err(text)?;
        if !back.is_multiple_of(8) {
            return Ok(());
        }
        let again = self.replay(&left)?;
        if (again.position.lsn, again.replica.hash()) != found {
            return Err("it came back differently the second time".to_owned());
        }
        Ok(())
    }

    /// Notes which bytes are in use: snapshots, and the log from the older one on.
    fn find_targets(&mut self) -> Result<(), String> {
        let disk = handle(&self.disk);
        let snapshots = snapshot::list(&disk).map_err(text)?;
        let [older, newer] = snapshots[..] else { return Err("there are not two snapshots".to_owned()) };
        for lsn in [older, newer] {
            let directory = format!("{}/{lsn:020}", snapshot::DIRECTORY);
            for name in disk.list(&directory).map_err(text)? {
                let path = format!("{directory}/{name}");
                let size = disk.open(&path).and_then(|file| file.size()).map_err(text)?;
                self.targets.push((path, 0..size));
            }
        }
        let start = snapshot::load(&disk, older).map_err(text)?.meta().position;
        let Some((end, _)) = self.ends.last() else { return Err("nothing was written".to_owned()) };
        let header = segment::HEADER as u64;
        for index in segment::list(&disk).map_err(text)? {
            if index < start.segment {
                continue;
            }
            let path = segment::file_name(index);
            let bytes = disk.open(&path).and_then(|file| file.read_all()).map_err(text)?;
            let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last as u64 + 1);
            let from = if index == start.segment { start.offset } else { header };
            let to = if index == end.segment { end.offset } else { used };
            self.targets.push((path.clone(), 0..header));
            if from < to {
                self.targets.push((path, from..to));
            }
        }
        Ok(())
    }

    /// Flips a bit, chosen by number, and recovers.
    ///
    /// # Errors
    /// The flip goes unnoticed, or a state comes of it that never was.
    pub fn rot(&self, number: u64) -> Result<Noticed, Violation> {
        self.rotten(number).map_err(|text| self.violation(number, format!("flip {number}: {text}")))
    }

    fn rotten(&self, number: u64) -> Result<Noticed, String> {
        let mut random = Random::new(nth_seed(self.seed, number));
        let is_snapshot = |path: &str| path.starts_with(snapshot::DIRECTORY);
        // Every second flip is in a snapshot: their bytes are few.
        let wanted = number.is_multiple_of(2);
        let targets = || self.targets.iter().filter(|(path, _)| is_snapshot(path) == wanted);
        let mut byte = random.below(targets().map(|(_, range)| range.end - range.start).sum());
        let target = targets().find(|(_, range)| {
            let length = range.end - range.start;
            let is_here = byte < length;
            byte -= if is_here { 0 } else { length };
            is_here
        });
        let Some((path, range)) = target else { return Err("there is nothing to flip".to_owned()) };
        let left = self.disk.fork();
        left.flip_bit(path, range.start + byte, random.below(8) as u8).map_err(text)?;
        let Some((end, hash)) = self.ends.last() else { return Err("nothing was written".to_owned()) };
        let Ok(replayed) = self.replay(&left) else { return Ok(Noticed::Refused) };
        if (replayed.position.lsn, replayed.replica.hash()) != (end.lsn, *hash) {
            return Err(format!("byte {} of {path}: a state was served that never was", range.start + byte));
        }
        if !replayed.unusable.is_empty() {
            return Ok(Noticed::PassedOver);
        }
        // Recovery did not need it; a full read notices.
        let disk = handle(&left);
        for lsn in snapshot::list(&disk).map_err(text)? {
            if snapshot::load(&disk, lsn).and_then(|snapshot| snapshot.verify()).is_err() {
                return Ok(Noticed::Verified);
            }
        }
        let older = snapshot::list(&disk).map_err(text)?.first().copied().unwrap_or_default();
        let start = snapshot::load(&disk, older).map_err(text)?.meta().position;
        let read =
            open_blocks(&disk, IDENTITY, Start::At(start), &mut |_| std::ops::ControlFlow::Continue(()));
        match read {
            Err(_) => Ok(Noticed::Verified),
            Ok(_) => Err(format!("byte {} of {path}: the damage was not noticed", range.start + byte)),
        }
    }
}

/// How a flipped bit was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    /// Recovery refused the directory.
    Refused,
    /// Recovery skipped the snapshot for the older one, and reached the right state.
    PassedOver,
    /// Recovery did not need the bytes; verifying everything finds it.
    Verified,
}
