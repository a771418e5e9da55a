//! Opens accounts, and carries out deposits and withdrawals.

use super::{
    change::Change,
    event::UserEventKind,
    ledger::LedgerAccount,
    slot::{Refusable, Turn},
    state::Kept,
};
use crate::domain::{
    messages::{
        command::{Answer, Balance, CreateAccount, REQUEST_ID_LEN_MAX, Transfer},
        reject::Reject,
        standing::Action,
    },
    types::{
        id::{AccountId, ID_LIMIT, SLOT_COUNT},
        money::Amount,
    },
};

/// The maximum number of request ids of an account before an operator must retire the oldest: a cap that rejects is
/// safe, one that evicts would let a late retry pay twice.
pub(super) const REQUEST_IDS_MAX: usize = 100_000;

impl Turn<'_> {
    pub(super) fn create_account(&mut self, create: CreateAccount) -> Refusable<Answer> {
        let id = match create.id {
            Some(id) if id.get() == 0 || id.get() >= ID_LIMIT => return Ok(Err(Reject::Overflow)),
            Some(id) if self.state.accounts.contains(&id) => return Ok(Err(Reject::AccountExists)),
            _ if !self.has_fees(create.tier) => return Ok(Err(Reject::UnknownTier)),
            Some(id) => id,
            None => match self.free_account_id() {
                Err(reject) => return Ok(Err(reject)),
                Ok((id, next)) => {
                    self.change(Change::NextAccount(next))?;
                    id
                }
            },
        };
        self.change(Change::AccountOpened { id, tier: create.tier, is_unlimited: create.is_unlimited })?;
        Ok(Ok(Answer::AccountCreated(id)))
    }

    /// Returns the next free id of this slot, and the counter after it; ids below 1024 are reserved for callers that
    /// choose their own.
    fn free_account_id(&self) -> Result<(AccountId, u64), Reject> {
        let slot = u64::from(self.state.slot.get());
        let mut counter = self.state.next_account;
        loop {
            let id = counter.checked_mul(u64::from(SLOT_COUNT)).map(|high| AccountId::new(high + slot));
            let id = id.filter(|id| id.get() < ID_LIMIT).ok_or(Reject::IdsExhausted)?;
            counter += 1;
            if !self.state.accounts.contains(&id) {
                return Ok((id, counter));
            }
        }
    }

    pub(super) fn transfer(&mut self, transfer: Transfer, is_deposit: bool) -> Refusable<Answer> {
        let Some(account) = self.state.accounts.get(&transfer.account) else {
            return Ok(Err(Reject::UnknownAccount));
        };
        if self.instruments.asset(transfer.asset).is_none() {
            return Ok(Err(Reject::UnknownAsset));
        }
        if let Some(request_id) = &transfer.request_id {
            if request_id.is_empty() || request_id.len() > REQUEST_ID_LEN_MAX {
                return Ok(Err(Reject::Overflow));
            }
            match account.requests.get(request_id) {
                Some(Kept::Transfer { is_deposit: was_deposit, transfer: first, answer }) => {
                    let is_repeat = *was_deposit == is_deposit && *first == transfer;
                    return Ok(if is_repeat { Ok(answer.clone()) } else { Err(Reject::RequestConflict) });
                }
                Some(Kept::Order { .. }) => return Ok(Err(Reject::RequestConflict)),
                None => {}
            }
            if account.requests.len() - account.keyed_orders >= REQUEST_IDS_MAX {
                return Ok(Err(Reject::TooManyRequestIds));
            }
        }
        if transfer.amount <= Amount::ZERO {
            return Ok(Err(Reject::ZeroAmount));
        }
        // After the request ids: a repeat is answered as the first time, whatever the status is now.
        let action = if is_deposit { Action::Deposit } else { Action::Withdraw };
        if let Err(reject) = account.marks.status.check(action) {
            return Ok(Err(reject));
        }
        let asset = transfer.asset;
        let delta = if is_deposit { transfer.amount } else { transfer.amount.negated()? };
        let balance = account.balances.get(asset);
        let outside = self.state.external.get(asset);
        // Preflight: the sums fit, with room for the asset's whole supply on either side.
        match balance.available.plus(delta) {
            Ok(after) if after.is_negative() => return Ok(Err(Reject::InsufficientBalance)),
            Ok(_) if outside.minus(delta).is_ok() => {}
            _ => return Ok(Err(Reject::Overflow)),
        }
        let owner = transfer.account;
        self.post(LedgerAccount::Available(owner), asset, delta)?;
        self.post(LedgerAccount::External, asset, delta.negated()?)?;
        let Balance { available: free, held } = self.state.balance(owner, asset);
        let answer = Answer::Transferred { free, held };
        self.emit(owner, |_| Ok(UserEventKind::Transfer { asset, delta }))?;
        if let Some(id) = transfer.request_id.clone() {
            let kept = Kept::Transfer { is_deposit, transfer, answer: answer.clone() };
            self.change(Change::RequestKept { account: owner, id, kept: Box::new(kept) })?;
        }
        Ok(Ok(answer))
    }
}
