//! What can happen in a network with rounds.

use althing_engine::rounds::{self, CertifiedRecord, Rounds, Signed, Status};
use althing_engine::{Ground, Origin};
use althing_text::{Name, hex};
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::waiting::Waiting;
use super::{Event, Observed};
use crate::{Id, PeerEvent, PeerName};

/// What can happen to a peer of a network with rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RoundsEvent {
    /// A peer was heard for the first time.
    PeerJoined {
        /// The peer.
        joined: Id,
        /// Peers known now, this one included.
        known: usize,
    },
    /// A peer has said what it is called, which may be another name than before.
    PeerNamed {
        /// The peer.
        named: Id,
        /// Its name: a hint, since any peer may take any name.
        #[schemars(with = "String")]
        name: Name,
        /// Another peer whose name looks the same; only their ids tell them apart.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        like: Option<Id>,
    },
    /// The members are settled.
    MembershipSettled {
        /// Their ids, in order.
        members: Vec<Id>,
        /// Whether this peer is one.
        member: bool,
    },
    /// A leader has enough followers.
    LeaderElected {
        /// The leader.
        leader: Id,
        /// The term it leads in.
        #[schemars(with = "u64")]
        term: Term,
        /// The number it had drawn; null if not known.
        draw: Option<Id>,
        /// What each member has drawn, as far as this peer knows.
        #[serde(default)]
        draws: Vec<Draw>,
    },
    /// The leader asks for a solution.
    ChallengeIssued {
        /// The row it is for.
        #[schemars(with = "u64")]
        transaction: Transaction,
        /// The difficulty, in bits.
        #[schemars(with = "u16")]
        challenge: Difficulty,
        /// The leader.
        leader: Id,
    },
    /// A valid solution is known.
    SolutionFound {
        /// The row it is for.
        #[schemars(with = "u64")]
        transaction: Transaction,
        /// The peer that found it.
        finder: Id,
        /// The text that solves the challenge.
        #[schemars(with = "String")]
        seed: Seed,
    },
    /// A member has voted.
    VoteCast {
        /// The row it is for.
        #[schemars(with = "u64")]
        transaction: Transaction,
        /// The member.
        voter: Id,
        /// The solution it has voted on.
        #[schemars(with = "String")]
        seed: Seed,
        /// Yes is true.
        vote: bool,
    },
    /// A row has entered the table, and is on disk.
    RoundDecided {
        /// The row.
        #[serde(flatten)]
        row: Row,
        /// The members whose votes for it this peer had counted; others may have counted others.
        voters: Vec<Id>,
    },
    /// A vote is lost and the row is mined again; only where peers count as published programs do.
    RoundFailed {
        /// The row.
        #[schemars(with = "u64")]
        transaction: Transaction,
        /// Votes for the solution.
        yes: usize,
        /// Votes against it.
        no: usize,
    },
    /// Nothing can go on for now.
    Waiting(Waiting),
    /// Another copy of this peer has spoken: its data were copied, or are an old backup. This one
    /// no longer votes, and never will with these data.
    PeerCopied {},
    /// A member has contradicted itself in two signed messages, which are kept in the store: its
    /// data were copied, or it breaks the rules.
    MemberEquivocated {
        /// The member.
        member: Id,
        /// The contradiction, in words.
        reason: String,
        /// The signature under the first message, in hexadecimal digits.
        first: String,
        /// The signature under the second message.
        second: String,
    },
    /// All members are known to have every row asked for.
    AllRecorded {},
}

/// What a member has drawn in an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Draw {
    /// The member.
    pub peer: Id,
    /// A number; in ppd, the id of the member that it wants to lead.
    pub draw: Id,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Its number.
    #[schemars(with = "u64")]
    pub transaction: Transaction,
    /// The difficulty, in bits.
    #[schemars(with = "u16")]
    pub challenge: Difficulty,
    /// The text that solves the challenge.
    #[schemars(with = "String")]
    pub seed: Seed,
    /// The peer that found it.
    pub winner: Id,
    /// Votes for it that this peer had counted; others may have counted more or fewer.
    pub yes: usize,
    /// Votes against it that this peer had counted.
    pub no: u16,
}

impl Observed for Rounds {
    fn kind(signed: &Signed) -> &'static str {
        signed.message.kind()
    }

    fn event(&self, event: rounds::Event) -> Event {
        event.into()
    }

    fn speaker(&self, _: &Origin, signed: &Signed) -> Option<PeerName> {
        let peer = signed.message.peer();
        (peer != PeerId::UNNAMED).then(|| peer.into())
    }

    fn refusal(&self, event: &rounds::Event) -> Option<(Option<PeerName>, Ground, String)> {
        let rounds::Event::MessageRefused { claimed, reason } = event else { return None };
        let named = (*claimed != PeerId::UNNAMED).then(|| (*claimed).into());
        Some((named, reason.ground(), reason.to_string()))
    }

    fn started(status: &Status, _: u64, watching: bool) -> PeerEvent {
        PeerEvent::Started { rows: Some(status.rows), blocks: None, left_out: None, watching }
    }
}

impl From<rounds::Event> for Event {
    fn from(event: rounds::Event) -> Self {
        use rounds::Event as Of;
        Self::Rounds(match event {
            Of::PeerJoined { peer, known } => {
                RoundsEvent::PeerJoined { joined: peer.into(), known }
            }
            Of::PeerNamed { peer, name } => {
                RoundsEvent::PeerNamed { named: peer.into(), name, like: None }
            }
            Of::MembershipSettled { members, member } => RoundsEvent::MembershipSettled {
                members: members.into_iter().map(Id::from).collect(),
                member,
            },
            Of::LeaderElected { leader, term, draw, draws } => RoundsEvent::LeaderElected {
                leader: leader.into(),
                term,
                draw: draw.map(Id),
                draws: draws
                    .into_iter()
                    .map(|(peer, draw)| Draw { peer: peer.into(), draw: Id(draw) })
                    .collect(),
            },
            Of::ChallengeIssued { transaction, difficulty, leader } => {
                let leader = leader.into();
                RoundsEvent::ChallengeIssued { transaction, challenge: difficulty, leader }
            }
            Of::SolutionFound { transaction, finder, seed } => {
                RoundsEvent::SolutionFound { transaction, finder: finder.into(), seed }
            }
            Of::VoteCast { transaction, voter, seed, approve } => {
                RoundsEvent::VoteCast { transaction, voter: voter.into(), seed, vote: approve }
            }
            Of::RoundDecided(certified) => RoundsEvent::RoundDecided {
                voters: certified.votes.iter().map(|(voter, _)| (*voter).into()).collect(),
                row: certified.into(),
            },
            Of::RoundFailed { transaction, yes, no } => {
                RoundsEvent::RoundFailed { transaction, yes, no }
            }
            Of::Waiting(waiting) => RoundsEvent::Waiting(waiting.into()),
            Of::NetworkOverheard { network, peers } => {
                return PeerEvent::overheard(&network, peers).into();
            }
            Of::AllRecorded => RoundsEvent::AllRecorded {},
            Of::Copied => RoundsEvent::PeerCopied {},
            Of::Equivocated(equivocation) => {
                let [first, second] = equivocation.messages().map(|signed| {
                    signed.signature.map(|it| hex::encode(&it.bytes)).unwrap_or_default()
                });
                let (member, reason) = (equivocation.peer().into(), equivocation.to_string());
                RoundsEvent::MemberEquivocated { member, reason, first, second }
            }
            Of::PeerHeard { peer } => return PeerEvent::PeerHeard { heard: peer.into() }.into(),
            Of::PeerLost { peer } => return PeerEvent::PeerLost { lost: peer.into() }.into(),
            Of::MessageRefused { claimed, reason } => {
                return PeerEvent::refused(claimed, reason.ground(), reason.to_string()).into();
            }
        })
    }
}

impl From<CertifiedRecord> for Row {
    fn from(certified: CertifiedRecord) -> Self {
        let CertifiedRecord { record, votes, noes, .. } = certified;
        Self {
            transaction: record.transaction,
            challenge: record.difficulty,
            seed: record.seed,
            winner: record.winner.into(),
            yes: votes.len(),
            no: noes,
        }
    }
}
