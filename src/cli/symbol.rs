//! `lightning symbol`: trading rules on a running server.

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::{output::Output, remote::RemoteArgs};
use crate::client::operator::member;

/// Operations on symbols.
#[derive(Debug, Subcommand)]
pub(super) enum SymbolCommand {
    /// List the symbols with their status, or the trading rules of one
    List(ListArgs),
    /// Change trading rules of a symbol and print its rules
    Set(SetArgs),
}

/// The symbols to list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Symbol whose rules are printed as JSON
    symbol: Option<String>,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// The rules to change.
#[derive(Debug, Args)]
pub(super) struct SetArgs {
    /// Symbol to change
    symbol: String,
    /// Rules by their names in the configuration, e.g. status=HALT min-notional=10 special-orders.max-num-algo-orders=5;
    /// fees are maker/taker by tier: fees=0.001/0.001,0/0.0005
    #[arg(required = true, value_name = "RULE=VALUE", value_parser = rule)]
    rules: Vec<(String, Value)>,
    /// Why, for the audit
    #[arg(long)]
    reason: String,
    /// Delist the symbol for good: every open order of it ends
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Rules that are counts; every other one is text or a truth value.
const COUNTS: [&str; 10] = [
    "max-num-orders",
    "special-orders.iceberg-parts",
    "special-orders.max-num-algo-orders",
    "special-orders.max-num-iceberg-orders",
    "special-orders.max-num-order-lists",
    "special-orders.max-num-order-amends",
    "special-orders.min-trailing-above-delta",
    "special-orders.max-trailing-above-delta",
    "special-orders.min-trailing-below-delta",
    "special-orders.max-trailing-below-delta",
];

/// Reads a rule and its value.
fn rule(text: &str) -> Result<(String, Value), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("{text:?} is not of the form RULE=VALUE"))?;
    let value = match (name, value) {
        (_, "true" | "false") => Value::Bool(value == "true"),
        ("fees", tiers) => tiers.split(',').map(fees).collect::<Result<_, _>>()?,
        (name, count) if COUNTS.contains(&name) => {
            let count: u32 =
                count.parse().map_err(|_| format!("{name} is a count, which {count:?} is not"))?;
            count.into()
        }
        (_, text) => text.into(),
    };
    Ok((name.to_owned(), value))
}

fn fees(tier: &str) -> Result<Value, String> {
    let (maker, taker) =
        tier.split_once('/').ok_or_else(|| format!("{tier:?} is not of the form MAKER/TAKER"))?;
    Ok(json!({ "maker": maker, "taker": taker }))
}

/// Returns the change as the server reads it.
fn change(symbol: &str, reason: &str, rules: Vec<(String, Value)>) -> Value {
    let mut special = Map::new();
    let mut change =
        Map::from_iter([("symbol".to_owned(), symbol.into()), ("reason".to_owned(), reason.into())]);
    for (name, value) in rules {
        match name.strip_prefix("special-orders.") {
            Some(name) => special.insert(camel(name), value),
            None => change.insert(camel(&name), value),
        };
    }
    if !special.is_empty() {
        change.insert("specialOrders".to_owned(), special.into());
    }
    change.into()
}

/// Returns a name of the configuration as the wire has it.
fn camel(name: &str) -> String {
    let mut parts = name.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let mut letters = part.chars();
        name + &letters.next().map(|letter| letter.to_ascii_uppercase()).map_or(String::new(), String::from)
            + letters.as_str()
    })
}

pub(super) fn run(command: SymbolCommand, out: &mut Output) -> Result<()> {
    match command {
        SymbolCommand::List(ListArgs { symbol, remote }) => {
            let symbols = remote.with_client(|client| async move {
                client.trading_rules().await.context("the trading rules were not read")
            })?;
            match symbol {
                None => {
                    for rules in &symbols {
                        out.line(format_args!("{} {}", text(rules, "symbol")?, text(rules, "status")?));
                    }
                }
                Some(name) => match symbols.iter().find(|rules| rules["symbol"] == name.as_str()) {
                    Some(rules) => out.line(format_args!("{rules:#}")),
                    None => bail!("there is no symbol {name}; `lightning symbol list` shows those there are"),
                },
            }
        }
        SymbolCommand::Set(SetArgs { symbol, rules, reason, yes, remote }) => {
            let delists = rules.iter().any(|(name, value)| name == "status" && value == "DELISTED");
            ensure!(
                yes || !delists,
                "{symbol} would be delisted for good, and every open order of it would end. Nothing was changed: give --yes to do it"
            );
            let change = change(&symbol, &reason, rules);
            let rules = remote.with_client(|client| async move {
                client.change_rules(&change).await.context("the trading rules were not changed")
            })?;
            out.line(format_args!("{rules:#}"));
        }
    }
    Ok(())
}

fn text<'a>(rules: &'a Value, name: &str) -> Result<&'a str> {
    member(rules, name)?.as_str().with_context(|| format!("{name} in the answer is not text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_by_their_names_in_the_configuration() {
        let read = |texts: &[&str]| texts.iter().map(|text| rule(text)).collect::<Result<Vec<_>, _>>();
        let rules = read(&[
            "status=HALT",
            "min-notional=10",
            "apply-min-to-market=true",
            "max-num-orders=5",
            "fees=0.001/0.002,0/0",
            "special-orders.max-num-algo-orders=3",
            "special-orders.max-position=7",
        ]);
        let expected = json!({
            "symbol": "BTCUSDT",
            "reason": "a test",
            "status": "HALT",
            "minNotional": "10",
            "applyMinToMarket": true,
            "maxNumOrders": 5,
            "fees": [{ "maker": "0.001", "taker": "0.002" }, { "maker": "0", "taker": "0" }],
            "specialOrders": { "maxNumAlgoOrders": 3, "maxPosition": "7" },
        });
        assert_eq!(change("BTCUSDT", "a test", rules.unwrap()), expected);
        for wrong in ["status", "fees=1", "max-num-orders=many"] {
            assert!(rule(wrong).is_err(), "{wrong}");
        }
    }
}
