//! What the shards no longer remember, from the history.
//!
//! A shard is asked first: it knows the latest, and nearly every question is about the latest. Only when its answer may miss
//! something is the history asked, and it is given time to take in what was durable by then, so its answer misses nothing. When
//! it cannot be had, the shard's answer is given, and says since when it is whole.

use std::{future::Future, sync::Arc};

use actix_web::rt::time::timeout;

use super::request_context::RequestContext;
use crate::history::{HistoryError, Reader};

/// What the history answered, and the last frame it had taken in.
#[derive(Debug)]
pub(crate) struct HistoryAnswer<T> {
    pub(crate) answer: T,
    pub(crate) sequence: u64,
}

/// Asks the history about everything durable by now; `None` when it cannot be had in time.
pub(crate) async fn ask<T, F>(
    call: &RequestContext<'_>,
    question: impl FnOnce(Arc<Reader>) -> F + Send + 'static,
) -> Option<HistoryAnswer<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, HistoryError>> + Send + 'static,
{
    // When it is known to be away nobody waits to find out again.
    let history = call.state.history().filter(|history| !history.progress().is_down())?;
    let durable = call.state.exchange().durable();
    let asked = history.ask(move |reader| async move {
        let sequence = reader.reached(durable).await?;
        Ok(HistoryAnswer { answer: question(reader).await?, sequence })
    });
    match timeout(call.state.limits().read_patience, asked).await {
        Ok(Ok(answered)) => Some(answered),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the history cannot be asked");
            None
        }
        Err(_) => None,
    }
}
