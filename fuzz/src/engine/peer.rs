//! A driver that carries out what the engine answers, and holds it to its word.
//!
//! Whatever others say: queues stay within their bounds, and answers are few; what is said was on
//! disk before (rules E3 and V2); there is one naming a term and one yes a row and term, also over
//! restarts; the roster stays after the first yes (rule G4); rows come in order, and are decided by
//! enough votes of different peers (rule V1).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use althing_engine::rounds::{
    Acceptance, Authenticator, CertifiedRecord, Counting, Durable, Identity, Input, Message,
    Output, Promise, PublicKey, Record, Recovered, RosterDigest, Rounds, Rules, Seal, Sealed, Seat,
    Signatures, Timer, Unsigned,
};
use althing_types::{Moment, PeerId, Term, Transaction};

use super::script::Network;

/// Answers to one input. A message may set free all that was kept, and each of those be refused;
/// and a list of rows comes as one certificate each.
const OUTPUTS_MAX: usize = 1024;

/// Timers that are remembered; the oldest is forgotten, as if it never ran out.
const TIMERS_MAX: usize = 64;

/// One peer, in the middle of whatever happens.
pub(super) struct Peer {
    network: Network,
    engine: Rounds,
    now: Moment,
    lives: u8,
    timers: Vec<Timer>,
    digest: RosterDigest,
    disk: Recovered,
    rows: Vec<CertifiedRecord>,
    namings: BTreeMap<Term, PeerId>,
    votes: BTreeMap<(Transaction, Term), Record>,
}

/// The peer's own name.
const ME: PeerId = PeerId::new(3);

/// Returns the key of a peer in these networks; whoever knows it can sign.
pub(super) fn key_of(peer: PeerId) -> PublicKey {
    PublicKey(Arc::from(peer.number().to_be_bytes()))
}

impl Peer {
    /// Stands for the digest of the peer's own roster, which a script cannot know.
    pub(super) const OWN_ROSTER: RosterDigest = RosterDigest(u64::MAX);

    /// Returns a peer that has just started.
    pub(super) fn new(network: Network) -> Self {
        let engine = engine(&network, 0, Recovered::default());
        let mut peer = Self {
            network,
            engine,
            now: Moment::START,
            lives: 0,
            timers: Vec::new(),
            digest: RosterDigest(0),
            disk: Recovered::default(),
            rows: Vec::new(),
            namings: BTreeMap::new(),
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
        self.engine = engine(&self.network, self.lives, self.disk.clone());
        self.handle(Input::Start);
    }

    /// Hands one input to the engine, and carries out what it answers.
    pub(super) fn handle(&mut self, mut input: Input) {
        if let Input::Message(Sealed { message: Message::Election { standing, .. }, .. }) =
            &mut input
            && let Some(standing) = standing
            && standing.roster == Self::OWN_ROSTER
        {
            standing.roster = self.digest;
        }
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut outputs = Vec::new();
            self.engine.handle(self.now, input, &mut outputs);
            assert!(outputs.len() <= OUTPUTS_MAX, "{} answers to one input", outputs.len());
            for output in outputs {
                inputs.extend(self.carry_out(output));
            }
        }
        for (queue, length, length_max) in self.engine.queues() {
            assert!(length <= length_max, "{queue}: {length}, where {length_max} are allowed");
        }
    }

    fn carry_out(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Persist(durable) => self.persist(durable),
            Output::Broadcast(sealed) => self.check_said(&sealed.message),
            Output::SetTimer { timer, .. } => {
                if self.timers.len() >= TIMERS_MAX {
                    self.timers.remove(0);
                }
                self.timers.push(timer);
            }
            Output::Recall { from, count } => {
                let from = usize::try_from(from.number()).unwrap_or(usize::MAX);
                let rows = self.rows.iter().skip(from).take(count).cloned();
                return Some(Input::Recalled(rows.collect()));
            }
            Output::Mine { .. } | Output::CancelMining | Output::Event(_) => {}
        }
        None
    }

    fn persist(&mut self, durable: Durable) {
        match durable {
            Durable::Roster(roster) => {
                assert!(self.votes.is_empty() && self.rows.is_empty(), "it changed its roster");
                assert_eq!(roster.len(), self.rules().roster_size());
                self.disk.roster = Some(roster);
                self.disk.promise = None;
                self.namings.clear();
            }
            Durable::Promise(promise) => self.persist_promise(promise),
            Durable::Acceptance(accepted) => self.persist_vote(accepted),
            Durable::Record(row) => self.persist_row(row),
        }
    }

    fn persist_promise(&mut self, promise: Promise) {
        let Promise { term, leader, .. } = promise;
        assert!(self.disk.promise.is_none_or(|last| last.term <= term), "it went back");
        assert_eq!(*self.namings.entry(term).or_insert(leader), leader, "two in term {term}");
        self.disk.promise = Some(promise);
    }

    fn persist_vote(&mut self, accepted: Acceptance) {
        let Acceptance { term, record } = &accepted;
        assert_eq!(self.disk.promise.map(|promise| promise.term), Some(*term), "no such promise");
        assert_eq!(record.transaction, self.disk.next);
        let first = self.votes.entry((record.transaction, *term)).or_insert(record.clone());
        assert_eq!(first, record, "it said yes twice");
        self.disk.accepted = Some(accepted);
    }

    fn persist_row(&mut self, row: CertifiedRecord) {
        assert_eq!(row.record.transaction, self.disk.next, "rows come in order");
        if self.rules().counting == Counting::Members {
            let voters: BTreeSet<PeerId> = row.votes.iter().map(|(voter, _)| *voter).collect();
            assert!(voters.len() >= self.rules().votes_needed(), "too few votes");
            let judged = self.rules().puzzle.check(&row.record.seed, row.record.difficulty);
            assert_eq!(judged, Ok(()));
        }
        self.disk.next = self.disk.next.next();
        self.disk.accepted = None;
        self.rows.push(row);
    }

    /// What the peer binds itself to must be on disk by now.
    fn check_said(&mut self, message: &Message) {
        assert_eq!(message.peer(), ME, "it spoke for somebody else");
        let is_watching = self.network.seat == Seat::Observer;
        assert!(
            !is_watching
                || matches!(message, Message::Request { .. } | Message::Certificate { .. })
        );
        if self.rules().counting == Counting::Arrivals {
            return;
        }
        match message {
            Message::Election { draw, standing: Some(standing), .. } => {
                self.digest = standing.roster;
                if let Some(naming) = &standing.naming {
                    let (term, draw, leader) = (standing.term, *draw, naming.leader);
                    assert_eq!(self.disk.promise, Some(Promise { term, draw, leader }));
                }
            }
            Message::Vote { transaction, seed, approve: true, cause: Some(cause), .. } => {
                let (transaction, seed) = (*transaction, seed.clone());
                let (difficulty, winner) = (cause.difficulty, cause.winner);
                let record = Record { transaction, difficulty, seed, winner };
                assert_eq!(self.disk.accepted, Some(Acceptance { term: cause.term, record }));
            }
            _ => {}
        }
    }

    /// Returns how many rows the peer has recorded.
    #[cfg(test)]
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
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
    let identity = Identity { id: ME, seat: network.seat, entropy: [life; 32], authenticator };
    Rounds::new(network.rules.clone(), identity, recovered)
}

/// Signs with the key itself: as good as any signature among those who do not lie about it.
struct Toy;

impl Authenticator for Toy {
    fn public_key(&self) -> Option<PublicKey> {
        Some(key_of(ME))
    }

    fn seal(&self, message: &Message) -> Option<Seal> {
        Some(Seal(key_of(message.peer()).0))
    }

    fn is_authentic(&self, _: &Message, seal: &Seal, key: &PublicKey) -> bool {
        seal.0 == key.0
    }
}
