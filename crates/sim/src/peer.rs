use althing_dialect::Dialect;
use althing_engine::rounds::{Identity, Recovered, Rounds, Seat};
use althing_types::PeerId;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::disk::Disk;

/// One simulated peer: what survives a crash, and what does not.
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    secret: [u8; 32],
    pub(crate) disk: Disk,
    /// The engine, while the peer is up.
    pub(crate) engine: Option<Rounds>,
    /// Whether it is up, or about to be.
    pub(crate) wanted: bool,
    /// Counts starts, so that timers and searches of a former life are known as such.
    pub(crate) life: u32,
    /// Counts searches, likewise.
    pub(crate) search: u32,
    /// Outputs after which a crash in mid-sentence comes.
    pub(crate) outputs_left: Option<usize>,
}

impl Peer {
    pub(crate) fn new(id: PeerId, rng: &mut ChaCha8Rng) -> Self {
        Self {
            id,
            secret: rng.random(),
            disk: Disk::default(),
            engine: None,
            wanted: true,
            life: 0,
            search: 0,
            outputs_left: None,
        }
    }

    pub(crate) fn start(&mut self, dialect: &dyn Dialect, rng: &mut ChaCha8Rng) {
        let identity = Identity {
            id: self.id,
            seat: Seat::Member,
            entropy: rng.random(),
            authenticator: dialect.authenticator(&self.secret),
        };
        let recovered: Recovered = self.disk.recovered();
        self.life += 1;
        self.outputs_left = None;
        self.engine = Some(Rounds::new(dialect.rules().clone(), identity, recovered));
    }

    pub(crate) fn crash(&mut self) {
        self.engine = None;
        self.wanted = false;
        self.outputs_left = None;
    }
}
