//! What slots are asked, what they say to each other, and why they refuse.

pub mod command;
pub mod credential;
pub mod link;
pub mod message;
pub mod reject;
