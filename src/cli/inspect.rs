//! `lightning inspect`: the content of a data directory's files, as text and as JSON.

use std::{ops::RangeInclusive, sync::Arc};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::{output::Output, settings::DataArgs};
use crate::{
    domain::{
        replica::Frame,
        types::id::{AccountId, SlotId, SymbolId},
    },
    journal::{Disk, Identity, RealDisk, identity_at},
    store::{
        Owner,
        inspect::{self, FrameView, SegmentView, SnapshotView},
    },
};

/// The parts to show; segments and snapshots by default.
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Show the segments of the journal
    #[arg(long)]
    segments: bool,
    /// Show the snapshots, each verified
    #[arg(long)]
    snapshots: bool,
    /// Show a range of frames by number, such as 10..20, 10.. or ..20; both ends are included
    #[arg(long, value_name = "FROM..TO", value_parser = range)]
    frames: Option<RangeInclusive<u64>>,
    /// Show the frames of one slot only: account:7 for the slot of account 7, symbol:1 for that of symbol 1
    #[arg(long, value_name = "SLOT", value_parser = slot)]
    slot: Option<Owner>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

fn range(text: &str) -> Result<RangeInclusive<u64>, String> {
    let parse = |text: &str, open| match text {
        "" => Ok(open),
        text => text.parse::<u64>().map_err(|_| format!("{text} is no number of a frame")),
    };
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let (from, to) = (parse(from, 0)?, parse(to, u64::MAX)?);
    if from > to {
        return Err(format!("the first frame, {from}, is after the last, {to}"));
    }
    Ok(from..=to)
}

fn slot(text: &str) -> Result<Owner, String> {
    let (kind, id) = text.split_once(':').unwrap_or((text, ""));
    let of = |slot: fn(u64) -> Option<SlotId>| id.parse().ok().and_then(slot);
    let owner = match kind {
        "account" => of(|id| Some(AccountId::new(id).slot())).map(Owner::Account),
        "symbol" => of(|id| Some(SymbolId::new(u32::try_from(id).ok()?).slot())).map(Owner::Symbol),
        _ => None,
    };
    owner.ok_or_else(|| "a slot is account:NUMBER or symbol:NUMBER".to_owned())
}

pub(super) fn run(arguments: InspectArgs, out: &mut Output) -> Result<()> {
    let InspectArgs { data, mut segments, mut snapshots, frames, slot, json } = arguments;
    let path = data.load()?.data.directory;
    let identity = identity_at(&path)?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::read_only(&path));
    let frames = frames.or_else(|| slot.map(|_| 0..=u64::MAX));
    if !segments && !snapshots && frames.is_none() {
        (segments, snapshots) = (true, true);
    }
    out.bulk();
    let mut view = View { out, is_json: json };
    let mut show = || -> Result<bool> {
        let mut is_well = true;
        if segments {
            view.segments(&disk, identity)?;
        }
        if snapshots {
            is_well = view.snapshots(&disk)?;
        }
        if let Some(frames) = &frames {
            view.frames(&disk, identity, frames, slot)?;
        }
        Ok(is_well)
    };
    let shown = show().with_context(|| format!("data directory {}", path.display()));
    if !shown? {
        bail!("data directory {}: a snapshot cannot be used", path.display());
    }
    Ok(())
}

struct View<'a> {
    out: &'a mut Output,
    is_json: bool,
}

impl View<'_> {
    fn line(&mut self, text: impl FnOnce() -> String, json: impl FnOnce() -> Value) {
        let line = if self.is_json { json().to_string() } else { text() };
        self.out.line(line);
    }

    fn segments(&mut self, disk: &Arc<dyn Disk>, identity: Identity) -> Result<()> {
        let (segments, torn) = inspect::segments(disk, identity)?;
        for SegmentView { header, last_lsn, used, size } in segments {
            self.line(
                || {
                    format!(
                        "segment {} frames {}..{last_lsn} used {used} of {size} bytes, created {}, logic {}",
                        header.index, header.first_lsn, header.created, header.logic
                    )
                },
                || {
                    json!({ "segment": header.index, "first": header.first_lsn, "last": last_lsn,
                        "used": used, "size": size, "created": header.created, "logic": header.logic })
                },
            );
        }
        if let Some(torn) = torn {
            self.line(
                || format!("torn: {} bytes at byte {} of {}", torn.bytes, torn.offset, torn.file),
                || json!({ "torn": torn.file, "offset": torn.offset, "bytes": torn.bytes }),
            );
        }
        Ok(())
    }

    fn snapshots(&mut self, disk: &Arc<dyn Disk>) -> Result<bool> {
        let mut is_well = true;
        for SnapshotView { lsn, snapshot, fault } in inspect::snapshots(disk)? {
            let fault = fault.map(|fault| fault.to_string());
            is_well &= fault.is_none();
            let verdict = fault.as_ref().map_or("verifies", String::as_str);
            let Some(snapshot) = snapshot else {
                self.line(
                    || format!("snapshot {lsn}: {verdict}"),
                    || json!({ "snapshot": lsn, "fault": fault }),
                );
                continue;
            };
            let (meta, parts) = (snapshot.meta(), snapshot.parts());
            let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
            let raw: u64 = parts.iter().map(|part| part.raw_bytes).sum();
            let hash = format!("{:032x}", meta.state_hash);
            self.line(
                || {
                    let parts = parts.len();
                    let created = meta.created;
                    format!(
                        "snapshot {lsn} created {created}, state hash {hash}, {parts} parts, {bytes} bytes for {raw}: \
                         {verdict}"
                    )
                },
                || {
                    json!({ "snapshot": lsn, "created": meta.created, "stateHash": hash, "bytes": bytes,
                        "rawBytes": raw, "counts": meta.counts, "logic": meta.logic, "fault": fault,
                        "parts": parts })
                },
            );
        }
        Ok(is_well)
    }

    fn frames(
        &mut self,
        disk: &Arc<dyn Disk>,
        identity: Identity,
        range: &RangeInclusive<u64>,
        slot: Option<Owner>,
    ) -> Result<()> {
        let mut is_empty = true;
        inspect::frames(disk, identity, range, slot, &mut |view| {
            is_empty = false;
            let FrameView { lsn, segment, owner, frame } = view;
            self.line(
                || format!("{lsn} {frame:?}"),
                || {
                    let slot = match owner {
                        Owner::Account(slot) | Owner::Symbol(slot) => Some(slot.get()),
                        Owner::All => None,
                    };
                    let kind = match frame {
                        Frame::Account(_) => "account",
                        Frame::Symbol(_) => "symbol",
                        Frame::Terms(_) => "terms",
                        Frame::Rules(_) => "rules",
                    };
                    json!({ "frame": lsn, "segment": segment, "kind": kind, "slot": slot,
                        "content": format!("{frame:?}") })
                },
            );
        })?;
        // Later frames may still come; earlier ones never do, and their absence is not to be taken for an empty history.
        if is_empty
            && let Some(first) = inspect::segments(disk, identity)?.0.first().map(|one| one.header.first_lsn)
            && *range.end() < first
        {
            bail!("frames before {first} are no longer kept: what they did is in the snapshots");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_slots_are_read() {
        assert_eq!(range("3..9"), Ok(3..=9));
        assert_eq!(range("3.."), Ok(3..=u64::MAX));
        assert_eq!(range("..9"), Ok(0..=9));
        assert_eq!(range("5"), Ok(5..=5));
        assert!(range("a..b").is_err());
        assert!(range("5..3").is_err());
        assert_eq!(slot("account:1031"), Ok(Owner::Account(SlotId::new(7))));
        assert_eq!(slot("symbol:1"), Ok(Owner::Symbol(SlotId::new(1))));
        assert!(slot("account").is_err() && slot("order:1").is_err());
    }
}
