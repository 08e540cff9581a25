//! One peer of a network with a chain, and chains that others may have.

use std::time::Duration;

use althing_engine::nakamoto::{
    Claim, Command, Customs, Discovery, Entries, Event, HEADERS_PER_ANSWER, Identity, Input, Label,
    Message, Mining, Nakamoto, Output, Rules, State, SyncMethod, Timeouts, Timer,
};
use althing_engine::{Engine, Origin, Recipient};
use althing_ledger::{
    Anything, Application, Archive, Asert, Block, BlockContext, Choice, Coinbase, CompactTarget,
    Cs60Block, DifficultyRule, EntriesRefused, Entry, Format, Genesis, HexDigits, Ledger, Limits,
    NativeBlock, NoArchive, Outcome, Own, Proposal, Rules as ChainRules, Target, Template, Ties,
    Times,
};
use althing_types::{Address, Height, Moment, PeerKey, UnixTime};

/// One peer, and the time.
pub(crate) struct Peer {
    pub(crate) engine: Nakamoto,
    pub(crate) now: Moment,
    timers: Vec<(Moment, Timer)>,
}

impl Peer {
    pub(crate) fn new(rules: Rules, mining: Mining) -> Self {
        Self::with(rules, mining, Box::new(Anything))
    }

    pub(crate) fn with(rules: Rules, mining: Mining, state: Box<dyn Application>) -> Self {
        Self::seeded(7, rules, mining, state)
    }

    pub(crate) fn seeded(
        seed: u8,
        rules: Rules,
        mining: Mining,
        state: Box<dyn Application>,
    ) -> Self {
        let identity = Identity {
            address: address(0),
            name: label("us"),
            contacts: vec![address(1)],
            mining,
            entropy: [seed; 32],
            started: UnixTime::from_seconds(1_700_000_000),
        };
        Self::recovered(rules, identity, state, Box::new(NoArchive), State::default())
    }

    pub(crate) fn recovered(
        rules: Rules,
        identity: Identity,
        state: Box<dyn Application>,
        archive: Box<dyn Archive>,
        kept: State,
    ) -> Self {
        let engine = Nakamoto::new(rules, identity, state, archive, kept);
        Self { engine, now: Moment::START, timers: Vec::new() }
    }

    /// Has it only watch.
    pub(crate) fn watching(mut self) -> Self {
        self.engine = self.engine.watching();
        self
    }

    pub(crate) fn handle(&mut self, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        self.engine.handle(self.now, input, &mut out);
        for output in &out {
            if let Output::SetTimer { after, timer } = output {
                self.timers.push((self.now + *after, *timer));
            }
        }
        self.engine.visit_queues(|queue| assert!(queue.len <= queue.max, "{queue:?}"));
        out
    }

    pub(crate) fn hear(&mut self, from: u16, message: Message) -> Vec<Output> {
        self.handle(heard(&address(from), None, message))
    }

    /// Lets time pass, and returns what the timers led to.
    pub(crate) fn wait(&mut self, time: Duration) -> Vec<Output> {
        let end = self.now + time;
        let mut out = Vec::new();
        while let Some(first) = (0..self.timers.len()).min_by_key(|index| self.timers[*index]) {
            if self.timers[first].0 > end {
                break;
            }
            let (at, timer) = self.timers.remove(first);
            self.now = at;
            out.extend(self.handle(Input::Timer(timer)));
        }
        self.now = end;
        out
    }

    /// Has peers with these numbers be known.
    pub(crate) fn meet(&mut self, others: impl IntoIterator<Item = u16>) {
        for other in others {
            let reply = Message::GossipReply { address: address(other), name: label("they") };
            let _ = self.hear(other, reply);
        }
    }

    /// Has the tracker say that nobody else is there.
    pub(crate) fn joins_alone(&mut self) {
        let _ = self.handle(Input::Peers(vec![address(0)]));
    }

    pub(crate) fn length(&self) -> u64 {
        self.engine.ledger().length()
    }

    /// Answers the requests among `out`, and those that follow from the answers, like peers that
    /// `have` these chains; `None` is silence. Returns all outputs meanwhile.
    pub(crate) fn converse(
        &mut self,
        mut out: Vec<Output>,
        answer: impl Fn(&Address, &Message) -> Option<Message>,
    ) -> Vec<Output> {
        let mut done = 0;
        while done < out.len() {
            if let Output::Send { to: Recipient::One(to), message } = &out[done]
                && let Some(message) = answer(to, message)
            {
                let from = to.clone();
                out.extend(self.handle(heard(&from, None, message)));
            }
            done += 1;
        }
        out
    }
}

/// Returns what the peer is handed when a message comes from `from`, signed with the key `signer`.
pub(crate) fn heard(from: &Address, signer: Option<PeerKey>, message: Message) -> Input {
    Input::Message { from: Origin { address: Some(from.clone()), key: signer }, message }
}

/// Returns what the peer is handed when a key signs bytes that are no message.
pub(crate) fn malformed(signer: PeerKey) -> Input {
    Input::Malformed(Origin { address: None, key: Some(signer) })
}

/// Returns the only output there is if all that a peer does is to answer.
pub(crate) fn answered(to: u16, message: Message) -> [Output; 1] {
    [Output::Send { to: Recipient::One(address(to)), message }]
}

pub(crate) fn submit(entry: Entry) -> Input {
    Input::Command(Command::Submit(entry))
}

pub(crate) fn label(text: &str) -> Label {
    Label::new(text).expect("it is short")
}

pub(crate) fn address(number: u16) -> Address {
    Address::new("10.0.0.1", number).expect("a host")
}

/// Returns rules for a network that gossips and fetches by height; blocks are found at once.
pub(crate) fn by_height() -> Rules {
    let digits = HexDigits::new(0).expect("at most 64");
    Rules {
        chain: ChainRules {
            format: Format::Aviary { timed: true },
            limits: Limits {
                entries: 1..=10,
                entry_length_max: 20,
                nonce_chars_max: 40,
                miner_chars_max: 20,
                own: Own::UNLIMITED,
            },
            difficulty: DifficultyRule::Fixed(Target::TrailingZeros(digits)),
            times: Times::Any,
            genesis: Genesis::Mined(None),
            choice: Choice::MostWork(Ties::FirstSeen),
        },
        discovery: Discovery::Gossip { forward: 3 },
        sync: SyncMethod::ByHeight,
        relay: 3,
        entries: Entries::Shared,
        customs: Customs::default(),
        has_cookies: false,
        timeouts: Timeouts::default(),
    }
}

/// Returns rules for a network with a tracker that fetches whole chains.
pub(crate) fn whole_chain() -> Rules {
    let digits = HexDigits::new(0).expect("at most 64");
    let mut rules = by_height();
    rules.chain.format = Format::Cs60;
    rules.chain.limits.entries = 1..=1;
    rules.chain.difficulty = DifficultyRule::Fixed(Target::LeadingZeros(digits));
    rules.chain.genesis = Genesis::Given(Box::new(Block::Cs60(Cs60Block::genesis())));
    Rules { discovery: Discovery::Tracker, sync: SyncMethod::WholeChain, relay: 0, ..rules }
}

/// Returns rules for a network that fetches headers first; its blocks need no entries.
pub(crate) fn headers_first() -> Rules {
    let easiest = CompactTarget::from_consensus(0x207f_ffff);
    let coinbase = Coinbase { height: Height::GENESIS, miner: "".into(), extra_nonce: 0 };
    let genesis = NativeBlock::new(None, 1_699_999_000, easiest, coinbase, [].into());
    let mut rules = by_height();
    rules.chain.format = Format::Native;
    rules.chain.limits.entries = 0..=10;
    rules.chain.limits.entry_length_max = 300;
    rules.chain.difficulty = DifficultyRule::Asert(Asert {
        block_time: Duration::from_secs(1),
        half_life: Duration::from_secs(1_000_000),
        easiest,
    });
    rules.chain.times = Times::MedianPast { ahead_max: Duration::from_secs(7200) };
    rules.chain.genesis = Genesis::Given(Box::new(Block::Native(genesis)));
    Rules { sync: SyncMethod::HeadersFirst, ..rules }
}

/// Returns a chain of so many blocks by `miner`, on top of the first `shared` ones of `base`.
pub(crate) fn chain(rules: &Rules, miner: &str, length: u64, base: &Ledger, shared: u64) -> Ledger {
    let mut ledger = Ledger::new(rules.chain.clone(), Box::new(Anything));
    ledger.set_clock(UnixTime::from_seconds(1_700_000_000));
    for block in base
        .blocks_from(Height::GENESIS)
        .map(std::sync::Arc::unwrap_or_clone)
        .take(usize::try_from(shared).expect("short"))
    {
        assert!(ledger.add(block.clone()).is_ok());
    }
    while ledger.length() < length {
        let block = mined(&template(&ledger, miner, &format!("by {miner}")));
        assert!(matches!(ledger.add(block), Ok(Outcome::Adopted(_))));
    }
    ledger
}

pub(crate) fn new_chain(rules: &Rules, miner: &str, length: u64) -> Ledger {
    chain(rules, miner, length, &Ledger::new(rules.chain.clone(), Box::new(Anything)), 0)
}

pub(crate) fn template(ledger: &Ledger, miner: &str, entry: &str) -> Template {
    let now = UnixTime::from_seconds(1_700_000_000);
    // Where entries are signed, a block may be without one.
    let text = Entry::text(entry);
    let entries = if ledger.check_entry(&text).is_ok() { vec![text] } else { Vec::new() };
    ledger.template(Proposal { miner, now, entries }).expect("one entry is a block")
}

pub(crate) fn mined(template: &Template) -> Block {
    template.with_nonce(template.search(0..u64::MAX).expect("it is easy"))
}

pub(crate) fn claim(ledger: &Ledger) -> Claim {
    let hash = ledger.tip().expect("there are blocks").hash;
    Claim { length: ledger.length(), hash }
}

/// Returns what a peer with this chain answers.
pub(crate) fn answer(ledger: &Ledger, question: &Message) -> Option<Message> {
    match question {
        Message::TipRequest => Some(Message::Tip(claim(ledger))),
        Message::BlockRequest { height } => {
            let block = ledger.block_at(*height).map(std::sync::Arc::unwrap_or_clone);
            Some(block.map_or(Message::NoBlock, Message::Block))
        }
        Message::ChainRequest { from } => Some(Message::Chain(
            ledger.blocks_from(*from).take(100).map(std::sync::Arc::unwrap_or_clone).collect(),
        )),
        Message::HeadersRequest { locator } => {
            let common = locator.iter().find(|hash| ledger.is_on_best(hash));
            let common = common.and_then(|hash| ledger.block(hash)).expect("the genesis is");
            let headers = ledger.headers_from(common.height().next()).take(HEADERS_PER_ANSWER);
            Some(Message::Headers(headers.collect()))
        }
        Message::BodyRequest { hash } => {
            let block = ledger.block(hash).map(std::sync::Arc::unwrap_or_clone);
            Some(block.map_or(Message::NoBlock, Message::Block))
        }
        _ => None,
    }
}

pub(crate) fn sent(out: &[Output]) -> impl Iterator<Item = (&Address, &Message)> {
    out.iter().filter_map(|output| match output {
        Output::Send { to: Recipient::One(to), message } => Some((to, message)),
        _ => None,
    })
}

pub(crate) fn events(out: &[Output]) -> impl Iterator<Item = &Event> {
    out.iter().filter_map(|output| match output {
        Output::Event(event) => Some(event),
        _ => None,
    })
}

/// Refuses one entry.
#[derive(Clone, Debug)]
pub(crate) struct AllBut(Entry);

impl AllBut {
    pub(crate) fn text(text: &str) -> Self {
        Self(Entry::text(text))
    }

    pub(crate) fn entry(entry: &Entry) -> Self {
        Self(entry.clone())
    }
}

impl Application for AllBut {
    fn check(&self, _: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
        let is_refused = entries.contains(&self.0);
        if is_refused { Err(EntriesRefused::because("not that")) } else { Ok(()) }
    }

    fn apply(&mut self, _: &BlockContext, _: &[Entry]) {}

    fn snapshot(&self) -> Box<dyn Application> {
        Box::new(self.clone())
    }
}
