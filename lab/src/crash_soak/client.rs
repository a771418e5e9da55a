//! A client process: keeps many requests in flight, logs everything, and pauses on command.

use std::{
    cell::{Cell, RefCell},
    io::{BufRead, Write},
    path::PathBuf,
    rc::Rc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, anyhow};
use lightning_exchange::{
    client::{Client, Credentials},
    feed::synthetic::Random,
};
use tokio::{sync::Notify, time::sleep};

use super::{
    decide::Decider,
    fixture::{Fixture, load},
    log::{self, LogWriter},
    record::{Record, Request},
    streams,
    wire::{self, Outcome},
};

/// The options of a client process.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// The server.
    pub url: String,
    /// Where logs are written and the accounts are listed.
    pub directory: PathBuf,
    /// Which client this is, from 0.
    pub client: usize,
    /// The seed of the soak.
    pub seed: u64,
    /// Requests in flight.
    pub in_flight: usize,
    /// Whether some orders carry an idempotency key.
    pub idempotency: bool,
}

/// The commands of the parent on standard input.
enum Instruction {
    /// Start, with a new log.
    Go(u64),
    /// Finish what is in flight, and confirm.
    Pause,
}

/// What every task of a client shares.
pub(super) struct Shared {
    log: RefCell<LogWriter>,
    /// No new requests may be sent.
    paused: Cell<bool>,
    /// The server cannot be reached: one task polls it, the others wait.
    down: Cell<bool>,
    in_flight: Cell<usize>,
    changed: Notify,
    next_op: Cell<u64>,
    failure: RefCell<Option<String>>,
}

/// Microseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

impl Shared {
    /// Writes a line; a log that cannot be written ends the client.
    pub(super) fn write(&self, record: &Record) {
        if let Err(error) = self.log.borrow_mut().write(record) {
            *self.failure.borrow_mut() = Some(format!("the log cannot be written: {error}"));
            self.changed.notify_waiters();
        }
    }

    async fn open(&self) {
        while self.paused.get() || self.down.get() {
            let changed = self.changed.notified();
            if self.paused.get() || self.down.get() {
                changed.await;
            }
        }
    }
}

/// Runs a client until its standard input ends. Call it inside an actix system.
///
/// # Errors
/// When its accounts cannot be read or its log cannot be written.
pub async fn run_client(options: ClientOptions) -> Result<()> {
    let fixture = load(&options.directory)?;
    let own: Vec<(u64, Credentials)> =
        fixture.of_client(options.client).map(|key| (key.account, key.credentials())).collect();
    let shared = Rc::new(Shared {
        log: RefCell::new(LogWriter::open(&log::file(&options.directory, options.client, 0))?),
        paused: Cell::new(true),
        down: Cell::new(false),
        in_flight: Cell::new(0),
        changed: Notify::new(),
        next_op: Cell::new(0),
        failure: RefCell::new(None),
    });
    let ids: Vec<u64> = own.iter().map(|(id, _)| *id).collect();
    let random = Random::stream(options.seed, 1 + options.client as u64);
    let prefix = format!("s{}c{}", options.seed, options.client);
    let decider = Rc::new(RefCell::new(Decider::new(random, prefix, options.idempotency, &ids)));
    let client = Client::new(&options.url).with_operator(&fixture.token);
    let own = Rc::new(own);
    for _ in 0..options.in_flight {
        let (shared, decider, client, own) =
            (Rc::clone(&shared), Rc::clone(&decider), client.clone(), Rc::clone(&own));
        actix::spawn(async move { work(&shared, &decider, &client, &own).await });
    }
    follow_streams(&options, &fixture, &ids, &shared);
    let (sender, mut instructions) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(std::io::Result::ok) {
            let instruction = match line.split_once(' ') {
                Some(("go", epoch)) => epoch.parse().ok().map(Instruction::Go),
                _ => (line == "pause").then_some(Instruction::Pause),
            };
            if instruction.is_some_and(|instruction| sender.send(instruction).is_err()) {
                return;
            }
        }
    });
    while let Some(instruction) = instructions.recv().await {
        match instruction {
            Instruction::Go(epoch) => {
                let path = log::file(&options.directory, options.client, epoch);
                *shared.log.borrow_mut() = LogWriter::open(&path)?;
                decider.borrow_mut().renew();
                shared.paused.set(false);
                shared.changed.notify_waiters();
            }
            Instruction::Pause => {
                shared.paused.set(true);
                while shared.in_flight.get() > 0 {
                    sleep(Duration::from_millis(1)).await;
                }
            }
        }
        if let Some(failure) = shared.failure.take() {
            return Err(anyhow!(failure));
        }
        let state = if shared.paused.get() { "paused" } else { "going" };
        let mut out = std::io::stdout();
        writeln!(out, "{state}").and_then(|()| out.flush()).context("the parent is gone")?;
    }
    Ok(())
}

fn follow_streams(options: &ClientOptions, fixture: &Fixture, ids: &[u64], shared: &Rc<Shared>) {
    let (url, stream_shared) = (options.url.clone(), Rc::clone(shared));
    actix::spawn(async move { streams::public(&url, &stream_shared).await });
    if ids.contains(&fixture.demo) {
        let (url, stream_shared, demo) = (options.url.clone(), Rc::clone(shared), fixture.demo);
        actix::spawn(async move { streams::private(&url, demo, &stream_shared).await });
    }
}

/// Sends one request after the other.
async fn work(shared: &Shared, decider: &RefCell<Decider>, client: &Client, accounts: &[(u64, Credentials)]) {
    loop {
        shared.open().await;
        let decided = decider.borrow_mut().next();
        let Some((at, account, request)) = decided else {
            sleep(Duration::from_millis(1)).await;
            continue;
        };
        shared.in_flight.set(shared.in_flight.get() + 1);
        let is_down = perform(shared, decider, client, (at, account, &accounts[at].1), request).await;
        shared.in_flight.set(shared.in_flight.get() - 1);
        if is_down && !shared.down.replace(true) {
            while client.get("/health/ready", &[]).await.is_err() {
                sleep(Duration::from_millis(3)).await;
            }
            shared.down.set(false);
            shared.changed.notify_waiters();
        }
    }
}

/// Sends one request; returns whether the server cannot be reached.
async fn perform(
    shared: &Shared,
    decider: &RefCell<Decider>,
    client: &Client,
    (at, account, credentials): (usize, u64, &Credentials),
    request: Request,
) -> bool {
    let op = shared.next_op.get();
    shared.next_op.set(op + 1);
    shared.write(&Record::Invoke { op, at: now(), account, request: request.clone() });
    let outcome = wire::send(client, account, credentials, &request).await;
    let at_time = now();
    match outcome {
        Outcome::Done(answer) => {
            decider.borrow_mut().note_outcome(at, &request, Some(&answer));
            shared.write(&Record::Ok { op, at: at_time, answer });
            false
        }
        Outcome::Refused { status, code, message } => {
            decider.borrow_mut().note_outcome(at, &request, None);
            shared.write(&Record::Refused { op, at: at_time, status, code, message });
            false
        }
        Outcome::Unknown { reason, is_down } => {
            decider.borrow_mut().note_outcome(at, &request, None);
            shared.write(&Record::Info { op, at: at_time, reason });
            is_down
        }
    }
}
