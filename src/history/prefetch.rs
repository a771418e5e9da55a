//! Prefetches: the next frames are read and decoded while the database writes those before.

use tokio::task::{JoinHandle, spawn_blocking};

use super::service::{Source, SourceError};
use crate::domain::replica::Frame;

type Frames = Vec<(u64, Frame)>;

/// Frames, and whether there may be more at once.
type Read = Result<(Frames, bool), SourceError>;

/// A source that is always one batch ahead.
#[derive(Debug)]
pub struct Prefetch<S> {
    limit: usize,
    /// `None` while a read has it, and after one that failed.
    source: Option<S>,
    reading: Option<JoinHandle<(S, Read)>>,
    has_more: bool,
}

impl<S: Source + Send + 'static> Prefetch<S> {
    /// Reads about `limit` frames at once.
    pub const fn new(source: S, limit: usize) -> Self {
        Self { limit, source: Some(source), reading: None, has_more: false }
    }

    /// Returns the next frames; none when there are no more yet, as of now and not of when the prefetch started.
    ///
    /// # Errors
    /// They cannot be read, or could not be before: a source that failed is not read again.
    pub async fn next(&mut self) -> Result<Frames, SourceError> {
        let was_prefetched = self.reading.is_some();
        let mut frames = self.read().await?;
        if frames.is_empty() && was_prefetched {
            frames = self.read().await?;
        }
        // A read that no limit ended has no more for now.
        if self.has_more {
            self.start_read();
        }
        Ok(frames)
    }

    /// Returns whether a limit ended the last batch, so that the next one is there already.
    pub const fn has_more(&self) -> bool {
        self.has_more
    }

    fn start_read(&mut self) {
        let Some(mut source) = self.source.take() else { return };
        let limit = self.limit;
        self.reading = Some(spawn_blocking(move || {
            let mut frames = Frames::new();
            let read = source.read(limit, &mut frames).map(|has_more| (frames, has_more));
            (source, read)
        }));
    }

    async fn read(&mut self) -> Result<Frames, SourceError> {
        self.start_read();
        let reading = self.reading.take().ok_or("the source has failed before")?;
        let (source, frames) = reading.await?;
        let (frames, has_more) = frames?;
        (self.source, self.has_more) = (Some(source), has_more);
        Ok(frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{book::BookLimits, instruments::Instruments, replica::Terms};

    /// Hands out its batches, one a read; an empty read makes the next batch available.
    struct Script {
        batches: std::vec::IntoIter<Option<Vec<u64>>>,
    }

    impl Source for Script {
        fn read(&mut self, limit: usize, frames: &mut Frames) -> Result<bool, SourceError> {
            let batch = self.batches.next().unwrap_or_default().ok_or("broken")?;
            frames.extend(batch.into_iter().map(|number| (number, frame())));
            Ok(frames.len() >= limit)
        }
    }

    fn frame() -> Frame {
        Frame::Terms(Terms::of(&Instruments::default(), BookLimits::default()))
    }

    fn numbers(frames: &Frames) -> Vec<u64> {
        frames.iter().map(|(number, _)| *number).collect()
    }

    #[tokio::test]
    async fn every_frame_comes_once_in_order_and_what_came_meanwhile_is_not_called_nothing() {
        let some = |numbers: &[u64]| Some(numbers.to_vec());
        let batches = vec![some(&[1, 2]), some(&[3, 4]), some(&[]), some(&[5]), some(&[]), some(&[6])];
        let mut prefetch = Prefetch::new(Script { batches: batches.into_iter() }, 2);
        let mut seen = Vec::new();
        for _ in 0..5 {
            seen.push(numbers(&prefetch.next().await.unwrap()));
        }
        // The first empty read was started before the fourth batch was there; the second was not.
        assert_eq!(seen, [vec![1, 2], vec![3, 4], vec![5], vec![], vec![6]]);
    }

    #[tokio::test]
    async fn a_source_that_failed_is_not_asked_again() {
        let batches = vec![Some(vec![1]), None, Some(vec![2])];
        let mut prefetch = Prefetch::new(Script { batches: batches.into_iter() }, 1);
        assert_eq!(numbers(&prefetch.next().await.unwrap()), [1]);
        assert!(prefetch.next().await.is_err());
        assert!(prefetch.next().await.is_err());
    }
}
