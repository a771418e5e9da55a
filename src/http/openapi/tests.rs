use std::{collections::BTreeSet, fs, path::Path};

use super::*;
use crate::http::ENDPOINTS;

/// When set, the copy is written instead of compared.
const WRITE: &str = "LIGHTNING_WRITE_OPENAPI";

fn walk<'a>(value: &'a Value, see: &mut impl FnMut(&'a str, &'a Value)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                see(name, member);
                walk(member, see);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
        _ => {}
    }
}

#[test]
fn every_route_is_described_once_and_nothing_else_is() {
    let routes: BTreeSet<_> =
        ENDPOINTS.iter().map(|endpoint| format!("{} {}", endpoint.method, endpoint.path)).collect();
    let rows: Vec<_> = GROUPS.iter().flat_map(|(_, operations)| *operations).collect();
    let described: BTreeSet<_> = rows.iter().map(|operation| operation.route.to_owned()).collect();
    assert_eq!(described.len(), rows.len(), "a route is described twice");
    assert_eq!(routes, described);
}

#[test]
fn operations_have_names_of_their_own() {
    let names: BTreeSet<_> = ENDPOINTS.iter().map(operation_id).collect();
    assert_eq!(names.len(), ENDPOINTS.len());
    assert!(names.contains("getApiV3Ticker24hr") && names.contains("getApiDocsOpenapiJson"));
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = document(ENDPOINTS);
    let (mut used, mut defined) = (BTreeSet::new(), BTreeSet::new());
    walk(&document, &mut |name, value| {
        if name == "$ref" {
            used.insert(value.as_str().unwrap().to_owned());
        }
    });
    for kind in ["schemas", "headers", "responses"] {
        let names = document["components"][kind].as_object().unwrap().keys();
        defined.extend(names.map(|name| format!("#/components/{kind}/{name}")));
    }
    // Unknown paths and methods belong to no operation; some schemas only lend their fields.
    let apart = ["responses/MethodNotAllowed", "responses/NotFound"];
    let lends = ["schemas/OrderExtras", "schemas/OrderBounds", "schemas/OrderAmounts"];
    let is_apart = |name: &&String| !apart.iter().chain(&lends).any(|end| name.ends_with(end));
    let unused: Vec<_> = defined.difference(&used).filter(is_apart).collect();
    assert!(unused.is_empty(), "not used: {unused:?}");
    let unknown: Vec<_> = used.difference(&defined).collect();
    assert!(unknown.is_empty(), "not defined: {unknown:?}");
}

#[test]
fn every_parameter_is_known_and_named_once() {
    let document = document(ENDPOINTS);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().unwrap();
            let names: BTreeSet<_> =
                parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
            assert_eq!(names.len(), parameters.len(), "{method} {path}");
            for parameter in parameters {
                assert_ne!(parameter["description"], "", "{method} {path} {}", parameter["name"]);
            }
        }
    }
}

#[test]
fn who_may_call_and_what_it_weighs_is_the_route_index() {
    let document = document(ENDPOINTS);
    let order = &document["paths"]["/api/v3/order"];
    assert_eq!(order["get"]["x-weight"], 4);
    assert_eq!(order["post"]["security"][0], json!({ "apiKey": [], "signature": [] }));
    assert_eq!(document["paths"]["/x/v1/operator/deposit"]["post"]["security"], json!([{ "operator": [] }]));
    assert_eq!(document["paths"]["/x/v1/session"]["post"]["security"], json!([]));
    let gone = &document["paths"]["/api/v3/userDataStream"]["post"];
    assert_eq!((&gone["deprecated"], gone["responses"].get("200")), (&json!(true), None));
}

#[test]
fn the_copy_in_the_repository_is_the_document() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, format!("{:#}\n", document(ENDPOINTS))).unwrap();
    }
    let copy: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let served: Value = serde_json::from_str(text(ENDPOINTS)).unwrap();
    assert!(copy == served, "docs/openapi.json is not what is served; write it with {WRITE}=1");
}
