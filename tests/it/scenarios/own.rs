//! Our own scenarios, `tests/scenarios/*.txt`. A file is one market rule: what it is, then tables of the book
//! and what happens between them.
//!
//! - The first table is the book to begin with (owned by `maker`); every later one is what the book must be.
//! - `NAME buys|sells QTY at PRICE`, `NAME buys|sells QTY at market`, `NAME buys|sells for AMOUNT at market`,
//!   with `post-only`, `IOC`, `FOK`, `GTD MS` or a self-trade mode behind it, and `-> rests|filled|partly
//!   filled|expired|refused` for what must come of it.
//! - `NAME amends to QTY`, `NAME cancels`: their latest order. `MS ms pass`.
//! - `trades: QTY @ PRICE, …`: all since the last such line. `NAME has AMOUNT ASSET, AMOUNT held`.
//! - `fees: MAKER TAKER`, first of all. Every account starts with 1000 COIN and 100000 CASH.

use std::{collections::BTreeMap, fs};

use lab::sim::Harness;
use lightning_exchange::domain::{
    book::BookLimits,
    instruments::{AssetDefinition, FeeDefinition, SymbolDefinition},
    messages::{
        command::{AccountCommand, AmendOrder, Answer, CancelOrder, OrderRef},
        reject::Reject,
    },
    orders::{NewOrder, Order, OrderStatus, OrderType, Side, StpMode, TimeInForce},
    types::{
        decimal::parse_units,
        id::{AccountId, AssetId, SymbolId},
        money::{Amount, Lots},
        time::Timestamp,
    },
};
use rust_decimal::Decimal;

use crate::support::root;

use super::{limit, symbol};

const MARKET: SymbolId = SymbolId::new(1);
/// COIN has 3 digits, CASH 2.
const SCALES: [(&str, u32, u8); 2] = [("COIN", 1, 3), ("CASH", 2, 2)];

struct Stage {
    harness: Harness,
    participants: BTreeMap<String, (AccountId, Option<Order>)>,
    trades_seen: usize,
    is_seeded: bool,
}

impl Stage {
    fn new(fees: FeeDefinition) -> Self {
        let assets = SCALES.map(|(name, id, scale)| AssetDefinition { id, name: name.to_owned(), scale });
        let market = SymbolDefinition { fees: vec![fees], ..symbol(1, "COIN", "CASH", Decimal::ONE) };
        let harness = Harness::open(&assets, &[market], BookLimits::default()).unwrap();
        Self { harness, participants: BTreeMap::new(), trades_seen: 0, is_seeded: false }
    }

    fn account(&mut self, name: &str) -> AccountId {
        if let Some((account, _)) = self.participants.get(name) {
            return *account;
        }
        let account = AccountId::new(
            1025 + 1024 * (self.participants.len() as u64 / 2) + self.participants.len() as u64 % 2,
        );
        for (asset, units) in [("COIN", 1_000_000), ("CASH", 10_000_000)] {
            self.harness.fund(account, asset_id(asset), units).unwrap();
        }
        self.participants.insert(name.to_owned(), (account, None));
        account
    }

    fn table(&mut self, rows: &[Vec<String>]) {
        if !self.is_seeded {
            self.is_seeded = true;
            for row in rows {
                let (side, lots) =
                    if row[0].is_empty() { (Side::Sell, &row[2]) } else { (Side::Buy, &row[0]) };
                let maker = self.account("maker");
                let order = limit(maker, MARKET, side, row[1].parse().unwrap(), lots.parse().unwrap());
                self.place("maker", order).unwrap();
            }
            return;
        }
        let level =
            |bid: &str, price: u64, ask: &str| vec![bid.to_owned(), price.to_string(), ask.to_owned()];
        let asks = self.harness.depth(MARKET, Side::Sell).into_iter().rev();
        let asks = asks.map(|(price, lots)| level("", price.ticks(), &lots.get().to_string()));
        let bids = self.harness.depth(MARKET, Side::Buy).into_iter();
        let bids = bids.map(|(price, lots)| level(&lots.get().to_string(), price.ticks(), ""));
        assert_eq!(asks.chain(bids).collect::<Vec<_>>(), rows, "the book");
    }

    fn place(&mut self, name: &str, order: NewOrder) -> Result<Order, Reject> {
        match self.harness.ask(AccountCommand::Place(order)).unwrap()? {
            Answer::Placed { order, .. } => {
                self.participants.get_mut(name).unwrap().1 = Some((*order).clone());
                Ok(*order)
            }
            answer => panic!("{answer:?}"),
        }
    }

    fn line(&mut self, line: &str) {
        let (line, outcome) = line.split_once(" -> ").map_or((line, None), |(line, end)| (line, Some(end)));
        let words: Vec<&str> = line.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        match words[..] {
            [name, verb @ ("buys" | "sells"), lots, "at", price, ref flags @ ..] => {
                self.order(name, verb, (Some(lots), None), price, flags, outcome);
            }
            [name, verb @ ("buys" | "sells"), "for", amount, "at", price, ref flags @ ..] => {
                self.order(name, verb, (None, Some(amount)), price, flags, outcome);
            }
            [name, "amends", "to", lots] => {
                let order = self.participants[name].1.clone().unwrap();
                let (account, symbol) = (order.account, order.symbol);
                let order = OrderRef { id: Some(order.id), client_id: None };
                let quantity = Lots::new(lots.parse().unwrap());
                let amend = AmendOrder { account, symbol, order, quantity, client_id: None };
                let answer = self.harness.ask(AccountCommand::Amend(amend)).unwrap();
                assert_eq!(answer.is_err(), outcome == Some("refused"), "{answer:?}");
            }
            [name, "cancels"] => {
                let order = self.participants[name].1.clone().unwrap();
                let (account, symbol) = (order.account, order.symbol);
                let order = OrderRef { id: Some(order.id), client_id: None };
                let cancel = CancelOrder { account, symbol, order, restriction: None, name: None };
                let answer = self.harness.ask(AccountCommand::Cancel(cancel)).unwrap();
                assert_eq!(answer.is_err(), outcome == Some("refused"), "{answer:?}");
            }
            [millis, "ms", "pass"] => {
                self.harness.pass(millis.parse::<u64>().unwrap() * 1_000);
                self.harness.tick().unwrap();
            }
            ["trades:", ..] => {
                let listed = line.trim_start_matches("trades:").trim();
                let trades = self.harness.sides(MARKET);
                let new = trades[self.trades_seen..].iter();
                let new = new.map(|(trade, ..)| format!("{} @ {}", trade.lots.get(), trade.price.ticks()));
                assert_eq!(new.collect::<Vec<_>>().join(", "), listed.replace("none", ""));
                self.trades_seen = trades.len();
            }
            [name, "has", free, asset, held, "held"] => {
                let account = self.participants[name].0;
                let balance = self.harness.balance(account, asset_id(asset)).unwrap();
                let expected = (units(asset, free), units(asset, held));
                assert_eq!((balance.available, balance.held), expected, "free and held {asset} of {name}");
            }
            _ => panic!("unknown line {line:?}"),
        }
    }

    fn order(
        &mut self,
        name: &str,
        verb: &str,
        (lots, amount): (Option<&str>, Option<&str>),
        price: &str,
        flags: &[&str],
        outcome: Option<&str>,
    ) {
        let side = if verb == "buys" { Side::Buy } else { Side::Sell };
        let account = self.account(name);
        let lots = lots.map(|lots| lots.parse().unwrap());
        let mut order = limit(account, MARKET, side, price.parse().unwrap_or(0), lots.unwrap_or(0));
        if price == "market" {
            order.kind = OrderType::Market;
            order.time_in_force = TimeInForce::Ioc;
            order.price = None;
            order.reference = self.harness.reference(MARKET, side);
        }
        if let Some(amount) = amount {
            (order.quantity, order.quote_quantity) = (None, Some(units("CASH", amount)));
        }
        for (index, flag) in flags.iter().enumerate() {
            match *flag {
                "post-only" => order.kind = OrderType::LimitMaker,
                "IOC" => order.time_in_force = TimeInForce::Ioc,
                "FOK" => order.time_in_force = TimeInForce::Fok,
                "GTD" => {
                    let millis: u64 = flags[index + 1].parse().unwrap();
                    order.time_in_force = TimeInForce::Gtd;
                    order.expires_at =
                        Some(Timestamp::from_micros(self.harness.time().micros() + millis * 1_000));
                }
                "expire-taker" => order.stp = StpMode::ExpireTaker,
                "expire-maker" => order.stp = StpMode::ExpireMaker,
                "expire-both" => order.stp = StpMode::ExpireBoth,
                "decrement" => order.stp = StpMode::Decrement,
                number if number.parse::<u64>().is_ok() => {}
                flag => panic!("unknown flag {flag}"),
            }
        }
        let came_to = match self.place(name, order) {
            Err(_) => "refused",
            Ok(order) => match order.status {
                OrderStatus::Pending => "rests",
                OrderStatus::PartiallyFilled => "partly filled",
                OrderStatus::Filled => "filled",
                _ => "expired",
            },
        };
        if let Some(outcome) = outcome {
            assert_eq!(came_to, outcome);
        }
    }
}

fn asset_id(name: &str) -> AssetId {
    SCALES.iter().find(|(asset, ..)| *asset == name).map(|(_, id, _)| AssetId::new(*id)).unwrap()
}

fn units(asset: &str, text: &str) -> Amount {
    let (_, _, scale) = SCALES.iter().find(|(name, ..)| *name == asset).unwrap();
    Amount::new(parse_units(text, *scale).unwrap())
}

fn play(text: &str) {
    let mut stage: Option<Stage> = None;
    let mut fees = FeeDefinition { maker: Decimal::ZERO, taker: Decimal::ZERO };
    let mut table: Option<Vec<Vec<String>>> = None;
    for line in text.lines().skip(1).map(str::trim).chain([""]) {
        if line.contains('|') {
            let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
            match &mut table {
                Some(rows) => rows.push(cells),
                None => table = Some(Vec::new()), // its first line is the heading
            }
            continue;
        }
        if let Some(rates) = line.strip_prefix("fees:") {
            let rates: Vec<Decimal> = rates.split_whitespace().map(|rate| rate.parse().unwrap()).collect();
            fees = FeeDefinition { maker: rates[0], taker: rates[1] };
            continue;
        }
        if line.is_empty() && table.is_none() {
            continue;
        }
        let stage = stage.get_or_insert_with(|| Stage::new(fees));
        if let Some(rows) = table.take() {
            stage.table(&rows);
        }
        if !line.is_empty() {
            stage.line(line);
        }
    }
}

#[test]
fn every_scenario_ends_as_it_is_drawn() {
    let directory = root().join("tests/scenarios");
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 14);
    for file in files {
        println!("{}", file.display());
        play(&fs::read_to_string(&file).unwrap());
    }
}
