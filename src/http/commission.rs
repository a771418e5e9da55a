//! What trading costs an account, as Binance's different endpoints tell it.

use super::{
    call::{Call, Reply, mismatched},
    error::{ApiError, Operation},
    json::Json,
};
use crate::domain::{
    account::{AccountQuery, AccountView},
    decimal::Units,
    money::Rate,
    symbol::SymbolSpec,
};

const NOTHING: Units = Units { value: 0, scale: 8 };

/// `GET /api/v3/account/commission`
pub(super) async fn account(call: &Call<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let rates = spec.fee_rates(tier(call).await?);
    let group = |json: &mut Json, name, maker, taker| {
        json.field(name).object(|json| {
            for (side, rate) in [("maker", maker), ("taker", taker), ("buyer", NOTHING), ("seller", NOTHING)]
            {
                json.field(side).units(rate);
            }
        });
    };
    Ok(Reply::write(512, |json| {
        json.object(|json| {
            json.field("symbol").text(&spec.name);
            group(json, "standardCommission", units(rates.maker), units(rates.taker));
            group(json, "specialCommission", NOTHING, NOTHING);
            group(json, "taxCommission", NOTHING, NOTHING);
            json.field("discount").object(|json| {
                json.field("enabledForAccount").boolean(false);
                json.field("enabledForSymbol").boolean(false);
                json.field("discountAsset").text("");
                json.field("discount").units(NOTHING);
            });
        });
    }))
}

/// `GET /sapi/v1/asset/tradeFee`
pub(super) async fn trade_fee(call: &Call<'_>) -> Result<Reply, ApiError> {
    let one = call.optional_symbol()?;
    let tier = tier(call).await?;
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
                call.state.exchange().catalogue().symbols().for_each(|spec| write(json.item(), spec));
            }
        });
    }))
}

async fn tier(call: &Call<'_>) -> Result<u8, ApiError> {
    match call.query(AccountQuery::Account, Operation::Query).await? {
        AccountView::Account { tier, .. } => Ok(tier),
        _ => Err(mismatched()),
    }
}

fn units(rate: Rate) -> Units {
    Units { value: rate.units().into(), scale: 8 }
}
