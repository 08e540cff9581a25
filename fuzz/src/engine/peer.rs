//! One peer on a simulated host, and checks of what its engine guarantees.
//!
//! Whatever other peers send: queues stay within their bounds, and answers are few; votes and
//! promises are on disk before they are sent (rules E3 and V2); there is one promise per term and
//! one yes per row and term, even across restarts; the membership stays after the first yes (rule
//! G4); rows come in order, and are decided by enough votes of different peers (rule V1).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use althing_engine::rounds::{
    Accepted, Authenticator, CertifiedRecord, Counting, Durable, Identity, Input, MembershipDigest,
    Message, Past, Promised, PublicKey, Record, Recovered, Rounds, Rules, Seat, Signature,
    Signatures, Signed, Timer, Unsigned,
};
use althing_engine::{Engine, SearchId};
use althing_sim::host::{Effect, Host};
use althing_types::{Moment, PeerId, Term, Transaction};

use super::Network;

/// The maximum number of outputs for one input. A message may release all deferred ones, each of
/// which may be refused; and a list of rows is sent as one certificate each.
const OUTPUTS_MAX: usize = 1024;

/// The maximum number of pending timers; the oldest is forgotten, as if it never ran out.
const TIMERS_MAX: usize = 64;

/// One peer, in the middle of whatever happens.
pub(super) struct Peer {
    network: Network,
    host: Host<Rounds>,
    now: Moment,
    lives: u8,
    timers: Vec<Timer>,
    digest: MembershipDigest,
    /// What is on disk when an effect comes about; the host is already further.
    disk: Recovered,
    promises: BTreeMap<Term, PeerId>,
    votes: BTreeMap<(Transaction, Term), Record>,
}

/// The peer's own name.
const ME: PeerId = PeerId::new(3);

/// Returns the key of a peer in these networks; whoever knows it can sign.
pub(super) fn key_of(peer: PeerId) -> PublicKey {
    PublicKey(Arc::from(peer.number().to_be_bytes()))
}

impl Peer {
    /// Stands for the digest of the peer's own members, which a script cannot know.
    pub(super) const OWN_ROSTER: MembershipDigest = MembershipDigest(u64::MAX);

    /// Returns a peer that has just started.
    pub(super) fn new(network: Network) -> Self {
        let mut host = Host::default();
        host.start(engine(&network, 0, Recovered::default()));
        let mut peer = Self {
            network,
            host,
            now: Moment::START,
            lives: 0,
            timers: Vec::new(),
            digest: MembershipDigest(0),
            disk: Recovered::default(),
            promises: BTreeMap::new(),
            votes: BTreeMap::new(),
        };
        peer.handle(Input::Start);
        peer
    }

    /// Lets time pass, without any timer running out.
    pub(super) fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    /// Lets a timer run out, if there is one.
    pub(super) fn run_out(&mut self, index: usize) {
        if !self.timers.is_empty() {
            let timer = self.timers.remove(index % self.timers.len());
            self.handle(Input::Timer(timer));
        }
    }

    /// Kills the peer, and starts it again with what it has on disk.
    pub(super) fn restart(&mut self) {
        self.lives = self.lives.wrapping_add(1);
        self.timers.clear();
        self.now = Moment::START;
        self.host.crash();
        let recovered = self.host.disk().recovered().clone();
        self.host.start(engine(&self.network, self.lives, recovered));
        self.handle(Input::Start);
    }

    /// Hands one input to the engine, and checks what comes of it.
    pub(super) fn handle(&mut self, mut input: Input) {
        if let Input::Message {
            message: Signed { message: Message::Election { state, .. }, .. },
            ..
        } = &mut input
            && let Some(state) = state
            && state.members == Self::OWN_ROSTER
        {
            state.members = self.digest;
        }
        let mut effects = Vec::new();
        self.host.handle(self.now, input, &mut effects).expect("rows come in order");
        assert!(effects.len() <= OUTPUTS_MAX, "{} answers to one input", effects.len());
        for effect in effects {
            self.check(effect);
        }
        if let Some(engine) = self.host.engine() {
            engine.visit_queues(|queue| {
                assert!(queue.len <= queue.max, "{queue:?} is over its bound");
            });
        }
    }

    fn check(&mut self, effect: Effect<Rounds>) {
        match effect {
            Effect::Written(durable) => self.check_written(&durable),
            Effect::Sent { message, .. } => self.check_sent(&message.message),
            Effect::TimerSet { timer, .. } => {
                if self.timers.len() >= TIMERS_MAX {
                    self.timers.remove(0);
                }
                self.timers.push(timer);
            }
            Effect::SearchStarted { .. }
            | Effect::SearchCancelled
            | Effect::Event(_)
            | Effect::Left
            | Effect::Crashed => {}
        }
    }

    fn check_written(&mut self, durable: &Durable) {
        match durable {
            Durable::Membership(members) => {
                let has_voted = !self.votes.is_empty() || self.disk.next() > 0;
                assert!(!has_voted, "it changed its membership");
                assert_eq!(members.len(), self.rules().membership_size());
                if self.disk.state.members.as_ref() != Some(members) {
                    self.promises.clear();
                }
            }
            Durable::Promised(promised) => self.check_promise(promised),
            Durable::Accepted(accepted) => self.check_vote(accepted),
            Durable::Record(row) => self.check_row(row),
            Durable::Started(_) | Durable::Copied | Durable::Named(..) | Durable::Unnamed(_) => {}
            Durable::Start(start) => assert_ne!(start.peer, ME),
            Durable::Equivocation(found) => assert_ne!(found.peer(), ME),
            // What it does to the numbers of rows is checked where it is applied.
            Durable::Session => {}
        }
        self.disk.apply(durable).expect("the host has written it");
    }

    fn check_promise(&mut self, promised: &Promised) {
        let Promised { term, leader, .. } = *promised;
        assert!(self.disk.state.promised.is_none_or(|last| last.term <= term), "it went back");
        assert_eq!(*self.promises.entry(term).or_insert(leader), leader, "two in term {term}");
    }

    fn check_vote(&mut self, accepted: &Accepted) {
        let Accepted { term, record } = accepted;
        let promised = self.disk.state.promised.map(|promised| promised.term);
        assert_eq!(promised, Some(*term), "it has not promised that");
        assert_eq!(record.transaction, self.next_row());
        let first = self.votes.entry((record.transaction, *term)).or_insert(record.clone());
        assert_eq!(first, record, "it said yes twice");
    }

    fn check_row(&self, row: &CertifiedRecord) {
        if self.rules().counting != Counting::Members {
            // Some may be missed.
            assert!(row.record.transaction >= self.next_row(), "rows come in order");
            return;
        }
        assert_eq!(row.record.transaction, self.next_row(), "rows come in order");
        let voters: BTreeSet<PeerId> = row.votes.iter().map(|(voter, _)| *voter).collect();
        assert!(voters.len() >= self.rules().votes_needed(), "too few votes");
        let judged = {
            let record = &row.record;
            self.rules().puzzle.check(&record.seed, record.transaction, record.difficulty)
        };
        assert_eq!(judged, Ok(()));
    }

    /// What the peer binds itself to must be on disk by now.
    fn check_sent(&mut self, message: &Message) {
        // It passes on what others have signed of their starts (rule I4).
        if let Message::Announcement { peer, members: None, start: Some(_), .. } = message
            && *peer != ME
        {
            return;
        }
        assert_eq!(message.peer(), ME, "it sent a message in the name of another peer");
        let is_watching = self.network.seat == Seat::Observer;
        assert!(
            !is_watching
                || matches!(message, Message::Request { .. } | Message::Certificate { .. })
        );
        if self.rules().counting == Counting::Arrivals {
            return;
        }
        match message {
            Message::Election { draw, state: Some(state), .. } => {
                self.digest = state.members;
                if let Some(promise) = &state.promise {
                    let (term, draw, leader) = (state.term, *draw, promise.leader);
                    assert_eq!(self.disk.state.promised, Some(Promised { term, draw, leader }));
                }
            }
            Message::Vote { transaction, seed, approve: true, cause: Some(cause), .. } => {
                let (transaction, seed) = (*transaction, seed.clone());
                let (difficulty, winner) = (cause.difficulty, cause.winner);
                let record = Record { transaction, difficulty, seed, winner };
                assert_eq!(self.disk.state.accepted, Some(Accepted { term: cause.term, record }));
            }
            _ => {}
        }
    }

    /// Returns the first row that the peer has not recorded.
    pub(super) fn next_row(&self) -> Transaction {
        match self.rules().counting {
            Counting::Members => self.disk.next_row(),
            // Each start begins a session.
            Counting::Arrivals | Counting::ArrivalsOfRow => self.disk.state.sessions.next,
        }
    }

    /// Returns the search that is running.
    pub(super) fn search(&self) -> Option<SearchId> {
        self.host.search().map(|(id, _)| id)
    }

    fn rules(&self) -> &Rules {
        &self.network.rules
    }
}

fn engine(network: &Network, life: u8, recovered: Recovered) -> Rounds {
    let authenticator: Box<dyn Authenticator> = match network.rules.signatures {
        Signatures::None => Box::new(Unsigned),
        Signatures::Offered | Signatures::Required => Box::new(Toy),
    };
    let identity = Identity {
        id: ME,
        seat: network.seat,
        past: Past::New,
        entropy: [life; 32],
        authenticator,
        solution_cache: None,
    };
    Rounds::new(network.rules.clone(), identity, recovered)
}

/// Signs with the key itself: as good as any signature among those who do not lie about it.
struct Toy;

impl Authenticator for Toy {
    fn public_key(&self) -> Option<PublicKey> {
        Some(key_of(ME))
    }

    fn signature(&self, message: &Message) -> Option<Signature> {
        Some(Signature::new(key_of(message.peer()).0))
    }

    fn is_authentic(&self, _: &Message, signature: &Signature, key: &PublicKey) -> bool {
        signature.bytes == key.0
    }
}
