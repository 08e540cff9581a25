//! The SHA instructions of x86-64.
//!
//! | file | question |
//! | --- | --- |
//! | `sha1`, `sha256` | how is a message hashed? |

#![expect(unsafe_code, reason = "instructions that not every processor has")]

mod sha1;
mod sha256;

use std::arch::x86_64::{
    __m128i, _mm_cvtsi32_si128, _mm_loadu_si128, _mm_or_si128, _mm_set_epi32, _mm_shuffle_epi8,
    _mm_testz_si128,
};
use std::ops::Range;

use super::{first_hit, moves};
use crate::hash::{Block, Hash};
use crate::kernel::lows::Lows;
use crate::layout::Layout;
use crate::work::Work;

/// Proves that the processor has the SHA instructions, and those of SSE4.1 and before.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct ShaProof(());

impl ShaProof {
    /// Returns a proof, if there is one.
    pub(in crate::kernel) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1");
        all.then_some(Self(()))
    }
}

/// Messages that are hashed in turn.
const STREAMS: usize = 4;

/// Hashes the messages of a high.
pub(super) struct Hasher(Function);

enum Function {
    Sha1(sha1::Hasher),
    Sha256(sha256::Hasher),
}

impl Hasher {
    /// Returns what hashes the messages of the high that is written in a layout.
    pub(super) fn new(proof: ShaProof, work: &Work, layout: &Layout, lows: Lows) -> Self {
        Self(match work.hash {
            Hash::Sha1 => Function::Sha1(sha1::Hasher::new(proof, work, layout, lows)),
            Hash::Sha256 | Hash::DoubleSha256 => {
                Function::Sha256(sha256::Hasher::new(proof, work, layout, lows))
            }
        })
    }

    /// Returns the first of some lows whose message may be a solution.
    pub(super) fn first_hit(&mut self, lows: Lows, range: Range<u64>) -> Option<u64> {
        match &mut self.0 {
            Function::Sha1(hasher) => hasher.first_hit(lows, range),
            Function::Sha256(hasher) => hasher.first_hit(lows, range),
        }
    }
}

/// The words of a block, four at a time.
type Words = [__m128i; 4];

/// A block that may have digits of the low.
struct Template {
    /// The block, with zeros for those digits.
    words: Words,
    /// Which byte of a low's code goes where, as the instruction takes it that moves bytes.
    moves: Words,
    /// The vectors of words that have digits.
    varying: Range<usize>,
}

impl Template {
    /// Returns the `number`-th block of a layout, whose bytes `order` puts in their places.
    #[target_feature(enable = "ssse3")]
    fn new(layout: &Layout, lows: Lows, number: usize, order: __m128i) -> Self {
        let at = lows.at(layout);
        let within = |byte: usize| byte.saturating_sub(64 * number).min(64);
        Self {
            words: load(&layout.blocks[number], order),
            moves: load(&moves(layout, lows, number, NO_DIGIT), order),
            varying: within(at) / 16..within(at + lows.digits).div_ceil(16),
        }
    }

    /// Returns one of the vectors of words, with the digits of a low.
    #[inline]
    #[target_feature(enable = "ssse3")]
    fn with(&self, code: __m128i, vector: usize) -> __m128i {
        _mm_or_si128(self.words[vector], _mm_shuffle_epi8(code, self.moves[vector]))
    }
}

/// A byte without a digit, as the instruction takes it that moves bytes.
const NO_DIGIT: u8 = 0x80;

/// Returns a block as vectors of four words, whose bytes `order` puts in their places.
#[inline]
#[target_feature(enable = "ssse3")]
fn load(block: &Block, order: __m128i) -> Words {
    let (quarters, _) = block.as_chunks::<16>();
    [0, 1, 2, 3].map(|i| {
        // SAFETY: a quarter has the 16 bytes that are read.
        let quarter = unsafe { _mm_loadu_si128(quarters[i].as_ptr().cast()) };
        _mm_shuffle_epi8(quarter, order)
    })
}

/// Returns a vector of four words, the first one highest.
#[inline]
#[target_feature(enable = "sse2")]
fn four(words: [u32; 4]) -> __m128i {
    let [a, b, c, d] = words.map(u32::cast_signed);
    _mm_set_epi32(a, b, c, d)
}

/// Returns a vector of which a word is the lowest, and the others are zero.
#[inline]
#[target_feature(enable = "sse2")]
fn lowest(word: u32) -> __m128i {
    _mm_cvtsi32_si128(word.cast_signed())
}

/// Returns a bit for a stream: whether a vector has none of the mask's bits set.
#[inline]
#[target_feature(enable = "sse4.1")]
fn hit(stream: usize, vector: __m128i, mask: __m128i) -> u32 {
    u32::from(_mm_testz_si128(vector, mask) == 1) << stream
}
