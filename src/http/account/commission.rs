//! The rates an account trades at, as the different Binance endpoints report them.

use crate::{
    domain::{
        account::{AccountQuery, AccountView},
        instruments::symbol::{FeeRates, SymbolSpec},
        types::{decimal::Units, money::Rate},
    },
    http::{
        routing::request_context::{Reply, RequestContext, mismatched},
        wire::{
            error::{ApiError, Operation},
            json::Json,
        },
    },
};

const NOTHING: Units = Units { value: 0, scale: 8 };

/// `GET /api/v3/account/commission`
pub(crate) async fn account(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let rates = spec.fee_rates(tier(call, Operation::Query).await?);
    Ok(Reply::write(512, |json| {
        json.object(|json| {
            json.field("symbol").text(&spec.name);
            let names = ["standardCommission", "specialCommission", "taxCommission"];
            for (name, rates) in names.into_iter().zip([rates, FeeRates::default(), FeeRates::default()]) {
                write_rates(json.field(name), rates, true);
            }
            write_discount(json);
        });
    }))
}

/// The reply to `POST /api/v3/order/test` that asks for the rates.
pub(crate) async fn of_order(call: &RequestContext<'_>, spec: &SymbolSpec) -> Result<Reply, ApiError> {
    let rates = spec.fee_rates(tier(call, Operation::Place).await?);
    Ok(Reply::write(512, |json| {
        json.object(|json| {
            let names = ["standardCommissionForOrder", "specialCommissionForOrder", "taxCommissionForOrder"];
            for (name, rates) in names.into_iter().zip([rates, FeeRates::default(), FeeRates::default()]) {
                write_rates(json.field(name), rates, false);
            }
            write_discount(json);
        });
    }))
}

/// Writes rates; `by_side` adds the extra rates of buyers and sellers, which are zero.
pub(crate) fn write_rates(json: &mut Json, rates: FeeRates, by_side: bool) {
    json.object(|json| {
        json.field("maker").units(units(rates.maker));
        json.field("taker").units(units(rates.taker));
        if by_side {
            json.field("buyer").units(NOTHING);
            json.field("seller").units(NOTHING);
        }
    });
}

/// There is no asset to pay commissions in at a discount.
fn write_discount(json: &mut Json) {
    json.field("discount").object(|json| {
        json.field("enabledForAccount").boolean(false);
        json.field("enabledForSymbol").boolean(false);
        json.field("discountAsset").text("");
        json.field("discount").units(NOTHING);
    });
}

/// `GET /sapi/v1/asset/tradeFee`
pub(crate) async fn trade_fee(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let one = call.optional_symbol()?;
    let tier = tier(call, Operation::Query).await?;
    let write = |json: &mut Json, spec: &SymbolSpec| {
        let rates = spec.fee_rates(tier);
        json.object(|json| {
            json.field("symbol").text(&spec.name);
            json.field("makerCommission").units(units(rates.maker));
            json.field("takerCommission").units(units(rates.taker));
        });
    };
    Ok(Reply::write(512, |json| {
        json.array(|json| match one {
            Some(spec) => write(json.item(), spec),
            None => {
                call.instruments.symbols().for_each(|spec| write(json.item(), spec));
            }
        });
    }))
}

async fn tier(call: &RequestContext<'_>, operation: Operation) -> Result<u8, ApiError> {
    match call.query(AccountQuery::Account, operation).await? {
        AccountView::Account { tier, .. } => Ok(tier),
        _ => Err(mismatched()),
    }
}

fn units(rate: Rate) -> Units {
    Units { value: rate.units().into(), scale: 8 }
}
