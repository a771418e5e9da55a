//! The messages and the service, as `proto/lightning.proto` has them.

tonic::include_proto!("schema");

/// The descriptors of all this, for reflection.
pub(super) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lightning.bin"));
