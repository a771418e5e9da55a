//! Data directories written by released formats stay readable: each is under `tests/golden`, with its expected content.

use std::{fs, ops::ControlFlow, path::PathBuf, sync::Arc};

use lab::sim::World;
use lightning_exchange::{
    domain::{
        book::BookLimits,
        instruments::Instruments,
        messages::{
            command::{
                AccountCommand, AmendOrder, CancelAll, CancelOrder, CreateAccount, CreateApiKey,
                IdempotencyKey, OrderRef, Permissions, ReplaceMode, ReplaceOrder, Transfer,
            },
            credential::KeyMaterial,
        },
        orders::{NewOrder, Side, TimeInForce},
        replica::Terms,
        types::{
            id::{AccountId, AssetId, ClientOrderId, SlotId, SymbolId},
            money::{Amount, Lots, Price},
            time::Timestamp,
        },
    },
    journal::{
        Disk, Fill, LogOptions, LogReader, LogWriter, SimDisk, Start, block, open_blocks, segment,
        snapshot::{self, Pace},
    },
    store::{self, Frames, Replayed, Taking, Until},
};

use crate::{fuzz::targets::definitions, support::root};

/// The version whose directory [`write_the_golden_directory`] writes.
const VERSION: u32 = 2;
const IDENTITY: [u8; 16] = *b"golden directory";
/// Small: most of a segment is zeros, and the repository keeps it.
const SEGMENT: u64 = 32 << 10;
const LIMITS: BookLimits = BookLimits { orders_max: 1_000, fills_max: 100 };

fn home(version: u32) -> PathBuf {
    root().join(format!("tests/golden/v{version}"))
}

/// A golden directory: its files, its instruments, and its expected state.
struct Golden {
    disk: SimDisk,
    instruments: Arc<Instruments>,
    expected: String,
}

/// One file after the other: the length of the path, the path, the length of the content, the content; compressed.
fn unpack(packed: &[u8], disk: &SimDisk) {
    fn take<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
        let (length, after) = rest.split_first_chunk::<4>().unwrap();
        let (bytes, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        *rest = after;
        bytes
    }
    let bytes = zstd::decode_all(packed).unwrap();
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let path = String::from_utf8(take(&mut rest).to_vec()).unwrap();
        let content = take(&mut rest);
        for (at, _) in path.match_indices('/') {
            disk.make_dir(&path[..at]).unwrap();
        }
        disk.create(&path).unwrap().write_at(content, 0).unwrap();
    }
}

fn pack(disk: &SimDisk) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut add = |part: &[u8]| {
        bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
        bytes.extend_from_slice(part);
    };
    let mut directories = vec![segment::DIRECTORY.to_owned()];
    let all = handle(disk);
    directories.extend(snapshot::list(&all).unwrap().into_iter().map(snapshot::directory_name));
    for directory in directories {
        for name in all.list(&directory).unwrap() {
            let path = format!("{directory}/{name}");
            add(path.as_bytes());
            add(&all.open(&path).unwrap().read_all().unwrap());
        }
    }
    zstd::encode_all(&bytes[..], 19).unwrap()
}

fn open(version: u32) -> Golden {
    let home = home(version);
    let (assets, symbols) = definitions(&fs::read_to_string(home.join("catalogue.json")).unwrap());
    let disk = SimDisk::default();
    unpack(&fs::read(home.join("directory.zst")).unwrap(), &disk);
    Golden {
        disk,
        instruments: Arc::new(Instruments::build(&assets, &symbols).unwrap()),
        expected: fs::read_to_string(home.join("expected.txt")).unwrap(),
    }
}

fn handle(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

impl Golden {
    fn replay(&self, workers: usize) -> Replayed {
        let disk = handle(&self.disk);
        store::replay(&disk, IDENTITY, &self.instruments, Until::End, workers, &mut |_| ()).unwrap()
    }
}

/// What is expected of a directory, in words.
fn describe(replayed: &Replayed) -> String {
    let replica = &replayed.replica;
    let accounts: usize = replica.account_slots().map(|slot| slot.account_count()).sum();
    let orders: usize = replica.account_slots().map(|slot| slot.open_count()).sum();
    let (to_symbols, to_accounts) = replica.under_way();
    format!(
        "state hash {:032x}\nframes {}\nchain {}\naccounts {accounts}\nopen orders {orders}\nmessages under way {}\n",
        replica.hash(),
        replayed.position.lsn,
        hex::encode(replayed.position.chain),
        to_symbols.len() + to_accounts.len(),
    )
}

#[test]
fn every_released_format_is_readable() {
    for version in 2..=VERSION {
        let golden = open(version);
        for workers in [1, 4] {
            let replayed = golden.replay(workers);
            replayed.replica.check().unwrap();
            assert_eq!(describe(&replayed), golden.expected, "version {version}, {workers} workers");
            assert!(replayed.snapshot > 0 && replayed.frames() > 0, "from a snapshot, and frames after it");
        }
        // Without the snapshots the journal alone comes to the same.
        let disk = handle(&golden.disk);
        snapshot::prune(&disk, 0).unwrap();
        let replayed = golden.replay(1);
        assert_eq!(
            (describe(&replayed), replayed.snapshot),
            (golden.expected.clone(), 0),
            "version {version}"
        );
        // And it can be written on.
        let tail = replayed.tail.unwrap();
        LogWriter::resume(&disk, &tail, options()).unwrap().marker().unwrap();
        assert_eq!(describe(&golden.replay(1)), golden.expected, "version {version}, after it was opened");
    }
}

#[test]
fn the_unreleased_format_is_refused_by_name() {
    let golden = open(1);
    let disk = handle(&golden.disk);
    let refused = |disk: &Arc<dyn Disk>| {
        let replayed = store::replay(disk, IDENTITY, &golden.instruments, Until::End, 1, &mut |_| ());
        replayed.map(|_| ()).unwrap_err().to_string()
    };
    let message = "format version 1 is not known, 2 is the newest this release reads";
    assert!(refused(&disk).contains(message), "{}", refused(&disk));
    // The journal alone is refused as well, and not touched.
    snapshot::prune(&disk, 0).unwrap();
    let before = pack(&golden.disk);
    assert!(refused(&disk).contains(message), "{}", refused(&disk));
    assert_eq!(pack(&golden.disk), before);
}

/// The blocks, frames, parts and manifests of the newest golden directory, for the fuzzer's corpus.
pub(crate) struct Pieces {
    pub(crate) blocks: Vec<Vec<u8>>,
    pub(crate) frames: Vec<Vec<u8>>,
    pub(crate) parts: Vec<(String, Vec<u8>)>,
    pub(crate) manifests: Vec<Vec<u8>>,
}

pub(crate) fn pieces() -> Pieces {
    let disk = handle(&open(VERSION).disk);
    let mut pieces = Pieces { blocks: vec![], frames: vec![], parts: vec![], manifests: vec![] };
    open_blocks(&disk, IDENTITY, Start::Beginning, &mut |found| {
        let file = disk.open(&segment::file_name(found.end.segment)).unwrap();
        let end = found.end.offset;
        let mut block = vec![0; block::padded(block::HEADER + found.body.len())];
        let from = end - block.len() as u64;
        file.read_up_to(&mut block, from).unwrap();
        pieces.blocks.push(block);
        pieces.frames.extend(found.frames().map(|(_, frame)| frame.to_vec()));
        ControlFlow::Continue(())
    })
    .unwrap();
    for lsn in snapshot::list(&disk).unwrap() {
        let found = snapshot::load(&disk, lsn).unwrap();
        for part in found.parts() {
            pieces.parts.push((part.name.clone(), found.part(&part.name).unwrap()));
        }
        let path = format!("{}/manifest.json", snapshot::directory_name(lsn));
        pieces.manifests.push(disk.open(&path).unwrap().read_all().unwrap());
    }
    pieces
}

fn options() -> LogOptions {
    LogOptions { segment_bytes: SEGMENT, identity: IDENTITY, logic: 1, clock: || 7, fill: Fill::Inline }
}

/// The exchange of the golden directory: a script that documents the content for the next version.
struct Script {
    world: World,
    disk: SimDisk,
    writer: LogWriter,
    micros: u64,
}

impl Script {
    fn submit(&mut self, command: AccountCommand, key: Option<IdempotencyKey>) {
        self.micros += 1_000;
        self.world.keyed(command, key, Timestamp::from_micros(self.micros)).unwrap();
    }

    fn settle(&mut self) {
        self.world.drain(Timestamp::from_micros(self.micros)).unwrap();
        self.commit();
    }

    fn commit(&mut self) {
        let (bytes, count) = self.world.take_frames();
        self.writer.append(&bytes, count).unwrap();
        self.writer.commit().unwrap();
        self.world.take_answers().for_each(|(id, answer)| assert!(answer.is_ok(), "{id}: {answer:?}"));
    }

    fn snapshot(&mut self) {
        let until = Until::Durable(self.writer.durable());
        let taking = Taking { pace: Pace::Fast, workers: 1, created: 7, ingested: u64::MAX };
        let instruments = self.world.shared_instruments();
        store::take_snapshot(&handle(&self.disk), IDENTITY, &instruments, until, taking).unwrap().unwrap();
    }
}

fn order(account: AccountId, side: Side, price: u64, lots: u64) -> NewOrder {
    NewOrder::limit(account, SymbolId::new(1), side, Price::from_ticks(price), Lots::new(lots))
}

/// Writes the next version's directory; set [`VERSION`] first and copy `catalogue.json` from the one before:
/// `cargo test --test it write_the_golden_directory -- --ignored`.
#[test]
#[ignore = "writes into tests/golden"]
fn write_the_golden_directory() {
    let home = home(VERSION);
    let (assets, symbols) = definitions(&fs::read_to_string(home.join("catalogue.json")).unwrap());
    let slots = [SlotId::new(1), SlotId::new(7)];
    let mut world = World::new(&assets, &symbols, &slots, LIMITS).unwrap();
    world.keep_frames();
    let disk = SimDisk::default();
    let tail = LogReader::open(&handle(&disk), IDENTITY, Start::Beginning).and_then(LogReader::tail).unwrap();
    let mut writer = LogWriter::resume(&handle(&disk), &tail, options()).unwrap();
    let mut frames = Frames::default();
    frames.push_terms(&Terms::of(world.instruments(), LIMITS));
    let (bytes, count) = frames.take();
    writer.append(&bytes, count).unwrap();
    let mut script = Script { world, disk, writer, micros: 1_800_000_000_000_000 };
    let accounts = [1_025, 1_031, 2_049].map(AccountId::new);
    for account in accounts {
        script.submit(
            AccountCommand::CreateAccount(CreateAccount { id: Some(account), tier: 0, is_unlimited: false }),
            None,
        );
        for (asset, amount) in [(1, 5_000_000_000), (2, 50_000_000_000_000)] {
            let (asset, amount) = (AssetId::new(asset), Amount::new(amount));
            let request_id = Some(format!("in-{asset}"));
            script.submit(AccountCommand::Deposit(Transfer { account, asset, amount, request_id }), None);
        }
        let create = CreateApiKey {
            account,
            key: format!("key-of-{account}"),
            material: KeyMaterial::Hmac("a secret nobody uses".to_owned()),
            permissions: Permissions { trade: true, user_data: true },
            label: "golden".to_owned(),
            created_at: Timestamp::from_micros(script.micros),
        };
        script.submit(AccountCommand::CreateApiKey(create), None);
    }
    script.settle();
    let [one, two, three] = accounts;
    for step in 0..6 {
        let key = IdempotencyKey { id: format!("sell-{step}"), fingerprint: step.into() };
        script.submit(AccountCommand::Place(order(one, Side::Sell, 1_000_000 + step, 40_000)), Some(key));
        let named = ClientOrderId::parse(&format!("buy-{step}"));
        let buy = NewOrder { client_id: named, ..order(two, Side::Buy, 999_000 - step, 30_000) };
        script.submit(AccountCommand::Place(buy), None);
        script.settle();
    }
    script.snapshot();
    let taker = NewOrder { time_in_force: TimeInForce::Ioc, ..order(three, Side::Buy, 1_000_002, 100_000) };
    script.submit(AccountCommand::Place(taker), None);
    script.settle();
    let dated = NewOrder {
        time_in_force: TimeInForce::Gtd,
        expires_at: Some(Timestamp::from_micros(1_900_000_000_000_000)),
        symbol: SymbolId::new(1_026),
        ..order(three, Side::Sell, 2_000_000, 1_000)
    };
    script.submit(AccountCommand::Place(dated), None);
    let by_name = |name: &str| OrderRef { id: None, client_id: ClientOrderId::parse(name) };
    let (symbol, restriction) = (SymbolId::new(1), None);
    let cancel = CancelOrder { account: two, symbol, order: by_name("buy-5"), restriction, name: None };
    script.submit(AccountCommand::Cancel(cancel), None);
    let (quantity, client_id) = (Lots::new(20_000), ClientOrderId::parse("buy-less"));
    let amend = AmendOrder { account: two, symbol, order: by_name("buy-4"), quantity, client_id };
    script.submit(AccountCommand::Amend(amend), None);
    let (cancel, mode) = (by_name("buy-3"), ReplaceMode::StopOnFailure);
    let new = order(two, Side::Buy, 998_000, 5_000);
    let replace = ReplaceOrder { cancel, restriction, mode, order: new, cancels_when_limited: false };
    script.submit(AccountCommand::Replace(Box::new(replace)), None);
    script.settle();
    script.snapshot();
    script.submit(AccountCommand::CancelAll(CancelAll { account: one, symbol }), None);
    script.settle();
    let (asset, amount) = (AssetId::new(2), Amount::new(100_000_000));
    let out = Transfer { account: two, asset, amount, request_id: Some("out".to_owned()) };
    script.submit(AccountCommand::Withdraw(out), None);
    // The last ones stay on their way.
    let key = IdempotencyKey { id: "late".to_owned(), fingerprint: 9 };
    script.submit(AccountCommand::Place(order(three, Side::Sell, 990_000, 10_000)), Some(key));
    script.commit();
    script.writer.marker().unwrap();
    let golden = Golden {
        instruments: script.world.shared_instruments(),
        disk: script.disk.clone(),
        expected: String::new(),
    };
    let packed = pack(&script.disk);
    fs::write(home.join("expected.txt"), describe(&golden.replay(1))).unwrap();
    fs::write(home.join("directory.zst"), packed).unwrap();
}
