//! What is hashed and how zeros are counted, from the solutions that were accepted.

use std::collections::{BTreeMap, BTreeSet};

use althing_pow::{
    Candidates, Need, Puzzle, PuzzleInput, SolutionBytes, SolutionKind, Surplus, Validity, Zeros,
};
use althing_types::{Difficulty, Seed, Transaction};
use serde_json::{Value, json};

use super::fields::Room;
use crate::profile::{MessageKind, Role};

/// An accepted solution with its challenge.
struct Solved {
    row: Transaction,
    difficulty: Difficulty,
    seed: Seed,
}

/// Says what is hashed, if accepted solutions tell it.
pub(super) fn tell(room: &Room, say: &mut impl FnMut(&str, Value), unknown: &mut Vec<String>) {
    let solved = solved(room);
    if solved.is_empty() {
        unknown.push("what is hashed: no accepted solution was heard with its challenge".into());
        return;
    }
    let fits = |puzzle: &Puzzle, it: &Solved| puzzle.check(&it.seed, it.row, it.difficulty).is_ok();
    let count = |puzzle: &Puzzle| solved.iter().filter(|it| fits(puzzle, it)).count();
    // Of those that fit as well the first.
    let fitting = shapes().map(|shape| (count(&shape.1), shape)).rev();
    let Some((fit, (names, puzzle))) = fitting.max_by_key(|(fit, _)| *fit) else { return };
    // A stranger may say that something else was accepted.
    if fit * 10 < solved.len() * 8 {
        unknown.push("what is hashed: no way that is known fits the solutions".into());
        return;
    }
    let solved: Vec<Solved> = solved.into_iter().filter(|it| fits(&puzzle, it)).collect();
    for (key, value) in names {
        say(key, json!(value));
    }
    let exactly = Puzzle { surplus: Surplus::Refused, ..puzzle.clone() };
    let are_exact = solved.iter().all(|it| exactly.check(&it.seed, it.row, it.difficulty).is_ok());
    // By chance half of all solutions have no bit more, and 15 of 16 no hexadecimal digit. Of
    // fifty rooms where more is accepted, one looks as if it were not.
    let by_chance: f64 = if puzzle.zeros == Zeros::HexDigits { 15.0 / 16.0 } else { 0.5 };
    let seeds: BTreeSet<&str> = solved.iter().map(|it| it.seed.as_str()).collect();
    let is_told = seeds.iter().fold(1.0, |chance, _| chance * by_chance) < 0.02;
    match are_exact && is_told {
        true => say("puzzle.exact", json!(true)),
        false if are_exact => unknown.push("whether more zeros than asked for are accepted".into()),
        false => say("puzzle.exact", json!(false)),
    }
    if let Some(shape) = candidate(&solved) {
        say("puzzle.candidate", json!(shape));
    }
}

/// Returns how many solutions were accepted.
pub(super) fn rows(room: &Room) -> usize {
    accepted(room).len()
}

/// Returns the ways to hash and to count, those first that fewer texts pass by chance.
fn shapes() -> impl DoubleEndedIterator<Item = ([(&'static str, &'static str); 4], Puzzle)> {
    let zeros = [
        ("hex", Zeros::HexDigits, "d", Need::Difficulty),
        ("bits", Zeros::Bits, "d", Need::Difficulty),
        ("after-first-one", Zeros::AfterFirstOne, "d", Need::Difficulty),
        ("hex", Zeros::HexDigits, "max(1,d/4)", Need::Quarter),
    ];
    let inputs = [
        ("{solution}", PuzzleInput::Solution, "utf8", SolutionBytes::Utf8),
        ("{solution}", PuzzleInput::Solution, "int-be-minimal", SolutionBytes::ShortestBigEndian),
        ("{solution}", PuzzleInput::Solution, "int-le-8", SolutionBytes::EightLittleEndian),
        ("{tx}:{solution}", PuzzleInput::RowAndSolution, "utf8", SolutionBytes::Utf8),
        ("{tx}:{d}:{solution}", PuzzleInput::RowChallengeAndSolution, "utf8", SolutionBytes::Utf8),
    ];
    zeros.into_iter().flat_map(move |(zeros_name, zeros, need_name, need)| {
        inputs.into_iter().map(move |(input_name, input, bytes_name, bytes)| {
            let names = [
                ("puzzle.zeros", zeros_name),
                ("puzzle.need", need_name),
                ("puzzle.input", input_name),
                ("puzzle.bytes", bytes_name),
            ];
            let puzzle = Puzzle {
                input,
                bytes,
                zeros,
                need,
                surplus: Surplus::Allowed,
                candidates: Candidates::Numbers,
                kind: SolutionKind::Text,
                validity: Validity::Shown,
            };
            (names, puzzle)
        })
    })
}

/// Returns the number that a message says.
fn number(said: &BTreeMap<Role, Value>, role: Role) -> Option<u64> {
    said.get(&role).and_then(Value::as_u64)
}

/// Returns the solutions that were accepted, with the challenges of their rows.
fn solved(room: &Room) -> Vec<Solved> {
    let accepted = accepted(room);
    let name_rows =
        room.said(MessageKind::Challenge).iter().all(|said| said.contains_key(&Role::Tx));
    // Without its number a challenge is of the row that it is for in the order of all of them,
    // which is not known in the middle of a session.
    if !name_rows && accepted.first().is_some_and(|(row, _)| *row > 0) {
        return Vec::new();
    }
    let mut challenges: BTreeMap<u64, u64> = BTreeMap::new();
    for (index, said) in (0_u64..).zip(room.said(MessageKind::Challenge)) {
        let row = number(said, Role::Tx).unwrap_or(index);
        if let Some(bits) = number(said, Role::Challenge) {
            challenges.insert(row, bits);
        }
    }
    let solved = accepted.into_iter().filter_map(|(row, text)| {
        let difficulty = Difficulty::from_bits(*challenges.get(&row)?).ok()?;
        Some(Solved { row: Transaction::new(row), difficulty, seed: Seed::new(text).ok()? })
    });
    solved.collect()
}

/// Returns the rows and the texts of the solutions that were accepted, in their order.
fn accepted(room: &Room) -> BTreeSet<(u64, String)> {
    let is_yes = |value: Option<&Value>| match value {
        Some(Value::Bool(value)) => *value,
        Some(value) => value.as_i64().is_some_and(|code| code == 1),
        None => false,
    };
    let results =
        room.said(MessageKind::Result).iter().filter(|said| is_yes(said.get(&Role::Result)));
    let ballots = room.said(MessageKind::Ballot).iter().filter(|said| is_yes(said.get(&Role::Yes)));
    let solutions = results.chain(ballots).filter_map(|said| {
        let text = match said.get(&Role::Solution)? {
            Value::String(text) => text.clone(),
            value @ Value::Number(_) => value.to_string(),
            _ => return None,
        };
        Some((number(said, Role::Tx).unwrap_or_default(), text))
    });
    solutions.collect()
}

/// Returns what all solutions look like, if that is one of the known shapes.
fn candidate(solved: &[Solved]) -> Option<String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let all = |is_so: &dyn Fn(&Solved) -> bool| solved.iter().all(is_so);
    if all(&|it| is_number(it.seed.as_str())) {
        return Some("{n}".into());
    }
    for (separator, shape) in [(':', "{tx}:{n}"), ('-', "{tx}-{n}"), ('_', "{tx}_{n}")] {
        let of_row = |it: &Solved| {
            it.seed
                .as_str()
                .split_once(separator)
                .is_some_and(|(row, rest)| row == it.row.to_string() && is_number(rest))
        };
        if all(&of_row) {
            return Some(shape.into());
        }
    }
    let length = solved.first()?.seed.as_str().len();
    let is_alnum = |it: &Solved| {
        let text = it.seed.as_str();
        text.len() == length && text.bytes().all(|it| it.is_ascii_alphanumeric())
    };
    (length >= 6 && all(&is_alnum)).then(|| format!("alnum*{length}"))
}
