//! A solution: its difficulty and its text.

use althing_pow::Puzzle;
use althing_types::{Difficulty, Seed, Transaction};

/// Judges the input by all puzzles.
///
/// # Panics
/// If a seed solves a harder challenge but not an easier one; or, where an exact number of bits is
/// required, if it solves two challenges.
pub fn try_input(input: &[u8]) {
    let Some((bits, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(seed) = Seed::new(text) else {
        assert!(text.len() > Seed::LENGTH_MAX);
        return;
    };
    let Ok(difficulty) = Difficulty::from_bits(u64::from(*bits)) else { return };
    let easier = difficulty.eased();
    for puzzle in [Puzzle::SHA1_INTEGER, Puzzle::SHA1_DECIMAL] {
        let solves = |difficulty| puzzle.check(&seed, Transaction::FIRST, difficulty).is_ok();
        assert!(!solves(difficulty) || solves(easier), "{puzzle:?} {difficulty} {text:?}");
    }
    let solves =
        |difficulty| Puzzle::SHA1_TEXT.check(&seed, Transaction::FIRST, difficulty).is_ok();
    assert!(easier == difficulty || !solves(difficulty) || !solves(easier));
}
