//! Opening accounts, giving keys, and moving money in and out.

use super::{
    event::UserEventKind,
    ledger::{self, Place},
    slot::{Account, Turn},
};
use crate::domain::{
    command::{Answer, CreateAccount, CreateApiKey, REQUEST_ID_LEN_MAX, Transfer},
    id::{AccountId, ID_LIMIT, SLOT_COUNT},
    money::Amount,
    reject::{Fault, Reject},
};

/// How many request ids an account may use before the oldest must be retired by an operator: a cap that
/// refuses is safe, one that evicts would let a late retry pay twice.
pub(super) const REQUEST_IDS_MAX: usize = 100_000;

impl Turn<'_> {
    pub(super) fn create_account(&mut self, create: CreateAccount) -> Result<Answer, Reject> {
        if !self.catalogue.symbols().all(|spec| usize::from(create.tier) < spec.fees.len()) {
            return Err(Reject::UnknownTier);
        }
        let id = match create.id {
            Some(id) if id.get() >= ID_LIMIT => return Err(Reject::Overflow),
            Some(id) if self.state.accounts.contains(&id) => return Err(Reject::AccountExists),
            Some(id) => id,
            None => self.free_account_id()?,
        };
        self.state
            .accounts
            .insert(id, Account { tier: create.tier, updated_at: self.state.time, ..Account::default() });
        Ok(Answer::AccountCreated(id))
    }

    /// The next id of this slot nobody has; ids below 1024 are left to those who choose their own.
    fn free_account_id(&mut self) -> Result<AccountId, Reject> {
        let slot = u64::from(self.state.slot.get());
        let mut counter = self.state.next_account;
        loop {
            let id = counter.checked_mul(u64::from(SLOT_COUNT)).map(|high| AccountId::new(high + slot));
            let id = id.filter(|id| id.get() < ID_LIMIT).ok_or(Reject::IdsExhausted)?;
            counter += 1;
            if !self.state.accounts.contains(&id) {
                self.state.next_account = counter;
                return Ok(id);
            }
        }
    }

    pub(super) fn create_api_key(&mut self, create: CreateApiKey) -> Result<Answer, Reject> {
        if !self.state.accounts.contains(&create.account) {
            return Err(Reject::UnknownAccount);
        }
        if !self.state.keys.insert(create.key.clone()) {
            return Err(Reject::KeyExists);
        }
        self.out.keys.push(create);
        Ok(Answer::ApiKeyCreated)
    }

    pub(super) fn transfer(
        &mut self,
        transfer: Transfer,
        is_deposit: bool,
    ) -> Result<Result<Answer, Reject>, Fault> {
        let time = self.state.time;
        let Some(account) = self.state.accounts.get_mut(&transfer.account) else {
            return Ok(Err(Reject::UnknownAccount));
        };
        if self.catalogue.asset(transfer.asset).is_none() {
            return Ok(Err(Reject::UnknownAsset));
        }
        if let Some(request_id) = &transfer.request_id {
            if request_id.is_empty() || request_id.len() > REQUEST_ID_LEN_MAX {
                return Ok(Err(Reject::Overflow));
            }
            if let Some((was_deposit, first, answer)) = account.requests.get(request_id) {
                let is_repeat = *was_deposit == is_deposit && *first == transfer;
                return Ok(if is_repeat { Ok(answer.clone()) } else { Err(Reject::RequestConflict) });
            }
            if account.requests.len() >= REQUEST_IDS_MAX {
                return Ok(Err(Reject::TooManyRequestIds));
            }
        }
        if transfer.amount <= Amount::ZERO {
            return Ok(Err(Reject::ZeroAmount));
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
        let entry = account.balances.entry(asset);
        let postings = &mut self.out.postings;
        ledger::post(&mut entry.available, Place::Available(transfer.account), asset, delta, postings)?;
        let answer = Answer::Transferred { free: entry.available, frozen: entry.frozen };
        account.updated_at = time;
        account
            .tell(transfer.account, time, &mut self.out.events, |_| UserEventKind::Transfer { asset, delta });
        if let Some(request_id) = transfer.request_id.clone() {
            account.requests.insert(request_id, (is_deposit, transfer, answer.clone()));
        }
        ledger::post(self.state.external.entry(asset), Place::External, asset, delta.negated()?, postings)?;
        Ok(Ok(answer))
    }
}
