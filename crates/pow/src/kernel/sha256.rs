//! SHA-256 of texts with a decimal nonce, and of headers in Bitcoin's format, for many at a time.
//!
//! **The idea.** Only the last digits (the *lows*) differ from lane to lane, and they are in one
//! word of a block, or in two neighbours. So everything before them is computed once for all lanes
//! ([`Fixed`]), and so is the whole schedule of blocks without lows. Which words hold lows is known
//! at compile time (the `MASK`), so the vectors compute the rest without branches.
//!
//! The rounds before lows have reached every word are unrolled, and specialised for the mask. The
//! others are a loop of eight: code that outgrows the processor's cache of decoded instructions
//! takes longer, however little it computes.
//!
//! | file | question |
//! | --- | --- |
//! | `block` | how is a block compressed into the state? |
//! | `constants` | what is added in each round? |

mod block;
mod constants;

use std::ops::Range;

use self::block::{Asked, Fixed, empty_schedule, hash_plain, plain_words};
pub(super) use self::constants::CONSTANTS;
use super::Runner;
use super::lanes::{COUNT_MAX, Lanes};
use super::lows::{BATCH, Lows};
use crate::goal::Filter;
use crate::hash::{Hash, SHA256_START, words};
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
    /// Searches messages whose lows are in the words of the mask, in the block where they begin,
    /// and perhaps in the first word of the block after it. `LOWS` is the number of words, from the
    /// mask's first one on, that may contain lows.
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
        // Known to be zero where the function is specialised for the word.
        let place = if MASK == ALL { at % 64 / 4 } else { 0 };
        let (first_block, last_block) = (at / 64, (at + lows.digits - 1) / 64);
        let bits = lows.bits_before(self.layout);
        let plain: Vec<_> = self.layout.blocks[last_block + 1..].iter().map(plain_words).collect();
        let asked = if plain.is_empty() { self.asked() } else { Asked::State };
        let mut schedules = [empty_schedule::<V, STREAMS>(proof); 2];
        let mut states = [[V::splat(proof, 0); 8]; BATCH];

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
                for (group, out) in states.as_chunks_mut::<STREAMS>().0.iter_mut().enumerate() {
                    let from = low + (group * STREAMS * V::COUNT) as u64;
                    let pairs = lows_in_words::<V, STREAMS>(proof, lows, bits, from);
                    let mut words = [[V::splat(proof, 0); LOWS]; STREAMS];
                    for (words, pair) in words.iter_mut().zip(&pairs) {
                        for (word, low) in words[place..].iter_mut().zip(pair) {
                            *word = *low;
                        }
                    }
                    let [w, w_straddled] = &mut schedules;
                    let asked_here = if straddled.is_some() { Asked::State } else { asked };
                    *out = fixed.hash::<V, STREAMS, MASK, LOWS>(proof, &words, w, asked_here);
                    if matches!(MASK, LAST | ALL)
                        && let Some(straddled) = &straddled
                    {
                        let over = pairs.map(|[_, over]| [over]);
                        *out = straddled.go_on(proof, *out, &over, w_straddled, asked);
                    }
                }
                for group in states.as_chunks_mut::<PLAIN_STREAMS>().0 {
                    for words in &plain {
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

        let asked = self.asked();
        let [mut w, mut w_digest] = [empty_schedule::<V, STREAMS>(proof); 2];
        let mut states = [[V::splat(proof, 0); 8]; BATCH];
        first.fill::<V, STREAMS, NONCE>(proof, &mut w);
        second.fill::<V, STREAMS, DIGEST>(proof, &mut w_digest);
        let aligned = self.range.start / COUNT_MAX as u64 * COUNT_MAX as u64;
        for start in (aligned..self.range.end).step_by(BATCH * V::COUNT) {
            for (group, out) in states.as_chunks_mut::<STREAMS>().0.iter_mut().enumerate() {
                let mut nonces = [[V::splat(proof, 0)]; STREAMS];
                for (stream, [nonce]) in nonces.iter_mut().enumerate() {
                    // Beyond the last nonce, lanes wrap around to nonces that are out of range.
                    let number = start + ((group * STREAMS + stream) * V::COUNT) as u64;
                    let [a, b, c, d, ..] = number.to_le_bytes();
                    *nonce = V::splat(proof, u32::from_be_bytes([a, b, c, d])) + lanes;
                }
                let digests =
                    first.hash::<V, STREAMS, NONCE, 1>(proof, &nonces, &mut w, Asked::State);
                *out = second.hash::<V, STREAMS, DIGEST, 8>(proof, &digests, &mut w_digest, asked);
            }
            let solution = first_hit(self.work, &self.range, start, &states);
            if solution.is_some() {
                return solution;
            }
        }
        None
    }

    /// Returns which words of the states after the last block the goal needs.
    fn asked(&self) -> Asked {
        match self.work.goal.filter().word(self.work.hash) {
            0 => Asked::State,
            _ => Asked::LastWord,
        }
    }
}

/// Returns what some vectors of lows contribute to the two words that they may be in, with this
/// number of bits before them in the first word.
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

/// Returns the lowest solution of a batch, given its states after the last block.
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
