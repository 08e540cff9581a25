//! SHA-256 with the SHA instructions.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_set_epi64x, _mm_sha256msg1_epu32,
    _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi32, _mm_unpackhi_epi64,
    _mm_unpacklo_epi64,
};

use super::{BATCH, ShaProof, four, load, words_of};
use crate::hash::{Block, SHA256_START, State};
use crate::kernel::lanes::unroll;
use crate::kernel::sha256::CONSTANTS;

/// Messages that are hashed in turn. More need more registers than there are.
const STREAMS: usize = 2;

/// A state as the instructions take it: a, b, e, f and c, d, g, h, the first one highest.
type Pair = [__m128i; 2];

/// What is added in the rounds of a block, four at a time: words and constants together.
type Schedule = [__m128i; 16];

/// Hashes messages that differ in their first blocks only.
pub(super) struct Hasher {
    proof: ShaProof,
    start: Pair,
    /// Blocks of a message that differ.
    differing: usize,
    /// The blocks after those.
    later: Vec<Schedule>,
    /// Whether the digest is hashed again.
    is_double: bool,
}

impl Hasher {
    pub(super) fn new(
        proof: ShaProof,
        midstate: State,
        later: &[Block],
        differing: usize,
        is_double: bool,
    ) -> Self {
        // SAFETY: `proof` is one of the instructions.
        let (start, later) =
            unsafe { (pair(midstate), later.iter().map(|block| schedule(block)).collect()) };
        Self { proof, start, differing, later, is_double }
    }

    /// Returns a word of the state after each message.
    pub(super) fn words(&self, messages: &[Block], word: usize) -> [u32; BATCH] {
        let ShaProof(()) = self.proof;
        // SAFETY: this is a proof of the instructions.
        unsafe { words(self, messages, word) }
    }
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn words(hasher: &Hasher, messages: &[Block], word: usize) -> [u32; BATCH] {
    let (vector, place) = match word {
        0 | 1 => (0, word),
        2 | 3 => (1, word - 2),
        4 | 5 => (0, word - 2),
        _ => (1, word - 4),
    };
    let mut words = [0; BATCH];
    let (groups, _) = words.as_chunks_mut::<STREAMS>();
    for (words, messages) in groups.iter_mut().zip(messages.chunks(STREAMS * hasher.differing)) {
        let mut states = [hasher.start; STREAMS];
        for block in 0..hasher.differing {
            let mut w = [[four([0; 4]); 4]; STREAMS];
            for s in 0..STREAMS {
                w[s] = load(&messages[s * hasher.differing + block], order());
            }
            compress(&mut states, w);
        }
        for schedule in &hasher.later {
            compress_same(&mut states, schedule);
        }
        if hasher.is_double {
            let w = states.map(|state| digest_block(state));
            states = [pair(SHA256_START); STREAMS];
            compress(&mut states, w);
        }
        for s in 0..STREAMS {
            words[s] = words_of(states[s][vector])[place];
        }
    }
    words
}

/// Takes a block each, as four vectors of words, into some states.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress(states: &mut [Pair; STREAMS], mut w: [[__m128i; 4]; STREAMS]) {
    let before = *states;
    let mut state = before;
    unroll!(eights in 0..2 {
        unroll!(ones in 0..8 {
            let i = 8 * eights + ones;
            let [a, b, c, d] = CONSTANTS.as_chunks().0[i];
            let constants = four([d, c, b, a]);
            unroll!(s in 0..STREAMS {
                if i >= 4 {
                    w[s][i % 4] = next_words(&w[s], i);
                }
                state[s] = four_rounds(state[s], _mm_add_epi32(w[s][i % 4], constants));
            });
        });
    });
    for s in 0..STREAMS {
        states[s] = [0, 1].map(|half| _mm_add_epi32(state[s][half], before[s][half]));
    }
}

/// Takes the same block into some states.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress_same(states: &mut [Pair; STREAMS], schedule: &Schedule) {
    let before = *states;
    let mut state = before;
    unroll!(eights in 0..2 {
        unroll!(ones in 0..8 {
            unroll!(s in 0..STREAMS {
                state[s] = four_rounds(state[s], schedule[8 * eights + ones]);
            });
        });
    });
    for s in 0..STREAMS {
        states[s] = [0, 1].map(|half| _mm_add_epi32(state[s][half], before[s][half]));
    }
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn schedule(block: &Block) -> Schedule {
    let mut w = load(block, order());
    let mut schedule = [w[0]; 16];
    for i in 0..16 {
        if i >= 4 {
            w[i % 4] = next_words(&w, i);
        }
        let [a, b, c, d] = CONSTANTS.as_chunks().0[i];
        schedule[i] = _mm_add_epi32(w[i % 4], four([d, c, b, a]));
    }
    schedule
}

/// Returns the words of the `i`-th four rounds, from those of the four fours before.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn next_words(w: &[__m128i; 4], i: usize) -> __m128i {
    let [late, later] = [w[(i + 2) % 4], w[(i + 3) % 4]];
    let mixed = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);
    let mixed = _mm_add_epi32(mixed, _mm_alignr_epi8::<4>(later, late));
    _mm_sha256msg2_epu32(mixed, later)
}

#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn four_rounds([abef, cdgh]: Pair, sum: __m128i) -> Pair {
    let cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
    let abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32::<0x0e>(sum));
    [abef, cdgh]
}

/// Returns the block that is hashed after a state became a digest: eight words, the end mark, and
/// the length.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn digest_block([abef, cdgh]: Pair) -> [__m128i; 4] {
    let abcd = _mm_shuffle_epi32::<0xb1>(_mm_unpackhi_epi64(abef, cdgh));
    let efgh = _mm_shuffle_epi32::<0xb1>(_mm_unpacklo_epi64(abef, cdgh));
    [abcd, efgh, four([0, 0, 0, 0x8000_0000]), four([256, 0, 0, 0])]
}

#[inline]
#[target_feature(enable = "sse2")]
fn pair([a, b, c, d, e, f, g, h]: State) -> Pair {
    [four([a, b, e, f]), four([c, d, g, h])]
}

/// Returns the order of bytes that puts the first word lowest.
#[inline]
#[target_feature(enable = "sse2")]
fn order() -> __m128i {
    _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203)
}
