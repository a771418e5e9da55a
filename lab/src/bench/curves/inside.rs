//! One point of a curve in this process: a running exchange without HTTP and without a journal.
//!
//! Of four commands, one rests between bid and ask, one takes it, one rests deep in the book, and one cancels that. The rate and
//! the CPU time are those of many commands in flight; the latency is that of one at a time.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use actix::prelude::*;
use anyhow::{Result, ensure};
use lightning_exchange::{
    actors::{self, Exchange, Settings, message::Acknowledgement},
    domain::{
        instruments::Instruments,
        messages::command::{AccountCommand, CancelOrder, CreateAccount, OrderRef, Transfer},
        orders::{NewOrder, Side},
        testing::sample as samples,
        types::{
            id::{AccountId, AssetId, ClientOrderId, SymbolId},
            money::{Amount, Lots, Price},
            random::Random,
        },
    },
};
use tokio::sync::oneshot::Receiver;
use tracing::Span;

use super::{
    super::{latency::Latency, quiet::NoEncoder, trip::process_cpu, usage::resident_bytes},
    Axis, Point,
};

/// Accounts, symbols and shards where they are not what grows.
const ACCOUNTS: u64 = 10_000;
const SYMBOLS: u64 = 1;
const SHARDS: usize = 10;
/// How many commands are in flight while the rate is measured: fewer than any shard admits.
const IN_FLIGHT: usize = 512;
/// Commands one at a time, for the latency.
const PROBES: usize = 4_000;
/// Where orders trade, in ticks, and how many orders rest at a price.
const MIDDLE: u64 = 100_000_000;
const PER_LEVEL: u64 = 50;
const SEED: u64 = 1;
/// The first name of an order that is cancelled by it: orders without one are named by small numbers.
const FIRST_NAME: u64 = 1 << 62;

/// What the exchange holds.
#[derive(Debug, Clone, Copy)]
struct State {
    accounts: u64,
    symbols: u64,
    resting: u64,
    shards: usize,
}

impl State {
    fn of(axis: Axis, n: u64) -> Result<Self> {
        let state = Self { accounts: ACCOUNTS, symbols: SYMBOLS, resting: 0, shards: SHARDS };
        Ok(match axis {
            Axis::Accounts => Self { accounts: n, ..state },
            Axis::Symbols => Self { symbols: n, ..state },
            Axis::Resting => Self { resting: n, ..state },
            Axis::Shards => Self { shards: usize::try_from(n)?, ..state },
            Axis::Connections | Axis::Subscribers => anyhow::bail!("{} needs a server", axis.name()),
        })
    }

    /// How many prices of each side have orders.
    fn levels(self) -> u64 {
        (self.resting / self.symbols / PER_LEVEL / 2).max(20)
    }
}

/// Measures one point.
///
/// # Errors
/// The axis needs a server, or a command is refused.
pub fn point(axis: Axis, n: u64, commands: usize) -> Result<Point> {
    let state = State::of(axis, n)?;
    let system = System::new();
    let measured = system.block_on(async {
        let mut settings = Settings::new(Arc::new(instruments(state.symbols)?));
        (settings.account_shards, settings.symbol_shards) = (state.shards, state.shards);
        let running = actors::start(settings, Box::new(NoEncoder), Arc::new(()));
        let measured = measure(&running.exchange, axis, n, state, commands).await;
        running.stop();
        measured
    });
    System::current().stop();
    measured
}

async fn measure(exchange: &Exchange, axis: Axis, n: u64, state: State, commands: usize) -> Result<Point> {
    let mut flow = Flow::new(exchange, state);
    for command in (1..=state.accounts).flat_map(fund) {
        flow.send(command).await?;
    }
    flow.finish().await?;
    for _ in 0..state.resting {
        let order = flow.deep();
        flow.send(AccountCommand::Place(order)).await?;
    }
    // The books and tables reach their size: as much as is measured, up to a point.
    flow.trade(commands.min(20_000)).await?;
    flow.finish().await?;
    let bytes = resident_bytes(std::process::id())?;
    let (started, cpu) = (Instant::now(), process_cpu());
    flow.trade(commands).await?;
    flow.finish().await?;
    let (took, cpu) = (started.elapsed().as_secs_f64(), process_cpu().saturating_sub(cpu).as_secs_f64());
    let latency = Latency::of(flow.probe(PROBES.min(commands)).await?);
    Ok(Point {
        axis,
        n,
        per_second: commands as f64 / took,
        cpu_us: cpu * 1e6 / commands as f64,
        p50_us: latency.p50_us,
        p99_us: latency.p99_us,
        bytes,
    })
}

/// The commands that open an account with more than it can use.
fn fund(account: u64) -> [AccountCommand; 3] {
    let account = AccountId::new(account);
    let create = CreateAccount { id: Some(account), tier: 0, is_unlimited: false };
    let deposit = |asset| {
        let (asset, amount) = (AssetId::new(asset), Amount::new(10_i128.pow(20)));
        AccountCommand::Deposit(Transfer { account, asset, amount, request_id: None })
    };
    [AccountCommand::CreateAccount(create), deposit(1), deposit(2)]
}

/// The sample's symbol so many times.
fn instruments(symbols: u64) -> Result<Instruments> {
    let count = u32::try_from(symbols)?;
    let symbols: Vec<_> = (1..=count).map(|id| samples::symbol(id, &format!("S{id}USDT"))).collect();
    Instruments::build(&samples::assets(), &symbols).map_err(|faults| anyhow::anyhow!(faults.join("; ")))
}

/// The commands, and those in flight.
struct Flow<'a> {
    exchange: &'a Exchange,
    state: State,
    random: Random,
    /// The last client order id.
    named: u64,
    in_flight: VecDeque<Receiver<Acknowledgement>>,
}

impl<'a> Flow<'a> {
    fn new(exchange: &'a Exchange, state: State) -> Self {
        Self { exchange, state, random: Random::new(SEED), named: FIRST_NAME, in_flight: VecDeque::new() }
    }

    /// Sends a command, once there are few enough in flight.
    async fn send(&mut self, command: AccountCommand) -> Result<()> {
        if self.in_flight.len() == IN_FLIGHT
            && let Some(oldest) = self.in_flight.pop_front()
        {
            oldest.await?.answer?;
        }
        self.in_flight.push_back(self.exchange.dispatch(command, None, None, Span::none())?);
        Ok(())
    }

    /// Awaits all answers.
    async fn finish(&mut self) -> Result<()> {
        for answer in self.in_flight.drain(..) {
            answer.await?.answer?;
        }
        Ok(())
    }

    async fn trade(&mut self, commands: usize) -> Result<()> {
        for _ in 0..commands / 4 {
            for command in self.four() {
                self.send(command).await?;
            }
        }
        Ok(())
    }

    /// Returns how long each of so many commands takes when it is the only one.
    async fn probe(&mut self, commands: usize) -> Result<Vec<Duration>> {
        ensure!(self.in_flight.is_empty(), "nothing else is under way");
        let mut times = Vec::with_capacity(commands);
        for _ in 0..commands / 4 {
            for command in self.four() {
                let started = Instant::now();
                self.exchange.command(command, None, Span::none()).await?;
                times.push(started.elapsed());
            }
        }
        Ok(times)
    }

    /// Returns a trade's two orders, and an order deep in the book with its cancel.
    fn four(&mut self) -> [AccountCommand; 4] {
        let symbol = self.symbol();
        let middle = |flow: &mut Self, side| {
            let account = flow.account();
            AccountCommand::Place(limit(account, symbol, side, MIDDLE))
        };
        let (bid, ask) = (middle(self, Side::Buy), middle(self, Side::Sell));
        self.named += 1;
        let name = ClientOrderId::generated(self.named);
        let deep = NewOrder { client_id: Some(name), ..self.deep() };
        let order = OrderRef { id: None, client_id: Some(name) };
        let (account, symbol) = (deep.account, deep.symbol);
        let cancel = CancelOrder { account, symbol, order, restriction: None, name: None };
        [bid, ask, AccountCommand::Place(deep), AccountCommand::Cancel(cancel)]
    }

    /// Returns an order that rests at one of the prices that have orders.
    fn deep(&mut self) -> NewOrder {
        let (account, symbol) = (self.account(), self.symbol());
        let away = 1 + self.random.below(self.state.levels());
        match self.random.chance(50) {
            true => limit(account, symbol, Side::Buy, MIDDLE - away),
            false => limit(account, symbol, Side::Sell, MIDDLE + away),
        }
    }

    fn account(&mut self) -> AccountId {
        AccountId::new(1 + self.random.below(self.state.accounts))
    }

    fn symbol(&mut self) -> SymbolId {
        SymbolId::new(1 + self.random.below(self.state.symbols) as u32)
    }
}

fn limit(account: AccountId, symbol: SymbolId, side: Side, ticks: u64) -> NewOrder {
    NewOrder::limit(account, symbol, side, Price::from_ticks(ticks), Lots::new(100))
}
