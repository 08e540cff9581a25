//! What happens to peers.

use std::sync::Arc;

use althing_dialect::Received;
use althing_engine::rounds::Input;

use super::Simulation;
use crate::network::Audience;
use crate::peer::{Matter, WAITING_MAX};
use crate::queue::Happening;
use crate::stuck::{Reason, Stuck};
use crate::word::Word;

impl Simulation {
    pub(super) fn step(&mut self) -> Result<(), Stuck> {
        let Some((at, happening)) = self.queue.pop() else {
            return Err(self.stuck(Reason::Over));
        };
        self.now = at.max(self.now);
        self.happen(happening);
        match self.violation.take() {
            Some(violation) => Err(self.stuck(violation.into())),
            None => Ok(()),
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Start { peer } => self.start(peer),
            Happening::Deliver { to, word, epoch } => {
                if self.network.remembers(epoch) {
                    self.deliver(to, word);
                }
            }
            Happening::Timer { peer, life, timer } => {
                if self.peers[peer].life == life {
                    self.befall(peer, Matter::Timer(timer));
                }
            }
            Happening::Solved { peer, search } => self.befall(peer, Matter::Solved { search }),
            Happening::Wake { peer, life } => self.wake(peer, life),
            Happening::Will { peer, life } => self.say_will(peer, life),
            Happening::BrokerUp { epoch, wills } => self.bring_broker_up(epoch, wills),
            Happening::Flap { flapping } => {
                if let Some(every) = self.network.turn_flap(flapping) {
                    self.counters.disturb(self.now);
                    self.schedule(every, Happening::Flap { flapping });
                }
            }
            Happening::Fault(fault) => self.apply(&fault),
        }
    }

    fn start(&mut self, peer: usize) {
        let Self { peers, checker, dialect, signers, peers_rng, now, .. } = self;
        let starting = &mut peers[peer];
        if !starting.wanted || starting.engine.is_some() {
            return;
        }
        if let Err(violation) = checker.check_start(starting.id, &starting.disk) {
            self.violation.get_or_insert(violation);
        }
        starting.start(*now, &**dialect, signers, peers_rng);
        self.handle(peer, Input::Start);
    }

    fn deliver(&mut self, to: usize, word: Arc<Word>) {
        if self.peers[to].engine.is_none() {
            self.counters.missed += 1;
            return;
        }
        self.counters.delivered += 1;
        self.fingerprint.number(self.nanoseconds());
        self.fingerprint.number(word.fingerprint ^ to as u64);
        self.befall(to, Matter::Word(word));
    }

    /// Has something happen to a peer: now, or once it has time.
    fn befall(&mut self, peer: usize, matter: Matter) {
        if self.peers[peer].has_time(self.now) {
            return self.take_up(peer, matter);
        }
        let waiting = &mut self.peers[peer];
        if waiting.engine.is_none() || waiting.waiting.len() >= WAITING_MAX {
            self.counters.missed += u64::from(matches!(matter, Matter::Word(_)));
            return;
        }
        waiting.waiting.push_back(matter);
        if waiting.waiting.len() == 1 && !waiting.paused {
            self.wake_later(peer);
        }
    }

    fn wake_later(&mut self, peer: usize) {
        let (life, until) = (self.peers[peer].life, self.peers[peer].busy_until);
        self.schedule(until - self.now, Happening::Wake { peer, life });
    }

    /// Has a peer handle the next thing that waits.
    fn wake(&mut self, peer: usize, life: u32) {
        let waking = &mut self.peers[peer];
        if waking.life != life || waking.paused || waking.busy_until > self.now {
            return;
        }
        if let Some(matter) = waking.waiting.pop_front() {
            self.take_up(peer, matter);
            if !self.peers[peer].waiting.is_empty() {
                self.wake_later(peer);
            }
        }
    }

    /// Has a peer go on after a pause: what waited happens at once, and to a slow one bit by bit.
    pub(super) fn go_on(&mut self, peer: usize) {
        if std::mem::replace(&mut self.peers[peer].paused, false)
            && !self.peers[peer].waiting.is_empty()
        {
            self.wake_later(peer);
        }
    }

    fn take_up(&mut self, peer: usize, matter: Matter) {
        let busy_until = self.now + self.peers[peer].per_input;
        self.peers[peer].busy_until = busy_until;
        match matter {
            Matter::Timer(timer) => self.handle(peer, Input::Timer(timer)),
            Matter::Word(word) => self.hear(peer, &word),
            Matter::Solved { search } => {
                let mut found = None;
                if let Some(searching) = &self.peers[peer].search
                    && self.peers[peer].searches == search
                {
                    let transaction = searching.transaction;
                    let seed = searching.solution(&mut self.mining_rng);
                    found = seed.map(|seed| Input::Solved { transaction, seed });
                }
                if let Some(input) = found {
                    self.handle(peer, input);
                }
            }
        }
    }

    fn hear(&mut self, peer: usize, word: &Word) {
        match &word.received {
            Ok(Received::Message(sealed)) => {
                self.answer_falsely(peer, sealed);
                self.handle(peer, Input::Message(sealed.clone()));
            }
            Ok(Received::Lost(lost)) => self.handle(peer, Input::Lost(*lost)),
            Ok(Received::Nothing) => {}
            Err(_) => self.counters.refused += 1,
        }
    }

    fn say_will(&mut self, peer: usize, life: u32) {
        let gone = &self.peers[peer];
        if gone.life == life
            && gone.engine.is_none()
            && let Some(wire) = self.dialect.last_will(gone.id)
        {
            let word = Word::read(None, wire, &*self.dialect);
            self.publish(word, &Audience::Everyone);
        }
    }

    pub(super) fn nanoseconds(&self) -> u64 {
        u64::try_from(self.now.since_start().as_nanos()).unwrap_or(u64::MAX)
    }
}
