//! The root of the repository.

use std::path::{Path, PathBuf};

/// Returns the root: the tests belong to the package of the binary, one folder below it.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
