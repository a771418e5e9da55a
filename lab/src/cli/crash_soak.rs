//! `lab crash-soak`: kills a server repeatedly and compares its state with what it had acknowledged.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use lightning_exchange::{
    cli::output::{Output, complain},
    config::Layers,
};

use super::interrupt::until_interrupted;
use crate::{
    crash_soak::{self, ClientOptions, Fault, Options},
    program,
};

/// How often, from which seed.
#[derive(Debug, Args)]
pub(super) struct CrashSoakArgs {
    /// The seed of every decision
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Kills altogether
    #[arg(long, default_value_t = 20)]
    kills: u64,
    /// Client processes
    #[arg(long, default_value_t = 2)]
    clients: usize,
    /// Accounts of each client process
    #[arg(long, default_value_t = 12)]
    accounts: usize,
    /// Requests each client process has in flight
    #[arg(long, default_value_t = 16)]
    in_flight: usize,
    /// Kills between two checks, at most
    #[arg(long, default_value_t = 2)]
    check_every: u64,
    /// Where the server keeps its files; must be empty
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Where logs and everything else are written
    #[arg(long, value_name = "DIRECTORY")]
    work: Option<PathBuf>,
    /// Keep the work directory when nothing was found
    #[arg(long)]
    keep: bool,
    /// Make the disk fail instead of killing, or do nothing at all to rehearse
    #[arg(long, value_enum, default_value = "none")]
    fault: FaultArg,
    /// Send some orders with an idempotency key, and again after restarts
    #[arg(long)]
    idempotency: bool,
    /// Tamper with the server's answers at every check, and fail unless the checker notices
    #[arg(long)]
    tamper: bool,
    /// Serve with another program, such as an older one [default: the `lightning` beside this program]
    #[arg(long, value_name = "FILE", visible_alias = "server")]
    program: Option<PathBuf>,
    /// More configuration of the server, as TOML
    #[arg(long, value_name = "TOML", default_value = "")]
    config_extra: String,
    /// Write the report there as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print the report as a line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FaultArg {
    None,
    Rehearsal,
    StraceEio,
    StraceEnospc,
    Tmpfs,
}

/// One client process of a soak.
#[derive(Debug, Args)]
pub(super) struct CrashSoakClientArgs {
    #[arg(long)]
    url: String,
    #[arg(long)]
    directory: PathBuf,
    #[arg(long)]
    client: usize,
    #[arg(long)]
    seed: u64,
    #[arg(long)]
    in_flight: usize,
    #[arg(long)]
    idempotency: bool,
}

/// Settings that make segments roll and snapshots happen often, if the server knows them.
const SMALL: [(&str, &str); 2] = [("journal", "segment-mib = 1"), ("snapshot", "every-frames = 2000")];

/// Runs the soak, prints the report, and fails if there are violations.
pub(super) fn run(arguments: CrashSoakArgs, out: &mut Output) -> Result<()> {
    let options = Options {
        seed: arguments.seed,
        kills: arguments.kills,
        clients: arguments.clients.max(1),
        accounts: arguments.accounts.clamp(1, 400),
        in_flight: arguments.in_flight.max(1),
        check_every: arguments.check_every.max(1),
        data: arguments.data.map(std::path::absolute).transpose()?,
        work: arguments.work.map(std::path::absolute).transpose()?,
        keep: arguments.keep,
        fault: match arguments.fault {
            FaultArg::None => Fault::None,
            FaultArg::Rehearsal => Fault::Rehearsal,
            FaultArg::StraceEio => Fault::StraceEio,
            FaultArg::StraceEnospc => Fault::StraceEnospc,
            FaultArg::Tmpfs => Fault::Tmpfs,
        },
        idempotency: arguments.idempotency,
        tamper: arguments.tamper,
        extra: match &arguments.program {
            None => settings(&arguments.config_extra),
            Some(_) => arguments.config_extra.clone(), // the other program's settings are unknown here
        },
        program: program::exchange(arguments.program)?,
    };
    let say = |line: &str| complain(line);
    let report = until_interrupted(crash_soak::run(&options, &say))?;
    if let Some(path) = &arguments.report {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    out.line(report.summary());
    if arguments.json {
        out.line(serde_json::to_string(&report)?);
    }
    if let Some(why) = &report.skipped {
        bail!("skipped, nothing was shown: {why}");
    }
    if report.violations.is_empty() {
        return Ok(());
    }
    for kind in report.found().into_keys() {
        for violation in report.violations.iter().filter(|found| found.kind == kind).take(PRINTED) {
            out.line(format_args!("{:?}: {}", violation.kind, violation.what));
        }
    }
    for line in &report.lines {
        out.line(format_args!("  {line}"));
    }
    bail!(
        "{} violations: {:?}; everything is in {}",
        report.violations.len(),
        report.found(),
        report.work.display()
    )
}

/// How many violations of a kind are printed; all are in the report.
const PRINTED: usize = 6;

/// The small settings this server knows, except for sections given by the caller.
fn settings(given: &str) -> String {
    let mut text = given.to_owned();
    for (section, line) in SMALL {
        let table = format!("[{section}]\n{line}\n");
        let is_known = Layers::defaults().text("the soak", &table).load().is_ok();
        if is_known && !given.contains(&format!("[{section}]")) {
            text = format!("{text}\n{table}");
        }
    }
    text
}

/// Runs one client process until its standard input ends.
pub(super) fn run_client(arguments: CrashSoakClientArgs) -> Result<()> {
    let options = ClientOptions {
        url: arguments.url,
        directory: arguments.directory,
        client: arguments.client,
        seed: arguments.seed,
        in_flight: arguments.in_flight,
        idempotency: arguments.idempotency,
    };
    actix_web::rt::System::new().block_on(crash_soak::run_client(options))
}
