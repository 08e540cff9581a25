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

use std::collections::BTreeSet;
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
    /// The peers that were down when it begins.
    pub down_before: Vec<usize>,
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
        /// Whether it matters whom it reaches when, as with votes.
        is_counted: bool,
        /// The peers that it has reached, and those that it should have, besides its sender; the
        /// earliest first.
        arrivals: Vec<Arrival>,
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
    /// A peer stopped, or started again.
    Lives {
        /// The index of the peer.
        peer: usize,
        /// Whether it stopped, and how, or started.
        life: Life,
    },
}

/// A message at the end of its way to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The index of the peer.
    pub peer: usize,
    /// When it arrived, or was lost, since the beginning of the run.
    pub at: Duration,
    /// Whether it was lost: on its way, or since the peer was down.
    pub is_lost: bool,
}

/// The end or the beginning of a peer's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It stopped without a word.
    Crashes,
    /// It left the network.
    Leaves,
    /// It started again, with what was on its disk.
    Restarts,
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
            What::Sent { by, to, text, arrivals, .. } => {
                let by = by.map_or("the broker".to_owned(), |peer| format!("peer {peer}"));
                let to = to.map(|peer| format!(" to peer {peer}")).unwrap_or_default();
                format!("{at:>9.4} s  {by} says{to}: {text}{}", missed_text(arrivals))
            }
            What::Reported { peer, text, .. } => format!("{at:>9.4} s  peer {peer}: {text}"),
            What::Fault(text) => format!("{at:>9.4} s  ** {text} **"),
            What::Lives { peer, life } => format!("{at:>9.4} s  peer {peer} {life}"),
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

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crashes => "is down",
            Self::Leaves => "has left",
            Self::Restarts => "is up again",
        })
    }
}

/// Peers that are named where a message does not reach them; of more, only the number is told.
const NAMED_MAX: usize = 4;

/// Returns which peers a message did not reach, in parentheses, if there are any.
fn missed_text(arrivals: &[Arrival]) -> String {
    let missed: BTreeSet<usize> =
        arrivals.iter().filter(|arrival| arrival.is_lost).map(|arrival| arrival.peer).collect();
    let names: Vec<String> = missed.iter().map(usize::to_string).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!(" (does not reach peer {one})"),
        [most @ .., last] if names.len() <= NAMED_MAX => {
            format!(" (does not reach peers {} and {last})", most.join(", "))
        }
        _ => format!(" (does not reach {} peers)", names.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(millis: u64, peer: usize, is_lost: bool) -> Arrival {
        Arrival { peer, at: Duration::from_millis(millis), is_lost }
    }

    fn step(millis: u64, what: What) -> Step {
        Step { at: Duration::from_millis(millis), what }
    }

    fn sent(at: u64, by: usize, text: &str, arrivals: Vec<Arrival>) -> Step {
        let (by, text) = (Some(by), text.to_owned());
        step(at, What::Sent { by, to: None, text, is_counted: false, arrivals })
    }

    fn trace_of(steps: Vec<Step>) -> Trace {
        Trace { steps, forgotten: false, down_before: Vec::new() }
    }

    pub(super) fn trace() -> Trace {
        let fault = What::Fault("the leader crashes".to_owned());
        let text = "misses peer 1".to_owned();
        let lost = What::Reported { peer: 0, text, is_telling: true };
        let missed = vec![arrival(1250, 0, true), arrival(1251, 1, true)];
        let steps = vec![
            sent(500, 0, "17 solves row 3", vec![arrival(501, 1, false), arrival(502, 2, false)]),
            step(1000, fault),
            sent(1250, 2, "<b>\"#;&\n'", missed),
            step(2000, lost),
        ];
        trace_of(steps)
    }

    /// The leader's vote arrives, it crashes, the next vote does not reach it, and it is back for
    /// the last one. Another peer was down all the time.
    pub(super) fn crash_trace() -> Trace {
        let vote = |at, by, text: &str, arrivals| {
            let (by, text) = (Some(by), text.to_owned());
            step(at, What::Sent { by, to: None, text, is_counted: true, arrivals })
        };
        let lives = |at, life| step(at, What::Lives { peer: 1, life });
        let all = |at, from: usize, is_down: bool| {
            let others = (0..3_usize).filter(move |peer| *peer != from);
            let lost = move |peer| peer == 2 || is_down && peer == 1;
            others.map(move |peer| arrival(at, peer, lost(peer))).collect()
        };
        let steps = vec![
            vote(1000, 1, "yes to 17", all(1010, 1, false)),
            lives(1005, Life::Crashes),
            vote(1020, 0, "yes to 17", all(1030, 0, true)),
            lives(1500, Life::Restarts),
            vote(1600, 0, "yes to 18", all(1610, 0, false)),
        ];
        Trace { down_before: vec![2], ..trace_of(steps) }
    }

    /// Two peers send each other a message, one of them in vain.
    pub(super) fn mesh_trace() -> Trace {
        let sent = |at, by, to, is_lost| {
            let text = "hello".to_owned();
            let arrivals = vec![arrival(at + 1, to, is_lost)];
            let (by, to) = (Some(by), Some(to));
            step(at, What::Sent { by, to, text, is_counted: false, arrivals })
        };
        trace_of(vec![sent(1, 0, 3, false), sent(2, 3, 0, true)])
    }

    /// Three hundred peers who each say a hundred things.
    pub(super) fn long_trace() -> Trace {
        let steps = (0..30_000).map(|index| {
            let peer = usize::try_from(index % 300).expect("a small number");
            sent(index, peer, "something", Vec::new())
        });
        trace_of(steps.collect())
    }

    #[test]
    fn a_trace_reads_as_lines() {
        let expected = "   0.5000 s  peer 0 says: 17 solves row 3
   1.0000 s  ** the leader crashes **
   1.2500 s  peer 2 says: <b>\"#;&\n' (does not reach peers 0 and 1)
   2.0000 s  peer 0: misses peer 1
";
        assert_eq!(trace().to_string(), expected);
        assert_eq!(trace().last_lines(1).count(), 2);
        assert!(mesh_trace().to_string().contains("peer 0 says to peer 3: hello\n"));
        let crash = crash_trace().to_string();
        for line in [
            "   1.0050 s  peer 1 is down\n",
            "   1.0200 s  peer 0 says: yes to 17 (does not reach peers 1 and 2)\n",
            "   1.5000 s  peer 1 is up again\n",
            "   1.6000 s  peer 0 says: yes to 18 (does not reach peer 2)\n",
        ] {
            assert!(crash.contains(line), "{line} is missing:\n{crash}");
        }
        let many: Vec<Arrival> = (0..5).map(|peer| arrival(1, peer, true)).collect();
        assert_eq!(missed_text(&many), " (does not reach 5 peers)");
    }
}
