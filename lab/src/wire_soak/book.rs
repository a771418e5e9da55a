//! The book of a subscriber, kept from what the stream says and nothing else.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

/// How many levels of each side the checksum covers.
const CHECKED: usize = 10;

/// A price and what is there now, as the wire writes them.
type Level<'a> = (&'a str, &'a str);

/// `depthUpdate`.
#[derive(Debug, Deserialize)]
pub(crate) struct Diff<'a> {
    #[serde(rename = "U")]
    pub(crate) first: u64,
    #[serde(rename = "u")]
    pub(crate) last: u64,
    #[serde(rename = "b", borrow)]
    bids: Vec<Level<'a>>,
    #[serde(rename = "a", borrow)]
    asks: Vec<Level<'a>>,
    #[serde(rename = "cs")]
    checksum: Option<u32>,
}

/// `depthSnapshot`, and the answer of `GET /api/v3/depth`.
#[derive(Debug, Deserialize)]
pub(crate) struct Snapshot<'a> {
    #[serde(rename = "lastUpdateId")]
    pub(crate) last: u64,
    #[serde(borrow)]
    bids: Vec<Level<'a>>,
    #[serde(borrow)]
    asks: Vec<Level<'a>>,
    #[serde(rename = "cs")]
    checksum: Option<u32>,
}

/// Both sides up to an update: units of 10^-8 by price.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Book {
    bids: BTreeMap<u64, u64>,
    asks: BTreeMap<u64, u64>,
    /// The last update it reflects.
    pub(crate) last: u64,
}

/// How a diff went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It is in, and the checksum was right; whether there was one.
    Followed { was_checked: bool },
    /// The book was there already.
    Old,
    /// Something is missing between the book and it.
    Gap,
    /// The checksum is not the book's.
    Wrong,
}

impl Book {
    /// Starts from a snapshot; `None` if its own checksum is wrong.
    pub(crate) fn of(snapshot: &Snapshot<'_>) -> Result<Option<Self>> {
        let mut book = Self { last: snapshot.last, ..Self::default() };
        set(&mut book.bids, &snapshot.bids)?;
        set(&mut book.asks, &snapshot.asks)?;
        let is_right = snapshot.checksum.is_none_or(|expected| expected == book.checksum());
        Ok(is_right.then_some(book))
    }

    /// Applies a diff that overlaps or follows the book.
    pub(crate) fn apply(&mut self, diff: &Diff<'_>) -> Result<Applied> {
        if diff.last <= self.last {
            return Ok(Applied::Old);
        }
        if diff.first > self.last + 1 {
            return Ok(Applied::Gap);
        }
        set(&mut self.bids, &diff.bids)?;
        set(&mut self.asks, &diff.asks)?;
        self.last = diff.last;
        Ok(match diff.checksum {
            Some(expected) if expected != self.checksum() => Applied::Wrong,
            checksum => Applied::Followed { was_checked: checksum.is_some() },
        })
    }

    /// CRC32 over the digits of the best levels, asks first, as `docs/market-data.md` describes it.
    fn checksum(&self) -> u32 {
        let best = self.asks.iter().take(CHECKED).chain(self.bids.iter().rev().take(CHECKED));
        let mut hasher = crc32fast::Hasher::new();
        for (price, quantity) in best {
            hasher.update(price.to_string().as_bytes());
            hasher.update(quantity.to_string().as_bytes());
        }
        hasher.finalize()
    }
}

fn set(side: &mut BTreeMap<u64, u64>, levels: &[Level<'_>]) -> Result<()> {
    for (price, quantity) in levels {
        match units(quantity)? {
            0 => side.remove(&units(price)?),
            quantity => side.insert(units(price)?, quantity),
        };
    }
    Ok(())
}

/// Reads a number of eight decimals.
fn units(text: &str) -> Result<u64> {
    let number = text.split_once('.').filter(|(_, decimals)| decimals.len() == 8);
    let (whole, decimals) = number.with_context(|| format!("{text:?} has not eight decimals"))?;
    let (whole, decimals): (u64, u64) = (whole.parse()?, decimals.parse()?);
    Ok(whole * 100_000_000 + decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNAPSHOT: &str =
        r#"{"lastUpdateId":7,"bids":[["9.00000000","1.00000000"]],"asks":[["10.00000000","2.00000000"]]}"#;

    fn started() -> Book {
        Book::of(&serde_json::from_str(SNAPSHOT).unwrap()).unwrap().unwrap()
    }

    fn apply(book: &mut Book, diff: &str) -> Applied {
        book.apply(&serde_json::from_str(diff).unwrap()).unwrap()
    }

    #[test]
    fn a_diff_is_followed_only_where_it_joins() {
        let mut book = started();
        let diff = |first: u64, last: u64| {
            format!(r#"{{"U":{first},"u":{last},"b":[["9.00000000","0.00000000"]],"a":[]}}"#)
        };
        assert_eq!(apply(&mut book, &diff(5, 7)), Applied::Old);
        assert_eq!(apply(&mut book, &diff(9, 9)), Applied::Gap);
        assert_eq!((book.bids.len(), book.last), (1, 7));
        assert_eq!(apply(&mut book, &diff(6, 9)), Applied::Followed { was_checked: false });
        assert_eq!((book.bids.len(), book.last), (0, 9));
    }

    #[test]
    fn a_book_that_differs_is_seen_by_its_checksum() {
        let mut book = started();
        let right = crc32fast::hash(b"1000000000200000000900000000100000000");
        assert_eq!(book.checksum(), right);
        let diff = format!(r#"{{"U":8,"u":8,"b":[],"a":[],"cs":{right}}}"#);
        assert_eq!(apply(&mut book.clone(), &diff), Applied::Followed { was_checked: true });
        book.asks.insert(11, 1);
        assert_eq!(apply(&mut book, &diff), Applied::Wrong);
        let lying = SNAPSHOT.replace("}", r#","cs":1}"#);
        assert_eq!(Book::of(&serde_json::from_str(&lying).unwrap()).unwrap(), None);
    }

    #[test]
    fn numbers_have_eight_decimals() {
        assert_eq!(units("45000.40000000").unwrap(), 4_500_040_000_000);
        assert!(units("1.5").is_err() && units("1").is_err() && units("x.00000000").is_err());
    }
}
