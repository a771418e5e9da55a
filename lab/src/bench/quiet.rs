//! Stand-ins for what a bench leaves out.

use lightning_exchange::{
    actors::message::{Encoder, EventEnvelope, MarketUpdate, TimeUnit, Topic},
    domain::{account::UserEvent, instruments::Instruments, testing::sample, types::time::Timestamp},
};

/// Encodes nothing: no session ever opens.
#[derive(Debug)]
pub(super) struct NoEncoder;

impl Encoder for NoEncoder {
    fn market(&self, _: Topic, _: &MarketUpdate, _: TimeUnit, _: bool) -> String {
        String::new()
    }

    fn user(&self, _: &UserEvent, _: TimeUnit, _: EventEnvelope) -> String {
        String::new()
    }

    fn shutdown(&self, _: bool, _: Timestamp) -> String {
        String::new()
    }

    fn api_shutdown(&self, _: Timestamp) -> String {
        String::new()
    }
}

/// The instruments of the benches.
pub(super) fn sample() -> anyhow::Result<Instruments> {
    sample::instruments().map_err(|faults| anyhow::anyhow!(faults.join("; ")))
}
