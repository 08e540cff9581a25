//! What peers do, honest and other.

use althing_engine::rounds::{Durable, Event, Input, Output, Sealed};
use rand::RngExt;

use super::Simulation;
use crate::byzantine::Utterance;
use crate::mining::Search;
use crate::network::Audience;
use crate::queue::Happening;
use crate::word::Word;

impl Simulation {
    pub(super) fn handle(&mut self, peer: usize, input: Input) {
        let mut out = std::mem::take(&mut self.outputs);
        let acting = &mut self.peers[peer];
        let (id, life) = (acting.id, acting.life);
        if let Some(engine) = &mut acting.engine {
            engine.handle(acting.clock.show(self.now), input, &mut out);
            if acting.liar.is_none()
                && let Err(violation) = self.checker.check_queues(id, engine)
            {
                self.violation.get_or_insert(violation);
            }
        }
        for output in out.drain(..) {
            // An output may have led to a crash, or to another life, within this loop.
            if self.peers[peer].life != life || self.peers[peer].engine.is_none() {
                continue;
            }
            match &mut self.peers[peer].outputs_left {
                Some(0) => self.break_off(peer, output),
                left => {
                    if let Some(left) = left {
                        *left -= 1;
                    }
                    self.carry_out(peer, output);
                }
            }
        }
        self.outputs = out;
    }

    /// Crashes before an output is carried out; if it is a write, perhaps just after.
    fn break_off(&mut self, peer: usize, output: Output) {
        if let Output::Persist(durable) = output
            && self.faults_rng.random()
        {
            self.write(peer, durable);
        }
        self.crash(peer);
    }

    fn carry_out(&mut self, peer: usize, output: Output) {
        match output {
            Output::Persist(durable) => self.write(peer, durable),
            Output::Broadcast(sealed) => self.say(peer, sealed),
            Output::SetTimer { after, timer } => {
                let life = self.peers[peer].life;
                let after = self.peers[peer].clock.true_time(self.now, after);
                self.schedule(after, Happening::Timer { peer, life, timer });
            }
            Output::Mine { transaction, puzzle, difficulty } => {
                self.mine(peer, Search::new(transaction, puzzle, difficulty));
            }
            Output::CancelMining => {
                self.peers[peer].search = None;
                self.peers[peer].searches += 1;
            }
            Output::Recall { from, count } => {
                let records = self.peers[peer].disk.recall(from, count);
                self.handle(peer, Input::Recalled(records));
            }
            Output::Event(event) => self.tell(peer, event),
        }
    }

    fn write(&mut self, peer: usize, durable: Durable) {
        let writing = &mut self.peers[peer];
        if let Err(violation) = self.checker.check(writing.id, &durable) {
            self.violation.get_or_insert(violation);
        }
        writing.disk.write(durable);
    }

    fn mine(&mut self, peer: usize, search: Search) {
        let mining = &mut self.peers[peer];
        mining.searches += 1;
        mining.search = Some(search);
        let searches = mining.searches;
        if let Some(time) = search.time(self.plan.hashes_per_second, &mut self.mining_rng) {
            self.schedule(time, Happening::Solved { peer, search: searches });
        }
    }

    fn say(&mut self, peer: usize, sealed: Sealed) {
        match &mut self.peers[peer].liar {
            None => self.utter(peer, &sealed, &Audience::Everyone),
            Some(liar) => {
                let said = liar.say(sealed);
                self.utter_all(peer, said);
            }
        }
    }

    /// Has a dishonest peer say what it wants to about what it hears.
    pub(super) fn answer_falsely(&mut self, peer: usize, heard: &Sealed) {
        if let Some(liar) = &mut self.peers[peer].liar {
            let said = liar.hear(heard);
            self.utter_all(peer, said);
        }
    }

    fn utter_all(&mut self, peer: usize, said: Vec<Utterance>) {
        for Utterance { sealed, audience } in said {
            self.utter(peer, &sealed, &audience);
        }
    }

    fn utter(&mut self, peer: usize, sealed: &Sealed, audience: &Audience) {
        for wire in self.dialect.encode(sealed) {
            let word = Word::read(Some(peer), wire, &*self.dialect);
            self.publish(word, audience);
        }
    }

    fn tell(&mut self, peer: usize, event: Event) {
        let id = self.peers[peer].id;
        self.fingerprint.number(self.nanoseconds());
        self.fingerprint.number(peer as u64);
        self.fingerprint.event(&event);
        if let Some(liar) = &mut self.peers[peer].liar {
            return liar.see(&event);
        }
        if let Event::LeaderElected { leader, .. } = &event {
            self.leader = Some(*leader);
        }
        self.counters.see(self.now, id, &event);
        self.history.note_event(self.now, peer, event);
    }
}
