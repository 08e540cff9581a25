//! SHA-256 of texts with a decimal nonce, and of headers in Bitcoin's format, for many at a time.
//!
//! **The idea.** Only the last digits (the *lows*) differ from lane to lane, and they are in one
//! word of a block, or in two neighbours. So everything before them is computed once for all lanes
//! ([`Fixed`]), and of blocks that have no lows the whole schedule. Which words hold lows is known
//! at compile time (the `MASK`), so that the vectors do what is left without asking.
//!
//! The rounds that take in the message are unrolled, and made for the mask. The others are a loop
//! of eight: with more of them unrolled there is less to compute, and yet it takes longer.

use std::num::Wrapping;
use std::ops::Range;

use super::Runner;
use super::lanes::{COUNT_MAX, Lanes, unroll};
use super::lows::{BATCH, Lows};
use crate::goal::Filter;
use crate::hash::{Block, Hash, SHA256_START, State, words};
use crate::layout::Layout;
use crate::work::Work;

/// The mask for blocks whose lows may be in any word: more to compute, and less code.
pub(super) const ALL: u32 = 0xffff;

/// The mask for lows that begin in the last word, and may go on in the next block.
const LAST: u32 = 0x8000;

/// A search in a segment.
pub(super) struct Search<'a> {
    work: &'a Work,
    layout: &'a mut Layout,
    lows: Lows,
    range: Range<u64>,
}

/// Returns the lowest index of a range whose candidate is a solution. The range must lie in the
/// segment of the layout, and the lows be those of the layout.
pub(super) fn first_solution(
    runner: impl Runner,
    work: &Work,
    layout: &mut Layout,
    lows: Lows,
    range: Range<u64>,
) -> Option<u64> {
    let word = lows.at(layout) % 64 / 4;
    let search = Search { work, layout, lows, range };
    if work.hash == Hash::DoubleSha256 {
        return runner.header(search);
    }
    match word {
        0 => runner.sha256::<0x0003>(search),
        1 => runner.sha256::<0x0006>(search),
        2 => runner.sha256::<0x000c>(search),
        3 => runner.sha256::<0x0018>(search),
        4 => runner.sha256::<0x0030>(search),
        5 => runner.sha256::<0x0060>(search),
        6 => runner.sha256::<0x00c0>(search),
        7 => runner.sha256::<0x0180>(search),
        8 => runner.sha256::<0x0300>(search),
        9 => runner.sha256::<0x0600>(search),
        10 => runner.sha256::<0x0c00>(search),
        11 => runner.sha256::<0x1800>(search),
        12 => runner.sha256::<0x3000>(search),
        13 => runner.sha256::<0x6000>(search),
        14 => runner.sha256::<0xc000>(search),
        _ => runner.sha256::<LAST>(search),
    }
}

impl Search<'_> {
    /// Searches in messages where the lows are in the words of the mask, in the block where they
    /// begin, and perhaps in the first word of the block after it. `LOWS` is the number of words
    /// from the mask's first one on that are looked at for lows.
    #[inline(always)]
    pub(super) fn run<
        V: Lanes,
        const STREAMS: usize,
        const PLAIN_STREAMS: usize,
        const MASK: u32,
        const LOWS: usize,
    >(
        &mut self,
        proof: V::Proof,
    ) -> Option<u64> {
        let zero = self.layout.segment.zero;
        let lows = self.lows;
        let at = lows.at(self.layout);
        // Known to be zero, where the mask is made for the word.
        let place = if MASK == ALL { at % 64 / 4 } else { 0 };
        let (first_block, last_block) = (at / 64, (at + lows.digits - 1) / 64);
        let bits = lows.bits_before(self.layout);
        let plain: Vec<_> = self.layout.blocks[last_block + 1..].iter().map(plain_words).collect();
        let mut schedules = [[[V::splat(proof, 0); STREAMS]; 64]; 2];

        let first = (self.range.start - zero) / lows.count;
        let last = (self.range.end.checked_sub(1)? - zero) / lows.count;
        for high in first..=last {
            self.layout.write_high(high, lows.digits);
            let blocks = &self.layout.blocks;
            let mut midstate = self.layout.midstate;
            self.layout.hash.compress(&mut midstate, &blocks[..first_block]);
            let fixed = Fixed::new::<MASK>(midstate, &words(&blocks[first_block]));
            fixed.fill::<V, STREAMS, MASK>(proof, &mut schedules[0]);
            // Only the last word of a block is followed by another block.
            let straddled = (matches!(MASK, LAST | ALL) && last_block > first_block)
                .then(|| Fixed::new::<0b1>(midstate, &words(&blocks[last_block])));
            if let Some(straddled) = &straddled {
                straddled.fill::<V, STREAMS, 0b1>(proof, &mut schedules[1]);
            }

            let start = zero + high * lows.count;
            let low = |index: u64| index.saturating_sub(start).min(lows.count);
            for low in (low(self.range.start)..low(self.range.end)).step_by(BATCH * V::COUNT) {
                let mut states = [[V::splat(proof, 0); 8]; BATCH];
                for (group, out) in states.as_chunks_mut::<STREAMS>().0.iter_mut().enumerate() {
                    let from = low + (group * STREAMS * V::COUNT) as u64;
                    let pairs = lows_in_words::<V, STREAMS>(proof, lows, bits, from);
                    let mut words = [[V::splat(proof, 0); LOWS]; STREAMS];
                    for (words, pair) in words.iter_mut().zip(&pairs) {
                        for (word, low) in words[place..].iter_mut().zip(pair) {
                            *word = *low;
                        }
                    }
                    *out = fixed.hash::<V, STREAMS, MASK, LOWS>(proof, &words, &mut schedules[0]);
                    if matches!(MASK, LAST | ALL)
                        && let Some(straddled) = &straddled
                    {
                        let over = pairs.map(|[_, over]| [over]);
                        *out = straddled.go_on::<V, STREAMS>(proof, *out, &over, &mut schedules[1]);
                    }
                }
                for words in &plain {
                    for group in states.as_chunks_mut::<PLAIN_STREAMS>().0 {
                        *group = hash_plain(proof, words, *group);
                    }
                }
                let solution = first_hit(self.work, &self.range, start + low, &states);
                if solution.is_some() {
                    return solution;
                }
            }
        }
        None
    }

    /// Searches in headers.
    #[inline(always)]
    pub(super) fn run_header<V: Lanes, const STREAMS: usize>(
        &mut self,
        proof: V::Proof,
    ) -> Option<u64> {
        const NONCE: u32 = 0b1000;
        const DIGEST: u32 = 0xff;
        // The nonce is written lowest byte first: lanes differ in the highest byte of its word.
        let lanes: [u32; COUNT_MAX] =
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map(|lane| lane << 24);
        let lanes = V::load(proof, &lanes);
        let nonce = words(&self.layout.blocks[0]);
        let first = Fixed::new::<NONCE>(self.layout.midstate, &nonce);
        let mut block = [0; 16];
        (block[8], block[15]) = (1 << 31, 256);
        let second = Fixed::new::<DIGEST>(SHA256_START, &block);

        let mut schedules = [[[V::splat(proof, 0); STREAMS]; 64]; 2];
        first.fill::<V, STREAMS, NONCE>(proof, &mut schedules[0]);
        second.fill::<V, STREAMS, DIGEST>(proof, &mut schedules[1]);
        let aligned = self.range.start / COUNT_MAX as u64 * COUNT_MAX as u64;
        for start in (aligned..self.range.end).step_by(BATCH * V::COUNT) {
            let mut states = [[V::splat(proof, 0); 8]; BATCH];
            for (group, out) in states.as_chunks_mut::<STREAMS>().0.iter_mut().enumerate() {
                let mut nonces = [[V::splat(proof, 0)]; STREAMS];
                for (stream, [nonce]) in nonces.iter_mut().enumerate() {
                    // Beyond the last nonce of all, lanes hold others again, out of range.
                    let number = start + ((group * STREAMS + stream) * V::COUNT) as u64;
                    let [a, b, c, d, ..] = number.to_le_bytes();
                    *nonce = V::splat(proof, u32::from_be_bytes([a, b, c, d])) + lanes;
                }
                let digests = first.hash::<V, STREAMS, NONCE, 1>(proof, &nonces, &mut schedules[0]);
                *out = second.hash::<V, STREAMS, DIGEST, 8>(proof, &digests, &mut schedules[1]);
            }
            let solution = first_hit(self.work, &self.range, start, &states);
            if solution.is_some() {
                return solution;
            }
        }
        None
    }
}

/// Returns what some vectors of lows put into the two words that they may be in, if so many bits
/// of the first one stand before them.
#[inline(always)]
fn lows_in_words<V: Lanes, const STREAMS: usize>(
    proof: V::Proof,
    lows: Lows,
    bits: u32,
    from: u64,
) -> [[V; 2]; STREAMS] {
    let mut pairs = [[V::splat(proof, 0); 2]; STREAMS];
    for (stream, pair) in pairs.iter_mut().enumerate() {
        let codes = lows.codes_from(from + (stream * V::COUNT) as u64);
        let digits = V::load(proof, codes).shift_left_by(lows.shift_to_front());
        *pair = [digits.shift_right_by(bits), digits.shift_left_by(32 - bits)];
    }
    pairs
}

/// Returns the lowest solution of a batch, of which the states after the last block are given.
#[inline(always)]
fn first_hit<V: Lanes>(
    work: &Work,
    range: &Range<u64>,
    start: u64,
    states: &[[V; 8]; BATCH],
) -> Option<u64> {
    let filter: Filter = work.goal.filter();
    let word = filter.word(work.hash);
    for (first, state) in (start..).step_by(V::COUNT).zip(states) {
        let hits = if word == 0 { state[0] } else { state[7] }.without(filter.mask);
        if hits != 0 {
            let solution = lowest(work, range, first, hits);
            if solution.is_some() {
                return solution;
            }
        }
    }
    None
}

/// Returns the lowest solution among the lanes that may hold one.
#[cold]
fn lowest(work: &Work, range: &Range<u64>, first: u64, hits: u32) -> Option<u64> {
    let mut lanes = (0..COUNT_MAX as u64).filter(|lane| hits >> lane & 1 == 1);
    let index = lanes.find(|lane| {
        let index = first + lane;
        range.contains(&index) && work.is_solved_by(index)
    });
    index.map(|lane| first + lane)
}

/// The constants of the rounds (FIPS 180-4, section 4.2.2).
pub(super) const CONSTANTS: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// Returns whether a word of a block holds lows.
#[inline(always)]
const fn holds_lows(mask: u32, word: usize) -> bool {
    mask >> word & 1 == 1
}

/// What does not depend on the lows in a block that has some.
struct Fixed {
    midstate: State,
    /// The state before the round that takes in the first low.
    entry: State,
    /// The block, with zeros where the lows will be.
    words: [u32; 16],
    /// The same with the rounds' constants added.
    sums: [u32; 16],
}

impl Fixed {
    /// Returns the fixed part of a block, where lows will be in the words of the mask.
    fn new<const MASK: u32>(midstate: State, words: &[u32; 16]) -> Self {
        let sums = std::array::from_fn(|t| words[t].wrapping_add(CONSTANTS[t]));
        let mut entry = midstate.map(Wrapping);
        for sum in &sums[..first(MASK)] {
            entry = one_round(entry, Wrapping(*sum));
        }
        Self { midstate, entry: entry.map(|word| word.0), words: *words, sums }
    }

    /// Writes the words without lows into a schedule.
    fn fill<V: Lanes, const STREAMS: usize, const MASK: u32>(
        &self,
        proof: V::Proof,
        w: &mut Schedule<V, STREAMS>,
    ) {
        for (t, word) in self.words.iter().enumerate() {
            if !holds_lows(MASK, t) {
                w[t] = [V::splat(proof, *word); STREAMS];
            }
        }
    }

    /// Returns the states after a block whose state before it is the same in all lanes.
    #[inline(always)]
    fn hash<V: Lanes, const STREAMS: usize, const MASK: u32, const LOWS: usize>(
        &self,
        proof: V::Proof,
        lows: &[[V; LOWS]; STREAMS],
        w: &mut Schedule<V, STREAMS>,
    ) -> [[V; 8]; STREAMS] {
        let mut states = [splat_all(proof, &self.entry); STREAMS];
        self.rounds::<V, STREAMS, MASK, LOWS>(proof, &mut states, lows, w);
        let midstate = splat_all(proof, &self.midstate);
        unroll!(s in 0..STREAMS { states[s] = add_all(states[s], midstate); });
        states
    }

    /// Returns the states after a block with lows in its first word, from those before it.
    #[inline(always)]
    fn go_on<V: Lanes, const STREAMS: usize>(
        &self,
        proof: V::Proof,
        before: [[V; 8]; STREAMS],
        lows: &[[V; 1]; STREAMS],
        w: &mut Schedule<V, STREAMS>,
    ) -> [[V; 8]; STREAMS] {
        let mut states = before;
        self.rounds::<V, STREAMS, 0b1, 1>(proof, &mut states, lows, w);
        unroll!(s in 0..STREAMS { states[s] = add_all(states[s], before[s]); });
        states
    }

    /// Computes the rounds from that on which takes in the first low.
    #[inline(always)]
    fn rounds<V: Lanes, const STREAMS: usize, const MASK: u32, const LOWS: usize>(
        &self,
        proof: V::Proof,
        states: &mut [[V; 8]; STREAMS],
        lows: &[[V; LOWS]; STREAMS],
        w: &mut Schedule<V, STREAMS>,
    ) {
        unroll!(eights in 0..2 {
            unroll!(ones in 0..8 {
                let t = 8 * eights + ones;
                let sum = V::splat(proof, self.sums[t]);
                if holds_lows(MASK, t) {
                    let word = V::splat(proof, self.words[t]);
                    unroll!(s in 0..STREAMS {
                        let low = lows[s][t - first(MASK)];
                        w[t][s] = low + word;
                        states[s] = one_round(states[s], low + sum);
                    });
                } else if t > first(MASK) {
                    unroll!(s in 0..STREAMS { states[s] = one_round(states[s], sum); });
                }
            });
        });
        for start in (16..64).step_by(8) {
            let constants: &[u32; 8] = CONSTANTS[start..].first_chunk().expect("a table of 64");
            let w: &mut [_; 24] = w[start - 16..].first_chunk_mut().expect("a schedule of 64");
            unroll!(ones in 0..8 {
                let constant = V::splat(proof, constants[ones]);
                unroll!(s in 0..STREAMS {
                    let t = 16 + ones;
                    let (before, after) = (w[t - 16][s], w[t - 7][s]);
                    w[t][s] = before + sigma0(w[t - 15][s]) + after + sigma1(w[t - 2][s]);
                    states[s] = one_round(states[s], w[t][s] + constant);
                });
            });
        }
    }
}

/// Returns the first word that holds lows.
#[inline(always)]
const fn first(mask: u32) -> usize {
    mask.trailing_zeros() as usize
}

/// The words of a block's schedule for all streams, in memory, since there are more of them than
/// registers. Those without lows are written once for many messages.
type Schedule<V, const STREAMS: usize> = [[V; STREAMS]; 64];

/// Returns the schedule of a block without lows, with the rounds' constants added.
fn plain_words(block: &Block) -> [u32; 64] {
    let mut w = [0; 64];
    w[..16].copy_from_slice(&words(block));
    for t in 16..64 {
        let mixed = sigma0(Wrapping(w[t - 15])) + sigma1(Wrapping(w[t - 2]));
        w[t] = (Wrapping(w[t - 16]) + Wrapping(w[t - 7]) + mixed).0;
    }
    std::array::from_fn(|t| w[t].wrapping_add(CONSTANTS[t]))
}

/// Returns the states after a block without lows.
#[inline(always)]
fn hash_plain<V: Lanes, const STREAMS: usize>(
    proof: V::Proof,
    words: &[u32; 64],
    before: [[V; 8]; STREAMS],
) -> [[V; 8]; STREAMS] {
    let mut states = before;
    for eight in words.as_chunks::<8>().0 {
        unroll!(ones in 0..8 {
            let word = V::splat(proof, eight[ones]);
            unroll!(s in 0..STREAMS { states[s] = one_round(states[s], word); });
        });
    }
    unroll!(s in 0..STREAMS { states[s] = add_all(states[s], before[s]); });
    states
}

/// Returns the state after a round that takes in `word`, to which its constant was added.
#[inline(always)]
fn one_round<V: Lanes>([a, b, c, d, e, f, g, h]: [V; 8], word: V) -> [V; 8] {
    let early = (h + word) + e.choose(f, g);
    let sum = early.add_late(big_sigma1(e));
    let mixed = big_sigma0(a) + a.majority(b, c);
    [sum + mixed, a, b, c, d + sum, e, f, g]
}

// The four mixing functions (FIPS 180-4, section 4.1.2). A rotation to the right by n is one to the
// left by 32 - n.

#[inline(always)]
fn big_sigma0<V: Lanes>(a: V) -> V {
    a.rotate_left::<30>().xor3(a.rotate_left::<19>(), a.rotate_left::<10>())
}

#[inline(always)]
fn big_sigma1<V: Lanes>(e: V) -> V {
    e.rotate_left::<26>().xor3(e.rotate_left::<21>(), e.rotate_left::<7>())
}

#[inline(always)]
fn sigma0<V: Lanes>(w: V) -> V {
    w.rotate_left::<25>().xor3(w.rotate_left::<14>(), w.shift_right::<3>())
}

#[inline(always)]
fn sigma1<V: Lanes>(w: V) -> V {
    w.rotate_left::<15>().xor3(w.rotate_left::<13>(), w.shift_right::<10>())
}

#[inline(always)]
fn splat_all<V: Lanes>(proof: V::Proof, state: &State) -> [V; 8] {
    let mut all = [V::splat(proof, 0); 8];
    unroll!(i in 0..8 { all[i] = V::splat(proof, state[i]); });
    all
}

#[inline(always)]
fn add_all<V: Lanes>(mut state: [V; 8], other: [V; 8]) -> [V; 8] {
    unroll!(i in 0..8 { state[i] = state[i] + other[i]; });
    state
}
