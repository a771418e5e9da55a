//! What the tasks of a soak share: they all run on one thread.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

use lightning_exchange::client::Client;

use super::{book::Book, report::Report};

/// How long to wait before the server is asked for again.
pub(super) const RETRY: Duration = Duration::from_millis(20);

/// How many faults are told in words.
const WORDS_MAX: usize = 20;

/// The state of the whole.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) report: RefCell<Report>,
    /// No more orders.
    pub(super) is_over: Cell<bool>,
    /// The books as the server has them once nothing moves them any more.
    pub(super) finals: RefCell<Option<BTreeMap<&'static str, Book>>>,
}

impl Shared {
    pub(super) fn count(&self, count: impl FnOnce(&mut Report)) {
        count(&mut self.report.borrow_mut());
    }

    /// Notes a book that is not the server's.
    pub(super) fn desync(&self, what: impl FnOnce() -> String) {
        self.wrong(|report| report.desyncs += 1, what);
    }

    /// Notes a private event that did not come as it should.
    pub(super) fn lost(&self, what: impl FnOnce() -> String) {
        self.wrong(|report| report.lost += 1, what);
    }

    fn wrong(&self, count: impl FnOnce(&mut Report), what: impl FnOnce() -> String) {
        let mut report = self.report.borrow_mut();
        count(&mut report);
        if report.wrong.len() < WORDS_MAX {
            report.wrong.push(what());
        }
    }

    /// The book of a symbol in the end, once it is known.
    pub(super) fn final_book(&self, symbol: &str) -> Option<Book> {
        self.finals.borrow().as_ref()?.get(symbol).cloned()
    }
}
