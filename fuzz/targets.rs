//! The fuzz targets: every reader of untrusted bytes. No input may panic, or take more time or memory than its length
//! accounts for. `tests/it/fuzz.rs` runs the same on stable, from the corpus.

use std::{
    cell::RefCell,
    sync::{Arc, LazyLock},
};

use lightning_exchange::{
    domain::{
        book::BookLimits,
        instruments::{AssetDefinition, Instruments, SymbolDefinition},
        replica::{Replica, Terms},
        types::decimal,
    },
    http,
    journal::{Disk, SimDisk, block, snapshot},
    store,
};

/// The name of every target.
#[allow(dead_code, reason = "the fuzzer's programs name theirs")]
pub(crate) const ALL: [&str; 7] = ["decimal", "order", "websocket", "block", "frame", "part", "manifest"];

/// Runs one of them on bytes.
pub(crate) fn run(target: &str, bytes: &[u8]) {
    match target {
        "decimal" => decimal(bytes),
        "order" => order(bytes),
        "websocket" => http::fuzzing::websocket(bytes),
        "block" => journal_block(bytes),
        "frame" => frame(bytes),
        "part" => part(bytes),
        "manifest" => manifest(bytes),
        other => panic!("there is no target {other}"),
    }
}

static INSTRUMENTS: LazyLock<Arc<Instruments>> = LazyLock::new(|| {
    let (assets, symbols) = definitions(include_str!("../tests/golden/v1/catalogue.json"));
    Arc::new(Instruments::build(&assets, &symbols).expect("a sound catalogue"))
});

/// Reads the assets and symbols of a golden directory.
pub(crate) fn definitions(text: &str) -> (Vec<AssetDefinition>, Vec<SymbolDefinition>) {
    serde_json::from_str(text).expect("definitions")
}

/// The first byte is the scale.
fn decimal(bytes: &[u8]) {
    let Some((&scale, text)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let scale = scale % (decimal::SCALE_MAX + 1);
    if let Ok(value) = decimal::parse_units(text, scale) {
        let mut buffer = [0; 64];
        let written = decimal::Units { value, scale }.write_into(&mut buffer).to_owned();
        // With fewer digits than the wire prints, it prints more than may be read.
        if scale >= decimal::WIRE_FRACTION_DIGITS {
            assert_eq!(decimal::parse_units(&written, scale), Ok(value), "{text} was written {written}");
        }
    }
}

fn order(bytes: &[u8]) {
    let spec = INSTRUMENTS.symbols().next().expect("a symbol");
    http::fuzzing::order(bytes, spec);
}

/// The bytes as they are, and with a valid checksum, so that the code behind it is reached.
fn journal_block(bytes: &[u8]) {
    let _ = block::decode(bytes);
    if bytes.len() < block::HEADER {
        return;
    }
    let kind = if bytes[5].is_multiple_of(2) { block::Kind::Data } else { block::Kind::Marker };
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let count = u32::from_le_bytes(bytes[16..20].try_into().expect("four bytes"));
    let fields = block::Fields {
        kind,
        is_settled: bytes[6].is_multiple_of(2),
        count,
        first_lsn: number(24),
        durable: number(32),
    };
    let mut sealed = bytes.to_vec();
    block::seal(&mut sealed, &fields, &[7; 32]);
    sealed.resize(block::padded(sealed.len()), 0);
    if let Ok(Some(found)) = block::decode(&sealed) {
        assert!(found.follows(&[7; 32]));
        for (_, frame) in block::Frames::new(found.fields.first_lsn, found.body) {
            let _ = store::decode(frame);
        }
    }
}

fn frame(bytes: &[u8]) {
    let _ = store::owner(bytes);
    if let Ok(frame) = store::decode(bytes) {
        let mut replica = empty();
        // It may follow no frame, or happen to be a first one.
        let _ = replica.apply(&frame);
        replica.trim();
        let _ = replica.check();
    }
}

/// The first byte chooses the part.
fn part(bytes: &[u8]) {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    let mut replica = empty();
    let name = ["terms", "accounts-00", "accounts-15", "symbol-0001", "other"][usize::from(kind) % 5];
    if store::read_part(&mut replica, name, bytes).is_ok() {
        replica.trim();
        let _ = (replica.check(), replica.hash());
    }
}

fn empty() -> Replica {
    let mut replica = Replica::new(Arc::clone(&INSTRUMENTS));
    let limits = BookLimits { orders_max: 1_000, fills_max: 100 };
    replica.set_terms(Terms::of(&INSTRUMENTS, limits)).expect("its own terms");
    replica
}

fn manifest(bytes: &[u8]) {
    thread_local! {
        static MADE: RefCell<Option<SimDisk>> = const { RefCell::new(None) };
    }
    let directory = snapshot::directory_name(7);
    let disk = MADE.with_borrow_mut(|made| {
        let make = || {
            let disk = SimDisk::default();
            disk.make_dir(snapshot::DIRECTORY).expect("a directory");
            disk.make_dir(&directory).expect("a directory");
            disk
        };
        made.get_or_insert_with(make).fork()
    });
    let file = disk.create(&format!("{directory}/manifest.json")).expect("a file");
    file.write_at(bytes, 0).expect("written");
    let disk: Arc<dyn Disk> = Arc::new(disk);
    if let Ok(snapshot) = snapshot::load(&disk, 7) {
        let _ = snapshot.verify();
        for part in snapshot.parts() {
            let _ = snapshot.part(&part.name);
        }
    }
}
