//! What the integration tests share.

mod data;
mod keys;
mod process;
mod server;
pub(crate) mod source;

pub(crate) use data::data;
pub(crate) use keys::KeyPair;
pub(crate) use process::{Process, complaint, lightning, on_directory, printed};
pub(crate) use server::{OPERATOR_TOKEN, TestServer, block_on};
