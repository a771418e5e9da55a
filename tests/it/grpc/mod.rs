//! gRPC as a client without the schema sees it: everything comes from reflection, in JSON.

mod book;
mod calls;
pub(crate) mod client;
mod counted;
mod owners;
mod proofs;
mod streams;
