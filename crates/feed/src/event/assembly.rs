//! What can happen in an assembly.

use althing_engine::simplex::{self, Message, Simplex, SimplexStatus, WhyObserving};
use althing_engine::{Engine, Ground, Origin};
use althing_ledger::assembly::{Evidence, Seal, Signature, Statement};
use althing_ledger::charter::{Charter, Member, MemberIndex};
use althing_text::{Name, hex};
use althing_types::{BlockHash, Height, PeerId, View};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chain::{ChainEvent, entry_author, entry_text};
use super::{Event, Observed};
use crate::{Id, PeerEvent, PeerName};

/// What can happen to a peer of an assembly. Members are named by their ids, which the event
/// `charter_followed` gives with their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AssemblyEvent {
    /// The peer begins to follow its charter.
    CharterFollowed {
        /// The hash of the charter, which is the id of its chain.
        chain: String,
        /// The members, in the order of the charter.
        members: Vec<CharterMember>,
        /// How many of them decide.
        quorum: usize,
        /// Whether this peer is one of them.
        member: bool,
    },
    /// A view has begun.
    ViewEntered {
        /// The view.
        #[schemars(with = "u64")]
        view: View,
        /// The member that was drawn to lead it.
        leader: Id,
    },
    /// A quorum has notarized a block.
    BlockNotarized {
        /// The view.
        #[schemars(with = "u64")]
        view: View,
        /// The hash of the block.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        hash: BlockHash,
    },
    /// A view has ended without a block: a quorum has passed over its leader.
    LeaderPassedOver {
        /// The view.
        #[schemars(with = "u64")]
        view: View,
        /// The member that was drawn to lead it.
        leader: Id,
    },
    /// A quorum has finalized a block, or one after it: it is committed, for good.
    BlockCommitted {
        /// Its height.
        #[schemars(with = "u64")]
        height: Height,
        /// Its hash.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        hash: BlockHash,
        /// The view in which it was proposed.
        #[schemars(with = "u64")]
        view: View,
        /// The member that has made it.
        maker: Id,
        /// How many entries it has.
        entries: usize,
    },
    /// The leader of a view has proposed what the rules do not allow, and this peer has voted to
    /// pass over it.
    ProposalRefused {
        /// The view.
        #[schemars(with = "u64")]
        view: View,
        /// The member that leads it.
        leader: Id,
        /// The rule that the proposal breaks, in words.
        reason: String,
    },
    /// Too few members are heard for a quorum: nothing is committed until there are more.
    Standstill {
        /// How many are heard, this peer included.
        here: usize,
        /// How many it takes.
        needed: usize,
        /// The members that are not heard.
        missing: Vec<Id>,
    },
    /// Enough members are heard again.
    Resumed {},
    /// A member has said two things that contradict each other. Both are kept, signed.
    MemberContradicted {
        /// The member.
        member: Id,
        /// One thing that it has said.
        first: Word,
        /// The other one.
        second: Word,
    },
    /// The peer fetches committed blocks that others have.
    CatchingUp {
        /// The height of its own last one.
        #[schemars(with = "u64")]
        height: Height,
        /// The height that it has heard of.
        #[schemars(with = "u64")]
        target: Height,
    },
    /// The peer takes no part in the votes.
    Observing {
        /// The reason.
        why: Observer,
    },
    /// A quorum has committed a block that this peer finds invalid: too many members are dishonest,
    /// or this program has an error. It stops at the block before.
    Diverged {
        /// The hash of the block.
        #[serde(with = "crate::text_form")]
        #[schemars(with = "String")]
        hash: BlockHash,
        /// What is wrong with it, in words.
        reason: String,
    },
}

/// A member of a charter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CharterMember {
    /// Its id: the first half of its key.
    pub id: Id,
    /// Its name, which no other member has.
    #[schemars(with = "String")]
    pub name: Name,
}

/// Something that a member has said, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Word {
    /// What it is, in words.
    pub statement: String,
    /// The signature under it, in hexadecimal digits.
    pub signature: String,
}

/// Why a peer takes no part in the votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Observer {
    /// Its key is none of the charter's.
    NotAMember,
    /// What it may have said before is not on its disk.
    DiskLost,
    /// Another copy of it has spoken.
    Copied,
}

impl Observed for Simplex {
    fn kind(message: &Message) -> &'static str {
        message.kind()
    }

    fn speaker(&self, from: &Origin, message: &Message) -> Option<PeerName> {
        let member = message.speaker().and_then(|index| self.charter().member(index));
        let address = from.address.clone().map(PeerName::from);
        member.map(|member| member.id().into()).or(address)
    }

    fn refusal(&self, event: &simplex::Event) -> Option<(Option<PeerName>, Ground, String)> {
        let simplex::Event::MessageRefused { reason } = event else { return None };
        Some((None, reason.ground(), reason.to_string()))
    }

    fn event(&self, event: simplex::Event) -> Event {
        use simplex::Event as Of;
        let id = |index: MemberIndex| id_of(self, index);
        Event::Assembly(match event {
            Of::Started => AssemblyEvent::CharterFollowed {
                chain: self.chain().to_string(),
                members: CharterMember::all(self.charter()),
                quorum: self.charter().quorum(),
                member: Engine::status(self).me.is_some(),
            },
            Of::ViewEntered { view, leader } => {
                AssemblyEvent::ViewEntered { view, leader: id(leader) }
            }
            Of::Notarized { view, block } => AssemblyEvent::BlockNotarized { view, hash: block },
            Of::Nullified { view } => {
                let leader = self.charter().leader_of(&self.chain(), view);
                AssemblyEvent::LeaderPassedOver { view, leader: id(leader) }
            }
            Of::Committed { block, view, hash } => AssemblyEvent::BlockCommitted {
                height: block.coinbase.height,
                hash,
                view,
                maker: id(Seal::of(&block).map_or_else(MemberIndex::default, |seal| seal.maker)),
                entries: block.entries.len(),
            },
            Of::ProposalRefused { view, leader, reason } => AssemblyEvent::ProposalRefused {
                view,
                leader: id(leader),
                reason: reason.to_string(),
            },
            Of::Standstill { missing } => AssemblyEvent::Standstill {
                here: self.charter().members.len() - missing.len(),
                needed: self.charter().quorum(),
                missing: missing.into_iter().map(id).collect(),
            },
            Of::Resumed => AssemblyEvent::Resumed {},
            Of::Equivocated(Evidence { member, first, second }) => {
                let (first, second) = (first.into(), second.into());
                AssemblyEvent::MemberContradicted { member: id(member), first, second }
            }
            Of::CatchingUp { height, target } => AssemblyEvent::CatchingUp { height, target },
            Of::Observing(why) => AssemblyEvent::Observing { why: why.into() },
            Of::Diverged { block, reason } => {
                AssemblyEvent::Diverged { hash: block, reason: reason.to_string() }
            }
            Of::MemberSuspected { member } => {
                return PeerEvent::PeerLost { lost: id(member).peer().into() }.into();
            }
            Of::MemberHeard { member } => {
                return PeerEvent::PeerHeard { heard: id(member).peer().into() }.into();
            }
            Of::EntryPooled(entry) => {
                let (entry, author) = (entry_text(&entry), entry_author(&entry));
                return ChainEvent::EntryPooled { entry, author }.into();
            }
            Of::EntryRefused { entry, reason } => {
                let (entry, author) = (entry_text(&entry), entry_author(&entry));
                let reason = reason.to_string();
                return ChainEvent::EntryRefused { entry, author, reason }.into();
            }
            Of::MessageRefused { reason } => {
                let (ground, reason) = (reason.ground(), reason.to_string());
                return PeerEvent::refused(PeerId::UNNAMED, ground, reason).into();
            }
        })
    }

    /// It reads its blocks only now.
    fn started(_: &SimplexStatus, _: u64, watching: bool) -> PeerEvent {
        PeerEvent::Started { rows: None, blocks: None, left_out: None, watching }
    }
}

impl CharterMember {
    /// Returns the members of a charter, in order.
    pub fn all(charter: &Charter) -> Vec<Self> {
        let members = charter.members.iter();
        members.map(|it| Self { id: it.id().into(), name: it.name.clone() }).collect()
    }
}

impl From<(Statement, Signature)> for Word {
    fn from((statement, signature): (Statement, Signature)) -> Self {
        let (statement, signature) = (statement.to_string(), hex::encode(signature.as_bytes()));
        Self { statement, signature }
    }
}

/// Returns the id of a member.
fn id_of(peer: &Simplex, index: MemberIndex) -> Id {
    peer.charter().member(index).map_or(PeerId::UNNAMED, Member::id).into()
}

impl From<WhyObserving> for Observer {
    fn from(why: WhyObserving) -> Self {
        match why {
            WhyObserving::NotAMember => Self::NotAMember,
            WhyObserving::DiskLost => Self::DiskLost,
            WhyObserving::Copied => Self::Copied,
        }
    }
}
