//! `watermarks`: how far each stream has been ingested. Written in the transaction that ingests it.

use sea_orm::entity::prelude::*;

/// How far a stream has been ingested.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "watermarks")]
pub struct Model {
    /// Which stream: `journal`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream: String,
    /// The last frame ingested.
    pub sequence: i64,
    /// The journal's identity, in hexadecimal.
    pub journal: String,
    /// The frame after which the rows start; 0 when they start with the first.
    #[sea_orm(column_name = "begins_after")]
    pub starts_after: i64,
}

/// None: rows name each other by number.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
