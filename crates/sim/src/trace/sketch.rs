use std::collections::BTreeSet;

use super::{Trace, What, missed_words, words};
use althing_engine::rounds::Event;

/// What a sequence diagram of a trace shows: the peers in columns, and a line for each scene.
pub(super) struct Sketch {
    /// The peers that have a column, by their index.
    pub(super) columns: Vec<usize>,
    pub(super) steps: Vec<Step>,
    /// What is left out, in a sentence each.
    pub(super) notes: Vec<String>,
}

/// One line of a diagram.
pub(super) enum Step {
    /// A peer, by its column, says something to all.
    Says { column: usize, text: String },
    /// A peer sees something.
    Sees { column: usize, text: String },
    /// Something happens to all.
    Befalls { text: String },
}

/// Lines of a diagram; more would not be read.
const STEPS_MAX: usize = 200;

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
        let mut steps = Vec::new();
        let mut cut = 0;
        for scene in &trace.scenes {
            let time = format!("{:.3} s", scene.at.as_secs_f64());
            let column = |peer: usize| columns.iter().position(|shown| *shown == peer);
            let step = match &scene.what {
                What::Said { by: Some(peer), words, missed } => column(*peer).map(|column| {
                    Step::Says { column, text: format!("{time}: {words}{}", missed_words(*missed)) }
                }),
                What::Said { by: None, words, .. } => {
                    Some(Step::Befalls { text: format!("{time}: the broker says: {words}") })
                }
                What::Saw { peer, event } if is_telling(event) => {
                    column(*peer).map(|column| Step::Sees {
                        column,
                        text: format!("{time}: {}", words::of_event(event, &trace.peers)),
                    })
                }
                What::Saw { .. } => None,
                What::Befell(fault) => Some(Step::Befalls { text: format!("{time}: {fault}") }),
            };
            match step {
                Some(step) if steps.len() < STEPS_MAX => steps.push(step),
                Some(_) => cut += 1,
                None => {}
            }
        }
        if cut > 0 {
            notes.push(format!("{cut} more steps follow, which are not shown."));
        }
        Self { columns, steps, notes }
    }
}

/// Returns whether an event says more than the messages around it do.
fn is_telling(event: &Event) -> bool {
    !matches!(
        event,
        Event::PeerJoined { .. }
            | Event::ChallengeIssued { .. }
            | Event::SolutionFound { .. }
            | Event::VoteCast { .. }
    )
}

/// Returns the peers that do something in a trace, as far as there is room for them, and how many
/// others do.
fn columns(trace: &Trace) -> (Vec<usize>, usize) {
    let acting: BTreeSet<usize> = trace
        .scenes
        .iter()
        .filter_map(|scene| match &scene.what {
            What::Said { by, .. } => *by,
            What::Saw { peer, .. } => Some(*peer),
            What::Befell(_) => None,
        })
        .collect();
    let left_out = acting.len().saturating_sub(COLUMNS_MAX);
    (acting.into_iter().take(COLUMNS_MAX).collect(), left_out)
}
