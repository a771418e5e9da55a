//! Accounts: balances, deposits and withdrawals.

use super::{
    call::Call,
    convert,
    schema::{GetAccountRequest, GetAccountResponse, TransferRequest, TransferResponse},
};
use crate::{
    domain::{
        account::{AccountQuery, AccountView},
        messages::{
            command::{AccountCommand, Answer, Balance, CreateAccount, Transfer},
            reject::Reject,
        },
        types::id::AssetId,
    },
    http::{
        ApiError, Operation,
        gateway::{self, mismatched},
    },
};

/// `getAccount`
pub(super) async fn get(call: Call, request: GetAccountRequest) -> Result<GetAccountResponse, ApiError> {
    let AccountView::Account { balances, .. } = call.query(AccountQuery::Account).await? else {
        return Err(mismatched());
    };
    let held = |asset: AssetId| {
        let found = balances.iter().find(|(id, _)| *id == asset);
        found.map_or_else(Balance::default, |(_, balance)| *balance)
    };
    let instruments = call.state.exchange().instruments();
    let balances = instruments.assets().map(|asset| convert::balance(asset, held(asset.id))).collect();
    Ok(GetAccountResponse { account_id: request.account_id, balances, ..Default::default() })
}

/// `increase`: the operator may open accounts, so the account exists afterwards.
pub(super) async fn increase(call: Call, request: TransferRequest) -> Result<TransferResponse, ApiError> {
    match transfer(&call, AccountCommand::Deposit, &request).await {
        Err(error) if error.reject() == Some(Reject::UnknownAccount) => {
            let create = CreateAccount { id: Some(call.caller.account), tier: 0, is_unlimited: false };
            let created = call.command(AccountCommand::CreateAccount(create), Operation::Operate).await;
            // Another call may have opened it first.
            let is_there = |error: &ApiError| error.reject() == Some(Reject::AccountExists);
            created.err().filter(|error| !is_there(error)).map_or(Ok(()), Err)?;
            transfer(&call, AccountCommand::Deposit, &request).await
        }
        outcome => outcome,
    }
}

/// `decrease`
pub(super) async fn decrease(call: Call, request: TransferRequest) -> Result<TransferResponse, ApiError> {
    transfer(&call, AccountCommand::Withdraw, &request).await
}

async fn transfer(
    call: &Call,
    command: fn(Transfer) -> AccountCommand,
    request: &TransferRequest,
) -> Result<TransferResponse, ApiError> {
    let instruments = call.state.exchange().instruments();
    let asset = instruments.asset(AssetId::new(request.currency_id));
    let asset = asset.ok_or_else(|| {
        ApiError::unknown_asset("currencyId", &request.currency_id.to_string(), &instruments)
    })?;
    let request_id = Some(request.request_id.clone()).filter(|id| !id.is_empty());
    gateway::check_request_id(request_id.as_deref())?;
    let amount = asset.parse_amount(&request.amount);
    let amount = amount.map_err(|reject| ApiError::refused(reject, Operation::Operate))?;
    let transfer = Transfer { account: call.caller.account, asset: asset.id, amount, request_id };
    match call.command(command(transfer), Operation::Operate).await? {
        Answer::Transferred { free, held } => {
            let balance = convert::balance(asset, Balance { available: free, held });
            let account_id = request.account_id;
            Ok(TransferResponse { account_id, balance: Some(balance), ..Default::default() })
        }
        _ => Err(mismatched()),
    }
}
