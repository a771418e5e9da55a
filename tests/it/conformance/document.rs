//! What the table knows of a route is in the OpenAPI document too.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::table::rows;
use crate::support::root;

/// The names of the fields a schema's objects may have.
fn fields(document: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        return fields(document, document.pointer(&reference[1..]).unwrap(), found);
    }
    for one in schema["anyOf"].as_array().into_iter().flatten() {
        fields(document, one, found);
    }
    if schema["items"].is_object() {
        fields(document, &schema["items"], found);
    }
    let properties = schema["properties"].as_object().into_iter().flatten();
    found.extend(properties.map(|(name, _)| name.clone()));
}

#[test]
fn every_key_and_every_status_of_a_row_is_in_the_document() {
    let path = root().join("docs/openapi.json");
    let document: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut compared = 0;
    for row in rows() {
        let (method, path) = row.route.split_once(' ').unwrap();
        let responses = &document["paths"][path][method.to_lowercase()]["responses"];
        for status in row.refusals() {
            assert!(responses.get(status.to_string()).is_some(), "{}: {status}", row.route);
        }
        // The document describes itself no further.
        if path == "/api-docs/openapi.json" {
            continue;
        }
        let mut found = BTreeSet::new();
        fields(&document, &responses["200"]["content"]["application/json"]["schema"], &mut found);
        for key in row.reply_keys() {
            assert!(found.contains(*key), "{}: {key} is not in {found:?}", row.route);
            compared += 1;
        }
    }
    assert!(compared > 300, "only {compared} keys were compared");
}
