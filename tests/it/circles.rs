//! No circle of imports between files of different folders, none at all inside `http`, and inside `domain` only those
//! listed with a reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use syn::{UseTree, visit::Visit};

use crate::support::root;

/// A module, by its path from the crate's root.
type Module = Vec<String>;

/// Circles that are left, by one of their files, and why.
const LEFT: &[(&str, &str)] = &[
    (
        "actors::topology",
        "the topology holds the addresses of actors, whose types are the actors', and every actor holds the topology",
    ),
    (
        "domain::account::slot",
        "one struct over several files: the slot has a file for each subject of a turn, each an `impl` of the turn the slot \
         defines, and the changes name values of these subjects",
    ),
    (
        "domain::book::engine",
        "one struct over several files: `impl Book` for submitting, expiry and icebergs beside the struct they extend",
    ),
    (
        "domain::change_log",
        "the entries are one enum, and the files that make them for each kind of frame are its children",
    ),
    (
        "domain::instruments",
        "the registry declares what a definition is, and builds specifications from definitions",
    ),
    (
        "domain::instruments::symbol",
        "a symbol names its two assets, and an asset's amounts are read by the parser of symbols",
    ),
    (
        "domain::matching::slot",
        "one struct over several files: frames and execution reports are `impl`s of the slot they belong to",
    ),
    (
        "domain::messages::command",
        "a command carries what credentials are made of, and a credential keeps the command that created it",
    ),
    (
        "domain::orders::order",
        "an order may have a trigger, and a trigger's direction follows from the order's side",
    ),
];

/// What one file imports: paths as they are written, and those it hands on.
#[derive(Debug, Default)]
struct Imports {
    paths: Vec<Vec<String>>,
    /// A name of this module, and what it stands for.
    handed_on: Vec<(String, Vec<String>)>,
}

impl Imports {
    fn of(text: &str) -> Self {
        let mut imports = Self::default();
        imports.visit_file(&syn::parse_file(text).unwrap());
        imports
    }

    fn tree(&mut self, before: &[String], tree: &UseTree, is_public: bool) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree, is_public),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(before, tree, is_public)),
            UseTree::Glob(_) => self.paths.push(before.to_vec()),
            UseTree::Name(name) if name.ident == "self" => self.paths.push(before.to_vec()),
            UseTree::Name(name) => self.named(&name.ident, with(&name.ident), is_public),
            UseTree::Rename(rename) => self.named(&rename.rename, with(&rename.ident), is_public),
        }
    }

    fn named(&mut self, name: &syn::Ident, path: Vec<String>, is_public: bool) {
        if is_public {
            self.handed_on.push((name.to_string(), path.clone()));
        }
        self.paths.push(path);
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            syn::visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_public = !matches!(item.vis, syn::Visibility::Inherited);
        self.tree(&[], &item.tree, is_public);
    }

    // Who may see an item is no import.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }
}

/// The files of a source tree as modules, and what each imports of the others.
struct Graph {
    edges: BTreeMap<Module, BTreeSet<Module>>,
}

impl Graph {
    fn new(files: &[(&str, &str)]) -> Self {
        let imports: BTreeMap<Module, Imports> =
            files.iter().map(|(path, text)| (module(path), Imports::of(text))).collect();
        let mut handed_on = BTreeMap::new();
        for (module, file) in &imports {
            for (name, path) in &file.handed_on {
                if let Some(path) = absolute(module, path, &imports) {
                    handed_on.insert(module.iter().chain([name]).cloned().collect::<Vec<_>>(), path);
                }
            }
        }
        let edges = imports.iter().map(|(module, file)| {
            // The roots only name what there is.
            let paths = file.paths.iter().filter(|_| !module.is_empty());
            let paths = paths.filter_map(|path| absolute(module, path, &imports));
            let of = paths.filter_map(|path| home(path, &imports, &handed_on));
            (module.clone(), of.filter(|other| other != module && !other.is_empty()).collect())
        });
        Self { edges: edges.collect() }
    }

    /// Everything a module reaches.
    fn reached(&self, from: &Module) -> BTreeSet<&Module> {
        let mut reached = BTreeSet::new();
        let mut open = vec![from];
        while let Some(next) = open.pop() {
            for other in self.edges.get(next).into_iter().flatten() {
                if reached.insert(other) {
                    open.push(other);
                }
            }
        }
        reached
    }

    /// The circles: modules that reach each other.
    fn circles(&self) -> BTreeSet<BTreeSet<&Module>> {
        let reached: BTreeMap<&Module, BTreeSet<&Module>> =
            self.edges.keys().map(|module| (module, self.reached(module))).collect();
        let in_circle = reached.iter().filter(|(module, reached)| reached.contains(**module));
        in_circle
            .map(|(module, of)| {
                let back = |other: &&&Module| reached.get(**other).is_some_and(|of| of.contains(*module));
                of.iter().filter(back).copied().collect()
            })
            .collect()
    }
}

/// The module of a file below `src`.
fn module(path: &str) -> Module {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').filter(|name| !matches!(*name, "lib" | "main")).map(str::to_owned).collect()
}

/// The path from the crate's root of what is written in a module; `None` for what is of other crates, or has no path.
fn absolute(module: &Module, path: &[String], files: &BTreeMap<Module, Imports>) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|word| *word == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module.as_slice(), &path[1..]].concat()),
        "super" if ups <= module.len() => Some([&module[..module.len() - ups], &path[ups..]].concat()),
        // A child of this module.
        name if files.contains_key(&[module.as_slice(), &[name.to_owned()]].concat()) => {
            Some([module.as_slice(), path].concat())
        }
        _ => None,
    }
}

/// The file a path leads to, through what other modules hand on.
fn home(
    mut path: Vec<String>,
    files: &BTreeMap<Module, Imports>,
    handed_on: &BTreeMap<Vec<String>, Vec<String>>,
) -> Option<Module> {
    let starts = |path: &[String]| (1..=path.len()).rev().map(|len| path[..len].to_vec()).collect::<Vec<_>>();
    for _ in 0..8 {
        let alias = starts(&path).into_iter().find(|start| handed_on.contains_key(start));
        let Some(alias) = alias.filter(|alias| !files.contains_key(alias)) else { break };
        path = [handed_on[&alias].as_slice(), &path[alias.len()..]].concat();
    }
    starts(&path).into_iter().find(|start| files.contains_key(start))
}

fn named(module: &Module) -> String {
    module.join("::")
}

/// What is wrong with the circles of a tree: one that leaves its folder, or any inside `http` or `domain`.
fn faults(graph: &Graph, left: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for circle in graph.circles() {
        let folders: BTreeSet<&[String]> = circle.iter().map(|module| folder(module, graph)).collect();
        let is_strict = circle.iter().any(|module| matches!(module[0].as_str(), "http" | "domain"));
        let is_left = circle.iter().any(|module| left.iter().any(|(name, _)| named(module) == *name));
        if (folders.len() > 1 || is_strict) && !is_left {
            let names: Vec<String> = circle.iter().map(|module| named(module)).collect();
            found.push(names.join(" <-> "));
        }
    }
    found
}

/// The folder of a module's file: its own, when it has children.
fn folder<'a>(module: &'a Module, graph: &Graph) -> &'a [String] {
    let has_children =
        graph.edges.keys().any(|other| other.len() > module.len() && other.starts_with(module));
    if has_children { module } else { &module[..module.len() - 1] }
}

#[test]
fn no_circle_leads_from_folder_to_folder_and_none_is_inside_http() {
    let graph = graph_of("src");
    assert!(graph.edges.len() > 200, "{}", graph.edges.len());
    let found = faults(&graph, LEFT);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    for (name, _) in LEFT {
        let is_there =
            graph.circles().iter().any(|circle| circle.iter().any(|module| named(module) == *name));
        assert!(is_there, "{name} is in no circle any more: take it off the list");
    }
    let graph = graph_of("lab/src");
    assert!(graph.edges.len() > 50, "{}", graph.edges.len());
    let found = faults(&graph, &[]);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Reads every file of a source tree, less those of tests.
fn graph_of(directory: &str) -> Graph {
    let root = root().join(directory);
    let mut files = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests" {
                let relative = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                files.push((relative, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    Graph::new(&files)
}

#[test]
fn injected_circles_are_found() {
    let circles = |files: &[(&str, &str)]| faults(&Graph::new(files), &[]);
    let found = circles(&[("a/b.rs", "use crate::c::d::X;"), ("c/d.rs", "fn f() { crate::a::b::g() }")]);
    assert_eq!(found, ["a::b <-> c::d"]);
    // Through what a third module hands on, and by a name of its own.
    let found = circles(&[
        ("a/mod.rs", "pub use b::Y as Z;"),
        ("a/b.rs", "use crate::c::d as e;"),
        ("c/d.rs", "use crate::a::Z;"),
    ]);
    assert_eq!(found, ["a::b <-> c::d"]);
    // Inside one folder, unless that is http.
    assert!(circles(&[("a/b.rs", "use super::c::X;"), ("a/c.rs", "use super::b::Y;")]).is_empty());
    let found = circles(&[("http/b.rs", "use super::c::X;"), ("http/c.rs", "use super::b::Y;")]);
    assert_eq!(found, ["http::b <-> http::c"]);
    // What tests import, who may see an item, and what only goes one way.
    let innocent = [
        ("a/b.rs", "pub(in crate::c) struct X; #[cfg(test)] mod tests { use crate::c::d::Y; }"),
        ("c/d.rs", "use crate::a::b::X;"),
    ];
    assert!(circles(&innocent).is_empty());
}
