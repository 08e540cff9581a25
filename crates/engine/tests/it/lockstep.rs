//! A network without faults: each message reaches all before the next, and a search succeeds at
//! once.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU16;
use std::time::Duration;

use althing_engine::rounds::{
    Authenticator, CertifiedRecord, Counting, Decision, Durable, Election, ElectionEvery, Event,
    Identity, Input, Issuing, Message, Output, Recovered, Rounds, Rules, Sealed, Seat, Signatures,
    Tie, Timeouts, Timer, Unsigned,
};
use althing_pow::{Job, Outcome, Progress, Puzzle, search};
use althing_types::{Difficulty, Moment, PeerId, Transaction};

pub(crate) struct Lockstep {
    now: Moment,
    peers: Vec<Peer>,
    said: VecDeque<Sealed>,
    timers: BTreeMap<(Moment, u64), (usize, Timer)>,
    timers_set: u64,
    /// All that was ever said, in order.
    pub(crate) log: Vec<Sealed>,
    pub(crate) events: Vec<(usize, Event)>,
}

struct Peer {
    engine: Rounds,
    rows: Vec<CertifiedRecord>,
}

/// The rules of `elect-chain`, for `peers` peers.
pub(crate) fn rules(peers: u16) -> Rules {
    Rules {
        peers: NonZeroU16::new(peers).expect("a network has peers"),
        election: Election::HighestDraw { draw_max: 255, tie: Tie::SmallestId },
        election_every: ElectionEvery::Once,
        decision: Decision::Majority,
        counting: Counting::Members,
        puzzle: Puzzle::Sha1Integer,
        challenges: bits(1)..=bits(6),
        issuing: Issuing::AtOnce,
        signatures: Signatures::None,
        timeouts: Timeouts::default(),
        pause: Duration::ZERO,
        rounds: Some(Transaction::new(5)),
    }
}

pub(crate) fn bits(bits: u64) -> Difficulty {
    Difficulty::from_bits(bits).expect("between 1 and 160")
}

/// Returns the id of the peer with this index.
pub(crate) fn id(peer: usize) -> PeerId {
    PeerId::new(100 + peer as u128)
}

impl Lockstep {
    pub(crate) fn new(rules: &Rules, peers: usize) -> Self {
        Self::with(rules, (0..peers).map(|_| Box::new(Unsigned) as Box<dyn Authenticator>))
    }

    pub(crate) fn with(
        rules: &Rules,
        authenticators: impl Iterator<Item = Box<dyn Authenticator>>,
    ) -> Self {
        let peers = authenticators.enumerate().map(|(peer, authenticator)| {
            let entropy = [u8::try_from(peer).expect("few peers"); 32];
            let identity = Identity { id: id(peer), seat: Seat::Member, entropy, authenticator };
            let engine = Rounds::new(rules.clone(), identity, Recovered::default());
            Peer { engine, rows: Vec::new() }
        });
        let mut net = Self {
            now: Moment::START,
            peers: peers.collect(),
            said: VecDeque::new(),
            timers: BTreeMap::new(),
            timers_set: 0,
            log: Vec::new(),
            events: Vec::new(),
        };
        for peer in 0..net.peers.len() {
            net.handle(peer, Input::Start);
        }
        net
    }

    /// Runs for `time`, or until nothing happens any more.
    pub(crate) fn run(&mut self, time: Duration) {
        self.run_with(time, |_| Vec::new());
    }

    /// Runs for `time`; `listener` hears every message, and what it answers is said as well.
    pub(crate) fn run_with(
        &mut self,
        time: Duration,
        mut listener: impl FnMut(&Message) -> Vec<Message>,
    ) {
        let end = self.now + time;
        loop {
            while let Some(sealed) = self.said.pop_front() {
                self.log.push(sealed.clone());
                for answer in listener(&sealed.message) {
                    self.say(answer);
                }
                for peer in 0..self.peers.len() {
                    self.handle(peer, Input::Message(sealed.clone()));
                }
            }
            let Some(next) = self.timers.first_entry() else { return };
            if next.key().0 > end {
                self.now = end;
                return;
            }
            self.now = next.key().0;
            let (peer, timer) = next.remove();
            self.handle(peer, Input::Timer(timer));
        }
    }

    /// Says something in anybody's name, unsealed.
    pub(crate) fn say(&mut self, message: Message) {
        self.said.push_back(Sealed { message, seal: None });
    }

    pub(crate) fn say_sealed(&mut self, sealed: Sealed) {
        self.said.push_back(sealed);
    }

    /// Tells a peer to ask for a solution.
    pub(crate) fn issue(&mut self, peer: usize, wanted: Option<Difficulty>) {
        self.handle(peer, Input::Issue(wanted));
    }

    pub(crate) fn rows(&self, peer: usize) -> &[CertifiedRecord] {
        &self.peers[peer].rows
    }

    /// Asserts that all peers have the same table of `rows` rows.
    pub(crate) fn assert_one_table(&self, rows: usize) {
        let records = |peer: &Peer| -> Vec<_> {
            peer.rows.iter().map(|certified| certified.record.clone()).collect()
        };
        let first = records(&self.peers[0]);
        assert_eq!(first.len(), rows);
        for peer in &self.peers {
            assert_eq!(records(peer), first);
        }
    }

    /// Returns the leaders that the first peer followed, in order.
    pub(crate) fn leaders(&self) -> Vec<PeerId> {
        let elected = self.events.iter().filter_map(|(peer, event)| match event {
            Event::LeaderElected { leader, .. } if *peer == 0 => Some(*leader),
            _ => None,
        });
        elected.collect()
    }

    fn handle(&mut self, peer: usize, input: Input) {
        let mut out = Vec::new();
        self.peers[peer].engine.handle(self.now, input, &mut out);
        let mut solved = None;
        for output in out {
            match output {
                Output::Persist(Durable::Record(record)) => self.peers[peer].rows.push(record),
                Output::Persist(_) | Output::Recall { .. } => {}
                Output::Broadcast(sealed) => self.said.push_back(sealed),
                Output::SetTimer { after, timer } => {
                    self.timers_set += 1;
                    self.timers.insert((self.now + after, self.timers_set), (peer, timer));
                }
                Output::Mine { transaction, puzzle, difficulty } => {
                    let job = Job::new(puzzle.work(difficulty), 0..puzzle.candidates());
                    if let Outcome::Found(index) = search(&job, &Progress::new()) {
                        let seed = puzzle.candidate(index);
                        solved = Some(Input::Solved { transaction, seed });
                    }
                }
                Output::CancelMining => solved = None,
                Output::Event(event) => self.events.push((peer, event)),
            }
        }
        if let Some(solved) = solved {
            self.handle(peer, solved);
        }
    }
}
