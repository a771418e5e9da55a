//! The history follows from the journal: whatever the batches, the interruptions and the database.

mod account_history;
mod commands;
mod databases;
mod projection;
mod served;
mod service;
