//! How hard a share is to find, and how Stratum writes that.

use althing_ledger::{CompactTarget, Target};

/// How hard a share is to find: 2^bits hashes, on average.
///
/// Stratum has its own scale: the target `ffff` after 32 bits of zero is difficulty 1, which is 32
/// bits here. Powers of two have the same target in all miners, whatever their arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShareDifficulty(u8);

/// Bits of Stratum's difficulty 1.
const BITS_OF_ONE: u8 = 32;

impl ShareDifficulty {
    /// The least.
    pub const MIN: Self = Self(8);

    /// The maximum: all of Bitcoin's miners together have never found a hash of this many bits.
    pub const MAX: Self = Self(112);

    /// Returns the difficulty of this number of bits, or `None` if they are too few or too many.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if Self::MIN.0 <= bits && bits <= Self::MAX.0 { Some(Self(bits)) } else { None }
    }

    /// Returns the number of bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Returns the average number of hashes it takes to find a share.
    pub const fn hashes(self) -> u128 {
        1 << self.0
    }

    /// Returns the highest difficulty at which a share takes no more than this many hashes.
    pub fn of_hashes(hashes: u128) -> Self {
        let bits = hashes.checked_ilog2().and_then(|bits| u8::try_from(bits).ok()).unwrap_or(0);
        Self(bits.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Returns the highest difficulty that is not above a number of the protocol, or the minimum
    /// for a number that is not a difficulty.
    pub fn of_stratum(number: f64) -> Self {
        let easier = (Self::MIN.0..=Self::MAX.0).rev().map(Self);
        let mut easier = easier;
        easier.find(|share| share.stratum() <= number).unwrap_or(Self::MIN)
    }

    /// Returns the target: the highest hash that a share may have.
    pub fn target(self) -> Target {
        // A compact target (Bitcoin's nBits) is a number of up to 23 bits, and its length in bytes,
        // including the zero bytes after it.
        let zeros = 240 - u32::from(self.0);
        let (bytes, shift) = (zeros / 8 + 3, zeros % 8);
        Target::AtMost(CompactTarget::from_consensus(bytes << 24 | 0xffff << shift))
    }

    /// Returns the number that the protocol uses for it.
    pub fn stratum(self) -> f64 {
        2_f64.powi(i32::from(self.0) - i32::from(BITS_OF_ONE))
    }

    /// Returns this difficulty, lowered if necessary so that every block with this target is also a
    /// share.
    pub(crate) fn within(self, block: Target) -> Self {
        let most = block.work();
        let mut easier = (0..=self.0).rev().map(Self);
        easier.find(|share| share.target().work() <= most).unwrap_or(Self(0))
    }
}

#[cfg(test)]
mod tests {
    use althing_types::BlockHash;

    use super::*;

    #[test]
    fn difficulty_one_is_the_one_of_stratum() {
        let one = ShareDifficulty::from_bits(32).expect("in range");
        assert!((one.stratum() - 1.0).abs() < f64::EPSILON);
        assert_eq!(one.target(), Target::AtMost(CompactTarget::from_consensus(0x1d00_ffff)));
    }

    #[test]
    fn a_number_of_the_protocol_is_rounded_down_to_bits() {
        let bits = |number| ShareDifficulty::of_stratum(number).bits();
        assert_eq!([bits(1.0), bits(0.004), bits(1000.0), bits(1e99)], [32, 24, 41, 112]);
        assert_eq!([bits(0.0), bits(-1.0), bits(f64::NAN)], [ShareDifficulty::MIN.bits(); 3]);
    }

    #[test]
    fn each_bit_halves_the_target() {
        for bits in 0..=ShareDifficulty::MAX.bits() {
            // The highest hash that is a share: ffff after this many bits, and zeros.
            let mut number = [0; 32];
            let place = usize::from(bits / 8);
            let ones = (0xffff_u32 << 8 >> (bits % 8)).to_be_bytes();
            number[place..place + 3].copy_from_slice(&ones[1..]);
            number.reverse();
            let target = ShareDifficulty(bits).target();
            assert!(target.is_met_by(&BlockHash::from_bytes(number)), "{bits} bits");
            number[0] += 1;
            assert!(!target.is_met_by(&BlockHash::from_bytes(number)), "{bits} bits and more");
        }
    }

    #[test]
    fn shares_are_never_harder_than_the_block() {
        let block = Target::AtMost(CompactTarget::from_consensus(0x1d00_ffff));
        let bits = |bits| ShareDifficulty(bits).within(block).bits();
        assert_eq!([bits(20), bits(32), bits(33), bits(100)], [20, 32, 32, 32]);
        let easiest = Target::AtMost(CompactTarget::from_consensus(0x207f_ffff));
        assert!(ShareDifficulty::MAX.within(easiest).target().work() <= easiest.work());
    }
}
