//! Members that hear each other at once, and a disk for each.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use althing_engine::simplex::{
    Command, CommittedBlock, Event, Identity, Input, Message, Past, Simplex, State, Timeouts, Timer,
};
use althing_engine::{Origin, SearchId};
use althing_ledger::assembly::{Authenticator, Certificate, Ed25519, SignedStatement, Statement};
use althing_ledger::charter::{ApplicationSettings, Charter, FaultModel, Member, MemberIndex};
use althing_ledger::{Anything, Application, Entry, Once, SignedEntry};
use althing_sim::host::{Effect, Host};
use althing_types::{Moment, UnixTime, View};

pub(crate) const FOUNDED: UnixTime = UnixTime::from_seconds(1_700_000_000);

pub(crate) fn signer(member: u16) -> Ed25519 {
    Ed25519::new(&[u8::try_from(member).expect("few") + 1; 32])
}

pub(crate) fn charter(members: u16, difficulty: RangeInclusive<u8>) -> Arc<Charter> {
    let member = |index: u16| Member {
        name: format!("member {index}").parse().expect("a name"),
        key: signer(index).key(),
    };
    let notes = ApplicationSettings { name: "notes".into(), settings: BTreeMap::new() };
    Arc::new(Charter {
        network: "club".parse().expect("a name"),
        founded: FOUNDED,
        faults: FaultModel::Byzantine,
        block_time: Duration::from_secs(1),
        difficulty,
        applications: vec![notes],
        members: (0..members).map(member).collect(),
        signatures: BTreeMap::new(),
    })
}

pub(crate) fn application() -> Box<dyn Application> {
    Box::new(Once::new(Box::new(Anything)))
}

pub(crate) fn note(charter: &Charter, nonce: u64) -> Entry {
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let chain = charter.chain_id().for_entries();
    SignedEntry::sign(&key, &chain, "notes", nonce, b"hello").encode()
}

pub(crate) fn at(millis: u64) -> Moment {
    Moment::from_start(Duration::from_millis(millis))
}

/// One member, or an observer, with its disk.
#[derive(Default)]
pub(crate) struct Peer {
    pub(crate) host: Host<Simplex>,
    pub(crate) timers: Vec<(Moment, Timer)>,
    /// When its search ends, and with which nonce.
    search: Option<(Moment, SearchId, u64)>,
    /// How long what it says and what it hears takes, in milliseconds.
    pub(crate) lag: u64,
    /// What is on its way to it.
    inbox: VecDeque<(Moment, Message)>,
    pub(crate) events: Vec<Event>,
    pub(crate) sent: Vec<Message>,
}

/// What a peer meets next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Search,
    Timer(Timer),
    Message,
}

/// Peers on a bus that loses nothing, and takes no time but for peers that lag.
pub(crate) struct Net {
    pub(crate) charter: Arc<Charter>,
    pub(crate) now: Moment,
    pub(crate) peers: Vec<Peer>,
    /// Whose messages reach the others.
    pub(crate) speaks: Vec<bool>,
}

impl Net {
    /// Returns a network of so many members, all of which have started.
    pub(crate) fn new(charter: Arc<Charter>) -> Self {
        let count = charter.members.len();
        let peers = (0..count).map(|_| Peer::default()).collect();
        let mut net = Self { charter, now: at(0), peers, speaks: vec![true; count] };
        (0..count).for_each(|index| net.start(index, Past::New));
        net
    }

    /// Starts a peer with what is on its disk.
    pub(crate) fn start(&mut self, index: usize, past: Past) {
        let state = self.state(index);
        let member = u16::try_from(index).expect("few");
        let started = FOUNDED.after(self.now.since_start());
        let identity = Identity { authenticator: Arc::new(signer(member)), past, started };
        let timeouts = Timeouts::default();
        let charter = Arc::clone(&self.charter);
        let peer = &mut self.peers[index];
        peer.host.start(Simplex::new(charter, timeouts, identity, application(), state));
        peer.timers.clear();
        // Its clock starts with it.
        self.handle(index, Input::WallClock(started));
        self.handle(index, Input::Start);
    }

    /// Hands a peer an input, and carries out all that follows at all peers.
    pub(crate) fn handle(&mut self, index: usize, input: Input) {
        let mut queue = VecDeque::from([(index, input)]);
        while let Some((index, input)) = queue.pop_front() {
            let now = self.now;
            let peer = &mut self.peers[index];
            let mut effects = Vec::new();
            peer.host.handle(now, input, &mut effects).expect("no gap");
            for effect in effects {
                let peer = &mut self.peers[index];
                match effect {
                    Effect::Sent { message, .. } => {
                        peer.sent.push(message.clone());
                        let lag = peer.lag;
                        let others = (0..self.speaks.len()).filter(|to| *to != index);
                        let others = others.filter(|to| self.speaks[index] && self.speaks[*to]);
                        for to in others {
                            let (heard, message) = (&mut self.peers[to], message.clone());
                            let lag = lag + heard.lag;
                            if lag > 0 {
                                let at = now + Duration::from_millis(lag);
                                heard.inbox.push_back((at, message));
                            } else {
                                let from = Origin::default();
                                queue.push_back((to, Input::Message { from, message }));
                            }
                        }
                    }
                    Effect::TimerSet { after, timer } => peer.timers.push((now + after, timer)),
                    Effect::SearchStarted { id, work } => {
                        let nonce = work.search(0..1 << 20).expect("it is easy");
                        // Each member is a little slower than the one before.
                        let takes = Duration::from_millis(300 + index as u64);
                        peer.search = Some((now + takes, id, nonce));
                    }
                    Effect::SearchCancelled => peer.search = None,
                    Effect::Event(event) => peer.events.push(event),
                    _ => {}
                }
            }
        }
    }

    /// Lets time pass, with the timers that run out in it and the searches that end.
    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some((at, index, due)) = self.next().filter(|(at, ..)| *at <= end) {
            self.now = self.now.max(at);
            let peer = &mut self.peers[index];
            let input = match due {
                Due::Timer(timer) => {
                    peer.timers.retain(|set| *set != (at, timer));
                    Input::Timer(timer)
                }
                Due::Search => {
                    let (_, search, solution) = peer.search.take().expect("it is the next");
                    Input::Solved { search, solution }
                }
                Due::Message => {
                    let (_, message) = peer.inbox.pop_front().expect("it is the next");
                    Input::Message { from: Origin::default(), message }
                }
            };
            self.handle(index, input);
        }
        self.now = end;
    }

    /// Returns the next timer that runs out, search that ends, or message that arrives.
    fn next(&self) -> Option<(Moment, usize, Due)> {
        let of = |(index, peer): (usize, &Peer)| {
            let timers = peer.timers.iter().map(|(at, timer)| (*at, index, Due::Timer(*timer)));
            let search = peer.search.map(|(at, ..)| (at, index, Due::Search));
            let message = peer.inbox.front().map(|(at, _)| (*at, index, Due::Message));
            timers.chain(search).chain(message).min()
        };
        self.peers.iter().enumerate().filter_map(of).min()
    }

    pub(crate) fn submit(&mut self, index: usize, nonce: u64) {
        let note = note(&self.charter, nonce);
        self.handle(index, Input::Command(Command::Submit(vec![note])));
    }

    pub(crate) fn engine(&self, index: usize) -> &Simplex {
        self.peers[index].host.engine().expect("it is up")
    }

    /// Returns what is on the disk of a peer besides its chain.
    pub(crate) fn state(&self, index: usize) -> State {
        self.peers[index].host.disk().recovered().state.clone()
    }

    /// Returns the blocks that a peer has committed.
    pub(crate) fn log(&self, index: usize) -> Vec<CommittedBlock> {
        self.peers[index].host.disk().entries().to_vec()
    }

    pub(crate) fn view(&self, index: usize) -> View {
        self.engine(index).view()
    }

    pub(crate) fn heights(&self) -> Vec<usize> {
        self.peers.iter().map(|peer| peer.host.disk().entries().len()).collect()
    }

    /// Has a peer hear what a member says.
    pub(crate) fn hear(&mut self, index: usize, statement: Statement, member: u16) {
        let chain = self.charter.chain_id();
        let word = SignedStatement::sign(statement, MemberIndex(member), &chain, &signer(member));
        self.hear_message(index, Message::Vote(word));
    }

    pub(crate) fn hear_message(&mut self, index: usize, message: Message) {
        self.handle(index, Input::Message { from: Origin::default(), message });
    }

    /// Returns what these members sign when they say this together.
    pub(crate) fn certificate(&self, statement: Statement, members: &[u16]) -> Certificate {
        let chain = self.charter.chain_id();
        let sign = |member: &u16| {
            let (key, index) = (signer(*member), MemberIndex(*member));
            (index, SignedStatement::sign(statement, index, &chain, &key).signature)
        };
        Certificate { statement, signatures: members.iter().map(sign).collect() }
    }

    /// Returns the first view from `from` on that this member leads.
    pub(crate) fn led_by(&self, member: u16, from: View) -> View {
        let mut view = from;
        while self.charter.leader(view) != MemberIndex(member) {
            view = view.next();
        }
        view
    }
}
