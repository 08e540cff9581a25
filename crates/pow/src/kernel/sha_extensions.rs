//! SHA-1 and SHA-256 with the SHA instructions, for a few messages at a time.
//!
//! **The idea.** These instructions hash one message, and take long to do it: an answer is there
//! four or six cycles after the question, and a new question can be asked every other cycle. So the
//! rounds of several messages, the *streams*, are computed in turn.
//!
//! Then the rounds are what takes the time, if there is little else: the processor looks a few
//! hundred instructions ahead, and must find the rounds of the next messages there. So the message
//! is made ready once for all lows, and one instruction puts the digits of a low where they belong.
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

use super::lows::Lows;
use crate::hash::{Block, Hash};
use crate::layout::Layout;
use crate::work::Work;

/// Proves that the processor has the SHA instructions, and those of SSE4.1 and before.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShaProof(());

impl ShaProof {
    /// Returns a proof, if there is one.
    pub(super) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1");
        all.then_some(Self(()))
    }
}

/// Messages that are hashed in turn.
const STREAMS: usize = 4;

/// Returns the lowest index of a range whose candidate is a solution. The range must lie in the
/// segment of the layout, and the lows be those of the layout.
pub(super) fn first_solution(
    proof: ShaProof,
    work: &Work,
    layout: &mut Layout,
    lows: Lows,
    range: Range<u64>,
) -> Option<u64> {
    let zero = layout.segment.zero;
    let first = (range.start - zero) / lows.count;
    let last = (range.end.checked_sub(1)? - zero) / lows.count;
    for high in first..=last {
        layout.write_high(high, lows.digits);
        let mut hasher = Hasher::new(proof, work, layout, lows);
        let start = zero + high * lows.count;
        let low = |index: u64| index.saturating_sub(start).min(lows.count);
        let (mut next, end) = (low(range.start), low(range.end));
        while let Some(hit) = hasher.first_hit(lows, next..end) {
            if work.is_solved_by(start + hit) {
                return Some(start + hit);
            }
            next = hit + 1;
        }
    }
    None
}

/// Hashes the messages of a high.
enum Hasher {
    Sha1(sha1::Hasher),
    Sha256(sha256::Hasher),
}

impl Hasher {
    /// Returns what hashes the messages of the high that is written in a layout.
    fn new(proof: ShaProof, work: &Work, layout: &Layout, lows: Lows) -> Self {
        match work.hash {
            Hash::Sha1 => Self::Sha1(sha1::Hasher::new(proof, work, layout, lows)),
            Hash::Sha256 | Hash::DoubleSha256 => {
                Self::Sha256(sha256::Hasher::new(proof, work, layout, lows))
            }
        }
    }

    /// Returns the first of some lows whose message may be a solution.
    fn first_hit(&mut self, lows: Lows, range: Range<u64>) -> Option<u64> {
        match self {
            Self::Sha1(hasher) => hasher.first_hit(lows, range),
            Self::Sha256(hasher) => hasher.first_hit(lows, range),
        }
    }
}

/// Returns the first of some lows that is a hit. What is asked for hits gets the codes of some
/// lows, and returns a bit for each, lowest for the first.
///
/// This must be inlined into a function that has the instructions switched on; else it is right,
/// and slow.
#[inline(always)]
fn first_hit(
    lows: Lows,
    range: Range<u64>,
    mut hits: impl FnMut([u32; STREAMS]) -> u32,
) -> Option<u64> {
    for from in range.clone().step_by(STREAMS) {
        let hits = hits(lows.codes(from));
        if hits != 0 {
            let hit = from + u64::from(hits.trailing_zeros());
            return Some(hit).filter(|hit| *hit < range.end);
        }
    }
    None
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
            moves: load(&moves(layout, lows, number), order),
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

/// Four bytes without a digit, as the instruction takes it that moves bytes.
const NO_DIGITS: u32 = 0x8080_8080;

/// Returns for each byte of a block which byte of a low's code belongs there.
fn moves(layout: &Layout, lows: Lows, number: usize) -> Block {
    let [no_digit, ..] = NO_DIGITS.to_ne_bytes();
    let mut moves = [no_digit; 64];
    // The last digit is the lowest byte.
    let digits = [0, 1, 2, 3].into_iter().take(lows.digits).rev();
    for (at, digit) in (lows.at(layout)..).zip(digits) {
        if at / 64 == number {
            moves[at % 64] = digit;
        }
    }
    moves
}

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
