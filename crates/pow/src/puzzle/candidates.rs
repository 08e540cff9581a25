//! What the candidates of a puzzle look like.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use althing_types::{Difficulty, PeerId, Transaction};

use crate::nonce::{Alphabet, Nonce};

/// What the candidates of a puzzle look like. Programs accept what solves the puzzle; but what
/// looks like their own answers is certain not to surprise them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Candidates {
    /// The numbers 0, 1, 2 and so on.
    Numbers,
    /// Texts of four to ten printable characters, in the order of the program of `ppd`: see
    /// [`Nonce::Text`].
    Texts,
    /// Texts with a counter, as `{tx}:{n}`.
    Template(CandidateTemplate),
    /// Texts of so many characters of an alphabet.
    Random {
        /// The characters.
        alphabet: Alphabet,
        /// How many; those that no search runs through are drawn.
        length: u8,
    },
}

/// What a search is for: the parts of a challenge that its candidates may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Task {
    /// The row, as messages number it.
    pub transaction: Transaction,
    /// The challenge.
    pub difficulty: Difficulty,
    /// The peer that searches.
    pub finder: PeerId,
    /// What stands for chance, where candidates have a random part.
    pub salt: u64,
}

/// A text with places: `{tx}` for the row, `{d}` for the challenge, `{id}` for the peer, `{n}` for
/// a number that counts up, `{rand}` for eight random letters and digits. It has one `{n}`, or none
/// and one `{rand}`, which then is what is searched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CandidateTemplate {
    before: Arc<[Piece]>,
    nonce: Nonce,
    after: Arc<[Piece]>,
}

/// A part of a candidate that is the same in all candidates of a search.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Piece {
    Text(Box<str>),
    Row,
    Challenge,
    Finder,
    Random,
}

/// Why a text is not the template of candidates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadTemplate {
    /// A place that there is not.
    #[error(
        "there is no place {{{name}}} in candidates; there are {{tx}}, {{d}}, {{id}}, {{n}}, \
         {{rand}}"
    )]
    UnknownPlace {
        /// The name of it.
        name: String,
    },
    /// A brace without its other.
    #[error("a brace in {text:?} has no partner")]
    LoneBrace {
        /// The template.
        text: String,
    },
    /// Nothing of it counts up, or more than one part.
    #[error("candidates need one {{n}}, or one {{rand}} and no {{n}}; {text:?} has {count}")]
    NotOneCounter {
        /// The template.
        text: String,
        /// How many there are.
        count: usize,
    },
}

/// Characters of `{rand}`.
const RANDOM_LENGTH: u8 = 8;

impl FromStr for CandidateTemplate {
    type Err = BadTemplate;

    fn from_str(text: &str) -> Result<Self, BadTemplate> {
        let lone = || BadTemplate::LoneBrace { text: text.into() };
        let (mut pieces, mut counters) = (Vec::new(), Vec::new());
        let mut rest = text;
        while !rest.is_empty() {
            let (plain, place) = rest.split_once('{').unwrap_or((rest, ""));
            if plain.contains('}') {
                return Err(lone());
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(plain.into()));
            }
            if plain.len() == rest.len() {
                break;
            }
            let (name, after) = place.split_once('}').ok_or_else(lone)?;
            rest = after;
            pieces.push(match name {
                "tx" => Piece::Row,
                "d" => Piece::Challenge,
                "id" => Piece::Finder,
                "rand" => Piece::Random,
                "n" => {
                    counters.push(pieces.len());
                    continue;
                }
                _ => return Err(BadTemplate::UnknownPlace { name: name.into() }),
            });
        }
        let count = counters.len();
        let not_one = |count| BadTemplate::NotOneCounter { text: text.into(), count };
        if let [at] = counters[..] {
            let after = pieces.split_off(at);
            return Ok(Self { before: pieces.into(), nonce: Nonce::Decimal, after: after.into() });
        }
        let mut random = (0..pieces.len()).filter(|at| pieces[*at] == Piece::Random);
        let (Some(at), None, 0) = (random.next(), random.next(), count) else {
            return Err(not_one(count));
        };
        let after = pieces.split_off(at + 1);
        pieces.pop();
        let nonce = Nonce::Of { alphabet: Alphabet::Alphanumeric, length: RANDOM_LENGTH };
        Ok(Self { before: pieces.into(), nonce, after: after.into() })
    }
}

impl fmt::Display for CandidateTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write = |f: &mut fmt::Formatter<'_>, pieces: &[Piece]| {
            pieces.iter().try_for_each(|piece| match piece {
                Piece::Text(text) => f.write_str(text),
                Piece::Row => f.write_str("{tx}"),
                Piece::Challenge => f.write_str("{d}"),
                Piece::Finder => f.write_str("{id}"),
                Piece::Random => f.write_str("{rand}"),
            })
        };
        write(f, &self.before)?;
        f.write_str(if self.nonce == Nonce::Decimal { "{n}" } else { "{rand}" })?;
        write(f, &self.after)
    }
}

/// The candidates of one search: what stands before the part that counts up, that part, and what
/// stands behind it.
pub(super) struct Parts {
    pub(super) before: String,
    pub(super) nonce: Nonce,
    pub(super) after: String,
}

impl Candidates {
    /// Returns the candidates of a search.
    pub(super) fn parts(&self, task: &Task) -> Parts {
        let bare = |nonce| Parts { before: String::new(), nonce, after: String::new() };
        match self {
            Self::Numbers => bare(Nonce::Decimal),
            Self::Texts => bare(Nonce::Text),
            Self::Template(CandidateTemplate { before, nonce, after }) => Parts {
                before: before.iter().map(|piece| piece.text(task)).collect(),
                nonce: *nonce,
                after: after.iter().map(|piece| piece.text(task)).collect(),
            },
            Self::Random { alphabet, length } => {
                let counted = alphabet.digits_max().min(*length);
                let nonce = Nonce::Of { alphabet: *alphabet, length: counted };
                let before = random(*alphabet, length - counted, task.salt);
                Parts { before, nonce, after: String::new() }
            }
        }
    }

    /// Returns whether candidates of one row, of one challenge or of one peer differ from those of
    /// another.
    pub(super) fn differ_by_task(&self) -> bool {
        let Self::Template(CandidateTemplate { before, after, .. }) = self else { return false };
        let varies = |piece: &Piece| matches!(piece, Piece::Row | Piece::Challenge | Piece::Finder);
        before.iter().chain(&**after).any(varies)
    }

    /// Returns whether candidates have a part that [`Task::salt`] decides.
    pub(super) fn are_salted(&self) -> bool {
        match self {
            Self::Numbers | Self::Texts => false,
            Self::Template(CandidateTemplate { before, after, .. }) => {
                before.iter().chain(&**after).any(|piece| *piece == Piece::Random)
            }
            Self::Random { alphabet, length } => *length > alphabet.digits_max(),
        }
    }
}

impl Piece {
    fn text(&self, task: &Task) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::Row => task.transaction.to_string(),
            Self::Challenge => task.difficulty.to_string(),
            Self::Finder => task.finder.to_string(),
            Self::Random => random(Alphabet::Alphanumeric, RANDOM_LENGTH, task.salt),
        }
    }
}

/// Returns so many characters of an alphabet, as the salt decides.
fn random(alphabet: Alphabet, length: u8, salt: u64) -> String {
    let symbols = alphabet.symbols();
    let character = |place: u8| {
        // SplitMix64's output function: each place gets bits of its own.
        let mut bits = salt.wrapping_add(u64::from(place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let index = (bits ^ bits >> 31) % symbols.len() as u64;
        char::from(symbols[usize::try_from(index).expect("an alphabet is small")])
    };
    (0..length).map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> Task {
        Task {
            transaction: Transaction::new(7),
            difficulty: Difficulty::from_bits(3).expect("in range"),
            finder: PeerId::new(41),
            salt: 5,
        }
    }

    fn candidate(template: &str, index: u64) -> String {
        let template = template.parse().expect("a template");
        let parts = Candidates::Template(template).parts(&task());
        let nonce = String::from_utf8(parts.nonce.bytes(index)).expect("text");
        format!("{}{nonce}{}", parts.before, parts.after)
    }

    #[test]
    fn places_of_a_template_are_filled() {
        assert_eq!(candidate("{n}", 12), "12");
        assert_eq!(candidate("{tx}:{n}", 12), "7:12");
        assert_eq!(candidate("{id}-{tx}-{n}", 0), "41-7-0");
        assert_eq!(candidate("d{d}/{n}/{id}", 9), "d3/9/41");
        assert_eq!(candidate("x{rand}", 1), "xaaaaaaab");
        let mixed = candidate("{tx}_{id}_{n}_{rand}", 3);
        let random = mixed.strip_prefix("7_41_3_").expect("the rest is random");
        assert!(random.len() == 8 && random.bytes().all(|it| it.is_ascii_alphanumeric()));
        assert_eq!(mixed, candidate("{tx}_{id}_{n}_{rand}", 3), "chance is an argument");
    }

    #[test]
    fn a_template_is_written_as_it_is_read() {
        for text in ["{n}", "{tx}:{n}", "{id}-{tx}-{n}", "{tx}_{id}_{n}_{rand}", "{rand}{d}"] {
            assert_eq!(text.parse().map(|it: CandidateTemplate| it.to_string()), Ok(text.into()));
        }
    }

    #[test]
    fn what_is_no_template_is_refused_with_its_reason() {
        for (text, reason) in [
            (
                "{nonce}",
                "there is no place {nonce} in candidates; there are {tx}, {d}, {id}, {n}, {rand}",
            ),
            ("{n", "a brace in \"{n\" has no partner"),
            ("n}", "a brace in \"n}\" has no partner"),
            ("{tx}", "candidates need one {n}, or one {rand} and no {n}; \"{tx}\" has 0"),
            ("{n}{n}", "candidates need one {n}, or one {rand} and no {n}; \"{n}{n}\" has 2"),
            (
                "{rand}{rand}",
                "candidates need one {n}, or one {rand} and no {n}; \"{rand}{rand}\" has 0",
            ),
        ] {
            let error = text.parse::<CandidateTemplate>().expect_err("no template");
            assert_eq!(error.to_string(), reason);
        }
    }

    #[test]
    fn texts_of_an_alphabet_have_their_length_and_only_its_characters() {
        for (alphabet, length) in [
            (Alphabet::Alphanumeric, 10),
            (Alphabet::Alphanumeric, 64),
            (Alphabet::Letters, 10),
            (Alphabet::Hexadecimal, 32),
            (Alphabet::Digits, 12),
        ] {
            let candidates = Candidates::Random { alphabet, length };
            let parts = candidates.parts(&task());
            for index in [0, 1, 1 << 31, parts.nonce.candidates() - 1] {
                let text = [parts.before.as_bytes(), &parts.nonce.bytes(index)].concat();
                assert_eq!(text.len(), usize::from(length));
                assert!(text.iter().all(|it| alphabet.symbols().contains(it)), "{text:?}");
            }
            let other = candidates.parts(&Task { salt: 6, ..task() });
            assert_eq!(candidates.are_salted(), other.before != parts.before, "{alphabet:?}");
        }
    }
}
