//! Solutions that are known already.

use std::collections::BTreeMap;

use althing_types::{Difficulty, Seed};

use crate::puzzle::{Puzzle, Surplus};

/// Solutions that are already known, for challenges that consist only of a difficulty.
///
/// In most networks no part of a round, a peer or an earlier solution enters the hash of a
/// [`Puzzle`]: that is how they define it. So a seed that solved one challenge solves every later
/// one of that difficulty, whichever peer found it, and need not be searched for again. Where a
/// puzzle is not [reusable](Puzzle::is_reusable), the cache stays empty.
///
/// A seed may come from any peer, since it is checked: it is stored under the number of zeros that
/// its digest really has. The cache holds one seed for each number, at most 160. The first one
/// stays, so other peers cannot replace what is cached.
#[derive(Clone, Debug)]
pub struct SolutionCache {
    puzzle: Puzzle,
    by_zeros: BTreeMap<u16, Seed>,
}

impl SolutionCache {
    /// Returns an empty cache for a puzzle.
    pub const fn new(puzzle: Puzzle) -> Self {
        Self { puzzle, by_zeros: BTreeMap::new() }
    }

    /// Adds a seed, from this peer's own search or from another peer's solution. Returns whether no
    /// seed with its number of zeros was cached before.
    pub fn learn(&mut self, seed: &Seed) -> bool {
        if !self.puzzle.is_reusable() {
            return false;
        }
        let Ok(zeros) = self.puzzle.zeros(seed) else { return false };
        if zeros == 0 || self.by_zeros.contains_key(&zeros) {
            return false;
        }
        self.by_zeros.insert(zeros, seed.clone());
        true
    }

    /// Returns a solution of a challenge of this difficulty, if one is known: the one with the
    /// fewest zeros, so that seeds that solve harder challenges are not published early.
    pub fn solution(&self, difficulty: Difficulty) -> Option<&Seed> {
        let needed = self.puzzle.need.of(difficulty.bits());
        let solves = match self.puzzle.surplus {
            Surplus::Allowed => needed..=u16::MAX,
            Surplus::Refused => needed..=needed,
        };
        let (_, seed) = self.by_zeros.range(solves).next()?;
        Some(seed)
    }
}

#[cfg(test)]
mod tests {
    use althing_types::{PeerId, Transaction};
    use proptest::prelude::*;

    use super::*;
    use crate::puzzle::{PuzzleInput, Task, Zeros};

    const PUZZLES: [Puzzle; 3] = [Puzzle::SHA1_INTEGER, Puzzle::SHA1_DECIMAL, Puzzle::SHA1_TEXT];

    const ROW: Transaction = Transaction::FIRST;

    fn difficulty(bits: u16) -> Difficulty {
        Difficulty::from_bits(bits.into()).expect("the tests' difficulties are in range")
    }

    #[test]
    fn nothing_is_known_at_first() {
        for puzzle in PUZZLES {
            assert_eq!(SolutionCache::new(puzzle).solution(Difficulty::MIN), None);
        }
    }

    #[test]
    fn a_seed_with_more_bits_solves_easier_challenges_where_that_is_allowed() {
        // SHA-1 of "946399" begins with 20 zero bits, that of "bg*0" as well.
        for (puzzle, seed, easier) in
            [(Puzzle::SHA1_DECIMAL, "946399", true), (Puzzle::SHA1_TEXT, "bg*0", false)]
        {
            let seed = Seed::new(seed).expect("short");
            let mut answers = SolutionCache::new(puzzle);
            assert!(answers.learn(&seed));
            assert!(!answers.learn(&seed));
            assert_eq!(answers.solution(difficulty(20)), Some(&seed));
            assert_eq!(answers.solution(difficulty(19)).is_some(), easier);
            assert_eq!(answers.solution(difficulty(21)), None);
        }
    }

    #[test]
    fn what_is_no_seed_of_the_puzzle_is_not_learnt() {
        let mut answers = SolutionCache::new(Puzzle::SHA1_INTEGER);
        for text in ["", "06", "bg*0", "18446744073709551616"] {
            assert!(!answers.learn(&Seed::new(text).expect("short")));
        }
        assert_eq!(answers.solution(Difficulty::MIN), None);
    }

    #[test]
    fn where_the_row_is_hashed_nothing_is_cached_and_hexadecimal_zeros_are_counted_as_such() {
        let seed = Seed::new("946399").expect("short");
        let of_row = Puzzle { input: PuzzleInput::RowAndSolution, ..Puzzle::SHA1 };
        assert!(!SolutionCache::new(of_row).learn(&seed));
        let mut hex = SolutionCache::new(Puzzle { zeros: Zeros::HexDigits, ..Puzzle::SHA1 });
        assert!(hex.learn(&seed));
        assert_eq!(hex.solution(difficulty(5)), Some(&seed));
        assert_eq!(hex.solution(difficulty(6)), None);
    }

    proptest! {
        #[test]
        fn whatever_is_learnt_answers_are_right_and_stay(
            which in 0..3_usize,
            indexes in prop::collection::vec(0..5_000_000_u64, 0..300),
        ) {
            let puzzle = PUZZLES[which].clone();
            let task = Task {
                transaction: ROW,
                difficulty: Difficulty::MIN,
                finder: PeerId::new(1),
                salt: 0,
            };
            let mut answers = SolutionCache::new(puzzle.clone());
            for index in indexes {
                let known: Vec<_> = (1..=160)
                    .map(|bits| answers.solution(difficulty(bits)).cloned())
                    .collect();
                let seed = puzzle.candidate(&task, index);
                answers.learn(&seed);
                for (bits, known) in (1..=160).zip(known) {
                    let now = answers.solution(difficulty(bits));
                    let right = |seed| puzzle.check(seed, ROW, difficulty(bits)).is_ok();
                    prop_assert!(now.is_none_or(right));
                    prop_assert!(now.is_some() || known.is_none());
                    let solves = puzzle.check(&seed, ROW, difficulty(bits)).is_ok();
                    prop_assert!(now.is_some() || !solves);
                }
            }
            prop_assert!(answers.by_zeros.len() <= 160);
        }
    }
}
