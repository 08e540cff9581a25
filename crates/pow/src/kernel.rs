use std::ops::Range;

use althing_types::Difficulty;

use crate::puzzle::Puzzle;
use crate::target::Target;

mod portable;

/// Hashes candidates, a run of consecutive indexes at a time.
///
/// This is where a search would choose among ways to hash by what the processor can do. Each of
/// them finds what the portable one finds; that is the only one today.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernel {
    puzzle: Puzzle,
    target: Target,
}

impl Kernel {
    /// Returns what looks for solutions of a challenge of `difficulty` in `puzzle`.
    pub(crate) fn new(puzzle: Puzzle, difficulty: Difficulty) -> Self {
        Self { puzzle, target: Target::new(puzzle, difficulty) }
    }

    /// Returns the lowest index of the run whose candidate solves the challenge.
    pub(crate) fn first_solution(self, indexes: Range<u64>) -> Option<u64> {
        portable::first_solution(self.puzzle, self.target, indexes)
    }
}
