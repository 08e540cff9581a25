//! Solutions that are known already.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use althing_types::{Difficulty, Seed};

use crate::puzzle::Puzzle;

/// Solutions that are already known, for challenges that consist only of a difficulty.
///
/// No part of a round, a peer or an earlier solution enters the hash of a [`Puzzle`]: that is how
/// the networks define them. So a seed that solved one challenge solves every later one of that
/// difficulty, whichever peer found it, and need not be searched for again.
///
/// A seed may come from any peer, since it is checked: it is stored under the number of zero bits
/// that its digest really has. The cache holds one seed for each number of bits, at most 160. The
/// first one stays, so other peers cannot replace what is cached.
#[derive(Clone, Debug)]
pub struct SolutionCache {
    puzzle: Puzzle,
    by_bits: BTreeMap<u16, Seed>,
}

impl SolutionCache {
    /// Returns an empty cache for a puzzle.
    pub const fn new(puzzle: Puzzle) -> Self {
        Self { puzzle, by_bits: BTreeMap::new() }
    }

    /// Adds a seed, from this peer's own search or from another peer's solution. Returns whether no
    /// seed with its number of zero bits was cached before.
    pub fn learn(&mut self, seed: &Seed) -> bool {
        let Ok(bits) = self.puzzle.zero_bits(seed) else { return false };
        if bits < Difficulty::MIN.bits() || self.by_bits.contains_key(&bits) {
            return false;
        }
        self.by_bits.insert(bits, seed.clone());
        true
    }

    /// Returns a solution of a challenge of this difficulty, if one is known: the one with the
    /// fewest zero bits, so that seeds that solve harder challenges are not published early.
    pub fn solution(&self, difficulty: Difficulty) -> Option<&Seed> {
        let (_, seed) = self.by_bits.range(self.bits_that_solve(difficulty)).next()?;
        Some(seed)
    }

    fn bits_that_solve(&self, difficulty: Difficulty) -> RangeInclusive<u16> {
        match self.puzzle {
            Puzzle::Sha1Integer | Puzzle::Sha1Decimal => difficulty.bits()..=Difficulty::MAX.bits(),
            Puzzle::Sha1Text => difficulty.bits()..=difficulty.bits(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PUZZLES: [Puzzle; 3] = [Puzzle::Sha1Integer, Puzzle::Sha1Decimal, Puzzle::Sha1Text];

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
            [(Puzzle::Sha1Decimal, "946399", true), (Puzzle::Sha1Text, "bg*0", false)]
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
        let mut answers = SolutionCache::new(Puzzle::Sha1Integer);
        for text in ["", "06", "bg*0", "18446744073709551616"] {
            assert!(!answers.learn(&Seed::new(text).expect("short")));
        }
        assert_eq!(answers.solution(Difficulty::MIN), None);
    }

    proptest! {
        #[test]
        fn whatever_is_learnt_answers_are_right_and_stay(
            which in 0..3_usize,
            indexes in prop::collection::vec(0..5_000_000_u64, 0..300),
        ) {
            let puzzle = PUZZLES[which];
            let mut answers = SolutionCache::new(puzzle);
            for index in indexes {
                let known: Vec<_> = (1..=160)
                    .map(|bits| answers.solution(difficulty(bits)).cloned())
                    .collect();
                let seed = puzzle.candidate(index);
                answers.learn(&seed);
                for (bits, known) in (1..=160).zip(known) {
                    let now = answers.solution(difficulty(bits));
                    let right = |seed| puzzle.check(seed, difficulty(bits)).is_ok();
                    prop_assert!(now.is_none_or(right));
                    prop_assert!(now.is_some() || known.is_none());
                    let solves = puzzle.check(&seed, difficulty(bits)).is_ok();
                    prop_assert!(now.is_some() || !solves);
                }
            }
            prop_assert!(answers.by_bits.len() <= 160);
        }
    }
}
