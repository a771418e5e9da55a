//! `lightning snapshot`: the snapshot of a clean stop, for a directory whose server was not stopped cleanly.

use anyhow::{Context, Result};
use clap::Args;

use super::{output::Output, settings::DataArgs, verify::workers};
use crate::{
    actors::wall_micros,
    app::history_known,
    domain::replica::LOGIC_VERSION,
    journal::{DataDirectory, Fill, LogOptions, snapshot::Pace},
    store::{self, Taking},
};

/// The data directory to take a snapshot of.
#[derive(Debug, Args)]
pub(super) struct SnapshotArgs {
    #[command(flatten)]
    data: DataArgs,
}

pub(super) fn run(SnapshotArgs { data }: SnapshotArgs, out: &mut Output) -> Result<()> {
    let config = data.load()?;
    let directory = DataDirectory::open_existing(&config.data.directory)?;
    let options = LogOptions {
        segment_bytes: config.journal.segment_mib << 20,
        identity: directory.identity(),
        logic: u64::from(LOGIC_VERSION),
        clock: wall_micros,
        fill: Fill::Inline,
    };
    let taking = Taking { pace: Pace::Fast, workers: workers(), created: wall_micros(), ingested: 0 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let known = runtime.block_on(history_known(&config, directory.path(), directory.identity()));
    let known: Vec<_> = known.into_iter().collect();
    let disk = directory.disk();
    let taken = store::instruments_of(&disk, directory.identity(), &config.instruments)
        .and_then(|instruments| store::settle_and_snapshot(&disk, &instruments, options, &known, taking))
        .with_context(|| format!("data directory {}", directory.path().display()))?;
    match taken {
        Some(taken) => out.line(format_args!(
            "took a snapshot of frame {} ({} frames after the one before), state hash {:032x}",
            taken.lsn, taken.frames, taken.state_hash
        )),
        None => out.line("nothing happened since the last snapshot"),
    }
    Ok(())
}
