use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use althing_engine::rounds::Event;
use althing_types::{Moment, PeerId};

use super::words;
use super::{Scene, Trace, What};
use crate::fault::Fault;
use crate::word::Word;

/// The latest of what has happened: of words, events and faults each so many.
#[derive(Debug)]
pub(crate) struct History {
    kept_max: usize,
    noted: u64,
    words: VecDeque<Noted<(Arc<Word>, usize)>>,
    events: VecDeque<Noted<(usize, Event)>>,
    faults: VecDeque<Noted<Fault>>,
    /// The latest moment of which something is forgotten.
    forgotten: Option<Moment>,
}

#[derive(Debug)]
struct Noted<T> {
    order: u64,
    at: Moment,
    what: T,
}

impl History {
    pub(crate) fn new(kept_max: usize) -> Self {
        Self {
            kept_max,
            noted: 0,
            words: VecDeque::new(),
            events: VecDeque::new(),
            faults: VecDeque::new(),
            forgotten: None,
        }
    }

    pub(crate) fn note_word(&mut self, at: Moment, word: Arc<Word>, missed: usize) {
        let order = self.next();
        let noted = Noted { order, at, what: (word, missed) };
        push(&mut self.words, noted, self.kept_max, &mut self.forgotten);
    }

    pub(crate) fn note_event(&mut self, at: Moment, peer: usize, event: Event) {
        let order = self.next();
        let noted = Noted { order, at, what: (peer, event) };
        push(&mut self.events, noted, self.kept_max, &mut self.forgotten);
    }

    pub(crate) fn note_fault(&mut self, at: Moment, fault: &Fault) {
        let order = self.next();
        let noted = Noted { order, at, what: fault.clone() };
        push(&mut self.faults, noted, self.kept_max, &mut self.forgotten);
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = (Moment, usize, &Event)> {
        self.events.iter().map(|noted| (noted.at, noted.what.0, &noted.what.1))
    }

    pub(crate) fn trace(&self, peers: Vec<PeerId>, times: Range<Duration>) -> Trace {
        let within = |at: Moment| times.contains(&at.since_start());
        let mut scenes = Vec::new();
        for noted in self.words.iter().filter(|noted| within(noted.at)) {
            let (word, missed) = &noted.what;
            let words = words::of_word(word, &peers);
            scenes.push(noted.scene(What::Said { by: word.from, words, missed: *missed }));
        }
        for noted in self.events.iter().filter(|noted| within(noted.at)) {
            let (peer, event) = noted.what.clone();
            scenes.push(noted.scene(What::Saw { peer, event: Box::new(event) }));
        }
        for noted in self.faults.iter().filter(|noted| within(noted.at)) {
            scenes.push(noted.scene(What::Befell(noted.what.clone())));
        }
        scenes.sort_by_key(|(order, _)| *order);
        let scenes = scenes.into_iter().map(|(_, scene)| scene).collect();
        let forgotten = self.forgotten.is_some_and(|at| at.since_start() >= times.start);
        Trace { peers, scenes, forgotten }
    }

    fn next(&mut self) -> u64 {
        self.noted += 1;
        self.noted
    }
}

impl<T> Noted<T> {
    fn scene(&self, what: What) -> (u64, Scene) {
        (self.order, Scene { at: self.at.since_start(), what })
    }
}

fn push<T>(
    kept: &mut VecDeque<Noted<T>>,
    noted: Noted<T>,
    kept_max: usize,
    forgotten: &mut Option<Moment>,
) {
    kept.push_back(noted);
    if kept.len() > kept_max {
        let first = kept.pop_front();
        *forgotten = first.map(|first| first.at).max(*forgotten);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_is_kept_and_in_order() {
        let at = |seconds| Moment::from_start(Duration::from_secs(seconds));
        let mut history = History::new(2);
        let lost = |peer| Event::PeerLost { peer: PeerId::new(peer) };
        history.note_event(at(1), 0, lost(1));
        history.note_event(at(2), 0, lost(2));
        history.note_fault(at(2), &Fault::Heal);
        history.note_event(at(2), 1, lost(3));
        let trace = |from| history.trace(Vec::new(), Duration::from_secs(from)..Duration::MAX);
        assert!(trace(0).forgotten);
        assert!(!trace(2).forgotten);
        let saw = |peer, lost| What::Saw { peer, event: Box::new(lost) };
        let whats: Vec<What> = trace(0).scenes.into_iter().map(|scene| scene.what).collect();
        assert_eq!(whats, [saw(0, lost(2)), What::Befell(Fault::Heal), saw(1, lost(3))]);
    }
}
