//! Three peers with keys of their own who hear each other's bytes, one after the other.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use althing_engine::rounds::{Durable, Refusal, Timer};

use super::*;

struct Lockstep {
    dialect: Ppd,
    now: Moment,
    peers: Vec<Peer>,
    said: VecDeque<Wire>,
    timers: BTreeMap<(Moment, usize), (usize, Timer)>,
    timers_set: usize,
}

struct Peer {
    engine: Rounds,
    /// What it signs with, so that the tests can speak in its name.
    authenticator: Box<dyn Authenticator>,
    rows: Vec<Record>,
    events: Vec<Event>,
}

const ROWS: u64 = 5;

fn id(peer: usize) -> PeerId {
    PeerId::new(100 + peer as u128)
}

impl Lockstep {
    fn new(variant: Variant) -> Self {
        let bits = |bits| Difficulty::from_bits(bits).expect("between 1 and 160");
        let dialect = Ppd::new(Config {
            variant,
            peers: NonZeroU16::new(3).expect("three is not zero"),
            challenges: bits(1)..=bits(6),
            rounds: Some(Transaction::new(ROWS)),
            ..Config::default()
        });
        let peers = (0..3).map(|peer| {
            let secret = secret();
            let authenticator = || dialect.authenticator(&secret).expect("it is a secret");
            let entropy = [u8::try_from(peer).expect("few peers"); 32];
            let identity = Identity {
                id: id(peer),
                seat: Seat::Member,
                entropy,
                authenticator: authenticator(),
            };
            Peer {
                engine: Rounds::new(dialect.rules().clone(), identity, Recovered::default()),
                authenticator: authenticator(),
                rows: Vec::new(),
                events: Vec::new(),
            }
        });
        let mut net = Self {
            peers: peers.collect(),
            dialect,
            now: Moment::START,
            said: VecDeque::new(),
            timers: BTreeMap::new(),
            timers_set: 0,
        };
        for peer in 0..net.peers.len() {
            net.handle(peer, Input::Start);
        }
        net
    }

    /// Delivers one message to all, or lets the next timer run out.
    fn step(&mut self) {
        let Some(wire) = self.said.pop_front() else {
            let ((moment, _), (peer, timer)) = self.timers.pop_first().expect("peers repeat");
            self.now = moment;
            return self.handle(peer, Input::Timer(timer));
        };
        let received = self.dialect.decode(&wire.topic, &wire.payload);
        match received.expect("all that is said here is a message") {
            Received::Message(sealed) => {
                for peer in 0..self.peers.len() {
                    self.handle(peer, Input::Message(sealed.clone()));
                }
            }
            Received::Nothing => {}
            Received::Lost(peer) => panic!("nobody can say that {peer} is lost"),
        }
    }

    fn handle(&mut self, peer: usize, input: Input) {
        let mut out = Vec::new();
        self.peers[peer].engine.handle(self.now, input, &mut out);
        let mut solved = None;
        for output in out {
            match output {
                Output::Persist(Durable::Record(row)) => self.peers[peer].rows.push(row.record),
                Output::Persist(_) | Output::Recall { .. } => {}
                Output::Broadcast(sealed) => self.said.extend(self.dialect.encode(&sealed)),
                Output::SetTimer { after, timer } => {
                    self.timers_set += 1;
                    self.timers.insert((self.now + after, self.timers_set), (peer, timer));
                }
                Output::Mine { transaction, difficulty, .. } => {
                    let seed = solutions(difficulty).next().expect("six bits are few");
                    solved = Some(Input::Solved { transaction, seed });
                }
                Output::CancelMining => solved = None,
                Output::Event(event) => self.peers[peer].events.push(event),
            }
        }
        if let Some(solved) = solved {
            self.handle(peer, solved);
        }
    }

    fn all_have_all_rows(&self) -> bool {
        self.peers.iter().all(|peer| peer.rows.len() as u64 == ROWS)
    }

    /// Steps until `done`; a minute of the peers' time is more than enough for anything here.
    fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            assert!(self.now.since_start() < Duration::from_secs(60), "nothing happens");
            self.step();
        }
    }

    /// Returns what `message` is on the wire when `signer` has signed it, whoever it says it is.
    fn signed(&self, signer: usize, message: Message) -> Wire {
        let seal = self.peers[signer].authenticator.seal(&message);
        let wires = self.dialect.encode(&Sealed { message, seal });
        wires.into_iter().next_back().expect("it is a message of this network")
    }

    /// Returns all that `engine` does when it hears `wire`.
    fn hear(&self, engine: &mut Rounds, wire: &Wire) -> Vec<Output> {
        let mut out = Vec::new();
        let sealed = message_of(&self.dialect, &wire.topic, &wire.payload);
        engine.handle(self.now, Input::Message(sealed), &mut out);
        out
    }
}

fn solutions(difficulty: Difficulty) -> impl Iterator<Item = Seed> {
    let puzzle = Puzzle::Sha1Text;
    let candidates = (0..).map(move |index| puzzle.candidate(index));
    candidates.filter(move |seed| puzzle.check(seed, difficulty).is_ok())
}

fn hash(engine: &Rounds) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn three_peers_elect_for_each_row_and_agree_on_all() {
    let mut net = Lockstep::new(Variant::Readme);
    net.run_until(Lockstep::all_have_all_rows);
    let rows = &net.peers[0].rows;
    for peer in &net.peers {
        assert_eq!(&peer.rows, rows);
        let refused = |event: &&Event| matches!(event, Event::MessageRefused { .. });
        assert_eq!(peer.events.iter().find(refused), None);
        let elected = |event: &&Event| matches!(event, Event::LeaderElected { .. });
        assert_eq!(peer.events.iter().filter(elected).count() as u64, ROWS);
    }
}

#[test]
fn three_peers_that_do_as_the_program_does_agree_as_well() {
    let mut net = Lockstep::new(Variant::Published);
    net.run_until(Lockstep::all_have_all_rows);
    for peer in &net.peers {
        assert_eq!(peer.rows, net.peers[0].rows);
        let refused = |event: &&Event| matches!(event, Event::MessageRefused { .. });
        assert_eq!(peer.events.iter().find(refused), None);
    }
}

#[test]
fn what_its_sender_may_not_say_is_refused_and_changes_nothing() {
    let mut net = Lockstep::new(Variant::Readme);
    // A row is open, and one of those who do not lead knows it.
    let asked = |peer: &Peer| {
        peer.events.iter().find_map(|event| match event {
            Event::ChallengeIssued { difficulty, leader, .. } => Some((*leader, *difficulty)),
            _ => None,
        })
    };
    let is_asked = |net: &Lockstep, peer: usize| {
        asked(&net.peers[peer]).is_some_and(|(leader, _)| leader != id(peer))
    };
    net.run_until(|net| (0..3).any(|peer| is_asked(net, peer)));
    let me = (0..3).find(|peer| is_asked(&net, *peer)).expect("one was");
    let (leader, difficulty) = asked(&net.peers[me]).expect("it was");
    let leader = (0..3).find(|peer| id(*peer) == leader).expect("a member leads");
    let other = 3 - me - leader;
    let elected = |event: &Event| match event {
        Event::LeaderElected { term, .. } => Some(*term),
        _ => None,
    };
    let term = net.peers[me].events.iter().find_map(elected).expect("somebody leads");
    let transaction = Transaction::FIRST;
    let seeds: Vec<_> = solutions(difficulty).take(2).collect();
    let vote = |voter: usize, seed: &Seed| Message::Vote {
        peer: id(voter),
        transaction,
        seed: seed.clone(),
        approve: true,
        cause: Some(Cause { term, difficulty, winner: id(other) }),
    };
    let place = Some(Place { transaction, term });
    let challenge = Message::Challenge { peer: id(other), difficulty, place };
    let leaders_key = net.peers[leader].authenticator.public_key();
    let second_key = Message::Announcement { peer: id(other), key: leaders_key, roster: None };

    let mut turncoat = net.signed(other, vote(other, &seeds[1]));
    let text = String::from_utf8(turncoat.payload).expect("it is JSON");
    turncoat.payload = text.replace("\"Vote\": true", "\"Vote\": false").into_bytes();

    let refused = [
        (net.signed(leader, vote(other, &seeds[1])), other, Refusal::SealWrong),
        (net.signed(other, vote(leader, &seeds[1])), leader, Refusal::SealWrong),
        (net.signed(other, vote(me, &seeds[1])), me, Refusal::Impersonation),
        (turncoat, other, Refusal::SealWrong),
        (net.signed(leader, second_key), other, Refusal::SecondKey),
        (net.signed(other, challenge), other, Refusal::NotLeader),
    ];
    let refusal = |claimed: usize, reason| {
        [Output::Event(Event::MessageRefused { claimed: id(claimed), reason })]
    };
    for (wire, claimed, reason) in &refused {
        let mut engine = net.peers[me].engine.clone();
        assert_eq!(net.hear(&mut engine, wire), refusal(*claimed, reason.clone()));
        assert_eq!(hash(&engine), hash(&net.peers[me].engine), "{reason} changed something");
    }
    // The first of two votes counts.
    let [first, second] = [0, 1].map(|seed| net.signed(other, vote(other, &seeds[seed])));
    let mut engine = net.peers[me].engine.clone();
    let voter = id(other);
    let cast = Event::VoteCast { transaction, voter, seed: seeds[0].clone(), approve: true };
    assert_eq!(net.hear(&mut engine, &first), [Output::Event(cast)]);
    let before = hash(&engine);
    let reason = Refusal::SecondVote { transaction };
    assert_eq!(net.hear(&mut engine, &second), refusal(other, reason));
    assert_eq!(hash(&engine), before);

    // All of it is said to all, and they agree nevertheless.
    net.said.extend(refused.into_iter().map(|(wire, ..)| wire));
    net.run_until(Lockstep::all_have_all_rows);
    assert!(net.peers.iter().all(|peer| peer.rows == net.peers[0].rows));
}
