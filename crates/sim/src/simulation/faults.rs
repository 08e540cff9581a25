//! What goes wrong, each in a word.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Simulation;
use crate::byzantine::{Liar, Role};
use crate::clock::Skew;
use crate::conditions::{Conditions, Latency};
use crate::fault::{Fault, Who, Wills};
use crate::network::Audience;
use crate::queue::Happening;
use crate::word::Word;

impl Simulation {
    /// Has a fault happen now.
    pub fn apply(&mut self, fault: &Fault) {
        self.counters.disturb(self.now);
        self.history.note_fault(self.now, fault);
        let on = |net: &mut Self, who: &Who, fault: &dyn Fn(&mut Self, usize)| {
            if let Some(peer) = net.find(*who) {
                fault(net, peer);
            }
        };
        match fault {
            Fault::Crash(who) => on(self, who, &Self::crash),
            Fault::CrashAfter(who, outputs) => {
                on(self, who, &|net, peer| net.crash_after(peer, *outputs));
            }
            Fault::Restart(who) => on(self, who, &Self::restart),
            Fault::Pause(who) => on(self, who, &Self::pause),
            Fault::Resume(who) => on(self, who, &Self::resume),
            Fault::Slow(who, time) => on(self, who, &|net, peer| net.slow(peer, *time)),
            Fault::Skew(who, skew) => on(self, who, &|net, peer| net.skew(peer, *skew)),
            Fault::Partition(side) => self.partition(side.iter().copied()),
            Fault::Cut { from, to } => {
                if let (Some(from), Some(to)) = (self.find(*from), self.find(*to)) {
                    self.cut(from, to);
                }
            }
            Fault::Flap { side, every } => self.flap(side.iter().copied(), *every),
            Fault::Mend => self.mend(),
            Fault::Lose(percent) => self.lose(*percent),
            Fault::Duplicate(percent) => self.duplicate(*percent),
            Fault::Corrupt(percent) => self.corrupt(*percent),
            Fault::Delay(latency) => self.delay(latency.clone()),
            Fault::RestartBroker { down, wills } => self.restart_broker(*down, *wills),
            Fault::Turn(who, role) => on(self, who, &|net, peer| net.turn(peer, *role)),
            Fault::Heal => self.heal(),
        }
    }

    fn find(&self, who: Who) -> Option<usize> {
        match who {
            Who::Peer(peer) => (peer < self.peers.len()).then_some(peer),
            Who::Leader => self.leader(),
        }
    }

    /// Stops a peer now; its disk stays.
    pub fn crash(&mut self, peer: usize) {
        if self.peers[peer].engine.is_some()
            && let Some(after) = self.plan.last_wills
        {
            let life = self.peers[peer].life;
            self.schedule(after, Happening::Will { peer, life });
        }
        self.peers[peer].crash();
    }

    /// Stops a peer in the middle of what it does next: after `outputs` outputs.
    pub fn crash_after(&mut self, peer: usize, outputs: usize) {
        self.peers[peer].outputs_left = Some(outputs);
    }

    /// Starts a peer that is down.
    pub fn restart(&mut self, peer: usize) {
        if !self.peers[peer].wanted {
            self.peers[peer].wanted = true;
            self.schedule(Duration::ZERO, Happening::Start { peer });
        }
    }

    /// Has a peer do nothing until it is resumed; what would happen to it waits.
    pub fn pause(&mut self, peer: usize) {
        self.peers[peer].paused = self.peers[peer].engine.is_some();
    }

    /// Has a paused peer go on: all that waited happens to it at once.
    pub fn resume(&mut self, peer: usize) {
        self.go_on(peer);
    }

    /// Has a peer take `per_input` over each thing that happens to it.
    pub fn slow(&mut self, peer: usize, per_input: Duration) {
        self.peers[peer].per_input = per_input;
    }

    /// Has a peer's clock go wrong, for the timers that it sets from now on.
    pub fn skew(&mut self, peer: usize, skew: Skew) {
        self.peers[peer].clock.skew(self.now, skew);
    }

    /// Keeps `side` and the others from hearing each other, instead of any partition before.
    pub fn partition(&mut self, side: impl IntoIterator<Item = usize>) {
        self.network.partition(side);
    }

    /// Keeps what `from` says from `to`; not the other way round.
    pub fn cut(&mut self, from: usize, to: usize) {
        self.network.cut(from, to);
    }

    /// Has a partition come and go, each for `every`.
    pub fn flap(&mut self, side: impl IntoIterator<Item = usize>, every: Duration) {
        let every = every.max(Duration::from_millis(1));
        let flapping = self.network.flap(side, every);
        self.schedule(every, Happening::Flap { flapping });
    }

    /// Ends partitions, cuts and flapping.
    pub fn mend(&mut self) {
        self.network.mend();
    }

    /// Loses so many of a hundred messages.
    pub fn lose(&mut self, percent: u8) {
        self.network.conditions.loss_percent = percent.min(100);
    }

    /// Delivers so many of a hundred messages twice.
    pub fn duplicate(&mut self, percent: u8) {
        self.network.conditions.duplication_percent = percent.min(100);
    }

    /// Flips bits in so many of a hundred messages.
    pub fn corrupt(&mut self, percent: u8) {
        self.network.conditions.corruption_percent = percent.min(100);
    }

    /// Has messages take this long.
    pub fn delay(&mut self, latency: Latency) {
        self.network.conditions.latency = latency;
    }

    /// Restarts the broker: it forgets what is under way, loses what is said while it is away, and
    /// then may say that everybody is lost.
    pub fn restart_broker(&mut self, down: Duration, wills: Wills) {
        let epoch = self.network.take_down();
        self.schedule(down, Happening::BrokerUp { epoch, wills });
    }

    pub(super) fn bring_broker_up(&mut self, epoch: u32, wills: Wills) {
        if !self.network.bring_up(epoch) {
            return;
        }
        self.counters.disturb(self.now);
        if wills == Wills::Said {
            for peer in 0..self.peers.len() {
                if let Some(wire) = self.dialect.last_will(self.peers[peer].id) {
                    let word = Word::read(None, wire, &*self.dialect);
                    self.publish(word, &Audience::Everyone);
                }
            }
        }
    }

    /// Has a peer be dishonest in one thing from now on. The checks no longer judge it.
    pub fn turn(&mut self, peer: usize, role: Role) {
        let ids = self.peers.iter().map(|peer| peer.id).collect();
        let rng = ChaCha8Rng::from_seed(self.faults_rng.random());
        let Self { dialect, peers, checker, signers, .. } = self;
        peers[peer].turn(|me, secret| {
            let authenticator = signers.of(secret);
            Liar::new(role, me, authenticator, dialect.rules().clone(), ids, rng)
        });
        checker.excuse(peers[peer].id);
    }

    /// Makes everything well again: all peers run, with right clocks, and hear each other without
    /// loss. Whoever has stopped being honest stays so.
    pub fn heal(&mut self) {
        self.network.heal(Conditions::good());
        for peer in 0..self.peers.len() {
            self.peers[peer].outputs_left = None;
            self.slow(peer, Duration::ZERO);
            self.skew(peer, Skew::NONE);
            self.resume(peer);
            self.restart(peer);
        }
    }
}
