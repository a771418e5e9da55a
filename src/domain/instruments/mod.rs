//! The assets and symbols of an exchange, built from their definitions or rejected with all faults at once.

pub mod asset;
pub mod by_symbol;
pub mod correction;
pub mod edit;
pub mod rules;
mod spec;
pub mod symbol;

use std::{collections::BTreeMap, sync::Arc};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use self::{
    asset::Asset,
    spec::SpecBuilder,
    symbol::{SymbolSpec, SymbolStatus},
};
use super::{
    market_data::THREE_DAY_PHASE,
    orders::limits::OrderLimits,
    types::{
        decimal::SCALE_MAX,
        id::{AssetId, SymbolId},
    },
};

/// An asset as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AssetDefinition {
    /// Its id, never reused.
    pub id: u32,
    /// Its name: capitals and digits.
    pub name: String,
    /// The number of decimal digits of one whole, at most 18.
    pub scale: u8,
}

/// Fee rates of one account tier as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FeeDefinition {
    /// The maker's rate, e.g. `"0.001"` for 0.1 %.
    pub maker: Decimal,
    /// The taker's rate.
    pub taker: Decimal,
}

/// A symbol as configured. Bounds that are left out or 0 are switched off where the filter allows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SymbolDefinition {
    /// Its id, never reused.
    pub id: u32,
    /// Its name: capitals and digits.
    pub name: String,
    /// The base asset.
    pub base: String,
    /// The quote asset.
    pub quote: String,
    /// Whether it trades.
    #[serde(default)]
    pub status: SymbolStatus,
    /// The smallest price step.
    pub tick_size: Decimal,
    /// The lowest price.
    pub min_price: Decimal,
    /// The highest price.
    pub max_price: Decimal,
    /// The smallest quantity step.
    pub step_size: Decimal,
    /// The lowest quantity.
    pub min_qty: Decimal,
    /// The highest quantity.
    pub max_qty: Decimal,
    /// The lowest quantity of a market order.
    #[serde(default)]
    pub market_min_qty: Decimal,
    /// The highest quantity of a market order; 0 means `max-qty`.
    #[serde(default)]
    pub market_max_qty: Decimal,
    /// The lowest price × quantity.
    #[serde(default)]
    pub min_notional: Decimal,
    /// Whether the minimum applies to market orders too.
    #[serde(default)]
    pub apply_min_to_market: bool,
    /// The highest price × quantity.
    #[serde(default)]
    pub max_notional: Decimal,
    /// Whether the maximum applies to market orders too.
    #[serde(default)]
    pub apply_max_to_market: bool,
    /// How far above the last price a buy may be: 5 is five times.
    #[serde(default)]
    pub bid_multiplier_up: Decimal,
    /// How far below the last price a buy may be: 0.2 is a fifth.
    #[serde(default)]
    pub bid_multiplier_down: Decimal,
    /// How far above the last price a sell may be.
    #[serde(default)]
    pub ask_multiplier_up: Decimal,
    /// How far below the last price a sell may be.
    #[serde(default)]
    pub ask_multiplier_down: Decimal,
    /// The maximum number of open orders per account.
    pub max_num_orders: u32,
    /// How far from the last price a market order may trade: 0.05 is 5 %.
    pub market_collar: Decimal,
    /// Fee rates by account tier, tier 0 first.
    pub fees: Vec<FeeDefinition>,
    /// The days on which three-day candles start: those whose number since 1970-01-01 leaves this, 0 to 2, when divided
    /// by 3.
    #[serde(default = "three_day_phase")]
    pub three_day_phase: u8,
    /// The bounds of icebergs, conditional orders and lists.
    #[serde(default)]
    pub special_orders: SpecialOrders,
}

const fn three_day_phase() -> u8 {
    THREE_DAY_PHASE
}

/// Bounds of icebergs, conditional orders and lists as configured. A bound of 0 is switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SpecialOrders {
    /// The maximum number of parts an iceberg may show, one after the other.
    pub iceberg_parts: u32,
    /// The maximum number of open conditional orders per account.
    pub max_num_algo_orders: u32,
    /// The maximum number of open icebergs per account.
    pub max_num_iceberg_orders: u32,
    /// The maximum number of open order lists per account.
    pub max_num_order_lists: u32,
    /// How often an order may be amended.
    pub max_num_order_amends: u32,
    /// The smallest trailing distance of orders that start to follow a risen market, in hundredths of a percent.
    pub min_trailing_above_delta: u16,
    /// The largest trailing distance of those orders.
    pub max_trailing_above_delta: u16,
    /// The smallest trailing distance of orders that start to follow a fallen market.
    pub min_trailing_below_delta: u16,
    /// The largest trailing distance of those orders.
    pub max_trailing_below_delta: u16,
    /// The maximum of the base asset an account may own and be buying.
    pub max_position: Decimal,
}

impl Default for SpecialOrders {
    fn default() -> Self {
        Self {
            iceberg_parts: 100,
            max_num_algo_orders: 20,
            max_num_iceberg_orders: 20,
            max_num_order_lists: 20,
            max_num_order_amends: 10,
            min_trailing_above_delta: 10,
            max_trailing_above_delta: 2_000,
            min_trailing_below_delta: 10,
            max_trailing_below_delta: 2_000,
            max_position: Decimal::ZERO,
        }
    }
}

/// The assets and symbols of an exchange.
#[derive(Debug, Clone, Default)]
pub struct Instruments {
    assets: BTreeMap<AssetId, Asset>,
    symbols: BTreeMap<SymbolId, Arc<SymbolSpec>>,
    symbol_ids: BTreeMap<String, SymbolId>,
    order_limits: OrderLimits,
}

impl Instruments {
    /// Builds the instruments.
    ///
    /// # Errors
    /// All faults found, each naming the definition it concerns.
    pub fn build(assets: &[AssetDefinition], symbols: &[SymbolDefinition]) -> Result<Self, Vec<String>> {
        let (instruments, mut faults) = Self::read(assets, symbols);
        if instruments.symbols.is_empty() && faults.is_empty() {
            faults.push("no symbols are configured".to_owned());
        }
        if faults.is_empty() { Ok(instruments) } else { Err(faults) }
    }

    /// Builds the instruments that have no fault, and returns every fault of the others.
    pub fn read(assets: &[AssetDefinition], symbols: &[SymbolDefinition]) -> (Self, Vec<String>) {
        let mut instruments = Self::default();
        let mut faults = Vec::new();
        for definition in assets {
            instruments.add_asset(definition, &mut faults);
        }
        for definition in symbols {
            instruments.add_symbol(definition, &mut faults);
        }
        (instruments, faults)
    }

    /// Combines assets and symbols that are valid already.
    pub(super) fn of(assets: Vec<Asset>, symbols: Vec<SymbolSpec>) -> Self {
        Self {
            assets: assets.into_iter().map(|asset| (asset.id, asset)).collect(),
            symbol_ids: symbols.iter().map(|spec| (spec.name.clone(), spec.id)).collect(),
            symbols: symbols.into_iter().map(|spec| (spec.id, Arc::new(spec))).collect(),
            order_limits: OrderLimits::default(),
        }
    }

    /// Limits the number of unfilled orders an account may place; without this call there is no limit.
    #[must_use]
    pub const fn with_order_limits(mut self, limits: OrderLimits) -> Self {
        self.order_limits = limits;
        self
    }

    /// Returns the maximum number of unfilled orders an account may place.
    pub const fn order_limits(&self) -> OrderLimits {
        self.order_limits
    }

    fn add_asset(&mut self, definition: &AssetDefinition, faults: &mut Vec<String>) {
        let name = &definition.name;
        let id = AssetId::new(definition.id);
        if definition.scale > SCALE_MAX {
            faults.push(format!("asset {name}: scale {} is above {SCALE_MAX}", definition.scale));
        }
        if self.asset_named(name).is_some() {
            faults.push(format!("asset {name}: the name is taken"));
        }
        match Asset::new(id, name, definition.scale) {
            None => faults.push(format!("asset {name:?}: a name is 1 to 12 capitals or digits")),
            Some(asset) => {
                if self.assets.insert(id, asset).is_some() {
                    faults.push(format!("asset {name}: id {id} is taken"));
                }
            }
        }
    }

    fn add_symbol(&mut self, definition: &SymbolDefinition, faults: &mut Vec<String>) {
        let name = &definition.name;
        let mut found = Vec::new();
        if name.is_empty()
            || name.len() > 20
            || !name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        {
            found.push("a name is 1 to 20 capitals or digits".to_owned());
        }
        if self.symbol_ids.contains_key(name) {
            found.push("the name is taken".to_owned());
        }
        if self.symbols.contains_key(&SymbolId::new(definition.id)) {
            found.push(format!("id {} is taken", definition.id));
        }
        if !matches!(definition.status, SymbolStatus::Trading | SymbolStatus::CancelOnly) {
            found.push(format!(
                "status {} is set while the exchange runs (lightning symbol set): a definition has TRADING or CANCEL_ONLY",
                definition.status.name()
            ));
        }
        let base = self.asset_named(&definition.base);
        let quote = self.asset_named(&definition.quote);
        if base.is_none() {
            found.push(format!("unknown base asset {}", definition.base));
        }
        if quote.is_none() {
            found.push(format!("unknown quote asset {}", definition.quote));
        }
        if definition.base == definition.quote {
            found.push("base and quote are the same asset".to_owned());
        }
        if let (Some(base), Some(quote)) = (base, quote) {
            let spec = SpecBuilder { definition, base, quote, faults: &mut found }.build();
            if let (Some(spec), true) = (spec, found.is_empty()) {
                self.symbol_ids.insert(name.clone(), spec.id);
                self.symbols.insert(spec.id, Arc::new(spec));
            }
        }
        faults.extend(found.into_iter().map(|fault| format!("symbol {name}: {fault}")));
    }

    /// Returns the asset.
    pub fn asset(&self, id: AssetId) -> Option<Asset> {
        self.assets.get(&id).copied()
    }

    /// Returns the asset of that name.
    pub fn asset_named(&self, name: &str) -> Option<Asset> {
        self.assets.values().find(|asset| asset.name() == name).copied()
    }

    /// Returns every asset, by id.
    pub fn assets(&self) -> impl Iterator<Item = Asset> + '_ {
        self.assets.values().copied()
    }

    /// Returns the symbol.
    pub fn symbol(&self, id: SymbolId) -> Option<&Arc<SymbolSpec>> {
        self.symbols.get(&id)
    }

    /// Returns the symbol of that name.
    pub fn symbol_named(&self, name: &str) -> Option<&Arc<SymbolSpec>> {
        self.symbol_ids.get(name).and_then(|id| self.symbols.get(id))
    }

    /// Returns every symbol, by id.
    pub fn symbols(&self) -> impl Iterator<Item = &Arc<SymbolSpec>> {
        self.symbols.values()
    }
}
