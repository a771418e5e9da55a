//! The manifest: what state a snapshot holds, and its parts.
//!
//! It is JSON for readers, but its bytes are fixed: the hash in it is over the very bytes with the hash left empty, so
//! any change is detected.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::journal::{
    error::JournalError,
    segment::{Identity, Position},
};

/// The version of the format. No release wrote version 1; it is refused.
pub const FORMAT: u64 = 2;

/// The name of the manifest's file.
pub const FILE: &str = "manifest.json";

/// What state a snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The place in the journal of the state, where reading continues.
    pub position: Position,
    /// A fingerprint of the logic whose state it is.
    pub logic: u64,
    /// The data directory it belongs to.
    pub identity: Identity,
    /// A hash over the state.
    pub state_hash: u128,
    /// When it was created, in whatever unit the caller's clock has.
    pub created: u64,
    /// The counts of what it holds, for readers.
    pub counts: BTreeMap<String, u64>,
}

/// A file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its size on disk.
    pub bytes: u64,
    /// The size of what is compressed in it.
    pub raw_bytes: u64,
    /// The hash of the file, in hexadecimal.
    pub blake3: String,
}

/// The manifest as it is written.
#[derive(Serialize, Deserialize)]
struct Manifest {
    format: u64,
    lsn: u64,
    chain: String,
    segment: u64,
    offset: u64,
    logic: String,
    identity: String,
    state_hash: String,
    created: u64,
    counts: BTreeMap<String, u64>,
    parts: Vec<Part>,
    blake3: String,
}

/// The part that is read before the rest can be understood.
#[derive(Deserialize)]
struct Version {
    format: u64,
}

impl Manifest {
    fn bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Fills in the hash.
    fn seal(&mut self) -> Result<Vec<u8>, serde_json::Error> {
        self.blake3.clear();
        self.blake3 = blake3::hash(&self.bytes()?).to_hex().to_string();
        self.bytes()
    }
}

/// Returns the bytes of a manifest.
pub(super) fn encode(meta: &Meta, parts: Vec<Part>, file: &str) -> Result<Vec<u8>, JournalError> {
    let mut manifest = Manifest {
        format: FORMAT,
        lsn: meta.position.lsn,
        chain: hex::encode(meta.position.chain),
        segment: meta.position.segment,
        offset: meta.position.offset,
        logic: format!("{:016x}", meta.logic),
        identity: hex::encode(meta.identity),
        state_hash: format!("{:032x}", meta.state_hash),
        created: meta.created,
        counts: meta.counts.clone(),
        parts,
        blake3: String::new(),
    };
    manifest.seal().map_err(|error| JournalError::snapshot(file, error.to_string()))
}

/// Reads a manifest and verifies it.
pub(super) fn decode(bytes: &[u8], file: &str) -> Result<(Meta, Vec<Part>), JournalError> {
    let refuse = |reason: &str| JournalError::snapshot(file, reason);
    let version: Version = serde_json::from_slice(bytes).map_err(|_| refuse("it is not a manifest"))?;
    if version.format != FORMAT {
        let found = version.format;
        return Err(JournalError::UnknownFormat { file: file.to_owned(), found, newest: FORMAT });
    }
    let mut manifest: Manifest = serde_json::from_slice(bytes).map_err(|_| refuse("it is not a manifest"))?;
    let sealed = manifest.seal().map_err(|error| refuse(&error.to_string()))?;
    if sealed != bytes {
        return Err(refuse("its hash does not hold"));
    }
    let fields = || -> Option<Meta> {
        let mut position = Position {
            segment: manifest.segment,
            offset: manifest.offset,
            lsn: manifest.lsn,
            ..Position::default()
        };
        let mut identity = Identity::default();
        hex::decode_to_slice(&manifest.chain, &mut position.chain).ok()?;
        hex::decode_to_slice(&manifest.identity, &mut identity).ok()?;
        Some(Meta {
            position,
            logic: u64::from_str_radix(&manifest.logic, 16).ok()?,
            identity,
            state_hash: u128::from_str_radix(&manifest.state_hash, 16).ok()?,
            created: manifest.created,
            counts: manifest.counts.clone(),
        })
    };
    let meta = fields().ok_or_else(|| refuse("a field is not hexadecimal"))?;
    Ok((meta, manifest.parts))
}
