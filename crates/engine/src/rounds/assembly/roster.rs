use std::collections::{BTreeMap, BTreeSet};

use althing_types::PeerId;
use sha1::{Digest, Sha1};

use crate::rounds::{PublicKey, Queue, RosterDigest};

/// The members of a network and the keys they are held to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Roster {
    members: BTreeMap<PeerId, Option<PublicKey>>,
    digest: RosterDigest,
}

impl Roster {
    pub(super) fn new(members: impl IntoIterator<Item = (PeerId, Option<PublicKey>)>) -> Self {
        let members = members.into_iter().collect();
        let digest = digest(&members);
        Self { members, digest }
    }

    pub(super) fn digest(&self) -> RosterDigest {
        self.digest
    }

    /// Returns whether it has these members with these keys, in the order of their ids.
    pub(super) fn is_of<'a>(
        &'a self,
        members: impl Iterator<Item = (&'a PeerId, &'a Option<PublicKey>)>,
    ) -> bool {
        self.members.iter().eq(members)
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn contains(&self, peer: PeerId) -> bool {
        self.members.contains_key(&peer)
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.members.keys().copied()
    }

    pub(super) fn key(&self, peer: PeerId) -> Option<&PublicKey> {
        self.members.get(&peer)?.as_ref()
    }

    pub(super) fn to_vec(&self) -> Vec<(PeerId, Option<PublicKey>)> {
        self.members.iter().map(|(peer, key)| (*peer, key.clone())).collect()
    }
}

fn digest(members: &BTreeMap<PeerId, Option<PublicKey>>) -> RosterDigest {
    let mut hash = Sha1::new();
    for (peer, key) in members {
        let key = key.as_ref().map_or(&[][..], |key| &key.0);
        hash.update(peer.number().to_be_bytes());
        hash.update((key.len() as u64).to_be_bytes());
        hash.update(key);
    }
    let [a, b, c, d, e, f, g, h, ..] = hash.finalize().0;
    RosterDigest(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

/// Rosters that members say they count with, until enough of them say the same (rule G4).
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Assertions(BTreeMap<RosterDigest, (Roster, BTreeSet<PeerId>)>);

impl Assertions {
    /// Rosters kept at once; a network has one or two.
    const ROSTERS_MAX: usize = 8;

    /// Notes that `peer` counts with `roster`, and returns how many of its members do.
    pub(super) fn note(&mut self, peer: PeerId, roster: Roster) -> usize {
        if !self.0.contains_key(&roster.digest()) && self.0.len() >= Self::ROSTERS_MAX {
            return 0;
        }
        let (_, asserters) =
            self.0.entry(roster.digest()).or_insert_with(|| (roster, BTreeSet::new()));
        asserters.insert(peer);
        asserters.len()
    }

    pub(super) fn queue(&self) -> Queue {
        ("asserted rosters", self.0.len(), Self::ROSTERS_MAX)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
