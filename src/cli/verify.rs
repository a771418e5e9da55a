//! `lightning verify`: replays and audits a data directory, and prints what it holds.

use std::{path::Path, thread::available_parallelism};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::{output::Output, settings::DataArgs};
use crate::{
    domain::instruments::Instruments,
    journal::{DataDirectory, Disk, RealDisk, segment},
    store::{self, Origin, Verified},
};

/// The data directory to verify.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Also replay from the first frame ever written, if it still exists
    #[arg(long)]
    from_genesis: bool,
}

pub(super) fn run(arguments: VerifyArgs, out: &mut Output) -> Result<()> {
    let VerifyArgs { data, from_genesis } = arguments;
    let config = data.load()?;
    let path = &config.data.directory;
    let directory = DataDirectory::open_existing(path)?;
    let disk: std::sync::Arc<dyn Disk> = std::sync::Arc::new(RealDisk::read_only(path));
    let (identity, context) = (directory.identity(), || format!("data directory {}", path.display()));
    let instruments = store::instruments_of(&disk, identity, &config.instruments).with_context(context)?;
    let verify =
        |origin| store::verify(&disk, identity, &instruments, origin, workers()).with_context(context);
    let verified = verify(Origin::Newest)?;
    print(out, path, &verified, &instruments);
    for asset in instruments.assets().filter(|asset| config.instruments.asset(asset.id).is_none()) {
        out.line(format_args!(
            "unnamed     {} is not in the configuration given; its amounts are the data's",
            asset.name()
        ));
    }
    if from_genesis {
        if segment::list(&disk)?.first() != Some(&1) {
            bail!(
                "data directory {}: the first segment was pruned behind two snapshots; verify without --from-genesis",
                path.display()
            );
        }
        let again = verify(Origin::Genesis)?;
        let (one, other) = (verified.state_hash, again.state_hash);
        if (one, verified.position) != (other, again.position) {
            bail!("from the snapshot the state hash is {one:032x}, from the first frame {other:032x}");
        }
        out.line(format_args!(
            "genesis     the same state hash, replayed from the first of {} frames",
            again.frames
        ));
    }
    if !verified.unusable.is_empty() {
        bail!(
            "{} of the snapshots cannot be used; without them all is well: take a new one (`lightning snapshot`, or \
             serve), then remove them",
            verified.unusable.len()
        );
    }
    out.line("ok");
    Ok(())
}

/// Returns the number of replay threads.
pub(super) fn workers() -> usize {
    available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Prints the content of a directory.
fn print(out: &mut Output, path: &Path, verified: &Verified, instruments: &Instruments) {
    let Verified { snapshot, frames, position, state_hash, totals, .. } = verified;
    out.line(format_args!("directory   {}", path.display()));
    match snapshot {
        0 => out.line("snapshot    none"),
        lsn => out.line(format_args!("snapshot    of frame {lsn}")),
    }
    out.line(format_args!("frames      {frames} after it, the last is {}", position.lsn));
    out.line(format_args!("state hash  {state_hash:032x}"));
    out.line(format_args!("chain head  {}", hex::encode(position.chain)));
    for (asset, totals) in totals {
        let Some(asset) = instruments.asset(*asset) else { continue };
        out.line(format_args!(
            "{:<12}accounts {}, fees {}, clearing {}, external {}: sum 0",
            asset.name(),
            asset.units(totals.accounts),
            asset.units(totals.fees),
            asset.units(totals.clearing),
            asset.units(totals.external)
        ));
    }
    out.line(format_args!("accounts    {}", verified.accounts));
    out.line(format_args!("open orders {}", verified.open_orders));
    out.line(format_args!("under way   {} messages between slots", verified.under_way));
    match &verified.torn {
        None => out.line("torn        nothing"),
        Some(torn) => out.line(format_args!(
            "torn        {} bytes of an unfinished commit at byte {} of {}; never acknowledged, a start cuts it off",
            torn.bytes, torn.offset, torn.file
        )),
    }
    for unusable in &verified.unusable {
        out.line(format_args!("unusable    {unusable}"));
    }
}
