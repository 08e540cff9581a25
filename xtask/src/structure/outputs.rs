//! Files that carry out an engine's outputs.
//!
//! A file does so if it has a pattern for `Output::Persist` and patterns for two more outputs: it
//! then decides what comes of each. Looking for one output, as tests do, is something else, and so
//! is `matches!`. Tests count as well: a loop of their own would test a driver that no peer runs.

use std::collections::BTreeSet;

use super::tokens::{Token, tokens};
use crate::files::Files;

/// Other outputs that a file has patterns for if it carries them out.
const OTHERS_MIN: usize = 2;

/// Returns the places, as `file:line`, of the first pattern in each file that carries out outputs.
pub(super) fn loops(files: &Files) -> Vec<String> {
    let rust = files.iter().filter(|(path, _)| path.ends_with(".rs"));
    rust.filter_map(|(path, text)| Some(format!("{path}:{}", first_line(text)?))).collect()
}

/// Returns the line of the first pattern for `Persist` if this file carries out outputs.
fn first_line(source: &str) -> Option<usize> {
    let tokens = tokens(source);
    let mut first = None;
    let mut others = BTreeSet::new();
    for at in 0..tokens.len() {
        let Some(output) = output_pattern(&tokens, at) else { continue };
        if output.text == "Persist" {
            first = first.or(Some(output.line));
        } else {
            others.insert(output.text);
        }
    }
    first.filter(|_| others.len() >= OTHERS_MIN)
}

/// Returns the name of the output for which there is a pattern at this place.
fn output_pattern<'a>(tokens: &[Token<'a>], at: usize) -> Option<Token<'a>> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    if !(text(at) == "Output" && text(at + 1) == "::") {
        return None;
    }
    let name = *tokens.get(at + 2)?;
    let mut after = at + 3;
    if matches!(text(after), "(" | "{") {
        after = closing(tokens, after)? + 1;
    }
    // The pattern may be inside of another one: `Some(Output::Leave) =>`.
    while matches!(text(after), ")") {
        after += 1;
    }
    let is_pattern = matches!(text(after), "=>" | "|" | "if" | "=");
    (is_pattern && !is_in_matches(tokens, at)).then_some(name)
}

/// Returns the place of the bracket that closes the one at `open`.
fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, token) in tokens[open..].iter().enumerate() {
        match token.text {
            "(" | "{" | "[" => depth += 1,
            ")" | "}" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open + offset);
        }
    }
    None
}

/// Returns whether the nearest open parenthesis before this place is that of a `matches!`.
fn is_in_matches(tokens: &[Token<'_>], at: usize) -> bool {
    let mut depth = 0_usize;
    for before in (0..at).rev() {
        match tokens[before].text {
            ")" | "}" | "]" => depth += 1,
            "(" if depth == 0 => {
                let is_matches = |name: &str| matches!(name, "matches" | "assert_matches");
                return before >= 2
                    && tokens[before - 1].text == "!"
                    && is_matches(tokens[before - 2].text);
            }
            "{" if depth == 0 => return false,
            "(" | "{" | "[" => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_over_all_outputs_carries_them_out() {
        let source = "fn f() {\n match output {\n  Output::Persist(durable) => write(durable),\n  \
                      Output::Send { to, .. } | Output::Leave => {}\n }\n}";
        assert_eq!(first_line(source), Some(3));
    }

    #[test]
    fn a_chain_of_conditions_carries_them_out_as_well() {
        let source = "if let Output::Persist(Durable { .. }) = output {}\n\
                      else if let Some(Output::Send { .. }) = output {}\n\
                      let Output::Leave = output else { return };";
        assert_eq!(first_line(source), Some(1));
    }

    #[test]
    fn making_outputs_and_looking_for_one_do_not() {
        for source in [
            "out.push(Output::Persist(a)); out.push(Output::Leave); f(Output::Send { to, b });",
            "match output { Output::Persist(durable) => Some(durable), _ => None }",
            "matches!(output, Output::Persist(_) | Output::Send { .. } | Output::Leave)",
            "match e { Event::Persist(_) => {}, Output::Leave => {}, Output::Send { .. } => {} }",
        ] {
            assert_eq!(first_line(source), None, "{source}");
        }
    }

    #[test]
    fn each_file_is_one_place() {
        let twice =
            "match o { Output::Persist(_) => {} Output::Leave => {} Output::Read(_) => {} }"
                .repeat(2);
        let files = [("a.rs", twice.as_str()), ("b.rs", ""), ("c.md", twice.as_str())];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        assert_eq!(loops(&Files::from(files)), ["a.rs:1"]);
    }
}
