//! The checker's own test on a live server: its answers are tampered with, and the checker must notice.

use super::{
    check::check,
    model::Model,
    view::{AccountView, View},
    violation::{Kind, Violation},
};

/// Tampers with a view; returns whether there was anything to change.
type Tamper = fn(&Model, &mut View) -> bool;

/// Each tampering and the violation it must be reported as.
const TAMPERINGS: [(Kind, Tamper); 7] = [
    (Kind::LostOrder, |_, view| {
        each(view, |seen| seen.open.pop().map(|lost| seen.forget(lost.id)).is_some())
    }),
    (Kind::LostFill, |_, view| each(view, |seen| seen.fills.pop().is_some())),
    (Kind::DoubledFill, |_, view| {
        each(view, |seen| seen.fills.last().cloned().map(|fill| seen.fills.push(fill)).is_some())
    }),
    (Kind::LostCancel, reopen),
    (Kind::WrongBalance, |_, view| each(view, |seen| add(&mut seen.balances[1].0, 1))),
    (Kind::OrphanHold, |_, view| each(view, |seen| add(&mut seen.balances[1].1, 1))),
    (Kind::WrongBook, |_, view| view.books.pop_first().is_some()),
];

impl AccountView {
    fn forget(&mut self, order: u64) {
        self.orders.retain(|other| other.id != order);
    }
}

/// Tampers with every account that allows it.
fn each(view: &mut View, tamper: impl Fn(&mut AccountView) -> bool) -> bool {
    view.accounts.values_mut().map(tamper).fold(false, |any, one| any | one)
}

/// Opens an order again whose cancel was acknowledged.
fn reopen(model: &Model, view: &mut View) -> bool {
    let mut any = false;
    for (id, account) in &model.accounts {
        let Some(seen) = view.accounts.get_mut(id) else { continue };
        for order in &mut seen.orders {
            if account.orders.get(&order.id).is_some_and(|known| known.cancelled) {
                order.status = "NEW".to_owned();
                any = true;
            }
        }
    }
    any
}

fn add(balance: &mut i64, units: i64) -> bool {
    *balance += units;
    true
}

/// Applies every tampering and returns how many were detected, and a violation for each that was missed.
pub(super) fn detect(model: &Model, view: &View) -> (u64, Vec<Violation>) {
    let (mut detected, mut missed) = (0, Vec::new());
    for (kind, tamper) in TAMPERINGS {
        let mut tampered = view.clone();
        if !tamper(model, &mut tampered) {
            continue;
        }
        if check(&mut model.clone(), &tampered).iter().any(|found| found.kind == kind) {
            detected += 1;
        } else {
            missed.push(Violation::new(Kind::Harness, format!("an injected {kind:?} was not found")));
        }
    }
    (detected, missed)
}
