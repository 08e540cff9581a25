//! The next step of a run: what happens, and to which peer.

use std::sync::Arc;

use althing_dialect::Content;
use althing_engine::Input;
use althing_types::Address;
use rand::RngExt;

use super::Simulation;
use crate::mining;
use crate::network::Receivers;
use crate::packet::Packet;
use crate::peer::{PENDING_MAX, Pending};
use crate::queue::Scheduled;
use crate::simulated::{Checker, MessageOf, Simulated};
use crate::stuck::Reason;
use crate::stuck::StuckIn;
use crate::trace::Life;

impl<N: Simulated> Simulation<N> {
    pub(super) fn step(&mut self) -> Result<(), StuckIn<N>> {
        let Some((at, scheduled)) = self.queue.pop() else {
            return Err(self.stuck(Reason::Over));
        };
        self.now = at.max(self.now);
        self.run_scheduled(scheduled);
        match self.failure.take() {
            Some(reason) => Err(self.stuck(reason)),
            None => Ok(()),
        }
    }

    fn run_scheduled(&mut self, scheduled: Scheduled<N::Engine, N::Role>) {
        match scheduled {
            Scheduled::Start { peer } => self.start(peer),
            Scheduled::Deliver { to, packet, epoch } => {
                if self.network.remembers(epoch) {
                    self.deliver(to, packet);
                } else {
                    self.history.note_loss(self.now, packet, to);
                }
            }
            Scheduled::Timer { peer, life, timer } => {
                if self.peers[peer].life == life {
                    self.accept(peer, Pending::Timer(timer));
                }
            }
            Scheduled::Solved { peer, life, search } => {
                self.accept(peer, Pending::Solved { life, search });
            }
            Scheduled::Wake { peer, life } => self.wake(peer, life),
            Scheduled::LastWill { peer, life } => self.publish_last_will(peer, life),
            Scheduled::BrokerUp { epoch, last_wills } => self.bring_broker_up(epoch, last_wills),
            Scheduled::Flap { flapping } => {
                if let Some(every) = self.network.turn_flap(flapping) {
                    self.counters.disturb(self.now);
                    self.schedule(every, Scheduled::Flap { flapping });
                }
            }
            Scheduled::Peers { peer, list } => self.accept(peer, Pending::Peers(list)),
            Scheduled::Command => self.command(),
            Scheduled::Fault(fault) => self.apply(&fault),
        }
    }

    fn start(&mut self, peer: usize) {
        let Self { peers, kind, checker, peers_rng, now, .. } = self;
        let starting = &mut peers[peer];
        if !starting.wanted || starting.host.is_up() {
            return;
        }
        let disk = starting.host.disk();
        let engine = kind.engine(peer, now.since_start(), peers_rng.random(), disk);
        let verdict = checker.check_start(peer, disk, &engine);
        starting.start(*now, engine);
        if starting.life > 1 {
            self.history.note_life(*now, peer, Life::Restarts);
        }
        self.judge(verdict);
        self.handle(peer, Input::Start);
        self.publish_peers();
    }

    /// Has the tracker send its list to all, where there is one.
    pub(super) fn publish_peers(&mut self) {
        if !self.kind.has_tracker() {
            return;
        }
        let is_up = |peer: &usize| self.peers[*peer].host.is_up();
        let up: Vec<usize> = (0..self.peers.len()).filter(is_up).collect();
        let address = |peer: &usize| self.kind.address(*peer).cloned();
        let list: Arc<[Address]> = up.iter().filter_map(address).collect();
        for peer in up {
            let after = self.network.latency();
            self.schedule(after, Scheduled::Peers { peer, list: Arc::clone(&list) });
        }
    }

    fn deliver(&mut self, to: usize, packet: Arc<Packet<MessageOf<N>>>) {
        if !self.peers[to].host.is_up() || self.network.is_muted(to) {
            self.counters.missed += 1;
            self.history.note_loss(self.now, packet, to);
            return;
        }
        self.counters.delivered += 1;
        self.fingerprint.number(self.nanoseconds());
        self.fingerprint.number(packet.fingerprint ^ to as u64);
        self.accept(to, Pending::Packet(packet));
    }

    /// Has a peer handle an input: now, or once it has time.
    fn accept(&mut self, peer: usize, input: Pending<N>) {
        if self.peers[peer].has_time(self.now) {
            return self.process(peer, input);
        }
        let waiting = &mut self.peers[peer];
        if !waiting.host.is_up() || waiting.pending.len() >= PENDING_MAX {
            if let Pending::Packet(packet) = input {
                self.counters.missed += 1;
                self.history.note_loss(self.now, packet, peer);
            }
            return;
        }
        waiting.pending.push_back(input);
        if waiting.pending.len() == 1 && !waiting.paused {
            self.wake_later(peer);
        }
    }

    fn wake_later(&mut self, peer: usize) {
        let (life, until) = (self.peers[peer].life, self.peers[peer].busy_until);
        self.schedule(until - self.now, Scheduled::Wake { peer, life });
    }

    /// Has a peer handle the next input that waits.
    fn wake(&mut self, peer: usize, life: u32) {
        let waking = &mut self.peers[peer];
        if waking.life != life || waking.paused || waking.busy_until > self.now {
            return;
        }
        if let Some(input) = waking.pending.pop_front() {
            self.process(peer, input);
            if !self.peers[peer].pending.is_empty() {
                self.wake_later(peer);
            }
        }
    }

    /// Has a peer continue after a pause: it handles the waiting input at once or, if it is slow,
    /// one by one.
    pub(super) fn end_pause(&mut self, peer: usize) {
        if std::mem::replace(&mut self.peers[peer].paused, false)
            && !self.peers[peer].pending.is_empty()
        {
            self.wake_later(peer);
        }
    }

    fn process(&mut self, peer: usize, input: Pending<N>) {
        let busy_until = self.now + self.peers[peer].per_input;
        self.peers[peer].busy_until = busy_until;
        match input {
            Pending::Timer(timer) => self.handle(peer, Input::Timer(timer)),
            Pending::Packet(packet) => self.receive(peer, &packet),
            Pending::Solved { life, search } => {
                let solving = &self.peers[peer];
                let current = solving.host.search().filter(|(id, _)| *id == search);
                if let Some((_, work)) = current.filter(|_| solving.life == life)
                    && let Some(solution) = mining::solution(work, &mut self.mining_rng)
                {
                    self.handle(peer, Input::Solved { search, solution });
                }
            }
            Pending::Peers(list) => self.handle(peer, Input::Peers(list.to_vec())),
            Pending::Command(command) => self.handle(peer, Input::Command(command)),
        }
    }

    fn receive(&mut self, peer: usize, packet: &Packet<MessageOf<N>>) {
        let received = packet.received(self.kind.codec_index(peer), self.kind.codec(peer));
        match &received.content {
            Ok(Content::Message(message)) => {
                self.answer_falsely(peer, message);
                let (from, message) = (received.from.clone(), message.clone());
                self.handle(peer, Input::Message { from, message });
            }
            Ok(Content::PeerLost(lost)) => self.handle(peer, Input::PeerLost(*lost)),
            Ok(Content::Overheard(overheard)) => {
                self.handle(peer, Input::Overheard(overheard.clone()));
            }
            Ok(Content::Nothing) => {}
            Err(_) => {
                self.counters.refused += 1;
                self.handle(peer, Input::Malformed(received.from.clone()));
            }
        }
    }

    /// Has a user give a peer a command, in a network with such users.
    fn command(&mut self) {
        let is_up = |peer: &usize| self.peers[*peer].host.is_up();
        let honest: Vec<usize> = self.honest().filter(is_up).collect();
        if let Some((peer, command)) = self.kind.command(&honest, &mut self.commands_rng) {
            self.accept(peer, Pending::Command(command));
        }
        if let Some(every) = self.kind.command_every() {
            self.schedule(every, Scheduled::Command);
        }
    }

    fn publish_last_will(&mut self, peer: usize, life: u32) {
        let gone = &self.peers[peer];
        if gone.life == life
            && !gone.host.is_up()
            && let Some(wire) = self.kind.last_will(peer)
        {
            self.publish(Packet::new(None, None, wire), &Receivers::Everyone);
        }
    }

    pub(super) fn nanoseconds(&self) -> u64 {
        u64::try_from(self.now.since_start().as_nanos()).unwrap_or(u64::MAX)
    }
}
