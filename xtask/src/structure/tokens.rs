//! A source file as the words and signs that the compiler sees, each with its line.
//!
//! This is no parser of Rust, only as much of one as finds paths and patterns in code that compiles
//! and that rustfmt has formatted.

/// A word or a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    /// Counted from 1.
    pub(super) line: usize,
}

/// Signs of two characters that mean something else than the two.
const PAIRS: [&str; 9] = ["::", "=>", "==", "||", "->", "!=", "<=", ">=", "|="];

/// Returns the tokens of `source` in their order; comments, texts, characters and lifetimes are
/// left out.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let (length, is_token) = next(rest, first);
        let (text, after) = rest.split_at(length);
        if is_token {
            tokens.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

/// Returns the tokens of what is not only compiled for tests.
pub(super) fn shipped<'a, 't>(tokens: &'t [Token<'a>]) -> Vec<&'t Token<'a>> {
    const FOR_TESTS: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut shipped = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let here = tokens[at..].iter().map(|token| token.text);
        if here.take(FOR_TESTS.len()).eq(FOR_TESTS) {
            at = end_of_item(tokens, at + FOR_TESTS.len());
        } else {
            shipped.push(&tokens[at]);
            at += 1;
        }
    }
    shipped
}

/// Returns the place after the item that begins at `start`: after its semicolon or its braces.
fn end_of_item(tokens: &[Token<'_>], start: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, token) in tokens[start..].iter().enumerate() {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(token.text, ";" | "}") {
            return start + offset + 1;
        }
    }
    tokens.len()
}

/// Returns the bytes that the thing at the start of `rest` takes, and whether it is a token.
fn next(rest: &str, first: char) -> (usize, bool) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), false);
    }
    if rest.starts_with("/*") {
        return (rest.find("*/").map_or(rest.len(), |end| end + 2), false);
    }
    if let Some(length) = raw_text(rest) {
        return (length, false);
    }
    match first {
        '"' => (text(rest), false),
        '\'' => (character(rest), false),
        _ if first.is_alphanumeric() || first == '_' => {
            let is_over = |c: char| !c.is_alphanumeric() && c != '_';
            (rest.find(is_over).unwrap_or(rest.len()), true)
        }
        _ if first.is_whitespace() => (first.len_utf8(), false),
        _ if PAIRS.iter().any(|pair| rest.starts_with(pair)) => (2, true),
        _ => (first.len_utf8(), true),
    }
}

/// Returns the length of a raw text (`r"..."`, `br#"..."#`) at the start of `rest`.
fn raw_text(rest: &str) -> Option<usize> {
    let start = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let opened = start.trim_start_matches('#');
    let hashes = start.len() - opened.len();
    let opened = opened.strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(hashes));
    let end = opened.find(&closing).map_or(opened.len(), |end| end + closing.len());
    Some(rest.len() - opened.len() + end)
}

/// Returns the length of the text at the start of `rest`, with both quotation marks.
fn text(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Returns the length of the character at the start of `rest`, or of the lifetime.
fn character(rest: &str) -> usize {
    let mut inner = rest[1..].char_indices();
    match inner.next() {
        // After the escaped character itself comes the end, perhaps some digits later.
        Some((_, '\\')) => rest[3..].find('\'').map_or(rest.len(), |end| end + 4),
        Some((_, c)) if rest[1 + c.len_utf8()..].starts_with('\'') => 2 + c.len_utf8(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_and_signs_are_tokens_and_comments_and_texts_are_not() {
        let source =
            "use a::b; // crate::c\n/* crate::d */ let x = \"crate::\\\"e\" => r#\"f\"g\"#;";
        assert_eq!(texts(source), ["use", "a", "::", "b", ";", "let", "x", "=", "=>", ";"]);
    }

    #[test]
    fn characters_and_lifetimes_are_told_apart() {
        assert_eq!(
            texts("('{', '\\'', '\\u{7b}', b'\"', &'a str)"),
            ["(", ",", ",", ",", "b", ",", "&", "a", "str", ")"]
        );
    }

    #[test]
    fn lines_are_counted_from_one() {
        let source = "a\n\"two\nlines\"\nb";
        let lines: Vec<usize> = tokens(source).iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 4]);
    }

    #[test]
    fn what_is_only_for_tests_is_left_out() {
        let source = "a #[cfg(test)] mod tests { fn f() {} } b #[cfg(test)] mod more; c";
        let all = tokens(source);
        let texts: Vec<&str> = shipped(&all).iter().map(|token| token.text).collect();
        assert_eq!(texts, ["a", "b", "c"]);
    }
}
