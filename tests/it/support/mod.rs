//! What the integration tests share.

mod data;
mod keys;
mod process;
mod root;
mod server;
pub(crate) mod shards;
mod skip;
pub(crate) mod source;
mod wait;

pub(crate) use data::data;
pub(crate) use keys::KeyPair;
pub(crate) use process::{Process, complaint, lightning, on_directory, printed};
pub(crate) use root::root;
pub(crate) use server::{OPERATOR_TOKEN, TestServer, block_on};
pub(crate) use skip::skip;
pub(crate) use wait::{wait_until, wait_until_async};
