//! What happened, for people: as lines, and as sequence diagrams.

mod history;
mod mermaid;
mod sketch;
mod svg;
mod words;

use std::fmt;
use std::time::Duration;

use althing_engine::rounds::Event;
use althing_types::PeerId;

pub(crate) use self::history::History;
pub use self::mermaid::mermaid;
pub use self::svg::svg;

use crate::fault::Fault;

/// Part of a run: what was said, what peers saw, what went wrong, in order.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The peers, by their index.
    pub peers: Vec<PeerId>,
    /// What happened.
    pub scenes: Vec<Scene>,
    /// Whether more has happened in this time than was kept; the earliest is missing then.
    pub forgotten: bool,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// When, since the beginning of the run.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What happened in a scene.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Something was said to all.
    Said {
        /// By which peer; `None` if by the broker.
        by: Option<usize>,
        /// In a few words.
        words: String,
        /// How many peers it did not reach.
        missed: usize,
    },
    /// A peer saw something.
    Saw {
        /// Which peer.
        peer: usize,
        /// What.
        event: Box<Event>,
    },
    /// Something went wrong, or right again.
    Befell(Fault),
}

impl Trace {
    /// Returns the last `lines_max` scenes as lines, after one that says how many came before.
    pub(crate) fn last_lines(&self, lines_max: usize) -> impl Iterator<Item = String> + '_ {
        let cut = self.scenes.len().saturating_sub(lines_max);
        let before = (cut > 0).then(|| format!("({cut} scenes before these are left out)"));
        let lines = self.scenes[cut..].iter().map(|scene| self.line(scene));
        before.into_iter().chain(lines)
    }

    /// Returns a scene as a line.
    pub fn line(&self, scene: &Scene) -> String {
        let at = scene.at.as_secs_f64();
        match &scene.what {
            What::Said { by, words, missed } => {
                let by = by.map_or("the broker".to_owned(), |peer| format!("peer {peer}"));
                format!("{at:>9.4} s  {by} says: {words}{}", missed_words(*missed))
            }
            What::Saw { peer, event } => {
                format!("{at:>9.4} s  peer {peer}: {}", words::of_event(event, &self.peers))
            }
            What::Befell(fault) => format!("{at:>9.4} s  ** {fault} **"),
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.forgotten {
            writeln!(f, "(what came before is forgotten)")?;
        }
        self.scenes.iter().try_for_each(|scene| writeln!(f, "{}", self.line(scene)))
    }
}

fn missed_words(missed: usize) -> String {
    match missed {
        0 => String::new(),
        missed => format!(" (does not reach {missed})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(at: u64, by: usize, words: &str, missed: usize) -> Scene {
        let what = What::Said { by: Some(by), words: words.to_owned(), missed };
        Scene { at: Duration::from_millis(at), what }
    }

    pub(super) fn trace() -> Trace {
        let peers = (1..=3).map(PeerId::new).collect();
        let lost = Box::new(Event::PeerLost { peer: PeerId::new(2) });
        let what = What::Saw { peer: 0, event: lost };
        let scenes = vec![
            said(500, 0, "17 solves row 3", 0),
            Scene { at: Duration::from_secs(1), what: What::Befell(Fault::Crash(1.into())) },
            said(1250, 2, "<b>\"#;&\n'", 2),
            Scene { at: Duration::from_secs(2), what },
        ];
        Trace { peers, scenes, forgotten: false }
    }

    /// Three hundred peers who each say a hundred things.
    pub(super) fn long_trace() -> Trace {
        let peers = (0..300).map(PeerId::new).collect();
        let scenes = (0..30_000).map(|index| {
            let peer = usize::try_from(index % 300).expect("a small number");
            said(index, peer, "something", 0)
        });
        Trace { peers, scenes: scenes.collect(), forgotten: false }
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
    }
}
