//! What solves which puzzle.

use althing_types::PeerId;
use proptest::prelude::*;
use sha1::{Digest as _, Sha1};

use super::*;
use crate::nonce::Alphabet;

const PUZZLES: [Puzzle; 3] = [Puzzle::SHA1_INTEGER, Puzzle::SHA1_DECIMAL, Puzzle::SHA1_TEXT];
const ROW: Transaction = Transaction::new(7);

fn seed(text: &str) -> Seed {
    Seed::new(text).expect("the tests' seeds are short")
}

fn difficulty(bits: u16) -> Difficulty {
    Difficulty::from_bits(bits.into()).expect("the tests' difficulties are in range")
}

fn task(bits: u16) -> Task {
    let finder = PeerId::new(41);
    Task { transaction: ROW, difficulty: difficulty(bits), finder, salt: 3 }
}

#[test]
fn a_number_is_written_in_one_way_only() {
    for puzzle in [Puzzle::SHA1_INTEGER, Puzzle::SHA1_DECIMAL] {
        for text in ["", "+6", "-1", "06", "00", " 6", "6 ", "0x6", "6.0", "1e3", "٦", "six"] {
            assert_eq!(
                puzzle.check(&seed(text), ROW, Difficulty::MIN),
                Err(Unsolved::NotANumber { seed: seed(text) })
            );
        }
        let highest = seed("18446744073709551615");
        let above = seed("18446744073709551616");
        assert!(!matches!(
            puzzle.check(&highest, ROW, Difficulty::MIN),
            Err(Unsolved::NotANumber { .. })
        ));
        assert_eq!(
            puzzle.check(&above, ROW, Difficulty::MIN),
            Err(Unsolved::NotANumber { seed: above })
        );
    }
}

#[test]
fn the_reasons_carry_their_values() {
    // SHA-1 of "1" begins 35 6a: two zero bits, then a one, and a one.
    let reason = |puzzle: Puzzle, bits| match puzzle.check(&seed("1"), ROW, difficulty(bits)) {
        Ok(()) => "solved".to_owned(),
        Err(unsolved) => unsolved.to_string(),
    };
    let exact = Puzzle::SHA1_TEXT;
    assert_eq!(reason(exact.clone(), 2), "solved");
    assert_eq!(reason(exact.clone(), 3), "the digest has 2 leading zero bits, fewer than 3");
    assert_eq!(reason(exact, 1), "the digest has 2 leading zero bits, more than exactly 1");
    let hex = Puzzle { zeros: Zeros::HexDigits, ..Puzzle::SHA1 };
    assert_eq!(reason(hex, 1), "the digest has 0 leading hexadecimal zeros, fewer than 1");
    let after = Puzzle { zeros: Zeros::AfterFirstOne, ..Puzzle::SHA1 };
    assert_eq!(reason(after, 1), "the digest has 0 zero bits after its first one, fewer than 1");
    assert_eq!(
        Unsolved::NotANumber { seed: seed("\n7") }.to_string(),
        r#"seed "\n7" is not a decimal number below 2^64 without sign or leading zero"#
    );
}

#[test]
fn candidates_are_numbers_or_texts() {
    for number in [0, 9, 10, u64::MAX] {
        assert_eq!(Puzzle::SHA1_INTEGER.candidate(&task(1), number), Seed::from(number));
        assert_eq!(Puzzle::SHA1_DECIMAL.candidate(&task(1), number), Seed::from(number));
    }
    assert_eq!(Puzzle::SHA1_TEXT.candidate(&task(1), 167_193), seed("bg*0"));
}

/// What the puzzle would be in Python, as the programs write it.
fn reference(puzzle: &Puzzle, text: &str, d: u16) -> bool {
    let solution = match puzzle.bytes {
        SolutionBytes::Utf8 => text.as_bytes().to_vec(),
        SolutionBytes::ShortestBigEndian => {
            let number: u64 = text.parse().expect("a number");
            let bytes = number.to_be_bytes();
            bytes.into_iter().skip_while(|byte| *byte == 0).collect()
        }
        SolutionBytes::EightLittleEndian => {
            text.parse::<u64>().expect("a number").to_le_bytes().to_vec()
        }
    };
    let before = match puzzle.input {
        PuzzleInput::Solution => String::new(),
        PuzzleInput::RowAndSolution => "7:".to_owned(),
        PuzzleInput::RowChallengeAndSolution => format!("7:{d}:"),
    };
    let digest = Sha1::digest([before.as_bytes(), &solution].concat());
    let binary: String = digest.iter().map(|byte| format!("{byte:08b}")).collect();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let need = match puzzle.need {
        Need::Difficulty => d,
        Need::Quarter => (d / 4).max(1),
    };
    let counted = match puzzle.zeros {
        Zeros::Bits => &binary[..],
        Zeros::HexDigits => &hex,
        Zeros::AfterFirstOne => &binary.trim_start_matches('0')[1..],
    };
    let zeros = counted.len() - counted.trim_start_matches('0').len();
    match puzzle.surplus {
        Surplus::Allowed => zeros >= need.into(),
        Surplus::Refused => zeros == usize::from(need),
    }
}

fn template(text: &str) -> Candidates {
    Candidates::Template(text.parse().expect("a template"))
}

/// Every combination of the dimensions that can be searched.
fn all() -> Vec<Puzzle> {
    let alphanumeric = Candidates::Random { alphabet: Alphabet::Alphanumeric, length: 10 };
    let candidates = [
        Candidates::Numbers,
        Candidates::Texts,
        template("{tx}:{n}"),
        template("{id}-{tx}-{n}"),
        template("{tx}_{id}_{n}_{rand}"),
        alphanumeric,
        Candidates::Random { alphabet: Alphabet::Alphanumeric, length: 64 },
    ];
    let mut all = Vec::new();
    for input in
        [PuzzleInput::Solution, PuzzleInput::RowAndSolution, PuzzleInput::RowChallengeAndSolution]
    {
        for zeros in [Zeros::Bits, Zeros::HexDigits, Zeros::AfterFirstOne] {
            for (need, surplus) in [
                (Need::Difficulty, Surplus::Allowed),
                (Need::Difficulty, Surplus::Refused),
                (Need::Quarter, Surplus::Allowed),
            ] {
                let base = Puzzle { input, zeros, need, surplus, ..Puzzle::SHA1 };
                for candidates in candidates.clone() {
                    all.push(Puzzle { candidates, ..base.clone() });
                }
                for bytes in [SolutionBytes::ShortestBigEndian, SolutionBytes::EightLittleEndian] {
                    all.push(Puzzle { bytes, kind: SolutionKind::Number, ..base.clone() });
                }
            }
        }
    }
    all
}

#[test]
fn what_to_search_for_is_what_is_checked_and_what_the_programs_check() {
    for puzzle in PUZZLES.into_iter().chain(all()) {
        for bits in [1, 3, 8] {
            let task = task(bits);
            let work = puzzle.work(&task).expect("it can be searched");
            for index in (0..200).chain(1 << 31..(1 << 31) + 200) {
                let candidate = puzzle.candidate(&task, index);
                let solves = puzzle.check(&candidate, ROW, task.difficulty).is_ok();
                assert_eq!(work.is_solved_by(index), solves, "{puzzle:?} {candidate}");
                assert_eq!(reference(&puzzle, candidate.as_str(), bits), solves, "{puzzle:?}");
            }
        }
    }
}

#[test]
fn a_solution_serves_other_rows_only_where_nothing_of_its_row_is_in_it() {
    let reusable = |puzzle: Puzzle| puzzle.is_reusable();
    assert!(PUZZLES.into_iter().all(reusable));
    for input in [PuzzleInput::RowAndSolution, PuzzleInput::RowChallengeAndSolution] {
        assert!(!reusable(Puzzle { input, ..Puzzle::SHA1 }));
    }
    assert!(!reusable(Puzzle { candidates: template("{tx}:{n}"), ..Puzzle::SHA1 }));
    assert!(!reusable(Puzzle { candidates: template("{id}:{n}"), ..Puzzle::SHA1 }));
    assert!(reusable(Puzzle { candidates: template("x{n}"), ..Puzzle::SHA1 }));
    assert!(!reusable(Puzzle { validity: Validity::Secret, ..Puzzle::SHA1 }));
}

#[test]
fn what_no_search_can_solve_is_told_with_its_reason() {
    let reason = |puzzle: Puzzle| puzzle.work(&task(1)).map_err(|error| error.to_string());
    let secret = Puzzle { validity: Validity::Secret, ..Puzzle::SHA1 };
    assert_eq!(secret.check(&seed("abc"), ROW, difficulty(20)), Ok(()));
    assert!(secret.check_digest(&seed("abc"), ROW, difficulty(20)).is_err());
    assert_eq!(reason(secret), Err("the leader keeps the solution secret".into()));
    assert_eq!(
        reason(Puzzle { candidates: template("{tx}:{n}"), ..Puzzle::SHA1_INTEGER }),
        Err("solutions are numbers, and these candidates are not".into())
    );
    assert_eq!(
        reason(Puzzle {
            candidates: Candidates::Random { alphabet: Alphabet::Letters, length: 200 },
            ..Puzzle::SHA1
        }),
        Err("candidates of up to 200 bytes are longer than 128".into())
    );
    assert_eq!(
        reason(Puzzle {
            candidates: Candidates::Random { alphabet: Alphabet::Digits, length: 4 },
            ..Puzzle::SHA1
        }),
        Err("there are only 10000 candidates, fewer than 4294967296".into())
    );
}

#[test]
fn a_fourth_of_the_difficulty_is_at_least_one() {
    let needs = [1, 3, 4, 7, 8, 20].map(|d| Need::Quarter.of(d));
    assert_eq!(needs, [1, 1, 1, 1, 2, 5]);
    let hex = Puzzle { zeros: Zeros::HexDigits, need: Need::Quarter, ..Puzzle::SHA1 };
    assert_eq!(hex.bits(difficulty(20)), 20);
    assert_eq!(Puzzle { need: Need::Difficulty, ..hex }.bits(difficulty(5)), 20);
}

proptest! {
    #[test]
    fn whatever_the_seed_a_check_agrees_with_the_programs(
        which in 0..all().len(),
        text in "[0-9]{1,18}|[ -~]{0,64}",
        bits in 1..12_u16,
    ) {
        let puzzle = &all()[which];
        let is_number = number(&seed(&text)).is_ok();
        if puzzle.bytes == SolutionBytes::Utf8 || is_number {
            let solves = puzzle.check(&seed(&text), ROW, difficulty(bits)).is_ok();
            prop_assert_eq!(solves, reference(puzzle, &text, bits));
        }
    }
}
