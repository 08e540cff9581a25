//! Whether each block of a chain is valid after those before it.

use std::time::{SystemTime, UNIX_EPOCH};

use althing_dialect::ChainDialect;
use althing_ledger::{Block, Ledger, Outcome};
use althing_types::{Height, UnixTime};

use crate::ChainFileError;

/// A ledger that is given the blocks of one chain, in their order.
pub struct Verification {
    ledger: Ledger,
    checked: u64,
}

impl Verification {
    /// Begins with an empty ledger of this network.
    pub fn begin(dialect: &dyn ChainDialect) -> Self {
        let mut ledger = Ledger::new(dialect.rules().chain.clone(), dialect.application());
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        ledger.set_clock(UnixTime::from_seconds(since_1970.as_secs()));
        Self { ledger, checked: 0 }
    }

    /// Checks the next block. An invalid one is an error that names it and the rule it breaks.
    pub fn check(&mut self, block: Block) -> Result<(), ChainFileError> {
        // Where the block stands; what a damaged one states may be anything.
        let height = self.ledger.tip().map_or(Height::GENESIS, |tip| tip.height.next());
        match self.ledger.add(block) {
            Ok(Outcome::Adopted(_) | Outcome::Known) => {}
            Ok(Outcome::ParentMissing | Outcome::Side) => {
                return Err(ChainFileError::OutOfOrder { height });
            }
            Err(reason) => return Err(ChainFileError::Invalid { height, reason }),
        }
        self.checked += 1;
        Ok(())
    }

    /// Returns how many blocks were checked and are valid.
    pub fn checked(&self) -> u64 {
        self.checked
    }

    /// Returns the ledger with all blocks that were checked.
    pub fn into_ledger(self) -> Ledger {
        self.ledger
    }
}

#[cfg(test)]
mod tests {
    use althing_dialect::cs60::Cs60;
    use althing_ledger::Cs60Block;
    use althing_types::Height;

    use super::*;

    #[test]
    fn a_block_is_named_by_its_place_whatever_height_it_states() {
        let mut verification = Verification::begin(&Cs60::new(Default::default()));
        let damaged = Cs60Block { height: Height::new(4_711), ..Cs60Block::genesis() };
        let complaint = verification.check(Block::Cs60(damaged)).expect_err("it is damaged");
        let said = complaint.to_string();
        assert!(said.starts_with("block 1 "), "{said}");
    }
}
