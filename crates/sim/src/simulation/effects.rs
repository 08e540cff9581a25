//! The effects of a peer on the network.

use althing_engine::{Engine, Gap, Input, Output, Recipient, SearchId};
use althing_faults::{Byzantine, Sending};
use althing_types::Channel;
use rand::RngExt;

use super::Simulation;
use crate::host::{CrashAt, Effect};
use crate::mining;
use crate::network::Receivers;
use crate::packet::Packet;
use crate::queue::Scheduled;
use crate::simulated::{Checker, DurableOf, EventOf, MessageOf, Simulated};
use crate::stuck::Reason;
use crate::trace::Life;

impl<N: Simulated> Simulation<N> {
    pub(super) fn handle(&mut self, peer: usize, input: Input<N::Engine>) {
        if !self.peers[peer].host.is_up() {
            return;
        }
        let mut effects = std::mem::take(&mut self.effects);
        let result = self.let_host_handle(peer, input, &mut effects);
        if self.peers[peer].is_honest() {
            self.check_host(peer, result);
        }
        for effect in effects.drain(..) {
            self.apply_effect(peer, effect);
        }
        self.effects = effects;
    }

    /// Has the host of a peer handle an input, in the middle of which it may crash.
    // An input is large, and there is one for each delivery: it is not copied from call to call.
    #[inline(always)]
    fn let_host_handle(
        &mut self,
        peer: usize,
        input: Input<N::Engine>,
        effects: &mut Vec<Effect<N::Engine>>,
    ) -> Result<(), Gap> {
        let Self { peers, faults_rng, now, .. } = self;
        let acting = &mut peers[peer];
        let clock = acting.clock.show(*now);
        let outputs_left = &mut acting.outputs_left;
        acting.host.handle_until(clock, input, effects, |output| {
            let left = outputs_left.as_mut()?;
            let is_last = *left == 0;
            *left = left.saturating_sub(1);
            let is_write = matches!(output, Output::Persist(_));
            is_last.then(|| match is_write && faults_rng.random() {
                true => CrashAt::After,
                false => CrashAt::Before,
            })
        })
    }

    fn check_host(&mut self, peer: usize, result: Result<(), Gap>) {
        if let Err(gap) = result {
            self.fail(Reason::Gap { peer, gap });
        }
        let Some(engine) = self.engine(peer) else { return };
        let mut overflow = None;
        engine.visit_queues(|queue| {
            if queue.len > queue.max {
                overflow = Some(queue);
            }
        });
        if let Some(queue) = overflow {
            self.fail(Reason::Overflow { peer, queue });
        }
    }

    fn apply_effect(&mut self, peer: usize, effect: Effect<N::Engine>) {
        match effect {
            Effect::Written(durable) => self.check_write(peer, &durable),
            Effect::Sent { to, message } => self.send(peer, to, message),
            Effect::TimerSet { after, timer } => {
                let life = self.peers[peer].life;
                let after = self.peers[peer].clock.true_time(self.now, after);
                self.schedule(after, Scheduled::Timer { peer, life, timer });
            }
            Effect::SearchStarted { id, work } => self.search(peer, id, &work),
            Effect::SearchCancelled => {}
            Effect::Event(event) => self.note(peer, event),
            Effect::Left => {
                self.history.note_life(self.now, peer, Life::Leaves);
                self.stop(peer);
                self.peers[peer].left = true;
            }
            Effect::Crashed => {
                self.history.note_life(self.now, peer, Life::Crashes);
                self.await_last_will(peer);
                self.stop(peer);
            }
        }
    }

    fn check_write(&mut self, peer: usize, durable: &DurableOf<N>) {
        let Self { peers, checker, .. } = self;
        let verdict = checker.check_write(peer, durable, peers[peer].host.engine());
        self.judge(verdict);
    }

    fn search(&mut self, peer: usize, search: SearchId, work: &<N::Engine as Engine>::Work) {
        let rate = self.plan.hashes_per_second;
        let hashes = self.kind.expected_hashes(work);
        let time = hashes.and_then(|hashes| mining::time(hashes, rate, &mut self.mining_rng));
        if let Some(time) = time {
            let life = self.peers[peer].life;
            self.schedule(time, Scheduled::Solved { peer, life, search });
        }
    }

    fn send(&mut self, peer: usize, to: Recipient, message: MessageOf<N>) {
        match &mut self.peers[peer].byzantine {
            None => self.encode(peer, &Sending { message, to, only: None }),
            Some(byzantine) => {
                let sent = byzantine.send(to, message);
                sent.iter().for_each(|sending| self.encode(peer, sending));
            }
        }
    }

    /// Has a dishonest peer send its reaction to a message that it receives.
    pub(super) fn answer_falsely(&mut self, peer: usize, message: &MessageOf<N>) {
        if let Some(byzantine) = &mut self.peers[peer].byzantine {
            let sent = byzantine.receive(message);
            sent.iter().for_each(|sending| self.encode(peer, sending));
        }
    }

    fn encode(&mut self, peer: usize, sending: &Sending<MessageOf<N>>) {
        for wire in self.kind.codec(peer).encode(&sending.to, &sending.message) {
            self.kind.overhear(self.now, &wire);
            let receivers = match (&wire.to, &sending.only) {
                (Channel::Topic(_), None) => Receivers::Everyone,
                (Channel::Topic(_), Some(only)) => Receivers::Some(only.clone()),
                (Channel::Address(to), _) => {
                    Receivers::Some(self.kind.peer_at(to).into_iter().collect())
                }
            };
            let source = match &wire.to {
                Channel::Topic(_) => None,
                Channel::Address(_) => self.kind.address(peer).cloned().map(Channel::Address),
            };
            self.publish(Packet::new(Some(peer), source, wire), &receivers);
        }
    }

    fn note(&mut self, peer: usize, event: EventOf<N>) {
        self.fingerprint.number(self.nanoseconds());
        self.fingerprint.number(peer as u64);
        N::mix(&event, &mut self.fingerprint);
        if let Some(byzantine) = &mut self.peers[peer].byzantine {
            return byzantine.observe(&event);
        }
        let verdict = self.checker.observe(peer, &event);
        self.judge(verdict);
        self.kind.note(self.now, peer, &event, &mut self.counters);
        self.history.note_event(self.now, peer, event);
    }
}
