//! The compression function of SHA-256, for the states of many messages.

use std::num::Wrapping;

use super::CONSTANTS;
use crate::hash::{Block, State, words};
use crate::kernel::lanes::{Lanes, unroll};

/// How many rounds ahead a word of the schedule is computed. If it were computed in its own round,
/// that round would have to wait for it, and the next round for that one.
const AHEAD: usize = 2;

/// The words of a block's schedule for all streams, in memory, since there are more of them than
/// registers. Those without lows are written once for many messages. The last few are only computed
/// because the loop over the rounds works ahead; no round uses them.
pub(super) type Schedule<V, const STREAMS: usize> = [[V; STREAMS]; 64 + AHEAD];

/// Returns a schedule with nothing in it.
pub(super) fn empty_schedule<V: Lanes, const STREAMS: usize>(
    proof: V::Proof,
) -> Schedule<V, STREAMS> {
    [[V::splat(proof, 0); STREAMS]; 64 + AHEAD]
}

/// Which words of the states after a block are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All words.
    State,
    /// The last word, which is known three rounds before the first one. The others are left as they
    /// are at that point.
    LastWord,
}

/// The parts of a block with lows that do not depend on the lows.
pub(super) struct Fixed {
    midstate: State,
    /// The state before the round that uses the first low.
    entry: State,
    /// The sum of what does not depend on lows in each of the first words of the schedule. In those
    /// of the block, zeros stand where the lows will be.
    parts: [u32; 32],
    /// The same with the rounds' constants added.
    sums: [u32; 32],
}

impl Fixed {
    /// Returns the fixed part of a block, where lows will be in the words of the mask.
    pub(super) fn new<const MASK: u32>(midstate: State, words: &[u32; 16]) -> Self {
        let mut parts = [0; 32];
        parts[..16].copy_from_slice(words);
        for t in 16..32 {
            let part = |t: usize| Wrapping(if varies::<MASK>(t) { 0 } else { parts[t] });
            let word = next_word(part(t - 16), part(t - 15), part(t - 7), part(t - 2));
            parts[t] = word.0;
        }
        let sums: [u32; 32] = std::array::from_fn(|t| parts[t].wrapping_add(CONSTANTS[t]));
        let mut entry = midstate.map(Wrapping);
        for sum in &sums[..first(MASK)] {
            entry = one_round(entry, Wrapping(*sum));
        }
        Self { midstate, entry: entry.map(|word| word.0), parts, sums }
    }

    /// Writes the words without lows into a schedule.
    pub(super) fn fill<V: Lanes, const STREAMS: usize, const MASK: u32>(
        &self,
        proof: V::Proof,
        w: &mut Schedule<V, STREAMS>,
    ) {
        for (t, word) in self.parts.iter().enumerate() {
            if !varies::<MASK>(t) {
                w[t] = [V::splat(proof, *word); STREAMS];
            }
        }
    }

    /// Returns the states after a block whose state before it is the same in all lanes.
    #[inline(always)]
    pub(super) fn hash<V: Lanes, const STREAMS: usize, const MASK: u32, const LOWS: usize>(
        &self,
        proof: V::Proof,
        lows: &[[V; LOWS]; STREAMS],
        w: &mut Schedule<V, STREAMS>,
        asked: Asked,
    ) -> [[V; 8]; STREAMS] {
        let mut states = [splat_all(proof, &self.entry); STREAMS];
        self.rounds::<V, STREAMS, MASK, LOWS>(proof, &mut states, lows, w, asked);
        let midstate = splat_all(proof, &self.midstate);
        unroll!(s in 0..STREAMS { states[s] = add_all(states[s], midstate); });
        states
    }

    /// Returns the states after a block with lows in its first word, from those before it.
    #[inline(always)]
    pub(super) fn go_on<V: Lanes, const STREAMS: usize>(
        &self,
        proof: V::Proof,
        before: [[V; 8]; STREAMS],
        lows: &[[V; 1]; STREAMS],
        w: &mut Schedule<V, STREAMS>,
        asked: Asked,
    ) -> [[V; 8]; STREAMS] {
        let mut states = before;
        self.rounds::<V, STREAMS, 0b1, 1>(proof, &mut states, lows, w, asked);
        unroll!(s in 0..STREAMS { states[s] = add_all(states[s], before[s]); });
        states
    }

    /// Computes the rounds from the first one that uses a low.
    #[inline(always)]
    fn rounds<V: Lanes, const STREAMS: usize, const MASK: u32, const LOWS: usize>(
        &self,
        proof: V::Proof,
        states: &mut [[V; 8]; STREAMS],
        lows: &[[V; LOWS]; STREAMS],
        w: &mut Schedule<V, STREAMS>,
        asked: Asked,
    ) {
        unroll!(eights in 0..4 {
            unroll!(ones in 0..8 {
                let t = 8 * eights + ones;
                if t >= first(MASK) && t < unrolled(MASK) {
                    self.round::<V, STREAMS, MASK, LOWS>(proof, t, states, lows, w);
                    V::end_round(states, w);
                }
            });
        });
        let end = if asked == Asked::LastWord { 56 } else { 64 };
        for start in (unrolled(MASK)..end).step_by(8) {
            let constants: &[u32; 8] = CONSTANTS[start..].first_chunk().expect("a table of 64");
            let w: &mut [_; 24 + AHEAD] =
                w[start - 16..].first_chunk_mut().expect("a schedule of 64 and more");
            unroll!(ones in 0..8 {
                let (t, constant) = (16 + ones, V::splat(proof, constants[ones]));
                unroll!(s in 0..STREAMS {
                    w[t + AHEAD][s] = word_from(w, t + AHEAD, s);
                    states[s] = one_round(states[s], w[t][s] + constant);
                });
                V::end_round(states, w);
            });
        }
        if asked == Asked::LastWord {
            last_word(proof, states, w);
        }
    }

    /// Computes one of the unrolled rounds, and the word that is due in it.
    #[inline(always)]
    fn round<V: Lanes, const STREAMS: usize, const MASK: u32, const LOWS: usize>(
        &self,
        proof: V::Proof,
        t: usize,
        states: &mut [[V; 8]; STREAMS],
        lows: &[[V; LOWS]; STREAMS],
        w: &mut Schedule<V, STREAMS>,
    ) {
        if holds_lows(MASK, t) {
            let part = V::splat(proof, self.parts[t]);
            unroll!(s in 0..STREAMS { w[t][s] = lows[s][t - first(MASK)] + part; });
        }
        let next = t + AHEAD;
        if next >= 16 && varies::<MASK>(next) {
            unroll!(s in 0..STREAMS {
                w[next][s] = self.word::<V, STREAMS, MASK>(proof, next, s, w);
            });
        }
        if varies::<MASK>(t) {
            let constant = V::splat(proof, CONSTANTS[t]);
            unroll!(s in 0..STREAMS { states[s] = one_round(states[s], w[t][s] + constant); });
        } else {
            let sum = V::splat(proof, self.sums[t]);
            unroll!(s in 0..STREAMS { states[s] = one_round(states[s], sum); });
        }
    }

    /// Returns a word of the schedule after those of the block, for a stream.
    #[inline(always)]
    fn word<V: Lanes, const STREAMS: usize, const MASK: u32>(
        &self,
        proof: V::Proof,
        t: usize,
        s: usize,
        w: &Schedule<V, STREAMS>,
    ) -> V {
        if t >= self.parts.len() {
            return word_from(w, t, s);
        }
        let mut word = V::splat(proof, self.parts[t]);
        if varies::<MASK>(t - 16) {
            word = word + w[t - 16][s];
        }
        if varies::<MASK>(t - 15) {
            word = word + sigma0(w[t - 15][s]);
        }
        if varies::<MASK>(t - 7) {
            word = word + w[t - 7][s];
        }
        if varies::<MASK>(t - 2) {
            word = word + sigma1(w[t - 2][s]);
        }
        word
    }
}

/// Computes the five rounds before the last three, of which the last four need not tell the first
/// half of the state, and puts the last word, which is known then, in its place.
#[inline(always)]
fn last_word<V: Lanes, const STREAMS: usize>(
    proof: V::Proof,
    states: &mut [[V; 8]; STREAMS],
    w: &mut Schedule<V, STREAMS>,
) {
    unroll!(ones in 0..5 {
        let t = 56 + ones;
        let next = t + AHEAD;
        let constant = V::splat(proof, CONSTANTS[t]);
        unroll!(s in 0..STREAMS {
            if next <= 60 {
                w[next][s] = word_from(w, next, s);
            }
            let word = w[t][s] + constant;
            states[s] = match t {
                56 => one_round(states[s], word),
                _ => half_round(states[s], word),
            };
        });
        V::end_round(states, w);
    });
    unroll!(s in 0..STREAMS { states[s][7] = states[s][4]; });
}

/// Returns how many rounds are unrolled and specialised for a mask. Where many words hold lows,
/// little can be left out of the rounds after the first 16.
#[inline(always)]
const fn unrolled(mask: u32) -> usize {
    if mask.count_ones() > 2 { 16 } else { 32 }
}

/// Returns whether a word of a block holds lows.
#[inline(always)]
const fn holds_lows(mask: u32, word: usize) -> bool {
    word < 16 && mask >> word & 1 == 1
}

/// Returns the first word that holds lows.
#[inline(always)]
const fn first(mask: u32) -> usize {
    mask.trailing_zeros() as usize
}

/// Returns whether a word of the schedule depends on lows in the words of the mask.
#[inline(always)]
const fn varies<const MASK: u32>(t: usize) -> bool {
    Varying::<MASK>::WORDS[t]
}

struct Varying<const MASK: u32>;

impl<const MASK: u32> Varying<MASK> {
    const WORDS: [bool; 64 + AHEAD] = {
        let mut words = [false; 64 + AHEAD];
        let mut t = 0;
        while t < words.len() {
            words[t] = match t {
                0..16 => holds_lows(MASK, t),
                _ => words[t - 16] | words[t - 15] | words[t - 7] | words[t - 2],
            };
            t += 1;
        }
        words
    };
}

/// Returns the schedule of a block without lows, with the rounds' constants added.
pub(super) fn plain_words(block: &Block) -> [u32; 64] {
    let mut w = [Wrapping(0); 64];
    for (word, given) in w.iter_mut().zip(words(block)) {
        *word = Wrapping(given);
    }
    for t in 16..64 {
        w[t] = next_word(w[t - 16], w[t - 15], w[t - 7], w[t - 2]);
    }
    std::array::from_fn(|t| w[t].0.wrapping_add(CONSTANTS[t]))
}

/// Returns the states after a block without lows.
#[inline(always)]
pub(super) fn hash_plain<V: Lanes, const STREAMS: usize>(
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

/// Returns a word of the schedule from those before it, for a stream.
#[inline(always)]
fn word_from<V: Lanes, const STREAMS: usize>(w: &[[V; STREAMS]], t: usize, s: usize) -> V {
    next_word(w[t - 16][s], w[t - 15][s], w[t - 7][s], w[t - 2][s])
}

/// Returns a word of the schedule from those 16, 15, 7 and 2 before it.
#[inline(always)]
fn next_word<V: Lanes>(w16: V, w15: V, w7: V, w2: V) -> V {
    (w16 + sigma0(w15) + w7) + sigma1(w2)
}

/// Returns the state after a round that uses `word`, to which its constant was added.
#[inline(always)]
fn one_round<V: Lanes>([a, b, c, d, e, f, g, h]: [V; 8], word: V) -> [V; 8] {
    let early = (h + word) + e.choose(f, g);
    let sum = early.add_late(big_sigma1(e));
    let mixed = big_sigma0(a) + a.majority(b, c);
    [sum + mixed, a, b, c, d + sum, e, f, g]
}

/// Returns the state after a round, but for the first word, which is left as it was.
#[inline(always)]
fn half_round<V: Lanes>([a, b, c, d, e, f, g, h]: [V; 8], word: V) -> [V; 8] {
    let early = (h + word) + e.choose(f, g);
    [a, a, b, c, d + early.add_late(big_sigma1(e)), e, f, g]
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
