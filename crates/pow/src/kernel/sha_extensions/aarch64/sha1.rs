//! SHA-1 with ARM's SHA instructions.

use std::arch::aarch64::{
    vaddq_u32, vdupq_n_u32, vgetq_lane_u32, vsha1cq_u32, vsha1h_u32, vsha1mq_u32, vsha1pq_u32,
    vsha1su0q_u32, vsha1su1q_u32,
};

use super::{STREAMS, Template, four};
use crate::hash::SHA1_START;
use crate::kernel::lanes::unroll;
use crate::kernel::lows::Lows;
use crate::kernel::sha1::CONSTANTS;
use crate::layout::Layout;

/// Hashes the messages of a high, which have one block each.
pub(super) struct Hasher {
    block: Template,
}

impl Hasher {
    #[target_feature(enable = "sha2")]
    pub(super) fn new(layout: &Layout, lows: Lows) -> Self {
        Self { block: Template::new(layout, lows, 0) }
    }

    /// Returns the first word of the state after the message of each low.
    #[inline]
    #[target_feature(enable = "sha2")]
    pub(super) fn words(&self, codes: [u32; STREAMS]) -> [u32; STREAMS] {
        let [a, b, c, d, e, ..] = SHA1_START;
        // The last two states; the one before the last gives the next e.
        let mut abcd = [[four([a, b, c, d]); 2]; STREAMS];
        let mut w = [self.block.words; STREAMS];
        for s in 0..STREAMS {
            w[s] = self.block.with(codes[s]);
        }
        unroll!(tens in 0..2 {
            unroll!(ones in 0..10 {
                let i = 10 * tens + ones;
                let constant = vdupq_n_u32(CONSTANTS[i / 5]);
                unroll!(s in 0..STREAMS {
                    if i >= 4 {
                        let [w0, w1, w2] = [w[s][i % 4], w[s][(i + 1) % 4], w[s][(i + 2) % 4]];
                        w[s][i % 4] = vsha1su1q_u32(vsha1su0q_u32(w0, w1, w2), w[s][(i + 3) % 4]);
                    }
                    let sum = vaddq_u32(w[s][i % 4], constant);
                    let [current, before_it] = [abcd[s][i % 2], abcd[s][(i + 1) % 2]];
                    let e = match i {
                        0 => e,
                        _ => vsha1h_u32(vgetq_lane_u32::<0>(before_it)),
                    };
                    abcd[s][(i + 1) % 2] = match i / 5 {
                        0 => vsha1cq_u32(current, e, sum),
                        2 => vsha1mq_u32(current, e, sum),
                        _ => vsha1pq_u32(current, e, sum),
                    };
                });
            });
        });
        let mut words = [0; STREAMS];
        for s in 0..STREAMS {
            words[s] = vgetq_lane_u32::<0>(abcd[s][0]).wrapping_add(a);
        }
        words
    }
}
