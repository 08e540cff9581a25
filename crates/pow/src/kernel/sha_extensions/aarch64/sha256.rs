//! SHA-256 with ARM's SHA instructions.

use std::arch::aarch64::{
    uint32x4_t, vaddq_u32, vgetq_lane_u32, vsha256h2q_u32, vsha256hq_u32, vsha256su0q_u32,
    vsha256su1q_u32,
};

use super::{STREAMS, Template, Words, four};
use crate::hash::{Hash, SHA256_START, State};
use crate::kernel::lanes::unroll;
use crate::kernel::lows::Lows;
use crate::kernel::sha256::CONSTANTS;
use crate::layout::Layout;

/// A state: a, b, c, d and e, f, g, h.
type Pair = [uint32x4_t; 2];

/// What is added in the rounds of a block, four at a time: words and constants together.
type Schedule = [uint32x4_t; 16];

/// The constants of the rounds, four at a time.
const FOURS: &[[u32; 4]] = CONSTANTS.as_chunks().0;

/// Hashes the messages of a high.
pub(super) struct Hasher {
    /// The state before the first block that has digits of the low.
    midstate: Pair,
    /// The one or two blocks that have some.
    differing: Vec<Template>,
    /// The blocks after those.
    later: Vec<Schedule>,
    /// Whether the digest is hashed again.
    is_double: bool,
    /// Which word of the state is asked for: the first or the last.
    word: usize,
}

impl Hasher {
    /// Returns what hashes the messages of the high that is written in a layout.
    #[target_feature(enable = "sha2")]
    pub(super) fn new(hash: Hash, layout: &Layout, lows: Lows, word: usize) -> Self {
        let at = lows.at(layout);
        let (first, end) = (at / 64, (at + lows.digits).div_ceil(64));
        let mut midstate = layout.midstate;
        hash.compress(&mut midstate, &layout.blocks[..first]);
        let template = |number| Template::new(layout, lows, number);
        Self {
            midstate: pair(&midstate),
            differing: (first..end).map(template).collect(),
            later: (end..layout.blocks.len())
                .map(|number| schedule(template(number).words))
                .collect(),
            is_double: hash == Hash::DoubleSha256,
            word,
        }
    }

    /// Returns the word that is asked for of the state after the message of each low.
    #[inline]
    #[target_feature(enable = "sha2")]
    pub(super) fn words(&self, codes: [u32; STREAMS]) -> [u32; STREAMS] {
        let mut states = [self.midstate; STREAMS];
        let mut w = [[self.midstate[0]; 4]; STREAMS];
        for block in &self.differing {
            unroll!(s in 0..STREAMS { w[s] = block.with(codes[s]); });
            states = compress(states, w);
        }
        for schedule in &self.later {
            states = compress_same(states, schedule);
        }
        if self.is_double {
            unroll!(s in 0..STREAMS { w[s] = digest_block(states[s]); });
            states = compress([pair(&SHA256_START); STREAMS], w);
        }
        let mut words = [0; STREAMS];
        unroll!(s in 0..STREAMS {
            let [abcd, efgh] = states[s];
            words[s] = match self.word {
                0 => vgetq_lane_u32::<0>(abcd),
                _ => vgetq_lane_u32::<3>(efgh),
            };
        });
        words
    }
}

/// Takes a block each into some states.
#[inline]
#[target_feature(enable = "sha2")]
fn compress(before: [Pair; STREAMS], mut w: [Words; STREAMS]) -> [Pair; STREAMS] {
    let mut states = before;
    unroll!(eights in 0..2 {
        unroll!(ones in 0..8 {
            let i = 8 * eights + ones;
            let constants = four(FOURS[i]);
            unroll!(s in 0..STREAMS {
                if i >= 4 {
                    w[s][i % 4] = next_words(&w[s], i);
                }
                states[s] = four_rounds(states[s], vaddq_u32(w[s][i % 4], constants));
            });
        });
    });
    sums(states, before)
}

/// Takes the same block into some states.
#[inline]
#[target_feature(enable = "sha2")]
fn compress_same(before: [Pair; STREAMS], schedule: &Schedule) -> [Pair; STREAMS] {
    let mut states = before;
    unroll!(eights in 0..2 {
        unroll!(ones in 0..8 {
            unroll!(s in 0..STREAMS {
                states[s] = four_rounds(states[s], schedule[8 * eights + ones]);
            });
        });
    });
    sums(states, before)
}

#[target_feature(enable = "sha2")]
fn schedule(mut w: Words) -> Schedule {
    let mut schedule = [w[0]; 16];
    for (i, sum) in schedule.iter_mut().enumerate() {
        if i >= 4 {
            w[i % 4] = next_words(&w, i);
        }
        *sum = vaddq_u32(w[i % 4], four(FOURS[i]));
    }
    schedule
}

/// Returns the words of the `i`-th four rounds, from those of the four fours before.
#[inline]
#[target_feature(enable = "sha2")]
fn next_words(w: &Words, i: usize) -> uint32x4_t {
    let mixed = vsha256su0q_u32(w[i % 4], w[(i + 1) % 4]);
    vsha256su1q_u32(mixed, w[(i + 2) % 4], w[(i + 3) % 4])
}

#[inline]
#[target_feature(enable = "sha2")]
fn four_rounds([abcd, efgh]: Pair, sum: uint32x4_t) -> Pair {
    [vsha256hq_u32(abcd, efgh, sum), vsha256h2q_u32(efgh, abcd, sum)]
}

#[inline]
#[target_feature(enable = "neon")]
fn sums(mut states: [Pair; STREAMS], before: [Pair; STREAMS]) -> [Pair; STREAMS] {
    for (state, before) in states.iter_mut().zip(before) {
        *state = [vaddq_u32(state[0], before[0]), vaddq_u32(state[1], before[1])];
    }
    states
}

/// Returns the block that is hashed after a state became a digest: eight words, the end mark, and
/// the length.
#[inline]
#[target_feature(enable = "neon")]
fn digest_block([abcd, efgh]: Pair) -> Words {
    [abcd, efgh, four([1 << 31, 0, 0, 0]), four([0, 0, 0, 256])]
}

#[inline]
#[target_feature(enable = "neon")]
fn pair([a, b, c, d, e, f, g, h]: &State) -> Pair {
    [four([*a, *b, *c, *d]), four([*e, *f, *g, *h])]
}
