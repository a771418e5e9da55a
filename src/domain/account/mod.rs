//! Accounts: balances, holds, settlement, and the private state of orders.

mod admin;
mod archive;
mod cancel;
mod check;
mod event;
mod ledger;
mod place;
mod plan;
mod query;
mod settle;
mod slot;
mod update;
mod view;

pub use check::Totals;
pub use event::{Execution, ExecutionKind, UserEvent, UserEventKind};
pub use ledger::{Place, Posting};
pub use query::{AccountQuery, AccountView, Page};
pub use slot::{AccountInput, AccountOutput, AccountSlot};
