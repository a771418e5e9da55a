//! The server as a process: started, asked whether it is ready, killed.

use std::{
    fs::{self, OpenOptions},
    net::TcpListener,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

pub(crate) use super::client::now;
use lightning_exchange::{client::Client, feed::synthetic::Random};

/// Below the ports the system gives to connections of its own, so that it is still free after a kill.
const PORTS: (u64, u64) = (20_000, 30_000);

/// How to start the server, and the one that runs.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    config: PathBuf,
    log: PathBuf,
    port: u16,
    running: Option<Child>,
}

impl Server {
    /// Chooses a port and writes the configuration of what `program` will serve.
    pub(crate) fn prepare(
        program: &Path,
        work: &Path,
        data: &Path,
        token: &str,
        demo: u64,
        extra: &str,
    ) -> Result<Self> {
        let port = free_port()?;
        let config = work.join("exchange.toml");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:{port}\"\nworkers = 1\n[engine]\narbiters = 1\n\
             [data]\ndirectory = {data:?}\n[operator]\ntoken = {token:?}\n\
             [demo]\nenabled = true\naccount = {demo}\nbalances = []\n[feed]\nsynthetic = false\n[grpc]\nenabled = false\n\
             [log]\nformat = \"json\"\nfilter = \"info,lightning_exchange::http::span=warn,actix_server=warn\"\n\
             {extra}\n"
        );
        fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
        Ok(Self { program: program.to_owned(), config, log: work.join("server.log"), port, running: None })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it, with the command prefix `before` if there is one.
    pub(crate) fn start(&mut self, before: &[String]) -> Result<()> {
        let exchange = &self.program;
        let mut command = match before.split_first() {
            None => Command::new(exchange),
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(exchange);
                command
            }
        };
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LIGHTNING_"))
        {
            command.env_remove(name);
        }
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        command.arg("serve").arg("--config").arg(&self.config).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        // A group of its own: what stands between us and the server is killed with it.
        self.running = Some(command.process_group(0).spawn().context("the server cannot be started")?);
        Ok(())
    }

    /// Waits until it says it is ready.
    pub(crate) async fn ready(&mut self, client: &Client, limit: Duration) -> Result<()> {
        let started = Instant::now();
        while client.get("/health/ready", &[]).await.is_err() {
            if let Some(status) = self.ended()? {
                bail!(
                    "the server ended while it started, {status}; its last log line: {}",
                    self.last_log_line()
                );
            }
            if started.elapsed() > limit {
                bail!("the server is not ready after {limit:?}; its last log line: {}", self.last_log_line());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// The process it runs as.
    pub(crate) fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Child::id)
    }

    /// Whether it has ended by itself.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        match &mut self.running {
            Some(child) => Ok(child.try_wait()?),
            None => Ok(None),
        }
    }

    /// SIGKILL. Returns how it had ended if it was gone already.
    pub(crate) fn kill(&mut self) -> Result<Option<ExitStatus>> {
        self.end(Signal::KILL).map(|status| status.filter(|status| status.signal() != Some(9)))
    }

    /// SIGTERM, and waits for the end.
    pub(crate) fn stop(&mut self) -> Result<Option<ExitStatus>> {
        self.end(Signal::TERM)
    }

    fn end(&mut self, signal: Signal) -> Result<Option<ExitStatus>> {
        let Some(mut child) = self.running.take() else { return Ok(None) };
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            // It may be gone already, and then `wait` says how.
            let _ = kill_process_group(pid, signal);
        }
        Ok(Some(child.wait()?))
    }

    /// The end of its log.
    pub(crate) fn last_log_line(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text[text.len().saturating_sub(4_000)..]).into_owned();
        text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.end(Signal::KILL); // errors cannot be reported here
    }
}

fn free_port() -> Result<u16> {
    let mut random = Random::stream(now(), u64::from(std::process::id()));
    for _ in 0..100 {
        let port = u16::try_from(random.between(PORTS.0, PORTS.1))?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port")
}
