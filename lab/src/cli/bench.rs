//! `lab bench` and `lab oracle-run`: figures and proofs.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Result, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use lightning_exchange::{
    cli::{output::Output, settings::DataArgs},
    telemetry::log::{self, LogShape},
};
use serde::Serialize;

use super::{
    ProgramArgs,
    load::{ConsumersArgs, CurvePointArgs, CurvesArgs, OverloadArgs},
};
use crate::bench::{self, book::Mode};

/// What to measure.
#[derive(Debug, Subcommand)]
pub(super) enum BenchCommand {
    /// The book alone, on a yardstick workload
    Book(BookArgs),
    /// The whole actor trip against the bare three-message trip, on a yardstick workload
    Trip(TripArgs),
    /// Signed orders over HTTP against a handler that only parses
    Http(HttpArgs),
    /// Pipelined durable orders over the WebSocket API
    Pipelined(PipelinedArgs),
    /// Reads over HTTP against a handler that only sends the same bytes
    Get(GetArgs),
    /// Memory of a running exchange per resting order
    Memory(MemoryArgs),
    /// Depth-20 queries per second
    Depth(DepthArgs),
    /// A cascade of stop orders: its steps, and what another symbol waits for meanwhile
    Cascade(CascadeArgs),
    /// The journal's writer against the disk itself
    Journal(JournalArgs),
    /// Signed orders over HTTP with and without durability
    Durable(DurableArgs),
    /// Recovery time, snapshot size, and trading while a snapshot is made
    Recovery(RecoveryArgs),
    /// How cost grows with what the exchange holds: a line of JSON for each size, and the verdict on n log n
    Curves(CurvesArgs),
    /// Ten times the load that is sustained: a line of JSON for each figure, with its bar
    Overload(OverloadArgs),
    /// WebSocket consumers, active, idle and stalled: a line of JSON for each figure, with its bar
    Consumers(ConsumersArgs),
    /// How fast a journal becomes history, and how fast pages of it are read
    History(HistoryArgs),
    /// What the history costs those who trade
    HistoryLag(HistoryLagArgs),
    /// One size of a curve, in this process (`bench curves` starts it)
    #[command(hide = true)]
    CurvePoint(CurvePointArgs),
    /// Serve the handler that only parses (`bench http` starts it)
    #[command(hide = true)]
    ParseOnly(ParseOnlyArgs),
    /// Serve the handler that only sends an answer (`bench get` starts it)
    #[command(hide = true)]
    Bare(BareArgs),
}

#[derive(Debug, Args)]
pub(super) struct Form {
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum BookMode {
    Tput,
    Lat,
}

#[derive(Debug, Args)]
pub(super) struct BookArgs {
    /// The workload file
    workload: PathBuf,
    /// Throughput or latency
    #[arg(long, value_enum, default_value = "tput")]
    mode: BookMode,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct TripArgs {
    /// The workload file
    workload: PathBuf,
    /// How often; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Commands measured in a run, after the rest of the workload has warmed it up
    #[arg(long, default_value_t = 1_000_000)]
    commands: usize,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct HttpArgs {
    /// How often; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Orders in a run
    #[arg(long, default_value_t = 100_000)]
    orders: usize,
    /// Connections, each with one order in flight
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Compare with a handler whose requests are not logged at all
    #[arg(long)]
    unlogged: bool,
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct PipelinedArgs {
    /// How often; the median counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Orders in a run
    #[arg(long, default_value_t = 400_000)]
    orders: usize,
    /// Connections
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Orders without an answer on each, at most
    #[arg(long, default_value_t = 200)]
    in_flight: usize,
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct GetArgs {
    /// How often; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Requests in a run
    #[arg(long, default_value_t = 200_000)]
    requests: usize,
    /// Connections, each with one request in flight
    #[arg(long, default_value_t = 64)]
    connections: usize,
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct MemoryArgs {
    /// Orders to rest
    #[arg(long, default_value_t = 1_000_000)]
    orders: u64,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct DepthArgs {
    /// Queries altogether
    #[arg(long, default_value_t = 500_000)]
    queries: usize,
    /// Tasks that ask at the same time
    #[arg(long, default_value_t = 64)]
    tasks: usize,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// The settings and the data directory whose journal is ingested; it must be offline
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct HistoryLagArgs {
    /// How often; the median counts
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Orders in a run
    #[arg(long, default_value_t = 10_000)]
    orders: usize,
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct CascadeArgs {
    /// Stop orders, each triggered by the one before
    #[arg(long, default_value_t = 100_000)]
    triggers: u64,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct JournalArgs {
    /// How long a cell takes
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct DurableArgs {
    /// How often; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Orders in a run
    #[arg(long, default_value_t = 60_000)]
    orders: usize,
    /// Numbers of clients
    #[arg(long, value_delimiter = ',', default_value = "1,8,64,512")]
    clients: Vec<usize>,
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct RecoveryArgs {
    /// How often; the median counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Accounts, with two balances each
    #[arg(long, default_value_t = 1_000_000)]
    accounts: u64,
    /// Resting orders
    #[arg(long, default_value_t = 1_000_000)]
    orders: u64,
    /// Frames behind the snapshot
    #[arg(long, default_value_t = 1_000_000)]
    frames: u64,
    #[command(flatten)]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct ParseOnlyArgs {
    #[arg(long)]
    listen: SocketAddr,
    /// Always json
    #[arg(long)]
    log_format: String,
    /// Without a request log
    #[arg(long)]
    unlogged: bool,
}

#[derive(Debug, Args)]
pub(super) struct BareArgs {
    #[arg(long)]
    listen: SocketAddr,
    /// Logs nothing
    #[arg(long)]
    log_format: String,
    /// The answer, head and body
    #[arg(long)]
    answer: PathBuf,
}

/// Which workload, and where it goes.
#[derive(Debug, Args)]
pub(super) struct WorkloadArgs {
    /// How the market moves: swing25, swing40 or crash
    path: String,
    /// The file to write
    out: PathBuf,
    /// Measured commands, behind a prefill of 20,000
    #[arg(long, default_value_t = 2_000_000)]
    measured: u64,
    /// The seed of every decision
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// How long, from which seed.
#[derive(Debug, Args)]
pub(super) struct OracleRunArgs {
    /// Commands against the oracle; a tenth of it goes through the simulation
    #[arg(long, default_value_t = 1_000_000)]
    commands: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    output: Form,
}

/// Measures and prints.
pub(super) fn run(command: BenchCommand, out: &mut Output) -> Result<()> {
    match command {
        BenchCommand::Book(arguments) => {
            let mode = match arguments.mode {
                BookMode::Tput => Mode::Throughput,
                BookMode::Lat => Mode::Latency,
            };
            print(out, &bench::book::run(&arguments.workload, mode)?, &arguments.output)
        }
        BenchCommand::Trip(arguments) => {
            let report = bench::trip::run(&arguments.workload, arguments.runs, arguments.commands)?;
            print(out, &report, &arguments.output)
        }
        BenchCommand::Http(HttpArgs { runs, orders, connections, unlogged, program, output }) => {
            print(out, &bench::http::run(&program.find()?, runs, orders, connections, !unlogged)?, &output)
        }
        BenchCommand::Pipelined(PipelinedArgs { runs, orders, connections, in_flight, program, output }) => {
            let report = bench::pipelined::run(&program.find()?, runs, orders, connections, in_flight)?;
            print(out, &report, &output)
        }
        BenchCommand::Get(GetArgs { runs, requests, connections, program, output }) => {
            print(out, &bench::get::run(&program.find()?, runs, requests, connections)?, &output)
        }
        BenchCommand::Memory(arguments) => {
            print(out, &bench::exchange::memory(arguments.orders)?, &arguments.output)
        }
        BenchCommand::Depth(arguments) => {
            print(out, &bench::exchange::depth(arguments.queries, arguments.tasks)?, &arguments.output)
        }
        BenchCommand::Cascade(arguments) => {
            print(out, &bench::cascade::run(arguments.triggers)?, &arguments.output)
        }
        BenchCommand::Journal(arguments) => {
            print(out, &bench::journal::run(arguments.seconds)?, &arguments.output)
        }
        BenchCommand::Durable(DurableArgs { runs, orders, clients, program, output }) => {
            print(out, &bench::durable::run(&program.find()?, runs, orders, &clients)?, &output)
        }
        BenchCommand::Recovery(arguments) => {
            let RecoveryArgs { runs, accounts, orders, frames, output } = arguments;
            print(out, &bench::recovery::run(runs, accounts, orders, frames)?, &output)
        }
        BenchCommand::History(HistoryArgs { data, output }) => {
            let config = data.load()?;
            print(out, &bench::history::run(&config.data.directory, &config.instruments)?, &output)
        }
        BenchCommand::HistoryLag(HistoryLagArgs { runs, orders, program, output }) => {
            print(out, &bench::history::lag(&program.find()?, runs, orders)?, &output)
        }
        BenchCommand::Curves(arguments) => arguments.run(out),
        BenchCommand::CurvePoint(arguments) => arguments.run(out),
        BenchCommand::Overload(arguments) => arguments.run(out),
        BenchCommand::Consumers(arguments) => arguments.run(out),
        BenchCommand::ParseOnly(arguments) => parse_only(&arguments),
        BenchCommand::Bare(BareArgs { listen, answer, .. }) => {
            let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            actix_web::rt::System::new().block_on(bench::get::serve_bare(listen, workers, &answer))
        }
    }
}

/// Writes a workload.
pub(super) fn workload(arguments: &WorkloadArgs) -> Result<()> {
    let paths = bench::swing::Path::ALL;
    let Some((path, ..)) = paths.iter().find(|(.., name)| *name == arguments.path) else {
        bail!("no path is called {:?}: they are {}", arguments.path, paths.map(|(.., name)| name).join(", "));
    };
    bench::swing::workload(*path, arguments.measured, arguments.seed).save(&arguments.out)
}

/// Soaks, prints, and fails when something was found.
pub(super) fn oracle_run(arguments: &OracleRunArgs, out: &mut Output) -> Result<()> {
    let report = bench::oracle_run::run(arguments.commands, arguments.seed);
    print(out, &report, &arguments.output)?;
    if report.violations != 0 {
        bail!("{} violations", report.violations);
    }
    Ok(())
}

fn parse_only(arguments: &ParseOnlyArgs) -> Result<()> {
    ensure!(arguments.log_format == "json", "the exchange it stands beside logs JSON");
    log::init(LogShape::Json, "info", None)?;
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    actix_web::rt::System::new().block_on(bench::http::serve_parse_only(
        arguments.listen,
        workers,
        !arguments.unlogged,
    ))
}

fn print(out: &mut Output, report: &impl Serialize, form: &Form) -> Result<()> {
    print_report(out, report, form.json)
}

/// Prints a report as indented JSON, or as one line for programs.
pub(super) fn print_report(out: &mut Output, report: &impl Serialize, is_json: bool) -> Result<()> {
    let text = if is_json { serde_json::to_string(report)? } else { serde_json::to_string_pretty(report)? };
    out.line(text);
    Ok(())
}
