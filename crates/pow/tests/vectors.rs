//! The puzzles against what the original programs answered.

use std::collections::BTreeMap;

use althing_pow::{Job, Outcome, Progress, Puzzle, Unsolved, search};
use althing_types::{Difficulty, Seed};
use serde::Deserialize;
use sha1::{Digest, Sha1};

#[derive(Deserialize)]
struct ElectChain {
    first_seed_for_difficulty: BTreeMap<u64, u64>,
    vectors: Vec<IntegerVector>,
}

#[derive(Deserialize)]
struct IntegerVector {
    seed: u64,
    preimage_hex: String,
    sha1: String,
    leading_zero_bits: u16,
    accept_at_max_difficulty: u64,
    reject_at: u64,
}

#[derive(Deserialize)]
struct Sd {
    smallest_solution_for_d: BTreeMap<u64, u64>,
    vectors: Vec<DecimalVector>,
}

#[derive(Deserialize)]
struct DecimalVector {
    solution: String,
    sha1: String,
    leading_zero_bits: u16,
    accept_up_to: u64,
}

#[derive(Deserialize)]
struct Ppd {
    vectors: Vec<TextVector>,
}

#[derive(Deserialize)]
struct TextVector {
    seed: String,
    sha1: String,
    leading_zero_bits: u16,
    accept: BTreeMap<u64, bool>,
}

fn seed(text: &str) -> Seed {
    Seed::new(text).expect("the vectors' seeds are short")
}

fn difficulty(bits: u64) -> Difficulty {
    Difficulty::from_bits(bits).expect("the vectors' difficulties are in range")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let pair = str::from_utf8(pair).expect("hex is ASCII");
        u8::from_str_radix(pair, 16).expect("the vectors hold hex")
    };
    pairs.iter().map(byte).collect()
}

/// Asserts that `seed` solves `1..=most` and no harder challenge.
fn assert_solves_up_to(puzzle: Puzzle, seed: &Seed, most: u64, found: u16) {
    for bits in 1..=160 {
        let wanted = difficulty(bits);
        let expected = match bits <= most {
            true => Ok(()),
            false => Err(Unsolved::TooFewZeroBits { found, wanted }),
        };
        assert_eq!(puzzle.check(seed, wanted), expected, "{puzzle:?} {seed} at {bits}");
    }
}

/// Asserts that a search of all candidates finds the first solution that the originals found.
/// Their tables also have difficulty 0, which we do not issue.
fn assert_finds(puzzle: Puzzle, first_solutions: &BTreeMap<u64, u64>) {
    for (&bits, &first) in first_solutions.range(1..) {
        let job = Job { puzzle, difficulty: difficulty(bits), range: 0..puzzle.candidates() };
        assert_eq!(search(&job, &Progress::new()), Outcome::Found(first.into()), "{bits} bits");
    }
}

#[test]
fn elect_chain() {
    let file = include_str!("vectors/elect-chain-pow.json");
    let file: ElectChain = serde_json::from_str(file).expect("the file has this form");
    assert_finds(Puzzle::Sha1Integer, &file.first_seed_for_difficulty);
    for vector in file.vectors {
        assert_eq!(hex(&Sha1::digest(unhex(&vector.preimage_hex))), vector.sha1);
        assert_eq!(vector.reject_at, vector.accept_at_max_difficulty + 1);
        assert_solves_up_to(
            Puzzle::Sha1Integer,
            &vector.seed.into(),
            vector.accept_at_max_difficulty,
            vector.leading_zero_bits,
        );
    }
}

#[test]
fn elect_chain_beyond_its_file() {
    let puzzle = Puzzle::Sha1Integer;
    // The first solutions of 25 bits, and of 26 to 40.
    for (bits, first) in [(25, 49_629_300), (26, 60_904_617), (40, 60_904_617)] {
        let range = first - 1_000_000..puzzle.candidates();
        let job = Job { puzzle, difficulty: difficulty(bits), range };
        assert_eq!(search(&job, &Progress::new()), Outcome::Found(first.into()));
    }
    assert_solves_up_to(puzzle, &60_904_617.into(), 40, 40);
}

#[test]
fn sd() {
    let file = include_str!("vectors/sd-pow.json");
    let file: Sd = serde_json::from_str(file).expect("the file has this form");
    assert_finds(Puzzle::Sha1Decimal, &file.smallest_solution_for_d);
    for vector in file.vectors {
        assert_eq!(hex(&Sha1::digest(&vector.solution)), vector.sha1);
        assert_solves_up_to(
            Puzzle::Sha1Decimal,
            &seed(&vector.solution),
            vector.accept_up_to,
            vector.leading_zero_bits,
        );
    }
}

#[test]
fn no_candidate_of_the_sd_program_has_more_than_25_bits() {
    let puzzle = Puzzle::Sha1Decimal;
    let job = Job { puzzle, difficulty: difficulty(26), range: 0..10_000_001 };
    assert_eq!(search(&job, &Progress::new()), Outcome::Exhausted);
}

#[test]
fn ppd() {
    let file = include_str!("vectors/ppd-pow.json");
    let file: Ppd = serde_json::from_str(file).expect("the file has this form");
    for vector in file.vectors {
        assert_eq!(hex(&Sha1::digest(&vector.seed)), vector.sha1);
        let (seed, found) = (seed(&vector.seed), vector.leading_zero_bits);
        let solves = |bits| Puzzle::Sha1Text.check(&seed, difficulty(bits)).is_ok();
        for (&bits, &accept) in vector.accept.range(1..) {
            assert_eq!(solves(bits), accept, "{seed} at {bits}");
        }
        for bits in 1..=160 {
            assert_eq!(solves(bits), bits == u64::from(found), "{seed} at {bits}");
        }
    }
}

#[test]
fn the_ppd_program_finds_two_candidates_of_ours() {
    let alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\
        !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~0123456789";
    for text in ["bg*0", "BJ{9"] {
        let digit = |symbol| alphabet.find(symbol).expect("of the alphabet");
        let index = text.chars().fold(0, |index, symbol| 94 * index + digit(symbol));
        let index = u64::try_from(index).expect("below 94^4");
        let job = Job {
            puzzle: Puzzle::Sha1Text,
            difficulty: difficulty(20),
            range: index..Puzzle::Sha1Text.candidates(),
        };
        assert_eq!(search(&job, &Progress::new()), Outcome::Found(seed(text)));
    }
}
