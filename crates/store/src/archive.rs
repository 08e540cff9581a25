//! The blocks on disk, as a ledger that does not keep them in memory reads them.

use std::ops::Range;

use althing_engine::nakamoto::Durable;
use althing_ledger::{Archive, Block};
use althing_types::Height;
use tracing::error;

use crate::{Reader, StoreError};

/// An error of the disk is logged, and no block is returned, as if the log had none: the engine
/// goes on with the blocks in memory, and the next commit of its driver fails.
impl Archive for Reader<Durable> {
    fn heights(&self) -> Range<u64> {
        self.range().map_err(|error| log(&error)).unwrap_or_default()
    }

    fn block(&self, height: Height) -> Option<Block> {
        self.entry(height.number()).map_err(|error| log(&error)).ok().flatten()
    }
}

fn log(error: &StoreError) {
    error!(%error, "blocks cannot be read");
}

#[cfg(test)]
mod tests {
    use althing_ledger::{Cs60Block, Entry};

    use super::*;
    use crate::Store;

    #[test]
    fn a_ledger_finds_the_blocks_that_are_kept() {
        let block = |height| {
            let datum = Entry::text("datum");
            Block::Cs60(Cs60Block { height: Height::new(height), datum, ..Cs60Block::genesis() })
        };
        let mut store = Store::in_memory();
        let archive: Box<dyn Archive> = Box::new(store.reader());
        assert_eq!(archive.heights(), 0..0);
        let blocks = vec![block(1), block(2)];
        store.commit(&[Durable { from: Height::new(1), blocks, own: None }]).expect("in memory");
        assert_eq!(archive.heights(), 1..3);
        assert_eq!(archive.block(Height::new(2)), Some(block(2)));
        assert_eq!(archive.block(Height::GENESIS), None);
        assert_eq!(archive.block(Height::new(3)), None);
    }
}
