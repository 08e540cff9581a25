//! The ways in which an invariant of tables can be broken.

use althing_engine::rounds::Record;
use althing_types::{PeerId, Term, Transaction};

/// A broken invariant: an honest peer of a network with rounds did what must never happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Two peers have different rows.
    #[error("{first_peer} recorded {first:?}, and {second_peer} {second:?}")]
    TwoTables {
        /// The peer that recorded first.
        first_peer: PeerId,
        /// Its row.
        first: Box<Record>,
        /// The peer that recorded something else.
        second_peer: PeerId,
        /// Its row.
        second: Box<Record>,
    },
    /// A row has fewer votes than it needs.
    #[error("{peer} recorded transaction {transaction} with {votes} votes")]
    TooFewVotes {
        /// The peer.
        peer: PeerId,
        /// The number of the row.
        transaction: Transaction,
        /// Different members that voted for it.
        votes: usize,
    },
    /// A row counts a member's vote twice.
    #[error("{peer} recorded transaction {transaction} with two votes of {voter}")]
    CountedTwice {
        /// The peer.
        peer: PeerId,
        /// The number of the row.
        transaction: Transaction,
        /// The member whose vote it is.
        voter: PeerId,
    },
    /// A row does not solve its challenge.
    #[error("{peer} recorded transaction {transaction} with a seed that is no solution")]
    NotASolution {
        /// The peer.
        peer: PeerId,
        /// The number of the row.
        transaction: Transaction,
    },
    /// A peer contradicts its own vote.
    #[error("{peer} said yes twice in transaction {transaction}, term {term}")]
    TwoVotes {
        /// The peer.
        peer: PeerId,
        /// The number of the row.
        transaction: Transaction,
        /// The term.
        term: Term,
    },
    /// A row names a vote that its voter never made durable.
    #[error("{peer} recorded a vote of {voter} in transaction {transaction} that it never cast")]
    InventedVote {
        /// The peer that recorded it.
        peer: PeerId,
        /// The member that is said to have voted.
        voter: PeerId,
        /// The number of the row.
        transaction: Transaction,
    },
    /// A peer contradicts its own promise.
    #[error("{peer} promised to follow two leaders in term {term}")]
    TwoPromises {
        /// The peer.
        peer: PeerId,
        /// The term.
        term: Term,
    },
    /// A peer records another row than the next one, or one twice.
    #[error("{peer} recorded transaction {found} where {wanted} is next")]
    OutOfOrder {
        /// The peer.
        peer: PeerId,
        /// The row that it recorded.
        found: Transaction,
        /// The first row that it lacks.
        wanted: Transaction,
    },
    /// A peer finds another state after a crash than it had before.
    #[error("{peer} came back with another {what} than it had")]
    Forgotten {
        /// The peer.
        peer: PeerId,
        /// The part of what it had on disk that has changed.
        what: &'static str,
    },
}
