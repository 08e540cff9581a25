//! The entries of this peer's own user, until they are deep in the chain (rule M7).
//!
//! A user who was told that an entry is in the chain relies on it, but the block may still be
//! replaced, and the mempool, where its entries then wait, is gone after a crash. So these are on
//! disk until so many blocks follow theirs that no reorganisation will undo it.

use althing_ledger::{Block, Entry, Ledger};
use althing_types::Height;
use serde::{Deserialize, Serialize};

use super::mempool::MEMPOOL_MAX;

/// Blocks after that of an entry until the entry needs no more care.
pub const BURIED: u64 = 100;

/// An entry that the user of this peer has submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnEntry {
    /// The entry.
    pub entry: Entry,
    /// The height of its block in the best chain, while it is in one.
    pub height: Option<Height>,
}

/// The own entries, in the order in which they were submitted.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnEntries(Vec<OwnEntry>);

impl OwnEntries {
    /// Returns the entries found on disk. Some may have left the chain, since a chain is checked
    /// anew when it is read.
    pub(super) fn recovered(mut found: Vec<OwnEntry>, ledger: &Ledger) -> Self {
        found.truncate(MEMPOOL_MAX);
        for own in &mut found {
            own.height.take_if(|height| {
                let block = ledger.block_at(*height);
                !block.is_some_and(|block| block.entries().contains(&own.entry))
            });
        }
        Self(found)
    }

    /// Returns those that are in no block.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(|own| own.height.is_none()).map(|own| &own.entry)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds an entry that waits for a block. If there are too many, those longest in the chain need
    /// care least. Returns whether it is new, and so must be put on disk.
    pub(super) fn add(&mut self, entry: &Entry) -> bool {
        if self.waiting().any(|waiting| waiting == entry) {
            return false;
        }
        if self.0.len() >= MEMPOOL_MAX {
            let in_chain = self.0.iter().enumerate().filter(|(_, own)| own.height.is_some());
            let oldest = in_chain.min_by_key(|(_, own)| own.height).map(|(index, _)| index);
            // As many as the mempool holds wait, so it refuses this one.
            let Some(oldest) = oldest else { return false };
            self.0.remove(oldest);
        }
        self.0.push(OwnEntry { entry: entry.clone(), height: None });
        true
    }

    /// Forgets an entry that can be in no block any more, and returns whether it was there.
    pub(super) fn forget(&mut self, entry: &Entry) -> bool {
        let before = self.0.len();
        self.0.retain(|own| own.height.is_some() || own.entry != *entry);
        self.0.len() < before
    }

    /// Follows a change of the best chain, which now has these blocks from the first of them on.
    /// Returns whether anything has changed that must be put on disk.
    pub(super) fn follow(&mut self, blocks: &[Block]) -> bool {
        let Some((first, last)) = blocks.first().zip(blocks.last()) else { return false };
        let before = self.0.clone();
        for own in &mut self.0 {
            own.height.take_if(|height| *height >= first.height());
        }
        for block in blocks {
            for entry in block.entries() {
                let waits = |own: &&mut OwnEntry| own.height.is_none() && own.entry == *entry;
                if let Some(own) = self.0.iter_mut().find(waits) {
                    own.height = Some(block.height());
                }
            }
        }
        let tip = last.height().number();
        self.0.retain(|own| own.height.is_none_or(|height| tip - height.number() < BURIED));
        self.0 != before
    }

    pub(super) fn to_vec(&self) -> Vec<OwnEntry> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use althing_ledger::Cs60Block;

    use super::*;

    fn block(height: u64, datum: &str) -> Block {
        let (parent, datum) = (None, Entry::text(datum));
        Block::Cs60(Cs60Block { height: Height::new(height), parent, datum, nonce: 0, odd: None })
    }

    fn heights(own: &OwnEntries) -> Vec<Option<u64>> {
        own.0.iter().map(|own| own.height.map(Height::number)).collect()
    }

    #[test]
    fn an_entry_is_followed_into_the_chain_out_of_it_and_in_again() {
        let mut own = OwnEntries::default();
        assert!(own.add(&Entry::text("ours")));
        assert!(!own.add(&Entry::text("ours")), "it waits already");
        assert!(own.follow(&[block(1, "theirs"), block(2, "ours")]));
        assert_eq!(heights(&own), [Some(2)]);
        assert!(!own.follow(&[block(3, "theirs")]), "nothing to put on disk");
        assert!(own.follow(&[block(2, "theirs")]));
        assert_eq!(heights(&own), [None]);
        assert!(own.follow(&[block(3, "ours")]));
        assert_eq!(heights(&own), [Some(3)]);
    }

    #[test]
    fn an_entry_is_forgotten_once_it_is_buried() {
        let mut own = OwnEntries::default();
        assert!(own.add(&Entry::text("ours")));
        assert!(own.follow(&[block(7, "ours")]));
        assert!(!own.follow(&[block(6 + BURIED, "theirs")]));
        assert_eq!(own.len(), 1);
        assert!(own.follow(&[block(7 + BURIED, "theirs")]));
        assert_eq!(own.len(), 0);
    }

    #[test]
    fn there_is_a_bound_and_what_is_longest_in_the_chain_goes_first() {
        let mut own = OwnEntries::default();
        for number in 0..MEMPOOL_MAX {
            assert!(own.add(&Entry::text(&number.to_string())));
        }
        assert!(!own.add(&Entry::text("one more")));
        assert!(own.follow(&[block(1, "5"), block(2, "3")]));
        assert!(own.add(&Entry::text("one more")));
        assert_eq!(own.len(), MEMPOOL_MAX);
        assert!(own.0.iter().all(|own| own.entry != Entry::text("5")));
    }
}
