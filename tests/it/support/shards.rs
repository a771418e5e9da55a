//! Real shards on a clock that stands still, and a hold on their thread: what happens in one turn does not depend on timing.

use std::sync::{Arc, Barrier, Mutex, atomic::AtomicU64};

use lightning_exchange::{
    actors::{self, Clock, KeyListener, Running, Settings},
    config::Layers,
    domain::{
        messages::{
            command::{AccountCommand, CreateApiKey, Permissions},
            credential::KeyMaterial,
        },
        types::{id::AccountId, time::Timestamp},
    },
    http::ws::WireEncoder,
};
use tracing::Span;

/// Where the clock of [`Shards`] stands at first.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Holds a shard's thread in the next key it makes, if it is armed.
#[derive(Debug, Default)]
struct Pause(Mutex<Option<Arc<Barrier>>>);

impl KeyListener for Pause {
    fn api_key_created(&self, _: &CreateApiKey) {
        let hold = self.0.lock().unwrap().take();
        if let Some(hold) = hold {
            hold.wait();
            hold.wait();
        }
    }
}

/// A shard's thread on its way into the end of a turn.
#[must_use]
pub(crate) struct Hold(Arc<Barrier>);

impl Hold {
    /// Waits until the thread stands at the end of the turn that makes the key: its frames are queued, and other shards have
    /// not received what was done in it.
    pub(crate) fn stands(&self) {
        self.0.wait();
    }

    /// Lets the thread go on.
    pub(crate) fn go(self) {
        self.0.wait();
    }
}

/// Two shards of each kind without a journal, on one thread unless the test says otherwise.
pub(crate) struct Shards {
    /// The exchange.
    pub(crate) running: Running,
    /// Its time, in microseconds.
    pub(crate) clock: Arc<AtomicU64>,
    pause: Arc<Pause>,
    keys: u64,
}

impl Shards {
    /// Starts them. Call it inside an actix system.
    pub(crate) fn start(change: impl FnOnce(&mut Settings)) -> Self {
        let instruments = Layers::defaults().load().unwrap().instruments;
        let encoder = Box::new(WireEncoder::new(Arc::clone(&instruments)));
        let (clock, hand) = Clock::manual(START);
        let mut settings = Settings { clock, ..Settings::new(instruments) };
        (settings.account_shards, settings.symbol_shards, settings.arbiters) = (2, 2, 1);
        change(&mut settings);
        let pause = Arc::new(Pause::default());
        let running = actors::start(settings, encoder, Arc::clone(&pause) as Arc<dyn KeyListener>);
        Self { running, clock: hand, pause, keys: 0 }
    }

    /// Sends a key of the account that holds its shard's thread when it is made.
    pub(crate) fn hold(&mut self, account: AccountId) -> Hold {
        let barrier = Arc::new(Barrier::new(2));
        *self.pause.0.lock().unwrap() = Some(Arc::clone(&barrier));
        self.keys += 1;
        let key = AccountCommand::CreateApiKey(CreateApiKey {
            account,
            key: format!("key{}", self.keys),
            material: KeyMaterial::Hmac(String::new()),
            permissions: Permissions::default(),
            label: String::new(),
            created_at: Timestamp::default(),
        });
        drop(self.running.exchange.dispatch(key, None, None, Span::none()).unwrap());
        Hold(barrier)
    }
}
