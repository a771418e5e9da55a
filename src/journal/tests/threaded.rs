//! The journal thread: nothing is released before it is durable, and everything in order.

use std::{
    sync::{Mutex, atomic::AtomicU64, atomic::Ordering, mpsc},
    thread,
    time::Duration,
};

use super::{
    sim::{Fault, Random},
    *,
};

/// Reports the frame it waited for, what was durable on disk when it was released, or that it was dropped.
struct Waiting {
    lsn: u64,
    released: mpsc::Sender<(u64, bool)>,
    is_released: bool,
    sim: SimDisk,
    is_checked: bool,
}

impl Outbox for Waiting {
    fn release(mut self, position: u64) {
        assert_eq!(position, self.lsn);
        self.is_released = true;
        if self.is_checked {
            assert!(read(&self.sim.crash(self.lsn)).unwrap().0 >= self.lsn, "released before it was durable");
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.released.send((self.lsn, self.is_released));
    }
}

struct Rig {
    sim: SimDisk,
    released: mpsc::Sender<(u64, bool)>,
    heard: mpsc::Receiver<(u64, bool)>,
    failures: mpsc::Receiver<JournalError>,
    journal: Journal<Waiting>,
    thread: JournalThread<Waiting>,
    lsn: AtomicU64,
    is_checked: bool,
}

fn rig(durability: Durability) -> Rig {
    let sim = SimDisk::default();
    let writer = resume(&sim).unwrap();
    let (released, heard) = mpsc::channel();
    let (failed, failures) = mpsc::channel();
    let (journal, thread) =
        start(writer, durability, Box::new(move |error| failed.send(error).unwrap())).unwrap();
    Rig {
        sim,
        released,
        heard,
        failures,
        journal,
        thread,
        lsn: AtomicU64::new(0),
        is_checked: durability == Durability::Fsync,
    }
}

impl Rig {
    fn append(&self, count: u64) {
        let first = self.lsn.load(Ordering::Relaxed) + 1;
        let mut frames = Vec::new();
        (first..first + count).for_each(|lsn| push_frame(&mut frames, &frame(lsn)));
        let lsn = first - 1 + count;
        self.lsn.store(lsn, Ordering::Relaxed);
        let (released, sim) = (self.released.clone(), self.sim.clone());
        let outbox = Waiting {
            lsn,
            released,
            is_released: false,
            sim,
            is_checked: self.is_checked && lsn.is_multiple_of(16),
        };
        self.journal.append(Append { frames, count: count as u32, outbox });
    }
}

#[test]
fn outboxes_are_released_in_order_and_only_once_durable() {
    let rig = rig(Durability::Fsync);
    let mut random = Random::new(1);
    let mut expected = Vec::new();
    for _ in 0..500 {
        rig.append(random.below(4));
        expected.push((rig.lsn.load(Ordering::Relaxed), true));
    }
    let heard: Vec<_> = rig.heard.iter().take(500).collect();
    assert_eq!(heard, expected);
    let all = rig.lsn.load(Ordering::Relaxed);
    assert_eq!(rig.journal.durable(), all);
    let stats = rig.journal.stats();
    assert_eq!((stats.frames, stats.is_short_of_space), (all, false));
    assert!(stats.commits > 0 && stats.commits <= 500);
    assert_eq!(rig.thread.stop().unwrap().lsn, all);
    assert!(rig.failures.try_recv().is_err());
    let (count, tail) = read(&rig.sim).unwrap();
    assert_eq!((count, tail.torn), (all, None));
    rig.sim.flip_bit(&segment::file_name(1), 4096 + 80, 0).unwrap();
    assert!(read(&rig.sim).is_err(), "a marker follows the last commit");
    rig.journal.append(Append {
        frames: vec![],
        count: 0,
        outbox: Waiting {
            lsn: 0,
            released: rig.released,
            is_released: false,
            sim: rig.sim,
            is_checked: false,
        },
    });
    assert_eq!(rig.heard.recv().unwrap(), (0, false), "after the end, nothing is released");
}

#[test]
fn what_only_waits_writes_nothing() {
    let rig = rig(Durability::Fsync);
    let before = rig.sim.operations();
    for _ in 0..50 {
        rig.append(0);
    }
    assert!(rig.heard.iter().take(50).all(|(_, is_released)| is_released));
    rig.thread.stop().unwrap();
    assert_eq!(rig.sim.operations(), before);
}

#[test]
fn after_a_failure_nothing_is_released_any_more() {
    for fault in [Fault::Eio, Fault::ShortWrite, Fault::Enospc] {
        for at in [0, 1, 7, 30] {
            let rig = rig(Durability::Fsync);
            rig.sim.fail_at(rig.sim.operations() + at, fault);
            for _ in 0..200 {
                rig.append(1);
                if rig.lsn.load(Ordering::Relaxed).is_multiple_of(5) {
                    thread::yield_now();
                }
            }
            // A fault that has not occurred by then occurs with the marker.
            let last = rig.thread.stop();
            let durable = rig.journal.durable();
            let heard: Vec<_> = rig.heard.iter().take(200).collect();
            let released = heard.iter().filter(|(_, is_released)| *is_released).count() as u64;
            assert!(
                heard.iter().take(released as usize).all(|&(lsn, is_released)| is_released && lsn <= durable)
            );
            assert_eq!(rig.failures.try_iter().count(), usize::from(last.is_err()), "reported once");
            assert!(read(&rig.sim.crash(at)).unwrap().0 >= released);
        }
    }
}

#[test]
fn dropping_every_handle_commits_what_is_queued() {
    let rig = rig(Durability::Fsync);
    for _ in 0..100 {
        rig.append(2);
    }
    drop(rig.journal);
    assert_eq!(rig.thread.join().unwrap().lsn, 200);
    assert_eq!(rig.heard.iter().take(100).filter(|(_, is_released)| *is_released).count(), 100);
}

#[test]
fn without_waiting_for_the_disk_it_is_synced_a_little_later() {
    let rig = rig(Durability::Async { interval: Duration::from_secs(3600) });
    // The end of the burst is marked, which syncs, so a fresh frame is unsynced only for a moment.
    rig.append(5);
    assert_eq!(rig.heard.recv().unwrap().0, 5);
    while rig.journal.durable() < 5 {
        thread::yield_now();
    }
    assert_eq!(read(&rig.sim.crash(1)).unwrap().0, 5);
    rig.append(5);
    assert_eq!(rig.thread.stop().unwrap().lsn, 10);
    assert_eq!(read(&rig.sim.crash(1)).unwrap().0, 10);
}

#[test]
fn an_overdue_sync_is_made_up_for_under_load() {
    let rig = rig(Durability::Async { interval: Duration::ZERO });
    for _ in 0..300 {
        rig.append(1);
    }
    assert!(rig.heard.iter().take(300).all(|(_, is_released)| is_released));
    rig.thread.stop().unwrap();
    assert_eq!(rig.journal.durable(), 300);
}

#[test]
fn commits_are_observed_and_a_panic_is_a_failure() {
    struct Panics;
    impl Outbox for Panics {
        fn release(self, _: u64) {
            panic!("failed to wake the driver: Input/output error");
        }
    }
    let sim = SimDisk::default();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (failed, failures) = mpsc::channel();
    let observed = Arc::clone(&seen);
    let (journal, thread) = start_observed(
        resume(&sim).unwrap(),
        Durability::Fsync,
        Box::new(move |commit| observed.lock().unwrap().push((commit.frames, commit.bytes))),
        Box::new(move |error| failed.send(error).unwrap()),
    )
    .unwrap();
    let mut frames = Vec::new();
    push_frame(&mut frames, &frame(1));
    let bytes = frames.len() as u64;
    journal.append(Append { frames, count: 1, outbox: Panics });
    assert!(matches!(thread.join(), Err(JournalError::Panicked { .. })));
    let text = failures.recv().unwrap().to_string();
    assert!(text.contains("failed to wake the driver: Input/output error"), "{text}");
    assert_eq!(*seen.lock().unwrap(), [(1, bytes)]);
}
