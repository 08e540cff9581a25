//! A peer's commands, timers and events.

use althing_pow::Unsolved;
use althing_text::Name;
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};

use super::equivocation::Equivocation;
use super::record::CertifiedRecord;
use super::waiting::Waiting;
use crate::{Ground, OtherNetwork, SearchId};

/// What the user of a peer may ask it to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Issue a challenge of this difficulty, or of one that the peer draws. Only a leader that
    /// waits for commands does so ([`Issuing::OnCommand`](super::Issuing)).
    Issue(Option<Difficulty>),
}

/// What a timer was for. One that comes late is recognised by its content and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Repeat what others may lack, and check who is silent.
    Repeat,
    /// Announce this peer, to newcomers since the last time or to those that may still come.
    Announce,
    /// Elect a leader without the members that have not drawn.
    DrawsOver(Term),
    /// Say our id, after so many times before, at the beginning (rule P14).
    Join(u8),
    /// Begin with the peers that are there (rule P14).
    JoinOver,
    /// Say what we drew for the leader of this row (rule P15).
    Draw(Transaction),
    /// Issue the challenge of this row, as the leader.
    Lead(Transaction),
    /// Ask the peers that were reported as lost, or suspect those that have not answered.
    Suspicion,
    /// Tell how many peers of other networks are here.
    Overheard,
    /// Request the rows from here on, if they are still missing.
    CatchUp(Transaction),
    /// Answer the challenge of this search with a solution from the cache.
    Known(SearchId),
    /// Answer the challenge of this row, now that it is our turn (rule P11).
    Answer(Transaction),
    /// Say again, for the given time in a row, what no peer seems to have heard of this row (rule
    /// P10).
    Again(Transaction, u32),
    /// Leave: all requested rows are recorded, and peers that lack some have had time to ask.
    Leave,
}

/// What has happened, for users, logs and scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A peer was heard for the first time.
    PeerJoined {
        /// The peer that was heard.
        peer: PeerId,
        /// How many are known now, itself included.
        known: usize,
    },
    /// A peer has said what it is called, which may be another name than before.
    PeerNamed {
        /// The peer.
        peer: PeerId,
        /// Its name: a hint for people, which any other peer may have as well.
        name: Name,
    },
    /// The members are settled.
    MembershipSettled {
        /// The members, in the order of their ids.
        members: Vec<PeerId>,
        /// Whether this peer is one.
        member: bool,
    },
    /// A leader has enough followers.
    LeaderElected {
        /// The member that leads.
        leader: PeerId,
        /// The term that it leads.
        term: Term,
        /// Its draw, if known.
        draw: Option<u128>,
        /// What each member has drawn, as far as this peer knows, in the order of their ids.
        draws: Vec<(PeerId, u128)>,
    },
    /// The leader has issued a challenge.
    ChallengeIssued {
        /// The row it is for.
        transaction: Transaction,
        /// Its difficulty.
        difficulty: Difficulty,
        /// The leader that issued it.
        leader: PeerId,
    },
    /// A peer has a valid solution.
    SolutionFound {
        /// The row it is for.
        transaction: Transaction,
        /// The peer that found it, this one perhaps.
        finder: PeerId,
        /// What solves the challenge.
        seed: Seed,
    },
    /// A peer has voted.
    VoteCast {
        /// The row it is for.
        transaction: Transaction,
        /// The member that voted.
        voter: PeerId,
        /// The solution.
        seed: Seed,
        /// Whether it is a yes.
        approve: bool,
    },
    /// A row has entered the table, and is on disk.
    RoundDecided(CertifiedRecord),
    /// A vote was lost: the members voted no, and mine the same row again.
    RoundFailed {
        /// The row.
        transaction: Transaction,
        /// The number of yes votes.
        yes: usize,
        /// The number of no votes.
        no: usize,
    },
    /// A message was dropped.
    MessageRefused {
        /// The peer that it names as its sender.
        claimed: PeerId,
        /// The rule that the message broke.
        reason: Refusal,
    },
    /// A peer has been silent for long, or its connection broke.
    PeerLost {
        /// The member that has not been heard.
        peer: PeerId,
    },
    /// A member that was lost is heard again.
    PeerHeard {
        /// The member.
        peer: PeerId,
    },
    /// Another copy of this peer has spoken: this one no longer votes, for good (rule I5).
    Copied,
    /// A member has contradicted itself in signed messages (rule I6).
    Equivocated(Equivocation),
    /// The peer cannot make progress for now.
    Waiting(Waiting),
    /// Peers of another network are in this room: most likely a peer has the wrong options.
    NetworkOverheard {
        /// The network, and how to join it.
        network: OtherNetwork,
        /// How many peers of it were heard.
        peers: usize,
    },
    /// Every member is known to have recorded the last requested row.
    AllRecorded,
}

/// Why a message was dropped: one variant for each rule it can break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Rule A1.
    #[error("the sender is not a member")]
    Stranger,
    /// Rule A2.
    #[error("the sender signs its messages, and this one has no signature")]
    SignatureMissing,
    /// Rule A2.
    #[error("the signature is not the sender's")]
    SignatureWrong,
    /// Rule A3.
    #[error("the sender is known with another key")]
    SecondKey,
    /// Rule A3.
    #[error("members of this network must announce a key")]
    KeyMissing,
    /// Rule A4.
    #[error("another peer impersonates this one")]
    Impersonation,
    /// Rule P20.
    #[error(
        "another peer has the same id; stop one of the two, and start it with another one (--id)"
    )]
    SharedId,
    /// Rule A5.
    #[error(
        "it names no term: only a published program says this, and those are met with --variant \
         published"
    )]
    Plain,
    /// Rule I4.
    #[error("the sender has started again since")]
    EarlierStart,
    /// Rule I6.
    #[error("a second peer speaks with the sender's identity")]
    SecondStart,
    /// Rule G5.
    #[error("too many peers have announced themselves")]
    TooManyPeers,
    /// Rule G6.
    #[error("the sender has another membership ({theirs}, ours is {ours})")]
    OtherMembership {
        /// The sender's.
        theirs: String,
        /// Ours.
        ours: String,
    },
    /// Rule G8.
    #[error("the sender has had too many names")]
    TooManyNames,
    /// Rule E1.
    #[error("a draw of {draw} is above {draw_max}")]
    DrawTooHigh {
        /// The draw.
        draw: u128,
        /// The highest allowed draw.
        draw_max: u128,
    },
    /// Rule E2.
    #[error("a second draw for term {term}")]
    SecondDraw {
        /// The term.
        term: Term,
    },
    /// Rule E3.
    #[error("a second promise in term {term}")]
    SecondPromise {
        /// The term.
        term: Term,
    },
    /// Rule C1.
    #[error("the sender is not the leader")]
    NotLeader,
    /// Rule C2.
    #[error("transaction {transaction} is over")]
    Past {
        /// The row.
        transaction: Transaction,
    },
    /// Rule C2.
    #[error("there is no transaction {transaction} yet")]
    Ahead {
        /// The row.
        transaction: Transaction,
    },
    /// Rule S1.
    #[error("not a solution: {0}")]
    NotASolution(Unsolved),
    /// Rule S2.
    #[error("a second solution for transaction {transaction}")]
    SecondSolution {
        /// The row.
        transaction: Transaction,
    },
    /// Rule V3.
    #[error("a second vote in transaction {transaction}")]
    SecondVote {
        /// The row.
        transaction: Transaction,
    },
    /// Rule V4.
    #[error("a vote for an invalid solution: {0}")]
    VoteForNoSolution(Unsolved),
    /// Rule V4.
    #[error("a vote for a solution of {winner}, which is not a member")]
    VoteForStranger {
        /// The peer that is named as the finder of the solution.
        winner: PeerId,
    },
    /// Rule V5.
    #[error("a vote against a solution that solves the challenge")]
    VoteAgainstSolution,
    /// Rule R1.
    #[error("the certificate of transaction {transaction} has too few votes")]
    CertificateTooThin {
        /// The row.
        transaction: Transaction,
    },
    /// Rule P7.
    #[error("the same draw again")]
    Repeated,
    /// Rule Q1.
    #[error("more messages wait than this peer keeps")]
    QueueFull,
    /// Rule Q2.
    #[error("this network has no such message")]
    Unexpected,
}

impl Refusal {
    /// Returns what it is, for scripts and pages.
    pub fn ground(&self) -> Ground {
        use Ground as Of;
        match self {
            // Before the members are settled, an honest peer may take itself for one.
            Self::Stranger => Of::harmless("stranger", "A1"),
            Self::SignatureMissing => Of::breach("signature_missing", "A2"),
            Self::SignatureWrong => Of::breach("signature_wrong", "A2"),
            Self::SecondKey => Of::breach("second_key", "A3"),
            // Its key may have been said before this peer was there.
            Self::KeyMissing => Of::harmless("key_missing", "A3"),
            Self::Impersonation => Of::breach("impersonation", "A4"),
            Self::SharedId => Of::harmless("shared_id", "P20"),
            Self::Plain => Of::breach("plain", "A5"),
            // A network may deliver late, or twice.
            Self::EarlierStart => Of::harmless("earlier_start", "I4"),
            Self::SecondStart => Of::breach("second_start", "I6"),
            Self::TooManyPeers => Of::harmless("too_many_peers", "G5"),
            Self::OtherMembership { .. } => Of::harmless("other_membership", "G6"),
            Self::TooManyNames => Of::harmless("too_many_names", "G8"),
            Self::DrawTooHigh { .. } => Of::breach("draw_too_high", "E1"),
            Self::SecondDraw { .. } => Of::breach("second_draw", "E2"),
            Self::SecondPromise { .. } => Of::breach("second_promise", "E3"),
            Self::NotLeader => Of::breach("not_leader", "C1"),
            Self::Past { .. } => Of::harmless("past", "C2"),
            Self::Ahead { .. } => Of::breach("ahead", "C2"),
            Self::NotASolution(_) => Of::breach("not_a_solution", "S1"),
            Self::SecondSolution { .. } => Of::breach("second_solution", "S2"),
            Self::SecondVote { .. } => Of::breach("second_vote", "V3"),
            Self::VoteForNoSolution(_) => Of::breach("vote_for_no_solution", "V4"),
            Self::VoteForStranger { .. } => Of::breach("vote_for_stranger", "V4"),
            Self::VoteAgainstSolution => Of::breach("vote_against_solution", "V5"),
            Self::CertificateTooThin { .. } => Of::breach("certificate_too_thin", "R1"),
            Self::Repeated => Of::harmless("repeated", "P7"),
            Self::QueueFull => Of::harmless("queue_full", "Q1"),
            Self::Unexpected => Of::breach("unexpected", "Q2"),
        }
    }
}
