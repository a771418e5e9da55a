//! A real collector accepts what the exchange sends, and prints it as it understands it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{PARENT, order_in_trace, parent, receiver::settings};
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
    /// What it prints, and where it leaves its number.
    files: TempDir,
}

impl Collector {
    /// Starts one that prints what it accepts, and waits until it listens.
    fn start(program: &Path) -> Self {
        let files = tempfile::tempdir().unwrap();
        let [grpc, http] = [free_address(), free_address()];
        let mut command = Command::new(program);
        command.args(["start", "--otlp-grpc-endpoint", &grpc, "--otlp-http-endpoint", &http]);
        command.args(["--batch-timeout", "50ms", "--exporter", "blackhole"]);
        command.args(["--debug-log", "traces", "--debug-log-verbosity", "detailed"]);
        command.arg("--pid-file").arg(files.path().join("pid"));
        let file = |name| File::create(files.path().join(name)).unwrap();
        let (out, log) = (file("printed"), file("log"));
        let child = command.stdin(Stdio::null()).stdout(out).stderr(log).spawn().unwrap();
        let collector = Self { child, address: grpc, files };
        wait_until("the collector listens", || TcpStream::connect(&collector.address).is_ok());
        collector
    }

    /// Returns what it has printed.
    fn printed(&self) -> String {
        fs::read_to_string(self.files.path().join("printed")).unwrap()
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

/// A printed span: its lines by what stands before the colon, attributes among them.
type Printed = BTreeMap<String, String>;

/// Returns the printed spans of a trace.
fn spans(text: &str, trace: &str) -> Vec<Printed> {
    let of_span = |block: &str| -> Printed {
        let lines = block.lines().filter_map(|line| line.trim().trim_start_matches("-> ").split_once(": "));
        lines.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
    };
    let blocks = text.split("\nSpan #").skip(1).map(of_span);
    blocks.filter(|span| span.get("Trace ID").is_some_and(|of| of == trace)).collect()
}

#[test]
fn a_real_collector_accepts_the_trace_of_an_order() {
    let Some(python) = python() else { return };
    let collector = Collector::start(&program(&python));
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
    server.stop();
    // Its attributes are the last lines of a span: each has one of these.
    let last = ["http.response.status_code", "order.id", "position", "accepted"];
    let whole = |span: &Printed| last.iter().any(|attribute| span.contains_key(*attribute));
    wait_until("ten spans are printed whole", || {
        let printed = spans(&collector.printed(), TRACE);
        printed.len() >= 10 && printed.iter().all(whole)
    });
    let text = collector.printed();
    let spans = spans(&text, TRACE);
    let ids: BTreeSet<&str> = spans.iter().map(|span| span["ID"].as_str()).collect();
    assert_eq!((spans.len(), ids.len()), (10, 10), "{text}");
    let roots: Vec<_> = spans.iter().filter(|span| !ids.contains(span["Parent ID"].as_str())).collect();
    assert_eq!(roots.len(), 1, "{text}");
    let root = roots[0];
    assert_eq!((root["Name"].as_str(), root["Kind"].as_str()), ("POST /api/v3/order", "SPAN_KIND_SERVER"));
    assert_eq!(
        (root["Parent ID"].as_str(), root["http.response.status_code"].as_str()),
        (PARENT, "Int(200)")
    );
    let order = format!("Str({order})");
    let of_order = spans.iter().filter(|span| span.get("order.id") == Some(&order));
    let mut names: Vec<&str> = of_order.map(|span| span["Name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["account.command", "account.settle", "symbol.match"]);
    assert!(text.contains("service.name: Str(lightning-exchange)"), "{text}");
}
