//! The whole trip of an order, account → symbol → account, against the bare trip of three empty messages.
//!
//! Both run in one process, in turns, with a generator thread and the same number of messages in flight, so the
//! ratio says what the exchange costs on top of the actors themselves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use actix::prelude::*;
use lightning_exchange::{
    actors::{self, Exchange, Settings},
    domain::{
        messages::{
            command::{AccountCommand, CancelOrder, CreateAccount, OrderRef, Transfer},
            reject::Reject,
        },
        orders::{NewOrder, TimeInForce},
        types::{
            id::{AccountId, AssetId, ClientOrderId, SymbolId},
            money::{Amount, Lots, Price},
        },
    },
};
use serde::Serialize;
use tracing::Span;

use super::{
    median_of,
    quiet::{NoEncoder, sample},
    yardstick::{Operation, Record, Workload},
};

/// How many orders are in flight at most.
const IN_FLIGHT: u64 = 1_024;

/// The figures of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Commands in one run.
    pub commands: usize,
    /// Trades the exchange made in its last run.
    pub trades: u64,
    /// Median commands per second through the exchange.
    pub trip_per_second: f64,
    /// Median trips per second through bare actors.
    pub bare_per_second: f64,
    /// Median of the ratios of the rates, run by run.
    pub ratio: f64,
    /// Median CPU time of the whole process per command, generator included.
    pub trip_cpu_nanos: f64,
    /// The same for bare actors.
    pub bare_cpu_nanos: f64,
    /// Median of the ratios of bare to whole CPU time: what the rate's ratio would be on idle cores.
    pub cpu_ratio: f64,
}

/// Runs both trips `runs` times in turn.
///
/// # Errors
/// The workload cannot be read, or an actor system fails.
pub fn run(workload: &std::path::Path, runs: usize, commands: usize) -> anyhow::Result<Report> {
    let workload = Workload::load(workload)?;
    let records = &workload.records;
    anyhow::ensure!(commands < records.len(), "the workload has only {} commands", records.len());
    let accounts = workload.records.iter().map(|record| record.account).max().unwrap_or_default();
    let mut costs = Vec::new();
    let mut trades = 0;
    for _ in 0..runs {
        let bare = bare(commands)?;
        let (trip, traded) = trip(records, commands, accounts)?;
        trades = traded;
        costs.push((trip, bare));
    }
    let of = |figure| median_of(&costs, figure);
    Ok(Report {
        commands,
        trades,
        trip_per_second: of(|(trip, _)| trip.per_second),
        bare_per_second: of(|(_, bare)| bare.per_second),
        ratio: of(|(trip, bare)| trip.per_second / bare.per_second),
        trip_cpu_nanos: of(|(trip, _)| trip.cpu_nanos),
        bare_cpu_nanos: of(|(_, bare)| bare.cpu_nanos),
        cpu_ratio: of(|(trip, bare)| bare.cpu_nanos / trip.cpu_nanos),
    })
}

/// A record as a command; orders are named by their record so that cancels can find them.
fn command(record: &Record) -> Option<AccountCommand> {
    let account = AccountId::new(u64::from(record.account));
    let symbol = SymbolId::new(1);
    let client_id = ClientOrderId::generated(u64::from(record.order));
    let time_in_force = match record.operation {
        Operation::Add => TimeInForce::Gtc,
        Operation::AddImmediate => TimeInForce::Ioc,
        Operation::Cancel => {
            let order = OrderRef { id: None, client_id: Some(client_id) };
            return Some(AccountCommand::Cancel(CancelOrder {
                account,
                symbol,
                order,
                restriction: None,
                name: None,
            }));
        }
        Operation::Move => return None, // W3 has none
    };
    let (price, lots) = (Price::from_ticks(u64::from(record.price)), Lots::new(u64::from(record.lots)));
    let order = NewOrder::limit(account, symbol, record.side, price, lots);
    Some(AccountCommand::Place(NewOrder { time_in_force, client_id: Some(client_id), ..order }))
}

/// The first part of the flow, up to what is measured, warms up: books and tables reach their size.
fn trip(records: &[Record], measured: usize, accounts: u32) -> anyhow::Result<(Cost, u64)> {
    let system = System::new();
    let result = system.block_on(async {
        let mut settings = Settings::new(Arc::new(sample()?));
        settings.symbol_gate.commands = usize::try_from(IN_FLIGHT)?;
        let running = actors::start(settings, Box::new(NoEncoder), Arc::new(()));
        let exchange = running.exchange.clone();
        let (warm_up, records) = records.split_at(records.len() - measured);
        let (warm_up, records) = (warm_up.to_vec(), records.to_vec());
        let generator = exchange.clone();
        tokio::task::spawn_blocking(move || {
            fund(&generator, accounts);
            warm_up.iter().filter_map(command).for_each(|command| send(&generator, &command));
        })
        .await?;
        let generator = exchange.clone();
        let meter = Meter::start();
        tokio::task::spawn_blocking(move || {
            records.iter().filter_map(command).for_each(|command| send(&generator, &command));
        })
        .await?;
        running.drain().await;
        let cost = meter.stop(measured);
        let trades = exchange.metrics().trading.trades.total();
        running.stop();
        Ok::<_, anyhow::Error>((cost, trades))
    });
    System::current().stop();
    result
}

/// What one trip took.
#[derive(Debug, Clone, Copy)]
struct Cost {
    per_second: f64,
    cpu_nanos: f64,
}

/// Measures wall time and the CPU time of the whole process.
struct Meter {
    started: Instant,
    cpu: Duration,
}

impl Meter {
    fn start() -> Self {
        Self { started: Instant::now(), cpu: process_cpu() }
    }

    fn stop(self, trips: usize) -> Cost {
        let cpu = (process_cpu() - self.cpu).as_nanos() as f64;
        Cost {
            per_second: trips as f64 / self.started.elapsed().as_secs_f64(),
            cpu_nanos: cpu / trips as f64,
        }
    }
}

/// User and system time of this process so far, all threads.
pub(super) fn process_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// Gives every account more than it can use.
fn fund(exchange: &Exchange, accounts: u32) {
    for id in (1..=accounts).map(|id| AccountId::new(u64::from(id))) {
        send(
            exchange,
            &AccountCommand::CreateAccount(CreateAccount { id: Some(id), tier: 0, is_unlimited: false }),
        );
        for asset in [1, 2] {
            let amount = Amount::new(10_i128.pow(24));
            let asset = AssetId::new(asset);
            send(
                exchange,
                &AccountCommand::Deposit(Transfer { account: id, asset, amount, request_id: None }),
            );
        }
    }
}

/// Sends a command, waiting for mailbox capacity if there is none; the answer is not awaited.
fn send(exchange: &Exchange, command: &AccountCommand) {
    loop {
        match exchange.dispatch(command.clone(), None, None, Span::none()) {
            Err(Reject::Busy) => std::thread::sleep(Duration::from_micros(100)),
            _ => return,
        }
    }
}

/// A message of the size of an order that does nothing but travel.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
struct Hop([u64; 12]);

#[derive(Debug)]
struct BareAccount {
    symbol: Addr<BareSymbol>,
    done: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct BareSymbol {
    account: Option<Addr<BareAccount>>,
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Meet(Addr<BareAccount>);

impl Actor for BareAccount {
    type Context = Context<Self>;
}

impl Actor for BareSymbol {
    type Context = Context<Self>;
}

impl Handler<Meet> for BareSymbol {
    type Result = ();

    fn handle(&mut self, meet: Meet, _: &mut Self::Context) {
        self.account = Some(meet.0);
    }
}

impl Handler<Hop> for BareSymbol {
    type Result = ();

    fn handle(&mut self, mut hop: Hop, _: &mut Self::Context) {
        hop.0[0] = 1;
        if let Some(account) = &self.account {
            account.do_send(hop);
        }
    }
}

impl Handler<Hop> for BareAccount {
    type Result = ();

    fn handle(&mut self, hop: Hop, _: &mut Self::Context) {
        if hop.0[0] == 0 {
            self.symbol.do_send(hop);
        } else {
            self.done.fetch_add(1, Ordering::Release);
        }
    }
}

fn bare(trips: usize) -> anyhow::Result<Cost> {
    let system = System::new();
    let rate = system.block_on(async move {
        let arbiters = [Arbiter::new(), Arbiter::new()];
        let done = Arc::new(AtomicU64::new(0));
        let symbol = BareSymbol::start_in_arbiter(&arbiters[1].handle(), |_| BareSymbol::default());
        let (peer, counter) = (symbol.clone(), Arc::clone(&done));
        let account = BareAccount::start_in_arbiter(&arbiters[0].handle(), move |_| BareAccount {
            symbol: peer,
            done: counter,
        });
        symbol.do_send(Meet(account.clone()));
        let meter = Meter::start();
        tokio::task::spawn_blocking(move || {
            let trips = trips as u64;
            for sent in 0..trips {
                while sent >= done.load(Ordering::Acquire) + IN_FLIGHT {
                    std::thread::sleep(Duration::from_micros(100));
                }
                account.do_send(Hop([0; 12]));
            }
            while done.load(Ordering::Acquire) < trips {
                std::thread::sleep(Duration::from_micros(100));
            }
        })
        .await?;
        let cost = meter.stop(trips);
        for arbiter in arbiters {
            arbiter.stop();
            let _ = arbiter.join();
        }
        Ok::<_, anyhow::Error>(cost)
    });
    System::current().stop();
    rate
}
