use std::fmt;

use althing_types::{BlockHash, Work};

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
    /// Those that begin with so many hexadecimal zeros.
    LeadingZeros(HexDigits),
    /// Those that end with so many hexadecimal zeros.
    TrailingZeros(HexDigits),
}

impl Target {
    /// Returns whether `hash` is one of them.
    pub fn is_met_by(self, hash: &BlockHash) -> bool {
        let (found, wanted) = match self {
            Self::LeadingZeros(wanted) => (zero_digits(hash.as_bytes().iter(), |b| b >> 4), wanted),
            Self::TrailingZeros(wanted) => {
                (zero_digits(hash.as_bytes().iter().rev(), |b| b & 15), wanted)
            }
        };
        found >= usize::from(wanted.0)
    }

    /// Returns how many hashes it takes on average to find one.
    pub fn work(self) -> Work {
        match self {
            Self::LeadingZeros(digits) | Self::TrailingZeros(digits) => {
                Work::of_bits(4 * u32::from(digits.0))
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
            Self::LeadingZeros(digits) => write!(f, "{} zeros at its start", digits.0),
            Self::TrailingZeros(digits) => write!(f, "{} zeros at its end", digits.0),
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
}
