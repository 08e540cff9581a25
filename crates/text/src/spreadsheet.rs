//! Strangers' texts in a spreadsheet: a cell must stay a text, and never become a formula.

use std::borrow::Cow;

use crate::terminal;

/// Returns `text` as the content of a cell of CSV.
///
/// A spreadsheet takes a cell that begins with one of `= + - @`, even after blanks or in their
/// full-width forms, as a formula to be run; such a text gets an apostrophe in front, by which
/// spreadsheets know a text. Line ends, tabs and other control characters are written as
/// [`terminal::escaped`] writes them, so that a row is one line and a terminal may show it. Quoting
/// is left to the writer of CSV.
pub fn cell(text: &str) -> Cow<'_, str> {
    let is_blank = |character: char| character.is_whitespace() || character.is_control();
    let first = text.trim_start_matches(is_blank).chars().next();
    let is_formula = matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'));
    let starts_with_control = text.starts_with(['\t', '\r', '\n']);
    let text = terminal::escaped(text);
    if is_formula || starts_with_control { Cow::Owned(format!("'{text}")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_becomes_a_text() {
        for (text, shown) in [
            ("=1+1x5815", "'=1+1x5815"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("=HYPERLINK(\"http://127.0.0.1\",\"x", "'=HYPERLINK(\"http://127.0.0.1\",\"x"),
            (" \u{a0}=1", "' \u{a0}=1"),
            ("＝1", "'＝1"),
            ("\t=1", "'\\t=1"),
            ("\r1", "'\\r1"),
        ] {
            assert_eq!(cell(text).replace("\\u{a0}", "\u{a0}"), shown);
        }
    }

    #[test]
    fn a_row_is_one_line_that_controls_no_terminal() {
        assert_eq!(cell("a\nb\u{1b}[31m"), "a\\nb\\u{1b}[31m");
        assert_eq!(cell("\u{200b}=1"), "\\u{200b}=1");
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in ["", "7", "a=b", "1-2", "ann@example", "'quoted'", "字"] {
            assert_eq!(cell(text), text);
        }
    }
}
