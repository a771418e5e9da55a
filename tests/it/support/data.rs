//! Recorded market data. It belongs to its venues and is no part of the repository.

use std::path::PathBuf;

use super::{root, skip};

/// Returns a file or a directory of the recorded data; `None` when it is not here, and then the test is recorded as skipped.
pub(crate) fn data(path: &str) -> Option<PathBuf> {
    let beside = root().join("../shared/data");
    let root = std::env::var_os("EXCHANGE_DATA").map_or(beside, PathBuf::from);
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    skip(format!("no recorded data at {}; set EXCHANGE_DATA", found.display()));
    None
}
