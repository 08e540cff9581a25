//! How many members decide, and who leads (rules L2 and L3).

use althing_types::View;
use sha2::{Digest, Sha256};

use super::{ChainId, Charter, FaultModel, MemberIndex};

/// What is hashed first in a draw.
const DRAW_DOMAIN: &[u8] = b"althing draw 1\n";

impl Charter {
    /// Returns how many members a certificate needs (rule L2).
    ///
    /// Of `N` members fewer than a third may be dishonest: any two quorums of `N - f` then share
    /// more than `f` members, so an honest one. Of members that only crash, two majorities share
    /// one.
    pub fn quorum(&self) -> usize {
        let members = self.members.len();
        match self.faults {
            FaultModel::Byzantine => members - self.faulty_max(),
            FaultModel::Crash => members / 2 + 1,
        }
    }

    /// Returns how many members may fail with the assembly still going on.
    pub fn faulty_max(&self) -> usize {
        let members = self.members.len();
        match self.faults {
            FaultModel::Byzantine => members.saturating_sub(1) / 3,
            FaultModel::Crash => members.saturating_sub(1) / 2,
        }
    }

    /// Returns the leader of a view: the member that draws the highest number, of equal ones the
    /// first (rule L3). Every member computes the same draws, so there is no election to wait for.
    pub fn leader(&self, view: View) -> MemberIndex {
        let chain = self.chain_id();
        self.leader_of(&chain, view)
    }

    /// Returns the same, for a caller that has the id of the chain at hand.
    pub fn leader_of(&self, chain: &ChainId, view: View) -> MemberIndex {
        let indexes = self.members().map(|(index, _)| index);
        let drawn = indexes.map(|index| (draw(chain, view, index), index));
        let highest = drawn.max_by_key(|(draw, index)| (*draw, std::cmp::Reverse(*index)));
        highest.map_or(MemberIndex::default(), |(_, index)| index)
    }
}

/// Returns the number that a member draws in a view.
pub fn draw(chain: &ChainId, view: View, member: MemberIndex) -> u64 {
    let mut hasher = Sha256::new_with_prefix(DRAW_DOMAIN);
    hasher.update(chain.as_bytes());
    hasher.update(view.number().to_be_bytes());
    hasher.update(member.0.to_be_bytes());
    let digest: [u8; 32] = hasher.finalize().into();
    let (first, _) = digest.split_first_chunk().expect("32 bytes are more than 8");
    u64::from_be_bytes(*first)
}
