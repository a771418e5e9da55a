//! Writes a replica as the parts of a snapshot, and reads it back.
//!
//! Account slots are written in sixteen parts, by slot, and every symbol slot is a part of its own: small enough
//! that recovery reads them side by side, and the same whatever the number of shards.

use serde::{Serialize, ser::SerializeSeq};

use super::{codec, error::StoreError, terms::require_precision};
use crate::domain::{
    account::{AccountSlot, AccountState},
    instruments::rules::ChangedRules,
    replica::{Replica, SymbolRecord, Terms},
    types::id::SlotId,
};

/// How many parts account slots are written in.
const ACCOUNT_PARTS: usize = 16;

/// The part that states what all others are read under.
pub(super) const TERMS_PART: &str = "terms";

/// The part of the trading rules that were changed; left out before the first change.
pub(super) const RULES_PART: &str = "rules";

/// The parts that all others are read under, in this order.
pub(super) const COMMON_PARTS: [&str; 2] = [TERMS_PART, RULES_PART];

/// The slots of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartKind {
    /// Account slots `s` with `s % 16` of this number.
    Accounts(usize),
    /// One symbol slot.
    Symbol(SlotId),
}

impl PartKind {
    /// Returns the kind of the part of this name; `None` for the common parts, and for names of no part.
    pub(super) fn named(name: &str) -> Option<Self> {
        if let Some(number) = name.strip_prefix("accounts-") {
            return number.parse().ok().filter(|number| *number < ACCOUNT_PARTS).map(Self::Accounts);
        }
        let slot: u16 = name.strip_prefix("symbol-")?.parse().ok()?;
        Some(Self::Symbol(SlotId::new(slot)))
    }

    /// Returns which of `workers` (a power of two up to 16) has its slots.
    pub(super) const fn worker(self, workers: usize) -> usize {
        match self {
            Self::Accounts(number) => number % workers,
            Self::Symbol(slot) => slot.index() % workers,
        }
    }
}

/// Writes a replica, part by part.
///
/// # Errors
/// Those of `write`.
pub(super) fn write_parts(
    replica: &Replica,
    mut write: impl FnMut(&str, &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut bytes = Vec::new();
    if let Some(terms) = replica.terms() {
        encode(terms, &mut bytes)?;
        write(TERMS_PART, &bytes)?;
    }
    if replica.changed_rules().seq() > 0 {
        encode(replica.changed_rules(), &mut bytes)?;
        write(RULES_PART, &bytes)?;
    }
    for number in 0..ACCOUNT_PARTS {
        let slots: Vec<&AccountSlot> =
            replica.account_slots().filter(|slot| slot.slot().index() % ACCOUNT_PARTS == number).collect();
        if !slots.is_empty() {
            encode(&Slots(&slots), &mut bytes)?;
            write(&format!("accounts-{number:02}"), &bytes)?;
        }
    }
    for slot in replica.symbol_slots() {
        encode(&replica.symbol_record(slot), &mut bytes)?;
        write(&format!("symbol-{:04}", slot.slot().get()), &bytes)?;
    }
    Ok(())
}

struct Slots<'a>(&'a [&'a AccountSlot]);

impl Serialize for Slots<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut slots = serializer.serialize_seq(Some(self.0.len()))?;
        self.0.iter().try_for_each(|slot| slots.serialize_element(slot.state()))?;
        slots.end()
    }
}

fn encode<T: Serialize>(value: &T, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
    bytes.clear();
    codec::append(value, bytes).map_err(|error| StoreError::unreadable("a part", &error))
}

/// Reads a part into a replica.
///
/// # Errors
/// The bytes do not fit the part's name.
pub fn read_part(replica: &mut Replica, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let unreadable = |error: postcard::Error| StoreError::unreadable(name, &error);
    match PartKind::named(name) {
        None if name == TERMS_PART => {
            let terms: Terms = postcard::from_bytes(bytes).map_err(unreadable)?;
            require_precision(replica, &terms)?;
            replica.set_terms(terms)?;
        }
        None if name == RULES_PART => {
            let changed: ChangedRules = postcard::from_bytes(bytes).map_err(unreadable)?;
            replica.restore_rules(changed);
        }
        None => return Err(StoreError::unreadable(name, &"no part has this name")),
        Some(PartKind::Accounts(_)) => {
            let states: Vec<AccountState> = postcard::from_bytes(bytes).map_err(unreadable)?;
            states.into_iter().for_each(|state| replica.add_account_slot(state));
        }
        Some(PartKind::Symbol(_)) => {
            let record: SymbolRecord = postcard::from_bytes(bytes).map_err(unreadable)?;
            replica.add_symbol_slot(record)?;
        }
    }
    Ok(())
}
