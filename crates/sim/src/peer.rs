use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::Dialect;
use althing_engine::rounds::{Identity, Rounds, Seat, Timer};
use althing_types::{Moment, PeerId};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::byzantine::Liar;
use crate::clock::Clock;
use crate::disk::Disk;
use crate::mining::Search;
use crate::signers::Signers;
use crate::word::Word;

/// One simulated peer: what survives a crash, and what does not.
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    secret: [u8; 32],
    pub(crate) disk: Disk,
    pub(crate) clock: Clock,
    /// The engine, while the peer is up.
    pub(crate) engine: Option<Rounds>,
    /// Whether it is up, or about to be.
    pub(crate) wanted: bool,
    /// Counts starts, so that timers and searches of a former life are known as such.
    pub(crate) life: u32,
    /// What it searches for.
    pub(crate) search: Option<Search>,
    /// Counts searches, as lives.
    pub(crate) searches: u32,
    /// Outputs after which a crash in mid-sentence comes.
    pub(crate) outputs_left: Option<usize>,
    pub(crate) paused: bool,
    /// How long it takes over each input.
    pub(crate) per_input: Duration,
    /// When it is done with the last one.
    pub(crate) busy_until: Moment,
    /// What waits until it has time.
    pub(crate) waiting: VecDeque<Matter>,
    /// What it does instead of being honest.
    pub(crate) liar: Option<Liar>,
}

/// Something that a peer has yet to handle.
pub(crate) enum Matter {
    Word(Arc<Word>),
    Timer(Timer),
    Solved { search: u32 },
}

/// Things that wait for a peer that is paused or slow. Whatever comes then is lost, as it is where
/// a transport's buffers end.
pub(crate) const WAITING_MAX: usize = 65_536;

impl Peer {
    pub(crate) fn new(id: PeerId, rng: &mut ChaCha8Rng) -> Self {
        Self {
            id,
            secret: rng.random(),
            disk: Disk::default(),
            clock: Clock::started(Moment::START),
            engine: None,
            wanted: true,
            life: 0,
            search: None,
            searches: 0,
            outputs_left: None,
            paused: false,
            per_input: Duration::ZERO,
            busy_until: Moment::START,
            waiting: VecDeque::new(),
            liar: None,
        }
    }

    pub(crate) fn start(
        &mut self,
        now: Moment,
        dialect: &dyn Dialect,
        signers: &Signers,
        rng: &mut ChaCha8Rng,
    ) {
        let identity = Identity {
            id: self.id,
            seat: Seat::Member,
            entropy: rng.random(),
            authenticator: signers.of(&self.secret),
        };
        self.life += 1;
        self.clock = self.clock.restarted(now);
        self.outputs_left = None;
        self.busy_until = now;
        let recovered = self.disk.recovered();
        self.engine = Some(Rounds::new(dialect.rules().clone(), identity, recovered));
    }

    pub(crate) fn crash(&mut self) {
        self.engine = None;
        self.wanted = false;
        self.outputs_left = None;
        self.paused = false;
        self.waiting.clear();
        self.search = None;
        self.searches += 1;
    }

    /// Returns whether it can handle something right now.
    pub(crate) fn has_time(&self, now: Moment) -> bool {
        !self.paused && self.busy_until <= now && self.waiting.is_empty()
    }

    /// Has the peer be dishonest from now on.
    pub(crate) fn turn(&mut self, liar: impl FnOnce(PeerId, &[u8; 32]) -> Liar) {
        self.liar = Some(liar(self.id, &self.secret));
    }
}
