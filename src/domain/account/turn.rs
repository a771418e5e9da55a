//! The commands that have to wait for a book's answer to an earlier one.
//!
//! The clients of an account may send one command after the other without waiting. The name, quantity and location of
//! an order are known only once its book has answered, so a command about it that is handled earlier would be checked
//! against a state that is about to change, or would reach the book behind commands that came after it.

use super::{
    slot::AccountSlot,
    state::{AccountState, Open, Pending},
};
use crate::domain::{
    messages::command::{AccountCommand, CancelList},
    orders::{Order, OrderListRef},
    types::id::{AccountId, ClientOrderId, CommandId, OrderId, OrderListId, SymbolId},
};

impl AccountSlot {
    /// Returns whether a command is about an order whose book has not answered an earlier command about it: handled
    /// now, it could be rejected or overtaken although it came in order.
    ///
    /// The state does not hold everything: `answers` returns whether the book of a symbol is in service, `about`
    /// returns the account and symbol of an unanswered command. Every answer arrives as a message to this slot, so it
    /// is enough to check again after each, and when a book has gone out of service.
    pub fn must_wait(
        &self,
        command: &AccountCommand,
        answers: impl Fn(SymbolId) -> bool,
        about: impl Fn(CommandId) -> Option<(AccountId, SymbolId)>,
    ) -> bool {
        let question = Question { state: &self.state, answers: &answers, about: &about };
        match command {
            AccountCommand::Place(order) => question.is_of_name(order.account, order.client_id),
            AccountCommand::PlaceList(place) => {
                let mut orders = place.orders.all();
                question.is_of_list_name(place.account, place.client_id)
                    || orders.any(|order| question.is_of_name(place.account, order.client_id))
            }
            AccountCommand::Cancel(cancel) => {
                question.is_of_order(cancel.account, cancel.order.id, cancel.order.client_id)
            }
            AccountCommand::Amend(amend) => {
                question.is_of_order(amend.account, amend.order.id, amend.order.client_id)
                    || question.is_of_name(amend.account, amend.client_id)
            }
            AccountCommand::Replace(replace) => {
                let account = replace.order.account;
                question.is_of_order(account, replace.cancel.id, replace.cancel.client_id)
                    || question.is_of_name(account, replace.order.client_id)
            }
            AccountCommand::CancelAll(cancel) => question.is_of_any(cancel.account, cancel.symbol),
            AccountCommand::CancelList(cancel) => question.is_of_list(cancel),
            AccountCommand::CreateAccount(_)
            | AccountCommand::CreateApiKey(_)
            | AccountCommand::Deposit(_)
            | AccountCommand::Withdraw(_)
            | AccountCommand::CancelAllAfter(_)
            | AccountCommand::RevokeApiKey(_)
            | AccountCommand::SignUp(_)
            | AccountCommand::ChangePassword(_)
            | AccountCommand::SetAccountStatus(_)
            | AccountCommand::SetAccountTier(_) => false,
        }
    }
}

/// The reports a book may still send, as far as a command depends on them.
struct Question<'a> {
    state: &'a AccountState,
    answers: &'a dyn Fn(SymbolId) -> bool,
    about: &'a dyn Fn(CommandId) -> Option<(AccountId, SymbolId)>,
}

impl Question<'_> {
    /// Returns whether the order a reference identifies is on its way to its book, or an amend of it is.
    fn is_of_order(
        &self,
        account: AccountId,
        order: Option<OrderId>,
        client_id: Option<ClientOrderId>,
    ) -> bool {
        let by_name = || self.state.orders.named(&(account, client_id?));
        order.or_else(by_name).is_some_and(|order| self.is_unanswered(order))
    }

    /// Returns whether a name belongs to an order that may be about to release it.
    fn is_of_name(&self, account: AccountId, client_id: Option<ClientOrderId>) -> bool {
        let holder = client_id.and_then(|name| self.state.orders.named(&(account, name)));
        holder.is_some_and(|holder| self.may_be_ending(holder))
    }

    /// Returns whether the name of a list belongs to one that may be about to release it.
    fn is_of_list_name(&self, account: AccountId, client_id: Option<ClientOrderId>) -> bool {
        let holder = client_id.and_then(|name| self.state.list_names.get(&(account, name)));
        holder.is_some_and(|holder| self.orders_of(*holder).any(|order| self.may_be_ending(order)))
    }

    fn is_of_any(&self, account: AccountId, symbol: SymbolId) -> bool {
        let open = self.state.accounts.get(&account).into_iter().flat_map(|account| &account.open);
        let mut open = open.filter_map(|id| self.state.order(*id));
        open.any(|order| order.symbol == symbol && self.is_unanswered(order.id))
    }

    fn is_of_list(&self, cancel: &CancelList) -> bool {
        let OrderListRef { id, client_id } = cancel.list;
        let by_name = || self.state.list_names.get(&(cancel.account, client_id?)).copied();
        let list = id.or_else(by_name);
        list.is_some_and(|list| self.orders_of(list).any(|order| self.is_unanswered(order)))
    }

    fn orders_of(&self, list: OrderListId) -> impl Iterator<Item = OrderId> {
        let open = self.state.lists.get(&list);
        open.into_iter().flat_map(|open| &open.list.orders).map(|(order, _)| *order)
    }

    fn may_be_ending(&self, order: OrderId) -> bool {
        self.is_unanswered(order) || self.is_being_cancelled(order)
    }

    /// Returns an open order, unless its book is out of service and sends no more reports about it.
    fn accepted_order(&self, order: OrderId) -> Option<&Open> {
        self.state.orders.get(&order).filter(|open| (self.answers)(open.order.symbol))
    }

    /// Returns whether the book still has to report on an open order before it can handle another request for it.
    fn is_unanswered(&self, order: OrderId) -> bool {
        let Some(open) = self.accepted_order(order) else { return false };
        let is_on_its_way =
            |order: &Order| order.handle.is_none() && !order.awaits_list() && !order.is_untriggered();
        let list = open.order.list().and_then(|list| self.state.lists.get(&list));
        open.placing.is_some()
            || is_on_its_way(&open.order)
            || self.state.amending.contains(&order)
            || list.is_some_and(|list| list.unanswered > 0)
    }

    /// Returns whether a cancel that may concern this order is in flight. Checked only for names that are taken.
    fn is_being_cancelled(&self, order: OrderId) -> bool {
        let Some(Open { order, .. }) = self.accepted_order(order) else { return false };
        let meant = (order.account, order.symbol);
        let is_listed_with = |other: OrderId| {
            order.list().is_some()
                && self.state.order(other).is_some_and(|other| other.list() == order.list())
        };
        let is_of_it = |command: CommandId, pending: &Pending| match pending {
            Pending::Cancel { order: cancelled, .. } => *cancelled == order.id || is_listed_with(*cancelled),
            Pending::CancelList { list, .. } => Some(*list) == order.list(),
            Pending::Replace(replace) => (replace.order.account, replace.order.symbol) == meant,
            // The command itself does not hold its order. For one from before a restart it is unknown.
            Pending::CancelAll { .. } => (self.about)(command) == Some(meant),
            Pending::Amend { .. } => false,
        };
        !self.state.pending.all(|command, pending| !is_of_it(*command, pending))
    }
}
