//! The API, route by route: a good request and the keys of its reply, its weight, its wrong requests, and the rejected
//! callers. Generated from the route index: a route without a row in [`table`] fails the test.

mod account_history;
mod document;
mod lists;
mod market;
mod operator;
mod row;
mod spot_v2;
mod table;
mod values;

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use lightning_exchange::http::ENDPOINTS;
use serde_json::json;

use self::{
    row::{Harness, Row},
    table::rows,
};
use crate::support::block_on;

#[test]
fn every_route_has_one_row_and_every_row_a_route() {
    let routes: BTreeSet<String> =
        ENDPOINTS.iter().map(|endpoint| format!("{} {}", endpoint.method, endpoint.path)).collect();
    let rows = rows();
    let named: BTreeSet<String> = rows.iter().map(|row| row.route.to_owned()).collect();
    assert_eq!(named.len(), rows.len(), "a route has two rows");
    let missing: Vec<_> = routes.difference(&named).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    let unknown: Vec<_> = named.difference(&routes).collect();
    assert!(unknown.is_empty(), "no route for {unknown:?}");
}

#[test]
fn every_reply_with_keys_has_values_that_are_compared() {
    let rows = rows();
    let bare = rows.iter().filter(|row| row.has_values() && values::of(row.route).is_null());
    assert_eq!(bare.map(|row| row.route).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn every_route_answers_as_its_row_says() {
    let harness = Harness::open();
    // Every wrong row is reported, not only the first.
    let is_wrong = |row: &Row| catch_unwind(AssertUnwindSafe(|| block_on(row.check(&harness)))).is_err();
    let wrong: Vec<_> = rows().into_iter().filter(is_wrong).map(|row| row.route).collect();
    assert!(wrong.is_empty(), "wrong: {wrong:?}");
    harness.close();
}

/// The harness itself must be able to fail.
#[test]
#[should_panic(expected = "the keys of the reply")]
fn a_row_that_is_wrong_is_caught() {
    let harness = Harness::open();
    let row = Row::of("GET /api/v3/time").weighs(1).keys(&["time"]);
    block_on(row.check(&harness));
}

#[test]
fn values_are_compared_as_far_as_they_are_given() {
    let row = json!({ "a": 1, "b": { "c": "x", "d": 2 }, "e": [{ "f": 1 }, { "f": 2 }], "g": [5, 6] });
    for inside in
        [json!({}), json!({ "b": { "d": 2 } }), json!({ "e": [{ "f": 2 }] }), json!({ "g": [null, 6] })]
    {
        assert!(values::holds(&row, &inside), "{inside}");
    }
    for outside in [
        json!({ "a": 2 }),
        json!({ "b": { "e": 2 } }),
        json!({ "e": [{ "f": 3 }] }),
        json!({ "g": [6, null] }),
    ] {
        assert!(!values::holds(&row, &outside), "{outside}");
    }
}
