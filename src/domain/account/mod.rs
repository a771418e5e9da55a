//! Accounts: balances, holds, settlement, and the private state of orders.

mod event;
mod query;

pub use event::{Execution, ExecutionKind, UserEvent, UserEventKind};
pub use query::{AccountQuery, AccountView, Page};
