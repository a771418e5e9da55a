//! `cargo xtask`: what is run from a shell. One subcommand a file.

mod check;
mod clients;
mod durable;
mod history;
mod install;
mod page;
mod planted;
mod process;
mod show;
mod shows;
mod simulate;
mod soak;
mod tally;
mod test;
mod wire;

use std::process::ExitCode;

use anyhow::{Result, bail};

use self::show::Effort;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  check                                formatting, lints, documentation, architecture, dependencies
  test [--rust | --page]               every test; installs what they need and is missing
  clients [--seconds N]                unmodified trading clients through the acceptance matrix
  shows core [--quick]                 the figures the exchange promises, each with its bar
  shows durable [--quick]              that nothing acknowledged is ever lost, each figure with its bar
  shows wire [--quick]                 that every client works and what the wire tells is right, and the figures of core
  shows history [--quick]              that everything that happened is in the database, and the figures of the others, quickly
  simulate [--seed S] [--steps N] [--crashes K]
                                       power cuts on a simulated disk, recorded in docs/soaks.md
  soak [--commands N] [--seed S]       random commands against the oracle, recorded in docs/soaks.md
  planted                              every deliberately planted bug must be found
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    std::env::set_current_dir(process::root())?;
    match arguments {
        ["check"] => check::run(),
        ["test"] => test::run_all(test::Part::All),
        ["test", "--rust"] => test::run_all(test::Part::Rust),
        ["test", "--page"] => test::run_all(test::Part::Page),
        ["clients", options @ ..] => clients::run_matrix(options),
        ["shows", "core"] => shows::core(Effort::Full),
        ["shows", "core", "--quick"] => shows::core(Effort::Quick),
        ["shows", "durable"] => durable::durable(Effort::Full),
        ["shows", "durable", "--quick"] => durable::durable(Effort::Quick),
        ["shows", "wire"] => wire::wire(Effort::Full),
        ["shows", "wire", "--quick"] => wire::wire(Effort::Quick),
        ["shows", "history"] => history::history(Effort::Full),
        ["shows", "history", "--quick"] => history::history(Effort::Quick),
        ["simulate", options @ ..] => simulate::run(options),
        ["soak", options @ ..] => soak::run(options),
        ["planted"] => planted::run(),
        ["help" | "--help" | "-h"] | [] => {
            print!("{USAGE}");
            Ok(())
        }
        other => bail!("unknown command {:?}\n\n{USAGE}", other.join(" ")),
    }
}
