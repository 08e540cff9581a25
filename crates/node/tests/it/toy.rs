//! A scripted engine: each message lists the outputs that it answers with. So a test chooses the
//! outputs that the driver has to carry out, and sees in which order it did so.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use althing_dialect::cs60::Data;
use althing_dialect::{Codec, Content, Malformed, NetworkConfig, Received, Wire};
use althing_engine::{
    Change, Durable, Engine, Gap, Ground, Input, Origin, Output, ProofOfWork, Queue, Recipient,
    SearchId,
};
use althing_feed::{Event, Feed, Observed, PeerEvent, PeerName, Subscription};
use althing_net::memory::Bus;
use althing_net::{Arrival, Link};
use althing_node::{Clock, Node, Setup};
use althing_pow::{Goal, Hash, Nonce, Parallelism, Template, Work};
use althing_store::{Reader, Store};
use althing_types::{Channel, Moment, PeerId};

/// The outputs of the engine, in order: `persist 3`, `send hello`, `event hello`,
/// `refuse`, `timer 5` (in so many milliseconds), `search` (for what is easily found), `search for
/// ever`, `cancel`, `read`, `leave`.
pub(crate) type Script = String;

/// Topics to which the peer listens, and to which it sends.
pub(crate) const IN: &str = "in";
pub(crate) const OUT: &str = "out";

#[derive(Default)]
pub(crate) struct Toy {
    search: SearchId,
    handled: u64,
}

/// An entry of the log; the same number every time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Put([u64; 1]);

impl Durable for Put {
    type Entry = u64;
    type State = ();

    fn change<'a>(&'a self, (): &mut (), _: &Range<u64>) -> Result<Option<Change<'a, u64>>, Gap> {
        Ok(Some(Change { from: self.0[0], entries: &self.0 }))
    }
}

/// A search for a digest with so many zero bits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ZeroBits(pub(crate) u16);

impl ProofOfWork for ZeroBits {
    type Solution = u64;

    const FIRST_CANDIDATE_MAX: u64 = 1;

    fn part(&self, _: u32) -> Option<Work> {
        let template = Template::bare(Nonce::Decimal);
        Some(Work { hash: Hash::Sha256, template, goal: Goal::LeadingZeroBits(self.0) })
    }

    fn solution(&self, _: u32, index: u64) -> u64 {
        index
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    Text(String),
    Refusal,
}

impl Engine for Toy {
    type Message = Script;
    type Timer = u64;
    type Durable = Put;
    type Work = ZeroBits;
    type Command = Script;
    type Event = Told;
    /// How many inputs it has handled.
    type Status = u64;

    fn handle(&mut self, _: Moment, input: Input<Self>, out: &mut Vec<Output<Self>>) {
        self.handled += 1;
        match input {
            Input::Start => say("started", out),
            Input::Message { message: script, .. } | Input::Command(script) => {
                for act in script.split("; ") {
                    self.act(act, out);
                }
            }
            Input::Malformed(_) => say("malformed", out),
            Input::Timer(timer) => say(format!("timer {timer}"), out),
            Input::Solved { search, solution } => {
                assert_eq!(search, self.search, "the driver knows the last search");
                say(format!("solved {}", ZeroBits(4).is_solved_by(solution)), out);
            }
            Input::Read(entries) => say(format!("read {entries:?}"), out),
            Input::Peers(_)
            | Input::WallClock(_)
            | Input::PeerLost(_)
            | Input::Interrupted
            | Input::Overheard(_) => {}
        }
    }

    fn status(&self) -> u64 {
        self.handled
    }

    fn visit_queues(&self, _: impl FnMut(Queue)) {}
}

impl Toy {
    fn act(&mut self, act: &str, out: &mut Vec<Output<Self>>) {
        let (verb, rest) = act.split_once(' ').unwrap_or((act, ""));
        let number = || rest.parse().expect("the test says a number");
        out.push(match verb {
            "persist" => Output::Persist(Put([number()])),
            "event" => Output::Event(Told::Text(rest.to_owned())),
            "refuse" => Output::Event(Told::Refusal),
            "timer" => {
                let after = Duration::from_millis(number());
                Output::SetTimer { after, timer: number() }
            }
            "search" => {
                self.search = self.search.next();
                let bits = if rest == "for ever" { 256 } else { 4 };
                Output::Search { id: self.search, work: ZeroBits(bits) }
            }
            "cancel" => Output::CancelSearch,
            "read" => Output::Read { from: 0, count: 100 },
            "leave" => Output::Leave,
            _ => return say(rest, out),
        });
    }
}

impl ZeroBits {
    fn is_solved_by(&self, index: u64) -> bool {
        self.part(0).is_some_and(|work| work.is_solved_by(index))
    }
}

fn say(text: impl Into<String>, out: &mut Vec<Output<Toy>>) {
    out.push(Output::Send { to: Recipient::All, message: text.into() });
}

impl Observed for Toy {
    fn kind(_: &Script) -> &'static str {
        "script"
    }

    fn event(&self, event: Told) -> Event {
        match event {
            Told::Text(reason) => PeerEvent::Disconnected { reason }.into(),
            Told::Refusal => {
                let ground = Ground { kind: "told", rule: None, is_breach: true };
                PeerEvent::refused_from(&Channel::topic(IN), ground, "as told".to_owned()).into()
            }
        }
    }

    fn speaker(&self, _: &Origin, _: &Script) -> Option<PeerName> {
        None
    }

    fn refusal(&self, _: &Told) -> Option<(Option<PeerName>, Ground, String)> {
        None
    }

    fn started(_: &u64, _: u64, watching: bool) -> PeerEvent {
        PeerEvent::Started { rows: None, blocks: None, left_out: None, watching }
    }
}

/// Text in, text out. Notes what is on disk whenever a message is sent.
pub(crate) struct Notes {
    log: Reader<Put>,
    sent: Mutex<Vec<(String, u64)>>,
}

impl Codec for Notes {
    type Engine = Toy;

    fn network(&self) -> NetworkConfig {
        NetworkConfig::Cs60 { data: Data::Texts, zeros: 0 }
    }

    /// `crash` ends the peer, as a loss of power would.
    fn encode(&self, _: &Recipient, message: &Script) -> Vec<Wire> {
        assert_ne!(message, "crash", "the test wants it so");
        let on_disk = self.log.range().expect("the store can be read").end;
        self.sent.lock().expect("no panic before").push((message.clone(), on_disk));
        vec![Wire { to: Channel::topic(OUT), payload: message.clone().into_bytes() }]
    }

    fn decode(&self, _: &Channel, payload: &[u8]) -> Received<Script> {
        let text = String::from_utf8_lossy(payload).into_owned();
        let content = match text.as_str() {
            "?" => Err(Malformed::NotAMessage(text)),
            "nothing" => Ok(Content::Nothing),
            _ => Ok(Content::Message(text)),
        };
        Received { from: Origin::default(), content }
    }
}

impl Notes {
    /// Returns what was sent until now, and how many entries were on disk before each of it.
    pub(crate) fn sent(&self) -> Vec<(String, u64)> {
        self.sent.lock().expect("no panic before").clone()
    }
}

/// A peer that has not begun, and the others of its network.
pub(crate) struct Stage {
    pub(crate) node: Node<Toy>,
    pub(crate) link: Link,
    pub(crate) notes: Arc<Notes>,
    /// The test's end of the network: it sends scripts to the peer, and hears its messages.
    pub(crate) other: Link,
    pub(crate) events: Subscription,
}

impl Stage {
    /// Returns a peer with this store, and a feed that keeps so many records.
    pub(crate) fn new(store: Store<Put>, records_max: usize) -> Self {
        let bus = Bus::new();
        let (link, other) = (bus.join([IN]), bus.join([OUT]));
        let feed = Feed::new(records_max.try_into().expect("it is not zero"));
        let events = feed.subscribe();
        let notes = Arc::new(Notes { log: store.reader(), sent: Mutex::default() });
        let node = Node::new(Setup {
            codec: Arc::clone(&notes) as Arc<dyn Codec<Engine = Toy>>,
            engine: Toy::default(),
            left_out: 0,
            store,
            parallelism: Some(Parallelism::of(std::num::NonZeroUsize::MIN)),
            searches: None,
            observer: None,
            clock: Clock::start(),
            source: feed.source(None, Some(Self::name())),
        });
        Self { node, link, notes, other, events }
    }

    pub(crate) fn in_memory() -> Self {
        Self::new(Store::in_memory(), 1024)
    }

    /// Returns what the peer is called on the feed.
    pub(crate) fn name() -> PeerName {
        PeerId::new(1).into()
    }

    /// Sends the peer a script, which it carries out once it gets to it.
    pub(crate) fn tell(&self, script: impl Into<String>) {
        self.other.publisher().publish(IN, script.into().into_bytes());
    }
}

/// Waits until the peer sends `text`.
pub(crate) async fn hears(other: &mut Link, text: &str) {
    loop {
        match other.next().await.expect("the bus goes on") {
            Arrival::Received { payload, .. } if payload == text.as_bytes() => return,
            _ => {}
        }
    }
}

/// Returns how often each event has been published so far.
pub(crate) fn told(events: &mut Subscription) -> BTreeMap<String, u64> {
    let mut told = BTreeMap::new();
    while let Some(record) = events.try_next() {
        let (what, count) = match &record.expect("the feed keeps them all").event {
            Event::Peer(PeerEvent::MessageRefused { count: Some(count), .. }) => {
                ("counted".to_owned(), *count)
            }
            Event::Peer(PeerEvent::MessageRefused { .. }) => ("refused".to_owned(), 1),
            Event::Peer(PeerEvent::Disconnected { reason }) => (reason.clone(), 1),
            Event::Peer(PeerEvent::Connected {}) => ("connected".to_owned(), 1),
            Event::Peer(PeerEvent::Started { .. }) => ("started".to_owned(), 1),
            other => panic!("a toy never tells {other:?}"),
        };
        *told.entry(what).or_default() += count;
    }
    told
}
