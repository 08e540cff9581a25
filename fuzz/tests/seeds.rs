//! Every seed, and some thousand mutations of each kind of seed, on every machine.
//!
//! This is not a search: it shows that the targets work, and that bugs once found stay fixed.
//! `SEED=7 cargo test --package althing-fuzz` tries the mutations of another random seed.

#![allow(clippy::print_stderr, reason = "a failure says how to have it again")]

use std::path::Path;
use std::{env, fs, panic};

use althing_fuzz::{
    INPUT_MAX, assembly, chain, dialect, engine, rows, seed, stratum, tracker, url,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Mutations of each kind of seed.
const MUTATIONS: usize = 20_000;

/// Texts that change the kind of a number or a value.
const WORDS: [&[u8]; 8] =
    [b"0", b"-1", b"18446744073709551615", b"1e9", b"null", b"\"\"", b"[[", b"%"];

#[test]
fn a_member_of_an_assembly_keeps_its_word_whatever_liars_say() {
    try_all("assembly", assembly::try_input);
}

#[test]
fn any_bytes_to_an_address_are_a_message_or_are_refused() {
    try_all("chain", chain::try_input);
}

#[test]
fn any_bytes_from_a_topic_are_a_message_or_are_refused() {
    try_all("dialect", dialect::try_input);
}

#[test]
fn an_engine_keeps_its_word_whatever_happens() {
    try_all("engine", engine::try_input);
}

#[test]
fn any_bytes_from_a_disk_are_a_row_or_are_refused() {
    try_all("rows", rows::try_input);
}

#[test]
fn any_text_has_one_verdict_as_a_solution() {
    try_all("seed", seed::try_input);
}

#[test]
fn any_stream_of_a_miner_means_the_same_however_it_is_cut() {
    try_all("stratum", stratum::try_input);
}

#[test]
fn any_stream_to_or_from_a_tracker_means_the_same_however_it_is_cut() {
    try_all("tracker", tracker::try_input);
}

#[test]
fn any_text_is_an_address_or_is_refused() {
    try_all("url", url::try_input);
}

fn try_all(target: &str, try_input: fn(&[u8])) {
    let seeds = seeds(target);
    seeds.iter().for_each(|seed| try_input(seed));
    let number = env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut rng = ChaCha8Rng::seed_from_u64(number);
    for mutation in 0..MUTATIONS {
        let input = mutated(&seeds, &mut rng);
        if let Err(panic) = panic::catch_unwind(|| try_input(&input)) {
            eprintln!("SEED={number} cargo test --package althing-fuzz -- {target}");
            eprintln!("mutation {mutation}: {:?}", input.escape_ascii().to_string());
            panic::resume_unwind(panic);
        }
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(directory)
        .expect("each target has a directory of seeds")
        .map(|entry| entry.expect("a directory can be read").path())
        .collect();
    // A directory has no defined order.
    files.sort();
    assert!(!files.is_empty());
    files.into_iter().map(|file| fs::read(file).expect("a seed can be read")).collect()
}

fn mutated(seeds: &[Vec<u8>], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut input = seeds[rng.random_range(0..seeds.len())].clone();
    for _ in 0..rng.random_range(1..=8) {
        let at = rng.random_range(0..=input.len());
        match rng.random_range(0..6) {
            0 if at < input.len() => input[at] ^= 1 << rng.random_range(0..8),
            1 if at < input.len() => input[at] = rng.random(),
            2 => input.truncate(at),
            3 => insert(&mut input, at, WORDS[rng.random_range(0..WORDS.len())]),
            4 => {
                let end = rng.random_range(at..=input.len());
                let part = input[at..end].to_vec();
                insert(&mut input, at, &part);
            }
            _ => {
                let other = &seeds[rng.random_range(0..seeds.len())];
                insert(&mut input, at, &other[rng.random_range(0..=other.len())..]);
            }
        }
        input.truncate(INPUT_MAX);
    }
    input
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    input.splice(at..at, bytes.iter().copied());
}
