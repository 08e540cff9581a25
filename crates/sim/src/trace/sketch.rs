//! The content of a sequence diagram, independent of how it is drawn.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Life, Trace, What, missed_text};

/// The content of a sequence diagram: the peers in columns, a line for each step, and where each
/// message ends.
pub(super) struct Sketch {
    /// The peers that have a column, by their index.
    pub(super) columns: Vec<Column>,
    pub(super) lines: Vec<Line>,
    /// Where the messages of the lines have arrived or were lost; the earliest first.
    pub(super) arrivals: Vec<Arrival>,
    /// Notes on the parts that are left out, in a sentence each.
    pub(super) notes: Vec<String>,
}

/// A peer in a diagram.
pub(super) struct Column {
    /// The peer, by its index.
    pub(super) peer: usize,
    /// Whether it is up at the top of the diagram.
    pub(super) is_up: bool,
}

/// One line of a diagram.
pub(super) struct Line {
    /// When it happens, since the beginning of the run.
    pub(super) at: Duration,
    pub(super) what: Drawn,
    pub(super) text: String,
}

/// What a line shows besides its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drawn {
    /// A peer, by its column, sends something: to another one, or to all over the network.
    Arrow { from: usize, to: Option<usize>, is_counted: bool },
    /// A peer reports something.
    Mark { column: usize },
    /// A peer stops, or starts again.
    Life { column: usize, life: Life },
    /// Something happens to all.
    Note,
}

/// The end of a message's way to a peer that has a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) at: Duration,
    /// The line that shows its sending.
    pub(super) line: usize,
    /// The column of its sender.
    pub(super) from: usize,
    pub(super) column: usize,
    pub(super) is_lost: bool,
    /// Whether it matters that it has arrived.
    pub(super) is_counted: bool,
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
        let mut sketch = Self { columns, lines: Vec::new(), arrivals: Vec::new(), notes };
        let mut cut = 0;
        for step in &trace.steps {
            let Some((what, words)) = sketch.line(&step.what) else { continue };
            if sketch.lines.len() >= LINES_MAX {
                cut += 1;
                continue;
            }
            sketch.add_arrivals(&step.what);
            let text = format!("{}: {words}", time(step.at));
            sketch.lines.push(Line { at: step.at, what, text });
        }
        sketch.arrivals.sort_by_key(|arrival| (arrival.at, arrival.line));
        if cut > 0 {
            sketch.notes.push(format!("{cut} more steps follow, which are not shown."));
        }
        sketch
    }

    /// Returns what a step shows, and its words; nothing if it has no line.
    fn line(&self, what: &What) -> Option<(Drawn, String)> {
        match what {
            What::Sent { by: Some(by), to, text, is_counted, arrivals } => {
                let (from, is_counted) = (self.column(*by)?, *is_counted);
                let to = match to {
                    Some(to) => Some(self.column(*to)?),
                    None => None,
                };
                let text = format!("{text}{}", missed_text(arrivals));
                Some((Drawn::Arrow { from, to, is_counted }, text))
            }
            What::Sent { by: None, text, .. } => {
                Some((Drawn::Note, format!("the broker says: {text}")))
            }
            What::Reported { peer, text, is_telling: true } => {
                Some((Drawn::Mark { column: self.column(*peer)? }, text.clone()))
            }
            What::Reported { .. } => None,
            What::Lives { peer, life } => {
                let drawn = Drawn::Life { column: self.column(*peer)?, life: *life };
                Some((drawn, format!("peer {peer} {life}")))
            }
            What::Fault(text) => Some((Drawn::Note, text.clone())),
        }
    }

    /// Adds where the message of the next line ends.
    fn add_arrivals(&mut self, what: &What) {
        let What::Sent { by: Some(by), arrivals, is_counted, .. } = what else { return };
        let (line, Some(from)) = (self.lines.len(), self.column(*by)) else { return };
        for arrival in arrivals {
            if let Some(column) = self.column(arrival.peer) {
                let super::Arrival { at, is_lost, .. } = *arrival;
                let is_counted = *is_counted;
                self.arrivals.push(Arrival { at, line, from, column, is_lost, is_counted });
            }
        }
    }

    fn column(&self, peer: usize) -> Option<usize> {
        self.columns.iter().position(|column| column.peer == peer)
    }
}

/// Returns a time as it stands before a line's words.
pub(super) fn time(at: Duration) -> String {
    format!("{:.3} s", at.as_secs_f64())
}

/// Returns the peers to show, as far as there is room: those that do something in a trace, and
/// then those that something reaches. Also returns how many others do something.
fn columns(trace: &Trace) -> (Vec<Column>, usize) {
    let acting = trace.steps.iter().flat_map(|step| match &step.what {
        What::Sent { by, to, .. } => [*by, *to],
        What::Reported { peer, .. } | What::Lives { peer, .. } => [Some(*peer), None],
        What::Fault(_) => [None, None],
    });
    let acting: BTreeSet<usize> = acting.flatten().collect();
    let left_out = acting.len().saturating_sub(COLUMNS_MAX);
    let hearing = trace.steps.iter().flat_map(|step| match &step.what {
        What::Sent { by: Some(_), arrivals, .. } => arrivals.as_slice(),
        _ => &[],
    });
    let hearing: BTreeSet<usize> =
        hearing.map(|arrival| arrival.peer).filter(|peer| !acting.contains(peer)).collect();
    let shown: BTreeSet<usize> = acting.into_iter().chain(hearing).take(COLUMNS_MAX).collect();
    let is_up = |peer: usize| !trace.down_before.contains(&peer);
    (shown.into_iter().map(|peer| Column { peer, is_up: is_up(peer) }).collect(), left_out)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{crash_trace, mesh_trace};
    use super::*;

    #[test]
    fn each_message_ends_at_each_peer_and_shows_whether_it_is_lost() {
        let sketch = Sketch::of(&crash_trace());
        let ups: Vec<bool> = sketch.columns.iter().map(|column| column.is_up).collect();
        assert_eq!(ups, [true, true, false]);
        let ends: Vec<(usize, usize, bool)> =
            sketch.arrivals.iter().map(|it| (it.line, it.column, it.is_lost)).collect();
        let expected = [(0, 0, false), (0, 2, true), (2, 1, true), (2, 2, true)];
        assert_eq!(ends[..4], expected);
        assert_eq!(ends[4..], [(4, 1, false), (4, 2, true)]);
        assert!(sketch.arrivals.iter().all(|arrival| arrival.is_counted));
        assert_eq!(sketch.lines[1].what, Drawn::Life { column: 1, life: Life::Crashes });
    }

    #[test]
    fn a_message_to_one_peer_ends_there() {
        let sketch = Sketch::of(&mesh_trace());
        let ends: Vec<(usize, usize, bool)> =
            sketch.arrivals.iter().map(|it| (it.from, it.column, it.is_lost)).collect();
        assert_eq!(ends, [(0, 1, false), (1, 0, true)]);
    }
}
