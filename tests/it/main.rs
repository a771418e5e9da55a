//! The integration tests: one crate, one promise a file.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot continue has failed")]

mod account_zero;
mod actors;
mod api;
mod app;
mod architecture;
mod audit;
mod ccxt;
mod circles;
mod cli;
mod clock;
mod conformance;
mod connections;
mod conservation;
mod corner_cases;
mod crash;
mod doctor;
mod documents;
mod durable;
mod errors;
mod examples;
mod faults;
mod feed;
mod fuzz;
mod glossary;
mod golden;
mod grpc;
mod history;
mod limits;
mod lobster;
mod openapi;
mod operations;
mod orders_wire;
mod outputs;
mod reach;
mod real_klines;
mod scenarios;
mod shapes;
mod shards;
mod support;
mod three_day_candles;
mod time_bounds;
mod tls;
mod users;
mod ws_api;
