//! Reads from the history what the shards no longer remember.
//!
//! A shard is asked first: it knows the latest, and nearly every query is about the latest. Only when its answer may be
//! incomplete is the history asked, and it is given time to ingest everything durable by then, so its answer is
//! complete. When the history is unavailable, the shard's answer is returned, with the id or time it is complete from.

use std::{future::Future, sync::Arc};

use actix_web::rt::time::timeout;

use super::request_context::RequestContext;
use crate::history::{HistoryError, Reader};

/// The rows from the history, and the last frame it had ingested.
#[derive(Debug)]
pub(crate) struct HistoryAnswer<T> {
    pub(crate) answer: T,
    pub(crate) sequence: u64,
}

/// Queries the history once it has ingested everything durable by now; `None` when it is not available in time.
pub(crate) async fn ask<T, F>(
    call: &RequestContext<'_>,
    question: impl FnOnce(Arc<Reader>) -> F + Send + 'static,
) -> Option<HistoryAnswer<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, HistoryError>> + Send + 'static,
{
    // When it is known to be down, requests do not wait to find out again.
    let history = call.state.history().filter(|history| !history.progress().is_down())?;
    let durable = call.state.exchange().durable();
    let asked = history.ask(move |reader| async move {
        let sequence = reader.reached(durable).await?;
        Ok(HistoryAnswer { answer: question(reader).await?, sequence })
    });
    match timeout(call.state.limits().read_patience, asked).await {
        Ok(Ok(answered)) => Some(answered),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the history cannot be queried");
            None
        }
        Err(_) => None,
    }
}
