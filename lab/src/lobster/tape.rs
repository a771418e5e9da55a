//! LOBSTER's files as they are: messages, and the book after each.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use lightning_exchange::domain::orders::Side;

use super::TapeError;

/// What LOBSTER writes for a level that is not there.
const NO_LEVEL: i64 = 9_999_999_999;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 1: a new limit order rests.
    Submission,
    /// 2: part of a resting order is cancelled.
    Reduction,
    /// 3: a resting order is cancelled.
    Deletion,
    /// 4: a visible resting order trades.
    Execution,
    /// 5: a hidden order trades; the visible book stays as it is.
    HiddenExecution,
    /// 6: an auction.
    Cross,
    /// 7: trading halts, is quoted or resumes.
    Halt,
}

/// One line of the message file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// Nanoseconds after midnight.
    pub time_ns: u64,
    /// What happened.
    pub kind: Kind,
    /// To which order; 0 for hidden ones.
    pub order: u64,
    /// How many shares.
    pub size: u64,
    /// At what price, in 1/10000 dollar; −1, 0 or 1 for a halt.
    pub price: i64,
    /// The side of the resting order.
    pub side: Side,
}

/// Price in 1/10000 dollar, and size, of one level.
pub type Level = (u64, u64);

/// The book after a message, best level first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookRow {
    /// The buyers' levels.
    pub bids: Vec<Level>,
    /// The sellers' levels.
    pub asks: Vec<Level>,
}

/// Reads a message file, plain or gzipped.
///
/// # Errors
/// [`TapeError`], with the line.
pub fn read_messages(path: &Path) -> Result<Vec<Message>, TapeError> {
    records(path, message)
}

/// Reads an order book file, plain or gzipped. All levels of the first row are kept, and at most `levels` of the others.
///
/// # Errors
/// [`TapeError`], with the line.
pub fn read_book(path: &Path, levels: usize) -> Result<Vec<BookRow>, TapeError> {
    let mut is_first = true;
    records(path, |fields| {
        let keep = if std::mem::take(&mut is_first) { usize::MAX } else { levels };
        book_row(fields, keep)
    })
}

fn records<T>(
    path: &Path,
    mut read: impl FnMut(&csv::StringRecord) -> Option<T>,
) -> Result<Vec<T>, TapeError> {
    let unreadable =
        |error: String| TapeError::Unreadable { path: path.display().to_string(), reason: error };
    let file = BufReader::new(File::open(path).map_err(|error| unreadable(error.to_string()))?);
    let is_packed = path.extension().is_some_and(|extension| extension == "gz");
    let text: Box<dyn Read> = if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut rows = Vec::new();
    for (index, record) in csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text)
        .into_records()
        .enumerate()
    {
        let record = record.map_err(|error| unreadable(error.to_string()))?;
        let row = read(&record)
            .ok_or_else(|| TapeError::Malformed { path: path.display().to_string(), line: index + 1 })?;
        rows.push(row);
    }
    Ok(rows)
}

fn message(fields: &csv::StringRecord) -> Option<Message> {
    let kind = match fields.get(1)? {
        "1" => Kind::Submission,
        "2" => Kind::Reduction,
        "3" => Kind::Deletion,
        "4" => Kind::Execution,
        "5" => Kind::HiddenExecution,
        "6" => Kind::Cross,
        "7" => Kind::Halt,
        _ => return None,
    };
    let side = match fields.get(5)? {
        "1" => Side::Buy,
        "-1" => Side::Sell,
        _ => return None,
    };
    Some(Message {
        time_ns: nanoseconds(fields.get(0)?)?,
        kind,
        order: fields.get(2)?.parse().ok()?,
        size: fields.get(3)?.parse().ok()?,
        price: fields.get(4)?.parse().ok()?,
        side,
    })
}

/// Reads decimal seconds, down to a nanosecond. LOBSTER writes nine digits or more, depending on the year of the
/// file; what is smaller than a nanosecond orders nothing, since the lines are in order.
fn nanoseconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u64 = format!("{fraction:0<9.9}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000_000)?.checked_add(fraction)
}

fn book_row(fields: &csv::StringRecord, levels: usize) -> Option<BookRow> {
    let mut row = BookRow::default();
    let numbers: Vec<&str> = fields.iter().collect();
    let (quads, rest) = numbers.as_chunks::<4>();
    if !rest.is_empty() || quads.is_empty() {
        return None;
    }
    for [ask_price, ask_size, bid_price, bid_size] in quads.iter().take(levels) {
        level(ask_price, ask_size, &mut row.asks)?;
        level(bid_price, bid_size, &mut row.bids)?;
    }
    Some(row)
}

fn level(price: &str, size: &str, levels: &mut Vec<Level>) -> Option<()> {
    let price: i64 = price.parse().ok()?;
    let size: u64 = size.parse().ok()?;
    if price.abs() != NO_LEVEL && size > 0 {
        levels.push((u64::try_from(price).ok()?, size));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(line: &str) -> csv::StringRecord {
        line.split(',').collect()
    }

    #[test]
    fn a_message_is_read_exactly() {
        let read = message(&record("34200.004241176,1,16113575,18,5853300,-1")).unwrap();
        assert_eq!(read.time_ns, 34_200_004_241_176);
        assert_eq!((read.kind, read.order, read.size), (Kind::Submission, 16_113_575, 18));
        assert_eq!((read.price, read.side), (5_853_300, Side::Sell));
        assert_eq!(message(&record("34200.5,7,0,0,-1,-1")).unwrap().time_ns, 34_200_500_000_000);
        let longer = message(&record("34200.017459617999,5,0,1,2238200,-1")).unwrap();
        assert_eq!(longer.time_ns, 34_200_017_459_617, "twelve digits");
        for bad in ["34200,9,1,1,1,1", "x,1,1,1,1,1", "1.00000000x1,1,1,1,1,1", "1,1,1,1,1,0", "1,1"] {
            assert_eq!(message(&record(bad)), None, "{bad}");
        }
    }

    #[test]
    fn missing_levels_are_left_out() {
        let row = book_row(&record("101,5,100,6,9999999999,0,-9999999999,0"), usize::MAX).unwrap();
        assert_eq!((row.asks, row.bids), (vec![(101, 5)], vec![(100, 6)]));
        assert!(book_row(&record("101,5,100"), 1).is_none());
    }
}
