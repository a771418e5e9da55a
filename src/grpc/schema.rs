//! The messages and the service, generated from `proto/lightning.proto`.

tonic::include_proto!("schema");

/// Their descriptors, for reflection.
pub(super) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lightning.bin"));
