//! Traces as Mermaid diagrams.

use std::fmt::Write;

use super::sketch::{Arrival, Drawn, Line, Sketch, time};
use super::{Life, Trace};

/// Lines that show where messages end; more would not be read.
const ENDS_MAX: usize = 400;

/// Returns a trace as a sequence diagram in Mermaid's language.
///
/// A message is an arrow from its sender to its receiver, or, if it is for all, to the network at
/// the right. Arrows from there show to whom votes come, and a cross ends what is lost. The
/// lifeline of a peer that crashes ends; if it starts again, it gets a new one. Long traces are
/// cut, and say so.
pub fn mermaid(trace: &Trace) -> String {
    let sketch = Sketch::of(trace);
    let mut diagram = Diagram::new(&sketch);
    // Where the others arrive can be seen at the arrows of their sending.
    let mut ends = sketch.arrivals.iter().filter(|end| end.is_counted || end.is_lost).peekable();
    let mut shown = 0;
    for step in &sketch.lines {
        while let Some(end) = ends.next_if(|end| end.at < step.at && shown < ENDS_MAX) {
            diagram.end(end);
            shown += 1;
        }
        diagram.line(step);
    }
    for end in ends.by_ref().take(ENDS_MAX - shown) {
        diagram.end(end);
    }
    let left_out = ends.count();
    let left_out = (left_out > 0).then(|| format!("{left_out} more arrivals are not shown."));
    for note in sketch.notes.iter().chain(&left_out) {
        diagram.add(format_args!("Note over N: {}", escape(note)));
    }
    diagram.text
}

/// A diagram in the making.
struct Diagram<'a> {
    text: String,
    sketch: &'a Sketch,
    /// The names of the participants that stand for the peers in each column now.
    names: Vec<String>,
    /// How often each peer has started again.
    restarts: Vec<usize>,
}

impl<'a> Diagram<'a> {
    fn new(sketch: &'a Sketch) -> Self {
        let mut diagram = Self {
            text: String::from("sequenceDiagram\n"),
            sketch,
            names: (0..sketch.columns.len()).map(|column| format!("P{column}")).collect(),
            restarts: vec![0; sketch.columns.len()],
        };
        for (index, column) in sketch.columns.iter().enumerate() {
            let down = if column.is_up { "" } else { " (down)" };
            diagram.add(format_args!("participant P{index} as peer {}{down}", column.peer));
        }
        diagram.add(format_args!("participant N as the network"));
        diagram
    }

    fn line(&mut self, Line { what, text, .. }: &Line) {
        let text = escape(text);
        let name = |column: usize| self.names[column].clone();
        match *what {
            Drawn::Arrow { from, to, .. } => {
                let to = to.map_or("N".to_owned(), name);
                let from = name(from);
                self.add(format_args!("{from}->>{to}: {text}"));
            }
            Drawn::Mark { column } => {
                let over = name(column);
                self.add(format_args!("Note over {over}: {text}"));
            }
            Drawn::Note => self.add(format_args!("Note over N: {text}")),
            // Mermaid ends a lifeline at the message that follows.
            Drawn::Life { column, life: Life::Crashes | Life::Leaves } => {
                let name = name(column);
                self.add(format_args!("destroy {name}"));
                self.add(format_args!("{name}-xN: {text}"));
            }
            // A participant whose lifeline has ended cannot have another.
            Drawn::Life { column, life: Life::Restarts } => {
                self.restarts[column] += 1;
                let peer = self.sketch.columns[column].peer;
                let name = format!("P{column}r{}", self.restarts[column]);
                self.add(format_args!("create participant {name} as peer {peer} again"));
                self.add(format_args!("N->>{name}: {text}"));
                self.names[column] = name;
            }
        }
    }

    fn end(&mut self, end: &Arrival) {
        let (to, peer) = (&self.names[end.column], self.sketch.columns[end.from].peer);
        let (arrow, verb) = if end.is_lost { ("-x", "misses") } else { ("->>", "hears") };
        let from = match self.sketch.lines[end.line].what {
            Drawn::Arrow { to: Some(_), .. } => &self.names[end.from],
            _ => "N",
        };
        let arrow = format!("{from}{arrow}{to}");
        let words = escape(&format!("{}: {verb} peer {peer}", time(end.at)));
        self.add(format_args!("{arrow}: {words}"));
    }

    fn add(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.text, "    {line}").expect("a String takes all");
    }
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
    use super::super::tests::{crash_trace, long_trace, mesh_trace, trace};
    use super::*;

    #[test]
    fn a_trace_is_a_diagram_with_an_arrow_for_each_message() {
        let expected = "sequenceDiagram
    participant P0 as peer 0
    participant P1 as peer 1
    participant P2 as peer 2
    participant N as the network
    P0->>N: 0.500 s#58; 17 solves row 3
    Note over N: 1.000 s#58; the leader crashes
    P2->>N: 1.250 s#58; #60;b#62;#34;#35;#59;#38; #39; (does not reach peers 0 and 1)
    N-xP0: 1.250 s#58; misses peer 2
    N-xP1: 1.251 s#58; misses peer 2
    Note over P0: 2.000 s#58; misses peer 1
";
        assert_eq!(mermaid(&trace()), expected);
        let mesh = mermaid(&mesh_trace());
        assert!(mesh.contains("P1->>P0: 0.002 s"), "{mesh}");
        assert!(mesh.ends_with("P1-xP0: 0.003 s#58; misses peer 3\n"), "{mesh}");
    }

    #[test]
    fn a_crash_ends_a_lifeline_votes_arrive_and_what_is_lost_ends_in_a_cross() {
        let expected = "sequenceDiagram
    participant P0 as peer 0
    participant P1 as peer 1
    participant P2 as peer 2 (down)
    participant N as the network
    P1->>N: 1.000 s#58; yes to 17 (does not reach peer 2)
    destroy P1
    P1-xN: 1.005 s#58; peer 1 is down
    N->>P0: 1.010 s#58; hears peer 1
    N-xP2: 1.010 s#58; misses peer 1
    P0->>N: 1.020 s#58; yes to 17 (does not reach peers 1 and 2)
    N-xP1: 1.030 s#58; misses peer 0
    N-xP2: 1.030 s#58; misses peer 0
    create participant P1r1 as peer 1 again
    N->>P1r1: 1.500 s#58; peer 1 is up again
    P0->>N: 1.600 s#58; yes to 18 (does not reach peer 2)
    N->>P1r1: 1.610 s#58; hears peer 0
    N-xP2: 1.610 s#58; misses peer 0
";
        assert_eq!(mermaid(&crash_trace()), expected);
    }

    #[test]
    fn a_long_trace_is_cut_and_says_so() {
        let diagram = mermaid(&long_trace());
        assert_eq!(diagram.lines().count(), 1 + 12 + 1 + 200 + 2);
        assert!(diagram.contains("Note over N: 288 more peers are not shown."));
        assert!(diagram.ends_with("more steps follow, which are not shown.\n"), "{diagram}");
    }
}
