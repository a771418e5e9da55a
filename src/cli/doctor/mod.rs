//! `lightning doctor`: whether this machine, the configuration and the data directory are fit for the exchange. It changes
//! nothing.

mod certificate;
mod directory;
mod finding;
mod ports;
mod stores;
mod system;
mod traces;

use anyhow::{Result, bail};
use clap::Args;

use self::finding::{Finding, Verdict};
use super::{output::Output, settings::SettingsArgs};
use crate::config::Config;

/// What to check.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Leave out the measurement of the disk, which writes a nameless file of 4 KiB and syncs it
    #[arg(long)]
    skip_disk: bool,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: DoctorArgs, out: &mut Output) -> Result<()> {
    let DoctorArgs { settings, skip_disk, json } = arguments;
    let findings = match settings.load() {
        Ok(config) => examine(&config, skip_disk),
        Err(error) => {
            let remedy = "correct it; until then nothing else can be checked";
            let fault = |fault: String| Finding::error("configuration", fault, remedy);
            error.faults.into_iter().map(fault).collect()
        }
    };
    for finding in &findings {
        if json { out.line(finding.json()) } else { out.line(finding.line()) }
    }
    match findings.iter().filter(|finding| finding.verdict == Verdict::Error).count() {
        0 => Ok(()),
        1 => bail!("1 check found an error"),
        count => bail!("{count} checks found an error"),
    }
}

fn examine(config: &Config, skip_disk: bool) -> Vec<Finding> {
    let holder = directory::holder(&config.data.directory);
    let mut findings = vec![Finding::ok("configuration", "no fault")];
    findings.extend(stores::version(config));
    findings.extend(directory::access(config));
    findings.push(directory::in_use(holder));
    findings.extend(directory::space(config));
    if !skip_disk {
        findings.push(directory::sync_speed(config));
    }
    findings.extend(stores::history(config));
    findings.extend(system::clock(config));
    findings.push(system::descriptors(config));
    findings.extend(ports::listeners(config, holder));
    findings.extend(certificate::certificate(config));
    findings.push(traces::receiver(config));
    findings.extend(system::backlog());
    findings
}
