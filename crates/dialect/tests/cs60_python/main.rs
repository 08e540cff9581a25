//! Blocks of `cs60` beside a program in Python: what it accepts is accepted here, and is hashed as
//! the same bytes.

use althing_dialect::cs60::{Ballots, Config, Cs60, Data};
use althing_dialect::{ChainDialect, Malformed};
use althing_ledger::{Application, Block, BlockContext, DifficultyRule, Target};
use althing_testkit::Python;
use althing_text::hex;
use proptest::prelude::*;
use proptest::sample::select;

const PROGRAM: &str = include_str!("program.py");

fn text(words: Vec<&'static str>) -> impl Strategy<Value = String> {
    select(words).prop_map(str::to_owned)
}

/// A value as JSON: mostly what a program would write there, or a student by hand.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any::<u8>().prop_map(|number| number.to_string()),
        1 => any::<u64>().prop_map(|number| number.to_string()),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f32>().prop_map(|number| f64::from(number).to_string()),
        2 => text(vec![
            "0", "-0", "0.0", "-0.0", "1.0", "27.0", "64.0", "65.5", "1e3", "true", "false", "null",
            "NaN", "Infinity", "-1", "-0.5", "1e400", "[]", "{\"b\": 1, \"a\": [2.50, {}]}",
            "123456789012345678901234567890", "\"\"", "\"7\"", "\"\\ud83d\"", "\"\u{e9}\\u007f\"",
        ]),
        1 => "[a-z]{1,4}".prop_map(|word| format!("{word:?}")),
    ]
}

/// Returns a text as it stands in JSON, with a choice of escapes.
fn quoted(text: &str, escapes_all: bool) -> String {
    let escaped = |unit: u16| format!("\\u{unit:04x}");
    match escapes_all {
        true => format!("\"{}\"", text.encode_utf16().map(escaped).collect::<String>()),
        false => serde_json::to_string(text).expect("a text is JSON"),
    }
}

/// Data that are a ballot, or nearly.
fn datum() -> impl Strategy<Value = String> {
    let ballot =
        (value(), value(), value(), 0..8_u8).prop_map(|(one, two, three, form)| match form {
            0 => format!(r#"{{"voter": {one}, "choice": {two}, "weight": {three}}}"#),
            1 => format!(r#"{{"voter": {one}, "voter": {two}, "choice": {three}}}"#),
            2 => format!(r#" {{ "choice" :{one}, "vot\u0065r":{two}}}"#),
            3 => format!(r#"{{"voter": {one}}}"#),
            4 => format!(r#"[{one}, {two}]"#),
            5 => one,
            _ => format!(r#"{{"voter": {one}, "choice": {two}}}"#),
        });
    prop_oneof![8 => ballot, 1 => ".{0,20}", 1 => text(vec!["", "{}", "{", "\u{feff}{}"])]
}

fn block() -> impl Strategy<Value = String> {
    let hash = prop_oneof![Just("0".to_owned()), "[0-9a-f]{64}"];
    let text = (datum(), any::<bool>()).prop_map(|(datum, escapes)| quoted(&datum, escapes));
    let datum = prop_oneof![8 => text, 1 => value()];
    (datum, value(), value(), hash, 0..6_u8, value()).prop_map(
        |(datum, index, nonce, hash, form, more)| match form {
            0 => {
                format!(
                    r#"{{"_prev_hash":"{hash}","more":{more},"_nonce":{nonce},"_index":{index},"#
                ) + &format!(r#""_data":"","_data":{datum}}}"#)
            }
            1 => format!(r#"{{"_data": {more}, "_index": {index}, "_nonce": {nonce}}}"#),
            _ => {
                format!(r#"{{"_data": {datum}, "_index": {index}, "_nonce": {nonce}, "#)
                    + &format!(r#""_prev_hash": "{hash}"}}"#)
            }
        },
    )
}

fn zeros_of(block: &Block, least: u8) -> Option<String> {
    match (DifficultyRule::CubeRoot { least }).stated(block)? {
        Target::LeadingZeros(digits) => Some(digits.number().to_string()),
        other => panic!("a block of cs60 has zeros, and not {other:?}"),
    }
}

#[test]
fn what_the_program_accepts_is_accepted_and_hashed_as_it_does() {
    let cs60 = Cs60::new(Config::default());
    Python::compare(PROGRAM, &(block(), 0..5_u8), |ask, (json, least)| {
        let answer = ask(&format!("x{} {least}", hex::encode(json.as_bytes())));
        let [dumped, zeros, voter] = *answer.split(' ').collect::<Vec<_>>() else {
            panic!("{answer}");
        };
        let block: Result<Block, Malformed> = cs60.decode_block(json.as_bytes());
        let Ok(block) = block else {
            // That a datum is a text is known once a ballot is looked for.
            prop_assert!(dumped == "no" || voter == "no", "{}: {:?}", json, block);
            return Ok(());
        };
        prop_assert_eq!(dumped, format!("x{}", hex::encode(&cs60.encode_block(&block))));
        // More zeros than a hash has are none that it can have.
        let theirs = zeros.parse::<u64>().ok().filter(|zeros| *zeros <= 64);
        prop_assert_eq!(theirs.map(|zeros| zeros.to_string()), zeros_of(&block, least));
        let context = BlockContext::default();
        let accepted = Ballots::default().check(&context, block.entries());
        prop_assert_eq!(accepted.is_ok(), voter != "no", "{}: {:?}", json, accepted);
        Ok(())
    });
}

#[test]
fn where_any_data_will_do_a_datum_is_whatever_the_program_reads() {
    let cs60 = Cs60::new(Config { data: Data::Texts, ..Config::default() });
    Python::compare(PROGRAM, &block(), |ask, json| {
        let answer = ask(&format!("x{} 3", hex::encode(json.as_bytes())));
        let dumped = answer.split(' ').next().expect("three words");
        match cs60.decode_block(json.as_bytes()) {
            Ok(block) => {
                let written = cs60.encode_block(&block);
                prop_assert_eq!(dumped, format!("x{}", hex::encode(&written)));
                prop_assert_eq!(cs60.decode_block(&written), Ok(block));
            }
            Err(malformed) => prop_assert_eq!(dumped, "no", "{}: {}", json, malformed),
        }
        Ok(())
    });
}

#[test]
fn two_voters_are_one_here_if_they_are_to_the_program() {
    let genesis = "0".repeat(64);
    let cs60 = Cs60::new(Config::default());
    let ballot = |voter: &str| {
        let datum = quoted(&format!(r#"{{"voter": {voter}, "choice": "yes"}}"#), false);
        format!(r#"{{"_data": {datum}, "_index": 1, "_nonce": 0, "_prev_hash": "{genesis}"}}"#)
    };
    Python::compare(PROGRAM, &(value(), value()), |ask, (one, other)| {
        let blocks = [&one, &other].map(|voter| ballot(voter));
        let voters = blocks.each_ref().map(|json| {
            let answer = ask(&format!("x{} 0", hex::encode(json.as_bytes())));
            answer.rsplit(' ').next().expect("three words").to_owned()
        });
        let blocks = blocks.map(|json| cs60.decode_block(json.as_bytes()).expect("a block"));
        if voters.contains(&"no".to_owned()) {
            return Ok(());
        }
        let mut ballots = Ballots::default();
        ballots.apply(&BlockContext::default(), blocks[0].entries());
        let again = ballots.check(&BlockContext::default(), blocks[1].entries());
        prop_assert_eq!(again.is_err(), voters[0] == voters[1], "{} {}", one, other);
        Ok(())
    });
}
