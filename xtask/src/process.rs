//! Running other programs.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::output::say;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where builds go.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A command that reads nothing and colours nothing, in the repository's root.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null()).env("NO_COLOR", "1").env("CARGO_TERM_COLOR", "never");
    command
}

/// The cargo this runs under, without its variables about this package: build scripts that read them (ring's does)
/// would rerun, and all that depends on them would be compiled again, after every build from a shell.
pub(crate) fn cargo() -> Command {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| OF_A_PACKAGE.iter().any(|start| name.starts_with(start))) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// The prefixes of the variables that cargo sets for a program it runs.
const OF_A_PACKAGE: [&str; 4] = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_NAME", "CARGO_PRIMARY_PACKAGE"];

/// Prints the command and runs it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let text = text(command);
    say!("\n$ {text}");
    let status = command.status().with_context(|| format!("cannot run {text}"))?;
    if !status.success() {
        bail!("{text}: {status}");
    }
    Ok(())
}

/// Prints the command, runs it, prints its output as it comes and returns it with whether it succeeded.
pub(crate) fn run_and_read(command: &mut Command) -> Result<(String, bool)> {
    let text = text(command);
    say!("\n$ {text}");
    let (read, write) = std::io::pipe()?;
    let mut child = command
        .stdout(write.try_clone()?)
        .stderr(write)
        .spawn()
        .with_context(|| format!("cannot run {text}"))?;
    // The command holds the pipe's other end too; as long as it does there is no end of file.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut output = String::new();
    for line in BufReader::new(read).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        say!("{line}");
        output.push_str(&line);
        output.push('\n');
    }
    Ok((output, child.wait()?.success()))
}

/// Runs the command and returns its last line, which is JSON.
pub(crate) fn run_json(command: &mut Command) -> Result<Value> {
    json(command, false)
}

/// Runs the command and returns every line it prints, each of which is JSON.
pub(crate) fn run_json_lines(command: &mut Command) -> Result<Vec<Value>> {
    let text = text(command);
    say!("\n$ {text}");
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run {text}"))?;
    if !output.status.success() {
        bail!("{text}: {}", output.status);
    }
    let output = String::from_utf8_lossy(&output.stdout);
    let lines = output.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| serde_json::from_str(line).with_context(|| format!("{text}: not JSON: {line}")))
        .collect()
}

/// Runs a command that fails on a bad finding and reports it in JSON all the same, and returns its last line.
pub(crate) fn run_json_in_any_case(command: &mut Command) -> Result<Value> {
    json(command, true)
}

fn json(command: &mut Command, may_fail: bool) -> Result<Value> {
    let text = text(command);
    say!("\n$ {text}");
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run {text}"))?;
    if !output.status.success() && !may_fail {
        bail!("{text}: {}", output.status);
    }
    let output = String::from_utf8_lossy(&output.stdout);
    let last = output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("{text}: the last line is not JSON: {last}"))
}

/// Runs the command and returns what it prints, if it succeeds.
pub(crate) fn capture(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Returns whether a program can be found.
pub(crate) fn exists(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|directory| directory.join(program).is_file())
}

fn text(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
