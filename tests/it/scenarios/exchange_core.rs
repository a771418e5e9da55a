//! exchange-core's Gherkin features, on a spot exchange.
//!
//! The differences, and their treatment:
//! - exchange-core holds a bid's funds at its `reservePrice` and lets the price move up to that without asking
//!   risk again. Here the hold is at the limit price, and a move is a cancel-replace. So a balance is expected to
//!   be free by (reserve − price) × rest of each open bid *more* than the feature says: added, not skipped.
//! - Two steps are refused there only because of the reserve price, and are legal here: they are listed in
//!   [`ONLY_BY_RESERVE`], checked to be met, and not played.
//! - EUR_USD is a margin future there, its clients own no EUR. Here they are given some.

use std::{collections::BTreeMap, fs};

use lab::sim::Harness;
use lightning_exchange::domain::{
    book::BookLimits,
    instruments::AssetDefinition,
    messages::{
        command::{AccountCommand, Answer, CancelOrder, OrderRef, ReplaceMode, ReplaceOrder},
        reject::Reject,
    },
    orders::{NewOrder, Order, OrderStatus, Side, TimeInForce},
    types::id::{AccountId, AssetId, OrderId, SymbolId},
};
use rust_decimal::Decimal;

use super::{conformance, limit, symbol};

/// Steps that only a hold at the reserve price refuses.
const ONLY_BY_RESERVE: [&str; 2] = [
    "A client Bob could not place an BID order 203 at 18000@500 (type: GTC, symbol: ETH_XBT, reservePrice: 19000) \
     due to RISK_NSF",
    "A client Bob could not move a price to 18501 of the order 203 due to \
     MATCHING_MOVE_FAILED_PRICE_OVER_RISK_LIMIT",
];

const ASSETS: [(&str, u32, u8); 4] = [("USD", 1, 0), ("EUR", 2, 0), ("XBT", 3, 0), ("ETH", 4, 5)];

struct Known {
    client: String,
    id: OrderId,
    symbol: SymbolId,
    reserve: u64,
}

struct Stage {
    harness: Harness,
    clients: BTreeMap<String, AccountId>,
    orders: BTreeMap<String, Known>,
    /// How many trades there were before the last command.
    trades_before: usize,
    last_symbol: SymbolId,
    left_out: Vec<String>,
}

type Rows = Vec<Vec<String>>;

impl Stage {
    fn new() -> Self {
        let assets = ASSETS.map(|(name, id, scale)| AssetDefinition { id, name: name.to_owned(), scale });
        // A lot of ETH_XBT is 100 000 units of ETH, a tick is 10 units of XBT a lot.
        let symbols = [symbol(1, "EUR", "USD", Decimal::ONE), symbol(2, "ETH", "XBT", Decimal::TEN)];
        Self {
            harness: Harness::open(&assets, &symbols, BookLimits::default()).unwrap(),
            clients: BTreeMap::new(),
            orders: BTreeMap::new(),
            trades_before: 0,
            last_symbol: SymbolId::new(1),
            left_out: Vec::new(),
        }
    }

    fn step(&mut self, text: &str, rows: &Rows) {
        if ONLY_BY_RESERVE.contains(&text) {
            println!("left out: {text}");
            self.left_out.push(text.to_owned());
            return;
        }
        let words: Vec<&str> = text.split([' ', '(', ')', ',']).filter(|word| !word.is_empty()).collect();
        match words[..] {
            ["New", "client", name, "has", ..] => self.new_client(name, rows),
            [units, asset, "is", "added", .., name] => {
                self.harness.fund(self.clients[name], asset_id(asset), units.parse().unwrap()).unwrap();
            }
            ["A", "client", name, "places", "an", side, "order", id, "at", terms, ..] => {
                let reserve = after(&words, "reservePrice:").map_or(0, |price| price.parse().unwrap());
                let order = self.place(name, side, terms, &words).unwrap();
                let known = Known { client: name.to_owned(), id: order.id, symbol: order.symbol, reserve };
                self.orders.insert(id.to_owned(), known);
            }
            ["A", "client", name, "could", "not", "place", "an", side, "order", _, "at", terms, ..] => {
                assert_eq!(self.place(name, side, terms, &words), Err(Reject::InsufficientBalance), "{text}");
            }
            ["A", "client", _, "moves", "a", "price", "to", price, .., id] => {
                self.move_price(id, price.parse().unwrap());
            }
            ["A", "client", _, "cancels", "the", "remaining", "size", lots, .., id] => self.cancel(id, lots),
            ["A", "client", name, "orders:"] => self.expect_orders(name, rows),
            ["A", "client", name, "does", "not", "have", "active", "orders"] => {
                assert_eq!(self.harness.open_orders(self.clients[name]), [], "{text}");
            }
            ["A", "balance", .., name] => self.expect_balance(name.trim_end_matches(':'), rows),
            ["An", symbol, "order", "book", "is:"] => self.expect_book(symbol_id(symbol), rows),
            ["No", "trade", "events"] => {
                assert_eq!(self.harness.sides(self.last_symbol).len(), self.trades_before, "{text}");
            }
            ["The", "order", id, "is", how, "matched.", "LastPx:", price, "LastQty:", lots, ..] => {
                self.expect_match(id, how, price.parse().unwrap(), lots.parse().unwrap());
            }
            _ => panic!("unknown step {text}"),
        }
    }

    fn new_client(&mut self, name: &str, rows: &Rows) {
        let count = self.clients.len() as u64;
        let account = AccountId::new(1025 + 1024 * (count / 2) + count % 2); // in slots 1 and 2
        self.clients.insert(name.to_owned(), account);
        for row in rows {
            self.harness.fund(account, asset_id(&row[0]), row[1].parse().unwrap()).unwrap();
        }
        self.harness.fund(account, asset_id("EUR"), 100_000_000).unwrap();
    }

    fn place(&mut self, name: &str, side: &str, terms: &str, words: &[&str]) -> Result<Order, Reject> {
        let symbol = symbol_id(after(words, "symbol:").unwrap());
        let (price, lots) = terms.split_once('@').unwrap();
        let side = if side == "BID" { Side::Buy } else { Side::Sell };
        let order = limit(self.clients[name], symbol, side, price.parse().unwrap(), lots.parse().unwrap());
        let is_immediate = after(words, "type:") == Some("IOC");
        let time_in_force = if is_immediate { TimeInForce::Ioc } else { TimeInForce::Gtc };
        self.note(symbol);
        match self.harness.ask(AccountCommand::Place(NewOrder { time_in_force, ..order })).unwrap()? {
            Answer::Placed { order, .. } => Ok(*order),
            answer => panic!("{answer:?}"),
        }
    }

    fn note(&mut self, symbol: SymbolId) {
        self.last_symbol = symbol;
        self.trades_before = self.harness.sides(symbol).len();
    }

    fn find(&self, id: &str) -> Order {
        let known = &self.orders[id];
        let open = self.harness.open_orders(self.clients[&known.client]);
        open.iter().find(|order| order.id == known.id).unwrap().clone()
    }

    fn move_price(&mut self, id: &str, price: u64) {
        let old = self.find(id);
        self.note(old.symbol);
        let order = limit(old.account, old.symbol, old.side, price, old.remaining().get());
        let cancel = OrderRef { id: Some(old.id), client_id: None };
        let mode = ReplaceMode::StopOnFailure;
        let replace = AccountCommand::Replace(Box::new(ReplaceOrder {
            cancel,
            restriction: None,
            mode,
            order,
            cancels_when_limited: false,
        }));
        let answer = self.harness.ask(replace).unwrap();
        let Ok(Answer::Replaced(replaced)) = answer else { panic!("{answer:?}") };
        let (order, _) = replaced.placed.unwrap().unwrap();
        self.orders.get_mut(id).unwrap().id = order.id;
    }

    fn cancel(&mut self, id: &str, lots: &str) {
        let order = self.find(id);
        assert_eq!(order.remaining().get(), lots.parse::<u64>().unwrap());
        self.note(order.symbol);
        let order_ref = OrderRef { id: Some(order.id), client_id: None };
        let (account, symbol) = (order.account, order.symbol);
        let cancel = CancelOrder { account, symbol, order: order_ref, restriction: None, name: None };
        self.harness.ask(AccountCommand::Cancel(cancel)).unwrap().unwrap();
    }

    fn expect_orders(&self, name: &str, rows: &Rows) {
        let mut found: Vec<Vec<String>> = Vec::new();
        for (id, known) in &self.orders {
            let open = self.harness.open_orders(self.clients[name]);
            for order in open.iter().filter(|order| order.id == known.id) {
                let side = if order.side == Side::Buy { "BID" } else { "ASK" };
                let numbers =
                    [order.price.ticks(), order.quantity.get(), order.executed.get(), known.reserve];
                let mut row = vec![id.clone()];
                row.extend(numbers.map(|number| number.to_string()));
                row.push(side.to_owned());
                found.push(row);
            }
        }
        assert_eq!(found, rows[1..], "orders of {name}");
    }

    fn expect_balance(&self, name: &str, rows: &Rows) {
        let account = self.clients[name];
        for row in rows {
            let asset = asset_id(&row[0]);
            let mut expected: i128 = row[1].parse().unwrap();
            for known in self.orders.values().filter(|known| known.client == name) {
                let open = self.harness.open_orders(account);
                for bid in open.iter().filter(|order| order.id == known.id && order.side == Side::Buy) {
                    if (known.symbol == SymbolId::new(2)) == (asset == asset_id("XBT")) {
                        let unit = if asset == asset_id("XBT") { 10 } else { 1 };
                        let kept = i128::from(known.reserve) - i128::from(bid.price.ticks());
                        expected += kept * i128::from(bid.remaining().get()) * unit;
                    }
                }
            }
            let balance = self.harness.balance(account, asset).unwrap();
            assert_eq!(balance.available.units(), expected, "{} of {name}", row[0]);
        }
    }

    fn expect_book(&self, symbol: SymbolId, rows: &Rows) {
        let mut found: Vec<Vec<String>> = Vec::new();
        for (price, lots) in self.harness.depth(symbol, Side::Sell).into_iter().rev() {
            found.push(vec![String::new(), price.ticks().to_string(), lots.get().to_string()]);
        }
        for (price, lots) in self.harness.depth(symbol, Side::Buy) {
            found.push(vec![lots.get().to_string(), price.ticks().to_string(), String::new()]);
        }
        let is_header = rows.first().is_some_and(|row| row[0] == "bid");
        assert_eq!(found, rows[usize::from(is_header)..], "the book");
    }

    fn expect_match(&self, id: &str, how: &str, price: u64, lots: u64) {
        let known = &self.orders[id];
        let trades = self.harness.sides(known.symbol);
        let (trade, maker, taker) = trades.last().unwrap();
        assert!(trades.len() > self.trades_before, "nothing traded");
        assert_eq!((trade.price.ticks(), trade.lots.get()), (price, lots), "order {id}");
        assert!([maker, taker].contains(&&known.id), "order {id}");
        let open = self.harness.open_orders(self.clients[&known.client]);
        let status = open.iter().find(|order| order.id == known.id).map(|order| order.status);
        let expected = (how == "partially").then_some(OrderStatus::PartiallyFilled);
        assert_eq!(status, expected, "order {id}");
    }
}

fn after<'a>(words: &[&'a str], label: &str) -> Option<&'a str> {
    words.iter().position(|word| *word == label).and_then(|index| words.get(index + 1)).copied()
}

fn asset_id(name: &str) -> AssetId {
    ASSETS.iter().find(|(asset, ..)| *asset == name).map(|(_, id, _)| AssetId::new(*id)).unwrap()
}

fn symbol_id(name: &str) -> SymbolId {
    SymbolId::new(if name == "EUR_USD" { 1 } else { 2 })
}

/// One step with its table.
type Step = (String, Rows);

/// Reads a feature: scenarios with the background first, outlines once per example.
fn scenarios(text: &str) -> Vec<(String, Vec<Step>)> {
    let mut background: Vec<Step> = Vec::new();
    let mut found: Vec<(String, Vec<Step>, Rows)> = Vec::new();
    let (mut in_background, mut in_examples) = (false, false);
    for line in text.lines().map(str::trim) {
        if let Some((_, title)) = line.split_once("Scenario Outline:").or(line.split_once("Scenario:")) {
            found.push((title.trim().to_owned(), background.clone(), Vec::new()));
            (in_background, in_examples) = (false, false);
        } else if line == "Background:" {
            in_background = true;
        } else if line == "Examples:" {
            in_examples = true;
        } else if line.starts_with('|') {
            let cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
            match found.last_mut() {
                Some((_, _, examples)) if in_examples => examples.push(cells),
                Some((_, steps, _)) => steps.last_mut().unwrap().1.push(cells),
                None => background.last_mut().unwrap().1.push(cells),
            }
        } else if let Some((word, step)) = line.split_once(' ')
            && ["Given", "When", "Then", "And"].contains(&word)
        {
            let steps = if in_background { &mut background } else { &mut found.last_mut().unwrap().1 };
            steps.push((step.to_owned(), Vec::new()));
        }
    }
    let expand = |(title, steps, examples): (String, Vec<Step>, Rows)| -> Vec<(String, Vec<Step>)> {
        let Some((labels, rows)) = examples.split_first() else { return vec![(title, steps)] };
        rows.iter()
            .map(|row| {
                let with = |text: &str| text.replace(&format!("<{}>", labels[0]), &row[0]);
                let steps = steps.iter().map(|(text, table)| (with(text), table.clone())).collect();
                (format!("{title} ({})", row[0]), steps)
            })
            .collect()
    };
    found.into_iter().flat_map(expand).collect()
}

fn play(feature: &str) -> Option<(usize, Vec<String>)> {
    let path = conformance(&format!("exchange-core/{feature}.feature"))?;
    let scenarios = scenarios(&fs::read_to_string(path).unwrap());
    let mut left_out = Vec::new();
    for (title, steps) in &scenarios {
        println!("{title}");
        let mut stage = Stage::new();
        for (text, rows) in steps {
            println!("  {text}");
            stage.step(text, rows);
        }
        left_out.extend(stage.left_out);
    }
    Some((scenarios.len(), left_out))
}

#[test]
fn exchange_cores_basic_feature_holds() {
    let Some((scenarios, left_out)) = play("basic") else { return };
    assert_eq!((scenarios, left_out), (3, Vec::new()));
}

#[test]
fn exchange_cores_risk_feature_holds_but_for_what_only_a_reserve_price_refuses() {
    let Some((scenarios, left_out)) = play("risk") else { return };
    assert_eq!((scenarios, left_out.len()), (2, ONLY_BY_RESERVE.len()));
}
