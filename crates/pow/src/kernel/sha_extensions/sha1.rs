//! SHA-1 with the SHA instructions.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_set_epi64x, _mm_sha1msg1_epu32, _mm_sha1msg2_epu32,
    _mm_sha1nexte_epu32, _mm_sha1rnds4_epu32, _mm_xor_si128,
};

use super::{BATCH, ShaProof, four, load, words_of};
use crate::hash::{Block, State};
use crate::kernel::lanes::unroll;

/// Messages that are hashed in turn.
const STREAMS: usize = 4;

/// A state as the instructions take it: a, b, c, d, and e, the first one highest.
type Pair = [__m128i; 2];

/// Hashes messages of one block.
pub(super) struct Hasher {
    proof: ShaProof,
    start: Pair,
}

impl Hasher {
    pub(super) fn new(proof: ShaProof, start: State) -> Self {
        let [a, b, c, d, e, ..] = start;
        // SAFETY: `proof` is one of these instructions, too.
        let start = unsafe { [four([a, b, c, d]), four([e, 0, 0, 0])] };
        Self { proof, start }
    }

    /// Returns the first word of the state after each message.
    pub(super) fn words(&self, messages: &[Block]) -> [u32; BATCH] {
        let ShaProof(()) = self.proof;
        // SAFETY: this is a proof of the instructions.
        unsafe { words(self.start, messages) }
    }
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn words(start: Pair, messages: &[Block]) -> [u32; BATCH] {
    // The first word is the highest.
    let order = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
    let mut words = [0; BATCH];
    let (groups, _) = words.as_chunks_mut::<STREAMS>();
    for (words, messages) in groups.iter_mut().zip(messages.as_chunks::<STREAMS>().0) {
        let mut w = [[start[0]; 4]; STREAMS];
        for s in 0..STREAMS {
            w[s] = load(&messages[s], order);
        }
        *words = compress(start, w);
    }
    words
}

/// Takes a block each into a state, and returns the first words.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress([before, e]: Pair, mut w: [[__m128i; 4]; STREAMS]) -> [u32; STREAMS] {
    // The last two states; the one before the last gives the next e.
    let mut abcd = [[before; 2]; STREAMS];
    unroll!(tens in 0..2 {
        unroll!(ones in 0..10 {
            let i = 10 * tens + ones;
            unroll!(s in 0..STREAMS {
                if i >= 4 {
                    let mixed = _mm_sha1msg1_epu32(w[s][i % 4], w[s][(i + 1) % 4]);
                    let mixed = _mm_xor_si128(mixed, w[s][(i + 2) % 4]);
                    w[s][i % 4] = _mm_sha1msg2_epu32(mixed, w[s][(i + 3) % 4]);
                }
                let [current, before_it] = [abcd[s][i % 2], abcd[s][(i + 1) % 2]];
                let sum = match i {
                    0 => _mm_add_epi32(e, w[s][0]),
                    _ => _mm_sha1nexte_epu32(before_it, w[s][i % 4]),
                };
                abcd[s][(i + 1) % 2] = match i / 5 {
                    0 => _mm_sha1rnds4_epu32::<0>(current, sum),
                    1 => _mm_sha1rnds4_epu32::<1>(current, sum),
                    2 => _mm_sha1rnds4_epu32::<2>(current, sum),
                    _ => _mm_sha1rnds4_epu32::<3>(current, sum),
                };
            });
        });
    });
    let mut words = [0; STREAMS];
    for s in 0..STREAMS {
        let [a, ..] = words_of(_mm_add_epi32(abcd[s][0], before));
        words[s] = a;
    }
    words
}
