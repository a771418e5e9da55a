//! One benchmark per operation of the book, at a book of 10,000 resting orders on 2,000 levels.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lightning_exchange::domain::{
    book::{Book, BookEvent, BookLimits, Outcome},
    messages::message::SubmitOrder,
    orders::{Handle, Policy, Side, StpMode},
    types::{
        id::{AccountId, OrderId, SymbolId},
        money::{Lots, Price},
        time::Timestamp,
    },
};

const NOW: Timestamp = Timestamp::from_micros(1);
const MID: u64 = 100_000;

fn order(id: u64, side: Side, ticks: u64, lots: u64, policy: Policy) -> SubmitOrder {
    SubmitOrder {
        order: OrderId::new(id),
        account: AccountId::new(id % 1_000),
        symbol: SymbolId::new(1),
        side,
        limit: Price::from_ticks(ticks),
        lots: Lots::new(lots),
        policy,
        stp: StpMode::ExpireTaker,
        extras: None,
    }
}

/// Makes a book of five orders of 10 lots on each of 1,000 levels a side.
fn book(events: &mut Vec<BookEvent>) -> Book {
    let mut book = Book::new(BookLimits::default());
    for id in 0..10_000 {
        let (side, ticks) =
            if id % 2 == 0 { (Side::Buy, MID - id / 10) } else { (Side::Sell, MID + 1 + id / 10) };
        rest(&mut book, &order(id, side, ticks, 10, Policy::Rest), events);
    }
    book
}

fn rest(book: &mut Book, taker_order: &SubmitOrder, events: &mut Vec<BookEvent>) -> Handle {
    events.clear();
    match book.submit(taker_order, NOW, events) {
        Outcome::Rested { handle, .. } => handle,
        other => panic!("{other:?}"),
    }
}

/// Rests orders on a hundred levels and cancels them again; returns how long each half took.
fn rest_and_cancel(book: &mut Book, events: &mut Vec<BookEvent>, times: u64) -> (Duration, Duration) {
    let (mut resting, mut cancelling) = (Duration::ZERO, Duration::ZERO);
    let mut handles = Vec::with_capacity(100);
    for start in (0..times).step_by(100) {
        let ids = 20_000..20_000 + (times - start).min(100);
        let started = Instant::now();
        for id in ids.clone() {
            let passive = order(id, Side::Buy, MID - 400 - id % 100, 10, Policy::Rest);
            handles.push(rest(book, black_box(&passive), events));
        }
        resting += started.elapsed();
        let started = Instant::now();
        for (handle, id) in handles.drain(..).zip(ids) {
            events.clear();
            black_box(book.cancel(black_box(handle), OrderId::new(id), events));
        }
        cancelling += started.elapsed();
    }
    (resting, cancelling)
}

fn operations(criterion: &mut Criterion) {
    let mut events = Vec::with_capacity(64);
    let mut full = book(&mut events);
    criterion.bench_function("rest", |bencher| {
        bencher.iter_custom(|times| rest_and_cancel(&mut full, &mut events, times).0);
    });
    criterion.bench_function("cancel", |bencher| {
        bencher.iter_custom(|times| rest_and_cancel(&mut full, &mut events, times).1);
    });
    let handle =
        rest(&mut full, &order(30_001, Side::Buy, MID - 400, u64::MAX >> 8, Policy::Rest), &mut events);
    criterion.bench_function("reduce", |bencher| {
        bencher.iter(|| {
            events.clear();
            full.reduce(black_box(handle), OrderId::new(30_001), Lots::new(1), &mut events)
        });
    });
    let sweep = order(30_002, Side::Sell, MID - 10, 100, Policy::Immediate);
    criterion.bench_function("sweep ten orders", |bencher| {
        bencher.iter_batched_ref(
            || book(&mut events),
            |book| {
                let mut events = Vec::with_capacity(64);
                book.submit(black_box(&sweep), NOW, &mut events)
            },
            BatchSize::LargeInput,
        );
    });
    criterion.bench_function("sweep ten parts of an iceberg", |bencher| {
        let mut hiding = book(&mut events);
        let best = order(30_004, Side::Buy, MID, u64::MAX, Policy::Rest);
        rest(&mut hiding, &best.with(|extras| extras.peak = Some(Lots::new(10))), &mut events);
        // The level's five orders go first.
        events.clear();
        hiding.submit(&order(30_005, Side::Sell, MID, 50, Policy::Immediate), NOW, &mut events);
        let parts = order(30_006, Side::Sell, MID, 100, Policy::Immediate);
        bencher.iter(|| {
            events.clear();
            hiding.submit(black_box(&parts), NOW, &mut events)
        });
    });
    criterion.bench_function("refuse a fill-or-kill behind ten orders", |bencher| {
        let killed = order(30_003, Side::Sell, MID - 1, 101, Policy::FillOrKill);
        bencher.iter(|| full.submit(black_box(&killed), NOW, &mut events));
    });
}

criterion_group!(benches, operations);
criterion_main!(benches);
