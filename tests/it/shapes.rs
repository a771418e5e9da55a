//! An order has at most four shapes on its way, those ARCHITECTURE.md lists: a fifth is a copy made field by field.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use syn::{Fields, Item, Type};

use crate::support::root;

/// No shapes: what of an order traded, what the book answers about one, and the bytes of one.
const VIEWS: [&str; 4] = ["Fill", "Flat", "Removed", "Resting"];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "testing" && name != "tests" {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests" {
            found.push(path);
        }
    }
}

fn is_of(of: &Type, name: &str) -> bool {
    matches!(of, Type::Path(path) if path.path.is_ident(name))
}

/// Returns the structs that say whose an order is and on which side, or, as the book's node does, in which rank.
fn shapes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for item in syn::parse_file(text).unwrap().items {
        let Item::Struct(item) = item else { continue };
        let Fields::Named(fields) = &item.fields else { continue };
        let has = |name: &str| fields.named.iter().any(|field| is_of(&field.ty, name));
        let is_ranked =
            fields.named.iter().any(|field| field.ident.as_ref().is_some_and(|name| name == "rank"));
        if has("AccountId") && (has("Side") || is_ranked) {
            found.push(item.ident.to_string());
        }
    }
    found
}

#[test]
fn an_order_has_the_shapes_the_map_lists_and_at_most_four() {
    let mut files = Vec::new();
    sources(&root().join("src/domain"), &mut files);
    let found: BTreeSet<String> =
        files.iter().flat_map(|path| shapes(&fs::read_to_string(path).unwrap())).collect();
    let views: BTreeSet<String> = VIEWS.map(str::to_owned).into();
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, table) = map.split_once("| shape | where |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let listed: BTreeSet<String> = rows.filter_map(|row| row.split('`').nth(1)).map(str::to_owned).collect();
    assert!(listed.len() <= 4, "{listed:?}");
    assert_eq!(found, &listed | &views);
}

#[test]
fn a_fifth_shape_is_found() {
    let text =
        "struct Copy { id: OrderId, account: AccountId, side: Side, lots: Lots } struct Other { side: Side }";
    assert_eq!(shapes(text), ["Copy"]);
}
