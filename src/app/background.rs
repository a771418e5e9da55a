//! The synthetic market on a thread of its own, over loopback HTTP like any client.

use std::{net::SocketAddr, sync::Arc, thread::JoinHandle};

use tokio::sync::oneshot;
use tokio_rustls::rustls::ClientConfig;
use tracing::{error, warn};

use crate::{
    client::Client,
    feed::synthetic::{self, Options},
};

/// The synthetic market, running.
#[derive(Debug)]
pub(super) struct Background {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts it against the server at `url`, which has this address and, with TLS, is recognised by `trust`.
    pub(super) fn start(
        url: &str,
        address: SocketAddr,
        trust: Option<Arc<ClientConfig>>,
        token: &str,
        options: Options,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let (url, token) = (url.to_owned(), token.to_owned());
        let thread = std::thread::Builder::new().name("synthetic".to_owned()).spawn(move || {
            let ran = actix::System::new().block_on(async {
                let client = match trust {
                    // The name is not looked at, but an IPv6 address would not do as one.
                    Some(trust) => {
                        let url = format!("https://localhost:{}", address.port());
                        Client::trusting(&url, trust).at(address)
                    }
                    None => Client::new(&url),
                };
                let client = client.with_operator(&token);
                let stop = async {
                    // A dropped sender means the same.
                    let _ = stopped.await;
                };
                synthetic::run(client, options, stop).await
            });
            if let Err(error) = ran {
                error!(%error, "the synthetic market did not start");
            }
            let _ = end.send(()); // no receiver is left when the process ends first
        });
        let thread = thread.map_err(|error| warn!(%error, "the synthetic market has no thread")).ok();
        Self { stop, ended, thread }
    }

    /// Stops it and waits until its quotes are cancelled.
    pub(super) async fn stop(self) {
        let _ = self.stop.send(()); // it may have ended already
        let _ = self.ended.await;
        if let Some(thread) = self.thread {
            let _ = thread.join(); // at its end already; a panic has been reported
        }
    }
}
