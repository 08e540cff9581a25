//! What would fall if one byte of a block were another: everything after it, which is what makes a
//! chain hard to forge.

use althing_api::{Broken, Code, Edit, Effect, LIMIT_MAX, Problem};
use althing_chain_file::{ChainFileError, Verification};
use althing_dialect::ChainDialect;
use althing_engine::nakamoto::Durable;
use althing_ledger::Block;
use althing_store::Reader;

use super::{Answer, of_disk};

/// Blocks of the longest chain that is verified again for an answer.
const BLOCKS_MAX: u64 = 20_000;

/// Blocks that are read at a time.
const READ_MAX: usize = 16;

/// Verifies the chain with the edited block, in memory alone.
pub(super) fn effect(
    dialect: &dyn ChainDialect,
    log: &Reader<Durable>,
    edit: Edit,
) -> Answer<Effect> {
    let heights = log.range().map_err(|error| of_disk(&error))?;
    if !heights.contains(&edit.height) {
        let detail = format!("the chain has no block at height {}", edit.height);
        return Err(Problem::new(Code::NotFound, detail));
    }
    if heights.end - heights.start > BLOCKS_MAX {
        let detail = format!("the chain has more than the {BLOCKS_MAX} blocks that are tried");
        return Err(Problem::new(Code::Senseless, detail));
    }
    if edit.xor == 0 {
        return Err(Problem::new(Code::Senseless, "xor says which bits to flip, and 0 flips none"));
    }
    let mut chain = Chain { verification: Verification::begin(dialect), effect: Effect::default() };
    let mut from = heights.start;
    while from < heights.end {
        let blocks = log.entries(from, READ_MAX).map_err(|error| of_disk(&error))?;
        if blocks.is_empty() {
            break;
        }
        for block in blocks {
            match from == edit.height {
                true => chain.add_edited(dialect, from, &block, edit)?,
                false => chain.add(from, block),
            }
            from += 1;
        }
    }
    Ok(chain.effect)
}

struct Chain {
    verification: Verification,
    effect: Effect,
}

impl Chain {
    fn add_edited(
        &mut self,
        dialect: &dyn ChainDialect,
        height: u64,
        block: &Block,
        edit: Edit,
    ) -> Answer<()> {
        let mut bytes = dialect.encode_block(block);
        let length = bytes.len();
        let byte = usize::try_from(edit.offset).ok().and_then(|offset| bytes.get_mut(offset));
        let byte = byte.ok_or_else(|| {
            Problem::new(Code::Senseless, format!("block {height} has {length} bytes"))
        })?;
        *byte ^= edit.xor;
        match dialect.decode_block(&bytes) {
            Ok(block) => self.add(height, block),
            Err(malformed) => self.broken(height, None, &malformed.to_string()),
        }
        Ok(())
    }

    fn add(&mut self, height: u64, block: Block) {
        if self.effect.total > 0 {
            self.broken(height, None, "a block before it is not valid");
            return;
        }
        match self.verification.check(block) {
            Ok(()) => {}
            Err(ChainFileError::Invalid { reason, .. }) => {
                self.broken(height, Some(reason.rule()), &reason.to_string());
            }
            Err(_) => self.broken(height, None, "the block that it follows is another one now"),
        }
    }

    fn broken(&mut self, height: u64, rule: Option<&str>, reason: &str) {
        self.effect.total += 1;
        if self.effect.total <= LIMIT_MAX {
            let (rule, reason) = (rule.map(str::to_owned), reason.to_owned());
            self.effect.broken.push(Broken { height, rule, reason });
        }
    }
}
