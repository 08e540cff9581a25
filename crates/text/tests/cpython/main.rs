//! Our JSON beside that of a real CPython: what one reads the other reads, as the same values, and
//! both write the same bytes of them.
//!
//! `Python::compare` says how many cases there are, and how one is repeated.
//!
//! | file | question |
//! | --- | --- |
//! | `texts` | which texts are tried? |

mod texts;

use althing_testkit::Python;
use althing_text::hex;
use althing_text::python_json::dumps;
use althing_text::python_value::{Keys, Value, loads, loads_bytes, loads_text};
use proptest::prelude::*;

use self::texts::{any_bytes, any_json, any_key, any_number, any_text};

const ORACLE: &str = include_str!("oracle.py");

fn word(bytes: &[u8]) -> String {
    format!("x{}", hex::encode(bytes))
}

/// Returns the answer that Python should have for what we have read.
fn answer<E>(read: Result<Value, E>) -> String {
    match read {
        Ok(value) => {
            let texts = [Keys::AsRead, Keys::Sorted].map(|keys| value.dumps(keys));
            texts.map(|text| word(text.as_bytes())).join(" ")
        }
        Err(_) => "no".to_owned(),
    }
}

#[test]
fn what_it_reads_in_a_text_we_read_and_write_as_it_does() {
    Python::compare(ORACLE, &any_json(), |ask, text| {
        let ours = answer(loads_text(&text));
        prop_assert_eq!(ask(&format!("text {}", word(text.as_bytes()))), ours, "{:?}", text);
        Ok(())
    });
}

#[test]
fn what_it_reads_in_bytes_we_read_as_it_does() {
    Python::compare(ORACLE, &any_bytes(), |ask, bytes| {
        let ours = answer(loads_bytes(&bytes));
        prop_assert_eq!(ask(&format!("read {}", word(&bytes))), ours);
        Ok(())
    });
}

#[test]
fn what_we_write_it_reads_and_writes_in_the_same_bytes() {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    let values = leaf.prop_recursive(4, 20, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            proptest::collection::btree_map(any::<String>(), inner, 0..5).prop_map(|fields| {
                fields.into_iter().collect::<serde_json::Map<_, _>>().into()
            }),
        ]
    });
    Python::compare(ORACLE, &values, |ask, value| {
        let written = dumps(&value);
        let answer = ask(&format!("read {}", word(&written)));
        prop_assert_eq!(answer.split(' ').next(), Some(&*word(&written)));
        let text = str::from_utf8(&written).expect("ASCII");
        let again = loads(text).expect("it is JSON").dumps(Keys::AsRead);
        prop_assert_eq!(again.as_bytes(), written);
        Ok(())
    });
}

#[test]
fn numbers_are_read_and_written_as_it_does() {
    Python::compare(ORACLE, &any_number(), |ask, text| {
        prop_assert_eq!(ask(&format!("text {}", word(text.as_bytes()))), answer(loads(&text)));
        Ok(())
    });
}

#[test]
fn two_values_are_one_key_to_us_if_they_are_to_it() {
    Python::compare(ORACLE, &(any_key(), any_key()), |ask, (one, other)| {
        let keys = [&one, &other].map(|text| loads(text).ok().and_then(|value| value.key()));
        let ours = match &keys {
            [Some(one), Some(other)] => {
                if one == other {
                    "1"
                } else {
                    "2"
                }
            }
            _ => "no",
        };
        let theirs = ask(&format!("same {} {}", word(one.as_bytes()), word(other.as_bytes())));
        prop_assert_eq!(theirs, ours, "{} {}", one, other);
        Ok(())
    });
}

#[test]
fn texts_are_texts_to_both() {
    Python::compare(ORACLE, &any_text(), |ask, text| {
        let written = text.dumps();
        let expected = [&written, &written].map(|text| word(text.as_bytes())).join(" ");
        prop_assert_eq!(ask(&format!("text {}", word(written.as_bytes()))), expected);
        Ok(())
    });
}

#[test]
fn what_it_reads_of_any_depth_and_length_we_read() {
    let mut python = Python::run(ORACLE).unwrap_or_else(|e| panic!("{e}"));
    for depth in [1, 100, 900, 990, 1000, 5000, 20_000] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let text = [open.repeat(depth), "0".to_owned(), close.repeat(depth)].concat();
            let theirs = python.ask(&format!("text {}", word(text.as_bytes())));
            let ours = answer(loads(&text));
            // How deep it reads depends on its version; we read as deep as any.
            assert!(theirs == ours || theirs == "no", "{depth}");
            assert!(theirs == ours || depth > 900, "{depth}");
        }
    }
    for digits in [4299, 4300, 4301, 10_000] {
        for text in ["9".repeat(digits), format!("-{}", "1".repeat(digits))] {
            let theirs = python.ask(&format!("text {}", word(text.as_bytes())));
            let ours = answer(loads(&text));
            // Before 3.11 it has no limit.
            assert!(theirs == ours || ours == "no" && digits > 4300, "{digits}");
        }
    }
}
