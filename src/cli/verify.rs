//! `lightning verify`: is a data directory what it should be, and what does it hold?

use std::{path::Path, thread::available_parallelism};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::settings::DataArgs;
use crate::{
    domain::catalogue::Catalogue,
    journal::{DataDirectory, Disk, RealDisk, segment},
    store::{self, Origin, Verified},
};

/// What to verify.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Besides, make everything again from the first frame ever written, if it is still there
    #[arg(long)]
    from_genesis: bool,
}

pub(super) fn run(arguments: VerifyArgs) -> Result<()> {
    let VerifyArgs { data, from_genesis } = arguments;
    let config = data.load()?;
    let path = &config.data.directory;
    let directory = DataDirectory::open_existing(path)?;
    let disk: std::sync::Arc<dyn Disk> = std::sync::Arc::new(RealDisk::read_only(path));
    let verify = |origin| {
        let (identity, catalogue) = (directory.identity(), &config.catalogue);
        store::verify(&disk, identity, catalogue, origin, workers())
            .with_context(|| format!("data directory {}", path.display()))
    };
    let verified = verify(Origin::Newest)?;
    print(path, &verified, &config.catalogue);
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
        println!("genesis     the same state hash, made again from the first of {} frames", again.frames);
    }
    if !verified.unusable.is_empty() {
        bail!(
            "{} of the snapshots cannot be used; without them all is well: take a new one (`lightning snapshot`, or \
             serve), then remove them",
            verified.unusable.len()
        );
    }
    println!("ok");
    Ok(())
}

/// Returns how many threads fold.
pub(super) fn workers() -> usize {
    available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Prints what a directory holds.
fn print(path: &Path, verified: &Verified, catalogue: &Catalogue) {
    let Verified { snapshot, frames, position, state_hash, totals, .. } = verified;
    println!("directory   {}", path.display());
    match snapshot {
        0 => println!("snapshot    none"),
        lsn => println!("snapshot    of frame {lsn}"),
    }
    println!("frames      {frames} after it, the last is {}", position.lsn);
    println!("state hash  {state_hash:032x}");
    println!("chain head  {}", hex::encode(position.chain));
    for (asset, totals) in totals {
        let Some(asset) = catalogue.asset(*asset) else { continue };
        println!(
            "{:<12}accounts {}, fees {}, clearing {}, external {}: sum 0",
            asset.name(),
            asset.units(totals.accounts),
            asset.units(totals.fees),
            asset.units(totals.clearing),
            asset.units(totals.external)
        );
    }
    println!("accounts    {}", verified.accounts);
    println!("open orders {}", verified.open_orders);
    println!("under way   {} messages between slots", verified.under_way);
    match &verified.torn {
        None => println!("torn        nothing"),
        Some(torn) => println!(
            "torn        {} bytes of an unfinished commit at byte {} of {}; never acknowledged, a start cuts it off",
            torn.bytes, torn.offset, torn.file
        ),
    }
    for unusable in &verified.unusable {
        println!("unusable    {unusable}");
    }
}
