//! The layers a configuration is made of: built-in defaults, a file, the environment, flags.

use std::{collections::BTreeMap, path::Path};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{
    Config, read,
    validate::{self, Unreadable},
};

/// The built-in defaults.
pub const DEFAULTS: &str = include_str!("../../config/exchange.toml");

/// Why a configuration is rejected: every fault found, each with the source of the value, the value (but no secret),
/// and the allowed values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration has {} fault{}:{}", .faults.len(), if .faults.len() == 1 { "" } else { "s" }, list(.faults))]
pub struct ConfigError {
    /// One sentence per fault.
    pub faults: Vec<String>,
}

fn list(faults: &[String]) -> String {
    faults.iter().map(|fault| format!("\n  - {fault}")).collect()
}

/// The layers a configuration is made of; later ones win.
#[derive(Debug, Clone)]
pub struct Layers {
    defaults: Table,
    merged: Table,
    /// The sources of settings that are not the defaults: by section and key, lists by their name alone.
    sources: BTreeMap<(String, String), String>,
    faults: Vec<String>,
}

impl Layers {
    /// Starts from the built-in defaults.
    pub fn defaults() -> Self {
        let (merged, sources) = (Table::new(), BTreeMap::new());
        let mut layers = Self { defaults: Table::new(), merged, sources, faults: Vec::new() };
        layers.defaults = layers.parse("the built-in defaults", DEFAULTS);
        layers.merged = layers.defaults.clone();
        layers
    }

    /// Lays a file over the settings so far.
    #[must_use]
    pub fn file(mut self, path: &Path) -> Self {
        match std::fs::read_to_string(path) {
            Ok(text) => self.text(&path.display().to_string(), &text),
            Err(error) => {
                self.faults.push(format!("{}: {error}", path.display()));
                self
            }
        }
    }

    /// Lays TOML text over the settings so far; `name` is its name in faults.
    #[must_use]
    pub fn text(mut self, name: &str, text: &str) -> Self {
        let over = self.parse(name, text);
        for (section, value) in &over {
            let keys = value.as_table().map(|table| table.keys().cloned().collect());
            for key in keys.unwrap_or_else(|| vec![String::new()]) {
                self.sources.insert((section.clone(), key), name.to_owned());
            }
        }
        merge(&mut self.merged, over);
        self
    }

    /// Lays the variables `LIGHTNING_<SECTION>_<KEY>` over the settings so far; others are ignored.
    #[must_use]
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut variables: Vec<_> = variables.into_iter().collect();
        variables.sort(); // the same faults in the same order every time
        for (name, value) in variables {
            let Some((section, key)) = setting_of(&name, &self.merged) else { continue };
            self.set(&section, &key, &value, &name);
        }
        self
    }

    /// Sets one value, written as in the environment; `source` is its source in faults.
    pub fn set(&mut self, section: &str, key: &str, value: &str, source: &str) {
        let known = self.defaults.get(section).and_then(Value::as_table).and_then(|table| table.get(key));
        let typed = match known {
            // The only booleans are switches, and those can be read from text.
            Some(Value::String(_) | Value::Boolean(_)) => Ok(Value::String(value.to_owned())),
            Some(Value::Integer(_)) => value.parse().map(Value::Integer).map_err(|_| "a whole number"),
            Some(_) => Err("a list, which only a file can give"),
            None => {
                self.faults.push(format!("{source}: there is no setting {key} in [{section}]"));
                return;
            }
        };
        match typed {
            Ok(typed) => {
                self.sources.insert((section.to_owned(), key.to_owned()), source.to_owned());
                if let Some(table) = self.merged.get_mut(section).and_then(Value::as_table_mut) {
                    table.insert(key.to_owned(), typed);
                }
            }
            Err(allowed) => {
                self.faults
                    .push(format!("{source}: {value:?} is not what [{section}] {key} takes: {allowed}"));
            }
        }
    }

    /// Checks everything and builds the configuration.
    ///
    /// # Errors
    /// Every fault found in any layer or in their combination.
    pub fn load(mut self) -> Result<Config, ConfigError> {
        for (key, value) in &mut self.merged {
            refuse_floats(key, value, &mut self.faults);
        }
        let server = self.section("server");
        let grpc = self.section("grpc");
        let engine = self.section("engine");
        let data = self.section("data");
        let journal = self.section("journal");
        let snapshot = self.section("snapshot");
        let history = self.section("history");
        let limits = self.section("limits");
        let operator = self.section("operator");
        let demo = self.section("demo");
        let sign_up = self.section("sign-up");
        let feed = self.section("feed");
        let log = self.section("log");
        let otlp = self.section("otlp");
        let (accounts, _) = self.list("accounts", &account());
        let (assets, unreadable_assets) = self.list("assets", &self.first("assets"));
        let (symbols, unreadable_symbols) = self.list("symbols", &self.first("symbols"));
        for key in self.merged.keys() {
            let source = self.sources.iter().find(|((section, _), _)| section == key);
            let source = source.map(|(_, source)| format!("{source}: ")).unwrap_or_default();
            self.faults.push(format!("{source}there is no section [{key}]"));
        }
        let unreadable = Unreadable { assets: unreadable_assets, symbols: unreadable_symbols };
        let mut faults = self.faults;
        let config = (|| {
            Some(Config {
                server: server?,
                grpc: grpc?,
                engine: engine?,
                data: data?,
                journal: journal?,
                snapshot: snapshot?,
                history: history?,
                limits: limits?,
                operator: operator?,
                demo: demo?,
                sign_up: sign_up?,
                feed: feed?,
                log: log?,
                otlp: otlp?,
                accounts,
                assets,
                symbols,
                instruments: Default::default(),
            })
        })();
        let config = config.map(|config| validate::check(config, unreadable, &mut faults));
        match config {
            Some(config) if faults.is_empty() => Ok(config),
            _ => {
                let faults = faults.into_iter().map(|fault| with_source(fault, &self.sources)).collect();
                Err(ConfigError { faults })
            }
        }
    }

    fn parse(&mut self, name: &str, text: &str) -> Table {
        text.parse().unwrap_or_else(|error: toml::de::Error| {
            self.faults.push(format!("{name}: {}", error.to_string().trim_end()));
            Table::new()
        })
    }

    /// Reads a section key by key, so that a fault in one does not hide those in the others. An unreadable value is
    /// recorded, and the default takes its place, so that the rest can be checked.
    fn section<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let default = self.defaults.get(name)?.as_table()?.clone();
        let read = match self.merged.remove(name)? {
            Value::Table(given) => read::section::<T>(name, &default, given, &mut self.faults),
            other => {
                let form = format!(
                    "[{name}] is a section, and {} is none: write [{name}]",
                    read::shown(name, &other)
                );
                self.faults.push(form);
                default
            }
        };
        read.try_into().ok()
    }

    /// Reads a list entry by entry; unreadable ones are recorded and omitted. Also returns whether there were any.
    fn list<T: DeserializeOwned>(&mut self, name: &str, template: &Table) -> (Vec<T>, bool) {
        let values = match self.merged.remove(name) {
            None => return (Vec::new(), false),
            Some(Value::Array(values)) => values,
            Some(_) => {
                self.faults.push(format!("[[{name}]] is a list: write [[{name}]]"));
                return (Vec::new(), true);
            }
        };
        let count = values.len();
        let mut read = Vec::with_capacity(count);
        for (index, value) in values.into_iter().enumerate() {
            let place = format!("[[{name}]] {}", index + 1);
            read.extend(read::entry(&place, template, value, &mut self.faults));
        }
        let is_unreadable = read.len() < count;
        (read, is_unreadable)
    }

    /// The first entry of a list of the defaults: one that has no fault.
    fn first(&self, name: &str) -> Table {
        let entries = self.defaults.get(name).and_then(Value::as_array);
        entries.and_then(|entries| entries.first()?.as_table()).cloned().unwrap_or_default()
    }
}

/// The minimal entry of `[[accounts]]`.
fn account() -> Table {
    Table::from_iter([("id".to_owned(), Value::Integer(1))])
}

/// Adds the source of a value, if it is no default. A fault starts with its subject: `[section] key`, `[[list]]`, or
/// the asset or symbol by name.
fn with_source(fault: String, sources: &BTreeMap<(String, String), String>) -> String {
    let place = if let Some((list, _)) = fault.strip_prefix("[[").and_then(|rest| rest.split_once("]]")) {
        Some((list, ""))
    } else if let Some((section, rest)) = fault.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let key = rest.trim_start().split([' ', ':', '.', '[']).next();
        Some((section, key.unwrap_or_default()))
    } else if fault.starts_with("asset ") {
        Some(("assets", ""))
    } else if fault.starts_with("symbol ") {
        Some(("symbols", ""))
    } else {
        None
    };
    let source = place.and_then(|(section, key)| sources.get(&(section.to_owned(), key.to_owned())));
    source.map(|source| format!("{source}: {fault}")).unwrap_or(fault)
}

/// Tables are merged key by key, everything else is replaced.
fn merge(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => merge(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// Returns the section and key a variable's name stands for, if it starts with a section.
fn setting_of(variable: &str, known: &Table) -> Option<(String, String)> {
    let setting = variable.strip_prefix("LIGHTNING_")?.to_ascii_lowercase().replace('_', "-");
    let mut sections = known.iter().filter(|(_, value)| value.is_table());
    sections.find_map(|(section, _)| {
        let key = setting.strip_prefix(section.as_str())?.strip_prefix('-')?;
        Some((section.clone(), key.to_owned()))
    })
}

/// Reports floats as faults. A TOML float has been through binary already; money must not have been. It is replaced
/// with a string, so that it causes no other fault.
fn refuse_floats(path: &str, value: &mut Value, faults: &mut Vec<String>) {
    match value {
        Value::Float(number) => {
            faults.push(format!(
                "{path}: write the decimal {number} as a string, or as a whole number where one is asked for"
            ));
            *value = Value::String(number.to_string());
        }
        Value::Array(values) => {
            for (index, value) in values.iter_mut().enumerate() {
                refuse_floats(&format!("{path}[{}]", index + 1), value, faults);
            }
        }
        Value::Table(table) => {
            for (key, value) in table {
                refuse_floats(&format!("{path}.{key}"), value, faults);
            }
        }
        _ => {}
    }
}
