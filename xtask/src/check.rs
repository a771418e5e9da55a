//! `cargo xtask check`: everything that is not a test of behaviour.

use anyhow::{Result, bail};

use crate::{
    install,
    output::say,
    page,
    process::{self, cargo, command, target},
};

/// The version of cargo-deny that is installed where there is none.
const DENY_VERSION: &str = "0.20.2";

type Check = fn() -> Result<()>;

/// Runs every check, also after one has failed, and reports the failed ones.
pub(crate) fn run() -> Result<()> {
    let checks: [(&str, Check); 6] = [
        ("formatting", || process::run(cargo().args(["fmt", "--all", "--check"]))),
        ("lints", || {
            process::run(cargo().args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--quiet",
                "--",
                "-D",
                "warnings",
            ]))
        }),
        ("documentation", || {
            process::run(
                cargo()
                    .args(["doc", "--workspace", "--no-deps", "--quiet"])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            )
        }),
        ("architecture", architecture),
        ("monitoring", monitoring),
        ("dependencies", dependencies),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        if let Err(error) = check() {
            say!("{error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    say!("\nall checks passed");
    Ok(())
}

/// The layers, built as the test command builds everything, so that nothing is compiled twice.
fn architecture() -> Result<()> {
    let mut test = cargo();
    page::require(&mut test);
    process::run(test.args(["test", "--quiet", "--workspace", "--test", "it", "architecture"]))
}

/// The rules and their tests, the routes of alerts, the dashboards, and the page about the metrics.
fn monitoring() -> Result<()> {
    install::prometheus()?;
    let mut test = cargo();
    page::require(&mut test);
    let names = ["monitoring::dashboards", "monitoring::page", "monitoring::rules"];
    process::run(test.args(["test", "--quiet", "--workspace", "--test", "it", "--"]).args(names))
}

/// Licences, sources and duplicates. Advisories need an external database and are not checked here.
fn dependencies() -> Result<()> {
    let tools = target().join("tools");
    let deny = tools.join("bin/cargo-deny");
    if !deny.is_file() {
        let install = ["install", "--locked", "--quiet", "cargo-deny", "--version", DENY_VERSION, "--root"];
        process::run(cargo().args(install).arg(&tools).env_remove("CARGO_TARGET_DIR"))?;
    }
    process::run(command(&deny).args(["--locked", "check", "bans", "licenses", "sources"]))
}
