//! Faults that were found from outside, each with a test that finds it again (`docs/faults.md`).

mod connections;
mod pipelined;
mod tapes;
mod turns;
