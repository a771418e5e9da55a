//! Recorded order flow of two NASDAQ stocks through real HTTP: every aggressive order trades as it did that day,
//! and the best bid and ask are the recorded ones after every event.

use lab::lobster::{Message, Plan, Planner, Player, Report, Speed, play, read_book, read_messages};

use crate::support::{TestServer, block_on, data};

/// A stock exchange's symbol: cents, whole shares, no fees, nothing between an order and the book.
pub(crate) const SETTINGS: &str = include_str!("../../config/lobster.toml");

/// How many levels are compared.
const LEVELS: usize = 10;

struct Replay {
    messages: Vec<Message>,
    plan: Plan,
    report: Report,
}

/// Plays a recorded day to its end, and the same again: nothing of the first may be left on the book.
fn replay(messages: &str, orderbook: &str) -> Option<Replay> {
    let directory = data("lob/lobster")?;
    let messages = read_messages(&directory.join(messages)).unwrap();
    let book = read_book(&directory.join(orderbook), LEVELS).unwrap();
    assert_eq!(messages.len(), book.len());
    let plan = Plan::new(&messages, &book);
    let server = TestServer::start(SETTINGS);
    let play_all = || {
        block_on(async {
            let mut player = Player::open(server.client(), "STOCKUSD").await.unwrap();
            let planner = Planner::new(&messages, &book);
            let report = play(&mut player, planner, Speed::Max, LEVELS, |_| {}).await.unwrap();
            player.close().await.unwrap();
            report
        })
    };
    let report = play_all();
    assert_eq!(play_all(), report, "a second run meets an empty book");
    server.stop();
    Some(Replay { messages, plan, report })
}

fn assert_as_recorded(replay: &Replay) {
    let Replay { report, plan, .. } = replay;
    let groups = plan.groups.len();
    assert_eq!(report.differences, Vec::<String>::new());
    assert_eq!((report.groups, report.steps), (groups, plan.step_count()));
    assert_eq!((report.books, report.tops_as_recorded, report.books_as_recorded), (groups, groups, groups));
    assert_eq!((report.takes_as_recorded, report.levels_reset), (report.takes, 0));
}

#[test]
fn apple_trades_as_it_did() {
    let files =
        ("AAPL_2012-06-21_message_50.first672.csv.gz", "AAPL_2012-06-21_orderbook_50.first672.csv.gz");
    let Some(replay) = replay(files.0, files.1) else { return };
    assert_eq!(replay.messages.len(), 672);
    assert_as_recorded(&replay);
    assert_eq!((replay.report.takes, replay.report.fills), (27, 56));
}

#[test]
fn microsoft_trades_as_it_did() {
    let files =
        ("MSFT_2012-06-21_message_50.1000rows.csv.gz", "MSFT_2012-06-21_orderbook_50.1000rows.csv.gz");
    let Some(replay) = replay(files.0, files.1) else { return };
    assert_eq!(replay.messages.len(), 1_000);
    assert_as_recorded(&replay);
    assert_eq!((replay.report.takes, replay.report.fills), (35, 58));
}

/// Ten levels do not show what rests below them and comes into view: the tape is played to its end all the same, and a
/// level the exchange could not know is counted once.
#[test]
fn a_tape_with_a_narrow_window_is_played_to_its_end() {
    let files =
        ("AAPL_2012-06-21_message_10.first998.csv.gz", "AAPL_2012-06-21_orderbook_10.first998.csv.gz");
    let Some(Replay { messages, report, plan }) = replay(files.0, files.1) else { return };
    assert_eq!((messages.len(), report.groups), (999, plan.groups.len()));
    assert!(report.levels_reset > 0 && report.books_as_recorded < report.books, "{report:?}");
    assert_eq!(report.tops_as_recorded, report.books, "brought back, the top never differs: {report:?}");
    assert_eq!(report.takes_as_recorded, report.takes, "{:#?}", report.differences);
}

#[test]
fn a_book_that_is_not_empty_is_refused_and_one_difference_does_not_end_the_play() {
    let Some(directory) = data("lob/lobster") else { return };
    let messages = read_messages(&directory.join("AAPL_2012-06-21_message_50.first672.csv.gz")).unwrap();
    let mut book =
        read_book(&directory.join("AAPL_2012-06-21_orderbook_50.first672.csv.gz"), LEVELS).unwrap();
    // One row says another size than the messages make: a tape that is wrong in one place.
    let wrong = messages.len() / 2;
    book[wrong].bids[0].1 += 1;
    let server = TestServer::start(SETTINGS);
    let (report, again) = block_on(async {
        let mut player = Player::open(server.client(), "STOCKUSD").await.unwrap();
        let planner = Planner::new(&messages, &book);
        let report = play(&mut player, planner, Speed::Max, LEVELS, |_| {}).await.unwrap();
        (report, Player::open(server.client(), "STOCKUSD").await)
    });
    server.stop();
    assert_eq!(report.groups, Plan::new(&messages, &book).groups.len());
    assert!((1..=3).contains(&report.levels_reset), "there and back: {report:?}");
    let refusal = again.unwrap_err().to_string();
    assert!(refusal.contains("the book of STOCKUSD is not empty"), "{refusal}");
}
