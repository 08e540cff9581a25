//! The faults, one method for each.

use std::time::Duration;

use althing_faults::{Byzantine, Conditions, Latency};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Simulation;
use crate::clock::Skew;
use crate::fault::{Fault, LastWills, Who};
use crate::host::Host;
use crate::network::Receivers;
use crate::packet::Packet;
use crate::peer::Peer;
use crate::queue::Scheduled;
use crate::simulated::{Checker, Simulated};
use crate::trace::Life;

/// Copies of disks in one run; each takes part as a further peer.
const COPIES_MAX: usize = 8;

impl<N: Simulated> Simulation<N> {
    /// Has a fault happen now.
    pub fn apply(&mut self, fault: &Fault<N::Role>) {
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
            Fault::CloneDisk(who) => on(self, who, &Self::clone_disk),
            Fault::BackUpDisk(who) => on(self, who, &Self::back_up_disk),
            Fault::RollBackDisk(who) => on(self, who, &Self::roll_back_disk),
            Fault::Pause(who) => on(self, who, &Self::pause),
            Fault::Resume(who) => on(self, who, &Self::resume),
            Fault::Slow(who, time) => on(self, who, &|net, peer| net.slow(peer, *time)),
            Fault::Skew(who, skew) => on(self, who, &|net, peer| net.skew(peer, *skew)),
            Fault::Mute(who) => on(self, who, &Self::mute),
            Fault::Unmute(who) => on(self, who, &Self::unmute),
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
            Fault::Replay(percent) => self.replay(*percent),
            Fault::Delay(latency) => self.delay(latency.clone()),
            Fault::RestartBroker { down, last_wills } => self.restart_broker(*down, *last_wills),
            Fault::Byzantine(who, role) => {
                on(self, who, &|net, peer| net.make_byzantine(peer, role.clone()));
            }
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
        if self.peers[peer].host.is_up() {
            self.await_last_will(peer);
            self.history.note_life(self.now, peer, Life::Crashes);
        }
        self.stop(peer);
    }

    /// Has the broker notice that a peer is gone.
    pub(super) fn await_last_will(&mut self, peer: usize) {
        if let Some(after) = self.plan.last_wills {
            let life = self.peers[peer].life;
            self.schedule(after, Scheduled::LastWill { peer, life });
        }
    }

    pub(super) fn stop(&mut self, peer: usize) {
        self.peers[peer].stop();
        self.publish_peers();
    }

    /// Stops a peer in the middle of its next step: after `outputs` of its outputs.
    pub fn crash_after(&mut self, peer: usize, outputs: usize) {
        self.peers[peer].outputs_left = Some(outputs);
    }

    /// Starts a peer that is down.
    pub fn restart(&mut self, peer: usize) {
        if !self.peers[peer].wanted {
            self.peers[peer].wanted = true;
            self.schedule(Duration::ZERO, Scheduled::Start { peer });
        }
    }

    /// Starts a further peer with a copy of this peer's disk, where the network knows what that is.
    pub fn clone_disk(&mut self, peer: usize) {
        if self.peers.len() < self.plan.peers + COPIES_MAX && self.kind.add_copy(peer) {
            let mut copy = Peer::new();
            copy.host = Host::new(self.disk(peer).clone());
            copy.is_copied = true;
            self.peers[peer].is_copied = true;
            self.peers.push(copy);
            self.checker.split(peer);
            self.schedule(Duration::ZERO, Scheduled::Start { peer: self.peers.len() - 1 });
        }
    }

    /// Makes a backup of a peer's disk.
    pub fn back_up_disk(&mut self, peer: usize) {
        self.peers[peer].backup = Some(self.disk(peer).clone());
    }

    /// Stops a peer, and starts it again with the backup of its disk, if there is one.
    pub fn roll_back_disk(&mut self, peer: usize) {
        if let Some(backup) = self.peers[peer].backup.clone().filter(|_| N::CAN_BE_COPIED) {
            self.crash(peer);
            self.peers[peer].host = Host::new(backup);
            self.peers[peer].is_copied = true;
            self.checker.forgive(peer);
            self.restart(peer);
        }
    }

    /// Has a peer do nothing until it is resumed; its input waits.
    pub fn pause(&mut self, peer: usize) {
        self.peers[peer].paused = self.peers[peer].host.is_up();
    }

    /// Has a paused peer continue, and handle at once all that waited.
    pub fn resume(&mut self, peer: usize) {
        self.end_pause(peer);
    }

    /// Has a peer take `per_input` to handle each input.
    pub fn slow(&mut self, peer: usize, per_input: Duration) {
        self.peers[peer].per_input = per_input;
    }

    /// Has a peer's clock go wrong, for the timers that it sets from now on.
    pub fn skew(&mut self, peer: usize, skew: Skew) {
        self.peers[peer].clock.skew(self.now, skew);
    }

    /// Has a peer neither send nor receive anything, until it is [unmuted](Self::unmute).
    pub fn mute(&mut self, peer: usize) {
        self.network.mute(peer);
    }

    /// Has a muted peer take part again.
    pub fn unmute(&mut self, peer: usize) {
        self.network.unmute(peer);
    }

    /// Keeps `side` and the others from hearing each other, instead of any partition before.
    pub fn partition(&mut self, side: impl IntoIterator<Item = usize>) {
        self.network.partition(side);
    }

    /// Keeps what `from` sends from `to`; not the other way round.
    pub fn cut(&mut self, from: usize, to: usize) {
        self.network.cut(from, to);
    }

    /// Has a partition come and go, each for `every`.
    pub fn flap(&mut self, side: impl IntoIterator<Item = usize>, every: Duration) {
        let every = every.max(Duration::from_millis(1));
        let flapping = self.network.flap(side, every);
        self.schedule(every, Scheduled::Flap { flapping });
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

    /// With so many of a hundred messages, delivers an old one again: to any peer, as if it came
    /// from any other.
    pub fn replay(&mut self, percent: u8) {
        self.network.replay_percent = percent.min(100);
    }

    /// Has messages take this long.
    pub fn delay(&mut self, latency: Latency) {
        self.network.conditions.latency = latency;
    }

    /// Restarts the broker: it forgets the messages under way, loses those sent while it is away,
    /// and then may publish that every peer is lost. Without a broker nothing happens.
    pub fn restart_broker(&mut self, down: Duration, last_wills: LastWills) {
        if self.kind.address(0).is_none() {
            let epoch = self.network.take_down();
            self.schedule(down, Scheduled::BrokerUp { epoch, last_wills });
        }
    }

    pub(super) fn bring_broker_up(&mut self, epoch: u32, last_wills: LastWills) {
        if !self.network.bring_up(epoch) {
            return;
        }
        self.counters.disturb(self.now);
        if last_wills == LastWills::Published {
            for peer in 0..self.peers.len() {
                if let Some(wire) = self.kind.last_will(peer) {
                    self.publish(Packet::new(None, None, wire), &Receivers::Everyone);
                }
            }
        }
    }

    /// Makes a peer dishonest in one thing from now on. The checks no longer judge it.
    pub fn make_byzantine(&mut self, peer: usize, role: N::Role) {
        let rng = ChaCha8Rng::from_seed(self.faults_rng.random());
        let byzantine = self.kind.byzantine(peer, role, rng);
        if let Some(engine) = self.peers[peer].host.engine_mut() {
            byzantine.prepare(engine);
        }
        self.peers[peer].byzantine = Some(byzantine);
        self.checker.excuse(peer);
    }

    /// Makes everything well again: all peers run, with right clocks, and hear each other without
    /// loss. A peer that has become dishonest stays so.
    pub fn heal(&mut self) {
        self.network.heal(Conditions::good());
        for peer in 0..self.peers.len() {
            self.peers[peer].outputs_left = None;
            self.slow(peer, Duration::ZERO);
            self.skew(peer, Skew::NONE);
            self.resume(peer);
            // A peer that has left the network need not come back.
            if !self.peers[peer].left {
                self.restart(peer);
            }
        }
    }
}
