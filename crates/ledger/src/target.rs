//! Targets: which hashes a block may have, and how much work it is to find one.

use std::fmt;

use althing_text::counted;
use althing_types::{BlockHash, Work};
use bitcoin::CompactTarget;
use bitcoin::hashes::Hash;

/// A number of hexadecimal digits that a hash has: 64 at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HexDigits(u8);

impl HexDigits {
    /// All digits of a hash.
    pub const MAX: Self = Self(64);

    /// Returns this number of digits, or `None` if a hash has fewer.
    pub const fn new(digits: u8) -> Option<Self> {
        if digits <= Self::MAX.0 { Some(Self(digits)) } else { None }
    }

    /// Returns the number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// The hashes that a block may have (rule B7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Those that begin with this many hexadecimal zeros.
    LeadingZeros(HexDigits),
    /// Those that end with this many hexadecimal zeros.
    TrailingZeros(HexDigits),
    /// Those that are no larger than this, as numbers whose first byte counts least.
    AtMost(CompactTarget),
}

impl Target {
    /// Returns whether `hash` is one of them.
    pub fn is_met_by(self, hash: &BlockHash) -> bool {
        let bytes = hash.as_bytes();
        match self {
            Self::LeadingZeros(wanted) => {
                zero_digits(bytes.iter(), |byte| byte >> 4) >= usize::from(wanted.0)
            }
            Self::TrailingZeros(wanted) => {
                zero_digits(bytes.iter().rev(), |byte| byte & 15) >= usize::from(wanted.0)
            }
            Self::AtMost(target) => bitcoin::Target::from_compact(target)
                .is_met_by(bitcoin::BlockHash::from_byte_array(*bytes)),
        }
    }

    /// Returns how many hashes it takes on average to find one.
    pub fn work(self) -> Work {
        match self {
            Self::LeadingZeros(digits) | Self::TrailingZeros(digits) => {
                Work::of_bits(4 * u32::from(digits.0))
            }
            Self::AtMost(target) => {
                let work = bitcoin::Target::from_compact(target).to_work().to_be_bytes();
                let (high, low) = work.split_at(16);
                let low = low.try_into().expect("half of 32 bytes");
                let fits = high.iter().all(|byte| *byte == 0);
                Work::of_hashes(if fits { u128::from_be_bytes(low) } else { u128::MAX })
            }
        }
    }
}

/// Counts zero digits from the start of `bytes`; `first` returns the digit of a byte that comes
/// first.
fn zero_digits<'a>(bytes: impl Iterator<Item = &'a u8>, first: impl Fn(u8) -> u8) -> usize {
    let mut digits = 0;
    for byte in bytes {
        match byte {
            0 => digits += 2,
            byte => return digits + usize::from(first(*byte) == 0),
        }
    }
    digits
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeadingZeros(digits) => write!(f, "{} at its start", counted(digits.0, "zero")),
            Self::TrailingZeros(digits) => write!(f, "{} at its end", counted(digits.0, "zero")),
            Self::AtMost(target) => write!(f, "a value of at most {:08x}", target.to_consensus()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(digits: u8) -> HexDigits {
        HexDigits::new(digits).expect("at most 64")
    }

    #[test]
    fn zeros_are_counted_in_digits_from_either_end() {
        for zeros in 0..=64_u8 {
            let mut text = "0".repeat(zeros.into()) + &"1".repeat(64 - usize::from(zeros));
            let leading: BlockHash = text.parse().expect("64 digits");
            text = text.chars().rev().collect();
            let trailing: BlockHash = text.parse().expect("64 digits");
            for wanted in 0..=64 {
                let meets = |target: Target, hash| target.is_met_by(hash);
                assert_eq!(meets(Target::LeadingZeros(digits(wanted)), &leading), zeros >= wanted);
                assert_eq!(
                    meets(Target::TrailingZeros(digits(wanted)), &trailing),
                    zeros >= wanted
                );
            }
        }
        assert_eq!(HexDigits::new(65), None);
    }

    #[test]
    fn a_digit_more_is_sixteen_times_the_work() {
        assert_eq!(Target::TrailingZeros(digits(8)).work().hashes(), 1 << 32);
        assert_eq!(Target::LeadingZeros(digits(0)).work().hashes(), 1);
    }

    #[test]
    fn a_compact_target_is_the_one_of_bitcoin() {
        let easiest = Target::AtMost(CompactTarget::from_consensus(0x1d00_ffff));
        assert_eq!(easiest.work().hashes(), 0x1_0001_0001);
        let hardest = Target::AtMost(CompactTarget::from_consensus(0x0101_0000));
        assert_eq!(hardest.work().hashes(), u128::MAX);
        // The hash of Bitcoin's first block, as its bytes come.
        let genesis = "6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000";
        assert!(easiest.is_met_by(&genesis.parse().expect("64 digits")));
        let other = "6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000100";
        assert!(!easiest.is_met_by(&other.parse().expect("64 digits")));
    }
}
