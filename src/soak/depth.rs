//! A subscriber of depth: a book begun with a snapshot and kept by diffs, through stalls, drops and restarts.

use std::{pin::Pin, rc::Rc, time::Duration};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    accounts::Market,
    book::{Applied, Book, Diff, Snapshot},
    shared::{RETRY, Shared},
    socket::Socket,
};
use crate::feed::{client::ClientError, synthetic::Random};

/// What is kept of what an unlucky subscriber does not read: the rest stays with the server.
const SMALL_BUFFER: u32 = 4 << 10;
/// How long an unlucky subscriber reads before the next misfortune, is stalled, and is gone, in milliseconds.
const LUCKY_MS: (u64, u64) = (2_000, 8_000);
const STALLED_MS: (u64, u64) = (3_000, 25_000);
const GONE_MS: (u64, u64) = (500, 4_000);
/// How often a subscriber that hears nothing looks whether it is over.
const LOOK: Duration = Duration::from_millis(200);

/// How a book is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
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
    pub(super) beginning: Beginning,
    /// Drives its misfortunes, if it has any.
    pub(super) luck: Option<Random>,
    pub(super) shared: Rc<Shared>,
}

/// Why a subscriber reads no more.
enum End {
    /// The connection is over.
    Closed,
    /// The book is not the server's: another is begun.
    Desynced,
    /// It went away.
    Dropped,
    /// The soak is over and the book was compared.
    Over,
}

impl Subscriber {
    /// Keeps a book until the end, and compares it then.
    pub(super) async fn run(mut self) {
        let mut book: Option<Book> = None;
        loop {
            match self.keep(&mut book).await {
                Ok(End::Over) => return,
                Ok(End::Desynced) => book = None,
                Ok(End::Dropped) => {
                    let gone = self.luck.as_mut().map_or(0, |luck| luck.between(GONE_MS.0, GONE_MS.1));
                    sleep(Duration::from_millis(gone)).await;
                }
                // The server is away.
                Ok(End::Closed) | Err(_) => sleep(RETRY).await,
            }
        }
    }

    async fn keep(&mut self, kept: &mut Option<Book>) -> Result<End> {
        let goes_on = self.luck.is_some() && kept.is_some();
        let stream = match self.beginning {
            Beginning::Stream if !goes_on => "depthSnapshot",
            _ => "depth",
        };
        let path = format!("/ws/{}@{stream}@100ms", self.market.name.to_lowercase());
        let buffer = self.luck.as_ref().map(|_| SMALL_BUFFER);
        let mut socket = Socket::open(self.shared.client.base(), &path, buffer).await?;
        let Some(first) = self.next(&mut socket, kept.as_ref()).await? else { return Ok(End::Over) };
        let old = kept.take();
        let mut pending = None;
        let begun = if goes_on
            && let Some(book) = &old
            && let Some(caught_up) = self.catch_up(book.clone(), &first).await?
        {
            pending = Some(first);
            Some(caught_up)
        } else if stream == "depthSnapshot" {
            self.begin(&first)?
        } else {
            pending = Some(first.clone());
            self.take_snapshot(&first).await?
        };
        let Some(book) = begun else { return Ok(End::Desynced) };
        if let Some(old) = old.filter(|old| old.last > book.last) {
            self.wrong(format!("begun again at {}, before {}", book.last, old.last));
        }
        self.follow(socket, kept.insert(book), pending).await
    }

    /// Applies what comes.
    async fn follow(
        &mut self,
        mut socket: Socket,
        book: &mut Book,
        mut pending: Option<Bytes>,
    ) -> Result<End> {
        let mut misfortune = self.misfortune();
        loop {
            let text = match pending.take() {
                Some(text) => text,
                None => tokio::select! {
                    text = self.next(&mut socket, Some(&*book)) => match text {
                        Ok(Some(text)) => text,
                        Ok(None) => return Ok(End::Over),
                        Err(_) => return Ok(End::Closed),
                    },
                    () = misfortune.as_mut() => {
                        if self.suffer().await {
                            return Ok(End::Dropped);
                        }
                        misfortune = self.misfortune();
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
                    self.wrong(format!("{}..={} after {}", diff.first, diff.last, book.last));
                    return Ok(End::Desynced);
                }
                Applied::Wrong => {
                    self.wrong(format!("another checksum at {}", diff.last));
                    return Ok(End::Desynced);
                }
            }
        }
    }

    /// Waits for the next text; `None` when the book was compared with the server's last.
    async fn next(&self, socket: &mut Socket, book: Option<&Book>) -> Result<Option<Bytes>> {
        loop {
            if let Some(expected) = self.shared.final_book(self.market.name)
                && let Some(book) = book.filter(|book| book.last >= expected.last)
            {
                self.shared.count(|report| report.books_compared += 1);
                if *book != expected {
                    self.wrong(format!("another book in the end, at {}", expected.last));
                }
                return Ok(None);
            }
            match timeout(LOOK, socket.hear()).await {
                Ok(Some(text)) => return Ok(Some(text)),
                Ok(None) => bail!("closed"),
                Err(_) => {}
            }
        }
    }

    /// Begins with what the stream begins with.
    fn begin(&self, first: &[u8]) -> Result<Option<Book>> {
        let snapshot: Snapshot<'_> = serde_json::from_slice(first).context("not a snapshot")?;
        self.shared.count(|report| report.snapshots += 1);
        let book = Book::of(&snapshot)?;
        if book.is_none() {
            self.wrong(format!("a snapshot with another checksum at {}", snapshot.last));
        }
        Ok(book)
    }

    /// Takes a snapshot that reaches the first diff.
    async fn take_snapshot(&self, first: &[u8]) -> Result<Option<Book>> {
        let diff: Diff<'_> = serde_json::from_slice(first).context("not a diff")?;
        loop {
            let book = snapshot(&self.shared, self.market.name).await?;
            if book.last + 1 >= diff.first {
                self.shared.count(|report| report.snapshots += 1);
                return Ok(Some(book));
            }
            sleep(RETRY).await;
        }
    }

    /// Asks for what was missed before the first diff; `None` when it cannot be had any more.
    async fn catch_up(&self, mut book: Book, first: &[u8]) -> Result<Option<Book>> {
        const OUT_OF_REACH: i64 = -94_001;
        let diff: Diff<'_> = serde_json::from_slice(first).context("not a diff")?;
        if diff.first <= book.last + 1 {
            return Ok(Some(book));
        }
        while book.last + 1 < diff.first {
            let (from, to) = ((book.last + 1).to_string(), (diff.first - 1).to_string());
            let parameters = [("symbol", self.market.name), ("fromU", &from), ("toU", &to)];
            let missed = match self.shared.client.get("/x/v1/depth/diff", &parameters).await {
                Ok(missed) => missed,
                Err(ClientError::Refused { code: OUT_OF_REACH, .. }) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let Value::Array(missed) = missed else { bail!("not diffs: {missed}") };
            if missed.is_empty() {
                self.wrong(format!("nothing between {} and {}", book.last, diff.first));
                return Ok(None);
            }
            for missed in missed {
                let text = missed.to_string();
                match book.apply(&serde_json::from_str(&text)?)? {
                    Applied::Gap | Applied::Wrong => {
                        self.wrong(format!("the missed diff {}..={}", missed["U"], missed["u"]));
                        return Ok(None);
                    }
                    Applied::Followed { .. } | Applied::Old => {}
                }
            }
        }
        self.shared.count(|report| report.resumed += 1);
        Ok(Some(book))
    }

    /// When the next misfortune comes: never, for most.
    fn misfortune(&mut self) -> Pin<Box<dyn Future<Output = ()>>> {
        match &mut self.luck {
            Some(luck) => {
                let at = Instant::now() + Duration::from_millis(luck.between(LUCKY_MS.0, LUCKY_MS.1));
                Box::pin(sleep_until(at))
            }
            None => Box::pin(std::future::pending()),
        }
    }

    /// Reads nothing for a while, or says that it is to be gone.
    async fn suffer(&mut self) -> bool {
        let Some(luck) = &mut self.luck else { return false };
        let is_drop = luck.chance(50);
        if is_drop {
            self.shared.count(|report| report.drops += 1);
        } else {
            let stalled = luck.between(STALLED_MS.0, STALLED_MS.1);
            self.shared.count(|report| report.stalls += 1);
            sleep(Duration::from_millis(stalled)).await;
        }
        is_drop
    }

    fn wrong(&self, what: String) {
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
