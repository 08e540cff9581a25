//! Texts that are JSON to Python, nearly are, or are not.

use althing_text::python_value::Text;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Numbers, and what looks like one.
pub(crate) fn any_number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        "-?[1-9][0-9]{17,60}",
        any::<f64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|bits| format!("{:e}", f64::from_bits(bits)).replace("inf", "1")),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{0,25})?([eE][+-]?[0-9]{0,4})?",
        "[-+0-9.eE]{0,12}",
        select(ODD_NUMBERS).prop_map(str::to_owned),
    ]
}

const ODD_NUMBERS: &[&str] = &[
    "NaN",
    "Infinity",
    "-Infinity",
    "-NaN",
    "nan",
    "inf",
    "-0",
    "0",
    "-0.0",
    "0e0",
    "1e400",
    "-1e400",
    "1e-400",
    "00",
    "01",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x10",
    "1_0",
    "9007199254740993.0",
    "1e22",
    "1e23",
    "1e16",
    "123456789012345680.0",
    "0.0001",
    "0.00001",
    "5e-324",
    "2.5e-324",
    "1.7976931348623159e308",
    "True",
    "None",
    "true",
    "false",
    "null",
];

/// The inside of a text, as it is written in JSON.
fn inside() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        6 => any::<char>().prop_map(|it| it.to_string().into_bytes()),
        6 => "[a-c~ ]{1,3}".prop_map(String::into_bytes),
        3 => "\\\\[\"\\\\/bfnrt]".prop_map(String::into_bytes),
        3 => "\\\\u[0-9a-fA-F]{4}".prop_map(String::into_bytes),
        3 => "\\\\u[dD][89a-fA-F][0-9a-f]{2}".prop_map(String::into_bytes),
        1 => "\\\\u[dD][89ab][0-9a-f]{2}\\\\u[dD][c-f][0-9a-f]{2}".prop_map(String::into_bytes),
        1 => select(vec![&b"\x7f"[..], b"\x00", b"\x1f", b"\n", b"\xed\xa0\xbd", b"\xed\xb8\x80"])
            .prop_map(<[u8]>::to_vec),
        1 => "\\\\(u[0-9g]{0,3}|x|'|0)".prop_map(String::into_bytes),
    ];
    vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn string() -> impl Strategy<Value = Vec<u8>> {
    // Few different names, so that some are equal.
    let name = select(vec!["a", "b", "A", "\\u0061", "ab", "_data", "\u{e9}", "\\u00e9"])
        .prop_map(|name| name.as_bytes().to_vec());
    prop_oneof![name, inside()].prop_map(|text| [b"\"", &text[..], b"\""].concat())
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![20 => Just(""), 5 => Just(" "), 3 => select(vec!["\t", "\n", "\r", "  \n"]),
        1 => select(vec!["\u{a0}", "\u{c}", "\u{b}", "\u{feff}"])]
}

/// JSON as bytes, with odd spaces.
fn json() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        any_number().prop_map(String::into_bytes),
        string(),
        select(vec!["true", "false", "null", "[]", "{}", "[ ]", "{\n}"])
            .prop_map(|word| word.as_bytes().to_vec()),
    ];
    let spaced = |value: Vec<u8>, before: &str, after: &str| {
        [before.as_bytes(), &value, after.as_bytes()].concat()
    };
    let leaf =
        (leaf, space(), space()).prop_map(move |(it, before, after)| spaced(it, before, after));
    leaf.prop_recursive(5, 24, 4, move |inner| {
        let list = vec(inner.clone(), 0..4)
            .prop_map(|items| [b"[", &items.join(&b","[..])[..], b"]"].concat());
        let field = (space(), string(), space(), inner).prop_map(|(before, name, after, value)| {
            [before.as_bytes(), &name, after.as_bytes(), b":", &value].concat()
        });
        let object =
            vec(field, 0..4).prop_map(|fields| [b"{", &fields.join(&b","[..])[..], b"}"].concat());
        (prop_oneof![list, object], space(), space())
            .prop_map(move |(it, before, after)| spaced(it, before, after))
    })
}

/// Now and then something is lost, doubled or exchanged.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = (any::<Index>(), 0..4_u8, select(b"[]{}\",:0-eE.\\ nN\x7f".to_vec()));
    (json(), vec(damage, 0..3), 0..3_u8).prop_map(|(mut json, damages, odds)| {
        for (place, kind, byte) in if odds == 0 { damages } else { Vec::new() } {
            let at = place.index(json.len().max(1));
            match kind {
                0 if at < json.len() => drop(json.remove(at)),
                1 if at < json.len() => json[at] = byte,
                2 => json.truncate(at),
                _ => json.insert(at.min(json.len()), byte),
            }
        }
        json
    })
}

/// Texts that Python has as such: what is no text by the damage is left out.
pub(crate) fn any_json() -> impl Strategy<Value = Text> {
    damaged().prop_filter_map("not a text", |json| Text::from_bytes(&json))
}

/// Any texts.
pub(crate) fn any_text() -> impl Strategy<Value = Text> {
    let part = prop_oneof![
        any::<String>().prop_map(String::into_bytes),
        select(vec![&b"\xed\xa0\xbd"[..], b"\xed\xbf\xbf", b"\"", b"\\", b"\x7f", b"\x00"])
            .prop_map(<[u8]>::to_vec),
    ];
    // Two halves beside each other are one character when they are read again.
    let is_same = |text: &Text| {
        text.points().zip(text.points().skip(1)).all(|(one, next)| {
            !(0xd800..0xdc00).contains(&one) || !(0xdc00..0xe000).contains(&next)
        })
    };
    vec(part, 0..5)
        .prop_filter_map("not a text", |parts| Text::from_bytes(&parts.concat()))
        .prop_filter("two halves are one", is_same)
}

/// Bytes in any encoding that Python knows JSON in, and others.
pub(crate) fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let encoded = (damaged(), 0..8_u8, any::<bool>()).prop_map(|(json, encoding, has_mark)| {
        let text = String::from_utf8_lossy(&json).into_owned();
        let mark = if has_mark { "\u{feff}" } else { "" };
        let text = [mark, &text].concat();
        let chars = text.chars().map(u32::from);
        match encoding {
            0 => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            1 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            2 => chars.flat_map(u32::to_be_bytes).collect(),
            3 => chars.flat_map(u32::to_le_bytes).collect(),
            4 => text.into_bytes(),
            _ => json,
        }
    });
    let short = vec(select(b"\x00\xff\xfe\xef\xbb\xbf01 \"[]".to_vec()), 0..9);
    let cut = (encoded, any::<Index>(), 0..10_u8).prop_map(|(mut bytes, place, odds)| {
        if odds == 0 {
            bytes.truncate(place.index(bytes.len().max(1)));
        }
        bytes
    });
    prop_oneof![8 => cut, 2 => short, 1 => vec(any::<u8>(), 0..40)]
}

/// Values that may be the same key: small numbers in several forms, texts, and what is no key.
pub(crate) fn any_key() -> impl Strategy<Value = String> {
    let number = (-3..4_i64, 0..6_u8).prop_map(|(number, form)| match form {
        0 => number.to_string(),
        1 => format!("{number}.0"),
        2 => format!("{number}e0"),
        3 => format!("{number}0E-1"),
        4 => format!("{number}.5"),
        _ => format!("{number}00000000000000000000"),
    });
    let other = select(vec![
        "true",
        "false",
        "null",
        "NaN",
        "Infinity",
        "1e999",
        "-Infinity",
        "-0.0",
        "0",
        "\"1\"",
        "\"a\"",
        "\"\\u0061\"",
        "\"\\ud83d\"",
        "\"\\ud83d\\ude00\"",
        "\"\u{1f600}\"",
        "[]",
        "{}",
        "9007199254740993",
        "9007199254740992.0",
        "9007199254740993.0",
        "1e22",
        "10000000000000000000000",
        "1e23",
        "100000000000000000000000",
        "0.1",
        "1e-1",
        "\"NaN\"",
    ]);
    prop_oneof![number, other.prop_map(str::to_owned)]
}
