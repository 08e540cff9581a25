//! Ids made short, and strangers' texts made harmless.

use althing_types::PeerId;

/// Returns the end of an id, which is enough to tell peers apart.
pub fn short_id(peer: PeerId) -> String {
    const DIGITS: usize = 6;
    let id = peer.to_string();
    match id.len().checked_sub(DIGITS) {
        Some(0) | None => id,
        Some(cut) => format!("…{}", &id[cut..]),
    }
}

/// Returns `text` with all that could move a cursor or hide other text escaped, and at most
/// `chars_max` characters of it.
pub fn harmless(text: &str, chars_max: usize) -> String {
    let mut harmless = String::new();
    for (index, c) in text.chars().enumerate() {
        if index >= chars_max {
            harmless.push('…');
            break;
        }
        match c {
            '\'' | '"' | '\\' => harmless.push(c),
            // Besides control characters, this escapes those without a shape or of no width.
            _ => harmless.extend(c.escape_debug()),
        }
    }
    harmless
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_an_id_is_shown() {
        assert_eq!(short_id(PeerId::new(4_210_337_123_456)), "…123456");
        assert_eq!(short_id(PeerId::new(123_456)), "123456");
    }

    #[test]
    fn what_could_control_a_terminal_is_escaped() {
        assert_eq!(harmless("a'b\"c\\d ü 字", 20), "a'b\"c\\d ü 字");
        assert_eq!(harmless("\u{1b}[2J\r\n", 20), "\\u{1b}[2J\\r\\n");
        // Bidirectional override, zero-width space, combining accent, C1 control, tag.
        for hidden in ['\u{202e}', '\u{200b}', '\u{301}', '\u{9b}', '\u{e0041}'] {
            assert!(harmless(&hidden.to_string(), 20).starts_with("\\u{"));
        }
        assert_eq!(harmless("abcdef", 3), "abc…");
    }
}
