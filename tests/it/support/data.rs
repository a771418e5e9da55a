//! Recorded market data. It belongs to its venues and is no part of the repository.

use std::path::{Path, PathBuf};

/// Returns a directory of the recorded data, or says that the test is skipped.
pub(crate) fn data(directory: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let root = std::env::var_os("EXCHANGE_DATA").map_or(beside, PathBuf::from);
    let found = root.join(directory);
    if found.is_dir() {
        return Some(found);
    }
    println!("skipped: no recorded data at {}; set EXCHANGE_DATA", found.display());
    None
}
