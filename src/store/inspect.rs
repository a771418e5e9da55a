//! Inspects a data directory, running or not, without changing anything.

use std::{ops::RangeInclusive, sync::Arc};

use super::{
    codec::{self, Owner},
    error::StoreError,
    walk::{headers, start_of, walk},
};
use crate::{
    domain::replica::Frame,
    journal::{
        Disk, Identity, JournalError, TornTail,
        segment::{self, SegmentHeader},
        snapshot::{self, Snapshot},
    },
};

/// A segment and how full it is.
#[derive(Debug, Clone)]
pub struct SegmentView {
    /// The fields of its header.
    pub header: SegmentHeader,
    /// Its last frame that verifies; one before its first when it has none.
    pub last_lsn: u64,
    /// The bytes up to the end of the last block that verifies: in the newest segment the last of all, which may be a
    /// marker; in those before it the last with frames.
    pub used: u64,
    /// The size of the file.
    pub size: u64,
}

/// A snapshot, good or bad.
#[derive(Debug)]
pub struct SnapshotView {
    /// After which frame it was taken.
    pub lsn: u64,
    /// The snapshot, if its manifest verifies.
    pub snapshot: Option<Snapshot>,
    /// Why it cannot be used, if so.
    pub fault: Option<JournalError>,
}

/// A frame and where it is.
#[derive(Debug)]
pub struct FrameView {
    /// Its number.
    pub lsn: u64,
    /// The segment.
    pub segment: u64,
    /// The slot it belongs to.
    pub owner: Owner,
    /// Its content. Its `Debug` shows no secret.
    pub frame: Frame,
}

/// Lists the segments, and what is torn at the end of the last.
///
/// # Errors
/// The disk fails, or the log is corrupt.
pub fn segments(
    disk: &Arc<dyn Disk>,
    identity: Identity,
) -> Result<(Vec<SegmentView>, Option<TornTail>), StoreError> {
    let mut views = Vec::new();
    for header in headers(disk)? {
        let name = segment::file_name(header.index);
        let file = disk.open(&name).map_err(JournalError::io(&name, "open the segment"))?;
        let size = file.size().map_err(JournalError::io(&name, "read the segment"))?;
        views.push(SegmentView {
            header,
            last_lsn: header.first_lsn - 1,
            used: segment::HEADER as u64,
            size,
        });
    }
    let Some(first) = views.first() else { return Ok((views, None)) };
    let start = start_of(&first.header);
    let tail = walk(disk, identity, start, &mut |block| {
        // One that was started since they were listed is omitted.
        if let Some(view) = views.iter_mut().find(|view| view.header.index == block.end.segment) {
            (view.last_lsn, view.used) = (block.end.lsn, block.end.offset);
        }
        true
    })?;
    // Only blocks with frames are visited, and a marker may follow the last of them.
    if let Some(tail) = &tail
        && let Some(view) = views.iter_mut().find(|view| view.header.index == tail.position.segment)
    {
        view.used = tail.position.offset;
    }
    Ok((views, tail.and_then(|tail| tail.torn)))
}

/// Lists the snapshots, oldest first, each verified.
///
/// # Errors
/// The disk fails to list them.
pub fn snapshots(disk: &Arc<dyn Disk>) -> Result<Vec<SnapshotView>, StoreError> {
    let view = |lsn| match snapshot::load(disk, lsn) {
        Ok(found) => {
            let fault = found.verify().err();
            SnapshotView { lsn, snapshot: Some(found), fault }
        }
        Err(error) => SnapshotView { lsn, snapshot: None, fault: Some(error) },
    };
    Ok(snapshot::list(disk)?.into_iter().map(view).collect())
}

/// Visits the frames of a range that verify, all of them or one slot's.
///
/// # Errors
/// The disk fails, the log is corrupt, or a frame cannot be read.
pub fn frames(
    disk: &Arc<dyn Disk>,
    identity: Identity,
    range: &RangeInclusive<u64>,
    slot: Option<Owner>,
    visit: &mut dyn FnMut(FrameView),
) -> Result<(), StoreError> {
    let headers = headers(disk)?;
    let holds = |header: &&SegmentHeader| header.first_lsn <= *range.start();
    let Some(first) = headers.iter().rev().find(holds).or(headers.first()) else { return Ok(()) };
    let mut failed = None;
    walk(disk, identity, start_of(first), &mut |block| {
        for (lsn, bytes) in block.frames().filter(|(lsn, _)| range.contains(lsn)) {
            let read = codec::owner(bytes).and_then(|owner| match slot {
                Some(wanted) if wanted != owner => Ok(None),
                _ => codec::decode(bytes).map(|frame| Some((owner, frame))),
            });
            match read {
                Ok(None) => {}
                Ok(Some((owner, frame))) => {
                    visit(FrameView { lsn, segment: block.end.segment, owner, frame });
                }
                Err(error) => {
                    failed = Some(StoreError::Frame { lsn, error });
                    return false;
                }
            }
        }
        block.end.lsn < *range.end()
    })?;
    failed.map_or(Ok(()), Err)
}
