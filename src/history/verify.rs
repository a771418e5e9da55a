//! Verifies that the history is the projection of the journal, row for row, and matches what the shards themselves
//! remember.
//!
//! The slow and obvious way, which shares the form of a row with the projector and nothing else: every frame alone,
//! every row in memory.

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter};

use super::{
    HistoryError,
    entity::{Table, amendment, balance, fill, kline, ledger, order, trade},
};
use crate::domain::{
    account::{AccountQuery, AccountView, Page},
    change_log::{ChangeLogEntry, ChangeType, EntityId, Fields, MarketProjections, entries_of},
    instruments::Instruments,
    market_data::{Interval, Range},
    orders::{ColdFields, Order},
    replica::{Frame, Replica},
    types::{
        id::{AccountId, OrderId},
        money::Amount,
        time::Timestamp,
    },
};

/// How many rows are read at once.
const ROWS: u64 = 10_000;
/// How many differences are listed; there are as many as rows when an early one is wrong.
const SHOWN_MAX: usize = 20;

/// The expected content of the database.
#[derive(Debug)]
pub struct Expected {
    instruments: Arc<Instruments>,
    /// By id, since changes of an order name nothing else.
    orders: BTreeMap<OrderId, order::Model>,
    fills: Rows<fill::Entity>,
    trades: Rows<trade::Entity>,
    klines: Rows<kline::Entity>,
    balances: Rows<balance::Entity>,
    ledger: Rows<ledger::Entity>,
    amendments: Rows<amendment::Entity>,
    projections: MarketProjections,
    entries: Vec<ChangeLogEntry>,
}

/// The result of comparing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Rows compared, by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Facts the shards remember that were compared with rows.
    pub remembered: u64,
    /// How many differences there are.
    pub differences: u64,
    /// The first of them.
    pub first_differences: Vec<String>,
}

impl Compared {
    fn differs(&mut self, what: impl FnOnce() -> String) {
        self.differences += 1;
        if self.first_differences.len() < SHOWN_MAX {
            self.first_differences.push(what());
        }
    }

    fn same<T: PartialEq + Debug>(&mut self, what: &str, expected: Option<&T>, found: Option<&T>) {
        if expected != found {
            self.differs(|| format!("{what}: {found:?} is there, {expected:?} should be"));
        }
    }
}

/// Compares a table with its expected content. Both are in the order of their keys.
async fn compare<T: Table>(
    compared: &mut Compared,
    db: &DatabaseConnection,
    expected: &BTreeMap<T::Key, T::Model>,
) -> Result<(), HistoryError>
where
    T::Model: PartialEq + Debug,
{
    let mut expected = expected.iter().peekable();
    let mut after = None;
    loop {
        let rows = T::page(db, after.take(), ROWS).await?;
        for row in &rows {
            *compared.rows.entry(T::NAME).or_default() += 1;
            let key = T::key(row);
            while let Some((_, missing)) = expected.next_if(|(other, _)| **other < key) {
                compared.differs(|| format!("{}: {missing:?} is missing", T::NAME));
            }
            let known = expected.next_if(|(other, _)| **other == key);
            compared.same(T::NAME, known.map(|(_, known)| known), Some(row));
        }
        match rows.last() {
            Some(last) => after = Some(T::key(last)),
            None => break,
        }
    }
    for (_, missing) in expected {
        compared.differs(|| format!("{}: {missing:?} is missing", T::NAME));
    }
    Ok(())
}

/// Rows by their keys.
type Rows<T> = BTreeMap<<T as Table>::Key, <T as EntityTrait>::Model>;

/// Inserts a row, or replaces the one that has its key.
fn put<T: Table>(rows: &mut Rows<T>, row: T::Model) {
    rows.insert(T::key(&row), row);
}

impl Expected {
    /// Starts with an exchange without events.
    pub fn new(instruments: Arc<Instruments>) -> Self {
        Self {
            instruments,
            orders: BTreeMap::new(),
            fills: BTreeMap::new(),
            trades: BTreeMap::new(),
            klines: BTreeMap::new(),
            balances: BTreeMap::new(),
            ledger: BTreeMap::new(),
            amendments: BTreeMap::new(),
            projections: MarketProjections::default(),
            entries: Vec::new(),
        }
    }

    /// Applies the next frame.
    ///
    /// # Errors
    /// It refers to something that does not exist.
    pub fn take(&mut self, sequence: u64, frame: &Frame) -> Result<(), HistoryError> {
        let mut entries = std::mem::take(&mut self.entries);
        entries.clear();
        entries_of(sequence, frame, &mut entries)?;
        let mut klines = Vec::new();
        let trades = &mut self.trades;
        let instruments = &self.instruments;
        self.projections.project(
            &entries,
            |symbol, record, aggregate| {
                if let Some(spec) = instruments.symbol(symbol) {
                    put::<trade::Entity>(trades, trade::Model::of(record, aggregate, spec));
                }
            },
            &mut klines,
        );
        entries.append(&mut klines);
        for entry in &entries {
            self.entry(entry).ok_or_else(|| HistoryError::Damaged(format!("{entry:?} is about nothing")))?;
        }
        self.entries = entries;
        Ok(())
    }

    fn entry(&mut self, entry: &ChangeLogEntry) -> Option<()> {
        let instruments = &self.instruments;
        let (ChangeType::Created { fields } | ChangeType::Updated { changed_fields: fields }) =
            &entry.change_type
        else {
            return Some(());
        };
        match (entry.entity_id, fields) {
            (EntityId::Order(id), Fields::Order(order)) => {
                let row = order::Model::of(order, instruments.symbol(order.symbol)?, entry.sequence);
                self.orders.insert(id, row);
            }
            (EntityId::Order(id), Fields::OrderUpdate(update)) => {
                let row = self.orders.get_mut(&id)?;
                let symbol = row.order(instruments).ok()?.symbol;
                let before = row.before_amend(update);
                row.update(update, instruments.symbol(symbol)?, entry.sequence);
                if let Some(before) = before {
                    put::<amendment::Entity>(&mut self.amendments, amendment::Model::of(before, row));
                }
            }
            (EntityId::Fill { symbol, .. }, Fields::Fill(fill)) => {
                put::<fill::Entity>(&mut self.fills, fill::Model::of(fill, instruments.symbol(symbol)?));
            }
            (EntityId::Kline { symbol, interval, .. }, Fields::Kline(candle)) => {
                let row = kline::Model::of(candle, interval, instruments.symbol(symbol)?);
                put::<kline::Entity>(&mut self.klines, row);
            }
            (EntityId::Balance { account, asset }, Fields::Balance(update)) => {
                let asset = instruments.asset(asset)?;
                let key = (account.get() as i64, i64::from(asset.id.get()));
                let row = self.balances.entry(key).or_insert_with(|| balance::Model::empty(account, asset));
                row.update(update, asset, entry.timestamp, entry.sequence);
                if let Some(line) = ledger::Model::of(update, row, asset, entry.timestamp, entry.sequence) {
                    put::<ledger::Entity>(&mut self.ledger, line);
                }
            }
            _ => {}
        }
        Some(())
    }

    /// Compares every row.
    ///
    /// # Errors
    /// The database fails.
    pub async fn compare(self, db: &DatabaseConnection) -> Result<Compared, HistoryError> {
        let mut compared = Compared::default();
        let orders = self.orders.into_values().map(|row| (order::Entity::key(&row), row)).collect();
        compare::<order::Entity>(&mut compared, db, &orders).await?;
        compare::<fill::Entity>(&mut compared, db, &self.fills).await?;
        compare::<trade::Entity>(&mut compared, db, &self.trades).await?;
        compare::<kline::Entity>(&mut compared, db, &self.klines).await?;
        compare::<balance::Entity>(&mut compared, db, &self.balances).await?;
        compare::<ledger::Entity>(&mut compared, db, &self.ledger).await?;
        compare::<amendment::Entity>(&mut compared, db, &self.amendments).await?;
        Ok(compared)
    }
}

/// Compares what the shards themselves remember, at the frame the history is at, with the rows.
///
/// # Errors
/// The database fails.
pub async fn compare_remembered(
    db: &DatabaseConnection,
    replica: &Replica,
    compared: &mut Compared,
) -> Result<(), HistoryError> {
    let instruments = replica.instruments();
    let accounts: Vec<AccountId> = {
        let rows = balance::Entity::find().all(db).await?;
        let mut accounts: Vec<AccountId> =
            rows.iter().map(|row| AccountId::new(row.account_id as u64)).collect();
        accounts.dedup();
        accounts
    };
    let everything = Page { start: None, end: None, limit: usize::MAX };
    for account in accounts {
        let Some(slot) = replica.account(account.slot()) else { continue };
        let ask = |query: &AccountQuery| slot.query(account, query, Timestamp::default());
        if let Ok(AccountView::Account { balances, .. }) = ask(&AccountQuery::Account) {
            let known = balance::Column::AccountId.eq(account.get() as i64);
            let rows = balance::Entity::find().filter(known).all(db).await?;
            for (id, balance) in balances {
                let Some(asset) = instruments.asset(id) else { continue };
                let row = rows.iter().find(|row| row.asset_id == i64::from(id.get()));
                let found = row.map(|row| row.amounts(asset)).transpose()?;
                let nothing = (Amount::ZERO, Amount::ZERO);
                compared.remembered += 1;
                let what = format!("account {account}, {}", asset.name());
                let expected = (balance.available, balance.held);
                compared.same(&what, Some(&expected), Some(&found.unwrap_or(nothing)));
            }
        }
        for spec in instruments.symbols() {
            let orders = AccountQuery::AllOrders { symbol: spec.id, from: None, page: everything };
            if let Ok(AccountView::Orders(orders)) = ask(&orders) {
                for expected in &orders.items {
                    let key = order::Entity::key(&order::Model::of(expected, spec, 0));
                    let row = order::Entity::find_by_id(key).one(db).await?;
                    let found = row.map(|row| row.order(instruments)).transpose()?;
                    compared.remembered += 1;
                    compared.same("an order", Some(&kept(expected)), found.as_ref());
                }
            }
            let fills = AccountQuery::Fills { symbol: spec.id, order: None, from: None, page: everything };
            if let Ok(AccountView::Fills(fills)) = ask(&fills) {
                for expected in &fills.items {
                    let key = fill::Entity::key(&fill::Model::of(expected, spec));
                    let row = fill::Entity::find_by_id(key).one(db).await?;
                    let found = row.map(|row| row.fill(spec)).transpose()?;
                    compared.remembered += 1;
                    compared.same("a fill", Some(expected), found.as_ref());
                }
            }
        }
    }
    for spec in instruments.symbols() {
        let Some(history) = replica.image(spec.id).map(|image| image.history()) else { continue };
        let symbol = i64::from(spec.id.get());
        for expected in history.trades.trades(Range { limit: usize::MAX, ..Range::default() }).items {
            let row = trade::Entity::find_by_id((symbol, expected.id.get() as i64)).one(db).await?;
            let found = row.map(|row| row.trade(spec)).transpose()?;
            compared.remembered += 1;
            compared.same("a trade", Some(&expected), found.as_ref());
        }
        for interval in Interval::ALL {
            for expected in history.candles.since(interval, Timestamp::default()) {
                let key = (symbol, interval.name().to_owned(), expected.open_time.micros() as i64);
                let row = kline::Entity::find_by_id(key).one(db).await?;
                let found = row.map(|row| row.candle(spec)).transpose()?;
                compared.remembered += 1;
                compared.same("a candle", Some(&expected), found.as_ref());
            }
        }
    }
    Ok(())
}

/// Returns the part of an order that the history stores: without data that only matters while it is open.
fn kept(order: &Order) -> Order {
    debug_assert!(order.was_accepted());
    let order = Order { hold: Amount::ZERO, handle: None, ..order.clone() };
    let cold = ColdFields { amends: 0, ..*order.cold() };
    order.with(cold)
}
