//! A second, slow, obviously correct book and ledger. Tests and soaks compare the real ones with these after every
//! command; nothing else uses them.

pub mod book;
pub mod compare;
pub mod ledger;
pub mod triggers;
