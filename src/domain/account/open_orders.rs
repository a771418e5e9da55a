//! The open orders of a slot, by id and by client order id.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::state::Open;
use crate::domain::types::{
    id::{AccountId, ClientOrderId, OrderId},
    index::Index,
    pool::{Entry, Pool},
    table::Table,
};

/// A client order id is unique among the open orders of its account.
pub(super) type Name = (AccountId, ClientOrderId);

/// The open orders of a slot. The order itself states its client order id, so the index of these only refers to it.
#[derive(Debug, Default)]
pub(super) struct OpenOrders {
    orders: Orders,
    names: Index,
    /// Names of orders that do not have them yet: an amend or a replacement under way will give them.
    reserved: BTreeMap<Name, OrderId>,
}

/// There are many of them.
const _: () = assert!(size_of::<Option<Open>>() == 160);

/// An order states its id.
type Orders = Pool<OrderId, Open, Open>;

impl Entry<OrderId, Open> for Open {
    fn new(_: OrderId, open: Open) -> Self {
        open
    }

    fn key(&self) -> OrderId {
        self.order.id
    }

    fn value(&self) -> &Self {
        self
    }

    fn value_mut(&mut self) -> &mut Self {
        self
    }

    fn into_value(self) -> Self {
        self
    }
}

fn name_of(open: &Open) -> Name {
    (open.order.account, open.order.client_id)
}

impl OpenOrders {
    /// Returns the number of open orders.
    pub(super) fn len(&self) -> usize {
        self.orders.len()
    }

    /// Returns whether an order is open.
    pub(super) fn contains(&self, id: &OrderId) -> bool {
        self.orders.contains(id)
    }

    /// Returns an order.
    pub(super) fn get(&self, id: &OrderId) -> Option<&Open> {
        self.orders.get(id)
    }

    /// Returns an order for a change of anything but its id, account and client order id.
    pub(super) fn get_mut(&mut self, id: &OrderId) -> Option<&mut Open> {
        self.orders.get_mut(id)
    }

    /// Returns the order that has a name, or that the name is reserved for.
    pub(super) fn named(&self, name: &Name) -> Option<OrderId> {
        let open = self.place(name).and_then(|place| self.orders.at(place));
        open.map(|open| open.order.id).or_else(|| self.reserved.get(name).copied())
    }

    /// Adds an order; its name is its own from now on.
    pub(super) fn insert(&mut self, open: Open) {
        let (id, name) = (open.order.id, name_of(&open));
        self.reserved.remove(&name);
        self.orders.insert(id, open);
        self.enter(id, &name);
    }

    /// Removes an order and its name.
    pub(super) fn remove(&mut self, id: &OrderId) -> Option<Open> {
        let place = self.orders.place(id)?;
        let name = name_of(self.orders.at(place)?);
        self.names.remove(Index::hash(&name), place);
        self.orders.remove(id)
    }

    /// Gives an order another name, and returns the old one; `None` when it is not open.
    pub(super) fn rename(&mut self, id: &OrderId, client_id: ClientOrderId) -> Option<ClientOrderId> {
        let place = self.orders.place(id)?;
        let old = name_of(self.orders.at(place)?);
        let new = (old.0, client_id);
        self.names.remove(Index::hash(&old), place);
        self.reserved.remove(&new);
        self.orders.get_mut(id)?.order.client_id = client_id;
        self.names.insert(Index::hash(&new), place);
        Some(old.1)
    }

    /// Reserves a name for an order.
    pub(super) fn reserve(&mut self, name: Name, order: OrderId) {
        self.reserved.insert(name, order);
    }

    /// Frees a reserved name.
    pub(super) fn free(&mut self, name: &Name) {
        self.reserved.remove(name);
    }

    /// Returns the open orders by id: O(n log n).
    pub(super) fn sorted(&self) -> Vec<(OrderId, &Open)> {
        self.orders.sorted()
    }

    /// Returns the sum of a hash of every order.
    pub(super) fn sum(&self, hash: impl Fn(&Open) -> u128) -> u128 {
        self.orders.sum(|_, open| hash(open))
    }

    /// Returns the sum of a hash of every name and its order.
    pub(super) fn sum_names(&self, hash: impl Fn(&Name, OrderId) -> u128) -> u128 {
        let own = self.orders.sum(|id, open| hash(&name_of(open), id));
        self.reserved.iter().fold(own, |sum, (name, order)| sum.wrapping_add(hash(name, *order)))
    }

    fn place(&self, name: &Name) -> Option<u32> {
        let is_it = |place| self.orders.at(place).is_some_and(|open| name_of(open) == *name);
        self.names.find(Index::hash(name), is_it)
    }

    fn enter(&mut self, id: OrderId, name: &Name) {
        if let Some(place) = self.orders.place(&id) {
            self.names.insert(Index::hash(name), place);
        }
    }
}

/// The orders by id, then the names with their orders, as snapshots have always held them.
impl Serialize for OpenOrders {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let own = self.orders.sorted().into_iter().map(|(id, open)| (name_of(open), id));
        let reserved = self.reserved.iter().map(|(name, order)| (*name, *order));
        let names: BTreeMap<Name, OrderId> = own.chain(reserved).collect();
        (&self.orders, names).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for OpenOrders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (orders, names) = <(Orders, Table<Name, OrderId>)>::deserialize(deserializer)?;
        let mut open = Self { orders, ..Self::default() };
        let own: Vec<_> = open.orders.sorted().into_iter().map(|(id, order)| (id, name_of(order))).collect();
        for (id, name) in own {
            open.enter(id, &name);
        }
        for (name, order) in names.sorted() {
            if open.named(name) != Some(*order) {
                open.reserved.insert(*name, *order);
            }
        }
        Ok(open)
    }
}
