//! SHA-1 and SHA-256 with ARM's SHA instructions, for a few messages at a time.
//!
//! An instruction does four rounds of one message, and the next four wait for it. So the rounds of
//! several messages, the *streams*, are computed in turn. Messages of a high differ in the digits
//! of the low only: they are made ready once, and one instruction moves the digits to their place.
//!
//! | file | question |
//! | --- | --- |
//! | `sha1`, `sha256` | how is a message hashed? |

#![expect(unsafe_code, reason = "instructions that not every processor has")]

mod sha1;
mod sha256;

use std::arch::aarch64::{
    uint8x16_t, uint32x4_t, vdupq_n_u32, vld1q_u8, vld1q_u32, vorrq_u32, vqtbl1q_u8,
    vreinterpretq_u8_u32, vreinterpretq_u32_u8, vrev32q_u8,
};
use std::arch::is_aarch64_feature_detected;
use std::ops::Range;

use super::lows::Lows;
use crate::hash::{Block, Hash};
use crate::layout::Layout;
use crate::work::Work;

/// Proves that the processor has the instructions for SHA-1 and SHA-256, and NEON.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShaProof(());

impl ShaProof {
    /// Returns a proof, if there is one.
    pub(super) fn detect() -> Option<Self> {
        is_aarch64_feature_detected!("sha2").then_some(Self(()))
    }
}

/// Messages that are hashed in turn. There are registers for the states and words of two.
const STREAMS: usize = 2;

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
        let start = zero + high * lows.count;
        let low = |index: u64| index.saturating_sub(start).min(lows.count);
        let part = low(range.start)..low(range.end);
        // SAFETY: there is a proof of the instructions.
        let solution = unsafe { first_of_high(proof, work, layout, lows, part, start) };
        if solution.is_some() {
            return solution;
        }
    }
    None
}

/// Returns the lowest solution among some lows of the high that is written in a layout. The first
/// low has the index `start`.
#[target_feature(enable = "sha2")]
fn first_of_high(
    _: ShaProof,
    work: &Work,
    layout: &Layout,
    lows: Lows,
    range: Range<u64>,
    start: u64,
) -> Option<u64> {
    let filter = work.goal.filter();
    let hasher = match work.hash {
        Hash::Sha1 => Hasher::Sha1(sha1::Hasher::new(layout, lows)),
        Hash::Sha256 | Hash::DoubleSha256 => {
            let word = filter.word(work.hash);
            Hasher::Sha256(sha256::Hasher::new(work.hash, layout, lows, word))
        }
    };
    for from in range.clone().step_by(STREAMS) {
        let words = match &hasher {
            Hasher::Sha1(hasher) => hasher.words(lows.codes(from)),
            Hasher::Sha256(hasher) => hasher.words(lows.codes(from)),
        };
        for (low, word) in (from..range.end).zip(words) {
            if word & filter.mask == 0 && work.is_solved_by(start + low) {
                return Some(start + low);
            }
        }
    }
    None
}

/// Hashes the messages of a high.
enum Hasher {
    Sha1(sha1::Hasher),
    Sha256(sha256::Hasher),
}

/// The words of a block, four at a time.
type Words = [uint32x4_t; 4];

/// A block that may have digits of the low.
struct Template {
    /// The block, with zeros for those digits.
    words: Words,
    /// Which byte of a low's code goes where.
    moves: [uint8x16_t; 4],
}

impl Template {
    /// Returns the `number`-th block of a layout.
    #[target_feature(enable = "neon")]
    fn new(layout: &Layout, lows: Lows, number: usize) -> Self {
        let mut moves = [NO_DIGIT; 64];
        // The last digit is the lowest byte.
        let digits = [3, 2, 1, 0].into_iter().skip(4 - lows.digits);
        for (at, digit) in (lows.at(layout)..).zip(digits) {
            if at / 64 == number {
                moves[at % 64] = digit;
            }
        }
        let words = load(&layout.blocks[number]).map(|bytes| vreinterpretq_u32_u8(bytes));
        Self { words, moves: load(&moves) }
    }

    /// Returns the words, with the digits of a low.
    #[inline]
    #[target_feature(enable = "neon")]
    fn with(&self, code: u32) -> Words {
        let code = vreinterpretq_u8_u32(vdupq_n_u32(code));
        let mut words = self.words;
        for (word, moves) in words.iter_mut().zip(self.moves) {
            *word = vorrq_u32(*word, vreinterpretq_u32_u8(vqtbl1q_u8(code, moves)));
        }
        words
    }
}

/// Where no digit is moved to: beyond the bytes of a vector there are zeros.
const NO_DIGIT: u8 = u8::MAX;

/// Returns the bytes of a block in the order that makes words of them.
#[target_feature(enable = "neon")]
fn load(block: &Block) -> [uint8x16_t; 4] {
    let (quarters, _) = block.as_chunks::<16>();
    [0, 1, 2, 3].map(|i| {
        // SAFETY: a quarter has the 16 bytes that are read.
        let quarter = unsafe { vld1q_u8(quarters[i].as_ptr()) };
        vrev32q_u8(quarter)
    })
}

#[inline]
#[target_feature(enable = "neon")]
fn four(words: [u32; 4]) -> uint32x4_t {
    // SAFETY: the array holds the four words that are read.
    unsafe { vld1q_u32(words.as_ptr()) }
}
