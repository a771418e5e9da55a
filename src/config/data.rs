//! `[data]`: where files are kept.

use std::path::PathBuf;

use serde::Deserialize;

/// Where files are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Data {
    /// The directory; made when it is missing.
    pub directory: PathBuf,
}

impl Data {
    /// Returns where the operator's token is kept when none is configured.
    pub fn operator_token_file(&self) -> PathBuf {
        self.directory.join("operator.token")
    }
}
