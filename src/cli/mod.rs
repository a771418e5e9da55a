//! The command line: `lightning` serves, its subcommands operate a running server or maintain its data.

mod account;
mod backup;
mod check;
mod confirm;
mod deposit;
mod doctor;
mod feed;
mod history;
mod inspect;
mod key;
pub mod output;
pub mod remote;
mod serve;
pub mod settings;
mod snapshot;
mod symbol;
mod top;
mod traces;
mod verify;

use std::{io::ErrorKind, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, builder::RangedU64ValueParser};
use rustix::fs::Mode;

use crate::{app::Asset, domain::types::id::ID_LIMIT, store::StoreError};

use self::output::{Output, complain};

/// The exit code of an invalid command line.
const USAGE: u8 = 2;

/// The Lightning Exchange: a spot exchange in one binary.
#[derive(Debug, Parser)]
#[command(name = "lightning", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the exchange (the default of `lightning` without a command)
    Serve(serve::ServeArgs),
    /// Open and change accounts on a running server
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Create and revoke API keys on a running server
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// List and change the trading rules of symbols on a running server
    #[command(subcommand)]
    Symbol(symbol::SymbolCommand),
    /// Credit an account
    Deposit(deposit::TransferArgs),
    /// Debit an account
    Withdraw(deposit::TransferArgs),
    /// Check or print the configuration
    #[command(subcommand)]
    Config(check::ConfigCommand),
    /// Check machine, configuration and data directory, change nothing, and report what to mend
    Doctor(doctor::DoctorArgs),
    /// Show what a running server is doing, on the terminal
    Top(top::TopArgs),
    /// Replay an offline data directory, audit the result and print it
    Verify(verify::VerifyArgs),
    /// Show the segments, snapshots and frames of a data directory, in use or not
    Inspect(inspect::InspectArgs),
    /// Maintain the history: the SQL database of all orders, trades and account changes
    #[command(subcommand)]
    History(history::HistoryCommand),
    /// Take a snapshot of an offline data directory, as a clean stop does
    Snapshot(snapshot::SnapshotArgs),
    /// Copy a data directory, in use or not, and verify the copy
    Backup(backup::BackupArgs),
    /// Create a data directory from a backup
    Restore(backup::RestoreArgs),
    /// Trade through the API of a running server
    #[command(subcommand)]
    Feed(feed::FeedCommand),
}

/// Reads the command line, executes it and returns the exit code. `page` is every file of the browser page to serve.
pub fn run(page: &'static [Asset]) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return explain(&usage),
    };
    // Every file written is private to its owner.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let mut out = Output::stdout();
    let done = match cli.command {
        None => return serve::run(cli.serve, page),
        Some(Command::Serve(arguments)) => return serve::run(arguments, page),
        Some(command) => run_command(command, &mut out),
    };
    // A failed command reports its own error; a successful one fails when its answer could not be written.
    let written = out.finish();
    conclude(done.and(written))
}

fn run_command(command: Command, out: &mut Output) -> Result<()> {
    match command {
        Command::Serve(_) => Ok(()), // served without this output
        Command::Account(command) => account::run(command, out),
        Command::Key(command) => key::run(command, out),
        Command::Symbol(command) => symbol::run(command, out),
        Command::Deposit(arguments) => deposit::run(arguments, deposit::Direction::In, out),
        Command::Withdraw(arguments) => deposit::run(arguments, deposit::Direction::Out, out),
        Command::Config(command) => check::run(command, out),
        Command::Doctor(arguments) => doctor::run(arguments, out),
        Command::Top(arguments) => top::run(arguments, out),
        Command::Verify(arguments) => verify::run(arguments, out),
        Command::Inspect(arguments) => inspect::run(arguments, out),
        Command::History(command) => history::run(command, out),
        Command::Snapshot(arguments) => snapshot::run(arguments, out),
        Command::Backup(arguments) => backup::run(arguments, out),
        Command::Restore(arguments) => backup::restore(arguments, out),
        Command::Feed(command) => feed::run(command, out),
    }
}

/// Reports an error, if there is one, and returns the exit code.
pub fn conclude(done: Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("error: {error:#}"));
            exit_code(&error)
        }
    }
}

/// Prints the error of the command line, or the requested help or version, and returns the exit code.
pub fn explain(usage: &clap::Error) -> ExitCode {
    let printed = usage.print();
    if usage.use_stderr() {
        return ExitCode::from(USAGE);
    }
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            conclude(Err(error).context("cannot write to standard output"))
        }
        _ => ExitCode::SUCCESS,
    }
}

/// The exit code when acknowledged work is missing (`EX_DATAERR`): a supervisor must not restart the server.
const EXIT_LOST: u8 = 65;

/// Returns the exit code of an error.
fn exit_code(error: &anyhow::Error) -> ExitCode {
    let is_loss = error.chain().filter_map(|cause| cause.downcast_ref()).any(StoreError::is_loss);
    if is_loss { ExitCode::from(EXIT_LOST) } else { ExitCode::FAILURE }
}

/// Reads an account's id: from 1 to the largest integer that JavaScript represents exactly.
fn account_id() -> RangedU64ValueParser {
    RangedU64ValueParser::new().range(1..ID_LIMIT)
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
    fn serving_needs_no_word() {
        let bare = Cli::try_parse_from(["lightning", "--listen", "127.0.0.1:0"]).unwrap();
        assert!(bare.command.is_none());
        let said = Cli::try_parse_from(["lightning", "serve", "--demo", "false"]).unwrap();
        assert!(matches!(said.command, Some(Command::Serve(_))));
        assert!(Cli::try_parse_from(["lightning", "serve", "--demo", "maybe"]).is_err());
    }

    #[test]
    fn the_operators_commands_are_read() {
        for line in [
            "lightning account create --id 7 --tier 1",
            "lightning account create --url http://127.0.0.1:1 --token x",
            "lightning key create --account 7 --permissions trade,user-data",
            "lightning key create --account 7 --permissions TRADE,USER_DATA",
            "lightning history reset --yes",
            "lightning key create --account 7 --type ed25519 --public-key k.pem --label bot",
            "lightning key revoke --account 7 --key k",
            "lightning deposit --account 7 --asset BTC --amount 1.5 --request-id a",
            "lightning withdraw --account 7 --asset BTC --amount 1.5",
            "lightning config check --config x.toml",
            "lightning doctor --config x.toml --data-dir d --skip-disk --json",
            "lightning top --url http://127.0.0.1:9090 --interval 5 --once",
            "lightning verify --data-dir d --from-genesis",
            "lightning inspect --data-dir d --segments --snapshots --json",
            "lightning inspect --frames 3..9 --slot account:7",
            "lightning snapshot --config x.toml --data-dir d",
            "lightning backup --data-dir d --to e",
            "lightning restore --from e --data-dir d",
            "lightning feed synthetic --seed 3 --symbols BTCUSDT,ETHUSDT --rate 50",
        ] {
            let parsed = Cli::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
        for line in [
            "lightning key create --account 7 --permissions all",
            "lightning key create --account 7 --type rsa",
            "lightning bench journal", // of the laboratory, which does not ship
            "lightning crash-soak",
            "lightning feed lobster",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
