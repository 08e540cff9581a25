//! An assembly: the members of a charter, who vote on one block after the other.
//!
//! All rules are in the [`Charter`]; this says what messages look like as bytes, and which
//! applications a charter can name. What members say carries their signatures, each for itself, so
//! that it can be passed on and kept as proof; a message as a whole is not signed. See
//! `docs/protocol.md` for the bytes.
//!
//! | file | question |
//! | --- | --- |
//! | `fields` | which fields has each message? |
//! | `wire` | what surrounds the fields? |

pub mod fields;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use althing_applications::leases::LeaseSettings;
use althing_applications::{Leases, Notes, Router, leases, notes};
use althing_engine::simplex::{Message, Simplex};
use althing_engine::{Origin, Recipient};
use althing_ledger::assembly::genesis;
use althing_ledger::charter::{ChainId, Charter, MemberIndex};
use althing_ledger::{Application, Block, EntriesRefused, Entry, NativeBlock, Once, SignedEntry};
use althing_types::Channel;
use ed25519_dalek::SigningKey;

use crate::{Codec, Content, Malformed, NetworkConfig, Received, Wire};

/// The dialect of one assembly.
pub struct Assembly {
    charter: Arc<Charter>,
    chain: ChainId,
    /// No leases yet, if the charter has any.
    leases: Option<Leases>,
    /// The topic of all messages, where members share a bus.
    topic: String,
}

/// Why this program cannot keep what a charter says of its applications.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownApplication {
    /// It has no such application.
    #[error("this version of althing has no application {name:?}; it has {}", KNOWN.join(", "))]
    Name {
        /// What the charter calls it.
        name: Box<str>,
    },
    /// The settings of the leases make no sense.
    #[error("the application \"lease\": {0}")]
    Leases(#[from] LeaseSettings),
}

/// The applications that a charter can name.
const KNOWN: [&str; 2] = [leases::APPLICATION, notes::APPLICATION];

impl Assembly {
    /// Returns the dialect of the assembly with this charter, in a room of a bus; an empty one is
    /// the broker's whole space.
    pub fn new(charter: Arc<Charter>, room: &str) -> Result<Self, UnknownApplication> {
        let mut leases = None;
        for application in &charter.applications {
            match &*application.name {
                notes::APPLICATION => {}
                leases::APPLICATION => leases = Some(Leases::new(&charter, &application.settings)?),
                _ => return Err(UnknownApplication::Name { name: application.name.clone() }),
            }
        }
        let chain = charter.chain_id();
        let slash = if room.is_empty() { "" } else { "/" };
        // Enough digits that no other assembly has them.
        let digits = &chain.to_string()[..16];
        let topic = format!("{room}{slash}althing/assembly/{digits}");
        Ok(Self { charter, chain, leases, topic })
    }

    /// Returns the charter.
    pub fn charter(&self) -> &Arc<Charter> {
        &self.charter
    }

    /// Returns the hash of the charter.
    pub fn chain(&self) -> ChainId {
        self.chain
    }

    /// Returns the block with which the chain begins.
    pub fn genesis(&self) -> NativeBlock {
        genesis(&self.charter, &self.chain)
    }

    /// Returns the bytes of a block, as they are sent.
    pub fn encode_block(&self, block: &Block) -> Vec<u8> {
        crate::native_block::encode(block).unwrap_or_default()
    }

    /// Returns the block with these bytes, or what is wrong with them.
    pub fn decode_block(bytes: &[u8]) -> Result<NativeBlock, Malformed> {
        crate::native_block::decode_native(bytes)
    }

    /// Returns what entries mean, before the first of them.
    pub fn application(&self) -> Box<dyn Application> {
        let named = |name: &str| self.charter.applications.iter().any(|it| &*it.name == name);
        let mut router = Router::new();
        if named(notes::APPLICATION) {
            router = router.with(notes::APPLICATION, Box::new(Notes));
        }
        if let Some(leases) = &self.leases {
            router = router.with(leases::APPLICATION, Box::new(leases.clone()));
        }
        Box::new(Once::new(Box::new(router)))
    }

    /// Returns the leases of this assembly before any entry; `None` if its charter has none.
    pub fn leases(&self) -> Option<&Leases> {
        self.leases.as_ref()
    }

    /// Returns what the owner of `key` says about a lease; the nonce tells it from others, and is
    /// that by which its author knows a claim again.
    pub fn lease_entry(
        &self,
        key: &SigningKey,
        statement: &leases::Statement,
        nonce: u64,
    ) -> Entry {
        let (chain, payload) = (self.chain.for_entries(), statement.to_string());
        SignedEntry::sign(key, &chain, leases::APPLICATION, nonce, payload.as_bytes()).encode()
    }

    /// Returns a note of the owner of `key`, or why there can be none; the nonce tells it from
    /// others with the same text.
    pub fn note(&self, key: &SigningKey, text: &str, nonce: u64) -> Result<Entry, EntriesRefused> {
        let (chain, payload) = (self.chain.for_entries(), text.as_bytes());
        let note = SignedEntry::sign(key, &chain, notes::APPLICATION, nonce, payload).encode();
        Notes::text_of(&note).map(|_| note)
    }

    /// Returns the topic of all messages, and that of last wills.
    pub fn topics(&self) -> [String; 2] {
        [self.topic.clone(), format!("{}/gone", self.topic)]
    }

    /// Returns what a broker is to publish when a member's connection breaks.
    pub fn last_will(&self, member: MemberIndex) -> Wire {
        let [_, gone] = self.topics();
        Wire { to: Channel::topic(gone), payload: member.0.to_be_bytes().to_vec() }
    }
}

impl Codec for Assembly {
    type Engine = Simplex;

    fn network(&self) -> NetworkConfig {
        NetworkConfig::Assembly { network: self.charter.network.to_string(), chain: self.chain }
    }

    fn encode(&self, to: &Recipient, message: &Message) -> Vec<Wire> {
        let to = match to {
            Recipient::All => Channel::topic(self.topic.clone()),
            Recipient::One(address) => Channel::Address(address.clone()),
        };
        let payload = wire::encode(&self.chain, message);
        payload.map(|payload| Wire { to, payload }).into_iter().collect()
    }

    fn decode(&self, from: &Channel, payload: &[u8]) -> Received<Message> {
        let origin = Origin { address: from.as_address().cloned(), key: None };
        let is_gone = from.as_topic().is_some_and(|topic| topic.ends_with("/gone"));
        let content = match is_gone {
            true => Ok(wire::member(payload)
                .and_then(|index| self.charter.member(index))
                .map_or(Content::Nothing, |member| Content::PeerLost(member.id()))),
            false => wire::decode(&self.chain, payload).map(Content::Message),
        };
        Received { from: origin, content }
    }
}
