//! Which of two chains counts (rules F1 and F2).

use althing_types::{BlockHash, Work};

use super::Ledger;
use crate::rules::Ties;

impl Ledger {
    /// Returns whether a chain with this work, whose last block has this hash, replaces the best
    /// chain: it needs more work (Nakamoto, *Bitcoin*, 2008, section 5, where it is the longest),
    /// or must win the tie.
    pub(super) fn is_better(&self, work: Work, hash: &BlockHash) -> bool {
        match self.tip() {
            None => true,
            Some(tip) if work == tip.work => self.breaks_tie(hash),
            Some(tip) => work > tip.work,
        }
    }

    /// Returns whether a chain that ends with the block `hash`, and has as much work as the best
    /// chain, replaces it (rule F2).
    pub fn breaks_tie(&self, hash: &BlockHash) -> bool {
        match self.rules.ties {
            Ties::FirstSeen => false,
            Ties::LeastHash => self.tree.best().last().is_none_or(|tip| hash < tip),
        }
    }
}
