//! `lightning history`: the history, an SQL database of all orders, trades and account changes.

use std::{
    fs::{File, OpenOptions},
    io::BufWriter,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand, builder::PossibleValuesParser};
use sea_orm::DatabaseConnection;

use super::{confirm::ConfirmArgs, output::Output, settings::DataArgs, verify::workers};
use crate::{
    app::history_url,
    config::Config,
    domain::{
        change_log::{MarketProjections, entries_of},
        replica::Frame,
        types::time::Timestamp,
    },
    history::{self, Expected, FRAMES_PER_BATCH, Projector, TABLES},
    journal::{DataDirectory, Disk, RealDisk, identity_at},
    store::{self, JournalTailer, Origin, Replayed, StoreError, Until},
};

const MICROS_PER_DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// Operations on the history.
#[derive(Debug, Subcommand)]
pub(super) enum HistoryCommand {
    /// Show how far the database has got; the exchange may be running
    Status(DataArgs),
    /// Ingest the journal of an offline data directory, and the older frames that only its backups still have
    #[command(name = "take-in")]
    Ingest(IngestArgs),
    /// Bootstrap an empty history from the state an offline data directory remembers, when its first frames are gone
    #[command(name = "begin")]
    Bootstrap(DataArgs),
    /// Compare every row with the journal of an offline data directory
    Verify(IngestArgs),
    /// Print the change log as lines of JSON, read from the journal; the exchange may be running
    Changes(ChangesArgs),
    /// Delete rows closed more than a number of days ago; the exchange may be running
    Prune(PruneArgs),
    /// Write a table as CSV; the exchange may be running
    Export(ExportArgs),
    /// Empty the database; it can be rebuilt from the journal
    Reset(ResetArgs),
}

/// The journal, and backups with its older frames.
#[derive(Debug, Args)]
pub(super) struct IngestArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Backup that has the older segments; may be given several times, the oldest first
    #[arg(long = "backup", value_name = "DIRECTORY")]
    backups: Vec<PathBuf>,
}

/// The entries to print.
#[derive(Debug, Args)]
pub(super) struct ChangesArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Start after this frame
    #[arg(long, value_name = "SEQUENCE", default_value_t = 0)]
    after: u64,
    /// Print at most this many entries
    #[arg(long, value_name = "COUNT", default_value_t = u64::MAX, hide_default_value = true)]
    limit: u64,
}

/// The rows to delete.
#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Number of days to keep
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..))]
    keep_days: u64,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// The history to empty.
#[derive(Debug, Args)]
pub(super) struct ResetArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// The table to export.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Table to export
    #[arg(long, value_parser = PossibleValuesParser::new(TABLES))]
    table: String,
    /// Output file; standard output by default
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(command: HistoryCommand, out: &mut Output) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            HistoryCommand::Status(data) => status(&load(data)?, out).await,
            HistoryCommand::Ingest(arguments) => ingest(arguments, out).await,
            HistoryCommand::Bootstrap(data) => bootstrap(&load(data)?, out).await,
            HistoryCommand::Verify(arguments) => verify(arguments, out).await,
            HistoryCommand::Changes(arguments) => changes(arguments, out),
            HistoryCommand::Prune(arguments) => prune(arguments, out).await,
            HistoryCommand::Export(arguments) => export(arguments, out).await,
            HistoryCommand::Reset(arguments) => reset(arguments, out).await,
        }
    })
}

/// Reads the settings. The assets and symbols are those recorded with the data.
fn load(data: DataArgs) -> Result<Config> {
    let mut config = data.load()?;
    let path = &config.data.directory;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::read_only(path));
    config.instruments = store::instruments_of(&disk, identity_at(path)?, &config.instruments)
        .with_context(|| format!("data directory {}", path.display()))?;
    Ok(config)
}

async fn connect(config: &Config) -> Result<DatabaseConnection> {
    Ok(history::connect(&history_url(config, &config.data.directory)).await?)
}

async fn projector(config: &Config) -> Result<Projector> {
    let journal = hex::encode(identity_at(&config.data.directory)?);
    Ok(Projector::open(connect(config).await?, Arc::clone(&config.instruments), &journal).await?)
}

async fn status(config: &Config, out: &mut Output) -> Result<()> {
    // Creates nothing where there is no database: an exchange that starts meanwhile creates its tables itself.
    if history::reached(&history_url(config, &config.data.directory)).await?.is_none() {
        out.line("frame       0 is the last ingested");
        TABLES.iter().for_each(|table| out.line(format_args!("{table:<12}0 rows")));
        return Ok(());
    }
    let projector = projector(config).await?;
    out.line(format_args!("frame       {} is the last ingested", projector.sequence()));
    for table in TABLES {
        out.line(format_args!("{table:<12}{} rows", projector.count(table).await?));
    }
    Ok(())
}

/// Reads the frames after one, first from the backups and then from the directory itself, in order and without a gap.
async fn frames(
    config: &Config,
    backups: &[PathBuf],
    after: u64,
    mut each: impl AsyncFnMut(&[(u64, Frame)]) -> Result<()>,
) -> Result<u64> {
    let own = &config.data.directory;
    let identity = identity_at(own)?;
    let mut at = after;
    for path in backups.iter().map(PathBuf::as_path).chain([own.as_path()]) {
        let named = || format!("data directory {}", path.display());
        ensure!(
            identity_at(path).with_context(named)? == identity,
            "{} is not a backup of {}",
            path.display(),
            own.display()
        );
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::read_only(path));
        let mut tailer = match JournalTailer::open(&disk, identity, at) {
            Err(error @ StoreError::Pruned { .. }) => {
                return Err(error).context("name a backup that has them with --backup").with_context(named);
            }
            other => other.with_context(named)?,
        };
        let mut frames = Vec::new();
        loop {
            frames.clear();
            tailer.read_at_rest(FRAMES_PER_BATCH, &mut frames).with_context(named)?;
            let Some((last, _)) = frames.last() else { break };
            at = *last;
            each(&frames).await?;
        }
    }
    Ok(at)
}

async fn ingest(IngestArgs { data, backups }: IngestArgs, out: &mut Output) -> Result<()> {
    let config = load(data)?;
    let _directory = DataDirectory::open_existing(&config.data.directory)?;
    let mut projector = projector(&config).await?;
    let (before, mut rows) = (projector.sequence(), 0);
    let at = frames(&config, &backups, before, async |frames| {
        rows += projector.project(frames).await?;
        Ok(())
    })
    .await?;
    projector.close().await?;
    out.line(format_args!("ingested frames {} to {at}: {rows} rows", before + 1));
    Ok(())
}

async fn bootstrap(config: &Config, out: &mut Output) -> Result<()> {
    let directory = DataDirectory::open_existing(&config.data.directory)?;
    let at = projector(config).await?.sequence();
    ensure!(at == 0, "the history is at frame {at} already; empty it first (`lightning history reset`)");
    let replayed = remembered(config, &directory)?;
    let (db, journal) = (connect(config).await?, hex::encode(directory.identity()));
    let frame = replayed.position.lsn;
    let rows = history::bootstrap(&db, &journal, &replayed.replica, frame).await?;
    out.line(format_args!("bootstrapped after frame {frame} with {rows} rows"));
    Ok(())
}

async fn verify(IngestArgs { data, backups }: IngestArgs, out: &mut Output) -> Result<()> {
    let config = load(data)?;
    let directory = DataDirectory::open_existing(&config.data.directory)?;
    let projector = projector(&config).await?;
    let mut expected = Expected::new(Arc::clone(&config.instruments));
    let end = projector.sequence();
    let at = frames(&config, &backups, 0, async |frames| {
        for (sequence, frame) in frames.iter().filter(|(sequence, _)| *sequence <= end) {
            expected.take(*sequence, frame)?;
        }
        Ok(())
    })
    .await?;
    if at != end {
        out.line(format_args!("behind      the journal ends at frame {at}, the history is at {end}"));
    }
    let db = connect(&config).await?;
    let mut compared = expected.compare(&db).await?;
    if at == end {
        let replica = remembered(&config, &directory)?.replica;
        history::compare_remembered(&db, &replica, &mut compared).await?;
    }
    for (table, rows) in &compared.rows {
        out.line(format_args!("{table:<12}{rows} rows"));
    }
    out.line(format_args!("remembered  {} facts the shards still know", compared.remembered));
    for difference in &compared.first_differences {
        out.line(format_args!("differs     {difference}"));
    }
    if compared.differences > 0 {
        bail!("{} differences between the history and the journal", compared.differences);
    }
    out.line("ok");
    Ok(())
}

fn remembered(config: &Config, directory: &DataDirectory) -> Result<Replayed> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::read_only(directory.path()));
    let (identity, instruments) = (directory.identity(), &config.instruments);
    Ok(store::replay_from(&disk, identity, instruments, Origin::Newest, Until::End, workers(), &mut |_| ())?)
}

fn changes(ChangesArgs { data, after, limit }: ChangesArgs, out: &mut Output) -> Result<()> {
    let config = load(data)?;
    let path = &config.data.directory;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::read_only(path));
    let mut tailer = JournalTailer::open(&disk, identity_at(path)?, after)?;
    let (mut frames, mut entries, mut klines) = (Vec::new(), Vec::new(), Vec::new());
    let mut projections = MarketProjections::default();
    let mut left = limit;
    out.bulk();
    while out.is_open() {
        frames.clear();
        tailer.read_at_rest(FRAMES_PER_BATCH, &mut frames)?;
        if frames.is_empty() {
            break;
        }
        for (sequence, frame) in &frames {
            entries.clear();
            entries_of(*sequence, frame, &mut entries)?;
            if after == 0 {
                // Starting from the middle of the journal, the earlier candles are unknown.
                projections.project(&entries, |_, _, _| (), &mut klines);
                entries.append(&mut klines);
            }
            for entry in &entries {
                if left == 0 {
                    return Ok(());
                }
                left -= 1;
                out.line(history::to_json(entry, &config.instruments)?);
            }
        }
    }
    Ok(())
}

async fn prune(PruneArgs { data, keep_days, confirm }: PruneArgs, out: &mut Output) -> Result<()> {
    let config = data.load()?;
    let what = format!("The history deletes everything that was closed more than {keep_days} days ago.");
    confirm.require(&what, &config.data.directory)?;
    let now = crate::actors::wall_micros();
    let before = Timestamp::from_micros(now.saturating_sub(keep_days.saturating_mul(MICROS_PER_DAY)));
    let pruned = history::prune(&connect(&config).await?, before).await?;
    out.line(format_args!(
        "deleted {} orders, {} fills, {} trades, {} candles, {} lines of statements and {} amends",
        pruned.orders, pruned.fills, pruned.trades, pruned.klines, pruned.ledger, pruned.amendments
    ));
    Ok(())
}

async fn export(ExportArgs { data, table, out: file }: ExportArgs, out: &mut Output) -> Result<()> {
    let config = data.load()?;
    let db = connect(&config).await?;
    match file {
        None => {
            out.bulk();
            let exported = history::export(&db, &table, &mut *out).await;
            // A failure of the output itself is reported by the output.
            if out.is_open() {
                exported?;
            }
        }
        Some(path) => {
            let rows = history::export(&db, &table, create(&path)?).await?;
            out.line(format_args!("wrote {rows} rows to {}", path.display()));
        }
    }
    Ok(())
}

fn create(path: &Path) -> Result<BufWriter<File>> {
    // Its content is as private as the database.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let file = made.with_context(|| format!("cannot make {}", path.display()))?;
    Ok(BufWriter::new(file))
}

async fn reset(ResetArgs { data, confirm }: ResetArgs, out: &mut Output) -> Result<()> {
    let config = data.load()?;
    let what =
        "The history is emptied. Rows the journal no longer covers, and pruned rows, cannot be restored.";
    confirm.require(what, &config.data.directory)?;
    history::reset(&connect(&config).await?).await?;
    out.line(
        "the history is empty; the next start, or `lightning history take-in`, rebuilds it from the journal",
    );
    Ok(())
}
