//! A member that watches leases, and says which of them have lapsed.

use std::collections::BTreeMap;

use althing_types::{Moment, PeerKey};

use super::{FencingToken, LeaseName, Leases, Statement};

/// Watches the leases of a chain by one member's clock.
///
/// It is right, whatever others do: a renewal that is not in the chain when it looks has not been
/// there at any time since it first saw the one before. Where its clock runs at the same rate as
/// that of the holder, give or take some, the holder has given up by then ([`Candidate`]).
///
/// [`Candidate`]: super::Candidate
#[derive(Debug)]
pub struct Witness {
    me: PeerKey,
    seen: BTreeMap<LeaseName, Seen>,
}

/// A lease as it was last seen.
#[derive(Clone, Copy, Debug)]
struct Seen {
    token: FencingToken,
    renewal: u64,
    /// When it has lapsed, or when to say so again if the others have not heard it.
    due: Moment,
}

impl Witness {
    /// Returns one that has seen nothing yet.
    pub fn new(me: PeerKey) -> Self {
        Self { me, seen: BTreeMap::new() }
    }

    /// Takes note of the leases after the last committed block, at the time at which they were
    /// read or later; returns what is to be submitted.
    pub fn look(&mut self, now: Moment, leases: &Leases) -> Vec<Statement> {
        self.seen.retain(|name, _| leases.get(name).is_some());
        let mut said = Vec::new();
        for (name, lease) in leases.iter() {
            let (token, renewal, due) = (lease.token, lease.renewal, now + lease.ttl);
            let fresh = Seen { token, renewal, due };
            let seen = self.seen.entry(name.clone()).or_insert(fresh);
            if (seen.token, seen.renewal) != (token, renewal) {
                *seen = fresh;
            } else if now >= seen.due {
                seen.due = due;
                if leases.is_member(&self.me) && !lease.is_lapsing_for(&self.me) {
                    said.push(Statement::Lapse { name: name.clone(), token, renewal });
                }
            }
        }
        said
    }

    /// Returns when to look again though no block was committed; `None` while no lease is held.
    pub fn due(&self) -> Option<Moment> {
        self.seen.values().map(|seen| seen.due).min()
    }
}
