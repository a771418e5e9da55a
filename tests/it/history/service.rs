//! The history beside the journal's writer: it follows, hurries when a query waits for it, and ingests the rest when it
//! stops.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use lab::sim::{Flow, flow};
use lightning_exchange::{
    domain::replica::Frame,
    history::{HistoryService, HistorySettings, Source, SourceError},
};
use tokio::sync::oneshot;

use super::projection::{JOURNAL, compare, runtime};

/// More than a stop takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// The frames that are durable by now.
struct Growing {
    flow: Arc<Flow>,
    at: usize,
    durable: Arc<AtomicUsize>,
}

impl Source for Growing {
    fn read(&mut self, limit: usize, frames: &mut Vec<(u64, Frame)>) -> Result<bool, SourceError> {
        let durable = self.durable.load(Ordering::Acquire);
        let end = durable.min(self.at + limit);
        frames.extend_from_slice(&self.flow.frames[self.at..end]);
        self.at = end;
        Ok(end < durable)
    }
}

fn start(url: &str, flow: &Arc<Flow>, durable: &Arc<AtomicUsize>) -> HistoryService {
    let (source, durable) = (Arc::clone(flow), Arc::clone(durable));
    let settings = HistorySettings {
        url: url.to_owned(),
        replica: None,
        instruments: Arc::clone(&flow.instruments),
        journal: JOURNAL.to_owned(),
        open: Box::new(move |after| {
            let (flow, durable) = (Arc::clone(&source), Arc::clone(&durable));
            Ok(Box::new(Growing { flow, at: after as usize, durable }))
        }),
    };
    HistoryService::start(settings).unwrap()
}

#[test]
fn it_follows_what_becomes_durable_and_takes_in_the_rest_when_it_is_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/history.db", directory.path().display());
    let flow = Arc::new(flow(11, 1_500).unwrap());
    let durable = Arc::new(AtomicUsize::new(0));
    let service = start(&url, &flow, &durable);
    let history = service.history().clone();
    let half = flow.frames.len() / 2;
    durable.store(half, Ordering::Release);
    let reached = history.ask(move |reader| async move { reader.reached(half as u64).await });
    assert_eq!(runtime().block_on(reached).unwrap(), half as u64);
    durable.store(flow.frames.len(), Ordering::Release);
    assert!(service.stop(Instant::now() + PATIENCE));
    assert_eq!(
        history.progress().sequence(),
        flow.frames.len() as u64,
        "it ingested the rest when it was stopped"
    );
    assert_eq!(history.progress().failures(), 0);
    assert_eq!(runtime().block_on(compare(&url, &flow)).first_differences, Vec::<String>::new());
}

#[test]
fn an_abandoned_question_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/history.db", directory.path().display());
    let flow = Arc::new(flow(12, 100).unwrap());
    let service = start(&url, &flow, &Arc::default());
    let history = service.history().clone();
    runtime().block_on(async {
        let (started, has_started) = oneshot::channel();
        let (kept, gone) = oneshot::channel::<()>();
        let asked = history.ask(move |reader| async move {
            let _kept = kept;
            let _ = started.send(());
            reader.reached(u64::MAX).await // never
        });
        tokio::select! {
            answer = asked => panic!("{answer:?}"),
            started = has_started => started.unwrap(),
        }
        assert!(gone.await.is_err(), "it is dropped with its caller");
    });
    assert!(service.stop(Instant::now() + PATIENCE));
}

/// Hands out a frame at a time, and only when the test lets it.
struct Stuck {
    flow: Arc<Flow>,
    at: usize,
    let_on: Arc<Mutex<mpsc::Receiver<()>>>,
    has_started: mpsc::Sender<()>,
}

impl Source for Stuck {
    fn read(&mut self, _: usize, frames: &mut Vec<(u64, Frame)>) -> Result<bool, SourceError> {
        self.has_started.send(())?;
        self.let_on.lock().unwrap().recv()?;
        frames.push(self.flow.frames[self.at].clone());
        self.at += 1;
        Ok(true)
    }
}

#[test]
fn a_stop_without_time_leaves_the_rest_for_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/history.db", directory.path().display());
    let flow = Arc::new(flow(13, 200).unwrap());
    let (source, (let_one, let_on), (started_tx, has_started)) =
        (Arc::clone(&flow), mpsc::channel(), mpsc::channel());
    let let_on = Arc::new(Mutex::new(let_on));
    let settings = HistorySettings {
        url: url.clone(),
        replica: None,
        instruments: Arc::clone(&flow.instruments),
        journal: JOURNAL.to_owned(),
        open: Box::new(move |after| {
            let (flow, at, let_on) = (Arc::clone(&source), after as usize, Arc::clone(&let_on));
            Ok(Box::new(Stuck { flow, at, let_on, has_started: started_tx.clone() }))
        }),
    };
    let service = HistoryService::start(settings).unwrap();
    has_started.recv().unwrap();
    // It is behind by everything, and will not get on.
    service.request_stop();
    assert!(!service.stop(Instant::now()), "it has not stopped, and is not waited for");
    drop(let_one);

    let durable = Arc::new(AtomicUsize::new(flow.frames.len()));
    let service = start(&url, &flow, &durable);
    assert!(service.stop(Instant::now() + PATIENCE));
    assert_eq!(runtime().block_on(compare(&url, &flow)).first_differences, Vec::<String>::new());
}
