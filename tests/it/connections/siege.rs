//! More connections than there are descriptors, of every unfinished kind, while orders keep flowing.

use std::{
    collections::VecDeque,
    fs,
    io::{BufReader, Write},
    net::TcpStream,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;
use tonic::transport::Endpoint;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::raw::{GREETING, answer, get, say};
use crate::{
    api::{sign, two_accounts},
    support::{KeyPair, Process, block_on, wait_until},
};

/// How many segments of the journal have to be written to their end meanwhile.
const ROLLS: u32 = 3;
/// Orders at once, each on a connection of its own.
const TRADERS: usize = 8;
/// How often it is looked at how far the journal is, and how long three segments may take at most.
const LOOK: Duration = Duration::from_millis(50);
const ROLLS_MAX: Duration = Duration::from_secs(300);
/// How long besieging pauses between two connections.
const PAUSE: Duration = Duration::from_millis(20);

/// What is said on connections of HTTP: nothing, half of a head, a whole request, half of a second one, half of a body, and a
/// body without an end.
const HTTP: [&[u8]; 6] = [
    b"",
    b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\nX-Never: ",
    b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\nGET /api",
    b"POST /api/v3/order HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsymbol=",
    b"POST /api/v3/order HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
];
/// What is added to that body.
const MORE: &[u8] = b"5\r\nhello\r\n";

/// Connections that are never finished, some of which keep sending.
struct Siege {
    is_over: Arc<AtomicBool>,
    opened: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Siege {
    /// Opens as many connections as there are descriptors, of every kind and on both ports, and then keeps replacing
    /// the oldest with new ones.
    fn start(http: &str, grpc: &str, descriptors: usize) -> Self {
        let half_a_call = [GREETING, b"\0\0\x20\x01\x04\0\0\0\x01\x83"].concat();
        let of_grpc: [&[u8]; 4] = [b"", &GREETING[..10], GREETING, &half_a_call];
        let on_http = HTTP.map(|words| (http.to_owned(), words.to_vec()));
        let on_grpc = of_grpc.map(|words| (grpc.to_owned(), words.to_vec()));
        let kinds: Vec<(String, Vec<u8>)> = on_http.into_iter().chain(on_grpc).collect();
        let is_over = Arc::new(AtomicBool::new(false));
        let opened = Arc::new(AtomicUsize::new(0));
        let (over, count) = (Arc::clone(&is_over), Arc::clone(&opened));
        let thread = thread::spawn(move || {
            let mut open: VecDeque<(TcpStream, bool)> = VecDeque::new();
            for (address, words) in kinds.iter().cycle() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                // While no connection is accepted, connecting may take long.
                let target = address.parse().unwrap();
                if let Ok(mut stream) = TcpStream::connect_timeout(&target, Duration::from_secs(1)) {
                    let _ = stream.write_all(words); // it may have been refused
                    open.push_back((stream, words.ends_with(b"chunked\r\n\r\n")));
                }
                if count.fetch_add(1, Ordering::Relaxed) > descriptors {
                    open.pop_front();
                    thread::sleep(PAUSE);
                }
                for (stream, _) in open.iter_mut().filter(|(_, is_endless)| *is_endless) {
                    let _ = stream.write_all(MORE); // it may have been closed by now
                }
            }
        });
        Self { is_over, opened, thread }
    }

    fn has_started(&self, descriptors: usize) -> bool {
        self.opened.load(Ordering::Relaxed) > descriptors
    }

    fn end(self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

/// The number of the newest segment.
fn segment(directory: &Path) -> u32 {
    let names = fs::read_dir(directory.join("journal")).unwrap().map(|entry| entry.unwrap().file_name());
    let number = |name: String| name.strip_suffix(".log")?.parse().ok();
    names.filter_map(|name| number(name.into_string().unwrap())).max().unwrap()
}

/// Places and cancels on one connection until signalled to stop; returns how many orders there were.
fn trade(http: &str, key: &KeyPair, started: &AtomicUsize, is_over: &AtomicBool) -> usize {
    let mut stream = BufReader::new(say(http, ""));
    let mut ask = |method: &str, params: &str| {
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let body = sign(key, &format!("{params}&timestamp={millis}"));
        let length = body.len();
        let request = format!(
            "{method} /api/v3/order HTTP/1.1\r\nHost: {http}\r\nX-MBX-APIKEY: {}\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
            key.key
        );
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let heard = answer(&mut stream);
        assert!(heard.starts_with("HTTP/1.1 200 OK\r\n"), "{method} {params}: {heard}");
        serde_json::from_str::<Value>(heard.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    };
    let mut orders = 0;
    while !is_over.load(Ordering::Relaxed) {
        let placed =
            ask("POST", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=20000");
        ask("DELETE", &format!("symbol=BTCUSDT&orderId={}", placed["orderId"]));
        if orders == 0 {
            started.fetch_add(1, Ordering::Relaxed);
        }
        orders += 1;
    }
    orders
}

/// How long a siege lasts at least: `LIGHTNING_SIEGE_SECONDS`, for the longer run of `docs/testing.md`.
fn at_least() -> Duration {
    let seconds = std::env::var("LIGHTNING_SIEGE_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

fn besiege(descriptors: usize) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let (one, other, accounts) = two_accounts();
    let settings = format!(
        "{accounts}[grpc]\nlisten = \"127.0.0.1:0\"\n[limits]\norders-per-10-seconds = 0\norders-per-day = 0\n\
         [snapshot]\nevery-seconds = 1\n"
    );
    let directory = tempfile::tempdir().unwrap();
    let script = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
    let wrapper = ["env", "LIGHTNING_GRPC_ENABLED=true", "sh", "-c", &script];
    let mut server = Process::start_under(&wrapper, directory.path(), &settings);
    let url = server.url().to_owned();
    let http = url.strip_prefix("http://").unwrap().to_owned();
    let grpc = server.logged("serving", "grpc").unwrap();
    let (started, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let traders: Vec<JoinHandle<usize>> = (0..TRADERS)
        .map(|number| {
            let key = if number % 2 == 0 { one.clone() } else { other.clone() };
            let (http, started, is_over) = (http.clone(), Arc::clone(&started), Arc::clone(&is_over));
            thread::spawn(move || trade(&http, &key, &started, &is_over))
        })
        .collect();
    // A trader that is finished has failed.
    let has_failed = || traders.iter().any(JoinHandle::is_finished);
    wait_until("every trader has an order", || started.load(Ordering::Relaxed) == TRADERS || has_failed());
    let siege = Siege::start(&http, &grpc, descriptors);
    wait_until("the siege has begun", || siege.has_started(descriptors));
    let (started, last) = (Instant::now(), segment(directory.path()) + ROLLS);
    while !has_failed() && (started.elapsed() < at_least() || segment(directory.path()) < last) {
        assert!(started.elapsed() < at_least() + ROLLS_MAX, "orders go on, but the journal does not");
        thread::sleep(LOOK);
    }
    is_over.store(true, Ordering::Relaxed);
    let orders: usize = traders.into_iter().map(|trader| trader.join().unwrap()).sum();
    println!("{orders} orders at {descriptors} descriptors, none failed");
    // A new client is served, while the others are still connected.
    assert!(get(&http, "/health/ready").starts_with("HTTP/1.1 200"), "{}", get(&http, "/health/ready"));
    block_on(async {
        let channel = Endpoint::from_shared(format!("http://{grpc}")).unwrap().connect().await.unwrap();
        let service = "schema.Lightning".to_owned();
        let health = HealthClient::new(channel).check(HealthCheckRequest { service }).await.unwrap();
        assert_eq!(health.into_inner().status, 1, "SERVING");
    });
    siege.end();
    let log = server.log();
    assert!(!log.contains("os error 24") && !log.contains("Too many open files"), "{log}");
    server = server.stop();
    drop(server);
}

#[test]
fn orders_go_on_with_256_descriptors_and_more_connections_than_that() {
    besiege(256);
}

#[test]
fn orders_go_on_with_1024_descriptors_and_more_connections_than_that() {
    besiege(1_024);
}
