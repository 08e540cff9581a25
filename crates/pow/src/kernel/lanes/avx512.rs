//! Sixteen lanes, with AVX-512.

#![expect(unsafe_code, reason = "instructions that not every processor has")]

use std::arch::asm;
use std::arch::x86_64::{
    __m512i, _mm_cvtsi32_si128, _mm512_add_epi32, _mm512_loadu_si512, _mm512_or_si512,
    _mm512_rol_epi32, _mm512_set1_epi32, _mm512_sll_epi32, _mm512_srl_epi32, _mm512_storeu_si512,
    _mm512_ternarylogic_epi32, _mm512_testn_epi32_mask, _mm512_xor_si512,
};
use std::ops::{Add, BitOr, BitXor};

use super::Lanes;

/// Proves that the processor has AVX-512F, and that the system keeps its registers.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Avx512Proof(());

/// Sixteen words.
///
/// Made only from an [`Avx512Proof`]; that is why its methods may use AVX-512F.
#[derive(Clone, Copy)]
pub(in crate::kernel) struct Avx512(__m512i);

impl Avx512Proof {
    /// Returns a proof, if there is one.
    pub(in crate::kernel) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(()))
    }
}

impl Add for Avx512 {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: there is a vector, hence AVX-512F.
        Self(unsafe { _mm512_add_epi32(self.0, other.0) })
    }
}

impl BitXor for Avx512 {
    type Output = Self;

    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        // SAFETY: there is a vector, hence AVX-512F.
        Self(unsafe { _mm512_xor_si512(self.0, other.0) })
    }
}

impl BitOr for Avx512 {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        // SAFETY: there is a vector, hence AVX-512F.
        Self(unsafe { _mm512_or_si512(self.0, other.0) })
    }
}

impl Avx512 {
    /// Returns the function of three bits that a table of eight gives, bit by bit.
    #[inline(always)]
    fn ternary<const TABLE: i32>(self, b: Self, c: Self) -> Self {
        // SAFETY: there is a vector, hence AVX-512F.
        Self(unsafe { _mm512_ternarylogic_epi32::<TABLE>(self.0, b.0, c.0) })
    }
}

impl Lanes for Avx512 {
    type Proof = Avx512Proof;
    const COUNT: usize = 16;

    #[inline(always)]
    fn splat(_: Avx512Proof, word: u32) -> Self {
        // SAFETY: there is a proof of AVX-512F.
        Self(unsafe { _mm512_set1_epi32(word.cast_signed()) })
    }

    #[inline(always)]
    fn load(_: Avx512Proof, words: &[u32]) -> Self {
        let words: &[u32; 16] = words.first_chunk().expect("the caller has as many");
        // SAFETY: there is a proof of AVX-512F, and the array holds the 64 bytes that are read.
        Self(unsafe { _mm512_loadu_si512(words.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self, words: &mut [u32]) {
        let words: &mut [u32; 16] = words.first_chunk_mut().expect("the caller has as many");
        // SAFETY: there is a vector, hence AVX-512F, and the array has room for 64 bytes.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn rotate_left<const BITS: i32>(self) -> Self {
        // SAFETY: there is a vector, hence AVX-512F.
        Self(unsafe { _mm512_rol_epi32::<BITS>(self.0) })
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self) -> Self {
        // SAFETY: there is a vector, hence AVX-512F.
        Self(unsafe { _mm512_srl_epi32(self.0, _mm_cvtsi32_si128(BITS)) })
    }

    #[inline(always)]
    fn shift_left_by(self, bits: u32) -> Self {
        // SAFETY: there is a vector, hence AVX-512F.
        Self(unsafe { _mm512_sll_epi32(self.0, _mm_cvtsi32_si128(bits.cast_signed())) })
    }

    #[inline(always)]
    fn shift_right_by(self, bits: u32) -> Self {
        // SAFETY: there is a vector, hence AVX-512F.
        Self(unsafe { _mm512_srl_epi32(self.0, _mm_cvtsi32_si128(bits.cast_signed())) })
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        self.ternary::<0x96>(b, c)
    }

    #[inline(always)]
    fn choose(self, b: Self, c: Self) -> Self {
        self.ternary::<0xca>(b, c)
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        self.ternary::<0xe8>(b, c)
    }

    #[inline(always)]
    fn add_late(self, late: Self) -> Self {
        // SAFETY: there is a vector, hence AVX-512F.
        Self(unsafe { add_late(self.0, late.0) })
    }

    #[inline(always)]
    fn end_round<const STREAMS: usize, T>(states: &mut [[Self; 8]; STREAMS], memory: &mut T) {
        for state in states {
            // SAFETY: there is a vector, hence AVX-512F.
            unsafe { end_round(state, std::ptr::from_mut(memory).cast()) }
        }
    }

    #[inline(always)]
    fn without(self, mask: u32) -> u32 {
        // SAFETY: there is a vector, hence AVX-512F.
        let lanes =
            unsafe { _mm512_testn_epi32_mask(self.0, _mm512_set1_epi32(mask.cast_signed())) };
        lanes.into()
    }
}

/// Adds in an order that the compiler cannot change.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_late(early: __m512i, late: __m512i) -> __m512i {
    let mut sum = late;
    // SAFETY: the instruction reads and writes nothing but its operands.
    unsafe {
        asm!(
            "vpaddd {sum}, {sum}, {early}",
            sum = inout(zmm_reg) sum,
            early = in(zmm_reg) early,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

/// Makes the compiler keep a state in registers and everything else in memory, and jumps to the
/// next instruction.
///
/// The jump is for the processor: once it had to decode instructions, it goes on decoding, at half
/// the speed, until a jump takes it back to its cache of decoded instructions.
#[inline]
#[target_feature(enable = "avx512f")]
fn end_round([a, b, c, d, e, f, g, h]: &mut [Avx512; 8], memory: *mut u8) {
    // SAFETY: nothing is read or written.
    unsafe {
        asm!(
            "jmp 2f /* {memory} {a} {b} {c} {d} {e} {f} {g} {h} */",
            "2:",
            memory = in(reg) memory,
            a = inout(zmm_reg) a.0,
            b = inout(zmm_reg) b.0,
            c = inout(zmm_reg) c.0,
            d = inout(zmm_reg) d.0,
            e = inout(zmm_reg) e.0,
            f = inout(zmm_reg) f.0,
            g = inout(zmm_reg) g.0,
            h = inout(zmm_reg) h.0,
            options(nostack, preserves_flags),
        );
    }
}
