//! One account, one order: the funds held for it, and orders that the exchange refuses.
//!
//! `cargo run --example order_demo`

use anyhow::{Result, ensure};
use lightning_exchange::{
    demo::Demo,
    domain::orders::{OrderStatus, Side},
};

/// Runs the demo, and fails if the exchange behaves differently.
pub(crate) fn main() -> Result<()> {
    Demo::run(async |demo| {
        let alice = demo.account(1, &[("USDT", "10000")]).await?;
        println!("Alice has 10000 USDT.");

        let (order, fills) = demo.limit(alice, Side::Buy, "45000.00", "0.1").await?;
        println!("She bids 45000 for 0.1 BTC: order {} is {:?}.", order.id, order.status);
        ensure!(order.status == OrderStatus::Pending && fills.is_empty(), "there was no order to trade with");

        let (free, held) = demo.balance(alice, "USDT").await?;
        println!("0.1 x 45000 are held for it: {free} USDT are free, {held} are held.");
        ensure!((free.as_str(), held.as_str()) == ("5500.00000000", "4500.00000000"), "{free} {held}");

        let Err(refusal) = demo.limit(alice, Side::Buy, "45000.00", "1").await else {
            anyhow::bail!("she cannot pay 45000 USDT");
        };
        println!("She bids for a whole BTC as well and is refused: {refusal}.");
        let Err(refusal) = demo.limit(alice, Side::Buy, "45000.001", "0.01").await else {
            anyhow::bail!("the price is no multiple of 0.01");
        };
        println!("A price between two ticks is refused too: {refusal}.");
        ensure!(demo.balance(alice, "USDT").await? == (free, held), "a refusal changes nothing");
        println!("A refusal changes nothing.");
        Ok(())
    })
}
