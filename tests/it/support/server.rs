//! A whole exchange on a free port, inside the test's process.

use std::{cell::OnceCell, future::Future, net::SocketAddr, path::Path, sync::mpsc, thread::JoinHandle};

use lightning_exchange::{
    actors::{Clock, Exchange},
    app::Application,
    client::Client,
    config::Layers,
    http::Asset,
};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The operator's token of every test server.
pub(crate) const OPERATOR_TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A page of one file: what the server does with it is the same for the real one, which only the binary holds.
static PAGE: &[Asset] = &[Asset {
    path: "/",
    mime: "text/html; charset=utf-8",
    hash: "0000000000000000",
    raw: b"<!doctype html><title>Lightning Exchange</title>",
    brotli: None,
    gzip: None,
}];

/// What tests want unless they say otherwise: few threads, no demo, no synthetic market.
const BASE: &str = r#"
[server]
listen = "127.0.0.1:0"
workers = 1
[engine]
arbiters = 1
[demo]
enabled = false
[feed]
synthetic = false
[grpc]
enabled = false
[journal]
segment-mib = 1
[history]
enabled = false
"#;

/// A running exchange; it stops when dropped.
#[derive(Debug)]
pub(crate) struct TestServer {
    url: String,
    grpc: Option<SocketAddr>,
    operations: Option<SocketAddr>,
    exchange: Exchange,
    /// Its data, unless the test has its own.
    directory: OnceCell<TempDir>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    /// Starts an exchange with the given settings laid over those tests want.
    pub(crate) fn start(settings: &str) -> Self {
        Self::start_at(Clock::default(), settings)
    }

    /// The same on a clock of the test.
    pub(crate) fn start_at(clock: Clock, settings: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let server = Self::start_with(directory.path(), settings, clock);
        server.directory.set(directory).unwrap();
        server
    }

    /// The same on a data directory that outlives it.
    pub(crate) fn start_on(directory: &Path, settings: &str) -> Self {
        Self::start_with(directory, settings, Clock::default())
    }

    /// The same on a clock that a test moves.
    pub(crate) fn start_with(directory: &Path, settings: &str, clock: Clock) -> Self {
        let config = Layers::defaults()
            .text("the test's base", BASE)
            .text("the test's data", &format!("[data]\ndirectory = {:?}\n", directory))
            .text("the test's token", &format!("[operator]\ntoken = {OPERATOR_TOKEN:?}\n"))
            .text("the test", settings)
            .load()
            .unwrap();
        let (started, starting) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let application = Application::build_with(config, clock, PAGE).await.unwrap();
                let exchange = application.exchange().clone();
                let addresses = (application.grpc_address(), application.operations_address());
                started.send((application.url().to_owned(), addresses, exchange)).unwrap();
                application.run(async { stopped.await.unwrap_or_default() }).await.unwrap();
            });
        });
        let Ok((url, (grpc, operations), exchange)) = starting.recv() else {
            std::panic::resume_unwind(thread.join().unwrap_err());
        };
        let (directory, stop, thread) = (OnceCell::new(), Some(stop), Some(thread));
        Self { url, grpc, operations, exchange, directory, stop, thread }
    }

    /// Returns its address, e.g. `http://127.0.0.1:43210`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the address of gRPC, if the test switched it on.
    pub(crate) const fn grpc(&self) -> Option<SocketAddr> {
        self.grpc
    }

    /// Returns the address of metrics and health, if the test gave them one of their own.
    pub(crate) const fn operations(&self) -> Option<SocketAddr> {
        self.operations
    }

    /// Returns the way past HTTP.
    pub(crate) const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Returns a client with the operator's token. Call it inside [`block_on`].
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url).with_operator(OPERATOR_TOKEN)
    }

    /// Stops it and fails if it does not stop well.
    pub(crate) fn stop(mut self) {
        self.end().unwrap();
    }

    fn end(&mut self) -> std::thread::Result<()> {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(()); // it may have failed already
        }
        self.thread.take().map_or(Ok(()), JoinHandle::join)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let ended = self.end();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

/// Runs a test's own side.
pub(crate) fn block_on<T>(test: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(test)
}
