//! Symbols: the book with its trade and update counters, and what the public is told.

mod calendar;
mod candle;
mod candles;
mod cascade;
mod checksum;
mod conditions;
mod diff;
mod event;
mod frame;
mod image;
mod interval;
mod pairs;
mod slot;
mod spread;
mod teller;
mod trades;
mod window;

pub use candle::{Candle, base_volume, fill, quote_volume, roll_up};
pub use candles::{Candles, Stretch};
pub use checksum::{CHECKSUM_LEVELS, checksum};
pub use diff::{DepthDiff, DiffLog, OutOfReach};
pub use event::{PublicEvent, PublicTrade};
pub use frame::{SymbolFrame, SymbolHead, SymbolState};
pub use image::{BestQuotes, MarketHistory, MarketImage};
pub use interval::{Interval, THREE_DAY_PHASE, Zone};
pub use slot::{EXPIRIES_PER_TICK, SymbolInput, SymbolOutput, SymbolSlot};
pub use spread::{spread, spread_basis_points};
pub use trades::{AggregateTrade, Part, Range, Trades};
pub use window::{AVERAGE_MINUTES, Window, average_open, rolling_open};
