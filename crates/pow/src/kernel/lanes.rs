//! Vectors of words, one for each of several messages that are hashed side by side.
//!
//! The hash functions are written once, over this trait. A vector of a processor extension can be
//! made only from a `Proof`, which only detection creates. So the existence of a vector proves that
//! its instructions may be used, and nothing above this module needs `unsafe`.
//!
//! | file | question |
//! | --- | --- |
//! | `avx2` | How are eight lanes computed with AVX2? |
//! | `avx512` | How are sixteen lanes computed with AVX-512? |
//! | `neon` | How are four lanes computed with NEON? |
//! | `portable` | How are lanes computed without vector instructions? |

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(super) mod neon;
pub(super) mod portable;

use std::ops::{Add, BitOr, BitXor};

/// The largest number of words in a vector.
pub(super) const COUNT_MAX: usize = 16;

/// A vector of 32-bit words. All arithmetic is for each word on its own, and wraps around.
///
/// All methods must be inlined into a function that enables the instructions; otherwise they are
/// correct, but slow.
pub(super) trait Lanes:
    Copy + Add<Output = Self> + BitXor<Output = Self> + BitOr<Output = Self>
{
    /// Proves that the processor has the instructions.
    type Proof: Copy;

    /// Words in a vector; divides [`COUNT_MAX`].
    const COUNT: usize;

    /// Returns a vector with the same word everywhere.
    fn splat(proof: Self::Proof, word: u32) -> Self;

    /// Returns the first words of a slice, which has at least [`Self::COUNT`].
    fn load(proof: Self::Proof, words: &[u32]) -> Self;

    /// Writes the words to the front of a slice, which has room for [`Self::COUNT`].
    fn store(self, words: &mut [u32]);

    fn rotate_left<const BITS: i32>(self) -> Self;

    fn shift_right<const BITS: i32>(self) -> Self;

    /// Shifts by a number that is not known beforehand; by 32 or more gives zeros.
    fn shift_left_by(self, bits: u32) -> Self;

    /// Shifts by a number that is not known beforehand; by 32 or more gives zeros.
    fn shift_right_by(self, bits: u32) -> Self;

    fn xor3(self, b: Self, c: Self) -> Self;

    /// Returns the bits of `b` where `self` has ones, and those of `c` elsewhere.
    fn choose(self, b: Self, c: Self) -> Self;

    /// Returns the bits that at least two of the three have.
    fn majority(self, b: Self, c: Self) -> Self;

    /// Adds a value that is known early to one that is known late. The compiler must not change the
    /// order of the sum, or more operations would wait for the late value.
    fn add_late(self, late: Self) -> Self {
        self + late
    }

    /// Marks the end of a round for the compiler, so that it neither interleaves rounds nor keeps
    /// values in registers that were written to memory: it would run out of registers. Has no other
    /// effect.
    #[inline(always)]
    fn end_round<const STREAMS: usize, T>(_states: &mut [[Self; 8]; STREAMS], _memory: &mut T) {}

    /// Returns a bit for each word, lowest for the first: whether the word has none of the mask's
    /// bits set.
    fn without(self, mask: u32) -> u32;
}

/// Repeats a block for each number below a literal, or below a constant that is at most 4, with the
/// number as a constant. (The compiler does not unroll long loops by itself.)
macro_rules! unroll {
    ($i:ident in 0..8 $body:block) => { unroll!(@ $i [0 1 2 3 4 5 6 7] $body) };
    ($i:ident in 0..$count:ident $body:block) => {
        unroll!(@ $i [0 1 2 3] { if $i < $count $body })
    };
    ($i:ident in 0..5 $body:block) => { unroll!(@ $i [0 1 2 3 4] $body) };
    ($i:ident in 0..4 $body:block) => { unroll!(@ $i [0 1 2 3] $body) };
    ($i:ident in 0..2 $body:block) => { unroll!(@ $i [0 1] $body) };
    ($i:ident in 0..10 $body:block) => { unroll!(@ $i [0 1 2 3 4 5 6 7 8 9] $body) };
    (@ $i:ident [$($number:literal)*] $body:block) => {
        $({ let $i: usize = $number; $body })*
    };
}
pub(super) use unroll;
