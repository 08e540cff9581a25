//! SHA-1 of nonces, bare or in a short text, for many at a time.
//!
//! **The idea.** SHA-1's schedule has no carries: each of its 80 words is the exclusive or of what
//! the last digits (the *lows*) and all other digits (the *high*) contribute. Lows differ from lane
//! to lane; a high is the same in all lanes. So both are expanded separately, once for many hashes,
//! and combining them takes one operation per word instead of three.
//!
//! A *tile* is 48 highs with all their lows. The kernel iterates over vectors of lows and, for each
//! of them, over the highs, a few side by side, so that the processor is always busy: a single hash
//! mostly waits for the sum of the round before.

use std::ops::Range;

use super::Runner;
use super::lanes::{COUNT_MAX, Lanes, unroll};
use super::lows::Lows;
use crate::hash::{SHA1_START, words};
use crate::layout::Layout;
use crate::work::Work;

/// Highs of a tile. Divisible by the streams and by the lanes of all kernels.
const TILE: usize = 48;

/// The number of words of a message that may contain digits: a bare nonce has at most 20, and with
/// a text before it no more than that fits.
const DIGIT_WORDS: usize = 5;

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
    let at = lows.at(layout);
    let straddles = at % 4 + lows.digits > 4;
    let search = Search { work, layout, lows, range };
    match (at / 4, straddles) {
        (0, false) => runner.sha1::<0b1>(search),
        (0, true) => runner.sha1::<0b11>(search),
        (1, false) => runner.sha1::<0b10>(search),
        (1, true) => runner.sha1::<0b110>(search),
        (2, false) => runner.sha1::<0b100>(search),
        (2, true) => runner.sha1::<0b1100>(search),
        (3, false) => runner.sha1::<0b1000>(search),
        (3, true) => runner.sha1::<0b1_1000>(search),
        (4, _) => runner.sha1::<0b1_0000>(search),
        _ => unreachable!("a nonce has at most 20 digits"),
    }
}

impl Search<'_> {
    /// Searches in messages where the lows are in the words of the mask.
    #[inline(always)]
    pub(super) fn run<V: Lanes, const STREAMS: usize, const MASK: u32>(
        &mut self,
        proof: V::Proof,
    ) -> Option<u64> {
        let zero = self.layout.segment.zero;
        let first = (self.range.start - zero) / self.lows.count;
        let last = (self.range.end.checked_sub(1)? - zero) / self.lows.count;
        let mut highs = Highs([0; ROWS * TILE]);
        for high in (first..=last).step_by(TILE) {
            let count = (last - high + 1).min(TILE as u64);
            self.fill::<V, MASK>(proof, &mut highs, high);
            let solution = self.tile::<V, STREAMS, MASK>(proof, &highs, high, count);
            if solution.is_some() {
                return solution;
            }
        }
        None
    }

    /// Expands the highs of a tile.
    #[inline(always)]
    fn fill<V: Lanes, const MASK: u32>(&mut self, proof: V::Proof, highs: &mut Highs, high: u64) {
        for (lane, number) in (0..TILE).zip(high..) {
            self.layout.write_high(number, self.lows.digits);
            let (words, _) = self.layout.blocks[0].as_chunks();
            for (row, word) in words[..DIGIT_WORDS].iter().enumerate() {
                highs.row(row)[lane] = u32::from_be_bytes(*word);
            }
        }
        let block = words(&self.layout.blocks[0]);
        for from in (0..TILE).step_by(V::COUNT) {
            highs.expand::<V, MASK>(proof, from, &block);
        }
    }

    /// Tries all candidates of a tile that are in range.
    #[inline(always)]
    fn tile<V: Lanes, const STREAMS: usize, const MASK: u32>(
        &self,
        proof: V::Proof,
        highs: &Highs,
        high: u64,
        count: u64,
    ) -> Option<u64> {
        let mask = self.work.goal.filter().mask;
        let start = V::splat(proof, SHA1_START[0]);
        let mut lowest = None;
        for low in self.lows_in_range(high, count).step_by(V::COUNT) {
            let lows = self.expand_lows::<V, MASK>(proof, low);
            for from in (0..usize::try_from(count).expect("a tile is small")).step_by(STREAMS) {
                let words = first_words::<V, STREAMS, MASK>(proof, &lows, highs.view(from));
                for (stream, word) in words.into_iter().enumerate() {
                    let hits = (word + start).without(mask);
                    if hits != 0 {
                        let found = self.lowest(hits, high + (from + stream) as u64, low);
                        lowest = [lowest, found].into_iter().flatten().min();
                    }
                }
            }
        }
        lowest
    }

    /// Returns the lows to try: all, unless there is only one high.
    fn lows_in_range(&self, high: u64, count: u64) -> Range<u64> {
        if count > 1 {
            return 0..self.lows.count;
        }
        let first = self.layout.segment.zero + high * self.lows.count;
        let low = |index: u64| index.saturating_sub(first).min(self.lows.count);
        low(self.range.start)..low(self.range.end)
    }

    /// Expands a vector of lows.
    #[inline(always)]
    fn expand_lows<V: Lanes, const MASK: u32>(&self, proof: V::Proof, low: u64) -> [V; 80] {
        let bits = self.lows.bits_before(self.layout);
        let codes = V::load(proof, self.lows.codes_from(low));
        let digits = codes.shift_left_by(self.lows.shift_to_front());
        let mut lows = [V::splat(proof, 0); 80];
        lows[Varying::<MASK>::FIRST] = digits.shift_right_by(bits);
        if MASK.count_ones() == 2 {
            lows[Varying::<MASK>::FIRST + 1] = digits.shift_left_by(32 - bits);
        }
        expand(&mut lows);
        lows
    }

    /// Returns the lowest solution among the lanes that may hold one.
    #[cold]
    fn lowest(&self, hits: u32, high: u64, low: u64) -> Option<u64> {
        let first = self.layout.segment.zero.saturating_add(high.saturating_mul(self.lows.count));
        let lanes = (0..COUNT_MAX as u64).filter(|lane| hits >> lane & 1 == 1);
        let lows = lanes.map(|lane| low + lane).filter(|low| *low < self.lows.count);
        let mut indexes = lows.map(|low| first.saturating_add(low));
        indexes.find(|index| self.range.contains(index) && self.work.is_solved_by(*index))
    }
}

/// What the highs of a tile contribute to the hashes: rows with one word for each high.
///
/// The first 80 rows are the schedule; where the lows have no part in a word, the round's constant
/// is added. Those from [`SUMS`] on are what the round that takes in the first low, and the four
/// after it, add to their sum besides what depends on lows. [`C`] and [`D`] are words of the state
/// two rounds after the first low.
#[repr(align(64))]
struct Highs([u32; ROWS * TILE]);

const SUMS: usize = 80;
const C: usize = SUMS + OPENING;
const D: usize = C + 1;
/// One more row, so that a view of the last highs has its full length.
const ROWS: usize = D + 2;

/// Rounds that are computed with some of the state still the same in all lanes.
const OPENING: usize = 5;

/// The rows from a high on. Word `s` of row `r`, for the s-th high from there, is the one at
/// `r * TILE + s`.
type View = [u32; (ROWS - 1) * TILE];

impl Highs {
    fn row(&mut self, row: usize) -> &mut [u32] {
        &mut self.0[row * TILE..][..TILE]
    }

    /// Returns the rows from a high on, so that the bounds are checked once for all of them.
    #[inline(always)]
    fn view(&self, from: usize) -> &View {
        self.0[from..].first_chunk().expect("the highs are in the tile")
    }

    /// Completes some columns, whose first rows hold the words that have digits. The others are
    /// those of any block of the segment.
    #[inline(always)]
    fn expand<V: Lanes, const MASK: u32>(
        &mut self,
        proof: V::Proof,
        from: usize,
        block: &[u32; 16],
    ) {
        let k = |round: usize| V::splat(proof, CONSTANTS[round / 20]);
        let mut w = [V::splat(proof, 0); 80];
        for (word, shared) in w.iter_mut().zip(block) {
            *word = V::splat(proof, *shared);
        }
        for (round, word) in w.iter_mut().enumerate().take(DIGIT_WORDS) {
            *word = V::load(proof, &self.row(round)[from..]);
        }
        expand(&mut w);

        let [mut a, mut b, mut c, mut d, mut e] = start_state::<V>(proof);
        for (round, word) in w.iter().enumerate().take(Varying::<MASK>::FIRST) {
            let next = a.rotate_left::<5>() + b.choose(c, d) + e + *word + k(round);
            (a, b, c, d, e) = (next, a, b.rotate_left::<30>(), c, d);
        }
        let (late_a, late_b) = (a.rotate_left::<30>(), b.rotate_left::<30>());
        let word = |round: usize| match is_varying::<MASK>(Varying::<MASK>::FIRST + round) {
            true => k(Varying::<MASK>::FIRST + round),
            false => k(Varying::<MASK>::FIRST + round) + w[Varying::<MASK>::FIRST + round],
        };
        let sums = [
            a.rotate_left::<5>() + b.choose(c, d) + e + k(Varying::<MASK>::FIRST),
            a.choose(late_b, c) + d + word(1),
            c + word(2),
            late_b + word(3),
            late_a + word(4),
        ];
        for (round, word) in w.into_iter().enumerate() {
            let word = if is_varying::<MASK>(round) { word } else { word + k(round) };
            word.store(&mut self.row(round)[from..]);
        }
        for (round, sum) in sums.into_iter().enumerate() {
            sum.store(&mut self.row(SUMS + round)[from..]);
        }
        late_a.store(&mut self.row(C)[from..]);
        late_b.store(&mut self.row(D)[from..]);
    }
}

/// The constants of the four times twenty rounds (FIPS 180-4, section 4.2.1).
pub(super) const CONSTANTS: [u32; 4] = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6];

/// Completes a schedule of which the first 16 words are there.
#[inline(always)]
fn expand<V: Lanes>(w: &mut [V; 80]) {
    unroll!(tens in 0..8 {
        unroll!(ones in 0..10 {
            let t = 10 * tens + ones;
            if t >= 16 {
                w[t] = (w[t - 3].xor3(w[t - 8], w[t - 14]) ^ w[t - 16]).rotate_left::<1>();
            }
        });
    });
}

#[inline(always)]
fn start_state<V: Lanes>(proof: V::Proof) -> [V; 5] {
    let [a, b, c, d, e, ..] = SHA1_START;
    [a, b, c, d, e].map(|word| V::splat(proof, word))
}

/// Returns whether a word of the schedule depends on the message words of the mask.
#[inline(always)]
const fn is_varying<const MASK: u32>(word: usize) -> bool {
    Varying::<MASK>::WORDS[word]
}

struct Varying<const MASK: u32>;

impl<const MASK: u32> Varying<MASK> {
    /// The first word that depends on the lows.
    const FIRST: usize = MASK.trailing_zeros() as usize;

    const WORDS: [bool; 80] = {
        let mut words = [false; 80];
        let mut t = 0;
        while t < 80 {
            words[t] = match t {
                0..16 => MASK >> t & 1 == 1,
                _ => words[t - 3] | words[t - 8] | words[t - 14] | words[t - 16],
            };
            t += 1;
        }
        words
    };
}

/// Returns the first word of the state after the last round, for each of the highs from one on.
#[inline(always)]
fn first_words<V: Lanes, const STREAMS: usize, const MASK: u32>(
    proof: V::Proof,
    lows: &[V; 80],
    highs: &View,
) -> [V; STREAMS] {
    // In the order a, b, c, d, e.
    let mut states = [[V::splat(proof, 0); 5]; STREAMS];

    unroll!(s in 0..STREAMS {
        let high = Stream { proof, highs, number: s };
        let (c, d) = (high.word(C), high.word(D));
        let a1 = high.opening::<V, MASK>(lows, 0);
        let a2 = high.opening::<V, MASK>(lows, 1) + a1.rotate_left::<5>();
        let late1 = a1.rotate_left::<30>();
        let word2 = high.word::<V>(SUMS + 2);
        let a3 = (a1.choose(c, d) + word2).add_late(a2.rotate_left::<5>());
        let late2 = a2.rotate_left::<30>();
        let word3 = high.word::<V>(SUMS + 3);
        let a4 = (a2.choose(late1, c) + word3).add_late(a3.rotate_left::<5>());
        let late3 = a3.rotate_left::<30>();
        let word4 = high.word::<V>(SUMS + 4);
        let a5 = (a3.choose(late2, late1) + word4).add_late(a4.rotate_left::<5>());
        states[s] = [a5, a4, late3, late2, late1];
    });

    unroll!(tens in 0..8 {
        unroll!(ones in 0..10 {
            let round = 10 * tens + ones;
            if round >= Varying::<MASK>::FIRST + OPENING {
                let k = V::splat(proof, CONSTANTS[round / 20]);
                let low = lows[round];
                unroll!(s in 0..STREAMS {
                    let word = Stream { proof, highs, number: s }.word::<V>(round);
                    let word = if is_varying::<MASK>(round) { (low ^ word) + k } else { word };
                    states[s] = one_round(states[s], round, word);
                });
            }
        });
    });
    states.map(|[a, ..]| a)
}

/// What one high contributes to the hashes.
#[derive(Clone, Copy)]
struct Stream<'a, P> {
    proof: P,
    highs: &'a View,
    /// Which of the highs from the start of the view.
    number: usize,
}

impl<P: Copy> Stream<'_, P> {
    #[inline(always)]
    fn word<V: Lanes<Proof = P>>(self, row: usize) -> V {
        V::splat(self.proof, self.highs[row * TILE + self.number])
    }

    /// Returns the sum of one of the first two rounds that take in lows, without the parts that
    /// come from the rounds before.
    #[inline(always)]
    fn opening<V: Lanes<Proof = P>, const MASK: u32>(self, lows: &[V; 80], round: usize) -> V {
        let row = Varying::<MASK>::FIRST + round;
        let sum = self.word::<V>(SUMS + round);
        if is_varying::<MASK>(row) { (lows[row] ^ self.word(row)) + sum } else { sum }
    }
}

#[inline(always)]
fn one_round<V: Lanes>([a, b, c, d, e]: [V; 5], round: usize, word: V) -> [V; 5] {
    let mixed = match round / 20 {
        0 => b.choose(c, d),
        2 => b.majority(c, d),
        _ => b.xor3(c, d),
    };
    [(e + word + mixed).add_late(a.rotate_left::<5>()), a, b.rotate_left::<30>(), c, d]
}
