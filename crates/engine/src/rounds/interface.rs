use std::time::Duration;

use althing_pow::{Puzzle, Unsolved};
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};

use super::durable::{CertifiedRecord, Durable};
use super::message::Sealed;

/// What can happen to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Somebody tells this peer to ask for a solution, of this difficulty or of one that it draws.
    /// Heeded only by a leader that waits to be told ([`Issuing::OnCommand`](super::Issuing)).
    Issue(Option<Difficulty>),
    /// The peer is connected for the first time.
    Start,
    /// A message has arrived; our own come back too.
    Message(Sealed),
    /// A timer set by [`Output::SetTimer`] has run out.
    Timer(Timer),
    /// The search asked for by [`Output::Mine`] has found a solution.
    Solved {
        /// The row it was for.
        transaction: Transaction,
        /// What it found.
        seed: Seed,
    },
    /// The transport believes that a peer is gone; a hint, since a stranger may have said so.
    Lost(PeerId),
    /// The rows asked for by [`Output::Recall`], in order.
    Recalled(Vec<CertifiedRecord>),
}

/// What the driver must now do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Output {
    /// Put this on disk before anything that follows.
    Persist(Durable),
    /// Say this to all.
    Broadcast(Sealed),
    /// Hand back this timer after a while.
    SetTimer {
        /// How long.
        after: Duration,
        /// What for.
        timer: Timer,
    },
    /// Search for a solution, instead of any search still running.
    Mine {
        /// The row it is for.
        transaction: Transaction,
        /// The puzzle.
        puzzle: Puzzle,
        /// How hard it is.
        difficulty: Difficulty,
    },
    /// End the search.
    CancelMining,
    /// Hand back up to `count` rows, beginning with `from`.
    Recall {
        /// The first row.
        from: Transaction,
        /// How many at most.
        count: usize,
    },
    /// Tell whoever is watching.
    Event(Event),
}

/// What a timer was for. One that comes late is recognised by its content and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Repeat what others may lack, and see who is silent.
    Repeat,
    /// Say that we are here, to the newcomers since the last time or to those who may still come.
    Announce,
    /// Elect without those who have not drawn.
    DrawsOver(Term),
    /// Ask for a solution of this row, as the leader.
    Lead(Transaction),
    /// See whether the leader, or a peer said to be lost, has been heard since.
    Watch,
    /// Ask for the rows from here on, if they are still missing.
    CatchUp(Transaction),
}

/// What has happened, for people, logs and scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A peer was heard for the first time.
    PeerJoined {
        /// Who.
        peer: PeerId,
        /// How many are known now, itself included.
        known: usize,
    },
    /// The members are settled.
    RosterSettled {
        /// Who they are.
        members: Vec<PeerId>,
        /// Whether this peer is one.
        member: bool,
    },
    /// A leader has enough followers.
    LeaderElected {
        /// Who.
        leader: PeerId,
        /// In which term.
        term: Term,
        /// What it had drawn, if that is known.
        draw: Option<u128>,
    },
    /// The leader asks for a solution.
    ChallengeIssued {
        /// The row it is for.
        transaction: Transaction,
        /// How hard it is.
        difficulty: Difficulty,
        /// Who asks.
        leader: PeerId,
    },
    /// A peer has a valid solution.
    SolutionFound {
        /// The row it is for.
        transaction: Transaction,
        /// Who found it.
        finder: PeerId,
        /// What solves the challenge.
        seed: Seed,
    },
    /// A peer has voted.
    VoteCast {
        /// The row it is for.
        transaction: Transaction,
        /// Who voted.
        voter: PeerId,
        /// The solution.
        seed: Seed,
        /// Yes or no.
        approve: bool,
    },
    /// A row has entered the table, and is on disk.
    RoundDecided(CertifiedRecord),
    /// A vote was lost: the members said no, and mine the same row again.
    RoundFailed {
        /// The row.
        transaction: Transaction,
        /// How many said yes.
        yes: usize,
        /// How many said no.
        no: usize,
    },
    /// A message was dropped.
    MessageRefused {
        /// Who claims to have sent it.
        claimed: PeerId,
        /// Why.
        reason: Refusal,
    },
    /// A peer has been silent for long, or its connection broke.
    PeerLost {
        /// Who.
        peer: PeerId,
    },
    /// Nothing can go on for now.
    Waiting(Waiting),
    /// Every member is known to have recorded the last row asked for.
    AllRecorded,
}

/// What a peer is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Waiting {
    /// Too few have announced themselves.
    #[error("waiting for peers: {known} of {needed} are here")]
    Peers {
        /// How many are known.
        known: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Too few members can be heard for a majority of all.
    #[error("waiting for a majority: {heard} of {needed} members can be heard")]
    Majority {
        /// How many are heard, this peer included.
        heard: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A network that counts arrivals has gone silent, and its protocol has no way on.
    #[error("waiting for messages: the network has been silent since transaction {transaction}")]
    Arrivals {
        /// The first row not recorded.
        transaction: Transaction,
    },
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
    SealMissing,
    /// Rule A2.
    #[error("the signature is not the sender's")]
    SealWrong,
    /// Rule A3.
    #[error("the sender is known with another key")]
    SecondKey,
    /// Rule A3.
    #[error("members of this network must announce a key")]
    KeyMissing,
    /// Rule A4.
    #[error("somebody speaks in our name")]
    Impersonation,
    /// Rule G5.
    #[error("too many peers have announced themselves")]
    TooManyPeers,
    /// Rule G6.
    #[error("the sender counts with other members ({theirs}, we with {ours})")]
    OtherRoster {
        /// The sender's.
        theirs: String,
        /// Ours.
        ours: String,
    },
    /// Rule E1.
    #[error("a draw of {draw} is above {draw_max}")]
    DrawTooHigh {
        /// What was drawn.
        draw: u128,
        /// The highest number there is.
        draw_max: u128,
    },
    /// Rule E2.
    #[error("a second draw for term {term}")]
    SecondDraw {
        /// The term.
        term: Term,
    },
    /// Rule E3.
    #[error("a second naming in term {term}")]
    SecondNaming {
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
    #[error("a vote for what is no solution: {0}")]
    VoteForNoSolution(Unsolved),
    /// Rule V4.
    #[error("a vote for a solution of {winner}, who is not a member")]
    VoteForStranger {
        /// Whose solution it is said to be.
        winner: PeerId,
    },
    /// Rule R1.
    #[error("the certificate of transaction {transaction} has too few votes")]
    CertificateTooThin {
        /// The row.
        transaction: Transaction,
    },
    /// Rule Q1.
    #[error("more messages wait than this peer keeps")]
    QueueFull,
    /// Rule Q2.
    #[error("this network has no such message")]
    Unexpected,
}
