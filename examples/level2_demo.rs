//! The book by price level: orders at one price are one line, and the best prices are adjacent.
//!
//! `cargo run --example level2_demo`

use anyhow::{Context, Result, ensure};
use lightning_exchange::{
    actors::message::DepthView,
    demo::Demo,
    domain::{
        market_data::{spread, spread_basis_points},
        orders::Side,
    },
};

/// Prints the book as traders draw it, and returns its lines.
fn draw(demo: &Demo, book: &DepthView) -> Vec<String> {
    let spec = demo.spec();
    let line = |(price, lots)| format!("{} x {}", spec.price_units(price), spec.lots_units(lots));
    let asks = book.asks.iter().rev().map(|level| format!("{} ask", line(*level)));
    let bids = book.bids.iter().map(|level| format!("{} bid", line(*level)));
    let lines: Vec<String> = asks.chain(bids).collect();
    lines.iter().for_each(|line| println!("  {line}"));
    lines
}

/// Runs the demo, and fails if the exchange behaves differently.
pub(crate) fn main() -> Result<()> {
    Demo::run(async |demo| {
        let maker = demo.account(1, &[("BTC", "10"), ("USDT", "1000000")]).await?;
        for (side, price, quantity) in [
            (Side::Buy, "49998", "0.3"),
            (Side::Buy, "49999", "0.2"),
            (Side::Buy, "49999", "0.1"),
            (Side::Sell, "50001", "0.4"),
            (Side::Sell, "50002", "0.5"),
        ] {
            demo.limit(maker, side, price, quantity).await?;
        }
        println!("Five orders on four levels:");
        let lines = draw(&demo, &demo.book(10).await?);
        let expected = [
            "50002.00000000 x 0.50000000 ask",
            "50001.00000000 x 0.40000000 ask",
            "49999.00000000 x 0.30000000 bid",
            "49998.00000000 x 0.30000000 bid",
        ];
        ensure!(lines == expected, "{lines:?}");

        let book = demo.book(1).await?;
        let (bid, ask) = book.bids.first().zip(book.asks.first()).context("both sides have orders")?;
        let (between, points) = (spread(bid.0, ask.0), spread_basis_points(bid.0, ask.0));
        println!("The spread is {}, or {points} basis points.", demo.spec().price_units(between));
        ensure!(points.to_string() == "0.40000000", "{points}");

        let taker = demo.account(2, &[("USDT", "100000")]).await?;
        demo.market(taker, Side::Buy, "0.6").await?;
        println!("\nA taker buys 0.6 BTC at the market: a level is gone, the next is thinner.");
        let lines = draw(&demo, &demo.book(10).await?);
        ensure!(lines.len() == 3 && lines[0] == "50002.00000000 x 0.30000000 ask", "{lines:?}");
        Ok(())
    })
}
