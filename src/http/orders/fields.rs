//! The fields of an order as a request states them, and the rules that make a [`NewOrder`] of them: the same for every
//! protocol.

use crate::{
    domain::{
        orders::{Bips, NewOrder, OrderType, Side, StpMode, Strategy, TimeInForce, Trigger},
        types::{
            id::{AccountId, ClientOrderId, SymbolId},
            money::{Amount, Lots, Price},
            time::Timestamp,
        },
    },
    http::wire::error::ApiError,
};

const STRATEGY_TYPE_MIN: u64 = 1_000_000;

/// A field of a request: not sent, read, or unreadable. It is the order's type that says whether an unreadable field is
/// an error of its own or has no place at all, so the error is kept until then.
pub(crate) type Field<T> = Option<Result<T, ApiError>>;

/// The parameter names of one order: an order of a list has its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    /// The order type.
    pub(crate) kind: &'static str,
    /// The limit price.
    pub(crate) price: &'static str,
    /// The trigger price.
    pub(crate) stop_price: &'static str,
    /// The trailing distance.
    pub(crate) trailing_delta: &'static str,
    /// The visible quantity.
    pub(crate) iceberg: &'static str,
    /// The time in force.
    pub(crate) time_in_force: &'static str,
    /// The client's order id.
    pub(crate) client_id: &'static str,
    /// The client's strategy id.
    pub(crate) strategy_id: &'static str,
    /// The client's strategy type.
    pub(crate) strategy_type: &'static str,
}

/// The names of a single order.
pub(crate) const ALONE: Names = Names {
    kind: "type",
    price: "price",
    stop_price: "stopPrice",
    trailing_delta: "trailingDelta",
    iceberg: "icebergQty",
    time_in_force: "timeInForce",
    client_id: "newClientOrderId",
    strategy_id: "strategyId",
    strategy_type: "strategyType",
};

/// The parts of an order that do not depend on its type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrderCommon {
    /// The account.
    pub(crate) account: AccountId,
    /// The symbol.
    pub(crate) symbol: SymbolId,
    /// The side.
    pub(crate) side: Side,
    /// The quantity in lots.
    pub(crate) quantity: Option<Lots>,
    /// Self-trade prevention.
    pub(crate) stp: StpMode,
}

/// The fields of a single order.
#[derive(Debug)]
pub struct OrderFields {
    /// The side.
    pub side: Side,
    /// The order type.
    pub kind: OrderType,
    /// Self-trade prevention.
    pub stp: StpMode,
    /// The quantity in lots.
    pub quantity: Field<Lots>,
    /// The quantity as an amount of the quote asset.
    pub quote_quantity: Field<Amount>,
    /// The end of an order that has one.
    pub expires_at: Field<Timestamp>,
    /// What depends on the order type.
    pub terms: OrderTerms,
}

impl OrderFields {
    /// Makes the order of an account.
    ///
    /// # Errors
    /// The first field that is missing, unreadable or out of place.
    pub(crate) fn order(self, account: AccountId, symbol: SymbolId) -> Result<NewOrder, ApiError> {
        let Self { side, kind, stp, quantity, quote_quantity, expires_at, terms } = self;
        let quantity = quantity.transpose()?;
        let quote_quantity = if kind == OrderType::Market {
            quote_quantity.transpose()?
        } else {
            forbid(quote_quantity.is_some(), "quoteOrderQty")?;
            None
        };
        let order = terms.order(&ALONE, kind, OrderCommon { account, symbol, side, quantity, stp })?;
        match (quantity, quote_quantity) {
            (Some(_), Some(_)) => return Err(ApiError::combination()),
            (None, None) if kind == OrderType::Market => {
                return Err(ApiError::missing_either("quantity", "quoteOrderQty"));
            }
            (None, None) => return Err(ApiError::missing_parameter("quantity")),
            _ => {}
        }
        let expires_at = match order.time_in_force {
            TimeInForce::Gtd => Some(require(expires_at, "goodTillDate")?),
            _ => {
                forbid(expires_at.is_some(), "goodTillDate")?;
                None
            }
        };
        Ok(NewOrder { quote_quantity, expires_at, ..order })
    }
}

/// The fields that depend on the order type, of a single order or of one of a list.
#[derive(Debug, Default)]
pub struct OrderTerms {
    /// The time in force.
    pub time_in_force: Field<TimeInForce>,
    /// The limit price.
    pub price: Field<Price>,
    /// The visible quantity.
    pub iceberg: Field<Lots>,
    /// The client's order id.
    pub client_id: Field<ClientOrderId>,
    /// The trigger price.
    pub stop_price: Field<Price>,
    /// The trailing distance.
    pub trailing_delta: Field<Bips>,
    /// The client's strategy id.
    pub strategy_id: Field<u64>,
    /// The client's strategy type.
    pub strategy_type: Field<u64>,
}

impl OrderTerms {
    /// Makes the order of a type; its quantity in the quote asset and its end are not among the terms.
    ///
    /// # Errors
    /// The first field that is missing, unreadable or out of place for the type, under its name.
    pub(crate) fn order(
        self,
        names: &Names,
        kind: OrderType,
        common: OrderCommon,
    ) -> Result<NewOrder, ApiError> {
        let time_in_force = time_in_force(self.time_in_force, kind, names.time_in_force)?;
        let (price, iceberg) = if kind.is_market() {
            forbid(self.price.is_some(), names.price)?;
            forbid(self.iceberg.is_some(), names.iceberg)?;
            (None, None)
        } else {
            (Some(require(self.price, names.price)?), self.iceberg.transpose()?)
        };
        Ok(NewOrder {
            account: common.account,
            symbol: common.symbol,
            side: common.side,
            kind,
            time_in_force,
            price,
            quantity: common.quantity,
            quote_quantity: None,
            client_id: self.client_id.transpose()?,
            stp: common.stp,
            expires_at: None,
            trigger: trigger((self.stop_price, self.trailing_delta), kind, names)?,
            iceberg,
            strategy: strategy(self.strategy_id, self.strategy_type)?,
            reference: None,
        })
    }
}

fn time_in_force(
    sent: Field<TimeInForce>,
    kind: OrderType,
    name: &'static str,
) -> Result<TimeInForce, ApiError> {
    match kind {
        OrderType::Limit | OrderType::StopLossLimit | OrderType::TakeProfitLimit => {
            let in_force = require(sent, name)?;
            // Only a limit order that stands alone may have an end.
            let may_end = kind == OrderType::Limit && name == ALONE.time_in_force;
            if in_force == TimeInForce::Gtd && !may_end {
                Err(ApiError::time_in_force())
            } else {
                Ok(in_force)
            }
        }
        _ => {
            forbid(sent.is_some(), name)?;
            Ok(if kind.is_market() { TimeInForce::Ioc } else { TimeInForce::Gtc })
        }
    }
}

fn trigger(
    (stop, trailing): (Field<Price>, Field<Bips>),
    kind: OrderType,
    names: &Names,
) -> Result<Option<Trigger>, ApiError> {
    if !kind.is_conditional() {
        forbid(stop.is_some(), names.stop_price)?;
        forbid(trailing.is_some(), names.trailing_delta)?;
        return Ok(None);
    }
    let (stop, trailing) = (stop.transpose()?, trailing.transpose()?);
    if stop.is_none() && trailing.is_none() {
        return Err(ApiError::missing_either(names.stop_price, names.trailing_delta));
    }
    Ok(Some(Trigger { stop, trailing }))
}

fn strategy(id: Field<u64>, kind: Field<u64>) -> Result<Strategy, ApiError> {
    let (id, kind) = (id.transpose()?, kind.transpose()?);
    if kind.is_some_and(|kind| kind < STRATEGY_TYPE_MIN) {
        return Err(ApiError::strategy_type());
    }
    Ok(Strategy { id, kind })
}

/// Returns a mandatory field.
///
/// # Errors
/// -1102 when it was not sent, its own error when it is unreadable.
fn require<T>(field: Field<T>, name: &'static str) -> Result<T, ApiError> {
    field.unwrap_or_else(|| Err(ApiError::missing_parameter(name)))
}

/// Rejects a field that has no place in the order, readable or not.
///
/// # Errors
/// -1106 when it was sent.
fn forbid(is_sent: bool, name: &'static str) -> Result<(), ApiError> {
    if is_sent { Err(ApiError::not_required(name)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(kind: OrderType, quantity: Field<Lots>, terms: OrderTerms) -> i32 {
        let (side, stp) = (Side::Buy, StpMode::default());
        let fields = OrderFields { side, kind, stp, quantity, quote_quantity: None, expires_at: None, terms };
        let order = fields.order(AccountId::new(1), SymbolId::new(1));
        order.err().map_or(0, |error| error.code())
    }

    fn limit(in_force: TimeInForce, price: Field<Price>) -> OrderTerms {
        OrderTerms { time_in_force: Some(Ok(in_force)), price, ..OrderTerms::default() }
    }

    #[test]
    fn an_unreadable_field_is_an_error_where_it_has_a_place_and_out_of_place_elsewhere() {
        let unreadable = || Some(Err(ApiError::illegal_characters()));
        let lots = || Some(Ok(Lots::new(1)));
        let price = || Some(Ok(Price::from_ticks(1)));
        let gtc = |price| limit(TimeInForce::Gtc, price);
        assert_eq!(code(OrderType::Limit, lots(), gtc(price())), 0);
        assert_eq!(code(OrderType::Limit, lots(), gtc(unreadable())), -1100);
        assert_eq!(code(OrderType::Limit, lots(), gtc(None)), -1102);
        let priced = OrderTerms { price: unreadable(), ..OrderTerms::default() };
        assert_eq!(code(OrderType::Market, lots(), priced), -1106);
        let stop = OrderTerms { stop_price: unreadable(), ..gtc(price()) };
        assert_eq!(code(OrderType::Limit, lots(), stop), -1106);
    }

    #[test]
    fn what_an_order_needs_is_asked_for_by_its_type() {
        let lots = || Some(Ok(Lots::new(1)));
        let price = || Some(Ok(Price::from_ticks(1)));
        let terms = |in_force| limit(in_force, price());
        assert_eq!(code(OrderType::Limit, None, terms(TimeInForce::Gtc)), -1102);
        assert_eq!(code(OrderType::Market, None, OrderTerms::default()), -1102);
        assert_eq!(code(OrderType::Market, lots(), OrderTerms::default()), 0);
        assert_eq!(code(OrderType::Limit, lots(), terms(TimeInForce::Gtd)), -1102, "it needs its end");
        assert_eq!(code(OrderType::LimitMaker, lots(), terms(TimeInForce::Gtc)), -1106);
        assert_eq!(code(OrderType::StopLoss, lots(), OrderTerms::default()), -1102);
    }
}
