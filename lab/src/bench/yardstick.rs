//! Reads the order-book workloads of the yardstick (`OBWLv001`): a header that says what must come out, then
//! records of 24 bytes, all little endian.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use lightning_exchange::domain::orders::Side;

const MAGIC: &[u8; 8] = b"OBWLv001";
const HEADER_LEN: usize = 128;
const RECORD_LEN: usize = 24;

/// What a record asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A limit order that may rest.
    Add,
    /// A limit order that may not.
    AddImmediate,
    /// A resting order is taken back.
    Cancel,
    /// A resting order goes to another price with what is left of it, and to the back of the queue there.
    Move,
}

/// One command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// What it asks for.
    pub operation: Operation,
    /// Which side.
    pub side: Side,
    /// Whether it trades.
    pub trades: bool,
    /// Whose.
    pub account: u32,
    /// The order; ids are dense.
    pub order: u32,
    /// The limit in ticks; for a move the new one.
    pub price: u32,
    /// The quantity in lots; for a move or cancel what is open.
    pub lots: u32,
}

/// What must come out of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Trades.
    pub trades: u64,
    /// Traded lots.
    pub lots: u64,
    /// The [`TradeHash`] over all trades.
    pub hash: u64,
    /// Resting orders at the end.
    pub resting: u64,
    /// Resting lots at the end.
    pub resting_lots: u64,
    /// The best bid in ticks at the end; 0 for none.
    pub best_bid: u64,
    /// The best ask in ticks at the end; 0 for none.
    pub best_ask: u64,
}

/// A workload file.
#[derive(Debug, Clone)]
pub struct Workload {
    /// 1 to 3, or 4 to 6 for those whose prices swing.
    pub number: u32,
    /// The highest order id.
    pub order_max: u32,
    /// How many records come before the measured ones.
    pub prefill: usize,
    /// All records.
    pub records: Vec<Record>,
    /// What must come out.
    pub expected: Expected,
}

impl Workload {
    /// Reads a workload file.
    ///
    /// # Errors
    /// The file cannot be read, or is not of this format and version.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&bytes).with_context(|| format!("{} is not a workload", path.display()))
    }

    /// Writes a workload file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        std::fs::write(path, self.bytes()).with_context(|| format!("cannot write {}", path.display()))
    }

    fn bytes(&self) -> Vec<u8> {
        let prices = || self.records.iter().map(|record| record.price);
        let accounts = self.records.iter().map(|record| record.account).max().unwrap_or_default();
        let measured = (self.records.len() - self.prefill) as u64;
        let mut bytes = MAGIC.to_vec();
        let words = |bytes: &mut Vec<u8>, words: &[u32]| {
            words.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        };
        let longs = |bytes: &mut Vec<u8>, longs: &[u64]| {
            longs.iter().for_each(|long| bytes.extend_from_slice(&long.to_le_bytes()));
        };
        words(&mut bytes, &[HEADER_LEN as u32, RECORD_LEN as u32]);
        longs(&mut bytes, &[self.prefill as u64, measured, 0]);
        let (lowest, highest) = (prices().min().unwrap_or_default(), prices().max().unwrap_or_default());
        words(&mut bytes, &[self.number, accounts, self.order_max, lowest, highest, 0]);
        let Expected { trades, lots, hash, resting, resting_lots, best_bid, best_ask } = self.expected;
        longs(&mut bytes, &[trades, lots, hash, resting, resting_lots]);
        words(&mut bytes, &[best_bid as u32, best_ask as u32]);
        longs(&mut bytes, &[0, 0]);
        for record in &self.records {
            let operation = match record.operation {
                Operation::Add => 0,
                Operation::AddImmediate => 1,
                Operation::Cancel => 2,
                Operation::Move => 3,
            };
            bytes.extend([operation, record.side.index() as u8, u8::from(record.trades), 0]);
            words(&mut bytes, &[record.account, record.order, record.price, record.lots, record.price]);
        }
        bytes
    }

    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        ensure!(bytes.len() >= HEADER_LEN, "too short");
        let (header, body) = bytes.split_at(HEADER_LEN);
        ensure!(&header[..8] == MAGIC, "not OBWLv001");
        ensure!(
            word(header, 8) == HEADER_LEN as u32 && word(header, 12) == RECORD_LEN as u32,
            "unknown layout"
        );
        let prefill = usize::try_from(long(header, 16))?;
        let measured = usize::try_from(long(header, 24))?;
        let (chunks, rest) = body.as_chunks::<RECORD_LEN>();
        ensure!(rest.is_empty() && Some(chunks.len()) == prefill.checked_add(measured), "wrong length");
        let records: Vec<Record> = chunks.iter().map(record).collect::<anyhow::Result<_>>()?;
        let order_max = word(header, 48);
        ensure!(records.iter().all(|record| record.order <= order_max), "an order id above the highest");
        let expected = Expected {
            trades: long(header, 64),
            lots: long(header, 72),
            hash: long(header, 80),
            resting: long(header, 88),
            resting_lots: long(header, 96),
            best_bid: u64::from(word(header, 104)),
            best_ask: u64::from(word(header, 108)),
        };
        Ok(Self { number: word(header, 40), order_max, prefill, records, expected })
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|index| bytes[at + index]))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|index| bytes[at + index]))
}

fn record(bytes: &[u8; RECORD_LEN]) -> anyhow::Result<Record> {
    let operation = match bytes[0] {
        0 => Operation::Add,
        1 => Operation::AddImmediate,
        2 => Operation::Cancel,
        3 => Operation::Move,
        other => bail!("unknown operation {other}"),
    };
    Ok(Record {
        operation,
        side: if bytes[1] == 0 { Side::Buy } else { Side::Sell },
        trades: bytes[2] & 1 == 1,
        account: word(bytes, 4),
        order: word(bytes, 8),
        price: word(bytes, 12),
        lots: word(bytes, 16),
    })
}

/// The yardstick's hash over trades, which depends on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeHash(pub u64);

impl Default for TradeHash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl TradeHash {
    /// Adds a trade.
    #[inline(always)]
    pub fn add(&mut self, taker: u64, maker: u64, price: u64, lots: u64) {
        let trade = taker
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(maker.wrapping_mul(0xc2b2_ae3d_27d4_eb4f))
            .wrapping_add(price.wrapping_mul(0x1656_67b1_9e37_79f9))
            .wrapping_add(lots.wrapping_mul(0x27d4_eb2f_1656_67c5));
        self.0 = (self.0 ^ trade).wrapping_mul(0x100_0000_01b3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(records: &[[u8; RECORD_LEN]]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_LEN];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8] = HEADER_LEN as u8;
        bytes[12] = RECORD_LEN as u8;
        bytes[24] = records.len() as u8;
        bytes[48] = 9;
        bytes.extend(records.iter().flatten());
        bytes
    }

    #[test]
    fn a_record_is_read_as_the_readme_lays_it_out() {
        let mut bytes = [0; RECORD_LEN];
        (bytes[0], bytes[1], bytes[2], bytes[4], bytes[8], bytes[13], bytes[16]) = (3, 1, 1, 7, 9, 1, 5);
        let workload = Workload::parse(&file(&[bytes])).unwrap();
        let expected = Record {
            operation: Operation::Move,
            side: Side::Sell,
            trades: true,
            account: 7,
            order: 9,
            price: 256,
            lots: 5,
        };
        assert_eq!(workload.records, [expected]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let made = super::super::swing::workload(super::super::swing::Path::Quarter, 5_000, 1);
        let read = Workload::parse(&made.bytes()).unwrap();
        assert_eq!((read.number, read.order_max, read.prefill), (4, made.order_max, made.prefill));
        assert_eq!((read.records, read.expected), (made.records, made.expected));
    }

    #[test]
    fn a_file_of_another_kind_or_length_is_refused() {
        let good = file(&[[0; RECORD_LEN]]);
        assert!(Workload::parse(&good).is_ok());
        assert!(Workload::parse(&good[..good.len() - 1]).is_err());
        assert!(Workload::parse(&good[..100]).is_err());
        let mut other = good;
        other[7] = b'2';
        assert!(Workload::parse(&other).is_err());
    }
}
