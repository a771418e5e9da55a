//! Cancelling an order: executed trades stand, the hold is released, and it happens once.
//!
//! `cargo run --example cancel_order_demo`

use anyhow::{Result, bail, ensure};
use lightning_exchange::{
    demo::Demo,
    domain::orders::{OrderStatus, Side},
};

/// Runs the demo, and fails if the exchange behaves differently.
pub(crate) fn main() -> Result<()> {
    Demo::run(async |demo| {
        let alice = demo.account(1, &[("USDT", "50000")]).await?;
        let bob = demo.account(2, &[("BTC", "1")]).await?;
        let (order, _) = demo.limit(alice, Side::Buy, "50000", "1").await?;
        println!("Alice bids 50000 for 1 BTC; all she has is held.");
        ensure!(demo.balance(alice, "USDT").await?.0 == "0.00000000", "all is held");

        demo.limit(bob, Side::Sell, "50000", "0.4").await?;
        println!("Bob sells her 0.4 BTC.");
        let cancelled = demo.cancel(&order).await?;
        let executed = demo.spec().lots_units(cancelled.executed).to_string();
        println!("She cancels the order: it is {:?}, {executed} BTC of it traded.", cancelled.status);
        ensure!(cancelled.status == OrderStatus::Cancelled && executed == "0.40000000", "{executed}");

        let (free, held) = demo.balance(alice, "USDT").await?;
        let (bought, _) = demo.balance(alice, "BTC").await?;
        println!("She has {free} USDT free, {held} held, and 0.4 BTC less the fee: {bought}.");
        let has = (free.as_str(), held.as_str(), bought.as_str());
        ensure!(has == ("30000.00000000", "0.00000000", "0.39960000"), "{has:?}");

        let Err(refusal) = demo.cancel(&order).await else { bail!("it was cancelled twice") };
        println!("Cancelling it again is refused: {refusal}.");
        ensure!(demo.book(5).await?.bids.is_empty(), "the book is empty");
        Ok(())
    })
}
