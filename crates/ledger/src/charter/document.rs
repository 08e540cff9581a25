//! A charter as a document that people read: TOML.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_text::{Name, Unknown, hex, line_at};
use althing_types::{PeerKey, UnixTime};
use serde::{Deserialize, Serialize};

use super::{
    ApplicationSettings, Charter, CharterProblem, FaultModel, Member, MemberIndex, Setting,
};
use crate::signature::Signature;

/// Bytes of a document; one with the most members has a tenth of them.
const DOCUMENT_BYTES_MAX: usize = 1 << 20;

/// A text that is not a charter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotACharter {
    /// It is too long.
    #[error("{bytes} bytes are too many for a charter")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// It is no TOML, or says something that a charter cannot say.
    #[error("line {line}: {reason}")]
    Unreadable {
        /// The line, counted from one.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// It can be read, and makes no sense.
    #[error(transparent)]
    Problem(#[from] CharterProblem),
}

/// The document, as its lines say it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Document {
    network: Name,
    /// Seconds since 1970.
    founded: u64,
    #[serde(default)]
    faults: FaultModel,
    /// Milliseconds.
    #[serde(default = "block_time")]
    block_time_ms: u64,
    #[serde(default)]
    difficulty: Limits,
    #[serde(default, rename = "application")]
    applications: Vec<ApplicationLines>,
    #[serde(default, rename = "member")]
    members: Vec<MemberLines>,
}

/// A block a second while there is nothing to add.
fn block_time() -> u64 {
    1000
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    #[serde(default)]
    least: u8,
    #[serde(default)]
    most: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplicationLines {
    name: Box<str>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    settings: BTreeMap<Box<str>, Setting>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberLines {
    name: Name,
    key: Digits<32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<Digits<64>>,
}

/// So many bytes in hexadecimal digits.
#[derive(Clone, Copy)]
struct Digits<const N: usize>([u8; N]);

impl<const N: usize> Serialize for Digits<N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Digits<N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = hex::decode(&text).ok().and_then(|bytes| bytes.try_into().ok());
        let reason =
            || serde::de::Error::custom(format!("it must be {} hexadecimal digits", 2 * N));
        bytes.map(Self).ok_or_else(reason)
    }
}

impl Charter {
    /// Returns the charter in a document. It is [checked](Charter::check), but need not be signed
    /// by all members yet.
    pub fn read(text: &str) -> Result<Self, NotACharter> {
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(NotACharter::TooLong { bytes: text.len() });
        }
        let document: Document = toml::from_str(text).map_err(|error| {
            let line = line_at(text, error.span().map_or(0, |span| span.start));
            let message = error.message();
            let reason = Unknown::of(message).map_or_else(|| plain(message), |it| it.to_string());
            NotACharter::Unreadable { line, reason }
        })?;
        let charter = Self::from(document);
        charter.check()?;
        Ok(charter)
    }

    /// Returns it as a document.
    pub fn to_document(&self) -> String {
        toml::to_string(&Document::from(self)).expect("a charter has only values that TOML has")
    }
}

fn plain(message: &str) -> String {
    message.replace('`', "").trim_end().replace('\n', "; ")
}

impl From<Document> for Charter {
    fn from(document: Document) -> Self {
        let signed = |(index, lines): (usize, &MemberLines)| {
            let index = MemberIndex(u16::try_from(index).ok()?);
            lines.signature.map(|digits| (index, Signature::from_bytes(digits.0)))
        };
        let signatures = document.members.iter().enumerate().filter_map(signed).collect();
        let member =
            |MemberLines { name, key, .. }| Member { name, key: PeerKey::from_bytes(key.0) };
        let application =
            |ApplicationLines { name, settings }| ApplicationSettings { name, settings };
        Self {
            network: document.network,
            founded: UnixTime::from_seconds(document.founded),
            faults: document.faults,
            block_time: Duration::from_millis(document.block_time_ms),
            difficulty: document.difficulty.least..=document.difficulty.most,
            applications: document.applications.into_iter().map(application).collect(),
            members: document.members.into_iter().map(member).collect(),
            signatures,
        }
    }
}

impl From<&Charter> for Document {
    fn from(charter: &Charter) -> Self {
        let member = |(index, member): (MemberIndex, &Member)| MemberLines {
            name: member.name.clone(),
            key: Digits(*member.key.as_bytes()),
            signature: charter
                .signatures
                .get(&index)
                .map(|signature| Digits(*signature.as_bytes())),
        };
        let application = |application: &ApplicationSettings| ApplicationLines {
            name: application.name.clone(),
            settings: application.settings.clone(),
        };
        Self {
            network: charter.network.clone(),
            founded: charter.founded.seconds(),
            faults: charter.faults,
            block_time_ms: u64::try_from(charter.block_time.as_millis()).unwrap_or(u64::MAX),
            difficulty: Limits {
                least: *charter.difficulty.start(),
                most: *charter.difficulty.end(),
            },
            applications: charter.applications.iter().map(application).collect(),
            members: charter.members().map(member).collect(),
        }
    }
}
