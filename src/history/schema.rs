//! The tables and indexes, as steps that are only ever added to.
//!
//! Every insert pays for an index, so they are few, and the primary keys are the order of paging: rows of one account,
//! or of one symbol, lie together in the order they are queried. A step that was cut short is restarted, so every step
//! tolerates what exists already: not every database rolls back tables. Names are spelled out here and not taken from
//! the entities, which change while a released step must not.

use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait,
    sea_orm::{DatabaseBackend, DbErr},
    sea_query::{ColumnDef, Index, IndexCreateStatement, Table, TableCreateStatement},
};

use super::text::NUMBER_LEN_MAX;
use crate::domain::types::id::CLIENT_ORDER_ID_LEN_MAX;

/// The steps to the schema this program reads and writes.
#[derive(Debug)]
pub(super) struct Schema;

#[async_trait::async_trait]
impl MigratorTrait for Schema {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(First), Box::new(Second)]
    }
}

/// The tables of the first version.
struct First;

impl MigrationName for First {
    fn name(&self) -> &str {
        "0001_history"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for First {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        for table in [orders(), fills(), trades(), klines(), balances(), ledger(), watermarks()] {
            manager.create_table(suited(table, backend)).await?;
        }
        for (table, name, columns) in INDEXES {
            if !manager.has_index(table, name).await? {
                manager.create_index(index(table, name, columns)).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["orders", "fills", "trades", "klines", "balances", "ledger", "watermarks"] {
            manager.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

/// The amends of orders. A database from before has those that follow; one that is rebuilt has all.
struct Second;

impl MigrationName for Second {
    fn name(&self) -> &str {
        "0002_amendments"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Second {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(suited(amendments(), manager.get_database_backend())).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("amendments").if_exists().to_owned()).await
    }
}

/// Rows lie in the order of their key everywhere but in PostgreSQL, which has no such tables. Text is ASCII and case
/// matters: `1m` is not `1M`.
fn suited(mut table: TableCreateStatement, backend: DatabaseBackend) -> TableCreateStatement {
    match backend {
        DatabaseBackend::Sqlite => table.extra("WITHOUT ROWID"),
        DatabaseBackend::MySql => table.extra("CHARACTER SET ascii COLLATE ascii_bin"),
        _ => &mut table,
    };
    table
}

fn number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().to_owned()
}

fn text(name: &'static str, length: u32) -> ColumnDef {
    ColumnDef::new(name).string_len(length).not_null().to_owned()
}

fn decimal(name: &'static str) -> ColumnDef {
    text(name, NUMBER_LEN_MAX)
}

fn flag(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().to_owned()
}

fn optional(mut column: ColumnDef) -> ColumnDef {
    column.null().to_owned()
}

fn table(
    name: &'static str,
    key: &'static [&'static str],
    columns: impl IntoIterator<Item = ColumnDef>,
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name).if_not_exists();
    for mut column in columns {
        table.col(&mut column);
    }
    let mut primary = Index::create();
    for column in key {
        primary.col(*column);
    }
    table.primary_key(&mut primary).to_owned()
}

fn orders() -> TableCreateStatement {
    let columns = [
        number("account_id"),
        number("symbol_id"),
        number("created_at"),
        number("id"),
        text("client_order_id", CLIENT_ORDER_ID_LEN_MAX as u32),
        optional(number("list_id")),
        text("side", 4),
        text("kind", 20),
        text("time_in_force", 4),
        text("stp", 16),
        decimal("price"),
        decimal("quantity"),
        decimal("quote_quantity"),
        decimal("executed"),
        decimal("executed_quote"),
        decimal("prevented"),
        optional(number("prevented_match")),
        ColumnDef::new("status").small_integer().not_null().to_owned(),
        optional(text("reason", 20)),
        optional(decimal("stop_price")),
        optional(number("trailing_delta")),
        optional(decimal("iceberg")),
        optional(number("strategy_id")),
        optional(number("strategy_type")),
        flag("awaits_list"),
        optional(number("working_at")),
        optional(number("expires_at")),
        number("updated_at"),
        number("sequence"),
    ];
    table("orders", &["account_id", "symbol_id", "created_at", "id"], columns)
}

fn fills() -> TableCreateStatement {
    let columns = [
        number("account_id"),
        number("symbol_id"),
        number("trade_id"),
        number("order_id"),
        text("side", 4),
        decimal("price"),
        decimal("quantity"),
        decimal("quote_quantity"),
        decimal("fee"),
        number("fee_asset_id"),
        flag("is_maker"),
        number("time"),
    ];
    table("fills", &["account_id", "symbol_id", "trade_id", "order_id"], columns)
}

fn trades() -> TableCreateStatement {
    let columns = [
        number("symbol_id"),
        number("id"),
        number("aggregate_id"),
        decimal("price"),
        decimal("quantity"),
        flag("is_buyer_maker"),
        number("maker_order_id"),
        number("taker_order_id"),
        number("time"),
    ];
    table("trades", &["symbol_id", "id"], columns)
}

fn klines() -> TableCreateStatement {
    let columns = [
        number("symbol_id"),
        text("period", 4),
        number("open_time"),
        decimal("open"),
        decimal("high"),
        decimal("low"),
        decimal("close"),
        decimal("volume"),
        decimal("quote_volume"),
        decimal("taker_volume"),
        decimal("taker_quote_volume"),
        number("trades"),
        number("first_trade"),
    ];
    table("klines", &["symbol_id", "period", "open_time"], columns)
}

fn balances() -> TableCreateStatement {
    let columns = [
        number("account_id"),
        number("asset_id"),
        decimal("available"),
        decimal("frozen"),
        number("updated_at"),
        number("sequence"),
    ];
    table("balances", &["account_id", "asset_id"], columns)
}

fn ledger() -> TableCreateStatement {
    let columns = [
        number("account_id"),
        number("time"),
        number("sequence"),
        number("asset_id"),
        decimal("delta"),
        decimal("available"),
        decimal("frozen"),
        text("cause", 16),
        optional(number("symbol_id")),
        optional(number("trade_id")),
        optional(number("order_id")),
    ];
    table("ledger", &["account_id", "time", "sequence", "asset_id"], columns)
}

fn amendments() -> TableCreateStatement {
    let columns = [
        number("account_id"),
        number("symbol_id"),
        number("order_id"),
        number("sequence"),
        text("old_client_order_id", CLIENT_ORDER_ID_LEN_MAX as u32),
        text("client_order_id", CLIENT_ORDER_ID_LEN_MAX as u32),
        decimal("old_quantity"),
        decimal("quantity"),
        number("time"),
    ];
    table("amendments", &["account_id", "symbol_id", "order_id", "sequence"], columns)
}

fn watermarks() -> TableCreateStatement {
    let columns = [text("stream", 16), number("sequence"), text("journal", 32), number("begins_after")];
    table("watermarks", &["stream"], columns)
}

/// The table, the name and the columns of an index.
type IndexOf = (&'static str, &'static str, &'static [&'static str]);

const INDEXES: [IndexOf; 5] = [
    ("orders", "orders_by_id", &["id"]),
    ("orders", "orders_by_name", &["account_id", "client_order_id"]),
    ("fills", "fills_by_order", &["order_id"]),
    ("trades", "trades_by_time", &["symbol_id", "time"]),
    ("trades", "trades_by_aggregate", &["symbol_id", "aggregate_id"]),
];

fn index(table: &'static str, name: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index.to_owned()
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::ConnectionTrait;

    use super::*;
    use crate::history::connect;

    #[test]
    fn an_interrupted_step_is_repeated() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/history.db", directory.path().display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let db = connect(&url).await.unwrap();
            Schema::up(&db, None).await.unwrap();
            for lost in ["DELETE FROM seaql_migrations", "DROP INDEX trades_by_time", "DROP TABLE ledger"] {
                db.execute_unprepared(lost).await.unwrap();
            }
            Schema::up(&db, None).await.unwrap();
            let manager = SchemaManager::new(&db);
            assert!(manager.has_index("trades", "trades_by_time").await.unwrap());
            assert!(manager.has_table("ledger").await.unwrap());
        });
    }
}
