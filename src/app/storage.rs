//! The data directory while an exchange runs: its lock, its journal, its snapshots.

use std::{
    io, process,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tracing::{error, info, warn};

use crate::{
    actors::{Exchange, Opening, TurnOutbox, wall_micros},
    config::{Config, Durability},
    domain::{
        book::BookLimits,
        instruments::Instruments,
        messages::{command::CreateApiKey, credential::Login},
        replica::Parts,
    },
    history::{History, HistoryService},
    journal::{
        self, Commit, DataDirectory, Disk, Journal, JournalError, JournalThread, NOTE, UNFINISHED, segment,
        snapshot::{self, Pace},
    },
    store::{
        self, Known, Recovered, RecoveryReport, RecoverySettings, Snapshotter, SnapshotterSettings,
        StoreError, Taken, Taking, Until,
    },
    telemetry::{CommitFigures, log},
};

/// The exit status of the process when its disk fails (`EX_IOERR`).
pub const EXIT_DISK_FAILED: i32 = 74;

/// How many frames lie between two lines of progress.
const PROGRESS: u64 = 1_000_000;

/// The data directory, locked by this process until this is dropped.
#[derive(Debug)]
pub(super) struct Storage {
    directory: DataDirectory,
    config: Config,
    journal: Option<(Journal<TurnOutbox>, JournalThread<TurnOutbox>)>,
    history: Option<HistoryService>,
    snapshotter: Option<Snapshotter>,
}

/// The initial state of an exchange.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) opening: Opening,
    pub(super) keys: Vec<CreateApiKey>,
    pub(super) logins: Vec<Login>,
}

/// Ends the process when it is dropped, even by a panic: a log that cannot be written must not keep an exchange alive
/// whose journal has failed.
struct Exit;

impl Drop for Exit {
    fn drop(&mut self) {
        process::exit(EXIT_DISK_FAILED);
    }
}

impl Storage {
    /// Locks the data directory.
    pub(super) fn open(config: &Config) -> Result<Self> {
        let directory = store::open_directory(&config.data.directory)?;
        discard_unfinished(&directory.disk()).with_context(|| {
            format!("data directory {}: a first start was interrupted", directory.path().display())
        })?;
        Ok(Self { directory, config: config.clone(), journal: None, history: None, snapshotter: None })
    }

    /// Recovers the state and opens the journal.
    pub(super) async fn recover(&mut self) -> Result<Found> {
        let path = self.directory.path().display().to_string();
        let durability = match self.config.journal.durability {
            Durability::Fsync => journal::Durability::Fsync,
            Durability::Async => journal::Durability::Async { interval: self.config.journal.sync_interval() },
            Durability::None => {
                if !segment::list(&self.directory.disk())?.is_empty() {
                    bail!(
                        "data directory {path} holds a journal, and [journal] durability is \"none\": what it holds \
                         would be ignored; name another directory, or another durability"
                    );
                }
                warn!("durability is \"none\": nothing is stored, a restart starts empty");
                return Ok(Found { opening: Opening::default(), keys: Vec::new(), logins: Vec::new() });
            }
        };
        let known = self.known().await?;
        let Recovered { replica, writer, report } =
            self.replay(known).with_context(|| format!("data directory {path}"))?;
        self.log(&report);
        if report.loss.is_some() {
            let is_whole = segment::list(&self.directory.disk())?.first() == Some(&1);
            let (config, directory) = (&self.config, self.directory.path());
            super::history::match_loss(config, directory, &replica, report.position.lsn, is_whole)
                .await
                .context("the journal continues, but the history could not be matched to it; start again")?;
        }
        let keys = replica.account_slots().flat_map(|slot| slot.keys().cloned()).collect();
        let logins = replica.account_slots().flat_map(|slot| slot.logins().cloned()).collect();
        let commits = CommitFigures::default();
        let recorded = commits.clone();
        let observer = move |commit: &Commit| {
            recorded.record(commit.frames, commit.bytes, commit.took, commit.synced);
        };
        let started = journal::start_observed(writer, durability, Box::new(observer), Box::new(end_process))?;
        let opening = Opening { parts: replica.into_parts(), journal: Some(started.0.clone()), commits };
        self.journal = Some(started);
        Ok(Found { opening, keys, logins })
    }

    /// Returns whether the directory is empty, and no other source knows of a journal it should hold.
    pub(super) async fn is_new(&self) -> Result<bool> {
        let disk = self.directory.disk();
        let is_empty = segment::list(&disk)?.is_empty() && snapshot::list(&disk)?.is_empty();
        Ok(is_empty && self.config.journal.durability != Durability::None && self.known().await?.is_empty())
    }

    /// Opens the journal of a new directory for a run that is not visible outside. Until [`Storage::finish_journal`]
    /// the next start deletes it.
    pub(super) fn open_journal(&self) -> Result<(Opening, JournalThread<TurnOutbox>)> {
        let path = self.directory.path().display().to_string();
        let disk = self.directory.disk();
        let mark = || disk.create(UNFINISHED).and_then(|_| disk.sync_dir(""));
        mark().with_context(|| format!("data directory {path}: cannot make {UNFINISHED}"))?;
        let Recovered { replica, writer, .. } =
            self.replay(Vec::new()).with_context(|| format!("data directory {path}"))?;
        let durability = journal::Durability::Async { interval: self.config.journal.sync_interval() };
        let (journal, thread) = journal::start(writer, durability, Box::new(end_process))?;
        let opening = Opening { parts: replica.into_parts(), journal: Some(journal), ..Opening::default() };
        Ok((opening, thread))
    }

    /// Ends that run: its journal is on disk, and the next start continues from it.
    pub(super) fn finish_journal(&self, journal: JournalThread<TurnOutbox>) -> Result<()> {
        journal.stop().context("the journal could not be closed")?;
        let disk = self.directory.disk();
        let unmark = || disk.remove(UNFINISHED).and_then(|()| disk.sync_dir(""));
        unmark().with_context(|| {
            format!("data directory {}: cannot remove {UNFINISHED}", self.directory.path().display())
        })
    }

    /// Returns how far the journal went according to other sources.
    async fn known(&self) -> Result<Vec<Known>> {
        let (config, directory) = (&self.config, &self.directory);
        let history = super::history::known(config, directory.path(), directory.identity()).await;
        let expected = config.data.expected_head().map_err(anyhow::Error::msg)?;
        let operator =
            expected.map(|(lsn, chain)| Known { by: "expect-head".to_owned(), lsn, chain: Some(chain) });
        Ok(history.into_iter().chain(operator).collect())
    }

    fn replay(&self, known: Vec<Known>) -> Result<Recovered, StoreError> {
        let engine = &self.config.engine;
        let settings = RecoverySettings {
            instruments: Arc::clone(&self.config.instruments),
            limits: BookLimits { orders_max: engine.book_orders_max, fills_max: engine.fills_max },
            segment_bytes: self.config.journal.segment_mib << 20,
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            clock: wall_micros,
            known,
            accepted_loss: self.config.data.accepted_loss().unwrap_or_default(),
        };
        let (started, mut reported) = (Instant::now(), PROGRESS);
        store::recover(&self.directory, &settings, &mut |lsn| {
            if lsn >= reported {
                reported = lsn + PROGRESS;
                info!(frame = lsn, after_ms = started.elapsed().as_millis() as u64, "replaying the journal");
            }
        })
    }

    fn log(&self, report: &RecoveryReport) {
        if let Some(loss) = &report.loss {
            warn!(
                after = report.position.lsn,
                "acknowledged work was lost, and the operator accepted it: {loss}"
            );
        } else if !self.config.data.accept_loss_after.is_empty() {
            warn!("nothing is missing from the journal: accept-loss-after was not used, remove it");
        }
        for unusable in &report.unusable {
            warn!("a snapshot was passed over: {unusable}");
        }
        match &report.torn {
            // In this case the torn bytes may be the rest of acknowledged work.
            Some((file, bytes)) if report.loss.is_some() => {
                warn!(%file, bytes, "the rest of what was lost at the end of the journal was cut off");
            }
            Some((file, bytes)) => {
                warn!(%file, bytes, "an unfinished commit at the end of the journal was cut off; it was never acknowledged");
            }
            None => {}
        }
        info!(
            snapshot = report.snapshot,
            frames = report.frames,
            head = %format_args!("{}:{}", report.position.lsn, hex::encode(report.position.chain)),
            state_hash = %format_args!("{:032x}", report.state_hash),
            took_ms = report.took.as_millis() as u64,
            "recovered"
        );
    }

    /// Starts the history, if there is one.
    pub(super) fn record(&mut self) -> Result<()> {
        if let Some((journal, _)) = self.journal.as_ref().filter(|_| self.config.is_history_on()) {
            self.history = Some(super::history::start(&self.config, &self.directory, journal)?);
        }
        Ok(())
    }

    /// Returns the handle for queries of the history, if there is one.
    pub(super) fn history(&self) -> Option<History> {
        self.history.as_ref().map(|service| service.history().clone())
    }

    /// Starts to take snapshots and to audit, beside the running exchange.
    pub(super) fn keep(&mut self, exchange: &Exchange) -> Result<()> {
        let Some((journal, _)) = &self.journal else { return Ok(()) };
        let (journal, exchange, disk) = (journal.clone(), exchange.clone(), self.directory.disk());
        note_newest(&disk, &exchange);
        let settings = SnapshotterSettings {
            disk: self.directory.disk(),
            identity: self.directory.identity(),
            instruments: Arc::clone(&self.config.instruments),
            every_frames: self.config.snapshot.every_frames,
            interval: self.config.snapshot.interval(),
            durable: Box::new(move || journal.durable()),
            ingested: self.ingested(),
            now: Box::new(wall_micros),
            report: Box::new(move |taken, took| report(taken, took, &disk, &exchange)),
        };
        self.snapshotter = Some(Snapshotter::start(settings).context("no thread for snapshots")?);
        Ok(())
    }

    /// Returns the last frame the history has ingested for good: the journal is kept from there on.
    fn ingested(&self) -> Box<dyn Fn() -> u64 + Send> {
        match self.history() {
            Some(history) => Box::new(move || history.progress().sequence()),
            None => Box::new(|| u64::MAX),
        }
    }

    /// Writes the journal to its end and takes a last snapshot, so that the next start is quick and may run another
    /// version.
    ///
    /// The history catches up meanwhile, until `deadline` and no longer.
    pub(super) fn close(self, deadline: Instant) -> Result<()> {
        let ingested = self.ingested();
        let Some((journal, thread)) = self.journal else { return Ok(()) };
        drop(journal);
        thread.stop().context("the journal could not be closed")?;
        if let Some(history) = &self.history {
            history.request_stop();
        }
        if let Some(snapshotter) = self.snapshotter {
            snapshotter.stop();
        }
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let taking = Taking { pace: Pace::Fast, workers, created: wall_micros(), ingested: ingested() };
        let (disk, identity) = (self.directory.disk(), self.directory.identity());
        // Nothing is lost without it: the next start replays what it would have held.
        let taken = store::take_snapshot(&disk, identity, &self.config.instruments, Until::End, taking)
            .with_context(|| format!("data directory {}: no last snapshot", self.directory.path().display()));
        if let Ok(Some(Taken { lsn, state_hash, .. })) = taken {
            info!(frame = lsn, state_hash = %format_args!("{state_hash:032x}"), "took a last snapshot");
        }
        if let Some(history) = self.history {
            let progress = history.history().clone();
            if !history.stop(deadline) {
                let frame = progress.progress().sequence();
                warn!(frame, "the history did not catch up in time; it continues after the next start");
            }
        }
        taken.map(|_| ())
    }
}

/// Deletes the files of an interrupted first start: none of it was ever visible.
fn discard_unfinished(disk: &Arc<dyn Disk>) -> io::Result<()> {
    if !disk.has(UNFINISHED)? {
        return Ok(());
    }
    warn!("a first start was interrupted while it generated a history: it is repeated");
    if disk.has(NOTE)? {
        disk.remove(NOTE)?;
    }
    for name in disk.list(segment::DIRECTORY)? {
        disk.remove(&format!("{}/{name}", segment::DIRECTORY))?;
    }
    disk.sync_dir(segment::DIRECTORY)?;
    disk.remove(UNFINISHED)?;
    disk.sync_dir("")
}

/// Ends the process because its journal failed.
fn end_process(error: JournalError) {
    let _exit = Exit; // even if the line cannot be logged
    // The last line: nothing is acknowledged any more, and only a restart can find out what is on disk.
    error!(%error, exit_code = EXIT_DISK_FAILED, "the journal failed: nothing more is acknowledged");
    log::flush();
}

/// Logs which symbols trade under rules that were changed while the exchange ran: those of the configuration are not in
/// force for them.
pub(super) fn report_rules(configured: &Instruments, parts: &Parts) {
    for rules in parts.changed_rules.rules() {
        let Some(spec) = configured.symbol(rules.symbol).filter(|spec| spec.rules() != *rules) else {
            continue;
        };
        info!(
            symbol = %spec.name,
            status = rules.status.name(),
            "the trading rules in force were set while the exchange ran; those of the configuration are not used"
        );
    }
}

/// Records the newest snapshot on the disk.
fn note_newest(disk: &Arc<dyn Disk>, exchange: &Exchange) {
    let newest = snapshot::list(disk).ok().and_then(|snapshots| snapshots.last().copied());
    // One that cannot be read is reported where it is needed.
    if let Some(snapshot) = newest.and_then(|lsn| snapshot::load(disk, lsn).ok()) {
        let bytes = snapshot.parts().iter().map(|part| part.bytes).sum();
        let meta = snapshot.meta();
        exchange.metrics().snapshots.newest(meta.position.lsn, meta.created, bytes);
    }
}

/// Logs a snapshot; stops trading when its audit found the books wrong.
fn report(taken: Result<Taken, StoreError>, took: Duration, disk: &Arc<dyn Disk>, exchange: &Exchange) {
    let snapshots = &exchange.metrics().snapshots;
    match &taken {
        Ok(_) => {
            note_newest(disk, exchange);
            snapshots.taken(took);
        }
        Err(error) => {
            snapshots.failed();
            if error.is_violation() {
                snapshots.audited(false);
            }
        }
    }
    match taken {
        Ok(Taken { lsn, frames, state_hash }) => {
            info!(frame = lsn, frames, state_hash = %format_args!("{state_hash:032x}"), "took a snapshot");
        }
        Err(error) if error.is_violation() => {
            error!(%error, "the audit failed: trading is halted, withdrawals are rejected");
            exchange.halt(&error.to_string());
        }
        Err(error) => error!(%error, "no snapshot could be taken"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        actors::{self, Settings},
        config::Layers,
        domain::messages::reject::Fault,
        http::ws::WireEncoder,
        journal::SimDisk,
    };

    #[test]
    fn a_failed_audit_halts_trading_and_is_measured() {
        actix::System::new().block_on(async {
            let instruments = Layers::defaults().load().unwrap().instruments;
            let encoder = Box::new(WireEncoder::new(Arc::clone(&instruments)));
            let running = actors::start(Settings::new(instruments), encoder, Arc::new(()));
            let exchange = &running.exchange;
            assert!(exchange.render_metrics().contains("lightning_audit_passed 1\n"));
            let disk: Arc<dyn Disk> = Arc::new(SimDisk::default());
            let violation = StoreError::Audit { lsn: 7, fault: Fault::new("money appeared") };
            report(Err(violation), Duration::from_secs(1), &disk, exchange);
            let text = exchange.render_metrics();
            for line in [
                "lightning_audit_passed 0",
                "lightning_trading_halted 1",
                "lightning_snapshot_failures_total 1",
            ] {
                assert!(text.contains(&format!("{line}\n")), "{line} not in\n{text}");
            }
            assert!(exchange.halted().is_some_and(|reason| reason.contains("money appeared")));
            running.stop();
        });
    }
}
