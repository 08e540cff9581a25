//! The best chain of a peer, as bytes: which blocks there are, and in what order.

use std::iter::FusedIterator;
use std::ops::Range;
use std::vec;

use althing_types::Height;

use crate::{Store, StoreError};

/// What replaces the end of a chain: forget what is at a height and above, and have these blocks
/// there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The height of the first of them.
    pub from: Height,
    /// The blocks in order, in any encoding of the caller's.
    pub blocks: Vec<Vec<u8>>,
}

/// Returns the heights that have blocks after `branches`, if those before them had.
///
/// A chain begins where its first branch does: a genesis that everybody knows need not be kept.
pub(crate) fn heights_after(
    heights: &Range<u64>,
    branches: &[Branch],
) -> Result<Range<u64>, StoreError> {
    branches.iter().try_fold(heights.clone(), |heights, Branch { from, blocks }| {
        let from = from.number();
        let is_next = heights.is_empty() || (heights.start..=heights.end).contains(&from);
        if !is_next {
            return Err(StoreError::Gap { found: from, wanted: heights.end });
        }
        let start = if heights.is_empty() { from } else { heights.start };
        Ok(start..from + blocks.len() as u64)
    })
}

/// Blocks read at a time.
const PAGE: u64 = 256;

/// All blocks of a chain with their heights, in order, however many there are; see
/// [`Store::blocks`].
#[must_use]
pub struct Blocks<'store> {
    store: &'store Store,
    page: vec::IntoIter<(Height, Vec<u8>)>,
    /// The heights that are not in a page yet.
    left: Range<u64>,
}

impl<'store> Blocks<'store> {
    pub(crate) fn new(store: &'store Store) -> Self {
        Self { store, page: Vec::new().into_iter(), left: store.heights() }
    }
}

/// Ends after the last block, or after the first error.
impl Iterator for Blocks<'_> {
    type Item = Result<(Height, Vec<u8>), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 && !self.left.is_empty() {
            let middle = self.left.start.saturating_add(PAGE).min(self.left.end);
            let heights = self.left.start..middle;
            self.left.start = middle;
            match self.store.blocks_at(heights.clone()) {
                Ok(blocks) => {
                    let page: Vec<_> = heights.map(Height::new).zip(blocks).collect();
                    self.page = page.into_iter();
                }
                Err(error) => {
                    self.left.start = self.left.end;
                    return Some(Err(error));
                }
            }
        }
        self.page.next().map(Ok)
    }
}

impl FusedIterator for Blocks<'_> {}
