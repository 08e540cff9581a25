//! The numbered rules of `docs/protocol.md`: code quotes only existing rules, and every rule is
//! quoted.
//!
//! A rule is defined where its number begins a heading or bold text: `### G1: ...` or `**G1**`.
//! Code quotes it with the word before the number, in a comment, a message or a test: "rule G1",
//! "rules G1, G2 and T3" or "rules G1 to G4". So a reader of the protocol can search for the code
//! of a rule, and a rule without code is noticed.

use std::collections::BTreeSet;

use super::Complaint;
use crate::files::Files;

const PROTOCOL: &str = "docs/protocol.md";

/// Compares the rules that `crates/` quotes with those that the protocol defines.
pub(super) fn check(files: &Files) -> Vec<Complaint> {
    let Some(protocol) = files.get(PROTOCOL) else {
        return vec![Complaint::new(PROTOCOL, 0, "the file with the numbered rules is missing")];
    };
    let defined = definitions(protocol);
    let mut quoted = BTreeSet::new();
    let mut complaints = Vec::new();
    let code = files.iter().filter(|(path, _)| path.starts_with("crates/") && is_rust(path));
    for (path, text) in code {
        for (line, rule) in quotations(text) {
            if !defined.iter().any(|(_, known)| *known == rule) {
                let what = format!("rule {rule} is not in {PROTOCOL}");
                complaints.push(Complaint::new(path, line, what));
            }
            quoted.insert(rule);
        }
    }
    for (line, rule) in defined {
        if !quoted.contains(rule) {
            let what = format!("rule {rule} is quoted by no code or test");
            complaints.push(Complaint::new(PROTOCOL, line, what));
        }
    }
    complaints
}

fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

/// Returns the rules that a document defines, each once, with the line that does so.
fn definitions(document: &str) -> Vec<(usize, &str)> {
    let mut known = BTreeSet::new();
    let mut defined = Vec::new();
    let mut in_code = false;
    for (index, line) in document.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let heading = line.starts_with('#').then(|| line.trim_start_matches('#').trim_start());
        // Bold text stands between every second pair of asterisks.
        let bold = line.split("**").skip(1).step_by(2);
        for text in heading.into_iter().chain(bold) {
            let text = text.strip_prefix("Rule ").unwrap_or(text);
            if let Some(rule) = rule_at_start(text).filter(|rule| known.insert(*rule)) {
                defined.push((index + 1, rule));
            }
        }
    }
    defined
}

/// Returns the rules that a source file quotes, with their lines.
fn quotations(source: &str) -> Vec<(usize, String)> {
    let mut quoted = Vec::new();
    for (at, _) in source.match_indices("ule") {
        let starts_word = source[..at]
            .strip_suffix(['r', 'R'])
            .is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        if !starts_word {
            continue;
        }
        let mut rest = &source[at + "ule".len()..];
        rest = rest.strip_prefix('s').unwrap_or(rest);
        let mut range_from = None;
        let mut previous = None;
        loop {
            rest = rest.trim_start_matches(is_between_rules);
            let line = source[..source.len() - rest.len()].matches('\n').count() + 1;
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            rest = after;
            if let Some(rule) = rule_at_start(word) {
                let between = range_from.take().map(|from| rules_between(from, rule));
                quoted.extend(between.into_iter().flatten().map(|rule| (line, rule)));
                quoted.push((line, rule.to_owned()));
                previous = Some(rule);
            } else if word == "to" {
                range_from = previous;
            } else if !matches!(word, "and" | "or") {
                break;
            }
        }
    }
    quoted
}

/// Returns the rules after `from` and before `to`, as in "rules G1 to G4".
fn rules_between(from: &str, to: &str) -> Vec<String> {
    let split = |rule: &str| {
        let letters = rule.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
        let number = rule[letters.len()..].parse().unwrap_or(0_u32);
        (letters, number)
    };
    let ((letters, first), (other, last)) = (split(from), split(to));
    // No letter has so many rules: this is a typing error, and both ends are reported anyway.
    if letters != other || last > 999 {
        return Vec::new();
    }
    (first + 1..last).map(|number| format!("{letters}{number}")).collect()
}

/// Returns whether a list of rules continues after `c`: spaces, commas, the start of a comment's
/// next line, and the marks of code, bold text or a link.
fn is_between_rules(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '/' | '!' | '`' | '*' | '(' | ')' | '[' | ']')
}

/// Returns the rule that `text` begins with: one or two capital letters, then a number.
fn rule_at_start(text: &str) -> Option<&str> {
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = text.bytes().skip(letters).take_while(u8::is_ascii_digit).count();
    let (rule, rest) = text.split_at(letters + digits);
    let ends_word = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    ((1..=2).contains(&letters) && digits > 0 && ends_word).then_some(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_one_or_two_letters_and_a_number() {
        for (text, rule) in [("G1", "G1"), ("AB12: more", "AB12"), ("V2, V3", "V2")] {
            assert_eq!(rule_at_start(text), Some(rule));
        }
        for text in ["", "G", "12", "g1", "SHA1", "G1x", "G1_", " G1"] {
            assert_eq!(rule_at_start(text), None, "{text}");
        }
    }

    #[test]
    fn headings_and_bold_text_define_rules_and_plain_text_does_not() {
        let document = "# The protocol\n\
                        ## G1: gather\n\
                        - **G2** and **G3.** are **bold**, T1 and G1 are not.\n\
                        ### Rule E10\n\
                        ```\n**X1**\n```\n\
                        As **G2** says.\n";
        assert_eq!(definitions(document), [(2, "G1"), (3, "G2"), (3, "G3"), (4, "E10")]);
    }

    fn quoted(source: &str) -> Vec<String> {
        quotations(source).iter().map(|(line, rule)| format!("{line} {rule}")).collect()
    }

    #[test]
    fn the_word_before_the_number_makes_a_quotation() {
        let source = "/// Rule G1.\n\
                      /// By rules G2, `G3` and\n\
                      /// T4, not by T5.\n\
                      // G6 alone, ruleset G7, misrule G8, the rule of G9.\n\
                      const TEXT: &str = \"breaks rule E1\"; let rules = E2;\n";
        assert_eq!(quoted(source), ["1 G1", "2 G2", "2 G3", "3 T4", "5 E1"]);
    }

    #[test]
    fn a_range_quotes_all_rules_in_it() {
        assert_eq!(quoted("(rules G9 to G12)"), ["1 G9", "1 G10", "1 G11", "1 G12"]);
        assert_eq!(quoted("rules G1 to V3"), ["1 G1", "1 V3"]);
        assert_eq!(quoted("rule G4 to G2, to be sure"), ["1 G4", "1 G2"]);
        assert_eq!(quoted("rules G1 to G4000000000"), ["1 G1", "1 G4000000000"]);
    }

    #[test]
    fn code_and_protocol_must_name_the_same_rules() {
        let files = Files::from(
            [
                (PROTOCOL, "**G1** Gather.\n\n**G2** Wait.\n"),
                ("crates/engine/src/lib.rs", "//! Engine.\n/// Rules G1 and G3.\n"),
                ("xtask/src/main.rs", "// rule G2, but this is no code of the protocol"),
            ]
            .map(|(path, text)| (path.to_owned(), text.to_owned())),
        );
        let complaints: Vec<String> = check(&files).iter().map(ToString::to_string).collect();
        assert_eq!(
            complaints,
            [
                "crates/engine/src/lib.rs:2: rule G3 is not in docs/protocol.md",
                "docs/protocol.md:3: rule G2 is quoted by no code or test",
            ]
        );
    }

    #[test]
    fn a_missing_protocol_is_one_complaint() {
        let complaints = check(&Files::new());
        let expected = "the file with the numbered rules is missing";
        assert_eq!(complaints, [Complaint::new(PROTOCOL, 0, expected)]);
    }
}
