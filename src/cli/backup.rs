//! `lightning backup` and `lightning restore`: a verified copy of a data directory, and its restoration.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use super::{output::Output, settings::DataArgs, verify::workers};
use crate::{
    domain::instruments::Instruments,
    store::{self, Verified},
};

/// The source and the destination of a backup.
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    #[command(flatten)]
    data: DataArgs,
    /// An empty or missing directory for the copy
    #[arg(long, value_name = "DIRECTORY")]
    to: PathBuf,
}

/// The source and the destination of a restoration.
#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The backup to restore
    #[arg(long, value_name = "DIRECTORY")]
    from: PathBuf,
}

pub(super) fn run(BackupArgs { data, to }: BackupArgs, out: &mut Output) -> Result<()> {
    let config = data.load()?;
    let copied = copy(&config.data.directory, &to, &config.instruments)?;
    print(out, "backup", &to, &copied);
    Ok(())
}

pub(super) fn restore(RestoreArgs { data, from }: RestoreArgs, out: &mut Output) -> Result<()> {
    let config = data.load()?;
    let to = &config.data.directory;
    let copied = copy(&from, to, &config.instruments)?;
    print(out, "restored", to, &copied);
    out.line("the operator's token is not part of a backup: a new one is created at the next start");
    Ok(())
}

fn copy(from: &Path, to: &Path, instruments: &std::sync::Arc<Instruments>) -> Result<Verified> {
    let context = || format!("copying {} to {}", from.display(), to.display());
    store::copy_directory(from, to, instruments, workers()).with_context(context)
}

fn print(out: &mut Output, what: &str, to: &Path, copied: &Verified) {
    out.line(format_args!(
        "{what}: {}, verified up to frame {}, state hash {:032x}",
        to.display(),
        copied.position.lsn,
        copied.state_hash
    ));
}
