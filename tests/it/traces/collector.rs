//! A real collector between the exchange and the test: what it has accepted and passed on is what the exchange sent.

use std::{
    collections::BTreeSet,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{
    order_in_trace, parent,
    receiver::{Receiver, settings},
};
use crate::{
    api::{Api, limit, two_accounts},
    ccxt::python,
    durable::place,
    support::{Process, block_on, printed, wait_until},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A running collector, rotel as it comes from PyPI; killed when dropped.
struct Collector {
    child: Child,
    address: String,
    /// Where it leaves its number and its log.
    _files: TempDir,
}

impl Collector {
    /// Starts one that passes on what it accepts, and waits until it listens.
    fn start(program: &Path, to: &Receiver) -> Self {
        let files = tempfile::tempdir().unwrap();
        let [grpc, http] = [free_address(), free_address()];
        let log = std::fs::File::create(files.path().join("log")).unwrap();
        let mut command = Command::new(program);
        command.args(["start", "--otlp-grpc-endpoint", &grpc, "--otlp-http-endpoint", &http]);
        command.args(["--batch-timeout", "50ms", "--exporter", "otlp", "--otlp-exporter-protocol", "grpc"]);
        command.args(["--otlp-exporter-endpoint", &format!("http://{}", to.address())]);
        command.args(["--otlp-exporter-compression", "none"]); // the test's receiver decompresses nothing
        command.arg("--pid-file").arg(files.path().join("pid"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let collector = Self { child, address: grpc, _files: files };
        wait_until("the collector listens", || TcpStream::connect(&collector.address).is_ok());
        collector
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended already
        let _ = self.child.wait();
    }
}

/// Returns an address that was free a moment ago.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Returns the collector's program: the package of Python brings it.
fn program(python: &Path) -> PathBuf {
    const WHERE: &str =
        "import importlib.util as find; print(find.find_spec('rotel').submodule_search_locations[0])";
    let place = printed(&Command::new(python).args(["-c", WHERE]).output().unwrap());
    Path::new(place.trim()).join("rotel-agent")
}

#[test]
fn a_real_collector_accepts_the_trace_of_an_order() {
    let Some(python) = python() else { return };
    let receiver = Receiver::start();
    let collector = Collector::start(&program(&python), &receiver);
    let (seller, buyer, accounts) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let otlp = settings(&format!("http://{}", collector.address), "");
    let server = Process::start(root.path(), &(otlp + &accounts));
    let order = block_on(async {
        let api = Api::new(server.url());
        place(&api, &seller, &limit("SELL", "0.5", "45000")).await;
        let answer = order_in_trace(&api, &buyer, &limit("BUY", "0.2", "45000"), &parent(TRACE, true)).await;
        answer.json["orderId"].to_string()
    });
    let spans = receiver.trace(TRACE, 10);
    let ids: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    assert_eq!(ids.len(), 10, "{spans:#?}");
    let orphans: Vec<_> = spans.iter().filter(|span| !ids.contains(span.parent.as_str())).collect();
    assert_eq!(orphans.len(), 1, "only the request's parent is elsewhere: {orphans:#?}");
    assert_eq!(orphans[0].name, "POST /api/v3/order");
    let mut names: Vec<&str> =
        spans.iter().filter(|span| span.of("order.id") == order).map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["account.command", "account.settle", "symbol.match"]);
    assert_eq!(receiver.of_service("service.name").as_deref(), Some("lightning-exchange"));
    server.stop();
}
