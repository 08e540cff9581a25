//! SHA-1 with the SHA instructions.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_set_epi64x, _mm_sha1msg1_epu32, _mm_sha1msg2_epu32,
    _mm_sha1nexte_epu32, _mm_sha1rnds4_epu32, _mm_xor_si128,
};
use std::ops::Range;

use super::{STREAMS, ShaProof, Template, first_hit, four, hit, lowest};
use crate::hash::SHA1_START;
use crate::kernel::lanes::unroll;
use crate::kernel::lows::Lows;
use crate::layout::Layout;
use crate::work::Work;

/// Hashes the messages of a high, which have one block each.
pub(super) struct Hasher {
    proof: ShaProof,
    block: Template,
    /// What the filter masks in the first word of the state, which is the highest.
    mask: __m128i,
}

impl Hasher {
    /// Returns what hashes the messages of the high that is written in a layout. The filter must
    /// look at the first word, as `Lows::of` sees to.
    pub(super) fn new(proof: ShaProof, work: &Work, layout: &Layout, lows: Lows) -> Self {
        // SAFETY: `proof` is one of these instructions, too.
        let (block, mask) = unsafe {
            // The first word is the highest.
            let order = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
            (Template::new(layout, lows, 0, order), four([work.goal.filter().mask, 0, 0, 0]))
        };
        Self { proof, block, mask }
    }

    /// Returns the first of some lows whose message may be a solution.
    pub(super) fn first_hit(&self, lows: Lows, range: Range<u64>) -> Option<u64> {
        #[target_feature(enable = "sha,ssse3,sse4.1")]
        fn run(hasher: &Hasher, lows: Lows, range: Range<u64>) -> Option<u64> {
            first_hit(lows, range, |codes| hits(hasher, codes))
        }
        let ShaProof(()) = self.proof;
        // SAFETY: this is a proof of the instructions.
        unsafe { run(self, lows, range) }
    }
}

/// Returns a bit for each low: whether its message may be a solution.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn hits(hasher: &Hasher, codes: [u32; STREAMS]) -> u32 {
    let [a, b, c, d, e, ..] = SHA1_START;
    let (before, e) = (four([a, b, c, d]), four([e, 0, 0, 0]));
    let mut w = [[before; 4]; STREAMS];
    for s in 0..STREAMS {
        let code = lowest(codes[s]);
        w[s] = [0, 1, 2, 3].map(|vector| hasher.block.with(code, vector));
    }
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
    let mut hits = 0;
    unroll!(s in 0..STREAMS {
        hits |= hit(s, _mm_add_epi32(abcd[s][0], before), hasher.mask);
    });
    hits
}
