//! ASERT, the difficulty that keeps a chain on schedule (rule D3).

use std::time::Duration;

use althing_types::{Height, UnixTime};
use bitcoin::CompactTarget;

/// A difficulty that keeps the blocks of a chain on schedule (rule D3).
///
/// The schedule has one block per block time after the genesis. If a block's parent is late, the
/// block is half as hard for each half-life of delay; if the parent is early, it is harder. This
/// depends only on the parent's height and time, so no error accumulates that a miner could
/// exploit. This is *ASERT* (Lundeberg, *Static difficulty adjustments, with absolutely scheduled
/// exponentially rising targets*, 2020), in the integer arithmetic of Bitcoin Cash's `aserti3-2d`,
/// so every machine computes the same result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asert {
    /// The time between two blocks, in whole seconds.
    pub block_time: Duration,
    /// How late, or early, a block must be for the next to be half as hard, or twice: in whole
    /// seconds, and at least one.
    pub half_life: Duration,
    /// No block is easier.
    pub easiest: CompactTarget,
}

/// One, in the fixed-point numbers used here.
const ONE: i128 = 1 << FRACTION_BITS;
const FRACTION_BITS: u32 = 16;

/// The smallest target there is, one, as a compact number: no block is harder.
const HARDEST: u32 = 0x0101_0000;

impl Asert {
    /// Returns the target of the block after a parent of this height and time, on a genesis with
    /// this time and target.
    pub fn next(
        &self,
        genesis: (UnixTime, CompactTarget),
        parent: (UnixTime, Height),
    ) -> CompactTarget {
        let (genesis_time, anchor) = genesis;
        let (time, height) = parent;
        let passed = i128::from(time.seconds()) - i128::from(genesis_time.seconds());
        let planned = i128::from(self.block_time.as_secs()) * i128::from(height.number());
        let half_life = i128::from(self.half_life.as_secs().max(1));
        let exponent = (passed - planned) * ONE / half_life;
        scale(anchor, exponent).min(self.easiest)
    }
}

/// Returns the target of a block that takes two to the power of `bits` hashes on average; of at
/// least two.
pub fn target_of_bits(bits: u8) -> CompactTarget {
    compact_of(1, 256 - i128::from(bits))
}

/// Returns the target that is twice as easy so many times.
pub(crate) fn eased(target: CompactTarget, times: u64) -> CompactTarget {
    // No target has more bits.
    scale(target, i128::from(times.min(256)) * ONE)
}

/// Returns `anchor` times two to the power of `exponent`, which is a fixed-point number.
fn scale(anchor: CompactTarget, exponent: i128) -> CompactTarget {
    let (size, mantissa) = (anchor.to_consensus() >> 24, anchor.to_consensus() & 0x7f_ffff);
    // Far beyond all targets, so that what follows cannot overflow.
    let exponent = exponent.clamp(-512 * ONE, 512 * ONE);
    let fraction = exponent.rem_euclid(ONE);
    // 2^x for x below one, as a polynomial of the third degree.
    let power = ONE
        + ((195_766_423_245_049 * fraction
            + 971_821_376 * fraction.pow(2)
            + 5_127 * fraction.pow(3)
            + (1 << 47))
            >> 48);
    let value = u128::from(mantissa) * u128::try_from(power).expect("it is between one and two");
    let shift = exponent.div_euclid(ONE) - i128::from(FRACTION_BITS) + 8 * (i128::from(size) - 3);
    compact_of(value, shift)
}

/// Returns `value` times two to the power of `shift` as a compact number, rounded down; at least
/// one, and at most the largest there is.
fn compact_of(value: u128, shift: i128) -> CompactTarget {
    let down = u32::try_from(-shift).unwrap_or(0);
    // A target is a whole number.
    let (value, shift) = (value.checked_shr(down).unwrap_or(0), shift.max(0));
    let bits = u32::try_from(i128::from(u128::BITS - value.leading_zeros()) + shift);
    let bits = bits.unwrap_or(u32::MAX);
    // The sign bit of the mantissa must stay free.
    let size = bits / 8 + 1;
    match value {
        0 => CompactTarget::from_consensus(HARDEST),
        _ if size > 32 => compact(32, 0x7f_ffff),
        _ => {
            let down = i128::from(8 * size) - 24 - shift;
            let by = u32::try_from(down.unsigned_abs()).expect("at most the bits of a target");
            let mantissa = if down < 0 { value << by } else { value >> by };
            compact(size, u32::try_from(mantissa).expect("it has at most 23 bits"))
        }
    }
}

fn compact(size: u32, mantissa: u32) -> CompactTarget {
    CompactTarget::from_consensus(size << 24 | mantissa)
}

#[cfg(test)]
mod tests {
    use bitcoin::Target;
    use proptest::prelude::*;

    use super::*;

    fn easiest() -> CompactTarget {
        compact(0x1d, 0x00_ffff)
    }

    fn next(anchor: CompactTarget, seconds: i64, height: u64) -> CompactTarget {
        let rule = Asert {
            block_time: Duration::from_secs(600),
            half_life: Duration::from_secs(172_800),
            easiest: easiest(),
        };
        let genesis = 1_000_000_000_u64;
        let time = UnixTime::from_seconds(genesis.saturating_add_signed(seconds));
        rule.next((UnixTime::from_seconds(genesis), anchor), (time, Height::new(height)))
    }

    fn number(target: CompactTarget) -> f64 {
        let bytes = Target::from_compact(target).to_be_bytes();
        bytes.iter().fold(0.0, |number, byte| number * 256.0 + f64::from(*byte))
    }

    #[test]
    fn a_chain_that_keeps_its_timetable_keeps_its_target() {
        let anchor = compact(0x1b, 0x04_04cb);
        for height in 0..100 {
            let seconds = i64::try_from(600 * height).expect("small");
            assert_eq!(next(anchor, seconds, height), anchor);
        }
    }

    #[test]
    fn a_half_life_late_is_half_as_hard_and_one_early_twice() {
        let anchor = compact(0x1b, 0x04_04cb);
        assert_eq!(next(anchor, 172_800, 0), compact(0x1b, 0x08_0996));
        assert_eq!(next(anchor, 0, 288), compact(0x1b, 0x02_0265));
        assert_eq!(next(anchor, 10 * 172_800, 0), compact(0x1c, 0x10_132c));
        assert_eq!(next(anchor, 0, 288 * 300).to_consensus(), HARDEST);
        assert_eq!(next(anchor, i64::MAX, 0), easiest());
        assert_eq!(next(anchor, -1_000_000_000, u64::MAX).to_consensus(), HARDEST);
    }

    /// Blocks out of the vectors published with the specification, `aserti3-2d` in the test assets
    /// of Bitcoin Cash Node, where the anchor's parent has the time zero: the height after the
    /// anchor, the time, and the target of the next block.
    #[test]
    fn it_gives_the_published_targets() {
        let anchor = CompactTarget::from_consensus(0x1802_aee8);
        let steady = [(1, 1500, 0x1802_afbb), (2, 2400, 0x1802_b08f), (10, 9600, 0x1802_b73d)];
        let random = [
            (1, 1200, 0x1802_aee8),
            (2, 1310, 0x1802_ad91),
            (8, 7099, 0x1802_b39c),
            (126, 77_349, 0x1802_b215),
            (551, 338_121, 0x1802_c249),
            (619, 378_438, 0x1802_c0ec),
        ];
        let ever_faster = [
            (11, 8141, 0x1802_b181),
            (100, 20_372, 0x1802_4899),
            (159, 22_709, 0x1801_ffea),
            (456, 29_025, 0x1801_00e6),
            (637, 31_020, 0x1800_a788),
        ];
        for (height, time, wanted) in steady.into_iter().chain(random).chain(ever_faster) {
            // Our schedule begins with the anchor itself, one block time after its parent.
            let found = next(anchor, time - 600, height);
            assert_eq!(found.to_consensus(), wanted, "{height} at {time}");
        }
    }

    /// Returns the same, computed literally from the specification on numbers as texts of binary
    /// digits, which are exact at any size: `aserti3-2d`, and Bitcoin's encoding of a target.
    fn by_the_book(anchor: CompactTarget, late: i64, half_life: i64) -> CompactTarget {
        let exponent = late * 65_536 / half_life;
        let (shifts, fraction) = (exponent >> 16, u128::try_from(exponent & 0xffff).expect("low"));
        let factor = ((195_766_423_245_049 * fraction
            + 971_821_376 * fraction * fraction
            + 5_127 * fraction * fraction * fraction
            + (1 << 47))
            >> 48)
            + 65_536;
        let (size, mantissa) = (anchor.to_consensus() >> 24, anchor.to_consensus() & 0x7f_ffff);
        let mut digits = format!("{:b}", u128::from(mantissa) * factor);
        match shifts + 8 * (i64::from(size) - 3) - 16 {
            up @ 0.. => digits.push_str(&"0".repeat(usize::try_from(up).expect("not negative"))),
            down => {
                let down = usize::try_from(down.unsigned_abs()).expect("few");
                digits.truncate(digits.len().saturating_sub(down));
            }
        }
        if digits.is_empty() {
            digits.push('1');
        }
        if digits.len() > 255 {
            return easiest_of_all();
        }
        let bytes = digits.len() / 8 + 1;
        let padded = format!("{}{digits}{}", "0".repeat(8 * bytes - digits.len()), "0".repeat(24));
        let mantissa = u32::from_str_radix(&padded[..24], 2).expect("24 binary digits");
        compact(u32::try_from(bytes).expect("at most 32"), mantissa)
    }

    fn easiest_of_all() -> CompactTarget {
        compact(0x20, 0x7f_ffff)
    }

    proptest! {
        #[test]
        fn it_is_to_the_bit_what_the_book_says(
            (size, mantissa) in (4..=31_u32, 0x8000..=0x7f_ffff_u32),
            late in -100_000_000..100_000_000_i64,
            half_life in 1_000..1_000_000_u32,
        ) {
            let rule = Asert {
                block_time: Duration::from_secs(1),
                half_life: Duration::from_secs(half_life.into()),
                easiest: easiest_of_all(),
            };
            let anchor = compact(size, mantissa);
            let genesis = 1_000_000_000_u64;
            let time = UnixTime::from_seconds(genesis.saturating_add_signed(late + 1_000_000));
            let parent = (time, Height::new(1_000_000));
            let found = rule.next((UnixTime::from_seconds(genesis), anchor), parent);
            prop_assert_eq!(found, by_the_book(anchor, late, half_life.into()));
        }
    }

    #[test]
    fn it_is_the_exponential_to_a_thousandth() {
        let anchor = compact(0x1a, 0x12_3456);
        for step in -4000..4000_i64 {
            let seconds = 97 * step;
            let exact = number(anchor) * (seconds as f64 / 172_800.0).exp2();
            let found = number(next(anchor, seconds, 0));
            assert!((found / exact - 1.0).abs() < 1e-3, "{seconds}: {found} {exact}");
        }
    }
}
