use crate::domain::oracle::compare;

#[test]
fn it_agrees_with_the_slow_book() {
    for seed in 0..20 {
        match compare::run(seed, 20_000) {
            Ok(stats) => {
                assert!(stats.traded > 1_000 && stats.prevented > 50 && stats.stale > 100, "{stats:?}")
            }
            Err(difference) => panic!("{difference}"),
        }
    }
}
