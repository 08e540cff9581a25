//! A set of members with their keys, and which peers assert that it is the right one.

use std::collections::{BTreeMap, BTreeSet};

use althing_types::PeerId;
use sha1::{Digest, Sha1};

use crate::Queue;
use crate::rounds::{MembershipDigest, PublicKey};

/// The members of a network, with the keys that bind them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::rounds::paxos) struct Members {
    members: BTreeMap<PeerId, Option<PublicKey>>,
    digest: MembershipDigest,
}

impl Members {
    pub(in crate::rounds::paxos) fn new(
        members: impl IntoIterator<Item = (PeerId, Option<PublicKey>)>,
    ) -> Self {
        let members = members.into_iter().collect();
        let digest = digest(&members);
        Self { members, digest }
    }

    pub(in crate::rounds::paxos) fn digest(&self) -> MembershipDigest {
        self.digest
    }

    /// Returns whether it has these members with these keys, in the order of their ids.
    pub(in crate::rounds::paxos) fn is_of<'a>(
        &'a self,
        members: impl Iterator<Item = (&'a PeerId, &'a Option<PublicKey>)>,
    ) -> bool {
        self.members.iter().eq(members)
    }

    pub(in crate::rounds::paxos) fn len(&self) -> usize {
        self.members.len()
    }

    pub(in crate::rounds::paxos) fn contains(&self, peer: PeerId) -> bool {
        self.members.contains_key(&peer)
    }

    pub(in crate::rounds::paxos) fn peers(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.members.keys().copied()
    }

    pub(in crate::rounds::paxos) fn key(&self, peer: PeerId) -> Option<&PublicKey> {
        self.members.get(&peer)?.as_ref()
    }

    /// Returns the keys of those that have one.
    pub(in crate::rounds::paxos) fn keys(&self) -> impl Iterator<Item = (PeerId, PublicKey)> + '_ {
        self.members.iter().filter_map(|(peer, key)| Some((*peer, key.clone()?)))
    }

    pub(in crate::rounds::paxos) fn to_vec(&self) -> Vec<(PeerId, Option<PublicKey>)> {
        self.members.iter().map(|(peer, key)| (*peer, key.clone())).collect()
    }
}

fn digest(members: &BTreeMap<PeerId, Option<PublicKey>>) -> MembershipDigest {
    sizes(members.iter()).last().map_or_else(|| of(Sha1::new()), |(digest, _)| digest)
}

/// Returns the digest of the first of these members, of the first two, and so on, with how many
/// they are.
pub(in crate::rounds::paxos) fn sizes<'a>(
    members: impl Iterator<Item = (&'a PeerId, &'a Option<PublicKey>)>,
) -> impl Iterator<Item = (MembershipDigest, usize)> {
    let mut hash = Sha1::new();
    members.zip(1..).map(move |((peer, key), size)| {
        let key = key.as_ref().map_or(&[][..], |key| &key.0);
        hash.update(peer.number().to_be_bytes());
        hash.update((key.len() as u64).to_be_bytes());
        hash.update(key);
        (of(hash.clone()), size)
    })
}

fn of(hash: Sha1) -> MembershipDigest {
    let [a, b, c, d, e, f, g, h, ..] = hash.finalize().0;
    MembershipDigest(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

/// The memberships that members assert, until enough of them assert the same one (rule G4).
#[derive(Clone, Debug, Default, Hash)]
pub(in crate::rounds::paxos) struct Assertions(
    BTreeMap<MembershipDigest, (Members, BTreeSet<PeerId>)>,
);

impl Assertions {
    /// The maximum number of memberships that are kept; a network has one or two.
    const ROSTERS_MAX: usize = 8;

    /// Records that `peer` asserts `members`, and returns how many of these members do.
    pub(in crate::rounds::paxos) fn note(&mut self, peer: PeerId, members: Members) -> usize {
        if !self.0.contains_key(&members.digest()) && self.0.len() >= Self::ROSTERS_MAX {
            return 0;
        }
        let (_, asserters) =
            self.0.entry(members.digest()).or_insert_with(|| (members, BTreeSet::new()));
        asserters.insert(peer);
        asserters.len()
    }

    pub(in crate::rounds::paxos) fn queue(&self) -> Queue {
        Queue { name: "asserted memberships", len: self.0.len(), max: Self::ROSTERS_MAX }
    }

    pub(in crate::rounds::paxos) fn clear(&mut self) {
        self.0.clear();
    }
}
