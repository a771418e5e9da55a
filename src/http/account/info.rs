//! The account: balances and its own trades.

use super::commission;
use crate::{
    domain::{
        account::{AccountQuery, AccountView, Found},
        instruments::{asset::Asset, symbol::FeeRates},
        messages::{command::Balance, standing::Action},
        orders::Fill,
        types::id::{AssetId, OrderId, TradeId},
    },
    http::{
        orders::reply::Printer,
        routing::{
            history,
            request_context::{Reply, RequestContext, mismatched},
        },
        wire::{
            error::{ApiError, Operation},
            json::Json,
        },
    },
};

/// How many rate units (10^-8) make one hundredth of a percent, which `makerCommission` counts in.
const UNITS_PER_BASIS_POINT: u64 = 10_000;

/// `GET /api/v3/account`
pub(crate) async fn get(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let omit_zero = call.params.boolean("omitZeroBalances")?.unwrap_or(false);
    let AccountView::Account { balances, tier, status, updated_at, .. } =
        call.query(AccountQuery::Account, Operation::Query).await?
    else {
        return Err(mismatched());
    };
    let account = call.account()?;
    let instruments = &call.instruments;
    let rates = instruments.symbols().next().map(|spec| spec.fee_rates(tier)).unwrap_or_default();
    Ok(Reply::write(1_024, |json| {
        json.object(|json| {
            write_rates(json, rates);
            for (name, value) in [
                ("canTrade", status.permits(Action::Trade)),
                ("canWithdraw", status.permits(Action::Withdraw)),
                ("canDeposit", status.permits(Action::Deposit)),
                ("brokered", false),
                ("requireSelfTradePrevention", false),
                ("preventSor", false),
            ] {
                json.field(name).boolean(value);
            }
            json.field("updateTime").number(call.unit.of(updated_at));
            json.field("accountType").text("SPOT");
            json.field("balances").array(|json| {
                for asset in instruments.assets() {
                    let balance = find(&balances, asset.id);
                    if !(omit_zero && balance == Balance::default()) {
                        write_balance(json.item(), asset, balance);
                    }
                }
            });
            json.field("permissions").array(|json| json.item().text("SPOT"));
            json.field("uid").number(account.get());
        });
    }))
}

fn find(balances: &[(AssetId, Balance)], asset: AssetId) -> Balance {
    balances.iter().find(|(id, _)| *id == asset).map(|(_, balance)| *balance).unwrap_or_default()
}

fn write_balance(json: &mut Json, asset: Asset, balance: Balance) {
    json.object(|json| {
        json.field("asset").text(asset.name());
        json.field("free").units(asset.units(balance.available));
        json.field("locked").units(asset.units(balance.held));
    });
}

fn write_rates(json: &mut Json, rates: FeeRates) {
    let (maker, taker) = (rates.maker.units(), rates.taker.units());
    json.field("makerCommission").number(maker / UNITS_PER_BASIS_POINT);
    json.field("takerCommission").number(taker / UNITS_PER_BASIS_POINT);
    json.field("buyerCommission").number(0);
    json.field("sellerCommission").number(0);
    commission::write_rates(json.field("commissionRates"), rates, true);
}

/// `GET /api/v3/myTrades`
pub(crate) async fn trades(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let order = call.params.integer("orderId")?.map(OrderId::new);
    let from = call.params.integer("fromId")?.map(TradeId::new);
    let page = call.page()?;
    let has_time = page.start.is_some() || page.end.is_some();
    if has_time && (order.is_some() || from.is_some()) {
        return Err(ApiError::combination());
    }
    if order.is_some() {
        call.weigh(5);
    }
    let query = AccountQuery::Fills { symbol: spec.id, order, from, page };
    let AccountView::Fills(Found { items: fills, reach }) = call.query(query, Operation::Query).await? else {
        return Err(mismatched());
    };
    let printer = Printer { spec, unit: call.unit };
    let list = |fills: &[Fill]| {
        Reply::write(64 + fills.len() * 320, |json| {
            json.array(|json| fills.iter().for_each(|fill| printer.trade(json.item(), fill)));
        })
    };
    if reach.is_some() {
        let (account, symbol) = (call.account()?, spec.id);
        let asked = history::ask(call, move |reader| async move {
            reader.fills(account, symbol, order, from, page).await
        });
        if let Some(answered) = asked.await {
            return Ok(Reply { history: Some(answered.sequence), ..list(&answered.answer) });
        }
    }
    Ok(list(&fills).reaching(reach))
}
