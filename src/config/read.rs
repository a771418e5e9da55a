//! Reads one section or entry, and finds everything in it that cannot be read.

use serde::de::DeserializeOwned;
use toml::{Table, Value, de::Error};

/// Settings whose values are never printed.
const SECRETS: [&str; 6] = ["token", "secret", "url", "reader-url", "keys", "headers"];

/// Reads the keys of a section each by itself over the defaults; returns the defaults with those that could be read.
pub(super) fn section<T: DeserializeOwned>(
    name: &str,
    default: &Table,
    given: Table,
    faults: &mut Vec<String>,
) -> Table {
    let mut read = default.clone();
    read.extend(readable::<T>(&format!("[{name}]"), default, given, faults));
    read
}

/// Reads an entry of a list. One that cannot be read is checked key by key, each in the place of the template's, which
/// has all that an entry must have and no fault; the readable keys are the entry, if they suffice for one.
pub(super) fn entry<T: DeserializeOwned>(
    place: &str,
    template: &Table,
    value: Value,
    faults: &mut Vec<String>,
) -> Option<T> {
    let whole = match value.clone().try_into() {
        Ok(entry) => return Some(entry),
        Err(error) => error,
    };
    let before = faults.len();
    let given = value.as_table().cloned().unwrap_or_default();
    for key in template.keys().filter(|key| !given.contains_key(*key)) {
        let mut without = template.clone();
        without.remove(key);
        if without.try_into::<T>().is_err() {
            faults.push(format!("{place}: {key} is missing"));
        }
    }
    let read = readable::<T>(place, template, given, faults);
    if faults.len() == before {
        faults.push(format!("{place}: {}", one_line(&whole)));
    }
    read.try_into().ok()
}

/// Reads the values of a table each in the place of the template's; records those that cannot be read, and returns the
/// others, of a list those of its items.
fn readable<T: DeserializeOwned>(
    place: &str,
    template: &Table,
    given: Table,
    faults: &mut Vec<String>,
) -> Table {
    let mut read = Table::new();
    for (key, value) in given {
        let alone = |value: Value| {
            let mut alone = template.clone();
            alone.insert(key.clone(), value);
            alone.try_into::<T>().map(drop)
        };
        let Err(error) = alone(value.clone()) else {
            read.insert(key, value);
            continue;
        };
        explain(&format!("{place} {key}"), &key, &value, &error, &alone, faults);
        if let Value::Array(mut items) = value {
            items.retain(|item| alone(Value::Array(vec![item.clone()])).is_ok());
            let items = Value::Array(items);
            if alone(items.clone()).is_ok() {
                read.insert(key, items);
            }
        }
    }
    read
}

/// Records the faults of a value: part by part, where the parts can be read by themselves.
fn explain(
    path: &str,
    key: &str,
    value: &Value,
    error: &Error,
    read: &dyn Fn(Value) -> Result<(), Error>,
    faults: &mut Vec<String>,
) {
    let before = faults.len();
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let alone = |value: Value| read(Value::Array(vec![value]));
                if let Err(error) = alone(item.clone()) {
                    explain(&format!("{path}[{}]", index + 1), key, item, &error, &alone, faults);
                }
            }
        }
        // Only where every key may be left out can each be read by itself.
        Value::Table(table) if read(Value::Table(Table::new())).is_ok() => {
            for (name, item) in table {
                let alone = |value: Value| read(Value::Table(Table::from_iter([(name.clone(), value)])));
                if let Err(error) = alone(item.clone()) {
                    explain(&format!("{path}.{name}"), name, item, &error, &alone, faults);
                }
            }
        }
        _ => {}
    }
    if faults.len() == before {
        faults.push(format!("{path} = {}: {}", shown(key, value), one_line(error)));
    }
}

/// A value as faults show it.
pub(super) fn shown(key: &str, value: &Value) -> String {
    match value {
        _ if SECRETS.contains(&key) => "(not shown)".to_owned(),
        Value::Table(_) => "{…}".to_owned(),
        Value::Array(_) => "[…]".to_owned(),
        other => other.to_string(),
    }
}

fn one_line(error: &Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
