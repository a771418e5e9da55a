//! Binance endpoints that clients call before they trade, although this exchange has no such business: wallets, margin,
//! futures. The answers say so in the shape clients expect; without them ccxt does not even load its markets.

use crate::{
    domain::{
        account::{AccountQuery, AccountView},
        instruments::asset::Asset,
        messages::{
            command::Balance,
            standing::{AccountStatus, Action},
        },
        types::decimal::Units,
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

/// `GET /sapi/v1/capital/config/getall`
pub(crate) async fn coins(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let AccountView::Account { balances, status, .. } =
        call.query(AccountQuery::Account, Operation::Query).await?
    else {
        return Err(mismatched());
    };
    let balance_of = |asset: &Asset| {
        balances.iter().find(|(id, _)| *id == asset.id).map(|(_, balance)| *balance).unwrap_or_default()
    };
    Ok(Reply::write(1_024, |json| {
        json.array(|json| {
            for asset in call.instruments.assets() {
                write_coin(json.item(), &asset, balance_of(&asset), status);
            }
        });
    }))
}

fn write_coin(json: &mut Json, asset: &Asset, balance: Balance, status: AccountStatus) {
    json.object(|json| {
        json.field("coin").text(asset.name());
        json.field("name").text(asset.name());
        json.field("depositAllEnable").boolean(status.permits(Action::Deposit));
        json.field("withdrawAllEnable").boolean(status.permits(Action::Withdraw));
        json.field("free").units(asset.units(balance.available));
        json.field("locked").units(asset.units(balance.held));
        for name in ["freeze", "withdrawing", "ipoing", "ipoable", "storage"] {
            json.field(name).units(NOTHING);
        }
        json.field("isLegalMoney").boolean(false);
        json.field("trading").boolean(status.permits(Action::Trade));
        json.field("networkList").array(|_| {});
    });
}

/// `GET /sapi/v1/account/status`
pub(crate) async fn account_status(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let AccountView::Account { status, .. } = call.query(AccountQuery::Account, Operation::Query).await?
    else {
        return Err(mismatched());
    };
    let word = if status == AccountStatus::Active { "Normal" } else { status.name() };
    Ok(Reply::write(32, |json| json.object(|json| json.field("data").text(word))))
}

/// `GET /sapi/v1/margin/allPairs`, `GET /sapi/v1/margin/isolated/allPairs`, `GET /sapi/v1/spot/delist-schedule`
pub(crate) async fn none(_: &RequestContext<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::json("[]".to_owned()))
}

/// `GET /sapi/v1/system/status`
pub(crate) async fn system_status(_: &RequestContext<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::json(r#"{"status":0,"msg":"normal"}"#.to_owned()))
}

/// `GET /fapi/v1/exchangeInfo`, `GET /dapi/v1/exchangeInfo`
pub(crate) async fn futures(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let now = call.unit.of(call.state.exchange().now());
    Ok(Reply::write(128, |json| {
        json.object(|json| {
            json.field("timezone").text("UTC");
            json.field("serverTime").number(now);
            for name in ["rateLimits", "exchangeFilters", "symbols"] {
                json.field(name).array(|_| {});
            }
        });
    }))
}

/// `POST`, `PUT` and `DELETE /api/v3/userDataStream`: Binance took listen keys out of service on 2026-02-20; private
/// events come over the WebSocket API.
pub(crate) async fn listen_key(_: &RequestContext<'_>) -> Result<Reply, ApiError> {
    Err(ApiError::gone())
}
