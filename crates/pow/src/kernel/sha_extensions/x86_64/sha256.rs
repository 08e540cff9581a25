//! SHA-256 with the SHA instructions.
//!
//! There are 16 registers, and what the next rounds wait for must not go through memory. So the
//! states of all streams are in registers, and the last four words of each schedule, since the next
//! four need them; the other words are in memory. (The compiler, if left alone with four schedules
//! in variables, keeps the words in registers and the states in memory.)

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_set_epi64x, _mm_sha256msg1_epu32,
    _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32,
    _mm_unpackhi_epi64, _mm_unpacklo_epi64,
};
use std::ops::Range;
use std::sync::atomic::{Ordering, compiler_fence};

use super::{
    NO_DIGIT, STREAMS, ShaProof, Template, Words, first_hit, four, hit, load, lowest, moves,
};
use crate::goal::Place;
use crate::hash::{Hash, SHA256_START, State, words};
use crate::kernel::lanes::unroll;
use crate::kernel::lows::Lows;
use crate::kernel::sha256::CONSTANTS;
use crate::layout::Layout;
use crate::work::Work;

/// A state as the instructions take it: a, b, e, f and c, d, g, h, the first one highest.
///
/// Two rounds leave a, b, e, f as they are, to be the next c, d, g, h, and write the next a, b, e,
/// f over the other vector. So the two change places with each pair of rounds.
type Pair = [__m128i; 2];

/// The words of a block and those that follow from them, for all streams: in each row the same four
/// words.
type Schedules = [[__m128i; STREAMS]; 16];

/// Pairs of rounds in a block.
const PAIRS: usize = 32;

/// The constants of the rounds, four at a time.
// SAFETY: both are 64 words, of which the first is the lowest, and a vector may hold any.
static FOURS: [__m128i; 16] = unsafe { std::mem::transmute(CONSTANTS) };

/// Hashes the messages of a high.
pub(super) struct Hasher {
    proof: ShaProof,
    /// The state before the first block that has digits of the low.
    midstate: Pair,
    entry: Entry,
    /// The blocks from that one on.
    blocks: Vec<Hashed>,
    /// Which word of the state the filter looks at.
    place: Place,
    /// What it masks, in the vector that has the word.
    mask: __m128i,
}

impl Hasher {
    /// Returns what hashes the messages of the high that is written in a layout.
    pub(super) fn new(proof: ShaProof, work: &Work, layout: &Layout, lows: Lows) -> Self {
        // SAFETY: `proof` is one of the instructions.
        unsafe { hasher(proof, work, layout, lows) }
    }

    /// Returns the first of some lows whose message may be a solution.
    pub(super) fn first_hit(&mut self, lows: Lows, range: Range<u64>) -> Option<u64> {
        #[target_feature(enable = "sha,ssse3,sse4.1")]
        fn run(hasher: &mut Hasher, lows: Lows, range: Range<u64>) -> Option<u64> {
            first_hit(lows, range, |codes| hits(hasher, codes))
        }
        let ShaProof(()) = self.proof;
        // SAFETY: this is a proof of the instructions.
        unsafe { run(self, lows, range) }
    }
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn hasher(proof: ShaProof, work: &Work, layout: &Layout, lows: Lows) -> Hasher {
    let first = lows.at(layout) / 64;
    let mut midstate = layout.midstate;
    work.hash.compress(&mut midstate, &layout.blocks[..first]);
    let midstate = pair(midstate);
    let entry = Entry::new(midstate, layout, lows);

    let blocks = first..layout.blocks.len();
    let templates = blocks.map(|number| Template::new(layout, lows, number, order()));
    let mut blocks: Vec<_> =
        templates.map(|template| Hashed::new(Source::Lows(template))).collect();
    if work.hash == Hash::DoubleSha256 {
        blocks.push(Hashed::new(Source::Digest));
    }
    blocks[0].pairs.start = entry.pairs;
    let filter = work.goal.filter();
    let mask = match filter.place {
        Place::First => four([filter.mask, 0, 0, 0]),
        Place::Last => {
            // The last word is as it was two rounds before, as f.
            let last = blocks.last_mut().expect("the block that has the last digit");
            last.pairs.end = PAIRS - 1;
            four([0, 0, 0, filter.mask])
        }
    };
    Hasher { proof, midstate, entry, blocks, place: filter.place, mask }
}

/// The state before the first rounds that depend on the low by more than a sum.
struct Entry {
    /// Pairs of rounds before it.
    pairs: usize,
    /// The state, with zeros for the digits of the low.
    state: Pair,
    /// How the digits are moved to what is added to it.
    moves: Pair,
}

impl Entry {
    /// Returns the entry to the first block that has digits of the low.
    ///
    /// A round adds its word to the new a and the new e, and to nothing else. So if the word where
    /// the digits begin is the second of a pair, that pair is computed beforehand, too.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn new(midstate: Pair, layout: &Layout, lows: Lows) -> Self {
        let (number, word) = (lows.at(layout) / 64, lows.at(layout) % 64 / 4);
        let pairs = word.div_ceil(2);
        let w = load(&layout.blocks[number], order());
        let mut state = midstate;
        for i in 0..pairs {
            let sums = sums(w[i / 2], i / 2);
            state[(i + 1) % 2] = two_rounds(state[(i + 1) % 2], state[i % 2], sums, i % 2);
        }
        let no_digits = u32::from_ne_bytes([NO_DIGIT; 4]);
        let mut entry = Self { pairs, state, moves: [four([no_digits; 4]); 2] };
        if word % 2 == 1 {
            let digits = words(&moves(layout, lows, number, NO_DIGIT))[word];
            entry.moves[pairs % 2] = four([digits, no_digits, digits, no_digits]);
        }
        entry
    }
}

/// A block that is hashed.
struct Hashed {
    source: Source,
    schedules: Schedules,
    /// The pairs of rounds that are computed.
    pairs: Range<usize>,
}

/// Where the words of a block come from.
enum Source {
    /// The message, and the low.
    Lows(Template),
    /// The digest of the message.
    Digest,
}

impl Hashed {
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn new(source: Source) -> Self {
        let words = match &source {
            Source::Lows(template) => template.words,
            Source::Digest => digest_block(pair(SHA256_START)),
        };
        let mut schedules = [[four([0; 4]); STREAMS]; 16];
        for (row, words) in schedules.iter_mut().zip(words) {
            *row = [words; STREAMS];
        }
        Self { source, schedules, pairs: 0..PAIRS }
    }
}

/// Returns a bit for each low: whether its message may be a solution.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn hits(hasher: &mut Hasher, codes: [u32; STREAMS]) -> u32 {
    let mut lows = [hasher.mask; STREAMS];
    let mut before = [hasher.midstate; STREAMS];
    let mut states = [hasher.entry.state; STREAMS];
    unroll!(s in 0..STREAMS {
        lows[s] = lowest(codes[s]);
        unroll!(half in 0..2 {
            let digits = _mm_shuffle_epi8(lows[s], hasher.entry.moves[half]);
            states[s][half] = _mm_add_epi32(states[s][half], digits);
        });
    });
    for block in &mut hasher.blocks {
        match &block.source {
            Source::Lows(template) => {
                for i in template.varying.clone() {
                    let row = &mut block.schedules[i];
                    unroll!(s in 0..STREAMS { row[s] = template.with(lows[s], i); });
                }
            }
            Source::Digest => {
                unroll!(s in 0..STREAMS {
                    let [abcd, efgh, ..] = digest_block(states[s]);
                    block.schedules[0][s] = abcd;
                    block.schedules[1][s] = efgh;
                });
                before = [pair(SHA256_START); STREAMS];
                states = before;
            }
        }
        rounds(&mut states, &mut block.schedules, &block.pairs);
        unroll!(s in 0..STREAMS {
            unroll!(half in 0..2 {
                states[s][half] = _mm_add_epi32(states[s][half], before[s][half]);
            });
        });
        before = states;
    }
    let mut hits = 0;
    unroll!(s in 0..STREAMS {
        let [abef, cdgh] = states[s];
        let vector = if hasher.place == Place::First { abef } else { cdgh };
        hits |= hit(s, vector, hasher.mask);
    });
    hits
}

/// Computes some pairs of the rounds of a block in all streams. Of the first eight pairs some may
/// be left out, and the last one; the others never are.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn rounds(states: &mut [Pair; STREAMS], w: &mut Schedules, pairs: &Range<usize>) {
    // A copy, so that it can be in registers.
    let mut state = *states;
    for (i, row) in w.iter().enumerate().take(4) {
        unroll!(half in 0..2 {
            if 2 * i + half >= pairs.start {
                unroll!(s in 0..STREAMS {
                    let sums = sums(row[s], i);
                    state[s][1 - half] = two_rounds(state[s][1 - half], state[s][half], sums, half);
                });
            }
        });
    }
    let mut last = w[3];
    for i in 4..15 {
        unroll!(s in 0..STREAMS {
            last[s] = next_words(w, i, s, last[s]);
            let sums = sums(last[s], i);
            state[s][1] = two_rounds(state[s][1], state[s][0], sums, 0);
            state[s][0] = two_rounds(state[s][0], state[s][1], sums, 1);
        });
    }
    unroll!(s in 0..STREAMS {
        let sums = sums(next_words(w, 15, s, last[s]), 15);
        state[s][1] = two_rounds(state[s][1], state[s][0], sums, 0);
        if pairs.end == PAIRS {
            state[s][0] = two_rounds(state[s][0], state[s][1], sums, 1);
        }
    });
    *states = state;
}

/// Writes the words of the `i`-th row for a stream, and returns them. Those of the row before are
/// given.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn next_words(w: &mut Schedules, i: usize, s: usize, last: __m128i) -> __m128i {
    // Else the compiler reads for all streams at once, and has not the registers for it.
    compiler_fence(Ordering::SeqCst);
    let mixed = _mm_sha256msg1_epu32(w[i - 4][s], w[i - 3][s]);
    let mixed = _mm_add_epi32(mixed, _mm_alignr_epi8::<4>(last, w[i - 2][s]));
    w[i][s] = _mm_sha256msg2_epu32(mixed, last);
    w[i][s]
}

/// Returns the sums of the `i`-th four words and their constants.
#[inline]
#[target_feature(enable = "sse2")]
fn sums(words: __m128i, i: usize) -> __m128i {
    _mm_add_epi32(words, FOURS[i])
}

/// Returns a, b, e, f after two rounds, from c, d, g, h and a, b, e, f before them, and from the
/// sums of words and constants for four rounds, of which these are the first half or the second.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn two_rounds(cdgh: __m128i, abef: __m128i, sums: __m128i, half: usize) -> __m128i {
    let sums = if half == 0 { sums } else { _mm_shuffle_epi32::<0x0e>(sums) };
    _mm_sha256rnds2_epu32(cdgh, abef, sums)
}

/// Returns the block that is hashed after a state became a digest: eight words, the end mark, and
/// the length.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn digest_block([abef, cdgh]: Pair) -> Words {
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
