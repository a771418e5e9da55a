//! Faults that were found from outside, each with what would find it again (`docs/faults.md`).

mod connections;
mod pipelined;
mod tapes;
mod turns;
