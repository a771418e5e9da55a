//! The layers a configuration is made of: built-in defaults, a file, the environment, flags.

use std::path::Path;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{Config, validate};

/// The built-in defaults.
pub const DEFAULTS: &str = include_str!("../../config/exchange.toml");

/// Why a configuration is refused: every fault found, in the order of the file.
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
    merged: Table,
    faults: Vec<String>,
}

impl Layers {
    /// Starts from the built-in defaults.
    pub fn defaults() -> Self {
        let mut layers = Self { merged: Table::new(), faults: Vec::new() };
        layers.merged = layers.parse("the built-in defaults", DEFAULTS);
        layers
    }

    /// Lays a file over what there is.
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

    /// Lays TOML text over what there is; `name` is what faults call it.
    #[must_use]
    pub fn text(mut self, name: &str, text: &str) -> Self {
        let over = self.parse(name, text);
        merge(&mut self.merged, over);
        self
    }

    /// Lays the variables `LIGHTNING_<SECTION>_<KEY>` over what there is; others are not looked at.
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

    /// Sets one value, written as in the environment; `source` is what faults call it.
    pub fn set(&mut self, section: &str, key: &str, value: &str, source: &str) {
        let known = self.merged.get(section).and_then(Value::as_table).and_then(|table| table.get(key));
        let typed = match known {
            // The only booleans are switches, and those can be read from text.
            Some(Value::String(_) | Value::Boolean(_)) => Some(Value::String(value.to_owned())),
            Some(Value::Integer(_)) => value.parse().ok().map(Value::Integer),
            Some(_) => None,
            None => {
                self.faults.push(format!("{source}: there is no setting {key} in [{section}]"));
                return;
            }
        };
        match typed {
            Some(typed) => {
                if let Some(table) = self.merged.get_mut(section).and_then(Value::as_table_mut) {
                    table.insert(key.to_owned(), typed);
                }
            }
            None => self.faults.push(format!("{source}: {value:?} is not what [{section}] {key} takes")),
        }
    }

    /// Checks everything and builds the configuration.
    ///
    /// # Errors
    /// Every fault found in any layer or in what they make together.
    pub fn load(mut self) -> Result<Config, ConfigError> {
        refuse_floats("", &Value::Table(self.merged.clone()), &mut self.faults);
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
        let accounts = self.list("accounts");
        let assets = self.list("assets");
        let symbols = self.list("symbols");
        for key in self.merged.keys() {
            self.faults.push(format!("there is no section [{key}]"));
        }
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
                accounts: accounts?,
                assets: assets?,
                symbols: symbols?,
                catalogue: Default::default(),
            })
        })();
        let config = config.map(|config| validate::check(config, &mut faults));
        match config {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(ConfigError { faults }),
        }
    }

    fn parse(&mut self, name: &str, text: &str) -> Table {
        text.parse().unwrap_or_else(|error: toml::de::Error| {
            self.faults.push(format!("{name}: {}", error.to_string().trim_end()));
            Table::new()
        })
    }

    fn section<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.merged.remove(name)?;
        value.try_into().map_err(|error| self.faults.push(format!("[{name}] {}", one_line(&error)))).ok()
    }

    /// Reads a list entry by entry, so that a fault in one does not hide those in the others.
    fn list<T: DeserializeOwned>(&mut self, name: &str) -> Option<Vec<T>> {
        let values = match self.merged.remove(name) {
            None => return Some(Vec::new()),
            Some(Value::Array(values)) => values,
            Some(_) => {
                self.faults.push(format!("{name} is a list: write [[{name}]]"));
                return None;
            }
        };
        let mut read = Vec::with_capacity(values.len());
        let mut all = true;
        for (index, value) in values.into_iter().enumerate() {
            match value.try_into() {
                Ok(entry) => read.push(entry),
                Err(error) => {
                    all = false;
                    self.faults.push(format!("[[{name}]] {}: {}", index + 1, one_line(&error)));
                }
            }
        }
        all.then_some(read)
    }
}

fn one_line(error: &toml::de::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
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

/// The section and key a variable's name stands for, if it begins with a section.
fn setting_of(variable: &str, known: &Table) -> Option<(String, String)> {
    let setting = variable.strip_prefix("LIGHTNING_")?.to_ascii_lowercase().replace('_', "-");
    let mut sections = known.iter().filter(|(_, value)| value.is_table());
    sections.find_map(|(section, _)| {
        let key = setting.strip_prefix(section.as_str())?.strip_prefix('-')?;
        Some((section.clone(), key.to_owned()))
    })
}

/// A TOML float has been through binary already; money must not have been.
fn refuse_floats(path: &str, value: &Value, faults: &mut Vec<String>) {
    match value {
        Value::Float(number) => faults.push(format!("{path}: write the decimal {number} as a string")),
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                refuse_floats(&format!("{path}[{}]", index + 1), value, faults);
            }
        }
        Value::Table(table) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                refuse_floats(&path, value, faults);
            }
        }
        _ => {}
    }
}
