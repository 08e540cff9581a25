//! Names that a person takes for one and the same: they differ by case, by spaces, by accents, or
//! by letters of other alphabets that look alike.

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// Returns whether two different names look alike.
pub fn look_alike(one: &str, other: &str) -> bool {
    one != other && seen(one) == seen(other)
}

/// Returns a name as people see it: two names that look alike are one of these.
pub fn seen(name: &str) -> String {
    let folded: String = name.nfkc().flat_map(char::to_lowercase).collect();
    // Without the invisible ones: spaces of all kinds, joiners, marks for the direction. Accents
    // are left out by those whose keyboards lack them; a skeleton has them behind their letters.
    let is_seen =
        |c: &char| !c.is_whitespace() && !c.is_control() && !is_invisible(*c) && !is_accent(*c);
    skeleton(&folded).filter(is_seen).collect()
}

/// Returns the first character of a name that people cannot see, if there is one: two names that
/// differ by such characters alone are taken for one.
pub fn unseen(name: &str) -> Option<char> {
    let begins = name.chars().next().filter(|c| c.is_whitespace());
    let ends = name.chars().next_back().filter(|c| c.is_whitespace());
    name.chars().find(|c| c.is_control() || is_invisible(*c)).or(begins).or(ends)
}

/// Returns whether a character takes no place: a joiner, a mark for the direction, a byte order.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Returns whether a character is an accent over or under the letter before it. The marks of other
/// scripts, some of which are vowels, are not.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_take_for_one_look_alike() {
        for (one, other) in [
            ("ann", "Ann"),
            ("ann lee", "ann  lee"),
            ("ann lee", "ann\u{a0}lee"),
            ("annlee", "ann lee"),
            ("Zo\u{eb}", "Zoe\u{308}"),
            ("STRASSE", "strasse"),
            ("zoe muller", "Zo\u{eb} M\u{fc}ller"),
            ("\u{141}ukasz", "lukasz"),
            ("S\u{f8}ren", "soren"),
            // A Cyrillic a, a full-width n, and a joiner of no width.
            ("ann", "\u{430}nn"),
            ("ann", "a\u{ff4e}n"),
            ("ann", "a\u{200d}nn"),
            ("paul", "pau1"),
        ] {
            assert!(look_alike(one, other), "{one:?} and {other:?}");
            assert!(look_alike(other, one), "{other:?} and {one:?}");
        }
        for (name, expected) in [
            ("ann lee", None),
            ("ann\u{200b}", Some('\u{200b}')),
            ("a\tnn", Some('\t')),
            (" ann", Some(' ')),
            ("ann\u{a0}", Some('\u{a0}')),
            ("", None),
        ] {
            assert_eq!(unseen(name), expected, "{name:?}");
        }
        for (one, other) in [("ann", "ann"), ("ann", "anna"), ("zoe", "zoi"), ("yes", "no")] {
            assert!(!look_alike(one, other), "{one:?} and {other:?}");
        }
    }
}
