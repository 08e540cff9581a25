//! The content of a sequence diagram, independent of how it is drawn.

use std::collections::BTreeSet;

use super::{Trace, What, missed_text};

/// The content of a sequence diagram: the peers in columns, and a line for each step.
pub(super) struct Sketch {
    /// The peers that have a column, by their index.
    pub(super) columns: Vec<usize>,
    pub(super) lines: Vec<Line>,
    /// Notes on the parts that are left out, in a sentence each.
    pub(super) notes: Vec<String>,
}

/// One line of a diagram.
pub(super) enum Line {
    /// A peer, by its column, sends something: to another one, or to all over the network.
    Arrow { from: usize, to: Option<usize>, text: String },
    /// A peer reports something.
    Mark { column: usize, text: String },
    /// Something happens to all.
    Note { text: String },
}

/// Lines of a diagram; more would not be read.
const LINES_MAX: usize = 200;

/// Peers in a diagram.
const COLUMNS_MAX: usize = 12;

impl Sketch {
    pub(super) fn of(trace: &Trace) -> Self {
        let mut notes = Vec::new();
        if trace.forgotten {
            notes.push("What came before is forgotten.".to_owned());
        }
        let (columns, left_out) = columns(trace);
        if left_out > 0 {
            notes.push(format!("{left_out} more peers are not shown."));
        }
        let mut lines = Vec::new();
        let mut cut = 0;
        for step in &trace.steps {
            let time = format!("{:.3} s", step.at.as_secs_f64());
            let column = |peer: usize| columns.iter().position(|shown| *shown == peer);
            let line = match &step.what {
                What::Sent { by: Some(by), to, text, missed } => {
                    let to = to.map(column);
                    column(*by).filter(|_| to != Some(None)).map(|from| Line::Arrow {
                        from,
                        to: to.flatten(),
                        text: format!("{time}: {text}{}", missed_text(*missed)),
                    })
                }
                What::Sent { by: None, text, .. } => {
                    Some(Line::Note { text: format!("{time}: the broker says: {text}") })
                }
                What::Reported { peer, text, is_telling: true } => column(*peer)
                    .map(|column| Line::Mark { column, text: format!("{time}: {text}") }),
                What::Reported { .. } => None,
                What::Fault(text) => Some(Line::Note { text: format!("{time}: {text}") }),
            };
            match line {
                Some(line) if lines.len() < LINES_MAX => lines.push(line),
                Some(_) => cut += 1,
                None => {}
            }
        }
        if cut > 0 {
            notes.push(format!("{cut} more steps follow, which are not shown."));
        }
        Self { columns, lines, notes }
    }
}

/// Returns the peers that do something in a trace, as far as there is room for them, and how many
/// others do.
fn columns(trace: &Trace) -> (Vec<usize>, usize) {
    let acting = trace.steps.iter().flat_map(|step| match &step.what {
        What::Sent { by, to, .. } => [*by, *to],
        What::Reported { peer, .. } => [Some(*peer), None],
        What::Fault(_) => [None, None],
    });
    let acting: BTreeSet<usize> = acting.flatten().collect();
    let left_out = acting.len().saturating_sub(COLUMNS_MAX);
    (acting.into_iter().take(COLUMNS_MAX).collect(), left_out)
}
