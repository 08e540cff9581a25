//! Four lanes, with NEON.

#![expect(unsafe_code, reason = "instructions that not every processor has")]

use std::arch::aarch64::{
    uint32x4_t, vaddq_u32, vaddvq_u32, vandq_u32, vbslq_u32, vceqzq_u32, vdupq_n_s32, vdupq_n_u32,
    veorq_u32, vld1q_u32, vorrq_u32, vshlq_u32, vsliq_n_u32, vst1q_u32,
};
use std::arch::is_aarch64_feature_detected;
use std::ops::{Add, BitOr, BitXor};

use super::Lanes;

/// Proves that the processor has NEON.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct NeonProof(());

/// Four words.
///
/// Made only from a [`NeonProof`]; that is why its methods may use NEON.
#[derive(Clone, Copy)]
pub(in crate::kernel) struct Neon(uint32x4_t);

impl NeonProof {
    /// Returns a proof, if there is one.
    pub(in crate::kernel) fn detect() -> Option<Self> {
        is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

impl Add for Neon {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: there is a vector, hence NEON.
        Self(unsafe { vaddq_u32(self.0, other.0) })
    }
}

impl BitXor for Neon {
    type Output = Self;

    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        // SAFETY: there is a vector, hence NEON.
        Self(unsafe { veorq_u32(self.0, other.0) })
    }
}

impl BitOr for Neon {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        // SAFETY: there is a vector, hence NEON.
        Self(unsafe { vorrq_u32(self.0, other.0) })
    }
}

impl Neon {
    /// Shifts to the left, or to the right if the number is negative. With a constant this becomes
    /// the instruction that has the count in it.
    #[inline(always)]
    fn shift(self, bits: i32) -> Self {
        // SAFETY: there is a vector, hence NEON.
        Self(unsafe { vshlq_u32(self.0, vdupq_n_s32(bits)) })
    }
}

impl Lanes for Neon {
    type Proof = NeonProof;
    const COUNT: usize = 4;

    #[inline(always)]
    fn splat(_: NeonProof, word: u32) -> Self {
        // SAFETY: there is a proof of NEON.
        Self(unsafe { vdupq_n_u32(word) })
    }

    #[inline(always)]
    fn load(_: NeonProof, words: &[u32]) -> Self {
        let words: &[u32; 4] = words.first_chunk().expect("the caller has as many");
        // SAFETY: there is a proof of NEON, and the array holds the four words that are read.
        Self(unsafe { vld1q_u32(words.as_ptr()) })
    }

    #[inline(always)]
    fn store(self, words: &mut [u32]) {
        let words: &mut [u32; 4] = words.first_chunk_mut().expect("the caller has as many");
        // SAFETY: there is a vector, hence NEON, and the array has room for four words.
        unsafe { vst1q_u32(words.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn rotate_left<const BITS: i32>(self) -> Self {
        let low = self.shift(BITS - 32);
        // SAFETY: there is a vector, hence NEON.
        Self(unsafe { vsliq_n_u32::<BITS>(low.0, self.0) })
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self) -> Self {
        self.shift(-BITS)
    }

    // The instruction looks at the lowest byte of the count only.

    #[inline(always)]
    fn shift_left_by(self, bits: u32) -> Self {
        self.shift(bits.min(32).cast_signed())
    }

    #[inline(always)]
    fn shift_right_by(self, bits: u32) -> Self {
        self.shift(-bits.min(32).cast_signed())
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        self ^ b ^ c
    }

    #[inline(always)]
    fn choose(self, b: Self, c: Self) -> Self {
        // SAFETY: there is a vector, hence NEON.
        Self(unsafe { vbslq_u32(self.0, b.0, c.0) })
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        // Where the first two differ, the third decides.
        (self ^ b).choose(c, b)
    }

    #[inline(always)]
    fn without(self, mask: u32) -> u32 {
        let bits = [1, 2, 4, 8];
        // SAFETY: there is a vector, hence NEON, and the array holds the four words that are read.
        unsafe {
            let zero = vceqzq_u32(vandq_u32(self.0, vdupq_n_u32(mask)));
            vaddvq_u32(vandq_u32(zero, vld1q_u32(bits.as_ptr())))
        }
    }
}
