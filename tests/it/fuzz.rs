//! What the fuzzer would do, shortly and always the same: every file of the corpus, and thousands of mutations of
//! them, to the same functions `cargo fuzz` drives (`docs/testing.md`).

use std::{fs, path::PathBuf};

use lightning_exchange::domain::types::random::Random;

use crate::support::root;

#[path = "../../fuzz/targets.rs"]
pub(crate) mod targets;

/// How many mutations each target gets.
const MUTATIONS: u64 = 4_000;
/// The longest of them.
const LENGTH_MAX: usize = 64 << 10;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let directory = root().join("fuzz/corpus").join(target);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn mutate(bytes: &mut Vec<u8>, others: &[Vec<u8>], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() as u64 + 1) as usize;
        match random.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.word() as u8,
            2 if at < bytes.len() => {
                bytes[at] = random.pick(&[0, 1, 0x7f, 0x80, 0xff, b'"', b'&', b'%', b'-'])
            }
            3 => bytes.truncate(at),
            4 => bytes.insert(at, random.word() as u8),
            5 if at + 1 < bytes.len() => {
                drop(bytes.drain(at..=at + random.below((bytes.len() - at) as u64) as usize))
            }
            6 => {
                let other = &others[random.below(others.len() as u64) as usize];
                let from = random.below(other.len() as u64 + 1) as usize;
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            // A number as large as the format can say: lengths and counts are where decoders break.
            7 => {
                let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
                let length = 1 + random.below(10) as usize;
                let end = (at + length).min(bytes.len());
                bytes.splice(at..end, huge[10 - length..].iter().copied());
            }
            _ if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(1),
            _ => bytes.push(random.word() as u8),
        }
    }
    bytes.truncate(LENGTH_MAX);
}

fn short_run(target: &str) {
    let corpus = corpus(target);
    assert!(corpus.len() >= 3, "{target} has a corpus of {}", corpus.len());
    corpus.iter().for_each(|bytes| targets::run(target, bytes));
    for seed in 0..MUTATIONS {
        let mut random = Random::new(seed);
        let mut bytes = corpus[random.below(corpus.len() as u64) as usize].clone();
        mutate(&mut bytes, &corpus, &mut random);
        let ran = std::panic::catch_unwind(|| targets::run(target, &bytes));
        assert!(ran.is_ok(), "{target}, mutation {seed}: a panic on {}", hex::encode(&bytes));
    }
}

macro_rules! targets {
    ($($target:ident,)*) => {
        $(
            #[test]
            fn $target() {
                short_run(stringify!($target));
            }
        )*

        #[test]
        fn every_target_has_its_test() {
            assert_eq!(targets::ALL.to_vec(), [$(stringify!($target)),*]);
        }
    };
}

targets! { decimal, order, websocket, block, frame, part, manifest, }

/// Cuts the corpus of the journal's and the snapshots' decoders out of the newest golden directory:
/// `cargo test --test it write_the_corpus -- --ignored`.
#[test]
#[ignore = "writes into fuzz/corpus"]
fn write_the_corpus() {
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let directory = root().join("fuzz/corpus").join(target);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(name), bytes).unwrap();
    };
    let pieces = crate::golden::pieces();
    for (index, block) in pieces.blocks.iter().enumerate().step_by(pieces.blocks.len() / 6 + 1) {
        write("block", &format!("block-{index}"), block);
    }
    for (index, frame) in pieces.frames.iter().enumerate().step_by(pieces.frames.len() / 16 + 1) {
        write("frame", &format!("frame-{index}"), frame);
    }
    for (index, (name, part)) in pieces.parts.iter().enumerate() {
        let kind =
            ["terms", "accounts-00", "accounts-15", "symbol-0001"].iter().position(|known| known == name);
        let first = kind.unwrap_or(if name.starts_with("symbol") { 3 } else { 1 }) as u8;
        write("part", &format!("part-{index}"), &[&[first], &part[..]].concat());
    }
    for (index, manifest) in pieces.manifests.iter().enumerate() {
        write("manifest", &format!("manifest-{index}"), manifest);
    }
}
