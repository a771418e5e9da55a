//! Accounts: balances, holds, settlement, and the private state of orders.

mod admin;
mod announce;
mod archive;
mod cancel;
mod change;
mod check;
mod countdown;
mod credential;
mod event;
mod keyed;
mod ledger;
mod list;
mod list_place;
mod place;
mod plan;
mod query;
mod quota;
mod record;
mod settle;
mod slot;
mod special;
mod state;
mod turn;
mod update;
mod view;

pub use archive::{Amendment, Prevention};
pub use change::{AccountFrame, Cause, Change, FrameHead, Lowering};
pub use check::Totals;
pub use event::{Execution, ExecutionKind, UserEvent, UserEventKind};
pub use keyed::{KEY_LIFE_MICROS, KEYED_ORDERS_MAX};
pub use ledger::{Place, Posting};
pub use query::{AccountQuery, AccountView, Found, Page};
pub use record::{Backlog, EVENTS_PER_ACCOUNT_MAX, EVENTS_PER_SLOT_MAX, Gap, RECORDED_PER_SLOT_MAX};
pub use slot::{AccountInput, AccountOutput, AccountSlot, HASH_EVERY};
pub use state::{AccountState, Deferred, Kept, Pending, Placing};
