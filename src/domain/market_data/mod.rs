//! Market data: the public state of a symbol, derived from its public events.

mod calendar;
mod candle;
mod candles;
mod checksum;
mod diff;
mod image;
mod interval;
mod spread;
mod trades;
mod window;

pub use candle::{Candle, base_volume, fill, quote_volume, roll_up};
pub use candles::{Candles, Stretch};
pub use checksum::{CHECKSUM_LEVELS, checksum};
pub use diff::{DepthDiff, DiffLog, OutOfReach};
pub use image::{BestQuotes, MarketHistory, MarketImage};
pub use interval::{Interval, THREE_DAY_PHASE, Zone};
pub use spread::{spread, spread_basis_points};
pub use trades::{AggregateTrade, Part, Range, Trades};
pub use window::{AVERAGE_MINUTES, Window, average_open, rolling_open};
