//! What happens, read from bytes. Every list of bytes is a script.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::elect_chain::{Config, ElectChain};
use althing_dialect::profile::built_in;
use althing_dialect::program::{self, Program};
use althing_dialect::{Content, RoundsDialect};
use althing_engine::rounds::{
    Accepted, Cause, CertifiedRecord, Election, ElectionEvery, ElectionState, Input,
    MembershipDigest, Message, Place, Promise, PublicKey, Record, Ruling, Seat, Signature,
    Signatures, Signed, Start, StartsDigest, Tie, Timer,
};
use althing_engine::{Origin, SearchId};
use althing_types::{Channel, Difficulty, PeerId, Seed, Term, Transaction};

use super::Network;
use super::peer::{Peer, key_of};

/// The rest of an input.
pub(super) struct Script<'input> {
    bytes: &'input [u8],
    dialect: Box<dyn RoundsDialect>,
}

/// Returns the network of the published programs with this configuration.
fn published(config: Config) -> Box<dyn RoundsDialect> {
    let mut profile = built_in::find("elect-chain").expect("it is built in").clone();
    profile.join.n = config.peers.get();
    Box::new(Program::new(program::Config {
        challenges: Some(config.challenges),
        rounds: config.rounds,
        pause: Some(config.pause),
        ..program::Config::new(profile)
    }))
}

impl<'input> Script<'input> {
    pub(super) fn new(bytes: &'input [u8]) -> Self {
        Self { bytes, dialect: Box::new(ElectChain::new(Config::default())) }
    }

    pub(super) fn is_over(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Reads which network it is.
    pub(super) fn network(&mut self) -> Network {
        let choices = self.byte();
        let signatures = if choices & 2 == 0 { Signatures::None } else { Signatures::Offered };
        let peers = NonZeroU16::new(1 + u16::from(self.byte() % 10)).expect("one and more");
        let config = Config {
            peers,
            signatures,
            challenges: bits(1)..=bits(3),
            rounds: (choices & 4 != 0).then_some(Transaction::new(3)),
            pause: Duration::from_millis(u64::from(choices >> 7) * 100),
            ..Config::default()
        };
        self.dialect = match choices & 1 {
            0 => Box::new(ElectChain::new(config)),
            _ => published(config),
        };
        let mut rules = self.dialect.rules().clone();
        if choices & 8 != 0 {
            rules.election = Election::plurality(Tie::SmallestId);
        }
        if choices & 16 != 0 {
            rules.election_every = ElectionEvery::Transaction;
        }
        let seat = if choices & 96 == 96 { Seat::Observer } else { Seat::Member };
        Network { rules, seat }
    }

    /// Lets the next thing happen.
    pub(super) fn next(&mut self, peer: &mut Peer) {
        match self.byte() % 16 {
            0 => peer.wait(Duration::from_millis(20 * u64::from(self.byte()))),
            1 => peer.run_out(usize::from(self.byte())),
            2 => {
                let timer = self.timer();
                peer.handle(Input::Timer(timer));
            }
            3 => {
                let (transaction, seed) = (self.transaction(), self.seed());
                // What solves an earlier search comes too late.
                let search = match peer.search() {
                    Some(search) if transaction == peer.next_row() => search,
                    _ => SearchId(transaction.number()),
                };
                peer.handle(Input::Solved { search, solution: seed });
            }
            4 => {
                let lost = self.peer();
                peer.handle(Input::PeerLost(lost));
            }
            5 => peer.restart(),
            6 => self.wire(peer),
            _ => {
                let signed = self.signed();
                peer.handle(message(signed));
            }
        }
    }

    /// A message as the dialect reads it: a topic, a length, and the payload.
    fn wire(&mut self, peer: &mut Peer) {
        let topics = [self.dialect.topics(), self.dialect.overheard().concat()].concat();
        let topic = &topics[usize::from(self.byte()) % topics.len()];
        let length = usize::from(self.byte()) << 8 | usize::from(self.byte());
        let (payload, rest) = self.bytes.split_at(length.min(self.bytes.len()));
        self.bytes = rest;
        match self.dialect.decode(&Channel::topic(topic.as_str()), payload).content {
            Ok(Content::Message(signed)) => peer.handle(message(signed)),
            Ok(Content::PeerLost(lost)) => peer.handle(Input::PeerLost(lost)),
            Ok(Content::Overheard(overheard)) => peer.handle(Input::Overheard(overheard)),
            Ok(Content::Nothing) => {}
            Err(_) => peer.handle(Input::Malformed(Origin::default())),
        }
    }

    fn timer(&mut self) -> Timer {
        match self.byte() {
            255 => Timer::Announce,
            254 => Timer::Overheard,
            byte if byte % 5 == 0 => Timer::Repeat,
            byte if byte % 5 == 1 => Timer::DrawsOver(self.term()),
            byte if byte % 5 == 2 => Timer::Lead(self.transaction()),
            byte if byte % 5 == 3 => Timer::Suspicion,
            _ => Timer::CatchUp(self.transaction()),
        }
    }

    fn signed(&mut self) -> Signed {
        let message = self.message();
        let signature = match self.byte() % 4 {
            0 => None,
            1 => Some(Signature::new(Arc::new([0]))),
            _ => Some(Signature::new(key_of(message.peer()).0)),
        };
        Signed { message, signature }
    }

    fn message(&mut self) -> Message {
        let byte = self.byte();
        // What was added later has bytes of its own, so that earlier scripts mean the same.
        let (kind, is_later, peer) = (byte % 8, byte >= 0xf0, self.peer());
        match kind {
            0 => Message::Announcement {
                peer,
                key: self.key(peer),
                members: self.members(),
                start: is_later.then(|| self.start()).flatten(),
            },
            1 if is_later => {
                let name = format!("peer {}", self.byte());
                Message::Name { peer, name: name.parse().expect("it is short") }
            }
            1 => {
                let (draw, state) = (self.byte().into(), self.state());
                Message::Election { peer, draw, state }
            }
            2 => {
                let (difficulty, place) = (self.difficulty(), self.place());
                Message::Challenge { peer, difficulty, place }
            }
            3 => Message::Solution { peer, transaction: self.transaction(), seed: self.seed() },
            4 => {
                let (transaction, seed) = (self.transaction(), self.seed());
                let approve = self.mostly();
                Message::Vote { peer, transaction, seed, approve, cause: self.cause() }
            }
            5 => {
                let (transaction, seed) = (self.transaction(), self.seed());
                let winner = self.peer();
                let ruling = if self.mostly() { Ruling::Accepted } else { Ruling::Wrong };
                Message::Verdict { peer, transaction, seed, winner, ruling }
            }
            6 => Message::Request { peer, of: self.peer(), from: self.transaction() },
            7 if !is_later => Message::Certificate { peer, record: self.certified() },
            _ => Message::Confirmation {
                peer,
                of: (0..self.byte() % 4).map(|_| self.confirmed()).collect(),
                members: self.mostly().then_some(Peer::OWN_ROSTER),
                promised: self.mostly().then(|| self.term()),
                transaction: self.transaction(),
                accepted: None,
            },
        }
    }

    fn state(&mut self) -> Option<ElectionState> {
        let choice = self.byte();
        if choice.is_multiple_of(4) {
            return None;
        }
        let promise = (choice % 4 > 1).then(|| {
            let (leader, transaction) = (self.peer(), self.transaction());
            let accepted =
                (choice & 4 != 0).then(|| Accepted { term: self.term(), record: self.record() });
            Promise { leader, transaction, accepted }
        });
        // Most use the peer's own membership, whose digest `peer` fills in.
        let members = if choice & 8 == 0 { Peer::OWN_ROSTER } else { MembershipDigest(7) };
        let starts = StartsDigest(u64::from(choice >= 0xf0));
        Some(ElectionState { term: self.term(), members, promise, starts })
    }

    fn cause(&mut self) -> Option<Cause> {
        self.mostly().then(|| Cause {
            term: self.term(),
            difficulty: self.difficulty(),
            winner: self.peer(),
            starts: StartsDigest(0),
        })
    }

    fn start(&mut self) -> Option<Start> {
        let number = u64::from(self.byte() % 5);
        (number > 0).then(|| Start { number, nonce: u64::from(self.byte() % 3) })
    }

    fn confirmed(&mut self) -> (PeerId, Start) {
        (self.peer(), self.start().unwrap_or(Start::FIRST))
    }

    fn place(&mut self) -> Option<Place> {
        let is_said = self.mostly();
        is_said.then(|| Place { transaction: self.transaction(), term: self.term() })
    }

    fn certified(&mut self) -> CertifiedRecord {
        let (record, term) = (self.record(), self.term());
        let votes = (0..self.byte() % 12).map(|_| {
            let voter = self.peer();
            let signature = self.mostly().then(|| Signature::new(key_of(voter).0));
            (voter, signature)
        });
        CertifiedRecord { record, term, votes: votes.collect(), noes: 0, starts: StartsDigest(0) }
    }

    fn record(&mut self) -> Record {
        Record {
            transaction: self.transaction(),
            difficulty: self.difficulty(),
            seed: self.seed(),
            winner: self.peer(),
        }
    }

    fn members(&mut self) -> Option<Vec<(PeerId, Option<PublicKey>)>> {
        let length = self.byte() % 16;
        (length < 12).then(|| {
            let members = (0..length).map(|_| {
                let peer = self.peer();
                (peer, self.key(peer))
            });
            members.collect()
        })
    }

    fn key(&mut self, peer: PeerId) -> Option<PublicKey> {
        match self.byte() % 8 {
            0 => None,
            1 => Some(PublicKey(Arc::new([0]))),
            _ => Some(key_of(peer)),
        }
    }

    fn peer(&mut self) -> PeerId {
        match self.byte() {
            far @ 0xf0.. => PeerId::new(u128::MAX - u128::from(far)),
            near => PeerId::new(1 + u128::from(near % 12)),
        }
    }

    fn transaction(&mut self) -> Transaction {
        match self.byte() {
            far @ 0xf0.. => Transaction::new(u64::MAX - u64::from(far & 1)),
            near => Transaction::new(u64::from(near % 5)),
        }
    }

    fn term(&mut self) -> Term {
        match self.byte() {
            far @ 0xf0.. => Term::new(u64::MAX - u64::from(far & 1)),
            near => Term::new(u64::from(near % 4)),
        }
    }

    fn difficulty(&mut self) -> Difficulty {
        match self.byte() {
            0xf0.. => Difficulty::MAX,
            near => bits(1 + u64::from(near % 3)),
        }
    }

    fn seed(&mut self) -> Seed {
        match self.byte() {
            0xf0.. => Seed::new("what is that?").expect("a short text"),
            near => Seed::from(u64::from(near)),
        }
    }

    /// Returns true in three cases of four.
    fn mostly(&mut self) -> bool {
        !self.byte().is_multiple_of(4)
    }

    /// Returns the next byte, or zero after the last.
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }
}

fn message(message: Signed) -> Input {
    Input::Message { from: Origin::default(), message }
}

fn bits(bits: u64) -> Difficulty {
    Difficulty::from_bits(bits).expect("a difficulty of a few bits")
}
