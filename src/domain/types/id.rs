//! Identities. Every one is below 2^53, so that a JavaScript client reads it exactly, and is never reused.

use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The number of virtual slots accounts and symbols hash to (ADR 0002).
pub const SLOT_COUNT: u16 = 1024;

/// The first integer a JavaScript number cannot represent reliably.
pub const ID_LIMIT: u64 = 1 << 53;

macro_rules! id {
    ($(#[$meta:meta])* $name:ident($inner:ty)) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name($inner);

        impl $name {
            /// Wraps the number.
            pub const fn new(value: $inner) -> Self {
                Self(value)
            }

            /// Returns the number.
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

id!(
    /// An account, unique across the exchange.
    AccountId(u64)
);
id!(
    /// An order, unique across the exchange and rising per account: counter × 1024 + account slot.
    OrderId(u64)
);
/// A list of orders, unique across the exchange and rising per account: counter × 1024 + account slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderListId(NonZeroU64);

impl OrderListId {
    /// Wraps the number; `None` for 0.
    pub fn new(value: u64) -> Option<Self> {
        NonZeroU64::new(value).map(Self)
    }

    /// Composes the id of the `counter`-th list of an account slot; `None` when it would reach 2^53, or the counter is
    /// 0.
    pub fn compose(counter: u64, slot: SlotId) -> Option<Self> {
        OrderId::compose(counter, slot).filter(|_| counter > 0).and_then(|id| Self::new(id.get()))
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

id!(
    /// A trade: gapless from 1 per symbol.
    TradeId(u64)
);
id!(
    /// An asset, from the configuration.
    AssetId(u32)
);
id!(
    /// A symbol, from the configuration.
    SymbolId(u32)
);
id!(
    /// One client command in flight inside an account slot; it matches a slot's answer to the request that awaits it.
    CommandId(u64)
);

/// A virtual slot. Account slots and symbol slots are numbered separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SlotId(u16);

/// Deserializing rejects a number out of range, because a slot is used as an index.
impl<'de> Deserialize<'de> for SlotId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = u16::deserialize(deserializer)?;
        if value >= SLOT_COUNT {
            return Err(D::Error::custom("not a slot"));
        }
        Ok(Self(value))
    }
}

impl SlotId {
    /// Wraps the number, folded into `0..SLOT_COUNT`.
    pub const fn new(value: u16) -> Self {
        Self(value % SLOT_COUNT)
    }

    /// Returns the number, always below [`SLOT_COUNT`].
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Returns the number as an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Folds an id to its slot. `% 1024` keeps the owner of an order readable in its id.
const fn slot_of(value: u64) -> SlotId {
    SlotId((value % SLOT_COUNT as u64) as u16)
}

impl AccountId {
    /// Returns the account slot that owns this account.
    pub const fn slot(self) -> SlotId {
        slot_of(self.0)
    }
}

impl SymbolId {
    /// Returns the symbol slot that owns this symbol's book.
    pub const fn slot(self) -> SlotId {
        slot_of(self.0 as u64)
    }
}

impl OrderId {
    /// Composes the id of the `counter`-th order of an account slot.
    ///
    /// Returns `None` when the id would reach 2^53.
    pub const fn compose(counter: u64, slot: SlotId) -> Option<Self> {
        match counter.checked_mul(SLOT_COUNT as u64) {
            Some(high) if high + (slot.0 as u64) < ID_LIMIT => Some(Self(high + slot.0 as u64)),
            _ => None,
        }
    }

    /// Returns the account slot the order belongs to.
    pub const fn slot(self) -> SlotId {
        slot_of(self.0)
    }
}

/// The maximum length of a client order id, in bytes.
pub const CLIENT_ORDER_ID_LEN_MAX: usize = 36;

/// The client's own name for an order: `^[a-zA-Z0-9-_]{1,36}$`, unique among the account's open orders (Binance Spot,
/// `newClientOrderId`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientOrderId {
    len: u8,
    bytes: [u8; CLIENT_ORDER_ID_LEN_MAX],
}

impl ClientOrderId {
    /// Parses the text; `None` when it is not `^[a-zA-Z0-9-_]{1,36}$`.
    pub fn parse(text: &str) -> Option<Self> {
        let legal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if text.is_empty() || text.len() > CLIENT_ORDER_ID_LEN_MAX || !text.as_bytes().iter().all(legal) {
            return None;
        }
        let mut bytes = [0; CLIENT_ORDER_ID_LEN_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self { len: text.len() as u8, bytes })
    }

    /// Generates the 22-character name of an order whose client gave none.
    ///
    /// A function of the number alone, so that replay generates the same name; distinct numbers give distinct names
    /// because the number itself is encoded in base 62.
    pub fn generated(number: u64) -> Self {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut bytes = [0; CLIENT_ORDER_ID_LEN_MAX];
        let mut scrambled = super::hash::mix64(number);
        let mut rest = number;
        for (index, byte) in bytes.iter_mut().take(22).enumerate() {
            // 11 base-62 digits hold any u64; the other 11 only make the names look unalike.
            let source = if index < 11 { &mut scrambled } else { &mut rest };
            *byte = DIGITS[(*source % 62) as usize];
            *source /= 62;
        }
        Self { len: 22, bytes }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever stored, so this cannot fail; an empty name beats a panic if it did.
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

/// Serializes only the bytes in use: the rest is always zero.
impl std::hash::Hash for ClientOrderId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write(&self.bytes[..usize::from(self.len)]);
    }
}

impl Serialize for ClientOrderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ClientOrderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        Self::parse(text).ok_or_else(|| D::Error::custom("not a client order id"))
    }
}

impl std::fmt::Display for ClientOrderId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl std::fmt::Debug for ClientOrderId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ClientOrderId({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_id_names_its_slot_and_stays_below_two_to_the_53() {
        let id = OrderId::compose(7, SlotId::new(1001)).unwrap();
        assert_eq!(id.get(), 7 * 1024 + 1001);
        assert_eq!(id.slot(), SlotId::new(1001));
        assert!(OrderId::compose(1 << 43, SlotId::new(0)).is_none());
        assert!(OrderId::compose((1 << 43) - 1, SlotId::new(1023)).is_some());
    }

    #[test]
    fn a_number_beyond_the_slots_is_not_read_as_one() {
        assert_eq!(postcard::from_bytes::<SlotId>(&[7]), Ok(SlotId::new(7)));
        let bytes = postcard::to_stdvec(&SLOT_COUNT).unwrap();
        assert!(postcard::from_bytes::<SlotId>(&bytes).is_err());
    }

    #[test]
    fn a_client_order_id_takes_exactly_the_documented_characters() {
        for good in ["a", "x-TKT5PX2F_09", &"z".repeat(36)] {
            assert_eq!(ClientOrderId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "é", "a/b", &"z".repeat(37)] {
            assert!(ClientOrderId::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn generated_client_order_ids_are_distinct_and_legal() {
        let names: std::collections::BTreeSet<_> = (0..10_000).map(ClientOrderId::generated).collect();
        assert_eq!(names.len(), 10_000);
        assert!(names.iter().all(|name| ClientOrderId::parse(name.as_str()) == Some(*name)));
    }
}
