//! Which commands have to wait for a book's answer to an earlier one.
//!
//! The clients of an account may send one command after the other without waiting. What an order is called, how large it
//! is and where it rests is known only once its book has answered, so a command about it that comes earlier would be judged
//! by what is about to change, or would reach the book behind commands that came after it.

use super::{
    slot::AccountSlot,
    state::{AccountState, Pending},
};
use crate::domain::{
    command::{AccountCommand, CancelList},
    id::{AccountId, ClientOrderId, OrderId, SymbolId},
    order::Order,
    order_list::OrderListRef,
};

impl AccountSlot {
    /// Returns whether a command is about an order whose book has not answered an earlier command about it: taken up now, it
    /// could be refused or overtaken although it came in order.
    ///
    /// Every such answer arrives as a message to this slot, so it is enough to ask again after each.
    pub fn must_wait(&self, command: &AccountCommand) -> bool {
        let state = &self.state;
        match command {
            AccountCommand::Place(order) => state.is_name_in_question(order.account, order.client_id),
            AccountCommand::PlaceList(place) => {
                let mut orders = place.orders.all();
                orders.any(|order| state.is_name_in_question(place.account, order.client_id))
            }
            AccountCommand::Cancel(cancel) => {
                state.is_in_question(cancel.account, cancel.order.id, cancel.order.client_id)
            }
            AccountCommand::Amend(amend) => {
                state.is_in_question(amend.account, amend.order.id, amend.order.client_id)
                    || state.is_name_in_question(amend.account, amend.client_id)
            }
            AccountCommand::Replace(replace) => {
                state.is_in_question(replace.order.account, replace.cancel.id, replace.cancel.client_id)
            }
            AccountCommand::CancelAll(cancel) => state.has_in_question(cancel.account, cancel.symbol),
            AccountCommand::CancelList(cancel) => state.is_list_in_question(cancel),
            AccountCommand::CreateAccount(_)
            | AccountCommand::CreateApiKey(_)
            | AccountCommand::Deposit(_)
            | AccountCommand::Withdraw(_)
            | AccountCommand::CancelAllAfter(_)
            | AccountCommand::RevokeApiKey(_)
            | AccountCommand::SignUp(_)
            | AccountCommand::ChangePassword(_) => false,
        }
    }
}

impl AccountState {
    /// Returns whether the order a reference means is on its way to its book, or an amend of it is.
    fn is_in_question(
        &self,
        account: AccountId,
        order: Option<OrderId>,
        client_id: Option<ClientOrderId>,
    ) -> bool {
        let by_name = || self.names.get(&(account, client_id?)).copied();
        order.or_else(by_name).is_some_and(|order| self.is_unanswered(order))
    }

    /// Returns whether a name belongs to an order that may be about to give it up.
    fn is_name_in_question(&self, account: AccountId, client_id: Option<ClientOrderId>) -> bool {
        let holder = client_id.and_then(|name| self.names.get(&(account, name)));
        holder.is_some_and(|holder| self.is_unanswered(*holder) || self.is_being_cancelled(*holder))
    }

    fn has_in_question(&self, account: AccountId, symbol: SymbolId) -> bool {
        let open = self.accounts.get(&account).into_iter().flat_map(|account| &account.open);
        let mut open = open.filter_map(|id| self.order(*id));
        open.any(|order| order.symbol == symbol && self.is_unanswered(order.id))
    }

    fn is_list_in_question(&self, cancel: &CancelList) -> bool {
        let OrderListRef { id, client_id } = cancel.list;
        let by_name = || self.list_names.get(&(cancel.account, client_id?)).copied();
        let list = id.or_else(by_name).and_then(|list| self.lists.get(&list));
        list.is_some_and(|open| {
            open.unanswered > 0 || open.list.orders.iter().any(|(order, _)| self.is_unanswered(*order))
        })
    }

    /// Returns whether the book has something to say about an open order before anything else can be asked of it.
    fn is_unanswered(&self, order: OrderId) -> bool {
        let Some(open) = self.orders.get(&order) else { return false };
        let is_on_its_way =
            |order: &Order| order.handle.is_none() && !order.awaits_list && !order.is_waiting();
        let list = open.order.list.and_then(|list| self.lists.get(&list));
        open.placing.is_some()
            || is_on_its_way(&open.order)
            || self.amending.contains(&order)
            || list.is_some_and(|list| list.unanswered > 0)
    }

    /// Returns whether a cancel that may be of this order is under way. Asked only of names that are taken.
    fn is_being_cancelled(&self, order: OrderId) -> bool {
        let Some(order) = self.order(order) else { return false };
        let is_listed_with = |other: OrderId| {
            order.list.is_some() && self.order(other).is_some_and(|other| other.list == order.list)
        };
        let is_of_it = |pending: &Pending| match pending {
            Pending::Cancel { order: cancelled, .. } => *cancelled == order.id || is_listed_with(*cancelled),
            Pending::CancelList { list, .. } => Some(*list) == order.list,
            Pending::Replace(replace) => replace.order.account == order.account,
            // It does not say whose; it is answered soon.
            Pending::CancelAll { .. } => true,
            Pending::Amend { .. } => false,
        };
        !self.pending.all(|_, pending| !is_of_it(pending))
    }
}
