//! What a peer is waiting for.

use std::fmt;

use althing_types::{PeerId, Transaction};
use serde::Serialize;

/// What a peer is waiting for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Waiting {
    /// Too few have announced themselves.
    #[error("waiting for peers: {known} of {needed} are here")]
    Peers {
        /// How many are known.
        known: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Too few peers have drawn for the same members, so these are not settled (rule G3).
    #[error(
        "waiting for the members to agree who they are: {adopted} of {needed} have, and not {}; a \
         peer that was given another --peers never does",
        Named(missing)
    )]
    Adoption {
        /// How many agree on the members, this peer included if it has.
        adopted: usize,
        /// How many must agree before the members are settled.
        needed: usize,
        /// Those that have not.
        missing: Vec<PeerId>,
    },
    /// Too few members can be heard for a majority of all.
    #[error("waiting for a majority: it takes {needed} members, and {heard} can be heard")]
    Majority {
        /// How many are heard, this peer included.
        heard: usize,
        /// How many are needed.
        needed: usize,
    },
    /// No leader is heard, and too few members take part in the election of another.
    #[error(
        "waiting for a leader: an election takes {needed} members, and {here} take part; {} cannot \
         be heard, or may not vote after a restart or beside a copy",
        Named(missing)
    )]
    Leader {
        /// How many take part, this peer included if it does.
        here: usize,
        /// How many are needed.
        needed: usize,
        /// The members that do not take part.
        missing: Vec<PeerId>,
    },
    /// The leader is there, and does not issue its challenge.
    #[error(
        "waiting for the leader, {leader}, to issue the challenge of transaction {transaction}"
    )]
    Challenge {
        /// The leader.
        leader: PeerId,
        /// The row.
        transaction: Transaction,
    },
    /// Too few members have voted on what the leader proposes.
    #[error(
        "waiting for votes on transaction {transaction}: {yes} of {needed} have said yes, and not \
         {}",
        Named(missing)
    )]
    Votes {
        /// The row.
        transaction: Transaction,
        /// How many have said yes in this term.
        yes: usize,
        /// How many are needed.
        needed: usize,
        /// The members that have not.
        missing: Vec<PeerId>,
    },
    /// No search can solve the challenge, so that only another peer's solution ends the row.
    #[error(
        "waiting for the leader: it keeps the solution of transaction {transaction} secret, and no \
         search finds it"
    )]
    Secret {
        /// The row.
        transaction: Transaction,
    },
    /// This peer has started again, and too few members have told it what they know (rule I3).
    #[error(
        "waiting to be confirmed after a restart: {confirmed} of {needed} other members have \
         answered{}",
        Unanswered(missing)
    )]
    Confirmation {
        /// How many have answered.
        confirmed: usize,
        /// How many are needed.
        needed: usize,
        /// Those that have not.
        missing: Vec<PeerId>,
    },
    /// This peer has heard a copy of itself, and no longer takes part (rule I5).
    #[error(
        "waiting for nothing more: another copy of this peer has spoken, and this one is silent \
         for good"
    )]
    Copied,
    /// This peer's connection was lost for a while in a network that counts messages as they
    /// arrive: it may have missed some that the others count, so it records nothing more (rule
    /// P19).
    #[error(
        "waiting for the next session: the connection was lost, and without what was missed \
         transaction {transaction} and later ones cannot be told; start again with the others when \
         they have ended"
    )]
    Missed {
        /// The first row not recorded.
        transaction: Transaction,
    },
    /// A network that counts messages as they arrive has not moved for long, whatever has arrived,
    /// and its protocol has no way to continue.
    #[error("waiting for messages: nothing has moved since transaction {transaction}")]
    Arrivals {
        /// The first row not recorded.
        transaction: Transaction,
    },
}

/// Peers by their names, the first few of many.
struct Named<'a>(&'a [PeerId]);

/// The maximum number of peers that a line names.
const NAMED_MAX: usize = 4;

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (named, more) = self.0.split_at(self.0.len().min(NAMED_MAX));
        for (index, peer) in named.iter().enumerate() {
            let is_last = more.is_empty() && index + 1 == named.len();
            let before = match index {
                0 => "",
                _ if is_last => " and ",
                _ => ", ",
            };
            write!(f, "{before}{peer}")?;
        }
        match (named.len(), more.len()) {
            (0, _) => f.write_str("any other"),
            (_, 0) => Ok(()),
            (_, more) => write!(f, " and {more} more"),
        }
    }
}

/// What to do about members that have not answered, which may be gone for good.
struct Unanswered<'a>(&'a [PeerId]);

impl fmt::Display for Unanswered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(missing) = self;
        if missing.is_empty() {
            return Ok(());
        }
        write!(
            f,
            ", and not {}; start again with --never-copied if those are gone for good and the data \
             of this peer were never copied",
            Named(missing)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_that_are_waited_for_are_named_but_not_hundreds_of_them() {
        let told = |count: u128| {
            let missing = (1..=count).map(PeerId::new).collect();
            Waiting::Leader { here: 2, needed: 3, missing }.to_string()
        };
        for (count, named) in [
            (1, "; 1 cannot"),
            (2, "; 1 and 2 cannot"),
            (4, "; 1, 2, 3 and 4 cannot"),
            (300, "; 1, 2, 3, 4 and 296 more cannot"),
        ] {
            assert!(told(count).contains(named), "{}", told(count));
        }
    }

    #[test]
    fn one_that_waits_to_be_confirmed_is_told_what_to_do() {
        let missing = vec![PeerId::new(7)];
        let told = Waiting::Confirmation { confirmed: 1, needed: 2, missing }.to_string();
        assert!(told.contains("not 7;") && told.contains("--never-copied"), "{told}");
        let told = Waiting::Confirmation { confirmed: 2, needed: 2, missing: Vec::new() };
        assert!(told.to_string().ends_with("have answered"), "{told}");
    }
}
