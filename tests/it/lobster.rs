//! Recorded order flow of two NASDAQ stocks through real HTTP: every aggressive order trades as it did that day,
//! and the best bid and ask are the recorded ones after every event.

use lightning_exchange::feed::lobster::{Plan, Player, Report, Speed, play, read_book, read_messages};

use crate::support::{TestServer, block_on, data};

/// A stock exchange's symbol: cents, whole shares, no fees, nothing between an order and the book.
const SETTINGS: &str = r#"
[[assets]]
id = 1
name = "USD"
scale = 8
[[assets]]
id = 2
name = "STOCK"
scale = 8
[[symbols]]
id = 1
name = "STOCKUSD"
base = "STOCK"
quote = "USD"
tick-size = "0.01"
min-price = "0.01"
max-price = "100000"
step-size = "1"
min-qty = "1"
max-qty = "10000000"
max-num-orders = 100000
market-collar = "1"
fees = [{ maker = "0", taker = "0" }]
special-orders = { max-num-order-amends = 0 }
"#;

fn replay(messages: &str, orderbook: &str) -> Option<(usize, Plan, Report)> {
    let directory = data("lob/lobster")?;
    let messages = read_messages(&directory.join(messages)).unwrap();
    let book = read_book(&directory.join(orderbook), 1).unwrap();
    assert_eq!(messages.len(), book.len());
    let plan = Plan::new(&messages, &book);
    let server = TestServer::start(SETTINGS);
    let report = block_on(async {
        let mut player = Player::open(server.client(), "STOCKUSD").await.unwrap();
        play(&mut player, &plan, Speed::Max, true, |_| {}).await.unwrap()
    });
    server.stop();
    Some((messages.len(), plan, report))
}

fn assert_as_recorded(report: &Report, plan: &Plan) {
    assert!(report.differences.is_empty(), "{:#?}", report.differences);
    assert_eq!((report.groups, report.tops), (plan.groups.len(), plan.groups.len()));
    assert_eq!(report.steps, plan.step_count());
}

#[test]
fn apple_trades_as_it_did() {
    let files =
        ("AAPL_2012-06-21_message_50.first672.csv.gz", "AAPL_2012-06-21_orderbook_50.first672.csv.gz");
    let Some((messages, plan, report)) = replay(files.0, files.1) else { return };
    assert_eq!(messages, 672);
    assert_as_recorded(&report, &plan);
    assert_eq!((report.takes, report.fills), (27, 56));
}

#[test]
fn microsoft_trades_as_it_did() {
    let files =
        ("MSFT_2012-06-21_message_50.1000rows.csv.gz", "MSFT_2012-06-21_orderbook_50.1000rows.csv.gz");
    let Some((messages, plan, report)) = replay(files.0, files.1) else { return };
    assert_eq!(messages, 1_000);
    assert_as_recorded(&report, &plan);
    assert_eq!((report.takes, report.fills), (35, 58));
}
