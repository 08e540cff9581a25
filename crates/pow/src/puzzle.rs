//! The puzzles of the networks whose challenges are only a difficulty.

use althing_types::{Difficulty, Seed};

use crate::goal::{Goal, leading_zero_bits};
use crate::hash::{Digest, Hash};
use crate::nonce::Nonce;
use crate::work::{Template, Work};

/// Which text solves a challenge, in the networks whose challenges consist only of a difficulty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Puzzle {
    /// `elect-chain`: the seed is a number, written as its shortest big-endian bytes (0 is no
    /// byte at all, 255 is `ff`, 256 is `0100`), whose SHA-1 has at least d leading zero bits.
    Sha1Integer,
    /// `sd`: the seed is a number, written in decimal digits, and the SHA-1 of those digits has
    /// at least d leading zero bits.
    ///
    /// The published program tries no number above 10,000,000, and no solution below that has more
    /// than 25 bits, but its controller checks only the digest. So we accept what it accepts, and
    /// search beyond its bound.
    Sha1Decimal,
    /// `ppd`: the seed is any text, and the SHA-1 of its UTF-8 bytes has exactly d leading zero
    /// bits, not one more.
    Sha1Text,
}

/// Why a seed does not solve a challenge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsolved {
    /// The puzzle takes numbers, and each may be written in one way only.
    #[error(
        "seed {:?} is not a decimal number below 2^64 without sign or leading zero",
        seed.as_str()
    )]
    NotANumber {
        /// The text that was given instead.
        seed: Seed,
    },
    /// The digest does not begin with enough zero bits.
    #[error("the digest has {found} leading zero bits, fewer than {wanted}")]
    TooFewZeroBits {
        /// Leading zero bits of the digest.
        found: u16,
        /// The challenge.
        wanted: Difficulty,
    },
    /// The digest begins with more zero bits, and the puzzle requires the exact number.
    #[error("the digest has {found} leading zero bits, more than exactly {wanted}")]
    TooManyZeroBits {
        /// Leading zero bits of the digest.
        found: u16,
        /// The challenge.
        wanted: Difficulty,
    },
}

impl Puzzle {
    /// Returns whether `seed` solves a challenge of `wanted` bits, and if not, why.
    pub fn check(self, seed: &Seed, wanted: Difficulty) -> Result<(), Unsolved> {
        let digest = self.digest(seed)?;
        match leading_zero_bits(digest.as_bytes()) {
            _ if self.goal(wanted).is_met_by(&digest) => Ok(()),
            found if found < wanted.bits() => Err(Unsolved::TooFewZeroBits { found, wanted }),
            found => Err(Unsolved::TooManyZeroBits { found, wanted }),
        }
    }

    /// Returns the number of leading zero bits of the digest of `seed`.
    pub(crate) fn zero_bits(self, seed: &Seed) -> Result<u16, Unsolved> {
        Ok(leading_zero_bits(self.digest(seed)?.as_bytes()))
    }

    fn digest(self, seed: &Seed) -> Result<Digest, Unsolved> {
        let text = seed.as_str().as_bytes();
        Ok(match self {
            Self::Sha1Integer => {
                Hash::Sha1.digest(shortest_big_endian(&number(seed)?.to_be_bytes()))
            }
            Self::Sha1Decimal => number(seed).map(|_| Hash::Sha1.digest(text))?,
            Self::Sha1Text => Hash::Sha1.digest(text),
        })
    }

    /// Returns what to search for when a challenge has this difficulty.
    pub fn work(self, difficulty: Difficulty) -> Work {
        let template = Template::bare(self.nonce());
        Work { hash: Hash::Sha1, template, goal: self.goal(difficulty) }
    }

    /// Returns how many candidates there are: the valid indexes are those below.
    pub const fn candidates(self) -> u64 {
        self.nonce().candidates()
    }

    /// Returns the candidate at `index`: the number `index`, or the text that [`Nonce::Text`] has
    /// there.
    pub fn candidate(self, index: u64) -> Seed {
        match self {
            Self::Sha1Integer | Self::Sha1Decimal => Seed::from(index),
            Self::Sha1Text => {
                let text = String::from_utf8(Nonce::Text.bytes(index))
                    .expect("all characters of the alphabet are ASCII");
                Seed::new(text).expect("a candidate has at most 10 characters")
            }
        }
    }

    const fn nonce(self) -> Nonce {
        match self {
            Self::Sha1Integer => Nonce::Integer,
            Self::Sha1Decimal => Nonce::Decimal,
            Self::Sha1Text => Nonce::Text,
        }
    }

    fn goal(self, difficulty: Difficulty) -> Goal {
        match self {
            Self::Sha1Integer | Self::Sha1Decimal => Goal::LeadingZeroBits(difficulty.bits()),
            Self::Sha1Text => Goal::ExactlyLeadingZeroBits(difficulty.bits()),
        }
    }
}

/// Parses the number of a puzzle that takes one. Refuses any other way to write the same number,
/// since one solution must not count as two.
fn number(seed: &Seed) -> Result<u64, Unsolved> {
    let text = seed.as_str();
    let one_way_only = text == "0" || text.starts_with(|first| matches!(first, '1'..='9'));
    match text.parse() {
        Ok(number) if one_way_only => Ok(number),
        _ => Err(Unsolved::NotANumber { seed: seed.clone() }),
    }
}

/// Returns a big-endian number without its leading zero bytes.
fn shortest_big_endian(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    &bytes[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(text: &str) -> Seed {
        Seed::new(text).expect("the tests' seeds are short")
    }

    #[test]
    fn a_number_is_written_in_one_way_only() {
        for puzzle in [Puzzle::Sha1Integer, Puzzle::Sha1Decimal] {
            for text in ["", "+6", "-1", "06", "00", " 6", "6 ", "0x6", "6.0", "1e3", "٦", "six"] {
                assert_eq!(
                    puzzle.check(&seed(text), Difficulty::MIN),
                    Err(Unsolved::NotANumber { seed: seed(text) })
                );
            }
            let highest = seed("18446744073709551615");
            let above = seed("18446744073709551616");
            assert!(!matches!(
                puzzle.check(&highest, Difficulty::MIN),
                Err(Unsolved::NotANumber { .. })
            ));
            assert_eq!(
                puzzle.check(&above, Difficulty::MIN),
                Err(Unsolved::NotANumber { seed: above })
            );
        }
    }

    #[test]
    fn the_reasons_carry_their_values() {
        let two = Difficulty::from_bits(2).expect("2 is in range");
        let three = Difficulty::from_bits(3).expect("3 is in range");
        // SHA-1 of "1" begins 35 6a: two zero bits.
        let reason = |difficulty| match Puzzle::Sha1Text.check(&seed("1"), difficulty) {
            Ok(()) => "solved".to_owned(),
            Err(unsolved) => unsolved.to_string(),
        };
        assert_eq!(reason(two), "solved");
        assert_eq!(reason(three), "the digest has 2 leading zero bits, fewer than 3");
        assert_eq!(
            reason(Difficulty::MIN),
            "the digest has 2 leading zero bits, more than exactly 1"
        );
        assert_eq!(
            Unsolved::NotANumber { seed: seed("\n7") }.to_string(),
            r#"seed "\n7" is not a decimal number below 2^64 without sign or leading zero"#
        );
    }

    #[test]
    fn candidates_are_numbers_or_texts() {
        for number in [0, 9, 10, u64::MAX] {
            assert_eq!(Puzzle::Sha1Integer.candidate(number), Seed::from(number));
            assert_eq!(Puzzle::Sha1Decimal.candidate(number), Seed::from(number));
        }
        assert_eq!(Puzzle::Sha1Text.candidate(167_193), seed("bg*0"));
    }

    #[test]
    fn what_to_search_for_is_what_is_checked() {
        for puzzle in [Puzzle::Sha1Integer, Puzzle::Sha1Decimal, Puzzle::Sha1Text] {
            let difficulty = Difficulty::from_bits(3).expect("3 is in range");
            let work = puzzle.work(difficulty);
            assert_eq!(work.candidates(), puzzle.candidates());
            for index in 0..3000 {
                let solves = puzzle.check(&puzzle.candidate(index), difficulty).is_ok();
                assert_eq!(work.is_solved_by(index), solves, "{puzzle:?} {index}");
            }
        }
    }
}
