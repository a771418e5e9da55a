//! The five cases of the kraken sample: commands as CSV in, executions and tops of the book as CSV out.

use std::{collections::BTreeMap, fs};

use lab::sim::Harness;
use lightning_exchange::domain::{
    book::BookLimits,
    instruments::AssetDefinition,
    messages::command::{AccountCommand, Answer, CancelOrder, OrderRef},
    orders::{NewOrder, OrderType, Side, TimeInForce},
    types::id::{AccountId, AssetId, OrderId, SymbolId},
};
use rust_decimal::Decimal;

use super::{conformance, limit, symbol};

const CLIENT: AccountId = AccountId::new(1025);
/// Prices in the files have at most one digit after the point.
const TICK: i64 = 10;

struct Replay {
    harness: Harness,
    symbols: BTreeMap<&'static str, SymbolId>,
    ids: BTreeMap<OrderId, String>,
    open: BTreeMap<String, (SymbolId, OrderId)>,
    executions: usize,
    out: Vec<String>,
}

impl Replay {
    fn new() -> Self {
        let asset = |id, name: &str, scale| AssetDefinition { id, name: name.to_owned(), scale };
        let assets = [asset(1, "MSFT", 0), asset(2, "AMZN", 0), asset(3, "USD", 1)];
        let tick = Decimal::new(1, 1);
        let symbols = [symbol(1, "MSFT", "USD", tick), symbol(2, "AMZN", "USD", tick)];
        let mut harness = Harness::open(&assets, &symbols, BookLimits::default()).unwrap();
        for asset in 1..=3 {
            harness.fund(CLIENT, AssetId::new(asset), 1_000_000).unwrap();
        }
        let symbols = [("MSFT", SymbolId::new(1)), ("AMZN", SymbolId::new(2))].into();
        let (ids, open) = (BTreeMap::new(), BTreeMap::new());
        Self { harness, symbols, ids, open, executions: 0, out: Vec::new() }
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split(',').collect();
        match words[..] {
            ["ORDER", id, name, side, kind, lots, ref price @ ..] => {
                let side = if side == "BUY" { Side::Buy } else { Side::Sell };
                let symbol = self.symbols[name];
                let price: Option<Decimal> = price.first().map(|price| price.parse().unwrap());
                let ticks = price.map_or(0, |price| u64::try_from(price * Decimal::from(TICK)).unwrap());
                let mut order = limit(CLIENT, symbol, side, ticks, lots.parse().unwrap());
                if kind == "MARKET" {
                    let reference = self.harness.reference(symbol, side);
                    let (kind, time_in_force) = (OrderType::Market, TimeInForce::Ioc);
                    order = NewOrder { kind, time_in_force, price: None, reference, ..order };
                }
                let Answer::Placed { order, .. } = self.ask(AccountCommand::Place(order)) else {
                    panic!("{line}")
                };
                self.ids.insert(order.id, id.to_owned());
                self.open.insert(id.to_owned(), (symbol, order.id));
            }
            ["CANCEL_BY_TAG", id] => {
                let (symbol, order) = self.open[id];
                let order = OrderRef { id: Some(order), client_id: None };
                let cancel = CancelOrder { account: CLIENT, symbol, order, restriction: None, name: None };
                self.ask(AccountCommand::Cancel(cancel));
            }
            ["EXECUTION"] => self.print_executions(),
            ["ORDERBOOK", name] => self.print_top(name),
            _ => panic!("unknown line {line}"),
        }
    }

    fn ask(&mut self, command: AccountCommand) -> Answer {
        self.harness.ask(command).unwrap().unwrap()
    }

    fn print_executions(&mut self) {
        for (name, symbol) in self.symbols.clone() {
            for (trade, maker, taker) in self.harness.sides(symbol).into_iter().skip(self.executions) {
                self.executions += 1;
                let (taker, maker) = (&self.ids[&taker], &self.ids[&maker]);
                let (price, lots) = (print(trade.price.ticks()), trade.lots.get());
                self.out.push(format!("{name},{},{taker},{maker},{price},{lots}", trade.id));
            }
        }
    }

    fn print_top(&mut self, name: &str) {
        let symbol = self.symbols[name];
        let orders = self.harness.open_orders(CLIENT);
        let side = |side| {
            let count = orders.iter().filter(|order| order.symbol == symbol && order.side == side).count();
            let best = self.harness.depth(symbol, side).first().copied();
            let best = best.map_or("na,na".to_owned(), |(price, lots)| {
                format!("{},{}", print(price.ticks()), lots.get())
            });
            (count, format!("{count},{best}"))
        };
        let ((asks, ask), (bids, bid)) = (side(Side::Sell), side(Side::Buy));
        self.out.push(format!("{name},{},{ask},{bid}", asks + bids));
    }
}

fn print(ticks: u64) -> String {
    (Decimal::from(ticks) / Decimal::from(TICK)).normalize().to_string()
}

#[test]
fn the_kraken_sample_comes_out_as_it_should() {
    for case in 1..=5 {
        let Some(path) = conformance(&format!("kraken-sample/{case}")) else { return };
        let mut replay = Replay::new();
        for line in fs::read_to_string(path.join("in.csv")).unwrap().lines() {
            if !line.trim().is_empty() && !line.starts_with('#') {
                replay.line(line.trim());
            }
        }
        let expected = fs::read_to_string(path.join("out.csv")).unwrap();
        assert_eq!(replay.out, expected.lines().collect::<Vec<_>>(), "case {case}");
    }
}
