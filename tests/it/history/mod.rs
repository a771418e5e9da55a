//! The history is the fold of the journal: whatever the batches, wherever it is stopped, whichever database it is in.

mod account_history;
mod commands;
mod databases;
mod projection;
mod served;
mod service;
