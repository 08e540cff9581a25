//! In what the puzzles of different programs differ: what they hash, and which digests they take.

use std::fmt;

/// What is hashed, apart from how the solution is written ([`SolutionBytes`]). `tx` is the number
/// of the row and `d` the challenge, both in decimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PuzzleInput {
    /// The solution alone: one solution then solves all rows.
    #[default]
    Solution,
    /// `{tx}:{solution}`.
    RowAndSolution,
    /// `{tx}:{d}:{solution}`.
    RowChallengeAndSolution,
}

/// How the solution is written where it is hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SolutionBytes {
    /// As text, in UTF-8; a number in decimal digits.
    #[default]
    Utf8,
    /// As the shortest big-endian bytes of a number: 0 is no byte at all, 255 is `ff`, 256 is
    /// `0100`.
    ShortestBigEndian,
    /// As the eight bytes of a number, lowest first.
    EightLittleEndian,
}

/// Which zeros of a digest are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Zeros {
    /// The leading zero bits.
    #[default]
    Bits,
    /// The leading zeros of its hexadecimal text: four bits each.
    HexDigits,
    /// The zero bits that follow its first one. (Programs that write the digest as a binary number
    /// lose the zeros before that, and look at those behind.)
    AfterFirstOne,
}

/// How many zeros a challenge of `d` asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Need {
    /// `d`.
    #[default]
    Difficulty,
    /// A fourth of `d`, rounded down, but at least one: programs that take bits and count
    /// hexadecimal digits.
    Quarter,
}

/// Whether a digest may have more zeros than the challenge asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Surplus {
    /// It may.
    #[default]
    Allowed,
    /// It may not: the number must be exact.
    Refused,
}

/// Which texts can be solutions at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SolutionKind {
    /// Decimal numbers below 2^64, written in one way only. (Whether a message has them as a number
    /// or as a text is the codec's choice.)
    Number,
    /// Any text.
    #[default]
    Text,
}

/// Who can tell a solution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Validity {
    /// Everyone: the digest shows it.
    #[default]
    Shown,
    /// Only the leader, which keeps a secret text and takes nothing but that. No search finds it;
    /// what another leader accepts is believed, and where we lead, digests decide.
    Secret,
}

impl Need {
    /// Returns how many zeros a challenge of `difficulty` asks for.
    pub const fn of(self, difficulty: u16) -> u16 {
        match self {
            Self::Difficulty => difficulty,
            Self::Quarter if difficulty < 4 => 1,
            Self::Quarter => difficulty / 4,
        }
    }
}

impl fmt::Display for Zeros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bits => "leading zero bits",
            Self::HexDigits => "leading hexadecimal zeros",
            Self::AfterFirstOne => "zero bits after its first one",
        })
    }
}
