//! `balances`: the current balances of every account.

use sea_orm::entity::prelude::*;
use serde::Serialize;

use crate::{
    domain::{
        change_log::BalanceUpdate,
        instruments::asset::Asset,
        messages::command::Balance,
        types::{id::AccountId, money::Amount, time::Timestamp},
    },
    history::{HistoryError, text},
};

/// A balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, DeriveEntityModel)]
#[sea_orm(table_name = "balances")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: i64,
    /// The asset.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset_id: i64,
    /// What is free.
    pub available: String,
    /// What is held for open orders.
    #[sea_orm(column_name = "frozen")]
    #[serde(rename = "frozen")]
    pub held: String,
    /// When it last changed.
    pub updated_at: i64,
    /// The frame that changed it last.
    pub sequence: i64,
}

/// None: rows name each other by number.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Returns a balance without any changes yet.
    pub fn empty(account: AccountId, asset: Asset) -> Self {
        let zero = text::write(asset.units(Amount::ZERO));
        Self {
            account_id: account.get() as i64,
            asset_id: i64::from(asset.id.get()),
            available: zero.clone(),
            held: zero,
            updated_at: 0,
            sequence: 0,
        }
    }

    /// Returns the row of a balance.
    pub fn at(account: AccountId, asset: Asset, balance: Balance, time: Timestamp, sequence: u64) -> Self {
        Self {
            available: text::write(asset.units(balance.available)),
            held: text::write(asset.units(balance.held)),
            updated_at: time.micros() as i64,
            sequence: sequence as i64,
            ..Self::empty(account, asset)
        }
    }

    /// Applies a change.
    pub fn update(&mut self, update: &BalanceUpdate, asset: Asset, time: Timestamp, sequence: u64) {
        if let Some(available) = update.available {
            self.available = text::write(asset.units(available));
        }
        if let Some(held) = update.held {
            self.held = text::write(asset.units(held));
        }
        (self.updated_at, self.sequence) = (time.micros() as i64, sequence as i64);
    }

    /// Reads what is free and what is held.
    ///
    /// # Errors
    /// The row is not one this exchange wrote.
    pub fn amounts(&self, asset: Asset) -> Result<(Amount, Amount), HistoryError> {
        let read = |text: &str| text::read(text, asset.scale).map(Amount::new);
        Ok((read(&self.available)?, read(&self.held)?))
    }
}
