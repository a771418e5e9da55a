//! The whole trip of an order, account → symbol → account, against the bare trip of three empty messages.
//!
//! Both run in one process, in turns, with a generator thread and the same number of messages in flight, so the
//! ratio says what the exchange costs on top of the actors themselves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use actix::prelude::*;
use serde::Serialize;
use tracing::Span;

use super::{
    quiet::{NoEncoder, NoListener, catalogue},
    yardstick::{Operation, Workload},
};
use crate::{
    actors::{self, Exchange, Settings},
    domain::{
        command::{AccountCommand, CancelOrder, CreateAccount, OrderRef, Transfer},
        id::{AccountId, AssetId, ClientOrderId, SymbolId},
        money::{Amount, Lots, Price},
        order::{NewOrder, OrderKind, StpMode, TimeInForce},
        reject::Reject,
    },
};

/// How many orders are in flight at most.
const IN_FLIGHT: u64 = 4_096;

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
    /// Median of the ratios, run by run.
    pub ratio: f64,
}

/// Runs both trips `runs` times in turn.
///
/// # Errors
/// The workload cannot be read, or an actor system fails.
pub fn run(workload: &str, runs: usize, commands: usize) -> anyhow::Result<Report> {
    let workload = Workload::load(workload.as_ref())?;
    let flow: Vec<AccountCommand> = flow(&workload).take(commands).collect();
    let accounts = workload.records.iter().map(|record| record.account).max().unwrap_or_default();
    let (mut trips, mut bares, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut trades = 0;
    for _ in 0..runs {
        let bare = bare(flow.len() as u64)?;
        let (trip, traded) = trip(&flow, accounts)?;
        trades = traded;
        trips.push(trip);
        bares.push(bare);
        ratios.push(trip / bare);
    }
    Ok(Report {
        commands: flow.len(),
        trades,
        trip_per_second: median(&mut trips),
        bare_per_second: median(&mut bares),
        ratio: median(&mut ratios),
    })
}

/// Returns the middle value.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The workload's records as commands, orders named by their record so that cancels can find them.
fn flow(workload: &Workload) -> impl Iterator<Item = AccountCommand> + '_ {
    workload.records.iter().filter_map(|record| {
        let account = AccountId::new(u64::from(record.account));
        let symbol = SymbolId::new(1);
        let client_id = ClientOrderId::parse(&record.order.to_string())?;
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
                }));
            }
            Operation::Move => return None, // W3 has none
        };
        Some(AccountCommand::Place(NewOrder {
            account,
            symbol,
            side: record.side,
            kind: OrderKind::Limit,
            time_in_force,
            price: Some(Price::from_ticks(u64::from(record.price))),
            quantity: Some(Lots::new(u64::from(record.lots))),
            quote_quantity: None,
            client_id: Some(client_id),
            stp: StpMode::None,
            expires_at: None,
            reference: None,
        }))
    })
}

fn trip(flow: &[AccountCommand], accounts: u32) -> anyhow::Result<(f64, u64)> {
    let system = System::new();
    let result = system.block_on(async {
        let settings = Settings::new(Arc::new(catalogue()?));
        let running = actors::start(settings, Box::new(NoEncoder), Arc::new(NoListener));
        let exchange = running.exchange.clone();
        let generator = exchange.clone();
        let commands = flow.to_vec();
        let funded = tokio::task::spawn_blocking(move || fund(&generator, accounts));
        funded.await??;
        let generator = exchange.clone();
        let started = Instant::now();
        tokio::task::spawn_blocking(move || {
            for command in commands {
                send(&generator, command);
            }
        })
        .await?;
        running.drain().await;
        let elapsed = started.elapsed().as_secs_f64();
        let trades = exchange.metrics().trades.get();
        running.stop();
        Ok::<_, anyhow::Error>((flow.len() as f64 / elapsed, trades))
    });
    System::current().stop();
    result
}

/// Gives every account more than it can use.
fn fund(exchange: &Exchange, accounts: u32) -> anyhow::Result<()> {
    for id in (1..=accounts).map(|id| AccountId::new(u64::from(id))) {
        send(exchange, AccountCommand::CreateAccount(CreateAccount { id: Some(id), tier: 0 }));
        for asset in [1, 2] {
            let amount = Amount::new(10_i128.pow(24));
            let asset = AssetId::new(asset);
            send(
                exchange,
                AccountCommand::Deposit(Transfer { account: id, asset, amount, request_id: None }),
            );
        }
    }
    Ok(())
}

/// Tells a command, waiting for a place when there is none; nobody waits for the answer.
fn send(exchange: &Exchange, command: AccountCommand) {
    loop {
        match exchange.dispatch(command.clone(), None, Span::none()) {
            Err(Reject::Busy) => std::thread::sleep(std::time::Duration::from_micros(100)),
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

fn bare(trips: u64) -> anyhow::Result<f64> {
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
        let started = Instant::now();
        tokio::task::spawn_blocking(move || {
            for sent in 0..trips {
                while sent >= done.load(Ordering::Acquire) + IN_FLIGHT {
                    std::thread::sleep(std::time::Duration::from_micros(100));
                }
                account.do_send(Hop([0; 12]));
            }
            while done.load(Ordering::Acquire) < trips {
                std::thread::sleep(std::time::Duration::from_micros(100));
            }
        })
        .await?;
        let elapsed = started.elapsed().as_secs_f64();
        for arbiter in arbiters {
            arbiter.stop();
            let _ = arbiter.join();
        }
        Ok::<_, anyhow::Error>(trips as f64 / elapsed)
    });
    System::current().stop();
    rate
}
