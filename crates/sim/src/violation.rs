use althing_engine::rounds::Record;
use althing_types::{PeerId, Term, Transaction};

/// Something that no run may ever show of an honest peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Two peers have different rows.
    #[error("{first_peer} recorded {first:?}, and {second_peer} {second:?}")]
    TwoTables {
        /// Who recorded first.
        first_peer: PeerId,
        /// What.
        first: Box<Record>,
        /// Who recorded something else.
        second_peer: PeerId,
        /// What.
        second: Box<Record>,
    },
    /// A row has fewer votes than it needs.
    #[error("{peer} recorded transaction {transaction} with {votes} votes")]
    TooFewVotes {
        /// Who.
        peer: PeerId,
        /// The row.
        transaction: Transaction,
        /// Different members that voted for it.
        votes: usize,
    },
    /// A row counts a member's vote twice.
    #[error("{peer} recorded transaction {transaction} with two votes of {voter}")]
    CountedTwice {
        /// Who.
        peer: PeerId,
        /// The row.
        transaction: Transaction,
        /// Whose vote.
        voter: PeerId,
    },
    /// A row does not solve its challenge.
    #[error("{peer} recorded transaction {transaction} with a seed that is no solution")]
    NotASolution {
        /// Who.
        peer: PeerId,
        /// The row.
        transaction: Transaction,
    },
    /// A peer contradicts its own vote.
    #[error("{peer} said yes twice in transaction {transaction}, term {term}")]
    TwoVotes {
        /// Who.
        peer: PeerId,
        /// The row.
        transaction: Transaction,
        /// The term.
        term: Term,
    },
    /// A row names a vote that its voter never made durable.
    #[error("{peer} recorded a vote of {voter} in transaction {transaction} that it never cast")]
    InventedVote {
        /// Who recorded it.
        peer: PeerId,
        /// Who is said to have voted.
        voter: PeerId,
        /// The row.
        transaction: Transaction,
    },
    /// A peer contradicts its own naming.
    #[error("{peer} named two leaders in term {term}")]
    TwoNamings {
        /// Who.
        peer: PeerId,
        /// The term.
        term: Term,
    },
    /// A peer records another row than the next one, or one twice.
    #[error("{peer} recorded transaction {found} where {wanted} is next")]
    OutOfOrder {
        /// Who.
        peer: PeerId,
        /// What it recorded.
        found: Transaction,
        /// What it lacks first.
        wanted: Transaction,
    },
    /// What a peer finds after a crash is not what it had.
    #[error("{peer} came back with another {what} than it had")]
    Forgotten {
        /// Who.
        peer: PeerId,
        /// What has changed.
        what: &'static str,
    },
    /// A queue of an engine has grown past its bound.
    #[error("{peer} keeps {len} {queue}, more than {max}")]
    Overflow {
        /// Who.
        peer: PeerId,
        /// Which queue.
        queue: &'static str,
        /// How much is in it.
        len: usize,
        /// How much may be.
        max: usize,
    },
}
