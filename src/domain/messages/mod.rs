//! The commands slots accept, the messages between slots, and the reasons for rejects.

pub mod command;
pub mod credential;
pub mod link;
pub mod message;
pub mod reject;
pub mod standing;
