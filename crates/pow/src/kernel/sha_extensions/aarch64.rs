//! ARM's SHA instructions, of which each does four rounds of a message.
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

use super::{first_hit, moves};
use crate::hash::{Block, Hash};
use crate::kernel::lows::Lows;
use crate::layout::Layout;
use crate::work::Work;

/// Proves that the processor has the instructions for SHA-1 and SHA-256, and NEON.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct ShaProof(());

impl ShaProof {
    /// Returns a proof, if there is one.
    pub(in crate::kernel) fn detect() -> Option<Self> {
        is_aarch64_feature_detected!("sha2").then_some(Self(()))
    }
}

/// Messages that are hashed in turn. There are registers for the states and words of two.
const STREAMS: usize = 2;

/// Hashes the messages of a high.
pub(super) struct Hasher {
    proof: ShaProof,
    function: Function,
    /// What the filter masks in the word that it looks at.
    mask: u32,
}

enum Function {
    Sha1(sha1::Hasher),
    Sha256(sha256::Hasher),
}

impl Hasher {
    /// Returns what hashes the messages of the high that is written in a layout.
    pub(super) fn new(proof: ShaProof, work: &Work, layout: &Layout, lows: Lows) -> Self {
        let filter = work.goal.filter();
        // SAFETY: `proof` is one of the instructions.
        let function = unsafe {
            match work.hash {
                Hash::Sha1 => Function::Sha1(sha1::Hasher::new(layout, lows)),
                Hash::Sha256 | Hash::DoubleSha256 => {
                    let word = filter.word(work.hash);
                    Function::Sha256(sha256::Hasher::new(work.hash, layout, lows, word))
                }
            }
        };
        Self { proof, function, mask: filter.mask }
    }

    /// Returns the first of some lows whose message may be a solution.
    pub(super) fn first_hit(&mut self, lows: Lows, range: Range<u64>) -> Option<u64> {
        #[target_feature(enable = "sha2")]
        fn run(hasher: &Hasher, lows: Lows, range: Range<u64>) -> Option<u64> {
            let mask = hasher.mask;
            match &hasher.function {
                Function::Sha1(sha1) => {
                    first_hit(lows, range, |codes| hits(sha1.words(codes), mask))
                }
                Function::Sha256(sha256) => {
                    first_hit(lows, range, |codes| hits(sha256.words(codes), mask))
                }
            }
        }
        let ShaProof(()) = self.proof;
        // SAFETY: this is a proof of the instructions.
        unsafe { run(self, lows, range) }
    }
}

/// Returns a bit for each word: whether it has none of the mask's bits set.
fn hits(words: [u32; STREAMS], mask: u32) -> u32 {
    let hits = words.into_iter().enumerate().map(|(s, word)| u32::from(word & mask == 0) << s);
    hits.sum()
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
        let words = load(&layout.blocks[number]).map(|bytes| vreinterpretq_u32_u8(bytes));
        Self { words, moves: load(&moves(layout, lows, number, NO_DIGIT)) }
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
