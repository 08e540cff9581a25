//! The last digits of a nonce, in which the lanes differ.

use super::lanes::COUNT_MAX;
use crate::goal::Place;
use crate::hash::Hash;
use crate::layout::Layout;
use crate::nonce::{Nonce, Order, Segment};
use crate::work::{HEADER_WITHOUT_NONCE, Template, Work};

/// All values of the last digits of a nonce, in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lows {
    /// The number of digits.
    pub(super) digits: usize,
    /// The number of values: a power of the radix.
    pub(super) count: u64,
    codes: Codes,
}

/// How the last digits are written.
#[derive(Clone, Copy, Debug)]
enum Codes {
    /// In a table, with the last digit in the lowest byte. Zeros follow, so that a vector may begin
    /// at any entry.
    Table(&'static [u32]),
    /// As the number's four bytes, lowest first.
    LittleEndian,
}

/// Zeros after the last digits: as many as the largest batch of vectors that is tried at a time.
const BEYOND: usize = BATCH * COUNT_MAX;

/// The most vectors that are tried at a time. Divisible by the streams of all kernels.
pub(super) const BATCH: usize = 6;

static DECIMAL: [u32; 10_000 + BEYOND] = codes(Nonce::Decimal, 4);
static BYTES: [u32; 256 + BEYOND] = codes(Nonce::Integer, 1);
static TEXT: [u32; 94 + BEYOND] = codes(Nonce::Text, 1);

/// Returns the last `digits` digits of each number, as written.
const fn codes<const LENGTH: usize>(nonce: Nonce, digits: u32) -> [u32; LENGTH] {
    let symbols = nonce.symbols();
    let mut codes = [0; LENGTH];
    let mut number = 0;
    while number < symbols.len().pow(digits) {
        let (mut rest, mut digit) = (number, 0);
        while digit < digits {
            codes[number] |= (symbols[rest % symbols.len()] as u32) << (8 * digit);
            rest /= symbols.len();
            digit += 1;
        }
        number += 1;
    }
    codes
}

impl Lows {
    /// Returns the last digits in which the lanes of the fast kernels differ, if those kernels
    /// support messages of this shape.
    pub(super) fn of(work: &Work, layout: &Layout) -> Option<Self> {
        let Template { prefix, nonce, suffix } = &work.template;
        let Segment { length, order, .. } = layout.segment;
        match (work.hash, nonce) {
            (Hash::Sha1, _)
                if !fits_sha1(work, length)
                    || order != Order::Free
                    || work.goal.filter().place != Place::First
                    || work.goal.filter().mask == 0 =>
            {
                None
            }
            (Hash::Sha1, Nonce::Decimal) if length >= 3 => Some(Self::decimal(3)),
            (Hash::Sha1, Nonce::Integer) if length >= 1 => Some(Self::byte()),
            (Hash::Sha1, Nonce::Text) => Some(Self::character()),
            (Hash::Sha256, Nonce::Decimal) => Some(Self::decimal(length.min(4))),
            (Hash::DoubleSha256, Nonce::LittleEndian)
                if prefix.len() == HEADER_WITHOUT_NONCE && suffix.is_empty() =>
            {
                Some(Self { digits: 4, count: 1 << 32, codes: Codes::LittleEndian })
            }
            _ => None,
        }
    }

    fn decimal(digits: usize) -> Self {
        let exponent = u32::try_from(digits).expect("a digit or a few");
        Self { digits, count: 10_u64.pow(exponent), codes: Codes::Table(&DECIMAL) }
    }

    fn byte() -> Self {
        Self { digits: 1, count: 256, codes: Codes::Table(&BYTES) }
    }

    fn character() -> Self {
        Self { digits: 1, count: 94, codes: Codes::Table(&TEXT) }
    }

    /// Returns the codes from a number on, as many as a vector or a batch of vectors may read.
    ///
    /// # Panics
    ///
    /// If there is no table, as for nonces that are all low.
    pub(super) fn codes_from(&self, number: u64) -> &'static [u32] {
        match self.codes {
            Codes::Table(codes) => {
                &codes[usize::try_from(number).expect("a number of a few digits")..]
            }
            Codes::LittleEndian => unreachable!("lanes compute these themselves"),
        }
    }

    /// Returns how far left a code must be shifted for its first digit to be the highest byte.
    /// This also drops surplus digits, where the codes have four.
    pub(super) fn shift_to_front(&self) -> u32 {
        32 - 8 * u32::try_from(self.digits).expect("a digit or a few")
    }

    /// Returns the codes of some numbers from one on. The last digit is in the lowest byte.
    #[inline]
    pub(super) fn codes<const COUNT: usize>(&self, number: u64) -> [u32; COUNT] {
        match self.codes {
            Codes::Table(_) => {
                *self.codes_from(number).first_chunk().expect("a table goes on beyond the last")
            }
            Codes::LittleEndian => std::array::from_fn(|i| {
                let [a, b, c, d, ..] = (number + i as u64).to_le_bytes();
                u32::from_be_bytes([a, b, c, d])
            }),
        }
    }

    /// Returns where the lows begin in the blocks of a layout.
    pub(super) fn at(&self, layout: &Layout) -> usize {
        layout.at + layout.segment.length - self.digits
    }

    /// Returns the number of bits before the lows in the word in which they begin.
    pub(super) fn bits_before(&self, layout: &Layout) -> u32 {
        [0, 8, 16, 24][self.at(layout) % 4]
    }

    /// Returns how many candidates are best tried together.
    pub(super) fn run(&self) -> u64 {
        match self.codes {
            Codes::Table(_) => self.count,
            Codes::LittleEndian => BEYOND as u64,
        }
    }
}

/// The kernel of SHA-1 takes digits among the first bytes of a single block: bare nonces, and
/// decimal numbers in short texts.
fn fits_sha1(work: &Work, length: usize) -> bool {
    /// Bytes of the words that may contain digits: a bare number has at most 20.
    const DIGITS_END: usize = 20;
    /// Bytes of a block before the end mark and the length of the message.
    const BLOCK: usize = 64 - 9;
    let Template { prefix, nonce, suffix } = &work.template;
    let end = prefix.len() + length;
    let is_bare = prefix.is_empty() && suffix.is_empty();
    is_bare || (*nonce == Nonce::Decimal && end <= DIGITS_END && end + suffix.len() <= BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_last_digits() {
        for (lows, nonce) in [
            (Lows::decimal(1), Nonce::Decimal),
            (Lows::decimal(3), Nonce::Decimal),
            (Lows::decimal(4), Nonce::Decimal),
            (Lows::byte(), Nonce::Integer),
            (Lows::character(), Nonce::Text),
        ] {
            for number in 0..lows.count {
                let mut digits = [0; 4];
                nonce.segment(1 << 40).write_digits(number, &mut digits[..lows.digits]);
                let [code] = lows.codes(number);
                let code = code << lows.shift_to_front();
                assert_eq!(code.to_be_bytes(), digits, "{nonce:?} {number}");
            }
        }
    }
}
