//! Rules and codec together: engines that hear each other only through bytes on topics.

use std::collections::{BTreeMap, VecDeque};

use althing_engine::rounds::{
    CertifiedRecord, Durable, Event, Identity, Input, Output, Recovered, Rounds, Seat, Timer,
};
use althing_pow::{Job, Outcome, Progress, search};
use althing_types::Moment;

use super::*;

/// A network without faults: each message reaches all before the next, and a search succeeds at
/// once.
struct Network {
    dialect: Sd,
    now: Moment,
    peers: Vec<Peer>,
    said: VecDeque<Wire>,
    timers: BTreeMap<(Moment, usize), (usize, Timer)>,
    timers_set: usize,
    /// How many messages were said on each topic.
    topics: BTreeMap<String, usize>,
    refused: Vec<Event>,
}

struct Peer {
    engine: Rounds,
    rows: Vec<CertifiedRecord>,
}

const ROWS: u64 = 5;
const PEERS: u16 = 3;

impl Network {
    fn new() -> Self {
        let dialect = Sd::new(Config {
            peers: NonZeroU16::new(PEERS).expect("three is not zero"),
            challenges: bits(1)..=bits(6),
            rounds: Some(Transaction::new(ROWS)),
            ..Config::default()
        });
        let mut network = Self {
            dialect,
            now: Moment::START,
            peers: Vec::new(),
            said: VecDeque::new(),
            timers: BTreeMap::new(),
            timers_set: 0,
            topics: BTreeMap::new(),
            refused: Vec::new(),
        };
        for _ in 0..PEERS {
            network.start();
        }
        network
    }

    fn start(&mut self) {
        let peer = self.peers.len();
        let secret = [u8::try_from(peer).expect("few peers"); 32];
        let identity = Identity {
            id: self.dialect.peer_id(0, 1 + peer as u64),
            seat: Seat::Member,
            entropy: secret,
            authenticator: self.dialect.authenticator(&secret).expect("32 bytes are a secret"),
        };
        let rules = self.dialect.rules().clone();
        let engine = Rounds::new(rules, identity, Recovered::default());
        self.peers.push(Peer { engine, rows: Vec::new() });
        self.handle(peer, Input::Start);
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            while let Some(wire) = self.said.pop_front() {
                let received = self.dialect.decode(&wire.topic, &wire.payload);
                let Ok(Received::Message(sealed)) = received else {
                    panic!("{received:?} was said");
                };
                *self.topics.entry(wire.topic).or_default() += 1;
                for peer in 0..self.peers.len() {
                    self.handle(peer, Input::Message(sealed.clone()));
                }
            }
            let Some(next) = self.timers.first_entry().filter(|next| next.key().0 <= end) else {
                self.now = end;
                return;
            };
            self.now = next.key().0;
            let (peer, timer) = next.remove();
            self.handle(peer, Input::Timer(timer));
        }
    }

    fn handle(&mut self, peer: usize, input: Input) {
        let mut out = Vec::new();
        self.peers[peer].engine.handle(self.now, input, &mut out);
        let mut answers = Vec::new();
        for output in out {
            match output {
                Output::Persist(Durable::Record(record)) => self.peers[peer].rows.push(record),
                Output::Persist(_) | Output::CancelMining => {}
                Output::Broadcast(sealed) => self.said.extend(one(self.dialect.encode(&sealed))),
                Output::SetTimer { after, timer } => {
                    self.timers_set += 1;
                    self.timers.insert((self.now + after, self.timers_set), (peer, timer));
                }
                Output::Mine { transaction, puzzle, difficulty } => {
                    let job = Job::new(puzzle.work(difficulty), 0..puzzle.candidates());
                    if let Outcome::Found(index) = search(&job, &Progress::new()) {
                        let seed = puzzle.candidate(index);
                        answers.push(Input::Solved { transaction, seed });
                    }
                }
                Output::Recall { from, count } => {
                    let rows = self.peers[peer].rows.iter();
                    let rows = rows.skip_while(|row| row.record.transaction < from).take(count);
                    answers.push(Input::Recalled(rows.cloned().collect()));
                }
                Output::Event(event @ Event::MessageRefused { .. }) => self.refused.push(event),
                Output::Event(_) => {}
            }
        }
        for answer in answers {
            self.handle(peer, answer);
        }
    }
}

#[test]
fn three_peers_decide_five_rows_and_one_that_comes_late_catches_up() {
    let mut network = Network::new();
    network.run(Duration::from_secs(5));
    network.start();
    network.run(Duration::from_secs(30));

    let records = |peer: &Peer| Vec::from_iter(peer.rows.iter().map(|row| row.record.clone()));
    let table = records(&network.peers[0]);
    assert_eq!(table.len() as u64, ROWS);
    for peer in &network.peers {
        assert_eq!(records(peer), table);
        let sealed = |row: &CertifiedRecord| {
            row.votes.len() >= 2 && row.votes.iter().all(|(_, seal)| seal.is_some())
        };
        assert!(peer.rows.iter().all(sealed), "a majority has signed each row");
    }
    for record in &table {
        assert!(Puzzle::Sha1Decimal.check(&record.seed, record.difficulty).is_ok());
    }
    assert_eq!(network.refused, []);
    assert_eq!(network.topics["sd/result"] as u64, ROWS, "the leader judges each row once");
    for topic in ["sd/init", "sd/voting", "sd/challenge", "sd/solution", "sd/ack", "sd/sync"] {
        assert!(network.topics.contains_key(topic), "nothing was said on {topic}");
    }
}
