//! A network without faults: each message reaches all before the next, and a search succeeds at
//! once.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU16;
use std::time::Duration;

use althing_dialect::elect_chain::{Config, ElectChain};
use althing_dialect::{Content, RoundsDialect, Wire};
use althing_engine::rounds::{
    Authenticator, CertifiedRecord, Command, Event, Identity, Input, Message, Past, Record, Rounds,
    Rules, Seat, Signatures, Signed, Timer, Unsigned,
};
use althing_engine::{Origin, ProofOfWork, Recipient};
use althing_pow::{Job, Outcome, Progress, search};
use althing_sim::host::{Disk, Effect, Host};
use althing_text::Name;
use althing_types::{Difficulty, Moment, PeerId, Transaction};
use rsa_keys::RsaPrivateKey;
use rsa_keys::pkcs8::EncodePrivateKey;
use rsa_keys::rand_core::OsRng;

use crate::program::Program;

pub(crate) struct Lockstep {
    rules: Rules,
    /// Encodes and decodes messages; `None` where they are handed on as they are.
    dialect: Option<Box<dyn RoundsDialect>>,
    pub(crate) now: Moment,
    seed: u64,
    /// What the peers are called; those without one at their place have no name.
    names: Vec<Option<Name>>,
    hosts: Vec<Host<Rounds>>,
    /// The programs among the peers.
    programs: Vec<Program>,
    said: VecDeque<Packet>,
    /// The peer that is cut off, and what it has said since, which its connection keeps.
    cut: Option<(usize, Vec<Signed>)>,
    timers: BTreeMap<(Moment, u64), (usize, Timer)>,
    timers_set: u64,
    /// All messages that ever reached the others, in order.
    pub(crate) log: Vec<Signed>,
    /// How many packets there were on each topic.
    pub(crate) topics: BTreeMap<String, usize>,
    pub(crate) events: Vec<(usize, Event)>,
}

/// A message on its way.
enum Packet {
    Message(Signed),
    Bytes(Wire),
}

/// The rules of `elect-chain`, for `peers` peers that do not sign.
pub(crate) fn rules(peers: u16) -> Rules {
    let dialect = ElectChain::new(Config {
        peers: NonZeroU16::new(peers).expect("a network has peers"),
        challenges: bits(1)..=bits(6),
        signatures: Signatures::None,
        rounds: Some(Transaction::new(5)),
        ..Config::default()
    });
    dialect.rules().clone()
}

pub(crate) fn bits(bits: u64) -> Difficulty {
    Difficulty::from_bits(bits).expect("between 1 and 160")
}

/// Returns a new secret key of RSA, as a node would make it.
pub(crate) fn rsa_secret(bits: usize) -> Vec<u8> {
    let key = RsaPrivateKey::new(&mut OsRng, bits).expect("the system has entropy");
    key.to_pkcs8_der().expect("it was just made").as_bytes().to_vec()
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
        let mut net = Self::empty(rules, None);
        net.start_all(authenticators);
        net
    }

    /// Returns a network whose peers hear each other's bytes.
    pub(crate) fn over(
        dialect: impl RoundsDialect + 'static,
        authenticators: impl Iterator<Item = Box<dyn Authenticator>>,
    ) -> Self {
        let mut net = Self::empty(&dialect.rules().clone(), Some(Box::new(dialect)));
        net.start_all(authenticators);
        net
    }

    /// Returns such a network in which each peer has a name, or none if that is empty.
    pub(crate) fn called(
        dialect: impl RoundsDialect + 'static,
        authenticators: impl Iterator<Item = Box<dyn Authenticator>>,
        names: &[&str],
    ) -> Self {
        let mut net = Self::empty(&dialect.rules().clone(), Some(Box::new(dialect)));
        net.names = names.iter().map(|name| name.parse().ok()).collect();
        net.start_all(authenticators);
        net
    }

    /// Returns a network of so many peers of ours and so many programs, which draw by `seed`.
    pub(crate) fn among_programs(rules: &Rules, ours: usize, programs: usize, seed: u64) -> Self {
        let mut net = Self::empty(rules, None);
        net.seed = seed;
        for number in 0..programs {
            let entropy = seed << 8 | number as u64;
            let mut program = Program::new(rules, id(ours + number), entropy);
            program.start(net.now);
            net.programs.push(program);
        }
        net.start_all((0..ours).map(|_| Box::new(Unsigned) as Box<dyn Authenticator>));
        net
    }

    fn empty(rules: &Rules, dialect: Option<Box<dyn RoundsDialect>>) -> Self {
        Self {
            rules: rules.clone(),
            dialect,
            now: Moment::START,
            seed: 0,
            names: Vec::new(),
            hosts: Vec::new(),
            programs: Vec::new(),
            said: VecDeque::new(),
            cut: None,
            timers: BTreeMap::new(),
            timers_set: 0,
            log: Vec::new(),
            topics: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    /// Makes all peers before the first of them says anything.
    fn start_all(&mut self, authenticators: impl Iterator<Item = Box<dyn Authenticator>>) {
        for authenticator in authenticators {
            self.add(authenticator);
        }
        for peer in 0..self.hosts.len() {
            self.handle(peer, Input::Start);
        }
    }

    fn add(&mut self, authenticator: Box<dyn Authenticator>) {
        let peer = self.hosts.len();
        let identity = Identity {
            id: id(peer),
            seat: Seat::Member,
            past: Past::New,
            entropy: self.entropy(peer),
            authenticator,
            solution_cache: None,
        };
        let disk = Disk::default();
        let name = self.names.get(peer).cloned().flatten();
        let engine = Rounds::new(self.rules.clone(), identity, disk.recovered().clone());
        let engine = engine.called(name);
        let mut host = Host::new(disk);
        host.start(engine);
        self.hosts.push(host);
    }

    /// Returns what a peer draws by; where programs are in the network, so does the seed.
    fn entropy(&self, peer: usize) -> [u8; 32] {
        let mut entropy = [u8::try_from(peer).expect("few peers"); 32];
        for (byte, of_seed) in entropy.iter_mut().zip(self.seed.to_le_bytes()) {
            *byte ^= of_seed;
        }
        entropy
    }

    /// Starts one more peer.
    pub(crate) fn join(&mut self, authenticator: Box<dyn Authenticator>) {
        self.add(authenticator);
        self.handle(self.hosts.len() - 1, Input::Start);
    }

    /// Runs for `time`, or until nothing happens any more.
    pub(crate) fn run(&mut self, time: Duration) {
        self.run_with(time, |_| Vec::new());
    }

    /// Runs for `time`; `listener` hears every message, and its answers are sent as well.
    pub(crate) fn run_with(
        &mut self,
        time: Duration,
        mut listener: impl FnMut(&Message) -> Vec<Message>,
    ) {
        let end = self.now + time;
        while self.step(end, &mut listener) {}
    }

    /// Runs until `done`; a minute of the peers' time is more than enough for anything here.
    pub(crate) fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        let end = self.now + Duration::from_secs(60);
        while !done(self) {
            assert!(self.step(end, &mut |_| Vec::new()), "nothing happens");
        }
    }

    /// Delivers one message to all, or lets the next timer run out; returns whether there was
    /// anything to do until `end`.
    fn step(&mut self, end: Moment, listener: &mut impl FnMut(&Message) -> Vec<Message>) -> bool {
        if let Some(packet) = self.said.pop_front() {
            if let Some(signed) = self.read(packet) {
                self.log.push(signed.clone());
                for answer in listener(&signed.message) {
                    self.say(answer);
                }
                for peer in 0..self.hosts.len() {
                    if !self.is_cut(peer) {
                        self.handle(peer, heard(signed.clone()));
                    }
                }
                let now = self.now;
                let answers = self.programs.iter_mut().flat_map(|it| it.hear(now, &signed.message));
                for answer in answers.collect::<Vec<_>>() {
                    self.say(answer);
                }
            }
            return true;
        }
        if self.wake_program(end) {
            return true;
        }
        let Some(next) = self.timers.first_entry() else { return false };
        if next.key().0 > end {
            self.now = end;
            return false;
        }
        self.now = next.key().0;
        let (peer, timer) = next.remove();
        self.handle(peer, Input::Timer(timer));
        true
    }

    /// Has a program do what it planned before the next timer runs out.
    fn wake_program(&mut self, end: Moment) -> bool {
        let plans = self.programs.iter().enumerate();
        let Some((at, number)) =
            plans.filter_map(|(number, it)| Some((it.wake_at()?, number))).min()
        else {
            return false;
        };
        let timer = self.timers.first_key_value().map(|((at, _), _)| *at);
        if at > end || timer.is_some_and(|timer| timer < at) {
            return false;
        }
        self.now = at;
        for said in self.programs[number].wake(at) {
            self.say(said);
        }
        true
    }

    /// Returns the message that a packet is, if it is one for an engine.
    fn read(&mut self, packet: Packet) -> Option<Signed> {
        let wire = match packet {
            Packet::Message(signed) => return Some(signed),
            Packet::Bytes(wire) => wire,
        };
        *self.topics.entry(wire.to.to_string()).or_default() += 1;
        let dialect = self.dialect.as_ref().expect("bytes are sent where there is a codec");
        let received = dialect.decode(&wire.to, &wire.payload);
        assert_eq!(received.from, Origin::default());
        match received.content.expect("all that is said here is a message") {
            Content::Message(signed) => Some(signed),
            Content::Nothing | Content::Overheard(_) => None,
            Content::PeerLost(peer) => panic!("there is no broker to say that {peer} is lost"),
        }
    }

    /// Sends an unsigned message in the name of any peer.
    pub(crate) fn say(&mut self, message: Message) {
        self.say_signed(Signed { message, signature: None });
    }

    pub(crate) fn say_signed(&mut self, signed: Signed) {
        match &self.dialect {
            Some(dialect) => {
                let wires = dialect.encode(&Recipient::All, &signed);
                self.said.extend(wires.into_iter().map(Packet::Bytes));
            }
            None => self.said.push_back(Packet::Message(signed)),
        }
    }

    /// Cuts the connection of a peer: it hears nothing until [`heal`](Self::heal).
    pub(crate) fn cut_off(&mut self, peer: usize) {
        self.cut = Some((peer, Vec::new()));
    }

    /// Connects it again, and sends what it has said meanwhile.
    pub(crate) fn heal(&mut self) {
        let Some((peer, kept)) = self.cut.take() else { return };
        self.handle(peer, Input::Interrupted);
        kept.into_iter().for_each(|signed| self.say_signed(signed));
    }

    fn is_cut(&self, peer: usize) -> bool {
        self.cut.as_ref().is_some_and(|(cut, _)| *cut == peer)
    }

    /// Sends any bytes, valid or not.
    pub(crate) fn say_bytes(&mut self, wire: Wire) {
        self.said.push_back(Packet::Bytes(wire));
    }

    /// Tells a peer to issue a challenge of this difficulty, or of one that it draws.
    pub(crate) fn issue(&mut self, peer: usize, wanted: Option<Difficulty>) {
        self.handle(peer, Input::Command(Command::Issue(wanted)));
    }

    /// Returns the engine of a peer that has not left.
    pub(crate) fn engine(&self, peer: usize) -> &Rounds {
        self.hosts[peer].engine().expect("it is still there")
    }

    pub(crate) fn rows(&self, peer: usize) -> Vec<CertifiedRecord> {
        self.hosts[peer].disk().entries().to_vec()
    }

    /// Asserts that all peers have the same table of `rows` rows.
    pub(crate) fn assert_one_table(&self, rows: usize) {
        let records = |peer: usize| -> Vec<_> {
            self.rows(peer).into_iter().map(|certified| certified.record).collect()
        };
        let first = records(0);
        assert_eq!(first.len(), rows);
        for peer in 0..self.hosts.len() {
            assert_eq!(records(peer), first);
        }
    }

    /// Asserts that no program has ended, and that all peers and programs have the same table, with
    /// all rows that the rules ask for.
    pub(crate) fn assert_all_have_one_table(&self, context: &str) {
        let rows = self.rules.rounds.map(Transaction::number).expect("a session ends");
        let mut tables = Vec::new();
        for program in &self.programs {
            assert_eq!(program.ended, None, "{context}");
            tables.push(program.table.clone());
        }
        for peer in 0..self.hosts.len() {
            let row = |row: CertifiedRecord| {
                let Record { transaction, difficulty, seed, winner } = row.record;
                (transaction.number(), difficulty.bits(), seed, winner)
            };
            tables.push(self.rows(peer).into_iter().map(row).collect());
        }
        assert_eq!(tables[0].len() as u64, rows, "{tables:#?} {context}");
        assert!(tables.iter().all(|table| *table == tables[0]), "{tables:#?} {context}");
    }

    /// Asserts that no program has ended.
    pub(crate) fn assert_no_program_has_ended(&self) {
        for program in &self.programs {
            assert_eq!(program.ended, None);
        }
    }

    /// Returns the leaders that the first peer followed, in order.
    pub(crate) fn leaders(&self) -> Vec<PeerId> {
        let elected = self.events_of(0).filter_map(|event| match event {
            Event::LeaderElected { leader, .. } => Some(*leader),
            _ => None,
        });
        elected.collect()
    }

    /// Returns the events of a peer, in order.
    pub(crate) fn events_of(&self, peer: usize) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |(of, _)| *of == peer).map(|(_, event)| event)
    }

    fn handle(&mut self, peer: usize, input: Input) {
        let mut effects = Vec::new();
        let handled = self.hosts[peer].handle(self.now, input, &mut effects);
        handled.expect("rows come in order");
        let mut is_searching = false;
        for effect in effects {
            match effect {
                Effect::Sent { message, .. } => match &mut self.cut {
                    Some((cut, kept)) if *cut == peer => kept.push(message),
                    _ => self.say_signed(message),
                },
                Effect::TimerSet { after, timer } => {
                    self.timers_set += 1;
                    self.timers.insert((self.now + after, self.timers_set), (peer, timer));
                }
                Effect::SearchStarted { .. } => is_searching = true,
                Effect::SearchCancelled => is_searching = false,
                Effect::Event(event) => self.events.push((peer, event)),
                Effect::Written(_) | Effect::Left | Effect::Crashed => {}
            }
        }
        if is_searching && let Some(solved) = self.solve(peer) {
            self.handle(peer, solved);
        }
    }

    /// Returns the end of the search of a peer.
    fn solve(&self, peer: usize) -> Option<Input> {
        let (id, challenge) = self.hosts[peer].search()?;
        let work = challenge.part(0).expect("there is one part");
        match search(&Job::new(work, 0..u64::MAX), &Progress::new()) {
            Outcome::Found(index) => {
                Some(Input::Solved { search: id, solution: challenge.solution(0, index) })
            }
            _ => None,
        }
    }
}

/// Returns what a peer is handed when it hears a message.
pub(crate) fn heard(signed: Signed) -> Input {
    Input::Message { from: Origin::default(), message: signed }
}
