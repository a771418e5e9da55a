//! The parent: starts, kills, restarts, checks, and counts.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use lightning_exchange::{client::Client, feed::synthetic::Random};
use tokio::time::sleep;

use super::{
    check::check,
    clients::{Clients, Start},
    fault::{Fault, Tmpfs},
    fixture::{self, FIRST, Fixture, PROBE},
    market::Asset,
    model::Model,
    observe,
    record::{Answer, Transfer},
    report::{Report, Times},
    server::Server,
    tamper,
    violation::{Kind, Violation},
    wire::{self, Outcome},
};

/// When the server is killed after it was ready, in milliseconds.
const KILL_AFTER_MS: (u64, u64) = (20, 1_500);
/// When it is killed while it starts, in milliseconds.
const KILL_STARTING_MS: u64 = 150;
/// How often a start is killed, in a hundred.
const KILL_STARTING_PERCENT: u64 = 20;
const READY_MAX: Duration = Duration::from_secs(60);
/// How long a disk fault may take to come.
const FAULT_MAX: Duration = Duration::from_secs(20);
/// How much room a full disk still has when the server starts on it, in KiB: less than one run of the clients writes.
const SPARE_KIB: (u64, u64) = (100, 1_200);
/// A fault counts only if it shows several times: the last messages between shards may still be in flight.
const LOOKS: usize = 3;
const LOOK_AGAIN: Duration = Duration::from_millis(300);
/// Client log lines printed with violations.
const LINES_MAX: usize = 60;

/// The options of a crash soak.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed of every decision; not of how processes take turns.
    pub seed: u64,
    /// Kills altogether.
    pub kills: u64,
    /// Client processes.
    pub clients: usize,
    /// Accounts of each.
    pub accounts: usize,
    /// Requests in flight of each.
    pub in_flight: usize,
    /// Kills between two checks, at most.
    pub check_every: u64,
    /// Where the server keeps its files; none makes a place in the work directory.
    pub data: Option<PathBuf>,
    /// Where everything else is written; none makes a place for temporary files.
    pub work: Option<PathBuf>,
    /// Keep the work directory when nothing was found.
    pub keep: bool,
    /// What goes wrong besides kills.
    pub fault: Fault,
    /// Whether some orders carry an idempotency key.
    pub idempotency: bool,
    /// Whether the checker is given tampered answers at every check, and must detect them.
    pub tamper: bool,
    /// Which program serves.
    pub program: PathBuf,
    /// More configuration of the server.
    pub extra: String,
}

/// Runs a soak; `say` gets a line now and then. Call it inside an actix system.
///
/// # Errors
/// When the soak could not be run. What it finds is in the report.
pub async fn run(options: &Options, say: &dyn Fn(&str)) -> Result<Report> {
    let mut report = Report { seed: options.seed, ..Report::default() };
    if let Some(why) = options.fault.missing() {
        say(&format!("skipped: {why}"));
        report.skipped = Some(why);
        return Ok(report);
    }
    let name = format!("lightning-kill-{}-{}", options.seed, std::process::id());
    let work = options.work.clone().unwrap_or_else(|| std::env::temp_dir().join(name));
    let data = options.data.clone().unwrap_or_else(|| work.join("data"));
    fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    if fs::read_dir(&data).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} is not empty: a soak starts with nothing", data.display());
    }
    say(&format!("work directory {}", work.display()));
    report.work = work.clone();
    let started = Instant::now();
    let tmpfs = match options.fault {
        Fault::Tmpfs => match Tmpfs::mount(&data) {
            Ok(tmpfs) => Some(tmpfs),
            Err(error) => {
                say(&format!("skipped: {error}"));
                report.skipped = Some(error.to_string());
                return Ok(report);
            }
        },
        _ => None,
    };
    let mut soak = Soak::prepare(options, work.clone(), data, tmpfs).await?;
    let ended = soak.run(&mut report, say).await;
    if let Err(error) = ended {
        let last = soak.server.last_log_line();
        report
            .violations
            .push(Violation::new(Kind::Harness, format!("{error:#}; the server's last log line: {last}")));
    }
    report.counts = soak.model.counts;
    report.restarts = Times::of(&mut soak.restarts);
    report.seconds = started.elapsed().as_secs_f64();
    let needles: Vec<String> = report.violations.iter().flat_map(|found| found.needles.clone()).collect();
    report.lines = soak.clients.lines_about(&needles, LINES_MAX);
    drop(soak);
    if report.violations.is_empty() && !options.keep {
        fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    }
    Ok(report)
}

/// A soak under way.
struct Soak<'a> {
    options: &'a Options,
    random: Random,
    client: Client,
    fixture: Fixture,
    model: Model,
    clients: Clients,
    server: Server,
    tmpfs: Option<Tmpfs>,
    trace: PathBuf,
    spawned: Instant,
    starts: u64,
    /// Milliseconds from starting to the first acknowledgement.
    restarts: Vec<f64>,
}

impl<'a> Soak<'a> {
    async fn prepare(
        options: &'a Options,
        work: PathBuf,
        data: PathBuf,
        tmpfs: Option<Tmpfs>,
    ) -> Result<Self> {
        let token = format!("soak-{:032x}", options.seed);
        let mut server = Server::prepare(&options.program, &work, &data, &token, FIRST, &options.extra)?;
        let client = Client::new(&server.url()).with_operator(&token);
        server.start(&[])?;
        server.ready(&client, READY_MAX).await?;
        let mut model = Model::default();
        let (clients, accounts) = (options.clients, options.accounts);
        let fixture = fixture::create(&client, &work, &token, clients, accounts, &mut model).await?;
        let start = Start {
            work: &work,
            url: &server.url(),
            seed: options.seed,
            in_flight: options.in_flight,
            idempotency: options.idempotency,
        };
        let clients = Clients::start(options.clients, &start)?;
        Ok(Self {
            options,
            random: Random::stream(options.seed, 0),
            client,
            fixture,
            model,
            clients,
            server,
            tmpfs,
            trace: work.join("strace.log"),
            spawned: Instant::now(),
            starts: 0,
            restarts: Vec::new(),
        })
    }

    async fn run(&mut self, report: &mut Report, say: &dyn Fn(&str)) -> Result<()> {
        self.clients.go()?;
        let mut unchecked = 0;
        let mut last_progress = Instant::now();
        while report.kills < self.options.kills {
            match self.options.fault {
                Fault::None => self.kill(report).await?,
                Fault::Rehearsal => {
                    sleep(self.instant()).await;
                    report.kills += 1;
                    self.starts += 1; // so that the probe's deposit is a new one
                    self.spawned = Instant::now();
                }
                Fault::StraceEio | Fault::StraceEnospc | Fault::Tmpfs => self.fail(report).await?,
            }
            self.server.ready(&self.client, READY_MAX).await?;
            self.acknowledged().await?;
            unchecked += 1;
            let is_last = report.kills >= self.options.kills;
            if is_last || unchecked >= self.options.check_every || self.random.chance(40) {
                unchecked = 0;
                if !self.check(report).await? {
                    return Ok(());
                }
                if !is_last {
                    self.clients.go()?;
                }
            }
            if last_progress.elapsed() > Duration::from_secs(10) {
                last_progress = Instant::now();
                let counts = &self.model.counts;
                say(&format!(
                    "{} kills, {} checks, {} orders, {} unknown outcomes, nothing lost",
                    report.kills, report.checks, counts.orders, counts.unknown
                ));
            }
        }
        self.stop_in_order(report).await
    }

    /// Kills the server at some instant, and some of the starts that follow.
    async fn kill(&mut self, report: &mut Report) -> Result<()> {
        sleep(self.instant()).await;
        self.end(report)?;
        while report.kills < self.options.kills && self.random.chance(KILL_STARTING_PERCENT) {
            self.start(&[])?;
            sleep(Duration::from_millis(self.random.between(0, KILL_STARTING_MS))).await;
            self.end(report)?;
            report.kills_starting += 1;
        }
        self.start(&[])
    }

    /// How long the server is left alone.
    fn instant(&mut self) -> Duration {
        let (least, most) = KILL_AFTER_MS;
        Duration::from_millis(self.random.between(least, most))
    }

    fn end(&mut self, report: &mut Report) -> Result<()> {
        report.kills += 1;
        if let Some(status) = self.server.kill()? {
            bail!("the server had ended by itself before it was killed: {status}");
        }
        Ok(())
    }

    fn start(&mut self, before: &[String]) -> Result<()> {
        self.spawned = Instant::now();
        self.starts += 1;
        self.server.start(before)
    }

    /// Starts the server on a disk that fails and waits for it to end by itself; then starts it on one that does
    /// not.
    async fn fail(&mut self, report: &mut Report) -> Result<()> {
        report.kills += 1;
        self.server.kill()?;
        let _ = fs::remove_file(&self.trace); // of the time before
        if let Some(tmpfs) = &self.tmpfs {
            tmpfs.shrink(self.random.between(SPARE_KIB.0, SPARE_KIB.1))?;
        }
        let before = self.options.fault.before(&mut self.random, &self.trace);
        self.start(&before)?;
        let deadline = Instant::now() + FAULT_MAX;
        let ended = loop {
            if let Some(status) = self.server.ended()? {
                break Some(status);
            }
            if Instant::now() > deadline {
                break None;
            }
            sleep(Duration::from_millis(20)).await;
        };
        let was_hit = self.tmpfs.is_some() || Fault::was_hit(&self.trace);
        match ended {
            Some(status) if status.success() => {
                bail!("the server ended as if all were well on a disk that failed");
            }
            Some(_) if was_hit => {
                report.faults_hit += 1;
                report.last_log_line = self.server.last_log_line();
            }
            Some(status) => bail!("the server ended before any fault: {status}"),
            None if was_hit && self.tmpfs.is_none() => {
                bail!("the server continues after a fault of its disk")
            }
            None => report.faults_missed += 1,
        }
        self.server.kill()?;
        if let Some(tmpfs) = &self.tmpfs {
            tmpfs.grow()?;
        }
        self.start(&[])
    }

    /// Moves a little money, and measures how long after the start that was acknowledged.
    async fn acknowledged(&mut self) -> Result<()> {
        let id = format!("probe-{}", self.starts);
        let transfer = Transfer { asset: Asset(1), amount: 1, deposit: true, id };
        match wire::send_transfer(&self.client, PROBE, &transfer).await {
            Outcome::Done(Answer::Transferred { free, locked }) => {
                self.restarts.push(self.spawned.elapsed().as_secs_f64() * 1_000.0);
                self.model.transferred(PROBE, transfer, free, locked);
            }
            Outcome::Refused { code, message, .. } => {
                let what = format!("account {PROBE}: a deposit is refused: {message} ({code})");
                self.model.broken.push(Violation::new(Kind::LostAccount, what));
            }
            other => bail!("a deposit after the start: {other:?}"),
        }
        Ok(())
    }

    /// Pauses the clients and compares; returns whether there were no violations.
    async fn check(&mut self, report: &mut Report) -> Result<bool> {
        self.clients.pause()?;
        self.clients.read(&mut self.model)?;
        observe::request_again(&self.client, &self.fixture.keys, &mut self.model).await;
        let mut found = Vec::new();
        for look in 0..LOOKS {
            if look > 0 {
                sleep(LOOK_AGAIN).await;
            }
            let view = observe::look(&self.client, &self.fixture.keys, &self.model).await;
            if self.options.tamper && look == 0 {
                let (detected, missed) = tamper::detect(&self.model, &view);
                report.tamperings_found += detected;
                report.violations.extend(missed);
            }
            let mut next = self.model.clone();
            found = check(&mut next, &view);
            if found.is_empty() {
                self.model = next;
                report.checks += 1;
                report.fills += view.accounts.values().map(|seen| seen.fills.len() as u64).sum::<u64>();
                return Ok(true);
            }
        }
        report.violations.extend(found);
        Ok(false)
    }

    /// A planned stop loses nothing either.
    async fn stop_in_order(&mut self, report: &mut Report) -> Result<()> {
        if self.options.fault == Fault::Rehearsal {
            return Ok(());
        }
        let status = self.server.stop()?;
        if !status.is_some_and(|status| status.success()) {
            bail!("the server did not stop well: {status:?}");
        }
        self.start(&[])?;
        self.server.ready(&self.client, READY_MAX).await?;
        self.acknowledged().await?;
        self.check(report).await?;
        Ok(())
    }
}
