//! SHA-1 and SHA-256 with the SHA instructions, for a few messages at a time.
//!
//! **The idea.** These instructions hash one message, and take long to do it: on the processors of
//! x86-64 an answer is there four or six cycles after the question, and a new question can be asked
//! every other cycle. So the rounds of several messages, the *streams*, are computed in turn.
//!
//! Then the rounds are what takes the time, if there is little else: the processor looks a few
//! hundred instructions ahead, and must find the rounds of the next messages there. So the message
//! is made ready once for all lows, and one instruction puts the digits of a low where they belong.
//!
//! | file | question |
//! | --- | --- |
//! | `x86_64`, `aarch64` | how is a message hashed by such a processor? |

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use std::ops::Range;

#[cfg(target_arch = "aarch64")]
use self::aarch64::Hasher;
#[cfg(target_arch = "aarch64")]
pub(super) use self::aarch64::ShaProof;
#[cfg(target_arch = "x86_64")]
use self::x86_64::Hasher;
#[cfg(target_arch = "x86_64")]
pub(super) use self::x86_64::ShaProof;
use super::lows::Lows;
use crate::hash::Block;
use crate::layout::Layout;
use crate::work::Work;

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
    let first = (range.start - zero) / lows.count;
    let last = (range.end.checked_sub(1)? - zero) / lows.count;
    for high in first..=last {
        layout.write_high(high, lows.digits);
        let mut hasher = Hasher::new(proof, work, layout, lows);
        let start = zero + high * lows.count;
        let low = |index: u64| index.saturating_sub(start).min(lows.count);
        let (mut next, end) = (low(range.start), low(range.end));
        while let Some(hit) = hasher.first_hit(lows, next..end) {
            if work.is_solved_by(start + hit) {
                return Some(start + hit);
            }
            next = hit + 1;
        }
    }
    None
}

/// Returns the first of some lows that is a hit. What is asked for hits gets the codes of some
/// lows, and returns a bit for each, lowest for the first.
///
/// This must be inlined into a function that has the instructions switched on; else it is right,
/// and slow.
#[inline(always)]
fn first_hit<const STREAMS: usize>(
    lows: Lows,
    range: Range<u64>,
    mut hits: impl FnMut([u32; STREAMS]) -> u32,
) -> Option<u64> {
    for from in range.clone().step_by(STREAMS) {
        let hits = hits(lows.codes(from));
        if hits != 0 {
            let hit = from + u64::from(hits.trailing_zeros());
            return Some(hit).filter(|hit| *hit < range.end);
        }
    }
    None
}

/// Returns for each byte of a block which byte of a low's code belongs there, or `no_digit`.
fn moves(layout: &Layout, lows: Lows, number: usize, no_digit: u8) -> Block {
    let mut moves = [no_digit; 64];
    // The last digit is the lowest byte.
    let digits = [0, 1, 2, 3].into_iter().take(lows.digits).rev();
    for (at, digit) in (lows.at(layout)..).zip(digits) {
        if at / 64 == number {
            moves[at % 64] = digit;
        }
    }
    moves
}
