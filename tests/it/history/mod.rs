//! The history is the fold of the journal: whatever the batches, wherever it is stopped, whichever database it is in.

mod commands;
mod databases;
mod fold;
mod past;
mod served;
mod service;
