//! The soak itself: starts everything, restarts the server, compares in the end.

use std::{collections::BTreeMap, fs, path::PathBuf, rc::Rc, time::Duration};

use anyhow::{Context, Result, bail};
use lightning_exchange::feed::synthetic::Random;
use tokio::{
    task::{JoinSet, LocalSet},
    time::{Instant, sleep, timeout},
};

use super::{
    accounts::{self, FIRST, MARKETS, READY_MAX, TRADERS, Trader},
    depth::{self, BookStart, Subscriber},
    load,
    private::{self, Record},
    report::Report,
    setup,
    shared::{RETRY, Shared},
};
use crate::crash_soak::server::Server;

/// How long subscribers may take to finish.
const END_MAX: Duration = Duration::from_secs(90);

/// How long, how fast, how many.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed of every decision.
    pub seed: u64,
    /// How long orders flow, in seconds.
    pub seconds: u64,
    /// Orders placed and cancelled a second, at most.
    pub rate: u64,
    /// Stops and kills, in turn.
    pub restarts: u64,
    /// Subscribers of depth.
    pub subscribers: u64,
    /// Of those, how many stall and drop their connection.
    pub interrupted: u64,
    /// Accounts whose private events are listened to.
    pub listened: u64,
    /// The server's program.
    pub program: PathBuf,
    /// Where the server keeps its files and its log; none is a directory that is removed when all was well.
    pub work: Option<PathBuf>,
}

/// Runs the soak; `say` receives progress lines.
///
/// # Errors
/// The server cannot be started, or the soak could not be done. Problems with the streams are in the report.
pub async fn run(options: &Options, say: &dyn Fn(&str)) -> Result<Report> {
    let work = setup::directory("soak", options.seed, options.work.as_deref(), say)?;
    let (server, shared) = setup::start(&options.program, &work, options.seed, "").await?;
    let mut soak = Soak { options, shared: Rc::clone(&shared), server };
    let ran = LocalSet::new().run_until(soak.run(say)).await;
    ran.with_context(|| format!("the server's last log line: {}", soak.server.last_log_line()))?;
    drop(soak);
    let report = shared.report.borrow().clone();
    if report.is_clean() && options.work.is_none() {
        fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    }
    Ok(report)
}

struct Soak<'a> {
    options: &'a Options,
    shared: Rc<Shared>,
    server: Server,
}

/// An account that is listened to.
type Listened = (Trader, Rc<Record>);

impl Soak<'_> {
    async fn run(&mut self, say: &dyn Fn(&str)) -> Result<()> {
        let Options { seed, rate, subscribers, interrupted, listened, .. } = *self.options;
        let traders = accounts::open(&self.shared.client, FIRST, TRADERS).await?;
        let listened: Vec<Listened> = traders
            .iter()
            .take(usize::try_from(listened)?)
            .map(|trader| (trader.clone(), Rc::default()))
            .collect();
        let mut listeners = JoinSet::new();
        for (trader, record) in &listened {
            listeners.spawn_local(private::listen(
                trader.clone(),
                Rc::clone(record),
                Rc::clone(&self.shared),
            ));
            private::subscribed(record).await;
        }
        let mut subscriber_tasks = JoinSet::new();
        for index in 0..subscribers {
            let interruptions = (index < interrupted).then(|| Random::stream(seed, 1_000 + index));
            let start = if index % 4 < 2 { BookStart::Rest } else { BookStart::Stream };
            let market = &MARKETS[usize::try_from(index)? % MARKETS.len()];
            let shared = Rc::clone(&self.shared);
            let name = format!("subscriber {index}");
            subscriber_tasks.spawn_local(Subscriber { name, market, start, interruptions, shared }.run());
        }
        let mut loads = JoinSet::new();
        let pace = Duration::from_secs_f64((TRADERS * load::BATCH as u64) as f64 / rate.max(1) as f64);
        for (index, trader) in traders.into_iter().enumerate() {
            let record = listened.get(index).map(|(_, record)| Rc::clone(record));
            loads.spawn_local(load::trade(trader, Rc::clone(&self.shared), record, seed, pace));
        }
        let counts = (listened.len() as u64, subscribers);
        self.shared.count(|report| (report.listened, report.subscribers) = counts);
        self.restart(say).await?;
        self.shared.is_over.set(true);
        while loads.join_next().await.is_some() {}
        self.end(&listened, &mut subscriber_tasks).await
    }

    /// Lets the load run for its time, and stops or kills the server at regular intervals.
    async fn restart(&mut self, say: &dyn Fn(&str)) -> Result<()> {
        let Options { seconds, restarts, .. } = *self.options;
        let started = Instant::now();
        let stretch = Duration::from_secs(seconds) / u32::try_from(restarts + 1)?;
        for restart in 1..=restarts {
            sleep((started + stretch * u32::try_from(restart)?) - Instant::now()).await;
            let away = Instant::now();
            let is_kill = restart % 2 == 0;
            let status = if is_kill { self.server.kill()? } else { self.server.stop()? };
            match status {
                Some(status) if is_kill => bail!("the server had ended by itself: {status}"),
                Some(status) if !status.success() => bail!("the server did not stop well: {status}"),
                _ => {}
            }
            self.server.start(&[])?;
            self.server.ready(&self.shared.client, READY_MAX).await?;
            self.shared.count(|report| {
                report.kills += u64::from(is_kill);
                report.stops += u64::from(!is_kill);
                report.down_seconds += away.elapsed().as_secs_f64();
            });
            let report = self.shared.report.borrow();
            let away = away.elapsed().as_secs_f64();
            let Report { commands, diffs, events, desyncs, lost, .. } = &*report;
            say(&format!(
                "{restart} restarts (the last took {away:.1} s), {commands} commands, {diffs} diffs, {desyncs} desyncs, \
                 {events} private events, {lost} lost"
            ));
        }
        sleep((started + Duration::from_secs(seconds)) - Instant::now()).await;
        let elapsed = started.elapsed().as_secs_f64();
        self.shared.count(|report| {
            report.seconds = elapsed;
            report.commands_per_second = report.commands as f64 / (elapsed - report.down_seconds);
        });
        Ok(())
    }

    /// The load has ended: compares every subscriber's state with the server's.
    async fn end(&self, listened: &[Listened], subscriber_tasks: &mut JoinSet<()>) -> Result<()> {
        let mut books = BTreeMap::new();
        for market in &MARKETS {
            books.insert(market.name, depth::snapshot(&self.shared, market.name).await?);
        }
        *self.shared.finals.borrow_mut() = Some(books);
        let all = async { while subscriber_tasks.join_next().await.is_some() {} };
        if timeout(END_MAX, all).await.is_err() {
            self.shared.desync(|| format!("{} subscribers did not finish", subscriber_tasks.len()));
        }
        for (trader, record) in listened {
            private::compare(trader, record, &self.shared).await?;
        }
        sleep(RETRY).await;
        Ok(())
    }
}
