//! The checker's own test on a live server: what the server says is doctored, and the checker must see it.

use super::{
    check::check,
    model::Model,
    view::{AccountView, View},
    violation::{Kind, Violation},
};

/// Doctors a view; returns whether there was anything to doctor.
type Doctor = fn(&mut View) -> bool;

/// Each lie and what it must be found to be.
const LIES: [(Kind, Doctor); 7] = [
    (Kind::LostOrder, |view| each(view, |seen| seen.open.pop().map(|lost| seen.forget(lost.id)).is_some())),
    (Kind::LostFill, |view| each(view, |seen| seen.fills.pop().is_some())),
    (Kind::DoubledFill, |view| {
        each(view, |seen| seen.fills.last().cloned().map(|fill| seen.fills.push(fill)).is_some())
    }),
    (Kind::LostCancel, |view| {
        let reopen = |seen: &mut AccountView| {
            let order = seen.orders.iter_mut().find(|order| order.status == "CANCELED");
            order.map(|order| order.status = "NEW".to_owned()).is_some()
        };
        view.accounts.values_mut().map(reopen).fold(false, |any, one| any | one)
    }),
    (Kind::WrongBalance, |view| each(view, |seen| add(&mut seen.balances[1].0, 1))),
    (Kind::OrphanHold, |view| each(view, |seen| add(&mut seen.balances[1].1, 1))),
    (Kind::WrongBook, |view| view.books.pop_first().is_some()),
];

impl AccountView {
    fn forget(&mut self, order: u64) {
        self.orders.retain(|other| other.id != order);
    }
}

/// Doctors every account that can be.
fn each(view: &mut View, doctor: impl Fn(&mut AccountView) -> bool) -> bool {
    view.accounts.values_mut().map(doctor).fold(false, |any, one| any | one)
}

fn add(balance: &mut i64, units: i64) -> bool {
    *balance += units;
    true
}

/// Tells every lie and returns how many were seen through, and those that were not.
pub(super) fn lie(model: &Model, view: &View) -> (u64, Vec<Violation>) {
    let (mut seen_through, mut believed) = (0, Vec::new());
    for (kind, doctor) in LIES {
        let mut doctored = view.clone();
        if !doctor(&mut doctored) {
            continue;
        }
        if check(&mut model.clone(), &doctored).iter().any(|found| found.kind == kind) {
            seen_through += 1;
        } else {
            believed.push(Violation::new(Kind::Harness, format!("a planted {kind:?} was not found")));
        }
    }
    (seen_through, believed)
}
