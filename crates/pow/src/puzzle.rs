//! The puzzles of the networks that ask for zeros in a SHA-1 digest, as data.
//!
//! | file | question |
//! | --- | --- |
//! | `candidates` | what do candidates look like? |
//! | `shape` | what is hashed, and which digests count? |

mod candidates;
mod shape;

use althing_types::{Difficulty, Seed, Transaction};

pub use self::candidates::{BadTemplate, CandidateTemplate, Candidates, Task};
pub use self::shape::{Need, PuzzleInput, SolutionBytes, SolutionKind, Surplus, Validity, Zeros};
use crate::goal::{Goal, leading_zero_bits, zero_bits_after_first_one};
use crate::hash::{Digest, Hash};
use crate::nonce::Nonce;
use crate::work::{Template, Work};

/// Which text solves a challenge: everything in which the puzzles of such networks differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Puzzle {
    /// What is hashed besides the solution.
    pub input: PuzzleInput,
    /// How the solution is written where it is hashed.
    pub bytes: SolutionBytes,
    /// Which zeros of the digest are counted.
    pub zeros: Zeros,
    /// How many of them a challenge asks for.
    pub need: Need,
    /// Whether there may be more.
    pub surplus: Surplus,
    /// What our candidates look like.
    pub candidates: Candidates,
    /// Which texts can be solutions at all.
    pub kind: SolutionKind,
    /// Who can tell a solution.
    pub validity: Validity,
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
    /// The digest has not enough zeros.
    #[error("the digest has {found} {zeros}, fewer than {wanted}")]
    TooFewZeros {
        /// Which zeros are counted.
        zeros: Zeros,
        /// How many the digest has.
        found: u16,
        /// How many the challenge asks for.
        wanted: u16,
    },
    /// The digest has more zeros, and the puzzle requires the exact number.
    #[error("the digest has {found} {zeros}, more than exactly {wanted}")]
    TooManyZeros {
        /// Which zeros are counted.
        zeros: Zeros,
        /// How many the digest has.
        found: u16,
        /// How many the challenge asks for.
        wanted: u16,
    },
}

/// Why no search can solve a puzzle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsearchable {
    /// See [`Validity::Secret`].
    #[error("the leader keeps the solution secret")]
    Secret,
    /// The puzzle hashes or takes numbers, and its candidates are texts.
    #[error("solutions are numbers, and these candidates are not")]
    NotNumbers,
    /// Candidates are longer than a seed may be.
    #[error("candidates of up to {length} bytes are longer than {}", Seed::LENGTH_MAX)]
    TooLong {
        /// Bytes of the longest.
        length: usize,
    },
    /// Peers that search for the same thing would find the same, or nothing.
    #[error("there are only {candidates} candidates, fewer than {}", Puzzle::CANDIDATES_MIN)]
    TooFew {
        /// How many there are.
        candidates: u64,
    },
}

impl Puzzle {
    /// `elect-chain`: the seed is a number, written as its shortest big-endian bytes, whose SHA-1
    /// has at least d leading zero bits.
    pub const SHA1_INTEGER: Self =
        Self { bytes: SolutionBytes::ShortestBigEndian, kind: SolutionKind::Number, ..Self::SHA1 };

    /// `sd`: the seed is a number, written in decimal digits, and the SHA-1 of those digits has
    /// at least d leading zero bits.
    ///
    /// The published program tries no number above 10,000,000, and no solution below that has more
    /// than 25 bits, but its controller checks only the digest. So we accept what it accepts, and
    /// search beyond its bound.
    pub const SHA1_DECIMAL: Self = Self { kind: SolutionKind::Number, ..Self::SHA1 };

    /// `ppd`: the seed is any text, and the SHA-1 of its UTF-8 bytes has exactly d leading zero
    /// bits, not one more.
    pub const SHA1_TEXT: Self =
        Self { surplus: Surplus::Refused, candidates: Candidates::Texts, ..Self::SHA1 };

    /// Any text whose SHA-1 has at least d leading zero bits; candidates are numbers.
    pub const SHA1: Self = Self {
        input: PuzzleInput::Solution,
        bytes: SolutionBytes::Utf8,
        zeros: Zeros::Bits,
        need: Need::Difficulty,
        surplus: Surplus::Allowed,
        candidates: Candidates::Numbers,
        kind: SolutionKind::Text,
        validity: Validity::Shown,
    };

    /// A search begins below this, so that seeds are as small as those of the published programs,
    /// and has at least as many candidates before it.
    pub const CANDIDATES_MIN: u64 = 1 << 32;

    /// Returns whether `seed` solves the challenge `wanted` of a row, and if not, why. What only
    /// the leader can tell is taken for a solution.
    pub fn check(&self, seed: &Seed, row: Transaction, wanted: Difficulty) -> Result<(), Unsolved> {
        match self.validity {
            Validity::Shown => self.check_digest(seed, row, wanted),
            Validity::Secret => Ok(()),
        }
    }

    /// As [`check`](Self::check), by the digest alone: what a leader does that keeps no secret.
    pub fn check_digest(
        &self,
        seed: &Seed,
        row: Transaction,
        wanted: Difficulty,
    ) -> Result<(), Unsolved> {
        let found = self.zeros_of(&self.digest(seed, row, wanted)?);
        let (zeros, wanted) = (self.zeros, self.need.of(wanted.bits()));
        match self.surplus {
            _ if found < wanted => Err(Unsolved::TooFewZeros { zeros, found, wanted }),
            Surplus::Refused if found > wanted => {
                Err(Unsolved::TooManyZeros { zeros, found, wanted })
            }
            _ => Ok(()),
        }
    }

    /// Returns whether a solution of one row solves every other row with the same challenge, and
    /// looks there as it should.
    pub fn is_reusable(&self) -> bool {
        self.input == PuzzleInput::Solution
            && self.validity == Validity::Shown
            && !self.candidates.differ_by_task()
    }

    /// Returns whether [`Task::salt`] changes the candidates.
    pub fn is_salted(&self) -> bool {
        self.candidates.are_salted()
    }

    /// Returns how many bits of luck a solution takes: about 2 to this power are tried for one.
    pub fn bits(&self, difficulty: Difficulty) -> u16 {
        let zeros = self.need.of(difficulty.bits());
        match self.zeros {
            Zeros::Bits | Zeros::AfterFirstOne => zeros,
            Zeros::HexDigits => zeros.saturating_mul(4),
        }
    }

    /// Returns what to search for, or why no search can find it.
    pub fn work(&self, task: &Task) -> Result<Work, Unsearchable> {
        if self.validity == Validity::Secret {
            return Err(Unsearchable::Secret);
        }
        let parts = self.candidates.parts(task);
        let are_numbers = self.candidates == Candidates::Numbers;
        let takes_numbers = self.kind == SolutionKind::Number || self.bytes != SolutionBytes::Utf8;
        if takes_numbers && !are_numbers {
            return Err(Unsearchable::NotNumbers);
        }
        let length = parts.before.len() + parts.nonce.length_max() + parts.after.len();
        if length > Seed::LENGTH_MAX {
            return Err(Unsearchable::TooLong { length });
        }
        let candidates = parts.nonce.candidates();
        if candidates < Self::CANDIDATES_MIN {
            return Err(Unsearchable::TooFew { candidates });
        }
        let nonce = match self.bytes {
            SolutionBytes::Utf8 => parts.nonce,
            SolutionBytes::ShortestBigEndian => Nonce::Integer,
            SolutionBytes::EightLittleEndian => Nonce::EightLittleEndian,
        };
        let prefix = self.prefix(task.transaction, task.difficulty) + &parts.before;
        let template = Template::new(prefix.into_bytes(), nonce, parts.after.into_bytes());
        Ok(Work { hash: Hash::Sha1, template, goal: self.goal(task.difficulty) })
    }

    /// Returns the candidate at `index` of the [`work`](Self::work) on a task.
    pub fn candidate(&self, task: &Task, index: u64) -> Seed {
        let parts = self.candidates.parts(task);
        let nonce = String::from_utf8(parts.nonce.bytes(index)).expect("candidates are texts");
        let text = parts.before + &nonce + &parts.after;
        Seed::new(text).expect("there is no work on candidates that are too long")
    }

    /// Returns how many zeros the digest of `seed` has, where the row has no part in it.
    pub(crate) fn zeros(&self, seed: &Seed) -> Result<u16, Unsolved> {
        Ok(self.zeros_of(&self.digest(seed, Transaction::FIRST, Difficulty::MIN)?))
    }

    fn digest(
        &self,
        seed: &Seed,
        row: Transaction,
        wanted: Difficulty,
    ) -> Result<Digest, Unsolved> {
        let number = match (self.kind, self.bytes) {
            (SolutionKind::Text, SolutionBytes::Utf8) => None,
            _ => Some(number(seed)?),
        };
        let big_endian = number.unwrap_or(0).to_be_bytes();
        let little_endian = number.unwrap_or(0).to_le_bytes();
        let bytes = match self.bytes {
            SolutionBytes::Utf8 => seed.as_str().as_bytes(),
            SolutionBytes::ShortestBigEndian => shortest(&big_endian),
            SolutionBytes::EightLittleEndian => &little_endian,
        };
        Ok(match self.input {
            PuzzleInput::Solution => Hash::Sha1.digest(bytes),
            _ => Hash::Sha1.digest(&[self.prefix(row, wanted).as_bytes(), bytes].concat()),
        })
    }

    /// Returns what is hashed before the solution.
    fn prefix(&self, row: Transaction, wanted: Difficulty) -> String {
        match self.input {
            PuzzleInput::Solution => String::new(),
            PuzzleInput::RowAndSolution => format!("{row}:"),
            PuzzleInput::RowChallengeAndSolution => format!("{row}:{wanted}:"),
        }
    }

    fn zeros_of(&self, digest: &Digest) -> u16 {
        let bytes = digest.as_bytes();
        match self.zeros {
            Zeros::Bits => leading_zero_bits(bytes),
            Zeros::HexDigits => leading_zero_bits(bytes) / 4,
            Zeros::AfterFirstOne => zero_bits_after_first_one(bytes),
        }
    }

    fn goal(&self, difficulty: Difficulty) -> Goal {
        let zeros = self.need.of(difficulty.bits());
        match (self.zeros, self.surplus) {
            (Zeros::Bits, Surplus::Allowed) => Goal::LeadingZeroBits(zeros),
            (Zeros::Bits, Surplus::Refused) => Goal::ExactlyLeadingZeroBits(zeros),
            (Zeros::HexDigits, Surplus::Allowed) => Goal::LeadingZeroBits(4 * zeros),
            (Zeros::HexDigits, Surplus::Refused) => Goal::ExactlyLeadingZeroDigits(zeros),
            (Zeros::AfterFirstOne, Surplus::Allowed) => Goal::ZeroBitsAfterFirstOne(zeros),
            (Zeros::AfterFirstOne, Surplus::Refused) => Goal::ExactlyZeroBitsAfterFirstOne(zeros),
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
fn shortest(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    &bytes[zeros..]
}

#[cfg(test)]
mod tests;
