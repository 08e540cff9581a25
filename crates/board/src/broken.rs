//! What the user of a network in one process has done to it.

use std::collections::BTreeMap;

use althing_feed::{DemoEvent, PeerName};
use althing_text::counted;
use althing_text::terminal::escaped_start as harmless;

use super::text::TEXT_MAX;

/// Faults that are kept, the last ones.
pub const FAULTS_MAX: usize = 64;

/// What the user of a network in one process has done to it, and not undone.
#[derive(Debug, Default)]
pub struct Broken {
    faults: BTreeMap<u64, String>,
    /// Whether its clock stands still, and how fast it goes otherwise; `None` if that was never
    /// changed.
    pub pace: Option<(bool, f64)>,
}

/// What has changed for one peer.
pub(crate) enum Change {
    Crashed,
    Restarted { is_byzantine: bool },
    Frozen(bool),
}

impl Broken {
    /// Takes note of an event.
    pub(crate) fn note(&mut self, event: &DemoEvent) {
        match event {
            DemoEvent::FaultSet { fault, sentence, .. } => {
                self.faults.insert(*fault, harmless(sentence, TEXT_MAX));
                if self.faults.len() > FAULTS_MAX {
                    self.faults.pop_first();
                }
            }
            DemoEvent::FaultCleared { fault } => drop(self.faults.remove(fault)),
            DemoEvent::PaceChanged { paused, speed } => self.pace = Some((*paused, *speed)),
            DemoEvent::PeerCrashed { .. }
            | DemoEvent::PeerRestarted { .. }
            | DemoEvent::PeerFrozen { .. }
            | DemoEvent::PeerThawed { .. } => {}
        }
    }

    /// Returns how many faults there are.
    pub fn len(&self) -> usize {
        self.faults.len()
    }

    /// Returns whether there is no fault.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// Returns whether there are not too many faults, and their texts are at most so long.
    pub(crate) fn is_bounded(&self, text_max: usize) -> bool {
        self.len() <= FAULTS_MAX && self.faults.values().all(|text| text.len() <= text_max)
    }

    /// Returns what goes wrong now, in words: the last fault, and how many there are.
    pub fn sentence(&self) -> Option<String> {
        let (number, last) = self.faults.last_key_value()?;
        Some(match self.faults.len() {
            1 => format!("Fault {number}: {last}"),
            count => format!("{}; fault {number}: {last}", counted(count as u64, "fault")),
        })
    }
}

/// Returns the peer that an event changes, and how.
pub(crate) fn changed(event: &DemoEvent) -> Option<(&PeerName, Change)> {
    Some(match event {
        DemoEvent::PeerCrashed { crashed } => (crashed, Change::Crashed),
        DemoEvent::PeerRestarted { restarted, byzantine } => {
            (restarted, Change::Restarted { is_byzantine: byzantine.is_some() })
        }
        DemoEvent::PeerFrozen { frozen } => (frozen, Change::Frozen(true)),
        DemoEvent::PeerThawed { thawed } => (thawed, Change::Frozen(false)),
        DemoEvent::FaultSet { .. }
        | DemoEvent::FaultCleared { .. }
        | DemoEvent::PaceChanged { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(fault: u64) -> DemoEvent {
        let (kind, sentence) = ("cut".to_owned(), format!("number {fault}"));
        DemoEvent::FaultSet { fault, kind, sentence, seed: None }
    }

    #[test]
    fn the_last_fault_is_told_and_how_many_there_are() {
        let mut broken = Broken::default();
        assert_eq!(broken.sentence(), None);
        broken.note(&set(1));
        assert_eq!(broken.sentence().as_deref(), Some("Fault 1: number 1"));
        broken.note(&set(2));
        assert_eq!(broken.sentence().as_deref(), Some("2 faults; fault 2: number 2"));
        broken.note(&DemoEvent::FaultCleared { fault: 2 });
        assert_eq!(broken.sentence().as_deref(), Some("Fault 1: number 1"));
        (0..1000).for_each(|fault| broken.note(&set(fault)));
        assert_eq!(broken.len(), FAULTS_MAX);
    }
}
