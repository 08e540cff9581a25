//! One that watches a simulated network without taking part.

use althing_dialect::{Content, Received};
use althing_engine::rounds::{
    Authenticator, CertifiedRecord, Event, Identity, Input, Output, Past, Recovered, Refusal,
    Rounds, Rules, Seat, Signed, Status,
};
use althing_engine::{Engine, Origin};
use althing_types::{Moment, PeerId};

/// One that watches, and what it has seen.
pub struct Watcher {
    engine: Rounds,
    has_started: bool,
    refusals: Vec<(PeerId, Refusal)>,
    leaders: Vec<PeerId>,
    rows: Vec<CertifiedRecord>,
    said: usize,
}

impl Watcher {
    pub(super) fn new(rules: Rules, authenticator: Box<dyn Authenticator>) -> Self {
        let identity = Identity {
            id: PeerId::new(0),
            seat: Seat::Watcher,
            past: Past::New,
            entropy: [7; 32],
            authenticator,
            solution_cache: None,
        };
        let engine = Rounds::new(rules, identity, Recovered::default());
        let (refusals, leaders, rows) = (Vec::new(), Vec::new(), Vec::new());
        Self { engine, has_started: false, refusals, leaders, rows, said: 0 }
    }

    /// Returns the messages it has refused, each with the peer in whose name it came.
    pub fn refusals(&self) -> &[(PeerId, Refusal)] {
        &self.refusals
    }

    /// Returns the leaders it has seen, one after the other.
    pub fn leaders(&self) -> &[PeerId] {
        &self.leaders
    }

    /// Returns the rows that it has seen decided, in order.
    pub fn rows(&self) -> &[CertifiedRecord] {
        &self.rows
    }

    /// Returns how things stand with it.
    pub fn status(&self) -> Status {
        self.engine.status()
    }

    /// Returns how many messages it has sent.
    pub fn said(&self) -> usize {
        self.said
    }

    pub(super) fn hear(&mut self, now: Moment, received: &Received<Signed>) {
        if !std::mem::replace(&mut self.has_started, true) {
            self.handle(now, Input::Start);
        }
        if let Ok(Content::Message(message)) = &received.content {
            let (from, message) = (Origin::default(), message.clone());
            self.handle(now, Input::Message { from, message });
        }
    }

    fn handle(&mut self, now: Moment, input: Input) {
        let mut out = Vec::new();
        self.engine.handle(now, input, &mut out);
        for output in out {
            match output {
                Output::Event(Event::MessageRefused { claimed, reason }) => {
                    self.refusals.push((claimed, reason));
                }
                Output::Event(Event::LeaderElected { leader, .. }) => self.leaders.push(leader),
                Output::Event(Event::RoundDecided(row)) => self.rows.push(row),
                Output::Send { .. } => self.said += 1,
                _ => {}
            }
        }
    }
}
