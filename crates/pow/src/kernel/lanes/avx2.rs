//! Eight lanes, with AVX2.

#![expect(unsafe_code, reason = "instructions that not every processor has")]

use std::arch::x86_64::{
    __m256i, _mm_cvtsi32_si128, _mm256_add_epi32, _mm256_and_si256, _mm256_andnot_si256,
    _mm256_castsi256_ps, _mm256_cmpeq_epi32, _mm256_loadu_si256, _mm256_movemask_ps,
    _mm256_or_si256, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_sll_epi32, _mm256_srl_epi32,
    _mm256_storeu_si256, _mm256_xor_si256,
};
use std::ops::{Add, BitOr, BitXor};

use super::Lanes;

/// Proves that the processor has AVX2, and that the system keeps its registers.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Avx2Proof(());

/// Eight words.
///
/// Made only from an [`Avx2Proof`]; that is why its methods may use AVX2.
#[derive(Clone, Copy)]
pub(in crate::kernel) struct Avx2(__m256i);

impl Avx2Proof {
    /// Returns a proof, if there is one.
    pub(in crate::kernel) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

impl Add for Avx2 {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: there is a vector, hence AVX2.
        Self(unsafe { _mm256_add_epi32(self.0, other.0) })
    }
}

impl BitXor for Avx2 {
    type Output = Self;

    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        // SAFETY: there is a vector, hence AVX2.
        Self(unsafe { _mm256_xor_si256(self.0, other.0) })
    }
}

impl BitOr for Avx2 {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        // SAFETY: there is a vector, hence AVX2.
        Self(unsafe { _mm256_or_si256(self.0, other.0) })
    }
}

impl Lanes for Avx2 {
    type Proof = Avx2Proof;
    const COUNT: usize = 8;

    #[inline(always)]
    fn splat(_: Avx2Proof, word: u32) -> Self {
        // SAFETY: there is a proof of AVX2.
        Self(unsafe { _mm256_set1_epi32(word.cast_signed()) })
    }

    #[inline(always)]
    fn load(_: Avx2Proof, words: &[u32]) -> Self {
        let words: &[u32; 8] = words.first_chunk().expect("the caller has as many");
        // SAFETY: there is a proof of AVX2, and the array holds the 32 bytes that are read.
        Self(unsafe { _mm256_loadu_si256(words.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self, words: &mut [u32]) {
        let words: &mut [u32; 8] = words.first_chunk_mut().expect("the caller has as many");
        // SAFETY: there is a vector, hence AVX2, and the array has room for 32 bytes.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn rotate_left<const BITS: i32>(self) -> Self {
        self.shift_left_by(BITS.unsigned_abs()) | self.shift_right_by(32 - BITS.unsigned_abs())
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self) -> Self {
        self.shift_right_by(BITS.unsigned_abs())
    }

    // With a constant count these two become the instructions that have the count in them.

    #[inline(always)]
    fn shift_left_by(self, bits: u32) -> Self {
        // SAFETY: there is a vector, hence AVX2.
        Self(unsafe { _mm256_sll_epi32(self.0, _mm_cvtsi32_si128(bits.cast_signed())) })
    }

    #[inline(always)]
    fn shift_right_by(self, bits: u32) -> Self {
        // SAFETY: there is a vector, hence AVX2.
        Self(unsafe { _mm256_srl_epi32(self.0, _mm_cvtsi32_si128(bits.cast_signed())) })
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        self ^ b ^ c
    }

    #[inline(always)]
    fn choose(self, b: Self, c: Self) -> Self {
        // SAFETY: there is a vector, hence AVX2.
        let (b, c) = unsafe { (_mm256_and_si256(self.0, b.0), _mm256_andnot_si256(self.0, c.0)) };
        Self(b) | Self(c)
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        // SAFETY: there is a vector, hence AVX2.
        let (both, either) =
            unsafe { (_mm256_and_si256(self.0, b.0), _mm256_and_si256((self | b).0, c.0)) };
        Self(both) | Self(either)
    }

    #[inline(always)]
    fn without(self, mask: u32) -> u32 {
        // SAFETY: there is a vector, hence AVX2.
        let lanes = unsafe {
            let masked = _mm256_and_si256(self.0, _mm256_set1_epi32(mask.cast_signed()));
            let zero = _mm256_cmpeq_epi32(masked, _mm256_setzero_si256());
            _mm256_movemask_ps(_mm256_castsi256_ps(zero))
        };
        lanes.cast_unsigned()
    }
}
