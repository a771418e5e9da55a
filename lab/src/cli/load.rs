//! `lab bench curves`, `lab bench overload` and `lab bench consumers`: what load does to the exchange, as lines of JSON.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use lightning_exchange::cli::output::Output;

use super::{ProgramArgs, bench::print_report};
use crate::bench::{
    Finding, consumers,
    curves::{self, Axis},
    overload,
};

/// What grows, how far.
#[derive(Debug, Args)]
pub(super) struct CurvesArgs {
    /// What grows
    #[arg(value_enum)]
    axis: Axis,
    /// The sizes, ascending [default: those of the long form, or with --quick those of the quick one]
    #[arg(long, value_delimiter = ',')]
    sizes: Vec<u64>,
    /// Small sizes, in seconds
    #[arg(long)]
    quick: bool,
    /// How often each size is measured, all in turn; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Commands of a measurement; of `subscribers`, trades
    #[arg(long)]
    commands: Option<usize>,
    #[command(flatten)]
    program: ProgramArgs,
}

impl CurvesArgs {
    /// Measures and prints.
    pub(super) fn run(self, out: &mut Output) -> Result<()> {
        let sizes = match (self.sizes.is_empty(), self.quick) {
            (false, _) => &self.sizes[..],
            (true, true) => self.axis.quick_sizes(),
            (true, false) => self.axis.sizes(),
        };
        let commands = self.commands.unwrap_or(match (self.axis, self.quick) {
            (Axis::Subscribers, true) => 100,
            (Axis::Subscribers, false) => 500,
            (Axis::Connections, true) => 10_000,
            (Axis::Connections, false) => 60_000,
            (_, true) => 40_000,
            (_, false) => 400_000,
        });
        let program = if self.axis.is_served() { self.program.find()? } else { PathBuf::new() };
        let options =
            curves::Options { axis: self.axis, sizes, rounds: self.rounds, commands, program: &program };
        let curve = curves::run(&options)?;
        curve.points.iter().try_for_each(|point| print_report(out, point, true))?;
        print_report(out, &curve.verdict, true)
    }
}

#[derive(Debug, Args)]
pub(super) struct CurvePointArgs {
    #[arg(value_enum)]
    axis: Axis,
    n: u64,
    #[arg(long)]
    commands: usize,
}

impl CurvePointArgs {
    /// Measures and prints.
    pub(super) fn run(self, out: &mut Output) -> Result<()> {
        print_report(out, &curves::inside::point(self.axis, self.n, self.commands)?, true)
    }
}

#[derive(Debug, Args)]
pub(super) struct OverloadArgs {
    /// How long the load lasts
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// The connections it comes from, each with one order in flight
    #[arg(long, default_value_t = 2_000)]
    connections: usize,
    /// Orders a symbol shard admits at once, `[engine] symbol-commands-in-flight`: the latency to be kept, divided by the time
    /// of an order
    #[arg(long, default_value_t = 1_024)]
    in_flight: usize,
    #[command(flatten)]
    program: ProgramArgs,
}

impl OverloadArgs {
    /// Measures and prints.
    pub(super) fn run(self, out: &mut Output) -> Result<()> {
        let Self { seconds, connections, in_flight, program } = self;
        let program = program.find()?;
        let options = overload::Options { seconds, connections, in_flight, program: &program };
        lines(out, &overload::run(&options)?)
    }
}

#[derive(Debug, Args)]
pub(super) struct ConsumersArgs {
    /// Consumers of a stream with ten trades a second
    #[arg(long, default_value_t = 1_000)]
    active: usize,
    /// Consumers of a stream without trades
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// How many of the active ones stop reading
    #[arg(long, default_value_t = 100)]
    stalled: usize,
    /// How long each part lasts
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    #[command(flatten)]
    program: ProgramArgs,
}

impl ConsumersArgs {
    /// Measures and prints.
    pub(super) fn run(self, out: &mut Output) -> Result<()> {
        let Self { active, idle, stalled, seconds, program } = self;
        let program = program.find()?;
        lines(
            out,
            &consumers::run(&consumers::Options { active, idle, stalled, seconds, program: &program })?,
        )
    }
}

fn lines(out: &mut Output, findings: &[Finding]) -> Result<()> {
    findings.iter().try_for_each(|finding| print_report(out, finding, true))
}
