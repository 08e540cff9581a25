//! Compares the puzzles with what the original programs answered.

use std::collections::BTreeMap;

use althing_pow::{
    Goal, Hash, Job, Nonce, Outcome, Progress, Puzzle, Task, Template, Unsolved, Work, Zeros,
    search,
};
use althing_types::{Difficulty, PeerId, Seed, Transaction};
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

fn task(bits: u64) -> Task {
    let difficulty = difficulty(bits);
    Task { transaction: Transaction::FIRST, difficulty, finder: PeerId::new(1), salt: 0 }
}

fn work(puzzle: &Puzzle, bits: u64) -> Work {
    puzzle.work(&task(bits)).expect("it can be searched")
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
fn assert_solves_up_to(puzzle: &Puzzle, seed: &Seed, most: u64, found: u16) {
    for bits in 1..=160 {
        let wanted = difficulty(bits);
        let expected = match bits <= most {
            true => Ok(()),
            false => {
                let wanted = wanted.bits();
                Err(Unsolved::TooFewZeros { zeros: Zeros::Bits, found, wanted })
            }
        };
        assert_eq!(
            puzzle.check(seed, Transaction::FIRST, wanted),
            expected,
            "{puzzle:?} {seed} at {bits}"
        );
    }
}

/// Asserts that a search of all candidates finds the first solution that the originals found.
/// Their tables also have difficulty 0, which we do not issue.
fn assert_finds(puzzle: &Puzzle, first_solutions: &BTreeMap<u64, u64>) {
    for (&bits, &first) in first_solutions.range(1..) {
        let job = Job::new(work(puzzle, bits), 0..u64::MAX);
        assert_eq!(search(&job, &Progress::new()), Outcome::Found(first), "{bits} bits");
    }
}

#[test]
fn elect_chain() {
    let file = include_str!("vectors/elect-chain-pow.json");
    let file: ElectChain = serde_json::from_str(file).expect("the file has this form");
    assert_finds(&Puzzle::SHA1_INTEGER, &file.first_seed_for_difficulty);
    for vector in file.vectors {
        assert_eq!(hex(&Sha1::digest(unhex(&vector.preimage_hex))), vector.sha1);
        assert_eq!(vector.reject_at, vector.accept_at_max_difficulty + 1);
        assert_solves_up_to(
            &Puzzle::SHA1_INTEGER,
            &vector.seed.into(),
            vector.accept_at_max_difficulty,
            vector.leading_zero_bits,
        );
    }
}

#[test]
fn elect_chain_beyond_its_file() {
    let puzzle = Puzzle::SHA1_INTEGER;
    // The first solutions of 25 bits, and of 26 to 40.
    for (bits, first) in [(25, 49_629_300), (26, 60_904_617), (40, 60_904_617)] {
        let range = first - 1_000_000..u64::MAX;
        let job = Job::new(work(&puzzle, bits), range);
        assert_eq!(search(&job, &Progress::new()), Outcome::Found(first));
    }
    assert_solves_up_to(&puzzle, &60_904_617.into(), 40, 40);
}

#[test]
fn sd() {
    let file = include_str!("vectors/sd-pow.json");
    let file: Sd = serde_json::from_str(file).expect("the file has this form");
    assert_finds(&Puzzle::SHA1_DECIMAL, &file.smallest_solution_for_d);
    for vector in file.vectors {
        assert_eq!(hex(&Sha1::digest(&vector.solution)), vector.sha1);
        assert_solves_up_to(
            &Puzzle::SHA1_DECIMAL,
            &seed(&vector.solution),
            vector.accept_up_to,
            vector.leading_zero_bits,
        );
    }
}

#[test]
fn no_candidate_of_the_sd_program_has_more_than_25_bits() {
    let puzzle = Puzzle::SHA1_DECIMAL;
    let job = Job::new(work(&puzzle, 26), 0..10_000_001);
    assert_eq!(search(&job, &Progress::new()), Outcome::Exhausted);
}

#[test]
fn ppd() {
    let file = include_str!("vectors/ppd-pow.json");
    let file: Ppd = serde_json::from_str(file).expect("the file has this form");
    for vector in file.vectors {
        assert_eq!(hex(&Sha1::digest(&vector.seed)), vector.sha1);
        let (seed, found) = (seed(&vector.seed), vector.leading_zero_bits);
        let solves =
            |bits| Puzzle::SHA1_TEXT.check(&seed, Transaction::FIRST, difficulty(bits)).is_ok();
        for (&bits, &accept) in vector.accept.range(1..) {
            assert_eq!(solves(bits), accept, "{seed} at {bits}");
        }
        for bits in 1..=160 {
            assert_eq!(solves(bits), bits == u64::from(found), "{seed} at {bits}");
        }
    }
}

#[test]
fn we_find_what_the_ppd_program_finds_in_its_order() {
    let work = work(&Puzzle::SHA1_TEXT, 20);
    // All its candidates, of which it tries no others.
    let texts = 3_464_840;
    let found = |start| search(&Job::new(work.clone(), start..texts), &Progress::new());
    assert_eq!(found(0), Outcome::Found(167_193));
    assert_eq!(Puzzle::SHA1_TEXT.candidate(&task(20), 167_193), seed("bg*0"));
    assert_eq!(found(167_194), Outcome::Found(2_566_027));
    assert_eq!(Puzzle::SHA1_TEXT.candidate(&task(20), 2_566_027), seed("BJ{9"));
    assert_eq!(found(2_566_028), Outcome::Exhausted);
}

#[derive(Deserialize)]
struct Cs60 {
    vectors: Vec<BlockVector>,
}

#[derive(Deserialize)]
struct BlockVector {
    preimage: String,
    hash: String,
    difficulty_hex_zeros: u16,
    accept: bool,
}

#[test]
fn cs60() {
    let file = include_str!("vectors/cs60-blocks.json");
    let file: Cs60 = serde_json::from_str(file).expect("the file has this form");
    for vector in file.vectors {
        let (prefix, rest) = vector.preimage.split_once("_nonce\": ").expect("a block has a nonce");
        let (nonce, suffix) = rest.split_once(',').expect("something follows the nonce");
        let nonce: u64 = nonce.parse().expect("nonces are small");
        let prefix = format!("{prefix}_nonce\": ");
        let template =
            Template::new(prefix.as_bytes(), Nonce::Decimal, format!(",{suffix}").as_bytes());
        let goal = Goal::LeadingZeroBits(4 * vector.difficulty_hex_zeros);
        let work = Work { hash: Hash::Sha256, template, goal };
        assert_eq!(hex(work.digest(nonce).as_bytes()), vector.hash);
        assert_eq!(work.is_solved_by(nonce), vector.accept);
        if vector.accept {
            // The program counts up from zero.
            let job = Job::new(work, 0..u64::MAX);
            assert_eq!(search(&job, &Progress::new()), Outcome::Found(nonce));
        }
    }
}

#[derive(Deserialize)]
struct Aviary {
    chains: BTreeMap<String, Chain>,
}

#[derive(Deserialize)]
struct Chain {
    difficulty: u16,
    blocks: Vec<AviaryBlock>,
}

#[derive(Deserialize)]
struct AviaryBlock {
    #[serde(rename = "minedBy")]
    mined_by: String,
    messages: Vec<String>,
    nonce: String,
    timestamp: u64,
    hash: String,
}

#[test]
fn aviary() {
    let file = include_str!("vectors/aviary-chains.json");
    let file: Aviary = serde_json::from_str(file).expect("the file has this form");
    for chain in file.chains.values() {
        let mut before = String::new();
        for block in &chain.blocks {
            let texts = [&before[..], &block.mined_by, &block.messages.concat()].concat();
            let prefix = [texts.as_bytes(), &block.timestamp.to_be_bytes()].concat();
            let template = Template::new(prefix, Nonce::Decimal, [0_u8; 0]);
            let goal = Goal::TrailingZeroBits(4 * chain.difficulty);
            let work = Work { hash: Hash::Sha256, template, goal };
            let nonce: u64 = block.nonce.parse().expect("the miners of these blocks count");
            assert_eq!(hex(work.digest(nonce).as_bytes()), block.hash);
            assert!(work.is_solved_by(nonce));
            let job = Job::new(work, nonce - 20_000..nonce + 20_000);
            assert_eq!(search(&job, &Progress::new()), Outcome::Found(nonce));
            before.clone_from(&block.hash);
        }
    }
}

#[test]
fn bitcoin() {
    // The header of the first block, as in every copy of the program that made it.
    let header = unhex(concat!(
        "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b2",
        "7ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d"
    ));
    let mut limit = [0; 32];
    (limit[27], limit[26]) = (0xff, 0xff);
    let header = header.first_chunk().expect("76 bytes without the nonce");
    let work = Work::header(header, limit);
    let nonce = 2_083_236_893;
    let digest: Vec<u8> = work.digest(nonce).as_bytes().iter().rev().copied().collect();
    assert_eq!(hex(&digest), "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
    let job = Job::new(work, nonce - 100_000..1 << 32);
    assert_eq!(search(&job, &Progress::new()), Outcome::Found(nonce));
}
