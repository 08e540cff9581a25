//! Strangers' texts on a terminal: what could move a cursor, hide other text or turn its direction
//! is shown as an escape.

use std::borrow::Cow;

/// Returns `text` with everything that has no shape of its own, or moves what does, as the escape
/// by which Rust writes it: `\n`, `\u{1b}`, `\u{202e}`. Quotation marks and backslashes stay.
///
/// Whatever a peer, a broker or a file says goes through here before a person sees it.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    text.chars().for_each(|character| push(&mut escaped, character));
    Cow::Owned(escaped)
}

/// Returns the same of the first `chars_max` characters of `text`, and an ellipsis if there are
/// more.
pub fn escaped_start(text: &str, chars_max: usize) -> String {
    let mut escaped = String::new();
    for (index, character) in text.chars().enumerate() {
        if index >= chars_max {
            escaped.push('…');
            break;
        }
        push(&mut escaped, character);
    }
    escaped
}

/// Returns a text in JSON with the same characters as JSON's own escapes (`\u001b`), so that it
/// says the same to a program and does nothing to a terminal.
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    // JSON writes the other control characters as escapes by itself, and between its values there
    // are none but line ends.
    let is_raw = |character: char| !character.is_ascii_whitespace() && is_hidden(character);
    if !json.contains(is_raw) {
        return Cow::Borrowed(json);
    }
    let (mut escaped, mut units) = (String::with_capacity(json.len() + 8), [0; 2]);
    for character in json.chars() {
        if is_raw(character) {
            for unit in character.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

fn push(escaped: &mut String, character: char) {
    if is_hidden(character) {
        escaped.extend(character.escape_debug());
    } else {
        escaped.push(character);
    }
}

/// Returns whether a character is a control character, or has no shape or no width.
fn is_hidden(character: char) -> bool {
    !matches!(character, '\'' | '"' | '\\') && character.escape_debug().len() > 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_control_a_terminal_is_escaped() {
        assert_eq!(escaped("a'b\"c\\d ü 字"), "a'b\"c\\d ü 字");
        assert_eq!(escaped("\u{1b}[31mred\u{1b}[0m"), "\\u{1b}[31mred\\u{1b}[0m");
        assert_eq!(escaped("a\r\nb\tc\u{7f}"), "a\\r\\nb\\tc\\u{7f}");
        // Bidirectional override and isolate, zero-width space, line separator, combining accent,
        // C1 control, tag, byte order mark.
        for hidden in [
            '\u{202e}',
            '\u{2066}',
            '\u{200b}',
            '\u{2028}',
            '\u{301}',
            '\u{9b}',
            '\u{e0041}',
            '\u{feff}',
        ] {
            let shown = escaped(&hidden.to_string()).into_owned();
            assert_eq!(shown, format!("\\u{{{:x}}}", u32::from(hidden)));
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(escaped_start("abcdef", 3), "abc…");
        assert_eq!(escaped_start("abc", 3), "abc");
        assert_eq!(escaped_start("\u{1b}[2J\r\n", 20), "\\u{1b}[2J\\r\\n");
    }

    #[test]
    fn json_is_escaped_as_json() {
        assert_eq!(escaped_json("{\"a\": \"é\"}\n"), "{\"a\": \"é\"}\n");
        assert_eq!(escaped_json("\"\u{7f}\u{9b}31m\u{202e}\""), "\"\\u007f\\u009b31m\\u202e\"");
        assert_eq!(escaped_json("\"\u{e0041}\""), "\"\\udb40\\udc41\"");
    }

    proptest! {
        #[test]
        fn nothing_that_is_escaped_is_left_and_json_says_the_same(text: String) {
            prop_assert!(!escaped(&text).contains(is_hidden));
            let json = serde_json::to_string(&text).expect("a text");
            let safe = escaped_json(&json);
            prop_assert!(!safe.contains(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&safe).expect("JSON"), text);
        }
    }
}
