//! One call, counted and authenticated, as its handler sees it.

use std::sync::Arc;

use tracing::Span;

use super::caller::Caller;
use crate::{
    actors::message::{MarketQuery, MarketView},
    domain::{
        account::{AccountQuery, AccountView},
        instruments::symbol::SymbolSpec,
        messages::command::{AccountCommand, Answer},
        types::id::SymbolId,
    },
    http::{
        ApiError, HttpState, Operation,
        gateway::{Audited, Source},
    },
};

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) state: Arc<HttpState>,
    pub(super) caller: Caller,
    pub(super) span: Span,
    /// The actor, for the audit.
    pub(super) source: Source,
}

impl Call {
    /// Finds a symbol.
    ///
    /// # Errors
    /// -1121.
    pub(super) fn symbol(&self, id: u32) -> Result<Arc<SymbolSpec>, ApiError> {
        let instruments = self.state.exchange().instruments();
        instruments.symbol(SymbolId::new(id)).cloned().ok_or_else(ApiError::symbol)
    }

    /// Sends a command and awaits its answer.
    ///
    /// # Errors
    /// The refusal; -1007 when no answer arrives.
    pub(super) async fn command(
        &self,
        command: AccountCommand,
        operation: Operation,
    ) -> Result<Answer, ApiError> {
        let (exchange, span) = (self.state.exchange(), self.span.clone());
        let audited = Audited::of(&command, &exchange.instruments(), || self.source.clone());
        let answered = if self.caller.is_unproven() {
            let answer = exchange.unowned_command(command, span);
            self.state
                .answered(answer, operation)
                .await
                .map_err(|error| self.caller.check_owner(&self.state).err().unwrap_or(error))
        } else {
            let answer = exchange.command(command, self.caller.deadline, span);
            self.state.answered(answer, operation).await
        };
        if let Some(audited) = audited {
            audited.conclude(answered.as_ref());
        }
        answered
    }

    /// Queries the account of the call.
    ///
    /// # Errors
    /// As [`Call::command`].
    pub(super) async fn query(&self, query: AccountQuery) -> Result<AccountView, ApiError> {
        let answer = self.state.exchange().query(self.caller.account, query, self.span.clone());
        let view = self.state.answered(answer, Operation::Query).await?;
        // The results for an unowned account are returned only while it still has no owner.
        self.caller.check_owner(&self.state)?;
        Ok(view)
    }

    /// Queries the public market.
    ///
    /// # Errors
    /// As [`Call::command`].
    pub(super) async fn market(&self, query: MarketQuery) -> Result<MarketView, ApiError> {
        self.state.answered(self.state.exchange().market(query), Operation::Query).await
    }
}
