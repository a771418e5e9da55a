//! Frames as bytes: a tag, the slot, and the frame in postcard.
//!
//! Tag and slot come first so that a reader that replays only some of the slots can skip the others' frames without
//! decoding them. Drawn in `docs/journal-format.md`.

use postcard::ser_flavors::Flavor;
use serde::Serialize;

use crate::domain::{
    account::{AccountFrame, Change, FrameHead},
    instruments::rules::RulesFrame,
    matching::{SymbolFrame, SymbolHead},
    messages::message::{Envelope, ToAccount},
    replica::{Frame, Terms},
    types::id::SlotId,
};

/// The tags of frames. A later version of a frame gets a tag of its own; none is ever used again.
const ACCOUNT: u8 = 1;
const SYMBOL: u8 = 2;
const TERMS: u8 = 3;
const RULES: u8 = 4;

/// Tag and slot.
const PREFIX: usize = 3;

/// The slot a frame belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// An account slot's.
    Account(SlotId),
    /// A symbol slot's.
    Symbol(SlotId),
    /// No single slot's.
    All,
}

/// Bytes that are not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Shorter than any frame.
    #[error("{0} bytes are no frame")]
    Short(usize),
    /// A kind of frame this program does not know.
    #[error("frames of kind {0} are of a later version of the program")]
    Kind(u8),
    /// The bytes do not fit their kind.
    #[error("a frame of kind {kind} cannot be read: {reason}")]
    Content {
        /// Its kind.
        kind: u8,
        /// What is wrong.
        reason: String,
    },
}

/// Frames to be written, each with its length before it.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    count: u32,
}

impl Frames {
    /// Adds an account slot's frame.
    pub fn push_account(&mut self, head: &FrameHead, changes: &[Change]) {
        self.push(ACCOUNT, head.slot, |bytes| append(head, bytes).and_then(|()| append(&changes, bytes)));
    }

    /// Adds a symbol slot's frame.
    pub fn push_symbol(&mut self, head: &SymbolHead, messages: &[Envelope<ToAccount>]) {
        self.push(SYMBOL, head.slot, |bytes| append(head, bytes).and_then(|()| append(&messages, bytes)));
    }

    /// Adds the terms that the frames after this are read under.
    pub fn push_terms(&mut self, terms: &Terms) {
        self.push(TERMS, SlotId::new(0), |bytes| append(terms, bytes));
    }

    /// Adds a change of trading rules.
    pub fn push_rules(&mut self, rules: &RulesFrame) {
        self.push(RULES, SlotId::new(0), |bytes| append(rules, bytes));
    }

    fn push(
        &mut self,
        kind: u8,
        slot: SlotId,
        content: impl FnOnce(&mut Vec<u8>) -> Result<(), postcard::Error>,
    ) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&slot.get().to_le_bytes());
        // Writing to memory cannot fail, and every type here can be written.
        let written = content(&mut self.bytes);
        debug_assert!(written.is_ok());
        let length = (self.bytes.len() - start - 4) as u32;
        self.bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
        self.count += 1;
    }

    /// Returns whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes the bytes and the number of frames, and keeps room for as many again.
    pub fn take(&mut self) -> (Vec<u8>, u32) {
        let room = Vec::with_capacity(self.bytes.len());
        (std::mem::replace(&mut self.bytes, room), std::mem::take(&mut self.count))
    }
}

/// Returns which slot a frame belongs to.
///
/// # Errors
/// It is too short, or of an unknown kind.
pub fn owner(bytes: &[u8]) -> Result<Owner, CodecError> {
    let &[kind, low, high, ..] = bytes else { return Err(CodecError::Short(bytes.len())) };
    let slot = SlotId::new(u16::from_le_bytes([low, high]));
    match kind {
        ACCOUNT => Ok(Owner::Account(slot)),
        SYMBOL => Ok(Owner::Symbol(slot)),
        TERMS | RULES => Ok(Owner::All),
        kind => Err(CodecError::Kind(kind)),
    }
}

/// Reads a frame.
///
/// # Errors
/// The bytes are not exactly one frame.
pub fn decode(bytes: &[u8]) -> Result<Frame, CodecError> {
    let owner = owner(bytes)?;
    let content = &bytes[PREFIX..];
    let failed = |reason: String| CodecError::Content { kind: bytes[0], reason };
    let read = |error: postcard::Error| failed(error.to_string());
    let (frame, rest, slot) = match owner {
        Owner::Account(slot) => {
            let (frame, rest) = postcard::take_from_bytes::<AccountFrame>(content).map_err(read)?;
            let is_its_own = frame.head.slot == slot;
            (Frame::Account(frame), rest, is_its_own)
        }
        Owner::Symbol(slot) => {
            let (frame, rest) = postcard::take_from_bytes::<SymbolFrame>(content).map_err(read)?;
            let is_its_own = frame.head.slot == slot;
            (Frame::Symbol(frame), rest, is_its_own)
        }
        Owner::All if bytes[0] == RULES => {
            let (rules, rest) = postcard::take_from_bytes::<RulesFrame>(content).map_err(read)?;
            (Frame::Rules(rules), rest, true)
        }
        Owner::All => {
            let (terms, rest) = postcard::take_from_bytes::<Terms>(content).map_err(read)?;
            (Frame::Terms(terms), rest, true)
        }
    };
    match (rest.is_empty(), slot) {
        (true, true) => Ok(frame),
        (false, _) => Err(failed(format!("{} bytes too many", rest.len()))),
        (_, false) => Err(failed("its slot is not the one before it".to_owned())),
    }
}

/// Appends a value in postcard.
pub(super) fn append<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Result<(), postcard::Error> {
    postcard::serialize_with_flavor(value, Tail(bytes))
}

/// Writes behind the existing bytes: postcard's own flavours create a new vector.
struct Tail<'a>(&'a mut Vec<u8>);

impl Flavor for Tail<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        account::Cause,
        types::{
            id::{AccountId, CommandId},
            time::Timestamp,
        },
    };

    fn sample() -> AccountFrame {
        let head = FrameHead {
            slot: SlotId::new(700),
            seq: 3,
            time: Timestamp::from_micros(9),
            cause: Cause::Command(CommandId::new(8)),
            hash: Some(u128::MAX),
        };
        let opened = Change::AccountOpened { id: AccountId::new(700), tier: 1, is_unlimited: false };
        AccountFrame { head, changes: vec![opened, Change::NextAccount(4)] }
    }

    #[test]
    fn a_frame_comes_back_as_it_was() {
        let frame = sample();
        let mut frames = Frames::default();
        frames.push_account(&frame.head, &frame.changes);
        let (bytes, count) = frames.take();
        assert_eq!((count, frames.is_empty()), (1, true));
        let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
        assert_eq!(length, bytes.len() - 4);
        assert_eq!(owner(&bytes[4..]), Ok(Owner::Account(SlotId::new(700))));
        assert_eq!(decode(&bytes[4..]), Ok(Frame::Account(frame)));
    }

    #[test]
    fn what_is_not_a_frame_is_refused_and_never_a_panic() {
        let frame = sample();
        let mut frames = Frames::default();
        frames.push_account(&frame.head, &frame.changes);
        let (bytes, _) = frames.take();
        let bytes = &bytes[4..];
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "{length}");
        }
        assert!(decode(&[bytes, &[0]].concat()).is_err());
        assert_eq!(decode(&[9, 0, 0]), Err(CodecError::Kind(9)));
        let mut other = bytes.to_vec();
        other[1] ^= 1;
        assert!(decode(&other).is_err());
    }
}
