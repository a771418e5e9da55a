//! The client processes, as the parent sees them.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};

use super::{
    log::{self, LogReader},
    model::Model,
};
use crate::program;

/// How long a client may take to finish what it has in flight: requests time out before.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// How many search terms are looked for in the logs.
const NEEDLES_MAX: usize = 60;
/// How many logs of each client are kept behind the one that is written.
const KEPT: u64 = 4;

/// What clients are started with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start<'a> {
    pub(super) work: &'a Path,
    pub(super) url: &'a str,
    pub(super) seed: u64,
    pub(super) in_flight: usize,
    pub(super) idempotency: bool,
}

/// One client process and its logs.
#[derive(Debug)]
struct Process {
    child: Child,
    input: ChildStdin,
    replies: Receiver<String>,
    logs: Vec<LogReader>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Clients {
    processes: Vec<Process>,
    epoch: u64,
    work: std::path::PathBuf,
}

impl Clients {
    /// Starts `count` clients, paused.
    pub(super) fn start(count: usize, start: &Start<'_>) -> Result<Self> {
        let processes = (0..count).map(|client| Process::start(client, start)).collect::<Result<_>>()?;
        Ok(Self { processes, epoch: 0, work: start.work.to_owned() })
    }

    /// Lets them continue, each with a new log.
    pub(super) fn go(&mut self) -> Result<()> {
        self.epoch += 1;
        for (client, process) in self.processes.iter_mut().enumerate() {
            process.send(&format!("go {}", self.epoch))?;
            process.expect("going")?;
            process.logs.push(LogReader::new(log::file(&self.work, client, self.epoch)));
            if self.epoch > KEPT {
                // Only to save space.
                let _ = std::fs::remove_file(log::file(&self.work, client, self.epoch - KEPT));
            }
        }
        Ok(())
    }

    /// Has them finish what is in flight and pause.
    pub(super) fn pause(&mut self) -> Result<()> {
        for process in &mut self.processes {
            process.send("pause")?;
        }
        self.processes.iter_mut().try_for_each(|process| process.expect("paused"))
    }

    /// Reads what they have logged since the last call. They must be paused.
    pub(super) fn read(&mut self, model: &mut Model) -> Result<()> {
        for (client, process) in self.processes.iter_mut().enumerate() {
            for log in &mut process.logs {
                for record in log.read().with_context(|| format!("a log of client {client}"))? {
                    model.apply(client, record);
                }
            }
            // The last one may still get late events from a stream.
            let done = process.logs.len().saturating_sub(1);
            process.logs.drain(..done);
        }
        model.settle_in_flight();
        Ok(())
    }

    /// Lines of the kept logs that mention what violations are about.
    pub(super) fn lines_about(&self, needles: &[String], most: usize) -> Vec<String> {
        // A server that lost everything violates every promise; the first violations are enough.
        let needles = &needles[..needles.len().min(NEEDLES_MAX)];
        let mut found = Vec::new();
        for client in 0..self.processes.len() {
            for epoch in self.epoch.saturating_sub(KEPT)..=self.epoch {
                let text = std::fs::read_to_string(log::file(&self.work, client, epoch)).unwrap_or_default();
                let is_about = |line: &&str| needles.iter().any(|needle| line.contains(needle.as_str()));
                // Answers are identified by the number of their request alone.
                let operations: BTreeSet<&str> = text.lines().filter(is_about).filter_map(op).collect();
                let is_meant =
                    |line: &&str| is_about(line) || op(line).is_some_and(|op| operations.contains(op));
                let left = most.saturating_sub(found.len());
                let lines = text.lines().filter(is_meant).take(left);
                found.extend(lines.map(|line| format!("client {client}: {line}")));
            }
        }
        found
    }
}

/// The number of the request a line is about.
fn op(line: &str) -> Option<&str> {
    line.split_once("\"op\":")?.1.split(',').next()
}

impl Drop for Clients {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.child.kill(); // it may be gone
            let _ = process.child.wait();
        }
    }
}

impl Process {
    fn start(client: usize, start: &Start<'_>) -> Result<Self> {
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(start.work.join("clients.log"))?;
        let mut command = Command::new(program::this()?);
        command.arg("crash-soak-client").args(["--url", start.url]).arg("--directory").arg(start.work);
        command.args(["--client", &client.to_string(), "--seed", &start.seed.to_string()]);
        command.args(["--in-flight", &start.in_flight.to_string()]);
        if start.idempotency {
            command.arg("--idempotency");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().context("a client cannot be started")?;
        let input = child.stdin.take().ok_or_else(|| anyhow!("a client without input"))?;
        let output = child.stdout.take().ok_or_else(|| anyhow!("a client without output"))?;
        let (sender, replies) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, input, replies, logs: Vec::new() })
    }

    fn send(&mut self, message: &str) -> Result<()> {
        writeln!(self.input, "{message}")
            .and_then(|()| self.input.flush())
            .context("a client is gone; see clients.log")
    }

    fn expect(&mut self, message: &str) -> Result<()> {
        match self.replies.recv_timeout(PAUSE_MAX) {
            Ok(reply) if reply == message => Ok(()),
            Ok(reply) => bail!("a client replied {reply:?} instead of {message:?}"),
            Err(RecvTimeoutError::Timeout) => bail!("a client is not {message} after {PAUSE_MAX:?}"),
            Err(RecvTimeoutError::Disconnected) => bail!("a client ended by itself; see clients.log"),
        }
    }
}
