//! The operator's routes that change an account: its status, fee tier and exemption from the limits of unfilled orders.

use serde::Deserialize;

use super::accounts::{naming, owner};
use crate::{
    domain::{
        account::{AccountQuery, AccountView},
        messages::{
            command::{AccountCommand, Answer, Balance},
            reject::Reject,
            standing::{AccountStatus, REASON_LEN_MAX, SetAccountStatus, SetAccountTier},
        },
        types::id::AccountId,
    },
    http::{
        routing::request_context::{Reply, RequestContext, mismatched},
        wire::error::{ApiError, Operation},
    },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct StatusBody {
    account_id: Option<u64>,
    status: String,
    #[serde(default)]
    cancel_orders: bool,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TierBody {
    account_id: Option<u64>,
    tier: Option<u8>,
    unlimited: Option<bool>,
    reason: String,
}

/// `POST /x/v1/operator/accounts/status`
pub(crate) async fn set_status(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let StatusBody { account_id: id, status, cancel_orders, reason } = call.json()?;
    let account = owner(id)?;
    let status = AccountStatus::parse(&status).ok_or_else(|| {
        let names = AccountStatus::ALL.map(AccountStatus::name).join(", ");
        ApiError::unacceptable("status", &format!("it is none of {names}"))
    })?;
    if cancel_orders && !status.may_cancel_orders() {
        return Err(ApiError::unacceptable("cancelOrders", "only CANCEL_ONLY and FROZEN may cancel orders"));
    }
    check_reason(&reason)?;
    let set = SetAccountStatus { account, status, cancels_orders: cancel_orders, reason };
    let answer = call.command(AccountCommand::SetAccountStatus(set), Operation::Operate).await;
    match answer {
        Ok(Answer::AccountStatusSet { status, cancelling }) => Ok(Reply::write(96, |json| {
            json.object(|json| {
                json.field("accountId").number(account.get());
                json.field("status").text(status.name());
                json.field("cancelling").number(u64::from(cancelling));
            });
        })),
        Ok(_) => Err(mismatched()),
        Err(error) => Err(match error.reject() {
            Some(Reject::AccountNotEmpty { orders, .. }) => not_empty(call, account, orders, error).await,
            _ => naming(error, account),
        }),
    }
}

/// `POST /x/v1/operator/accounts/tier`
pub(crate) async fn set_tier(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let TierBody { account_id: id, tier, unlimited: is_unlimited, reason } = call.json()?;
    let account = owner(id)?;
    if tier.is_none() && is_unlimited.is_none() {
        return Err(ApiError::missing_either("tier", "unlimited"));
    }
    check_reason(&reason)?;
    let set = SetAccountTier { account, tier, is_unlimited, reason };
    let answer = call.command(AccountCommand::SetAccountTier(set), Operation::Operate).await;
    match answer.map_err(|error| naming(error, account))? {
        Answer::AccountTierSet { tier, is_unlimited } => Ok(Reply::write(64, |json| {
            json.object(|json| {
                json.field("accountId").number(account.get());
                json.field("tier").number(u64::from(tier));
                json.field("unlimited").boolean(is_unlimited);
            });
        })),
        _ => Err(mismatched()),
    }
}

/// Checks why something is done.
///
/// # Errors
/// -1130.
pub(super) fn check_reason(reason: &str) -> Result<(), ApiError> {
    match reason.len() {
        1..=REASON_LEN_MAX => Ok(()),
        _ => Err(ApiError::unacceptable("reason", &format!("it must have 1 to {REASON_LEN_MAX} bytes"))),
    }
}

/// Names the balances that prevent the account from being closed. They are read after the refusal: when none is left by
/// then, the refusal stands as it is.
async fn not_empty(
    call: &RequestContext<'_>,
    account: AccountId,
    orders: u32,
    refusal: ApiError,
) -> ApiError {
    let view = call.query_account(account, AccountQuery::Account, Operation::Operate).await;
    let Ok(AccountView::Account { balances, .. }) = view else { return refusal };
    let instruments = call.state.exchange().instruments();
    let named = |(id, balance): &(_, Balance)| {
        let asset = instruments.asset(*id).filter(|_| *balance != Balance::default())?;
        let total = balance.available.plus(balance.held).ok()?;
        Some(format!("{} {}", asset.units(total), asset.name()))
    };
    let balances: Vec<String> = balances.iter().filter_map(named).collect();
    if orders == 0 && balances.is_empty() {
        return refusal;
    }
    refusal.not_empty(account, orders, &balances)
}
