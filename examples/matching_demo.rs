//! Two sellers, one buyer: the best price first, time priority at one price, and the final balances.
//!
//! `cargo run --example matching_demo`

use anyhow::{Result, ensure};
use lightning_exchange::{
    demo::Demo,
    domain::orders::{OrderStatus, Side},
};

/// Runs the demo, and fails if the exchange behaves differently.
pub(crate) fn main() -> Result<()> {
    Demo::run(async |demo| {
        let ann = demo.account(1, &[("BTC", "1")]).await?;
        let ben = demo.account(2, &[("BTC", "1")]).await?;
        let carol = demo.account(3, &[("USDT", "100000")]).await?;
        println!("Ann and Ben have 1 BTC each, Carol has 100000 USDT.");

        demo.limit(ann, Side::Sell, "50010", "0.5").await?;
        println!("Ann offers 0.5 BTC at 50010.");
        demo.limit(ben, Side::Sell, "50000", "0.5").await?;
        println!("Ben offers 0.5 BTC at 50000, which is better.");
        demo.limit(ann, Side::Sell, "50000", "0.5").await?;
        println!("Ann offers 0.5 BTC at 50000 too, but Ben was first.\n");

        let (order, fills) = demo.limit(carol, Side::Buy, "50010", "1.2").await?;
        println!("Carol bids 50010 for 1.2 BTC. It trades at the sellers' prices:");
        let spec = demo.spec();
        for fill in &fills {
            println!("  {} BTC at {}", spec.lots_units(fill.lots), spec.price_units(fill.price));
        }
        let traded: Vec<(String, String)> = fills
            .iter()
            .map(|fill| (spec.lots_units(fill.lots).to_string(), spec.price_units(fill.price).to_string()))
            .collect();
        let expected = [
            ("0.50000000", "50000.00000000"),
            ("0.50000000", "50000.00000000"),
            ("0.20000000", "50010.00000000"),
        ];
        ensure!(traded == expected.map(|(lots, price)| (lots.to_owned(), price.to_owned())), "{traded:?}");
        ensure!(order.status == OrderStatus::Filled, "{:?}", order.status);

        println!("\nEach pays a fee of 0.1 % of what it receives:");
        for (name, account, btc, usdt) in [
            ("Ann", ann, ("0.00000000", "0.30000000"), "34966.99800000"),
            ("Ben", ben, ("0.50000000", "0.00000000"), "24975.00000000"),
            ("Carol", carol, ("1.19880000", "0.00000000"), "39998.00000000"),
        ] {
            let (free, held) = demo.balance(account, "BTC").await?;
            let (cash, _) = demo.balance(account, "USDT").await?;
            println!("  {name}: {free} BTC and {held} held, {cash} USDT");
            ensure!((free.as_str(), held.as_str()) == btc && cash == usdt, "{name}");
        }
        Ok(())
    })
}
