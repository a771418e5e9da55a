//! Every deliberately planted bug is found: `cargo test --release --features planted --test it planted`.

use lightning_exchange::sim::planted::{hunt, hunt_all};

#[test]
fn every_planted_bug_is_found() {
    let results = hunt_all();
    eprintln!("{:28} {:12} {:>8}  what was seen", "planted bug", "found by", "commands");
    for (bug, found) in &results {
        let bug = format!("{bug:?}");
        match found {
            Some(found) => {
                let text: String = found.text.chars().take(110).collect();
                eprintln!("{bug:28} {:12} {:>8}  {text}", found.by, found.commands);
            }
            None => eprintln!("{bug:28} not found"),
        }
    }
    let missed: Vec<_> = results.iter().filter(|(_, found)| found.is_none()).map(|(bug, _)| bug).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}

#[test]
fn nothing_is_found_where_nothing_is_planted() {
    assert_eq!(hunt(None), None);
}
