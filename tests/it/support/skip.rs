//! Tests that cannot show anything where they run.

use std::{fmt::Display, fs::OpenOptions, io::Write, thread};

/// Records that the running test shows nothing here, and why; the caller then returns.
///
/// A runner counts such a test as passed. `cargo xtask test` names a file in `EXCHANGE_SKIPS`, counts the tests recorded there
/// as skipped, and fails unless each is on its list (`xtask/src/skips.rs`).
pub(crate) fn skip(reason: impl Display) {
    let test = running_test();
    println!("skipped: {test}: {reason}");
    let Some(path) = std::env::var_os("EXCHANGE_SKIPS") else { return };
    // One write a line, appended: tests of several processes share the file.
    let line = format!("{test}\t{reason}\n");
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}

/// Returns the name of the test on this thread. libtest names a test's thread after it; a test that runs on the main thread
/// is alone in its process, under `--exact NAME`.
fn running_test() -> String {
    let thread = thread::current();
    let of_thread = thread.name().filter(|name| *name != "main").map(str::to_owned);
    let of_process = || {
        let mut arguments = std::env::args();
        let names = arguments.by_ref().skip(1).filter(|argument| !argument.starts_with('-'));
        names.last()
    };
    of_thread.or_else(of_process).unwrap_or_else(|| panic!("call `skip` on the test's own thread"))
}
