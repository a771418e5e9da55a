//! gRPC as a client without the schema sees it: everything it knows it has from reflection, and it speaks JSON.

mod book;
mod calls;
pub(crate) mod client;
mod counted;
mod owners;
mod proofs;
mod streams;
