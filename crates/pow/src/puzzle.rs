use althing_types::{Difficulty, Seed};
use sha1::{Digest, Sha1};

use crate::message::Message;
use crate::target::Target;

/// Which text solves a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Puzzle {
    /// `elect-chain`: the seed is a number, written as its shortest big-endian bytes (0 is no
    /// byte at all, 255 is `ff`, 256 is `0100`), whose SHA-1 has at least d leading zero bits.
    Sha1Integer,
    /// `sd`: the seed is a number, written in decimal digits, and the SHA-1 of those digits has
    /// at least d leading zero bits.
    ///
    /// The published program tries no number above 10,000,000, where no solution has more than
    /// 25 bits, but its controller looks at the digest alone. So we accept what it accepts, and
    /// search on beyond its bound.
    Sha1Decimal,
    /// `ppd`: the seed is any text, and the SHA-1 of its UTF-8 bytes has exactly d leading zero
    /// bits, not one more.
    Sha1Text,
}

/// Why a seed does not solve a challenge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsolved {
    /// The puzzle takes numbers, each written in one way only.
    #[error(
        "seed {:?} is not a decimal number below 2^64 without sign or leading zero",
        seed.as_str()
    )]
    NotANumber {
        /// What was given instead.
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
    /// The digest begins with more zero bits, and the puzzle wants exactly so many.
    #[error("the digest has {found} leading zero bits, more than exactly {wanted}")]
    TooManyZeroBits {
        /// Leading zero bits of the digest.
        found: u16,
        /// The challenge.
        wanted: Difficulty,
    },
}

impl Puzzle {
    /// Returns whether `seed` solves a challenge of `difficulty`, and if not, why.
    pub fn check(self, seed: &Seed, difficulty: Difficulty) -> Result<(), Unsolved> {
        let digest = match self {
            Self::Sha1Integer => Sha1::digest(shortest_big_endian(&number(seed)?.to_be_bytes())),
            Self::Sha1Decimal => number(seed).map(|_| Sha1::digest(seed.as_str()))?,
            Self::Sha1Text => Sha1::digest(seed.as_str()),
        };
        Target::new(self, difficulty).check_bytes(digest.into())
    }

    /// Returns how many candidates there are: the valid indexes are those below.
    ///
    /// 2^64 - 1 for every puzzle, thousands of years of one thread's work, so that any range of
    /// indexes is a range of candidates. (The numbers therefore end one below their highest.)
    pub const fn candidates(self) -> u64 {
        match self {
            Self::Sha1Integer | Self::Sha1Decimal | Self::Sha1Text => u64::MAX,
        }
    }

    /// Returns the candidate at `index`.
    ///
    /// For [`Self::Sha1Integer`] and [`Self::Sha1Decimal`] that is the number `index`. For
    /// [`Self::Sha1Text`] it is a text over the 94 characters a-z, A-Z, ASCII punctuation, 0-9 (in
    /// that order): first all texts of 4 characters from `aaaa` to `9999`, then those of 5, and
    /// so on to 10. The published program tries texts of the same characters and lengths, in
    /// another order.
    pub fn candidate(self, index: u64) -> Seed {
        match self {
            Self::Sha1Integer | Self::Sha1Decimal => Seed::from(index),
            Self::Sha1Text => {
                let text = String::from_utf8(Message::of(self, index).bytes().to_vec())
                    .expect("all characters of the alphabet are ASCII");
                Seed::new(text).expect("a candidate has at most 10 characters")
            }
        }
    }
}

/// Reads a number of the puzzles that take one. Refuses a second way to write the same number,
/// since two peers must not take one solution for two.
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
    fn candidates_are_numbers_or_texts_in_their_order() {
        let texts = |index| Puzzle::Sha1Text.candidate(index).to_string();
        let of_four = 94_u64.pow(4);
        assert_eq!([texts(0), texts(1), texts(94)], ["aaaa", "aaab", "aaba"]);
        assert_eq!([texts(of_four - 1), texts(of_four)], ["9999", "aaaaa"]);
        assert_eq!(texts(u64::MAX).len(), 10);
        for number in [0, 9, 10, u64::MAX] {
            assert_eq!(Puzzle::Sha1Integer.candidate(number), Seed::from(number));
            assert_eq!(Puzzle::Sha1Decimal.candidate(number), Seed::from(number));
        }
    }
}
