//! Traces for people: as lines, and as sequence diagrams.
//!
//! | file | question |
//! | --- | --- |
//! | `history` | what is remembered of a run? |
//! | `sketch` | what does a diagram show? |
//! | `mermaid`, `svg` | how is it drawn? |
//! | this one | how does it read as lines? |

mod history;
mod mermaid;
mod sketch;
mod svg;

use std::fmt;
use std::time::Duration;

pub(crate) use self::history::History;
pub use self::mermaid::mermaid;
pub use self::svg::svg;

/// Part of a run: messages, events of peers and faults, in order.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The steps, in the order of their times.
    pub steps: Vec<Step>,
    /// Whether more has happened in this time than was kept; the earliest is missing then.
    pub forgotten: bool,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When, since the beginning of the run.
    pub at: Duration,
    /// The message, the event, or the fault.
    pub what: What,
}

/// The content of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A message was sent.
    Sent {
        /// By which peer; `None` if by the broker.
        by: Option<usize>,
        /// To which peer; `None` if to all.
        to: Option<usize>,
        /// The message in a few words.
        text: String,
        /// How many peers it did not reach.
        missed: usize,
    },
    /// A peer reported something.
    Reported {
        /// The index of the peer.
        peer: usize,
        /// The event in a few words.
        text: String,
        /// Whether it says more than the messages around it do.
        is_telling: bool,
    },
    /// A fault began or ended.
    Fault(String),
}

impl Trace {
    /// Returns the last `lines_max` steps as lines, after one that says how many came before.
    pub(crate) fn last_lines(&self, lines_max: usize) -> impl Iterator<Item = String> + '_ {
        let cut = self.steps.len().saturating_sub(lines_max);
        let before = (cut > 0).then(|| format!("({cut} steps before these are left out)"));
        let lines = self.steps[cut..].iter().map(Step::line);
        before.into_iter().chain(lines)
    }
}

impl Step {
    /// Returns the step as a line.
    pub fn line(&self) -> String {
        let at = self.at.as_secs_f64();
        match &self.what {
            What::Sent { by, to, text, missed } => {
                let by = by.map_or("the broker".to_owned(), |peer| format!("peer {peer}"));
                let to = to.map(|peer| format!(" to peer {peer}")).unwrap_or_default();
                format!("{at:>9.4} s  {by} says{to}: {text}{}", missed_text(*missed))
            }
            What::Reported { peer, text, .. } => format!("{at:>9.4} s  peer {peer}: {text}"),
            What::Fault(text) => format!("{at:>9.4} s  ** {text} **"),
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.forgotten {
            writeln!(f, "(what came before is forgotten)")?;
        }
        self.steps.iter().try_for_each(|step| writeln!(f, "{}", step.line()))
    }
}

fn missed_text(missed: usize) -> String {
    match missed {
        0 => String::new(),
        missed => format!(" (does not reach {missed})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(at: u64, by: usize, text: &str, missed: usize) -> Step {
        let what = What::Sent { by: Some(by), to: None, text: text.to_owned(), missed };
        Step { at: Duration::from_millis(at), what }
    }

    pub(super) fn trace() -> Trace {
        let fault = What::Fault("peer 1 crashes".to_owned());
        let text = "misses peer 1".to_owned();
        let lost = What::Reported { peer: 0, text, is_telling: true };
        let steps = vec![
            sent(500, 0, "17 solves row 3", 0),
            Step { at: Duration::from_secs(1), what: fault },
            sent(1250, 2, "<b>\"#;&\n'", 2),
            Step { at: Duration::from_secs(2), what: lost },
        ];
        Trace { steps, forgotten: false }
    }

    /// Two peers send each other a message, one of them in vain.
    pub(super) fn mesh_trace() -> Trace {
        let sent = |at, by, to, missed| {
            let what = What::Sent { by: Some(by), to: Some(to), text: "hello".to_owned(), missed };
            Step { at: Duration::from_millis(at), what }
        };
        Trace { steps: vec![sent(1, 0, 3, 0), sent(2, 3, 0, 1)], forgotten: false }
    }

    /// Three hundred peers who each say a hundred things.
    pub(super) fn long_trace() -> Trace {
        let steps = (0..30_000).map(|index| {
            let peer = usize::try_from(index % 300).expect("a small number");
            sent(index, peer, "something", 0)
        });
        Trace { steps: steps.collect(), forgotten: false }
    }

    #[test]
    fn a_trace_reads_as_lines() {
        let expected = "   0.5000 s  peer 0 says: 17 solves row 3
   1.0000 s  ** peer 1 crashes **
   1.2500 s  peer 2 says: <b>\"#;&\n' (does not reach 2)
   2.0000 s  peer 0: misses peer 1
";
        assert_eq!(trace().to_string(), expected);
        assert_eq!(trace().last_lines(1).count(), 2);
        assert!(mesh_trace().to_string().contains("peer 0 says to peer 3: hello\n"));
    }
}
