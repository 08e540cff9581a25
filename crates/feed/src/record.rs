//! The record of an event: its number, its time, and the peer that reports it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use althing_text::Name;
use althing_text::terminal::escaped_json;
use althing_types::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Event, Id, PeerEvent, PeerName};

/// An event with its number, its time, and the peer that reports it. As JSON it is one flat object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The number of this record in its process, from 0 on, without holes.
    pub sequence: u64,
    /// When it was told, by the wall clock: RFC 3339 in UTC, with milliseconds.
    #[serde(with = "rfc_3339")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: SystemTime,
    /// Milliseconds since the process started, with microseconds after the point.
    #[serde(rename = "at_ms", with = "milliseconds")]
    #[schemars(with = "f64")]
    pub at: Moment,
    /// The network, by the name of its dialect; missing where there is none, as with a tracker.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub network: Option<Arc<str>>,
    /// The peer whose view this is; missing where there is none, as with miners.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub peer: Option<PeerName>,
    /// What the peers in this record are called, by their ids; missing if none of them has a name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub names: BTreeMap<Id, Name>,
    /// The event itself; in JSON its fields stand beside those of the record.
    #[serde(flatten)]
    pub event: Event,
}

/// The reader was too slow, and the oldest records that it had not read are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{missed} events were missed, because they were not read in time")]
pub struct Lagged {
    /// How many records are gone.
    pub missed: u64,
}

impl Record {
    /// Returns the record that tells a reader that records before this one are missing. It has the
    /// number of the first of them, and the time of this one.
    pub fn after(&self, lagged: Lagged) -> Self {
        let Lagged { missed } = lagged;
        Self {
            sequence: self.sequence.saturating_sub(missed),
            time: self.time,
            at: self.at,
            network: self.network.clone(),
            peer: self.peer.clone(),
            names: BTreeMap::new(),
            event: PeerEvent::Lagged { missed }.into(),
        }
    }

    /// Returns the record as a line of JSON, without its end. Strangers' texts in it do nothing to
    /// a terminal.
    pub fn to_json(&self) -> String {
        // A map with keys that are texts, and numbers that are finite, can always be written.
        let json = serde_json::to_string(self).expect("a record can be written as JSON");
        match escaped_json(&json) {
            Cow::Borrowed(_) => json,
            Cow::Owned(escaped) => escaped,
        }
    }
}

/// Returns the time now as it is written in a record: RFC 3339 in UTC, with milliseconds.
pub fn wall_clock() -> String {
    humantime::format_rfc3339_millis(now()).to_string()
}

/// Returns the time now, to the millisecond: what is written is what is compared.
pub(crate) fn now() -> SystemTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
    UNIX_EPOCH + Duration::from_millis(millis)
}

mod rfc_3339 {
    use super::{Deserialize, SystemTime};
    use serde::{Deserializer, Serializer};
    use std::borrow::Cow;

    pub(super) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_rfc3339_millis(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text).map_err(serde::de::Error::custom)
    }
}

mod milliseconds {
    use super::{Deserialize, Duration, Moment};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((at.since_start().as_secs_f64() * 1e6).round() / 1e3)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Moment, D::Error> {
        let milliseconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(milliseconds / 1e3)
            .map(Moment::from_start)
            .map_err(serde::de::Error::custom)
    }
}
