//! `cargo xtask`: the developer commands. One subcommand a file.

mod check;
mod clients;
mod dashboards;
mod gates;
mod install;
mod lab;
mod mutants;
mod oracle_run;
mod output;
mod page;
mod performance;
mod process;
mod short_soaks;
mod simulate;
mod skips;
mod tally;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};

use self::output::say;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  check                                formatting, lints, documentation, architecture, monitoring, dependencies
  test [--rust | --page]               every test; installs what they need and is missing
  clients [--seconds N]                unmodified trading clients through the acceptance matrix
  dashboards                           the dashboards of deploy/grafana, from the list of metrics
  gates NAME... [--quick | --smoke]    what the exchange promises, each figure with its bar; the names are
                                       core, durable, wire, history, faults, growth, house, fast; a smoke run
                                       (part of `test`) only proves that every command runs
  lab COMMAND...                       simulations, soaks and benches; `lab help` lists them
  performance [--quick | --render]     growth, overload and consumers, recorded in docs/performance.md
  simulate [--seed S] [--steps N] [--crashes K]
                                       power cuts on a simulated disk, recorded in docs/soaks.md
  oracle-run [--commands N] [--seed S] random commands against the oracle, recorded in docs/soaks.md
  mutants                              every deliberate bug (mutant) must be found by the checks
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    match done.and_then(|()| output::require_written()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    let directory = std::env::current_dir()?;
    std::env::set_current_dir(process::root())?;
    match arguments {
        ["check"] => check::run(),
        ["test"] => test::run_all(test::Part::All),
        ["test", "--rust"] => test::run_all(test::Part::Rust),
        ["test", "--page"] => test::run_all(test::Part::Page),
        ["clients", options @ ..] => clients::run_matrix(options),
        ["dashboards"] => dashboards::write(),
        ["gates", arguments @ ..] => gates::run(arguments),
        ["lab", arguments @ ..] => lab::run(&directory, arguments),
        ["simulate", options @ ..] => simulate::run(options),
        ["performance", options @ ..] => performance::run(options),
        ["oracle-run", options @ ..] => oracle_run::run(options),
        ["mutants"] => mutants::run(),
        ["help" | "--help" | "-h"] | [] => {
            say!("{}", USAGE.trim_end());
            Ok(())
        }
        other => bail!("unknown command {:?}\n\n{USAGE}", other.join(" ")),
    }
}
