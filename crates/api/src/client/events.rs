//! What happens there, record by record.

use althing_feed::Record;
use bytes::{Buf, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::ClientError;

/// The longest line of a record that is read, in bytes.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Follows the records of a process.
pub struct Events {
    place: String,
    body: Incoming,
    /// What has come and was not returned yet.
    rest: BytesMut,
}

impl Events {
    pub(super) fn new(place: String, body: Incoming) -> Self {
        Self { place, body, rest: BytesMut::new() }
    }

    /// Waits for the next record; `None` when the process has ended. One that was too slow for
    /// some of them gets a record of the event `lagged` in their place.
    pub async fn next(&mut self) -> Result<Option<Record>, ClientError> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line = self.rest.split_to(end);
                self.rest.advance(1);
                // An empty line only says that the connection is still good.
                if line.is_empty() {
                    continue;
                }
                return serde_json::from_slice(&line)
                    .map(Some)
                    .map_err(|error| self.foreign(&error));
            }
            if self.rest.len() > LINE_BYTES_MAX {
                return Err(self.foreign(&"a record is too long"));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.rest.extend_from_slice(data);
                    }
                }
                Some(Err(_)) => return Err(ClientError::Left { place: self.place.clone() }),
            }
        }
    }

    fn foreign(&self, reason: &dyn std::fmt::Display) -> ClientError {
        ClientError::Foreign { place: self.place.clone(), reason: reason.to_string() }
    }
}
