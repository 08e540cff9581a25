//! A peer in a simulated network.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use althing_engine::{Engine, SearchId};
use althing_faults::Byzantine;
use althing_types::{Address, Moment};

use crate::clock::Clock;
use crate::host::{Disk, Host};
use crate::packet::Packet;
use crate::simulated::{DurableOf, MessageOf, Simulated};

/// One simulated peer: its host, its clock, and the faults that affect it.
pub(crate) struct Peer<N: Simulated> {
    pub(crate) host: Host<N::Engine>,
    pub(crate) clock: Clock,
    /// Whether it is up, or about to be.
    pub(crate) wanted: bool,
    /// Whether it has left the network. Its disk is still checked.
    pub(crate) left: bool,
    /// Counts starts, so that timers and searches of an earlier life are known as such.
    pub(crate) life: u32,
    /// Outputs after which it crashes.
    pub(crate) outputs_left: Option<usize>,
    pub(crate) paused: bool,
    /// How long it takes to handle each input.
    pub(crate) per_input: Duration,
    /// When it has finished handling the last one.
    pub(crate) busy_until: Moment,
    /// Input that waits until it has time.
    pub(crate) pending: VecDeque<Pending<N>>,
    /// Whether its disk was copied or is an old one, so that it may contradict itself.
    pub(crate) is_copied: bool,
    /// A backup of its disk.
    pub(crate) backup: Option<Disk<DurableOf<N>>>,
    /// Its role, if it is dishonest.
    pub(crate) byzantine: Option<N::Byzantine>,
}

/// Input that a peer has yet to handle.
pub(crate) enum Pending<N: Simulated> {
    Packet(Arc<Packet<MessageOf<N>>>),
    Timer(<N::Engine as Engine>::Timer),
    Solved { life: u32, search: SearchId },
    Peers(Arc<[Address]>),
    Command(<N::Engine as Engine>::Command),
}

/// Inputs that wait for a peer that is paused or slow. Further input is lost, as it is when a
/// transport's buffers are full.
pub(crate) const PENDING_MAX: usize = 65_536;

impl<N: Simulated> Peer<N> {
    pub(crate) fn new() -> Self {
        Self {
            host: Host::default(),
            clock: Clock::started(Moment::START),
            wanted: true,
            left: false,
            life: 0,
            outputs_left: None,
            paused: false,
            per_input: Duration::ZERO,
            busy_until: Moment::START,
            pending: VecDeque::new(),
            is_copied: false,
            backup: None,
            byzantine: None,
        }
    }

    pub(crate) fn start(&mut self, now: Moment, mut engine: N::Engine) {
        if let Some(byzantine) = &self.byzantine {
            byzantine.prepare(&mut engine);
        }
        self.life += 1;
        self.left = false;
        self.clock = self.clock.restarted(now);
        self.outputs_left = None;
        self.busy_until = now;
        self.host.start(engine);
    }

    /// Stops it; only its disk stays.
    pub(crate) fn stop(&mut self) {
        self.host.crash();
        self.wanted = false;
        self.outputs_left = None;
        self.paused = false;
        self.pending.clear();
    }

    /// Returns whether it can handle something right now.
    pub(crate) fn has_time(&self, now: Moment) -> bool {
        !self.paused && self.busy_until <= now && self.pending.is_empty()
    }

    /// Returns whether its disk is checked, even while it is down: not if it is dishonest, or may
    /// contradict itself without knowing.
    pub(crate) fn is_honest(&self) -> bool {
        self.byzantine.is_none() && !self.is_copied
    }
}
