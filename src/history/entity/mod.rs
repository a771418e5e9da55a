//! The tables, one a file: a row, and its conversion from and to the domain.

pub mod amendment;
pub mod balance;
pub mod fill;
pub mod kline;
pub mod ledger;
pub mod order;
pub mod trade;
pub mod watermark;

use std::fmt::Debug;

use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

/// A table that is read whole, in the order of its keys.
pub trait Table: EntityTrait {
    /// Its name.
    const NAME: &'static str;

    /// The primary key.
    type Key: Ord + Clone + Debug + Send;

    /// Returns the key of a row.
    fn key(row: &Self::Model) -> Self::Key;

    /// Returns the next rows after a key.
    fn page<C: ConnectionTrait>(
        db: &C,
        after: Option<Self::Key>,
        limit: u64,
    ) -> impl Future<Output = Result<Vec<Self::Model>, DbErr>> + Send;
}

macro_rules! table {
    (@key $only:ty) => { $only };
    (@key $($kind:ty)+) => { ($($kind,)+) };
    (@of $row:ident $only:ident) => { $row.$only.clone() };
    (@of $row:ident $($field:ident)+) => { ($($row.$field.clone(),)+) };
    (@columns $module:ident $only:ident) => { $module::Column::$only };
    (@columns $module:ident $($column:ident)+) => { ($($module::Column::$column,)+) };
    ($module:ident, $name:literal, $(($column:ident $field:ident $kind:ty))+) => {
        impl Table for $module::Entity {
            const NAME: &'static str = $name;

            type Key = table!(@key $($kind)+);

            fn key(row: &$module::Model) -> Self::Key {
                table!(@of row $($field)+)
            }

            async fn page<C: ConnectionTrait>(
                db: &C,
                after: Option<Self::Key>,
                limit: u64,
            ) -> Result<Vec<$module::Model>, DbErr> {
                let mut cursor = Self::find().cursor_by(table!(@columns $module $($column)+));
                if let Some(after) = after {
                    cursor.after(after);
                }
                cursor.first(limit).all(db).await
            }
        }
    };
}

table!(order, "orders", (AccountId account_id i64) (SymbolId symbol_id i64) (CreatedAt created_at i64) (Id id i64));
table!(fill, "fills", (AccountId account_id i64) (SymbolId symbol_id i64) (TradeId trade_id i64) (OrderId order_id i64));
table!(trade, "trades", (SymbolId symbol_id i64) (Id id i64));
table!(kline, "klines", (SymbolId symbol_id i64) (Interval interval String) (OpenTime open_time i64));
table!(amendment, "amendments", (AccountId account_id i64) (SymbolId symbol_id i64) (OrderId order_id i64) (Sequence sequence i64));
table!(balance, "balances", (AccountId account_id i64) (AssetId asset_id i64));
table!(ledger, "ledger", (AccountId account_id i64) (Time time i64) (Sequence sequence i64) (AssetId asset_id i64));
