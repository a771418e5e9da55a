//! The examples hold: each fails by itself if the exchange behaves differently.

#[path = "../../examples/cancel_order_demo.rs"]
mod cancel_order_demo;
#[path = "../../examples/level2_demo.rs"]
mod level2_demo;
#[path = "../../examples/matching_demo.rs"]
mod matching_demo;
#[path = "../../examples/order_demo.rs"]
mod order_demo;

#[test]
fn every_example_goes_as_it_says() {
    for (name, run) in [
        ("order_demo", order_demo::main as fn() -> anyhow::Result<()>),
        ("matching_demo", matching_demo::main),
        ("level2_demo", level2_demo::main),
        ("cancel_order_demo", cancel_order_demo::main),
    ] {
        run().unwrap_or_else(|error| panic!("{name}: {error:#}"));
    }
}
