//! On which chain the peers agree (rule F6): the networks whose programs follow the chain that most
//! of them claim to have, and not the one with the most work.
//!
//! Each peer has one voice, and so have we, for our own chain. What another peer claims speaks for
//! a branch if it is a block of that branch, and for neither of two if it is a block before they
//! part: who has not heard of the last blocks yet contradicts none of them. Anyone can invent peers
//! and so a majority: that is as these networks have it, and why ours of the other kinds do not.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use althing_ledger::{Agreement, BlockId, Choice};
use althing_types::{BlockHash, Moment};

use super::{Claim, Nakamoto, Output};

/// What speaks for a chain, the most important first.
type Rank = (usize, u64, Reverse<BlockHash>);

impl Nakamoto {
    /// Goes over to the chain that the peers agree on, if its blocks are here.
    pub(super) fn agree(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Choice::Agreed(agreement) = self.rules.chain.choice else { return };
        // Each time, what is agreed on is another claim.
        for _ in 0..self.peers.len() {
            let Some(tip) = self.agreed_tip(now, agreement) else { return };
            match self.ledger.follow(&tip) {
                Ok(Some(adoption)) => self.follow(&adoption, None, out),
                // It cannot be read now.
                Ok(None) => return,
                // A branch that the application refuses is gone then.
                Err(_) => {}
            }
        }
    }

    /// Returns the last block of the chain beside ours for which more speaks.
    fn agreed_tip(&self, now: Moment, agreement: Agreement) -> Option<BlockHash> {
        let length = self.ledger.length();
        let voices = self.voices(now);
        let voters = 1 + voices.of.values().sum::<usize>();
        // How many are at each height of our chain, and on each branch beside it.
        let mut on_ours: BTreeMap<u64, usize> = BTreeMap::new();
        let mut branches: BTreeMap<BlockId, BTreeMap<BlockHash, usize>> = BTreeMap::new();
        let voices = voices.by_hash();
        let branch_of = self.ledger.branches_of(voices.keys().copied());
        for (hash, voices) in voices {
            if let Some(branch) = branch_of.get(&hash) {
                branches.entry(*branch).or_default().insert(hash, voices);
            } else if let Some(height) = self.ledger.height_of(&hash) {
                *on_ours.entry(height.number()).or_default() += voices;
            }
        }
        let best = branches.into_iter().filter_map(|(branch, tips)| {
            let fork = branch.height.number();
            let voices: usize = tips.values().sum();
            let (tip, _) = tips
                .into_iter()
                .max_by_key(|(tip, voices)| (*voices, self.ledger.height_of(tip), Reverse(*tip)))?;
            let end = self.ledger.height_of(&tip)?.number() + 1;
            // It goes on from ours, and contradicts nothing.
            let follows = fork == length;
            let against = 1 + on_ours.range(fork..).map(|(_, voices)| voices).sum::<usize>();
            let ours = self.ledger.tip()?.hash;
            let rank = rank(agreement, voices, voters, end, tip);
            let is_better = follows || rank > self::rank(agreement, against, voters, length, ours);
            is_better.then_some((rank, tip))
        });
        best.max().map(|(_, tip)| tip)
    }

    /// Returns what the others claim, counted.
    pub(super) fn voices(&self, now: Moment) -> Voices {
        let tip =
            self.ledger.tip().map(|tip| Claim { length: self.ledger.length(), hash: tip.hash });
        let mut voices = Voices { of: BTreeMap::new(), ours: tip };
        for (_, claim) in self.peers.claims(now).filter(|(_, claim)| claim.length > 0) {
            *voices.of.entry(claim).or_default() += 1;
        }
        voices
    }
}

/// What others claim to have, and what we have.
pub(super) struct Voices {
    of: BTreeMap<Claim, usize>,
    ours: Option<Claim>,
}

impl Voices {
    /// Returns how many claim each last block, whatever they claim of its height.
    fn by_hash(&self) -> BTreeMap<BlockHash, usize> {
        let mut voices = BTreeMap::new();
        for (claim, count) in &self.of {
            *voices.entry(claim.hash).or_default() += count;
        }
        voices
    }

    /// Returns whether so much may speak for a chain of which we only know that it is claimed that
    /// it is worth fetching.
    pub(super) fn may_favour(&self, agreement: Agreement, claim: &Claim) -> bool {
        let Some(ours) = &self.ours else { return true };
        let of = |claim: &Claim| self.of.get(claim).copied().unwrap_or_default();
        let others: usize = self.of.values().sum();
        let rank = |of, claim: &Claim| rank(agreement, of, others + 1, claim.length, claim.hash);
        // A longer one may go on from ours.
        claim.length > ours.length || rank(of(claim), claim) > rank(1 + of(ours), ours)
    }
}

/// Returns how much speaks for a chain that has so many of all voices.
fn rank(agreement: Agreement, voices: usize, voters: usize, length: u64, tip: BlockHash) -> Rank {
    let weight = match agreement {
        Agreement::MostPeers => voices,
        Agreement::MoreThanHalf => usize::from(2 * voices > voters),
    };
    (weight, length, Reverse(tip))
}
