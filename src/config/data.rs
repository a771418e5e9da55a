//! `[data]`: where files are stored.

use std::path::PathBuf;

use serde::Deserialize;

/// Where files are stored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Data {
    /// The directory; created when it is missing.
    pub directory: PathBuf,
    /// A place of the journal the operator knows, as `SEQUENCE:HASH`; empty when none is given.
    pub expect_head: String,
    /// The frame after which the operator accepts that acknowledged frames are lost; empty when that is not accepted.
    pub accept_loss_after: String,
}

impl Data {
    /// Returns the frame and the hash the operator expects the journal to have there.
    ///
    /// # Errors
    /// It is not `SEQUENCE:HASH`; the text states the form.
    pub fn expected_head(&self) -> Result<Option<(u64, [u8; 32])>, String> {
        if self.expect_head.is_empty() {
            return Ok(None);
        }
        let read = || {
            let (sequence, hash) = self.expect_head.split_once(':')?;
            let mut chain = [0; 32];
            hex::decode_to_slice(hash, &mut chain).ok()?;
            Some((sequence.parse().ok()?, chain))
        };
        let wrong = || {
            format!(
                "[data] expect-head {:?} is not SEQUENCE:HASH, a frame and 64 hex digits, as `lightning verify` prints them",
                self.expect_head
            )
        };
        read().map(Some).ok_or_else(wrong)
    }

    /// Returns the frame after which the operator accepts that acknowledged frames are lost.
    ///
    /// # Errors
    /// It is no number.
    pub fn accepted_loss(&self) -> Result<Option<u64>, String> {
        match self.accept_loss_after.as_str() {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| format!("[data] accept-loss-after {text:?} is no frame's number")),
        }
    }

    /// Returns where the operator's token is stored when none is configured.
    pub fn operator_token_file(&self) -> PathBuf {
        self.directory.join("operator.token")
    }
}
