//! What a peer of a network with rounds is waiting for.

use std::fmt;

use althing_engine::rounds;
use althing_types::{PeerId, Transaction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Id;

/// What a peer is waiting for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Waiting {
    /// For peers: too few have announced themselves.
    Peers {
        /// Peers that can be heard, this one included.
        here: usize,
        /// Peers that are needed.
        needed: usize,
    },
    /// For peers that are here to agree who the members are; one that was given another number of
    /// members never does.
    Adoption {
        /// Members that have agreed, this peer included if it has.
        here: usize,
        /// Members that are needed.
        needed: usize,
        /// Those that have not.
        missing: Vec<Id>,
    },
    /// For a majority: too few members can be heard.
    Majority {
        /// Members that can be heard, this one included.
        here: usize,
        /// Members that are needed.
        needed: usize,
    },
    /// For a leader: too few members take part in an election.
    Leader {
        /// Members that take part, this peer included if it does.
        here: usize,
        /// Members that are needed.
        needed: usize,
        /// Those that do not: they cannot be heard, are not confirmed after a restart, or have
        /// heard a copy of themselves.
        missing: Vec<Id>,
    },
    /// For the challenge of a leader that is there.
    Challenge {
        /// The leader.
        leader: Id,
        /// The row.
        #[schemars(with = "u64")]
        transaction: Transaction,
    },
    /// For votes: too few members have said yes to what the leader proposes.
    Votes {
        /// The row.
        #[schemars(with = "u64")]
        transaction: Transaction,
        /// Members that have said yes in this term.
        here: usize,
        /// Members that are needed.
        needed: usize,
        /// Those that have not.
        missing: Vec<Id>,
    },
    /// For the leader: it keeps the solution secret, and no search finds it.
    Secret {
        /// The first row that is not recorded.
        #[schemars(with = "u64")]
        transaction: Transaction,
    },
    /// For the answers of other members, after a restart: the disk may be an old one, or a copy of
    /// one that is in use.
    Confirmation {
        /// Members that have answered.
        here: usize,
        /// Members that are needed.
        needed: usize,
        /// Those that have not.
        missing: Vec<Id>,
    },
    /// For nothing more: this peer has heard a copy of itself, and no longer takes part.
    Copied {},
    /// For the next session: the connection was lost in a network that counts messages, and without
    /// those that were missed no row can be told.
    Missed {
        /// The first row that is not recorded.
        #[schemars(with = "u64")]
        transaction: Transaction,
    },
    /// For messages: a network that counts them has not moved for long, and its protocol has no
    /// way on.
    Messages {
        /// The first row that is not recorded.
        #[schemars(with = "u64")]
        transaction: Transaction,
    },
}

impl From<rounds::Waiting> for Waiting {
    fn from(waiting: rounds::Waiting) -> Self {
        use rounds::Waiting as Of;
        let ids = |peers: Vec<PeerId>| peers.into_iter().map(Id::from).collect();
        match waiting {
            Of::Peers { known, needed } => Self::Peers { here: known, needed },
            Of::Adoption { adopted, needed, missing } => {
                Self::Adoption { here: adopted, needed, missing: ids(missing) }
            }
            Of::Majority { heard, needed } => Self::Majority { here: heard, needed },
            Of::Leader { here, needed, missing } => {
                Self::Leader { here, needed, missing: ids(missing) }
            }
            Of::Challenge { leader, transaction } => {
                Self::Challenge { leader: leader.into(), transaction }
            }
            Of::Votes { transaction, yes, needed, missing } => {
                Self::Votes { transaction, here: yes, needed, missing: ids(missing) }
            }
            Of::Secret { transaction } => Self::Secret { transaction },
            Of::Confirmation { confirmed, needed, missing } => {
                Self::Confirmation { here: confirmed, needed, missing: ids(missing) }
            }
            Of::Copied => Self::Copied {},
            Of::Missed { transaction } => Self::Missed { transaction },
            Of::Arrivals { transaction } => Self::Messages { transaction },
        }
    }
}

impl From<Waiting> for rounds::Waiting {
    fn from(waiting: Waiting) -> Self {
        use Waiting as Of;
        let peers = |ids: Vec<Id>| ids.into_iter().map(Id::peer).collect();
        match waiting {
            Of::Peers { here, needed } => Self::Peers { known: here, needed },
            Of::Adoption { here, needed, missing } => {
                Self::Adoption { adopted: here, needed, missing: peers(missing) }
            }
            Of::Majority { here, needed } => Self::Majority { heard: here, needed },
            Of::Leader { here, needed, missing } => {
                Self::Leader { here, needed, missing: peers(missing) }
            }
            Of::Challenge { leader, transaction } => {
                Self::Challenge { leader: leader.peer(), transaction }
            }
            Of::Votes { transaction, here, needed, missing } => {
                Self::Votes { transaction, yes: here, needed, missing: peers(missing) }
            }
            Of::Secret { transaction } => Self::Secret { transaction },
            Of::Confirmation { here, needed, missing } => {
                Self::Confirmation { confirmed: here, needed, missing: peers(missing) }
            }
            Of::Copied {} => Self::Copied,
            Of::Missed { transaction } => Self::Missed { transaction },
            Of::Messages { transaction } => Self::Arrivals { transaction },
        }
    }
}

/// The engine has the words, so that a peer's status and its events have the same.
impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rounds::Waiting::from(self.clone()).fmt(f)
    }
}
