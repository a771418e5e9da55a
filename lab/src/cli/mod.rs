//! The command line of the laboratory: `cargo xtask lab` builds it in release, with the exchange beside it.

mod bench;
mod crash_soak;
mod history_soak;
mod interrupt;
mod load;
mod lobster;
mod memory_soak;
mod simulate;
mod wire_soak;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use lightning_exchange::cli::{
    conclude, explain,
    output::{Output, complain},
};
use rustix::fs::Mode;
use serde::Serialize;

use crate::program;

/// The laboratory of the Lightning Exchange: simulations, soaks and benches.
#[derive(Debug, Parser)]
#[command(name = "lab", bin_name = "cargo xtask lab", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure the parts and the whole
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Write a workload whose prices swing, in the yardstick's format
    Workload(bench::WorkloadArgs),
    /// Run random commands against the oracle and through the simulation
    OracleRun(bench::OracleRunArgs),
    /// Kill a server repeatedly under load, and compare its state with what it had acknowledged
    CrashSoak(crash_soak::CrashSoakArgs),
    /// Watch a server through restarts under load, with subscribers that check every book and every private event
    WireSoak(wire_soak::WireSoakArgs),
    /// Kill the exchange and its history database repeatedly, and compare every row with the journal
    HistorySoak(history_soak::HistorySoakArgs),
    /// Trade at a steady rate for a long time, and check that the server's memory stays flat
    MemorySoak(memory_soak::MemorySoakArgs),
    /// One client process of `crash-soak` (which starts it)
    #[command(hide = true)]
    CrashSoakClient(crash_soak::CrashSoakClientArgs),
    /// Play the exchange on a simulated disk whose power fails
    Simulate(simulate::SimulateArgs),
    /// Play a recorded day in LOBSTER's format through the API of a running server
    Lobster(lobster::LobsterArgs),
}

/// The exchange that is started.
#[derive(Debug, Args)]
struct ProgramArgs {
    /// The exchange [default: the `lightning` beside this program]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// What the soaks of a server have in common.
#[derive(Debug, Args)]
struct SoakArgs {
    /// The seed of every decision
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the files are; kept
    #[arg(long, value_name = "DIRECTORY")]
    work: Option<PathBuf>,
    #[command(flatten)]
    program: ProgramArgs,
    /// Print the report as a line of JSON
    #[arg(long)]
    json: bool,
}

impl SoakArgs {
    fn work(&self) -> Result<Option<PathBuf>> {
        Ok(self.work.as_ref().map(std::path::absolute).transpose()?)
    }

    fn program(&self) -> Result<PathBuf> {
        self.program.find()
    }

    fn print(&self, report: &impl Serialize, out: &mut Output) -> Result<()> {
        if self.json {
            out.line(serde_json::to_string(report)?);
        }
        Ok(())
    }
}

/// Reports progress on standard error: standard output is for the report.
fn say(line: &str) {
    complain(line);
}

impl ProgramArgs {
    fn find(&self) -> Result<PathBuf> {
        program::exchange(self.program.clone())
    }
}

/// Runs the command line and returns the exit code of the process.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return explain(&usage),
    };
    if !matches!(cli.command, Command::HistorySoak(_)) {
        // Whatever is written is its owner's alone. The one exception starts databases under another user's name.
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
    }
    let mut out = Output::stdout();
    let done = run_command(cli.command, &mut out);
    // A command fails if it returns an error or if its output cannot be written.
    let written = out.finish();
    conclude(done.and(written))
}

fn run_command(command: Command, out: &mut Output) -> Result<()> {
    match command {
        Command::Bench(command) => bench::run(command, out),
        Command::Workload(arguments) => bench::workload(&arguments),
        Command::OracleRun(arguments) => bench::oracle_run(&arguments, out),
        Command::CrashSoak(arguments) => crash_soak::run(arguments, out),
        Command::WireSoak(arguments) => wire_soak::run(arguments, out),
        Command::HistorySoak(arguments) => history_soak::run(arguments, out),
        Command::MemorySoak(arguments) => memory_soak::run(arguments, out),
        Command::CrashSoakClient(arguments) => crash_soak::run_client(arguments),
        Command::Simulate(arguments) => simulate::run(&arguments, out),
        Command::Lobster(arguments) => lobster::run(arguments, out),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_commands_are_read() {
        for line in [
            "lab lobster --messages m --orderbook o --symbol AAPLUSD --speed max --check-book",
            "lab simulate --one 7 --commands 100 --crashes 10",
            "lab simulate --faults --share 10 --json",
            "lab crash-soak --kills 3 --server old/lightning",
            "lab memory-soak --quick --csv memory.csv",
            "lab memory-soak --rate 500 --seconds 3600 --settle 600 --history false",
            "lab bench curves resting --sizes 1000,8000,64000 --rounds 1",
            "lab bench overload --seconds 20 --connections 500",
            "lab bench consumers --active 20 --idle 20 --stalled 2 --seconds 1",
            "lab bench durable --clients 1,8 --program target/debug/lightning",
        ] {
            let parsed = Cli::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }
}
