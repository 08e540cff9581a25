//! States of the application from which a reorganisation can begin.

use std::collections::BTreeMap;

use crate::application::Application;

/// Snapshots of the application along the best chain, the closer together the newer they are.
///
/// A snapshot after `n` blocks is kept until the chain is `2 * z` blocks longer, where `z` is the
/// largest power of two that divides `n`. So there is one for each power of two, about twenty for a
/// million blocks, and a reorganisation of `d` blocks finds one at most `2 * d` blocks further
/// down: of the multiples of the first power of two above `d`, the last one at or below the fork is
/// less than twice that power old. Short reorganisations, which are nearly all, cost next to
/// nothing; deep ones cost twice what they undo, and none begins at the genesis.
#[derive(Debug)]
pub(crate) struct Snapshots {
    /// Before any block that was mined: this many blocks, and the state.
    base: (u64, Box<dyn Application>),
    by_length: BTreeMap<u64, Box<dyn Application>>,
}

impl Snapshots {
    /// Returns the snapshot of the state at the beginning, after `length` blocks.
    pub(crate) fn new(length: u64, state: &dyn Application) -> Self {
        Self { base: (length, state.snapshot()), by_length: BTreeMap::new() }
    }

    /// Takes a snapshot after `length` blocks, and drops those that are too old for their place.
    pub(crate) fn take(&mut self, length: u64, state: &dyn Application) {
        self.by_length.retain(|taken, _| is_kept(*taken, length));
        self.by_length.insert(length, state.snapshot());
    }

    /// Returns the snapshots of chains of up to `length` blocks.
    pub(crate) fn up_to(&self, length: u64) -> Self {
        let by_length = self.by_length.range(..=length);
        Self {
            base: (self.base.0, self.base.1.snapshot()),
            by_length: by_length.map(|(length, state)| (*length, state.snapshot())).collect(),
        }
    }

    /// Returns the state of the last snapshot, and after how many blocks it was taken.
    pub(crate) fn last(&self) -> (u64, Box<dyn Application>) {
        let (length, state) = match self.by_length.last_key_value() {
            Some((length, state)) => (*length, state),
            None => (self.base.0, &self.base.1),
        };
        (length, state.snapshot())
    }
}

/// Returns whether the snapshot after `taken` blocks is still kept after `length`.
fn is_kept(taken: u64, length: u64) -> bool {
    let power = 1_u64 << taken.trailing_zeros().min(62);
    length.saturating_sub(taken) < 2 * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::Anything;

    #[test]
    fn there_are_few_and_the_next_is_never_far() {
        let mut snapshots = Snapshots::new(1, &Anything);
        for length in 2..5_000_u64 {
            snapshots.take(length, &Anything);
            assert!(snapshots.by_length.len() <= 14, "{length}");
            for depth in [1, 2, 3, 10, 100, 1000].into_iter().filter(|depth| *depth < length) {
                let fork = length - depth;
                let (nearest, _) = snapshots.up_to(fork).last();
                assert!(fork - nearest <= 2 * depth, "{length} {depth} {nearest}");
            }
        }
    }
}
