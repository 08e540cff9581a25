//! Profiles: networks that Althing joins, as data.
//!
//! The five pages are exercises that are set anew each term, so the programs that people write to
//! them are many, and rarely agree: on names, types and topics, on what is hashed, on who judges,
//! and on what is said when. A [`Profile`] says all that in a text file (TOML). One codec and one
//! engine follow it; the published programs of the five pages are profiles like any other.
//!
//! A profile takes all that it leaves out from another one, its `base`; without one from the
//! current exercise sheet, which [`Profile::default`] is.
//!
//! | file | question |
//! | --- | --- |
//! | `built_in` | which profiles are in every Althing? |
//! | `carrying` | over which bus and topics do messages go? |
//! | `chains` | how do networks with a chain differ? |
//! | `conduct` | how do peers meet, elect, ask and judge? |
//! | `fields` | which fields have messages? |
//! | `field` | how is a field of a message written? |
//! | `role` | what does a field say, and how do programs name it? |
//! | `identity` | which networks are the same? |
//! | `problems` | what is wrong with a profile? |
//! | `proving` | what is hashed, and what is signed? |
//! | `reading` | how is a file read, with its base? |
//! | `schema` | what may a file contain? |
//! | `showing` | how is a profile written? |
//! | `spelled` | which values are numbers or words? |

pub mod built_in;
mod carrying;
mod chains;
mod conduct;
mod field;
mod fields;
pub(crate) mod identity;
mod problems;
mod proving;
mod reading;
mod role;
pub mod schema;
mod showing;
mod spelled;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::carrying::{
    Amqp, Carrying, Exchange, ExchangeKind, Payload, SESSION, SHARED_UNNAMED, SOLVER, TopicNames,
    Transport,
};
pub(crate) use self::chains::BLOCK_FIELDS;
pub use self::chains::{
    AviaryRules, Choose, Cs60Rules, Data, EmptyStats, GossipName, NullReply, NumberForm, ReplyName,
    ReplyTo, StatsHeight,
};
pub use self::conduct::{
    Again, Compare, Election, ElectionRule, IdKind, Ids, Join, Judge, JudgedBy, Leader, Results,
    TieRule, VoteKind, Votes, YesForm,
};
pub use self::field::{Constant, Field};
pub use self::fields::{Fields, MessageKind, Names};
pub(crate) use self::problems::PPD_CANDIDATE;
pub use self::proving::{
    HashName, HashedText, InputBytes, KeyForm, Need, PuzzleRules, SignatureName, SignedPart,
    Signing, SolutionForm, Zeros,
};
pub use self::reading::{FILE_BYTES_MAX, Problem, Unreadable, read};
pub(crate) use self::role::ID_SPELLINGS;
pub use self::role::Role;
pub use self::spelled::{Announce, Bound, Code, Next, Often, Rows, Seconds, Wait};

/// What is known of the programs of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// The profile that has what this one leaves out: the name of a built-in one, or a file next to
    /// this one. Without it, this is the current exercise sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// What the network is called.
    pub name: String,
    /// What it is, in a sentence; not taken from a base.
    pub about: String,
    /// The kind of network.
    pub network: NetworkKind,
    /// Names for the fields of all messages, in short: what they come to is in `fields`, as it is
    /// shown of a profile that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Names>,
    /// How messages are carried.
    pub wire: Carrying,
    /// The objects of an AMQP broker.
    pub amqp: Amqp,
    /// The names of topics, or exchanges.
    pub topics: TopicNames,
    /// The fields of messages.
    pub fields: Fields,
    /// The ids of peers.
    pub id: Ids,
    /// What peers vote with in an election.
    pub vote: Votes,
    /// How peers meet, and when they are complete.
    pub join: Join,
    /// How a leader is elected.
    pub election: Election,
    /// What the leader asks, and when.
    pub leader: Leader,
    /// Whose judgement of solutions counts, and how it is said.
    pub judge: Judge,
    /// What solves a challenge.
    pub puzzle: PuzzleRules,
    /// Which messages are signed, and with what.
    pub sign: Signing,
    /// How programs of `aviary` differ.
    pub aviary: AviaryRules,
    /// How networks of `cs60` differ.
    pub cs60: Cs60Rules,
}

/// A kind of network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
    /// Peers elect a leader, which asks; who answers first is recorded.
    #[default]
    Rounds,
    /// Peers gossip over UDP, and keep a chain of short messages.
    Aviary,
    /// Peers from a tracker's list keep a chain with one piece of data per block.
    Cs60,
}

impl Default for Profile {
    /// Returns the current exercise sheet over MQTT.
    fn default() -> Self {
        Self {
            base: None,
            name: "sheet".into(),
            about: "The exercise sheet that classes get now, over MQTT: a leader by lot, which \
                    judges solutions."
                .into(),
            network: NetworkKind::Rounds,
            names: None,
            wire: Carrying::default(),
            amqp: Amqp::default(),
            topics: TopicNames::default(),
            fields: Fields::default(),
            id: Ids::default(),
            vote: Votes::default(),
            join: Join::default(),
            election: Election::default(),
            leader: Leader::default(),
            judge: Judge::default(),
            puzzle: PuzzleRules::default(),
            sign: Signing::default(),
            aviary: AviaryRules::default(),
            cs60: Cs60Rules::default(),
        }
    }
}

impl Profile {
    /// Returns whether the network has a kind of message.
    pub fn has(&self, kind: MessageKind) -> bool {
        !self.topics.of(kind).is_empty() && !self.fields.of(kind).is_empty()
    }

    /// Returns the kinds of messages that the network has.
    pub fn kinds(&self) -> impl Iterator<Item = MessageKind> + '_ {
        MessageKind::ALL.into_iter().filter(|kind| self.has(*kind))
    }

    /// Returns what is wrong with it, each with its key, as in `join.n`; nothing for one that was
    /// read, unless it was changed since.
    pub fn problems(&self) -> Vec<(String, String)> {
        problems::problems(self)
    }

    /// Returns what a person should know who relies on it, a sentence each.
    pub fn remarks(&self) -> Vec<&'static str> {
        let counts_late_votes = self.network == NetworkKind::Rounds
            && self.judge.by == JudgedBy::All
            && matches!(self.judge.bound, Bound::OfNext { .. });
        let stale = "judge.bound: so many votes are counted as they come, with late ones of \
                     earlier rows, as its programs do; \">N/2\" counts those of the row alone";
        let has_bounds = self.id.kind.is_number() || self.network != NetworkKind::Rounds;
        let usual = Ids::default();
        let says_bounds = (self.id.lo, self.id.hi) != (usual.lo, usual.hi);
        let unbounded = "id.lo, id.hi: only ids that are numbers have bounds; these have no effect";
        let stale = counts_late_votes.then_some(stale);
        stale.into_iter().chain((says_bounds && !has_bounds).then_some(unbounded)).collect()
    }

    /// Returns whether peers sign a kind of message.
    pub fn signs(&self, kind: MessageKind) -> bool {
        self.sign.alg != SignatureName::None && self.sign.messages.contains(&kind)
    }
}
