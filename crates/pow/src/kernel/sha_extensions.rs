//! SHA-1 and SHA-256 with the SHA instructions, for a few messages at a time.
//!
//! These instructions hash one message, and take long to do it: an answer is there four or six
//! cycles after the question, and a new question can be asked every other cycle. So the rounds of
//! several messages are computed in turn.

#![expect(unsafe_code, reason = "instructions that not every processor has")]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_loadu_si128, _mm_set_epi32,
    _mm_set_epi64x, _mm_sha1msg1_epu32, _mm_sha1msg2_epu32, _mm_sha1nexte_epu32,
    _mm_sha1rnds4_epu32, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32,
    _mm_shuffle_epi8, _mm_shuffle_epi32, _mm_xor_si128,
};
use std::ops::Range;

use super::lanes::unroll;
use super::lows::Lows;
use super::sha256::CONSTANTS;
use crate::hash::{Block, Hash, SHA256_START, State, bytes_of};
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

    /// Takes one block each into some states.
    fn compress(self, hash: Hash, states: &mut [State; STREAMS], blocks: &[&Block; STREAMS]) {
        // SAFETY: this is a proof of the instructions.
        unsafe {
            match hash {
                Hash::Sha1 => compress_sha1(states, blocks),
                Hash::Sha256 | Hash::DoubleSha256 => compress_sha256(states, blocks),
            }
        }
    }
}

/// Messages that are hashed in turn.
const STREAMS: usize = 4;

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
    let first = (range.start - zero) / lows.count;
    let last = (range.end.checked_sub(1)? - zero) / lows.count;
    for high in first..=last {
        layout.write_high(high, digits);
        let mut messages: Vec<Vec<Block>> = vec![layout.blocks.clone(); BATCH];
        let start = zero + high * lows.count;
        let low = |index: u64| index.saturating_sub(start).min(lows.count);
        let (begin, end) = (low(range.start), low(range.end));
        for from in (begin..end).step_by(BATCH) {
            for (message, low) in messages.iter_mut().zip(from..end) {
                let bytes = message.as_flattened_mut();
                bytes[at..at + digits].copy_from_slice(&lows.bytes(low)[..digits]);
            }
            let groups = messages.as_chunks::<STREAMS>().0;
            for (group, from) in groups.iter().zip((from..end).step_by(STREAMS)) {
                let states = proof.hash(work.hash, layout.midstate, group);
                let hit = states.iter().zip(from..end).find(|(state, low)| {
                    state[filter.word(work.hash)] & filter.mask == 0
                        && work.is_solved_by(start + low)
                });
                if let Some((_, low)) = hit {
                    return Some(start + low);
                }
            }
        }
    }
    None
}

impl ShaProof {
    /// Returns the states after the last block of some messages.
    fn hash(
        self,
        hash: Hash,
        midstate: State,
        messages: &[Vec<Block>; STREAMS],
    ) -> [State; STREAMS] {
        let mut states = [midstate; STREAMS];
        for block in 0..messages[0].len() {
            self.compress(hash, &mut states, &messages.each_ref().map(|all| &all[block]));
        }
        if hash != Hash::DoubleSha256 {
            return states;
        }
        let digests = states.map(|state| {
            let mut block = [0; 64];
            block[..32].copy_from_slice(&bytes_of(state));
            (block[32], block[62]) = (0x80, 1);
            block
        });
        let mut states = [SHA256_START; STREAMS];
        self.compress(hash, &mut states, &digests.each_ref());
        states
    }
}

/// Takes one block each into some states of SHA-1.
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress_sha1(states: &mut [State; STREAMS], blocks: &[&Block; STREAMS]) {
    // The first word is the highest.
    let order = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
    let mut w = blocks.map(|block| load(block, order));
    let before = states.map(|[a, b, c, d, ..]| four([a, b, c, d]));
    let e = states.map(|state| four([state[4], 0, 0, 0]));
    let mut abcd = before;
    let mut last = before;
    unroll!(tens in 0..2 {
        unroll!(ones in 0..10 {
            let i = 10 * tens + ones;
            unroll!(s in 0..STREAMS {
                if i >= 4 {
                    let mixed = _mm_sha1msg1_epu32(w[s][i % 4], w[s][(i + 1) % 4]);
                    let mixed = _mm_xor_si128(mixed, w[s][(i + 2) % 4]);
                    w[s][i % 4] = _mm_sha1msg2_epu32(mixed, w[s][(i + 3) % 4]);
                }
                let sum = match i {
                    0 => _mm_add_epi32(e[s], w[s][0]),
                    _ => _mm_sha1nexte_epu32(last[s], w[s][i % 4]),
                };
                last[s] = abcd[s];
                abcd[s] = match i / 5 {
                    0 => _mm_sha1rnds4_epu32::<0>(abcd[s], sum),
                    1 => _mm_sha1rnds4_epu32::<1>(abcd[s], sum),
                    2 => _mm_sha1rnds4_epu32::<2>(abcd[s], sum),
                    _ => _mm_sha1rnds4_epu32::<3>(abcd[s], sum),
                };
            });
        });
    });
    for s in 0..STREAMS {
        let [a, b, c, d] = words_of(_mm_add_epi32(abcd[s], before[s]));
        let [e, ..] = words_of(_mm_sha1nexte_epu32(last[s], e[s]));
        states[s] = [a, b, c, d, e, 0, 0, 0];
    }
}

/// Takes one block each into some states of SHA-256.
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress_sha256(states: &mut [State; STREAMS], blocks: &[&Block; STREAMS]) {
    // The first word is the lowest.
    let order = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let mut w = blocks.map(|block| load(block, order));
    let before = states.map(|[a, b, c, d, e, f, g, h]| [four([a, b, e, f]), four([c, d, g, h])]);
    let mut state = before;
    unroll!(eights in 0..2 {
        unroll!(ones in 0..8 {
            let i = 8 * eights + ones;
            let [a, b, c, d] = CONSTANTS.as_chunks().0[i];
            let constants = four([d, c, b, a]);
            unroll!(s in 0..STREAMS {
                if i >= 4 {
                    let [late, later] = [w[s][(i + 2) % 4], w[s][(i + 3) % 4]];
                    let mixed = _mm_sha256msg1_epu32(w[s][i % 4], w[s][(i + 1) % 4]);
                    let mixed = _mm_add_epi32(mixed, _mm_alignr_epi8::<4>(later, late));
                    w[s][i % 4] = _mm_sha256msg2_epu32(mixed, later);
                }
                let sum = _mm_add_epi32(w[s][i % 4], constants);
                let [abef, cdgh] = state[s];
                let cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
                let abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32::<0x0e>(sum));
                state[s] = [abef, cdgh];
            });
        });
    });
    for s in 0..STREAMS {
        let [a, b, e, f] = words_of(_mm_add_epi32(state[s][0], before[s][0]));
        let [c, d, g, h] = words_of(_mm_add_epi32(state[s][1], before[s][1]));
        states[s] = [a, b, c, d, e, f, g, h];
    }
}

/// Returns a block as four vectors of words, in which bytes have a new order.
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
