//! What happens, as server-sent events or as lines of JSON: from a record on, and then live.
//!
//! A reader that does not read costs its place in the feed and nothing else. The next records are
//! only looked up once it has taken those before; what is no longer kept by then is told as
//! `lagged`.

use std::sync::Arc;
use std::time::Duration;

use althing_api::{Code, Problem};
use althing_feed::{Lagged, Record, Subscription};
use axum::body::Body;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout};

use crate::access::Granted;
use crate::process::Process;
use crate::streams::STREAMS_MAX;

/// Time after which a reader gets a sign of life if nothing happens.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Time between two pieces for one reader, in which records gather: a feed that tells thousands a
/// second would otherwise wake each reader for each of them.
const GATHERING: Duration = Duration::from_millis(10);

/// The size of a piece after which no further record is added to it, in bytes.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As server-sent events.
    Events,
    /// As lines of JSON.
    Lines,
}

impl Form {
    fn of(headers: &HeaderMap) -> Self {
        let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if accepts.contains("application/x-ndjson") { Self::Lines } else { Self::Events }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Events => "text/event-stream",
            Self::Lines => "application/x-ndjson",
        })
    }

    fn write(self, sequence: u64, line: &[u8], piece: &mut BytesMut) {
        match self {
            Self::Events => {
                piece
                    .extend_from_slice(format!("id: {sequence}\nevent: record\ndata: ").as_bytes());
                piece.extend_from_slice(line);
                piece.extend_from_slice(b"\n\n");
            }
            Self::Lines => {
                piece.extend_from_slice(line);
                piece.extend_from_slice(b"\n");
            }
        }
    }

    fn sign_of_life(self) -> &'static [u8] {
        match self {
            Self::Events => b": here\n\n",
            Self::Lines => b"\n",
        }
    }
}

/// A reader of events.
struct Stream {
    process: Process,
    granted: Granted,
    form: Form,
    records: Subscription,
    /// When it gets the next piece at the earliest.
    not_before: Instant,
    _place: OwnedSemaphorePermit,
}

/// Answers with what happens from record number `from` on; without it, with what happens next.
/// A record that is not told yet was one of a process that ran here before: then all is told anew.
pub(crate) fn stream(
    process: Process,
    granted: Granted,
    from: Option<u64>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let place = Arc::clone(&process.streams().places).try_acquire_owned().map_err(|_| {
        Problem::new(Code::Busy, format!("{STREAMS_MAX} others read the events already"))
    })?;
    let feed = process.feed();
    let records = match from {
        Some(from) if from > feed.range().end => feed.subscribe_from(0),
        Some(from) => feed.subscribe_from(from),
        None => feed.subscribe(),
    };
    let form = Form::of(headers);
    let not_before = Instant::now();
    let stream = Stream { process, granted, form, records, not_before, _place: place };
    let pieces = futures_util::stream::unfold(stream, |mut stream| async move {
        let piece = stream.piece().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), stream))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    response.headers_mut().insert(CONTENT_TYPE, form.content_type());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl Stream {
    /// Waits for the next piece; `None` when the process tells no more, or not to this reader.
    async fn piece(&mut self) -> Option<Bytes> {
        sleep_until(self.not_before).await;
        let next = timeout(KEEP_ALIVE, self.records.next()).await;
        if !self.granted.lasts() {
            return None;
        }
        let mut piece = BytesMut::new();
        match next {
            Ok(next) => self.add(&next?, &mut piece),
            Err(_) => return Some(Bytes::from_static(self.form.sign_of_life())),
        }
        while piece.len() < PIECE_BYTES_MAX
            && let Some(next) = self.records.try_next()
        {
            self.add(&next, &mut piece);
        }
        self.not_before = Instant::now() + GATHERING;
        Some(piece.freeze())
    }

    fn add(&mut self, next: &Result<Arc<Record>, Lagged>, piece: &mut BytesMut) {
        match next {
            Ok(record) => {
                let line = self.process.streams().line(record);
                self.form.write(record.sequence, &line, piece);
            }
            // It is told with the record that follows, which is there.
            Err(lagged) => {
                if let Some(Ok(record)) = self.records.try_next() {
                    let told = record.after(*lagged);
                    // Resuming after it goes on with the record that follows what is missing.
                    let last_missed = record.sequence.saturating_sub(1);
                    self.form.write(last_missed, told.to_json().as_bytes(), piece);
                    self.add(&Ok(record), piece);
                }
            }
        }
    }
}
