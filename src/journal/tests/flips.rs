//! Bits that rot.

use super::*;

#[test]
fn ten_thousand_flipped_bits_are_noticed_and_none_is_served() {
    let sim = SimDisk::default();
    let (mut writer, ends) = history(&sim, 60, 1);
    let last = *ends.last().unwrap();
    assert_eq!(last.segment, 1);
    writer.marker().unwrap();
    let marked = writer.position().offset;
    let name = segment::file_name(1);
    let mut random = Random::new(2);
    let (mut corrupt, mut torn) = (0, 0);
    for _ in 0..10_000 {
        let (byte, bit) = (random.below(marked), random.below(8) as u8);
        sim.flip_bit(&name, byte, bit).unwrap();
        match read(&sim) {
            Err(JournalError::Corrupt { file, offset, .. }) => {
                assert_eq!(file, name);
                assert!(offset <= byte, "{offset} is after byte {byte}");
                corrupt += 1;
            }
            Ok((count, tail)) => {
                assert!(byte >= last.offset, "byte {byte} bit {bit} was not noticed");
                assert_eq!((count, tail.torn.is_some()), (last.lsn, true));
                torn += 1;
            }
            Err(other) => panic!("{other}"),
        }
        sim.flip_bit(&name, byte, bit).unwrap();
    }
    assert!(corrupt > 9_000 && torn > 0, "{corrupt} {torn}");
    assert_eq!(read(&sim).unwrap().0, last.lsn);
}

#[test]
fn damage_in_any_segment_is_noticed_or_harmless() {
    let sim = SimDisk::default();
    let (mut writer, _) = history(&sim, 400, 1);
    let all = writer.marker().unwrap();
    let segments = writer.position().segment;
    assert!(segments >= 3, "{segments}");
    let mut random = Random::new(2);
    for _ in 0..800 {
        let index = 1 + random.below(segments);
        let (byte, bit) = (random.below(64 << 10), random.below(8) as u8);
        let name = segment::file_name(index);
        sim.flip_bit(&name, byte, bit).unwrap();
        match read(&sim) {
            Err(JournalError::Corrupt { file, .. }) => assert_eq!(file, name),
            Ok((count, _)) => assert_eq!(count, all, "segment {index} byte {byte} bit {bit}"),
            Err(other) => panic!("{other}"),
        }
        sim.flip_bit(&name, byte, bit).unwrap();
    }
}

#[test]
fn a_zeroed_page_of_a_durable_block_is_corruption_not_an_end() {
    let sim = SimDisk::default();
    let (mut writer, ends) = history(&sim, 60, 3);
    writer.marker().unwrap();
    let marker = ends[60].offset;
    for end in ends.iter().filter(|end| end.offset + 512 <= marker) {
        let torn = sim.fork();
        overwrite(&torn, 1, end.offset, &[0; 512]);
        let error = read(&torn).unwrap_err().to_string();
        assert!(error.contains("was written when this was durable"), "{error}");
    }
}

#[test]
fn a_bad_marker_with_work_after_it_is_corruption() {
    let sim = SimDisk::default();
    let (mut writer, ends) = history(&sim, 6, 3);
    writer.marker().unwrap();
    stage(&mut writer, 4).unwrap();
    writer.commit().unwrap();
    sim.flip_bit(&segment::file_name(1), ends[6].offset + 40, 3).unwrap();
    assert!(matches!(read(&sim), Err(JournalError::Corrupt { .. })), "the last commit must not be cut off");
}

#[test]
fn a_missing_segment_is_noticed() {
    let sim = SimDisk::default();
    history(&sim, 600, 1);
    let segments = segment::list(&handle(&sim)).unwrap();
    assert!(segments.len() >= 4);
    for &index in &segments[..segments.len() - 1] {
        let holed = sim.fork();
        holed.remove(&segment::file_name(index)).unwrap();
        assert!(matches!(read(&holed), Err(JournalError::Corrupt { .. })), "segment {index}");
    }
    let swapped = sim.fork();
    let bytes = content(&swapped, 2);
    overwrite(&swapped, 3, 0, &bytes);
    assert!(read(&swapped).unwrap_err().to_string().contains("under another name"));
}
