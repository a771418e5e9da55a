//! Orders and order lists: the requests of clients, and the state account slots keep of them.

mod cold;
mod flat;
pub mod limits;
mod order;
mod order_list;
mod trigger;

pub use cold::{ColdFields, Working};
pub use order::{
    CloseReason, Fill, Handle, NewOrder, Order, OrderStatus, OrderType, Policy, Side, StpMode, Strategy,
    TimeInForce,
};
pub use order_list::{Contingency, ListOrders, ListStatus, OrderList, OrderListRef, PlaceList};
pub use trigger::{Bips, Direction, Trigger};
