//! A depth subscriber: a book started from a snapshot and maintained with diffs, through stalls, drops and restarts.

use std::{pin::Pin, rc::Rc, time::Duration};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use lightning_exchange::{client::ClientError, feed::synthetic::Random};
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    accounts::Market,
    book::{Applied, Book, Diff, Snapshot},
    shared::{RETRY, Shared},
    socket::Socket,
};

/// The receive buffer of a subscriber that stalls: the rest stays with the server.
const SMALL_BUFFER: u32 = 4 << 10;
/// How long such a subscriber reads before the next interruption, stalls, and is disconnected, in milliseconds.
const READING_MS: (u64, u64) = (2_000, 8_000);
const STALLED_MS: (u64, u64) = (3_000, 25_000);
const GONE_MS: (u64, u64) = (500, 4_000);
/// How often an idle subscriber checks whether the soak is over.
const LOOK: Duration = Duration::from_millis(200);

/// How a book is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BookStart {
    /// As Binance documents it: `@depth`, then `GET depth`.
    Rest,
    /// `@depthSnapshot`.
    Stream,
}

/// One subscriber.
#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) name: String,
    pub(super) market: &'static Market,
    pub(super) start: BookStart,
    /// Drives its stalls and drops, if it has any.
    pub(super) interruptions: Option<Random>,
    pub(super) shared: Rc<Shared>,
}

/// Why a subscriber reads no more.
enum End {
    /// The connection is over.
    Closed,
    /// The book differs from the server's: it is rebuilt.
    Desynced,
    /// It went away.
    Dropped,
    /// The soak is over and the book was compared.
    Over,
}

/// What a subscriber receives.
enum Received {
    Text(Bytes),
    /// Nothing for a while, and nothing moves any more.
    Nothing,
    /// The book was compared.
    End,
}

impl Subscriber {
    /// Keeps a book until the end, then compares it with the server.
    pub(super) async fn run(mut self) {
        let mut book: Option<Book> = None;
        loop {
            match self.keep(&mut book).await {
                Ok(End::Over) => return,
                Ok(End::Desynced) => book = None,
                Ok(End::Dropped) => {
                    let gone = self
                        .interruptions
                        .as_mut()
                        .map_or(0, |interruptions| interruptions.between(GONE_MS.0, GONE_MS.1));
                    sleep(Duration::from_millis(gone)).await;
                }
                // The server is away.
                Ok(End::Closed) | Err(_) => sleep(RETRY).await,
            }
        }
    }

    async fn keep(&mut self, kept: &mut Option<Book>) -> Result<End> {
        let resumes = self.interruptions.is_some() && kept.is_some();
        let stream = match self.start {
            BookStart::Stream if !resumes => "depthSnapshot",
            _ => "depth",
        };
        let path = format!("/ws/{}@{stream}@100ms", self.market.name.to_lowercase());
        let buffer = self.interruptions.as_ref().map(|_| SMALL_BUFFER);
        let mut socket = Socket::open(self.shared.client.base(), &path, buffer).await?;
        let first = match self.next(&mut socket, kept.as_ref()).await? {
            Received::Text(first) => Some(first),
            Received::Nothing => None,
            Received::End => return Ok(End::Over),
        };
        let old = kept.take();
        let started = match (&first, stream) {
            (Some(first), "depthSnapshot") => self.start(first)?,
            _ => {
                // Where nothing moves any more, the server's last update is the first thing that follows.
                let joins = match &first {
                    Some(first) => serde_json::from_slice::<Diff<'_>>(first).context("not a diff")?.first,
                    None => self.shared.final_book(self.market.name).map_or(0, |book| book.last + 1),
                };
                let caught_up = match old.clone().filter(|_| resumes) {
                    Some(old) => self.catch_up(old, joins).await?,
                    None => None,
                };
                match caught_up {
                    Some(book) => Some(book),
                    None => Some(self.take_snapshot(joins).await?),
                }
            }
        };
        let pending = first.filter(|_| stream != "depthSnapshot");
        let Some(book) = started else { return Ok(End::Desynced) };
        if let Some(old) = old.filter(|old| old.last > book.last) {
            self.problem(format!("restarted at {}, before {}", book.last, old.last));
        }
        self.follow(socket, kept.insert(book), pending).await
    }

    /// Applies incoming diffs.
    async fn follow(
        &mut self,
        mut socket: Socket,
        book: &mut Book,
        mut pending: Option<Bytes>,
    ) -> Result<End> {
        let mut interruption = self.interruption();
        loop {
            let text = match pending.take() {
                Some(text) => text,
                None => tokio::select! {
                    received = self.next(&mut socket, Some(&*book)) => match received {
                        Ok(Received::Text(text)) => text,
                        Ok(Received::End) => return Ok(End::Over),
                        // The diffs that lead to the end are on their way.
                        Ok(Received::Nothing) => continue,
                        Err(_) => return Ok(End::Closed),
                    },
                    () = interruption.as_mut() => {
                        if self.suffer().await {
                            return Ok(End::Dropped);
                        }
                        interruption = self.interruption();
                        continue;
                    }
                },
            };
            let diff: Diff<'_> = serde_json::from_slice(&text).context("not a diff")?;
            match book.apply(&diff)? {
                Applied::Old => {}
                Applied::Followed { was_checked } => self.shared.count(|report| {
                    report.diffs += 1;
                    report.checked += u64::from(was_checked);
                }),
                Applied::Gap => {
                    self.problem(format!("{}..={} after {}", diff.first, diff.last, book.last));
                    return Ok(End::Desynced);
                }
                Applied::Wrong => {
                    self.problem(format!("another checksum at {}", diff.last));
                    return Ok(End::Desynced);
                }
            }
        }
    }

    /// Waits for the next text; compares the book with the server's last once it has come there.
    async fn next(&self, socket: &mut Socket, book: Option<&Book>) -> Result<Received> {
        loop {
            let expected = self.shared.final_book(self.market.name);
            if let Some(expected) = &expected
                && let Some(book) = book.filter(|book| book.last >= expected.last)
            {
                self.shared.count(|report| report.books_compared += 1);
                if book != expected {
                    self.problem(format!("another book in the end, at {}", expected.last));
                }
                return Ok(Received::End);
            }
            match timeout(LOOK, socket.receive()).await {
                Ok(Some(text)) => return Ok(Received::Text(text)),
                Ok(None) => bail!("closed"),
                Err(_) if expected.is_some() => return Ok(Received::Nothing),
                Err(_) => {}
            }
        }
    }

    /// Starts from the first message of the stream.
    fn start(&self, first: &[u8]) -> Result<Option<Book>> {
        let snapshot: Snapshot<'_> = serde_json::from_slice(first).context("not a snapshot")?;
        self.shared.count(|report| report.snapshots += 1);
        let book = Book::of(&snapshot)?;
        if book.is_none() {
            self.problem(format!("a snapshot with another checksum at {}", snapshot.last));
        }
        Ok(book)
    }

    /// Takes a snapshot that a diff from `joins` on follows.
    async fn take_snapshot(&self, joins: u64) -> Result<Book> {
        loop {
            let book = snapshot(&self.shared, self.market.name).await?;
            if book.last + 1 >= joins {
                self.shared.count(|report| report.snapshots += 1);
                return Ok(book);
            }
            sleep(RETRY).await;
        }
    }

    /// Requests what was missed before a diff from `joins` on; `None` when it cannot be had any more.
    async fn catch_up(&self, mut book: Book, joins: u64) -> Result<Option<Book>> {
        const OUT_OF_REACH: i64 = -94_001;
        if joins <= book.last + 1 {
            return Ok(Some(book));
        }
        while book.last + 1 < joins {
            let (from, to) = ((book.last + 1).to_string(), (joins - 1).to_string());
            let parameters = [("symbol", self.market.name), ("fromU", &from), ("toU", &to)];
            let missed = match self.shared.client.get("/x/v1/depth/diff", &parameters).await {
                Ok(missed) => missed,
                Err(ClientError::Refused { code: OUT_OF_REACH, .. }) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let Value::Array(missed) = missed else { bail!("not diffs: {missed}") };
            if missed.is_empty() {
                self.problem(format!("nothing between {} and {joins}", book.last));
                return Ok(None);
            }
            for missed in missed {
                let text = missed.to_string();
                match book.apply(&serde_json::from_str(&text)?)? {
                    Applied::Gap | Applied::Wrong => {
                        self.problem(format!("the missed diff {}..={}", missed["U"], missed["u"]));
                        return Ok(None);
                    }
                    Applied::Followed { .. } | Applied::Old => {}
                }
            }
        }
        self.shared.count(|report| report.resumed += 1);
        Ok(Some(book))
    }

    /// The time of the next stall or drop: never, for most.
    fn interruption(&mut self) -> Pin<Box<dyn Future<Output = ()>>> {
        match &mut self.interruptions {
            Some(interruptions) => {
                let at =
                    Instant::now() + Duration::from_millis(interruptions.between(READING_MS.0, READING_MS.1));
                Box::pin(sleep_until(at))
            }
            None => Box::pin(std::future::pending()),
        }
    }

    /// Reads nothing for a while, or says that it is to be gone.
    async fn suffer(&mut self) -> bool {
        let Some(interruptions) = &mut self.interruptions else { return false };
        let is_drop = interruptions.chance(50);
        if is_drop {
            self.shared.count(|report| report.drops += 1);
        } else {
            let stalled = interruptions.between(STALLED_MS.0, STALLED_MS.1);
            self.shared.count(|report| report.stalls += 1);
            sleep(Duration::from_millis(stalled)).await;
        }
        is_drop
    }

    fn problem(&self, what: String) {
        self.shared.desync(|| format!("{} of {}: {what}", self.name, self.market.name));
    }
}

/// Reads a whole book.
pub(super) async fn snapshot(shared: &Shared, symbol: &str) -> Result<Book> {
    let parameters = [("symbol", symbol), ("limit", "5000")];
    let text = shared.client.get("/api/v3/depth", &parameters).await?.to_string();
    let snapshot: Snapshot<'_> = serde_json::from_str(&text).context("not a book")?;
    Book::of(&snapshot)?.context("a book with another checksum")
}
