//! What can happen, as plain data: each event is one JSON object with its name in `event`.
//!
//! | file | whose events |
//! | --- | --- |
//! | `peer` | every peer's, whatever its network |
//! | `rounds` | those of peers of a network with rounds |
//! | `waiting` | what such a peer is waiting for |
//! | `chain` | those of peers of a network with a chain |
//! | `assembly` | those of peers of an assembly |
//! | `miners` | those of miners that speak Stratum |
//! | `tracker` | a tracker's |
//! | `demo` | those of a network in one process, in which a user breaks things |
//! | `search` | those of a search for one puzzle's solution |
//! | `ids` | of any: which peers are they about? |

pub(crate) mod assembly;
pub(crate) mod chain;
pub(crate) mod demo;
mod ids;
pub(crate) mod miners;
pub(crate) mod peer;
pub(crate) mod rounds;
pub(crate) mod search;
pub(crate) mod tracker;
pub(crate) mod waiting;

use althing_engine::{Engine, Ground, Origin};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::assembly::AssemblyEvent;
use self::chain::ChainEvent;
use self::demo::DemoEvent;
use self::miners::MinersEvent;
use self::peer::PeerEvent;
use self::rounds::RoundsEvent;
use self::search::SearchEvent;
use self::tracker::TrackerEvent;
use crate::PeerName;

/// What has happened.
///
/// Names of events are unique within a group, and of two groups only where their fields differ, so
/// the groups need no mark of their own in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Event {
    /// To any peer.
    Peer(PeerEvent),
    /// In a network with rounds.
    Rounds(RoundsEvent),
    /// In a network with a chain.
    Chain(ChainEvent),
    /// In an assembly.
    Assembly(AssemblyEvent),
    /// Among the miners of a peer.
    Miners(MinersEvent),
    /// At a tracker.
    Tracker(TrackerEvent),
    /// In a network in one process, whose user breaks something, or mends it.
    Demo(DemoEvent),
    /// In a search for one puzzle's solution.
    Search(SearchEvent),
}

/// An engine whose events can be told. It is asked itself, since an event may name a member by its
/// number in a charter, which the engine knows.
pub trait Observed: Engine {
    /// Returns what kind of message this is, in a word or two, as in `vote`.
    fn kind(message: &Self::Message) -> &'static str;

    /// Returns the peer that a message is of, by its own word or by where it came from; `None` if
    /// neither says.
    fn speaker(&self, from: &Origin, message: &Self::Message) -> Option<PeerName>;

    /// Returns whose message was refused, why, and the reason in words, if this event is that one
    /// was.
    fn refusal(&self, event: &Self::Event) -> Option<(Option<PeerName>, Ground, String)>;

    /// Returns what an event of the engine is on the feed.
    fn event(&self, event: Self::Event) -> Event;

    /// Returns what is told when a peer begins, whose engine stands at `status`, and which has left
    /// out so many entries of its log as no longer valid; and whether it only watches.
    fn started(status: &Self::Status, left_out: u64, watching: bool) -> PeerEvent;
}

impl From<PeerEvent> for Event {
    fn from(event: PeerEvent) -> Self {
        Self::Peer(event)
    }
}

impl From<RoundsEvent> for Event {
    fn from(event: RoundsEvent) -> Self {
        Self::Rounds(event)
    }
}

impl From<ChainEvent> for Event {
    fn from(event: ChainEvent) -> Self {
        Self::Chain(event)
    }
}

impl From<AssemblyEvent> for Event {
    fn from(event: AssemblyEvent) -> Self {
        Self::Assembly(event)
    }
}

impl From<MinersEvent> for Event {
    fn from(event: MinersEvent) -> Self {
        Self::Miners(event)
    }
}

impl From<TrackerEvent> for Event {
    fn from(event: TrackerEvent) -> Self {
        Self::Tracker(event)
    }
}

impl From<DemoEvent> for Event {
    fn from(event: DemoEvent) -> Self {
        Self::Demo(event)
    }
}

impl From<SearchEvent> for Event {
    fn from(event: SearchEvent) -> Self {
        Self::Search(event)
    }
}
