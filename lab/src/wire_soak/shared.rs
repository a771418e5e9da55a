//! What the tasks of a soak share: they all run on one thread.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

use lightning_exchange::client::Client;

use super::{book::Book, report::Report};

/// How long to wait before the server is asked for again.
pub(crate) const RETRY: Duration = Duration::from_millis(20);

/// How many problems are kept as text.
const PROBLEMS_MAX: usize = 20;

/// The state of the whole.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) report: RefCell<Report>,
    /// Set when no more orders are to be sent.
    pub(crate) is_over: Cell<bool>,
    /// The server's books once the load has ended.
    pub(crate) finals: RefCell<Option<BTreeMap<&'static str, Book>>>,
}

impl Shared {
    pub(crate) fn count(&self, count: impl FnOnce(&mut Report)) {
        count(&mut self.report.borrow_mut());
    }

    /// Records a book that differs from the server's.
    pub(crate) fn desync(&self, what: impl FnOnce() -> String) {
        self.problem(|report| report.desyncs += 1, what);
    }

    /// Records a private event that was lost, doubled or out of order.
    pub(crate) fn lost(&self, what: impl FnOnce() -> String) {
        self.problem(|report| report.lost += 1, what);
    }

    fn problem(&self, count: impl FnOnce(&mut Report), what: impl FnOnce() -> String) {
        let mut report = self.report.borrow_mut();
        count(&mut report);
        if report.problems.len() < PROBLEMS_MAX {
            report.problems.push(what());
        }
    }

    /// The book of a symbol in the end, once it is known.
    pub(crate) fn final_book(&self, symbol: &str) -> Option<Book> {
        self.finals.borrow().as_ref()?.get(symbol).cloned()
    }
}
