//! Labels that several metrics have.

use prometheus_client::encoding::EncodeLabelSet;

/// The shard a metric is about, such as `account-3`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ShardLabels {
    shard: String,
}

impl ShardLabels {
    pub(super) fn new(shard: &str) -> Self {
        Self { shard: shard.to_owned() }
    }
}
