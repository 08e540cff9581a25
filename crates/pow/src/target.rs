use althing_types::Difficulty;

use crate::puzzle::{Puzzle, Unsolved};

/// The digests that solve a challenge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    wanted: Difficulty,
    more: More,
    /// The bits of the first word that must be zero, whatever the rest says.
    first_word: u32,
}

/// What a puzzle says of a digest with more zero bits than the challenge asks for.
#[derive(Clone, Copy, Debug)]
enum More {
    Allowed,
    Refused,
}

impl Target {
    /// Returns what solves a challenge of `wanted` bits in `puzzle`.
    pub(crate) fn new(puzzle: Puzzle, wanted: Difficulty) -> Self {
        let more = match puzzle {
            Puzzle::Sha1Integer | Puzzle::Sha1Decimal => More::Allowed,
            Puzzle::Sha1Text => More::Refused,
        };
        let free = u32::MAX.checked_shr(wanted.bits().into()).unwrap_or(0);
        Self { wanted, more, first_word: !free }
    }

    /// Returns whether a digest, as the five words of SHA-1's state, solves the challenge.
    #[inline]
    pub(crate) fn is_met_by(self, digest: [u32; 5]) -> bool {
        digest[0] & self.first_word == 0 && self.check(digest).is_ok()
    }

    /// Returns whether the bytes of a digest solve the challenge, and if not, why.
    pub(crate) fn check_bytes(self, digest: [u8; 20]) -> Result<(), Unsolved> {
        let (words, _) = digest.as_chunks();
        self.check(std::array::from_fn(|i| u32::from_be_bytes(words[i])))
    }

    fn check(self, digest: [u32; 5]) -> Result<(), Unsolved> {
        let Self { wanted, .. } = self;
        match (leading_zero_bits(digest), self.more) {
            (found, _) if found < wanted.bits() => Err(Unsolved::TooFewZeroBits { found, wanted }),
            (found, More::Refused) if found > wanted.bits() => {
                Err(Unsolved::TooManyZeroBits { found, wanted })
            }
            _ => Ok(()),
        }
    }
}

fn leading_zero_bits(digest: [u32; 5]) -> u16 {
    let zero_words = digest.iter().take_while(|&&word| word == 0).count();
    let bits = digest.iter().take(zero_words + 1).map(|word| word.leading_zeros()).sum::<u32>();
    u16::try_from(bits).expect("a digest has 160 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a digest with so many leading zero bits, and only ones after them.
    fn digest(zero_bits: u32) -> [u32; 5] {
        std::array::from_fn(|i| {
            let before = 32 * u32::try_from(i).expect("i is below 5");
            u32::MAX.checked_shr(zero_bits.saturating_sub(before)).unwrap_or(0)
        })
    }

    #[test]
    fn a_target_is_met_by_as_many_bits_or_by_more_where_that_is_allowed() {
        for wanted in 1..=160 {
            let difficulty = Difficulty::from_bits(wanted.into()).expect("in range");
            let integer = Target::new(Puzzle::Sha1Integer, difficulty);
            let text = Target::new(Puzzle::Sha1Text, difficulty);
            for found in 0..=160 {
                let digest = digest(found);
                assert_eq!(leading_zero_bits(digest), u16::try_from(found).expect("small"));
                assert_eq!(integer.is_met_by(digest), found >= wanted);
                assert_eq!(text.is_met_by(digest), found == wanted);
                assert_eq!(integer.check(digest).is_ok(), found >= wanted);
                assert_eq!(text.check(digest).is_ok(), found == wanted);
            }
        }
    }
}
