//! The time of a recovery, and the cost of a snapshot in progress to concurrent trading.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix::prelude::*;
use lightning_exchange::{
    actors::{self, Exchange, Opening, Settings},
    domain::{
        account::{AccountInput, AccountOutput, AccountSlot},
        book::BookLimits,
        instruments::Instruments,
        matching::{SymbolInput, SymbolOutput, SymbolSlot},
        messages::{
            command::{AccountCommand, CreateAccount, Transfer},
            message::{Envelope, ToAccount, ToSymbol},
        },
        orders::{NewOrder, Side},
        types::{
            id::{AccountId, AssetId, CommandId, SLOT_COUNT, SlotId, SymbolId},
            money::{Amount, Lots, Price},
            time::Timestamp,
        },
    },
    journal::{self, DataDirectory, LogWriter, snapshot::Pace},
    store::{self, Frames, RecoverySettings, Taking, Until},
};
use serde::Serialize;
use tracing::Span;

use super::{
    latency::Latency,
    median,
    quiet::{NoEncoder, sample},
    server::Directory,
};

const SYMBOL: SymbolId = SymbolId::new(1);
const LIMITS: BookLimits = BookLimits { orders_max: 1 << 24, fills_max: 10_000 };

/// The figures.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Accounts, with two balances each.
    pub accounts: u64,
    /// Resting orders.
    pub orders: u64,
    /// The size of their snapshot on disk.
    pub snapshot_bytes: u64,
    /// Median time to recover from the snapshot alone.
    pub snapshot_seconds: f64,
    /// Frames behind the snapshot.
    pub frames: u64,
    /// Median time those add to a recovery.
    pub replay_seconds: f64,
    /// Trading while no snapshot is being made.
    pub calm: Latency,
    /// Trading while one is.
    pub busy: Latency,
    /// Median, run by run, of the p99 while a snapshot is being made by the p99 without.
    pub trading_p99_ratio: f64,
}

/// Measures `runs` times.
///
/// # Errors
/// The disk refuses, or the exchange does.
pub fn run(runs: usize, accounts: u64, orders: u64, frames: u64) -> anyhow::Result<Report> {
    let directory = Directory::new()?;
    let path = directory.0.join("data");
    let instruments = Arc::new(sample()?);
    let settings = RecoverySettings {
        known: Vec::new(),
        accepted_loss: None,
        instruments: Arc::clone(&instruments),
        limits: LIMITS,
        segment_bytes: 64 << 20,
        workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        clock: || 0,
    };
    let data = store::open_directory(&path)?;
    let mut slots = Slots::new(&instruments);
    let mut writer = store::recover(&data, &settings, &mut |_| ())?.writer;
    slots.fund(accounts, &mut writer)?;
    slots.rest(accounts, orders, &mut writer)?;
    writer.marker()?;
    let taking = Taking { pace: Pace::Fast, workers: settings.workers, created: 0, ingested: u64::MAX };
    let snapshot = || store::take_snapshot(&data.disk(), data.identity(), &instruments, Until::End, taking);
    let snapshot_made = snapshot()?.ok_or_else(|| anyhow::anyhow!("no snapshot was taken"))?;
    let snapshot_bytes = snapshot_bytes(&data, snapshot_made.lsn)?;
    drop(writer);
    let mut from_snapshot = time(runs, &data, &settings)?;
    let mut writer = store::recover(&data, &settings, &mut |_| ())?.writer;
    slots.cancel_and_rest(frames, &mut writer)?;
    writer.marker()?;
    drop((writer, slots));
    let mut with_frames = time(runs, &data, &settings)?;
    let snapshot_seconds = median(&mut from_snapshot);
    let replay_seconds = median(&mut with_frames) - snapshot_seconds;
    let (calm, busy, trading_p99_ratio) = trade(runs, &data, &settings, accounts)?;
    Ok(Report {
        accounts,
        orders,
        snapshot_bytes,
        snapshot_seconds,
        frames,
        replay_seconds,
        calm,
        busy,
        trading_p99_ratio,
    })
}

fn time(runs: usize, data: &DataDirectory, settings: &RecoverySettings) -> anyhow::Result<Vec<f64>> {
    (0..runs)
        .map(|_| {
            let started = Instant::now();
            let recovered = store::recover(data, settings, &mut |_| ())?;
            let took = started.elapsed().as_secs_f64();
            drop(recovered);
            Ok(took)
        })
        .collect()
}

fn snapshot_bytes(data: &DataDirectory, lsn: u64) -> anyhow::Result<u64> {
    let snapshot = journal::snapshot::load(&data.disk(), lsn)?;
    Ok(snapshot.parts().iter().map(|part| part.bytes).sum())
}

/// Trades on the recovered exchange at a moderate pace, without and with snapshots being made beside it.
fn trade(
    runs: usize,
    data: &DataDirectory,
    settings: &RecoverySettings,
    accounts: u64,
) -> anyhow::Result<(Latency, Latency, f64)> {
    let recovered = store::recover(data, settings, &mut |_| ())?;
    let (journal, thread) = journal::start(recovered.writer, journal::Durability::Fsync, Box::new(|_| ()))?;
    let parts = recovered.replica.into_parts();
    let opening = Opening { parts, journal: Some(journal.clone()), ..Opening::default() };
    let (disk, identity) = (data.disk(), data.identity());
    let instruments = Arc::clone(&settings.instruments);
    let system = System::new();
    let measured = system.block_on(async {
        let settings = Settings::new(Arc::clone(&instruments));
        let running = actors::start_with(settings, Box::new(NoEncoder), Arc::new(()), opening);
        let exchange = &running.exchange;
        let (mut calm, mut busy, mut ratios) = (Latency::default(), Latency::default(), Vec::new());
        paced(exchange, accounts, Duration::from_secs(2), || false).await?;
        for _ in 0..runs {
            calm = paced(exchange, accounts, Duration::from_secs(4), || false).await?;
            let (durable, disk, instruments) =
                (journal.durable(), Arc::clone(&disk), Arc::clone(&instruments));
            let making = std::thread::spawn(move || {
                // As the snapshotter does.
                let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19);
                let taking = Taking { pace: Pace::Gentle, workers: 1, created: 0, ingested: u64::MAX };
                store::take_snapshot(&disk, identity, &instruments, Until::Durable(durable), taking)
            });
            busy = paced(exchange, accounts, Duration::from_secs(60), || making.is_finished()).await?;
            if let Ok(snapshot_made) = making.join() {
                snapshot_made?;
            }
            ratios.push(busy.p99_us / calm.p99_us);
        }
        running.stop();
        Ok::<_, anyhow::Error>((calm, busy, median(&mut ratios)))
    });
    System::current().stop();
    drop(journal);
    thread.stop()?;
    measured
}

/// Orders at fixed instants, 2,000 a second, until it is over; latency counts from when an order was due.
async fn paced(
    exchange: &Exchange,
    accounts: u64,
    longest: Duration,
    is_over: impl Fn() -> bool,
) -> anyhow::Result<Latency> {
    const PER_TICK: u64 = 4;
    const TICK: Duration = Duration::from_millis(2);
    let started = Instant::now();
    let mut tasks = Vec::new();
    let mut tick = 0_u32;
    while started.elapsed() < longest && !is_over() {
        let due = started + TICK * tick;
        tokio::time::sleep_until(due.into()).await;
        for index in 0..PER_TICK {
            let number = u64::from(tick) * PER_TICK + index;
            let account = AccountId::new(1 + number * 7_919 % accounts);
            let side = if index.is_multiple_of(2) { Side::Buy } else { Side::Sell };
            let order = order(account, side, 100_000_000, 1);
            let answer = exchange.dispatch(AccountCommand::Place(order), None, None, Span::none())?;
            tasks.push(tokio::task::spawn_local(async move {
                answer.await.map(|acknowledged| acknowledged.answer.map(|_| due.elapsed()))
            }));
        }
        tick += 1;
    }
    let mut samples = Vec::with_capacity(tasks.len());
    for task in tasks {
        samples.push(task.await???);
    }
    Ok(Latency::of(samples))
}

fn order(account: AccountId, side: Side, ticks: u64, lots: u64) -> NewOrder {
    NewOrder::limit(account, SYMBOL, side, Price::from_ticks(ticks), Lots::new(lots))
}

/// Every slot on one thread, to make a large state quickly.
struct Slots {
    accounts: Vec<AccountSlot>,
    symbol: SymbolSlot,
    account_out: AccountOutput,
    symbol_out: SymbolOutput,
    frames: Frames,
    commands: u64,
    /// Orders that rest, with their accounts.
    resting: Vec<(AccountId, lightning_exchange::domain::types::id::OrderId)>,
}

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

impl Slots {
    fn new(instruments: &Arc<Instruments>) -> Self {
        let slot = |slot| AccountSlot::new(SlotId::new(slot), Arc::clone(instruments));
        Self {
            accounts: (0..SLOT_COUNT).map(slot).collect(),
            symbol: SymbolSlot::new(SYMBOL.slot(), instruments, LIMITS),
            account_out: AccountOutput::default(),
            symbol_out: SymbolOutput::default(),
            frames: Frames::default(),
            commands: 0,
            resting: Vec::new(),
        }
    }

    fn fund(&mut self, accounts: u64, writer: &mut LogWriter) -> anyhow::Result<()> {
        for account in (1..=accounts).map(AccountId::new) {
            let create = CreateAccount { id: Some(account), tier: 0, is_unlimited: false };
            self.command(account, AccountCommand::CreateAccount(create), writer)?;
            for asset in [1, 2].map(AssetId::new) {
                let amount = Amount::new(10_i128.pow(18));
                let transfer = Transfer { account, asset, amount, request_id: None };
                self.command(account, AccountCommand::Deposit(transfer), writer)?;
            }
        }
        self.commit(writer)
    }

    fn rest(&mut self, accounts: u64, orders: u64, writer: &mut LogWriter) -> anyhow::Result<()> {
        let levels = (orders / 100).max(25);
        for index in 0..orders {
            let side = if index.is_multiple_of(2) { Side::Buy } else { Side::Sell };
            let away = 1 + index / 2 % levels;
            let ticks = if side == Side::Buy { 100_000_000 - away } else { 100_000_000 + away };
            let account = AccountId::new(1 + index % accounts);
            self.command(account, AccountCommand::Place(order(account, side, ticks, 100)), writer)?;
        }
        self.commit(writer)
    }

    /// Cancels orders and places others until about `frames` frames were written.
    fn cancel_and_rest(&mut self, frames: u64, writer: &mut LogWriter) -> anyhow::Result<()> {
        use lightning_exchange::domain::messages::command::{CancelOrder, OrderRef};
        // A cancel and an order are three frames each: request, match, settlement.
        for index in 0..frames / 6 {
            let place = (index * 7_919) as usize % self.resting.len();
            let (account, id) = self.resting.swap_remove(place);
            let by_id = OrderRef { id: Some(id), client_id: None };
            let cancel = CancelOrder { account, symbol: SYMBOL, order: by_id, restriction: None, name: None };
            self.command(account, AccountCommand::Cancel(cancel), writer)?;
            let side = if index.is_multiple_of(2) { Side::Buy } else { Side::Sell };
            let away = 1 + index % 5_000;
            let ticks = if side == Side::Buy { 100_000_000 - away } else { 100_000_000 + away };
            self.command(account, AccountCommand::Place(order(account, side, ticks, 100)), writer)?;
        }
        self.commit(writer)
    }

    fn command(
        &mut self,
        account: AccountId,
        command: AccountCommand,
        writer: &mut LogWriter,
    ) -> anyhow::Result<()> {
        self.commands += 1;
        let (id, slot) = (CommandId::new(self.commands), account.slot());
        let mut to_symbol = self.account(slot, AccountInput::Command { id, command, key: None })?;
        while let Some(envelope) = to_symbol.pop() {
            for envelope in self.symbol(envelope)? {
                if let ToAccount::OrderUpdated(update) = &envelope.body
                    && matches!(
                        update.change,
                        lightning_exchange::domain::messages::message::OrderChange::Accepted { .. }
                    )
                {
                    self.resting.push((account, update.order));
                }
                to_symbol.extend(self.account(envelope.to, AccountInput::Message(envelope))?);
            }
        }
        if self.commands.is_multiple_of(2_000) {
            self.commit(writer)?;
        }
        Ok(())
    }

    fn account(&mut self, slot: SlotId, input: AccountInput) -> anyhow::Result<Vec<Envelope<ToSymbol>>> {
        let out = &mut self.account_out;
        out.clear();
        let state = &mut self.accounts[slot.index()];
        state.handle(input, NOW, out)?;
        if let Some(head) = &out.frame {
            self.frames.push_account(head, &out.changes);
        }
        for (_, answer) in &out.answers {
            anyhow::ensure!(answer.is_ok(), "refused: {answer:?}");
        }
        // Both ends are here: every message is applied at once.
        for peer in state.waiting().collect::<Vec<_>>() {
            state.trim(peer, u64::MAX);
        }
        Ok(std::mem::take(&mut out.messages))
    }

    fn symbol(&mut self, envelope: Envelope<ToSymbol>) -> anyhow::Result<Vec<Envelope<ToAccount>>> {
        let out = &mut self.symbol_out;
        out.clear();
        self.symbol.handle(SymbolInput::Message(envelope), NOW, out)?;
        if let Some(head) = &out.frame {
            self.frames.push_symbol(head, &out.messages);
        }
        for message in &out.messages {
            self.symbol.trim(message.to, u64::MAX);
        }
        Ok(std::mem::take(&mut out.messages))
    }

    fn commit(&mut self, writer: &mut LogWriter) -> anyhow::Result<()> {
        let (bytes, count) = self.frames.take();
        writer.append(&bytes, count)?;
        writer.commit()?;
        Ok(())
    }
}
