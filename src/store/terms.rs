//! The terms of a data directory: what its bytes mean, whatever configuration it is read with.

use std::sync::Arc;

use super::{
    codec::{self, Owner},
    error::StoreError,
    image::TERMS_PART,
    walk::walk,
};
use crate::{
    domain::{
        instruments::Instruments,
        replica::{Frame, Replica, Terms, TermsError},
    },
    journal::{Disk, Identity, Start, snapshot::newest_verifying},
};

/// Returns the assets and symbols of a data directory, in use or not, by the terms it was last written under; names are
/// those of `known`, where it has them. Those of `known` where nothing was written yet.
///
/// # Errors
/// The files are damaged.
pub fn instruments_of(
    disk: &Arc<dyn Disk>,
    identity: Identity,
    known: &Arc<Instruments>,
) -> Result<Arc<Instruments>, StoreError> {
    match last_terms(disk, identity)? {
        Some(terms) => Ok(Arc::new(terms.instruments(known)?)),
        None => Ok(Arc::clone(known)),
    }
}

/// Returns the last terms: the newest snapshot has those it was taken under, and frames after it may have changed them.
fn last_terms(disk: &Arc<dyn Disk>, identity: Identity) -> Result<Option<Terms>, StoreError> {
    let snapshot = newest_verifying(disk)?.snapshot;
    let start = snapshot.as_ref().map_or(Start::Beginning, |snapshot| Start::At(snapshot.meta().position));
    let mut terms = None;
    if let Some(snapshot) =
        snapshot.filter(|snapshot| snapshot.parts().iter().any(|part| part.name == TERMS_PART))
    {
        let read = postcard::from_bytes(&snapshot.part(TERMS_PART)?);
        terms = Some(read.map_err(|error| StoreError::unreadable(TERMS_PART, &error))?);
    }
    let mut failed = None;
    walk(disk, identity, start, &mut |block| {
        for (lsn, bytes) in block.frames() {
            let is_terms = codec::owner(bytes).is_ok_and(|owner| owner == Owner::All);
            match is_terms.then(|| codec::decode(bytes)) {
                Some(Ok(Frame::Terms(later))) => terms = Some(later),
                Some(Err(error)) => failed = Some(StoreError::Frame { lsn, error }),
                Some(Ok(_)) | None => {}
            }
        }
        failed.is_none()
    })?;
    failed.map_or(Ok(terms), Err)
}

/// Requires that what was written under `terms` means the same to its reader: a configuration that does not fit the
/// data is not damage, and is reported as what it is.
pub(super) fn require_precision(replica: &Replica, terms: &Terms) -> Result<(), TermsError> {
    terms.check_precision(&Terms::of(replica.instruments(), terms.limits))
}
