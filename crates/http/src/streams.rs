//! What the readers of events share: places, and the JSON of the last records.

use std::sync::{Arc, Mutex, PoisonError};

use althing_feed::Record;
use bytes::Bytes;
use tokio::sync::Semaphore;

/// The maximum number of readers of events at a time.
pub const STREAMS_MAX: usize = 256;

/// Records whose JSON is kept, so that all readers share it.
const LINES_KEPT: usize = 1024;

/// What the readers of events share.
pub(crate) struct Streams {
    pub(crate) places: Arc<Semaphore>,
    /// The JSON of the last records, each at its number modulo the length.
    lines: Mutex<Vec<Option<(u64, Bytes)>>>,
}

impl Default for Streams {
    fn default() -> Self {
        let lines = Mutex::new(vec![None; LINES_KEPT]);
        Self { places: Arc::new(Semaphore::new(STREAMS_MAX)), lines }
    }
}

impl Streams {
    /// Returns a record as JSON.
    pub(crate) fn line(&self, record: &Record) -> Bytes {
        let place = usize::try_from(record.sequence % LINES_KEPT as u64).unwrap_or_default();
        let kept = self.lines.lock().unwrap_or_else(PoisonError::into_inner)[place].clone();
        if let Some((_, line)) = kept.filter(|(sequence, _)| *sequence == record.sequence) {
            return line;
        }
        let line = Bytes::from(record.to_json());
        let new = Some((record.sequence, line.clone()));
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)[place] = new;
        line
    }
}
