//! Lanes in plain Rust, for any processor.

use std::num::Wrapping;

use super::Lanes;

/// A single word in plain Rust. The other kernels also use it for what all lanes share.
pub(in crate::kernel) type One = Wrapping<u32>;

impl Lanes for One {
    type Proof = ();
    const COUNT: usize = 1;

    #[inline(always)]
    fn splat((): (), word: u32) -> Self {
        Wrapping(word)
    }

    #[inline(always)]
    fn load((): (), words: &[u32]) -> Self {
        Wrapping(words[0])
    }

    #[inline(always)]
    fn store(self, words: &mut [u32]) {
        words[0] = self.0;
    }

    #[inline(always)]
    fn rotate_left<const BITS: i32>(self) -> Self {
        Wrapping(self.0.rotate_left(BITS.unsigned_abs()))
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self) -> Self {
        Wrapping(self.0 >> BITS)
    }

    #[inline(always)]
    fn shift_left_by(self, bits: u32) -> Self {
        Wrapping(self.0.checked_shl(bits).unwrap_or(0))
    }

    #[inline(always)]
    fn shift_right_by(self, bits: u32) -> Self {
        Wrapping(self.0.checked_shr(bits).unwrap_or(0))
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        self ^ b ^ c
    }

    #[inline(always)]
    fn choose(self, b: Self, c: Self) -> Self {
        c ^ (self & (b ^ c))
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        (self & b) | (c & (self | b))
    }

    #[inline(always)]
    fn without(self, mask: u32) -> u32 {
        u32::from(self.0 & mask == 0)
    }
}
