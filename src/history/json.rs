//! The change log as JSON, one object an entry: for brokers and readers.
//!
//! Fields have the names and the form of the columns. `docs/change-log.md` lists them.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    HistoryError,
    entity::{fill, kline, order, trade},
    text,
};
use crate::domain::{
    change_log::{
        BalanceCause, BalanceUpdate, CHANGE_LOG_VERSION, ChangeLogEntry, ChangeType, EntityId, Fields,
        OrderUpdate, words::Word,
    },
    instruments::{Instruments, symbol::SymbolSpec},
    types::id::{AssetId, SymbolId},
};

/// Writes an entry.
///
/// # Errors
/// It is about a symbol or an asset that does not exist.
pub fn to_json(entry: &ChangeLogEntry, instruments: &Instruments) -> Result<Value, HistoryError> {
    let mut object = Map::new();
    object.insert("version".to_owned(), CHANGE_LOG_VERSION.into());
    object.insert("sequence".to_owned(), entry.sequence.into());
    object.insert("timestamp".to_owned(), entry.timestamp.micros().into());
    object.insert("entity_type".to_owned(), entry.entity_id.entity_type().word().into());
    object.insert("entity_id".to_owned(), id(&entry.entity_id).into());
    let (change, name, fields) = match &entry.change_type {
        ChangeType::Created { fields } => ("CREATED", "fields", Some(fields)),
        ChangeType::Updated { changed_fields } => ("UPDATED", "changed_fields", Some(changed_fields)),
        ChangeType::Deleted => ("DELETED", "fields", None),
    };
    object.insert("change_type".to_owned(), change.into());
    if let Some(fields) = fields {
        object.insert(name.to_owned(), write(entry, fields, instruments)?);
    }
    Ok(Value::Object(object))
}

/// An entity's id as text: its numbers, the most general first.
fn id(id: &EntityId) -> String {
    match id {
        EntityId::Order(order) => order.to_string(),
        EntityId::Fill { symbol, trade, order } => format!("{symbol}:{trade}:{order}"),
        EntityId::Trade { symbol, trade } => format!("{symbol}:{trade}"),
        EntityId::Balance { account, asset } => format!("{account}:{asset}"),
        EntityId::Kline { symbol, interval, open_time } => {
            format!("{symbol}:{}:{}", interval.name(), open_time.micros())
        }
    }
}

fn write(entry: &ChangeLogEntry, fields: &Fields, instruments: &Instruments) -> Result<Value, HistoryError> {
    let spec = |symbol| spec(instruments, symbol);
    match (entry.entity_id, fields) {
        (_, Fields::Order(order)) => row(&order::Model::of(order, spec(order.symbol)?, entry.sequence)),
        (_, Fields::OrderUpdate(update)) => order_update(update, instruments),
        (_, Fields::Fill(fill)) => row(&fill::Model::of(fill, spec(fill.symbol)?)),
        (EntityId::Trade { symbol, .. }, Fields::Trade(record)) => {
            let mut fields = row(&trade::Model::of(record, 0, spec(symbol)?))?;
            // The number of the aggregate is the kline stage's.
            if let Some(fields) = fields.as_object_mut() {
                fields.remove("aggregate_id");
            }
            Ok(fields)
        }
        (EntityId::Kline { symbol, interval, .. }, Fields::Kline(candle)) => {
            row(&kline::Model::of(candle, interval, spec(symbol)?))
        }
        (EntityId::Balance { asset, .. }, Fields::Balance(update)) => {
            balance_update(update, asset, instruments)
        }
        _ => Err(HistoryError::Damaged(format!("fields of another entity: {entry:?}"))),
    }
}

fn row(row: &impl Serialize) -> Result<Value, HistoryError> {
    serde_json::to_value(row).map_err(|error| HistoryError::Export(error.to_string()))
}

fn order_update(update: &OrderUpdate, instruments: &Instruments) -> Result<Value, HistoryError> {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        fields.extend(value.map(|value| (name.to_owned(), value)));
    };
    if let Some(symbol) = update.symbol {
        let spec = spec(instruments, symbol)?;
        set("quantity", update.quantity.map(|lots| text::lots(spec, lots).into()));
        set("executed", update.executed.map(|lots| text::lots(spec, lots).into()));
        set("executed_quote", update.executed_quote.map(|amount| text::quote(spec, amount).into()));
        set("prevented", update.prevented.map(|lots| text::lots(spec, lots).into()));
    }
    set("status", update.status.map(|status| (status as i16).into()));
    set("reason", update.reason.map(|reason| reason.word().into()));
    set("prevented_match", update.prevented_match.map(|number| number.get().into()));
    set("client_order_id", update.client_id.map(|name| name.as_str().into()));
    set("awaits_list", update.awaits_list.map(Value::from));
    set("working_at", update.working_at.map(|time| time.micros().into()));
    set("updated_at", Some(update.updated_at.micros().into()));
    Ok(Value::Object(fields))
}

fn balance_update(
    update: &BalanceUpdate,
    asset: AssetId,
    instruments: &Instruments,
) -> Result<Value, HistoryError> {
    let asset = instruments
        .asset(asset)
        .ok_or_else(|| HistoryError::Damaged(format!("there is no asset {asset}")))?;
    let amount = |amount| text::write(asset.units(amount));
    let mut fields = Map::new();
    fields.extend(update.available.map(|available| ("available".to_owned(), amount(available).into())));
    fields.extend(update.held.map(|held| ("frozen".to_owned(), amount(held).into())));
    fields.insert("delta".to_owned(), amount(update.delta).into());
    let cause = match update.cause {
        BalanceCause::Deposit => json!("DEPOSIT"),
        BalanceCause::Withdrawal => json!("WITHDRAWAL"),
        BalanceCause::Order => json!("ORDER"),
        BalanceCause::Trade { symbol, trade, order } => {
            fields.insert("symbol_id".to_owned(), symbol.get().into());
            fields.insert("trade_id".to_owned(), trade.get().into());
            fields.insert("order_id".to_owned(), order.get().into());
            json!("TRADE")
        }
    };
    fields.insert("cause".to_owned(), cause);
    Ok(Value::Object(fields))
}

fn spec(instruments: &Instruments, symbol: SymbolId) -> Result<&SymbolSpec, HistoryError> {
    let spec = instruments.symbol(symbol).map(AsRef::as_ref);
    spec.ok_or_else(|| HistoryError::Damaged(format!("there is no symbol {symbol}")))
}
