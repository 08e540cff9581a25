//! The messages of a segment as blocks ready to be hashed.

use crate::hash::{Block, Hash, State, padded};
use crate::nonce::Segment;
use crate::work::Work;

/// The messages of a segment as blocks. All have the same shape, and differ only in the digits of
/// the nonce.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) hash: Hash,
    pub(crate) segment: Segment,
    /// The state after the blocks before the first one with a digit.
    pub(crate) midstate: State,
    /// The blocks from there on, with zeros for digits.
    pub(crate) blocks: Vec<Block>,
    /// Where the first digit is in the blocks.
    pub(crate) at: usize,
}

impl Layout {
    pub(crate) fn new(work: &Work, segment: Segment) -> Self {
        let template = &work.template;
        let digits = vec![0; segment.length];
        let mut blocks = padded(&[&template.prefix[..], &digits, &template.suffix].concat());
        let later = blocks.split_off(template.prefix.len() / 64);
        let mut midstate = work.hash.start();
        work.hash.compress(&mut midstate, &blocks);
        let at = template.prefix.len() % 64;
        Self { hash: work.hash, segment, midstate, blocks: later, at }
    }

    /// Writes the nonce of the candidate at `index` into the blocks.
    pub(crate) fn write(&mut self, index: u64) {
        let bytes = self.blocks.as_flattened_mut();
        self.segment.write(index, &mut bytes[self.at..self.at + self.segment.length]);
    }

    /// Writes all digits but the last `low` ones, which become zeros, from the number that they
    /// represent.
    pub(crate) fn write_high(&mut self, number: u64, low: usize) {
        let bytes = self.blocks.as_flattened_mut();
        let digits = &mut bytes[self.at..self.at + self.segment.length];
        let (high, low) = digits.split_at_mut(self.segment.length - low);
        self.segment.write_digits(number, high);
        low.fill(0);
    }
}
