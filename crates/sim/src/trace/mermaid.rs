//! Traces as Mermaid diagrams.

use std::fmt::Write;

use super::Trace;
use super::sketch::{Line, Sketch};

/// Returns a trace as a sequence diagram in Mermaid's language.
///
/// A message is an arrow from its sender to its receiver, or, if it is for all, to the network at
/// the right. Long traces are cut, and say so.
pub fn mermaid(trace: &Trace) -> String {
    let sketch = Sketch::of(trace);
    let mut text = String::from("sequenceDiagram\n");
    for (column, peer) in sketch.columns.iter().enumerate() {
        line(&mut text, format_args!("participant P{column} as peer {peer}"));
    }
    line(&mut text, format_args!("participant N as the network"));
    for step in &sketch.lines {
        match step {
            Line::Arrow { from, to, text: words } => {
                let to = to.map_or("N".to_owned(), |to| format!("P{to}"));
                line(&mut text, format_args!("P{from}->>{to}: {}", escape(words)));
            }
            Line::Mark { column, text: words } => {
                line(&mut text, format_args!("Note over P{column}: {}", escape(words)));
            }
            Line::Note { text: words } => {
                line(&mut text, format_args!("Note over N: {}", escape(words)));
            }
        }
    }
    for note in &sketch.notes {
        line(&mut text, format_args!("Note over N: {}", escape(note)));
    }
    text
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "    {line}").expect("a String takes all");
}

/// Writes what could mean something to Mermaid, or to the page around it, as a character code.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | ',' | '.' | '(' | ')' => {
                escaped.push(character);
            }
            character if character.is_control() => escaped.push(' '),
            character => {
                let code = u32::from(character);
                write!(escaped, "#{code};").expect("a String takes all");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::tests::{long_trace, mesh_trace, trace};
    use super::*;

    #[test]
    fn a_trace_is_a_diagram_with_an_arrow_for_each_message() {
        let expected = "sequenceDiagram
    participant P0 as peer 0
    participant P1 as peer 2
    participant N as the network
    P0->>N: 0.500 s#58; 17 solves row 3
    Note over N: 1.000 s#58; peer 1 crashes
    P1->>N: 1.250 s#58; #60;b#62;#34;#35;#59;#38; #39; (does not reach 2)
    Note over P0: 2.000 s#58; misses peer 1
";
        assert_eq!(mermaid(&trace()), expected);
        assert!(mermaid(&mesh_trace()).contains("P1->>P0: 0.002 s"));
    }

    #[test]
    fn a_long_trace_is_cut_and_says_so() {
        let diagram = mermaid(&long_trace());
        assert_eq!(diagram.lines().count(), 1 + 12 + 1 + 200 + 2);
        assert!(diagram.contains("Note over N: 288 more peers are not shown."));
        assert!(diagram.ends_with("more steps follow, which are not shown.\n"), "{diagram}");
    }
}
