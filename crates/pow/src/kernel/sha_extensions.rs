//! SHA-1 and SHA-256 with the SHA instructions, for a few messages at a time.
//!
//! These instructions hash one message, and take long to do it: an answer is there four or six
//! cycles after the question, and a new question can be asked every other cycle. So the rounds of
//! several messages are computed in turn.
//!
//! | file | question |
//! | --- | --- |
//! | `sha1`, `sha256` | how is a message hashed? |

#![expect(unsafe_code, reason = "instructions that not every processor has")]

mod sha1;
mod sha256;

use std::arch::x86_64::{
    __m128i, _mm_extract_epi32, _mm_loadu_si128, _mm_set_epi32, _mm_shuffle_epi8,
};
use std::ops::Range;

use super::lows::Lows;
use crate::hash::{Block, Hash, State};
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

/// Messages that are written before the first of them is hashed. A block is read 16 bytes at a
/// time; if one of them was just written, the read would wait for that.
const BATCH: usize = 64;

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
    let filter = work.goal.filter();
    let (at, digits) = (lows.at(layout), lows.digits);
    // The blocks that differ from message to message.
    let blocks = at / 64..(at + digits).div_ceil(64);
    let at = at - 64 * blocks.start;
    let later: Vec<Block> = layout.blocks[blocks.end..].to_vec();
    let first = (range.start - zero) / lows.count;
    let last = (range.end.checked_sub(1)? - zero) / lows.count;
    for high in first..=last {
        layout.write_high(high, digits);
        let mut midstate = layout.midstate;
        work.hash.compress(&mut midstate, &layout.blocks[..blocks.start]);
        let message = &layout.blocks[blocks.clone()];
        let mut messages = message.repeat(BATCH);
        let hasher = Hasher::new(proof, work.hash, midstate, &later, message.len());
        let start = zero + high * lows.count;
        let low = |index: u64| index.saturating_sub(start).min(lows.count);
        let (begin, end) = (low(range.start), low(range.end));
        for from in (begin..end).step_by(BATCH) {
            for (message, low) in messages.chunks_mut(message.len()).zip(from..end) {
                let bytes = message.as_flattened_mut();
                bytes[at..at + digits].copy_from_slice(&lows.bytes(low)[..digits]);
            }
            let words = hasher.words(&messages, filter.word(work.hash));
            let hit = words
                .iter()
                .zip(from..end)
                .find(|(word, low)| **word & filter.mask == 0 && work.is_solved_by(start + low));
            if let Some((_, low)) = hit {
                return Some(start + low);
            }
        }
    }
    None
}

/// Hashes messages that differ in their first blocks only: those of SHA-1 have no other.
enum Hasher {
    Sha1(sha1::Hasher),
    Sha256(sha256::Hasher),
}

impl Hasher {
    /// Returns what hashes messages of so many blocks that differ, after a midstate, and of `later`
    /// ones.
    fn new(
        proof: ShaProof,
        hash: Hash,
        midstate: State,
        later: &[Block],
        differing: usize,
    ) -> Self {
        match hash {
            Hash::Sha1 => Self::Sha1(sha1::Hasher::new(proof, midstate)),
            Hash::Sha256 | Hash::DoubleSha256 => {
                let is_double = hash == Hash::DoubleSha256;
                Self::Sha256(sha256::Hasher::new(proof, midstate, later, differing, is_double))
            }
        }
    }

    /// Returns the word that the goal is looked for in, of the state after each message. With SHA-1
    /// it is the first, as `Lows::of` sees to.
    fn words(&self, messages: &[Block], word: usize) -> [u32; BATCH] {
        match self {
            Self::Sha1(hasher) => hasher.words(messages),
            Self::Sha256(hasher) => hasher.words(messages, word),
        }
    }
}

/// Returns a block as vectors of four words, whose bytes `order` puts in their places.
#[inline]
#[target_feature(enable = "ssse3")]
fn load(block: &Block, order: __m128i) -> [__m128i; 4] {
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

/// Returns the words of a vector, the highest one first.
#[inline]
#[target_feature(enable = "sse4.1")]
fn words_of(vector: __m128i) -> [u32; 4] {
    [
        _mm_extract_epi32::<3>(vector),
        _mm_extract_epi32::<2>(vector),
        _mm_extract_epi32::<1>(vector),
        _mm_extract_epi32::<0>(vector),
    ]
    .map(i32::cast_unsigned)
}
