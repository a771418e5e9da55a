//! What the integration tests share.

mod data;
mod keys;
mod server;
pub(crate) mod source;

pub(crate) use data::data;
pub(crate) use keys::KeyPair;
pub(crate) use server::{OPERATOR_TOKEN, TestServer, block_on};
