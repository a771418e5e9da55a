//! Long-running work that ends on SIGINT or SIGTERM.

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// Runs the work in an actor system until it is done or a signal stops it; the processes it has started end with it.
///
/// # Errors
/// The work's own, or that it was interrupted.
pub(super) fn until_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    actix_web::rt::System::new().block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("no signal handler")?;
        tokio::select! {
            done = work => done,
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
            _ = terminate.recv() => bail!("interrupted"),
        }
    })
}
