//! One honest member of the model: its engine, its disk, and what it has said in all its lives.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use althing_engine::simplex::{
    CommittedBlock, Durable, Event, Identity, Input, Message, Output, Past, Simplex, State,
    Timeouts, Timer, Words,
};
use althing_engine::{Engine, Origin};
use althing_ledger::assembly::{Authenticator, Claim, Signature, Statement};
use althing_ledger::charter::Charter;
use althing_ledger::{Anything, NativeBlock, merkle};
use althing_sim::host::{CrashAt, Disk, Effect, Host};
use althing_types::{BlockHash, Moment, PeerKey, UnixTime, View};

/// What a member finds on its disk when it starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Memory {
    /// Everything that it has written.
    Whole,
    /// Nothing of what it has said.
    Wordless,
}

/// One thing that can happen to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Happening {
    /// It hears of a proposal, whose statement this is.
    Propose(Statement),
    /// It hears that a quorum has said this.
    Certify(Statement),
    /// It gets a block.
    Fetch(BlockHash),
    /// What may be due in its view is due.
    Due,
    /// Nothing: it is only there for the power to fail.
    Nothing,
}

/// An honest member.
#[derive(Clone)]
pub(crate) struct Member {
    index: u16,
    memory: Memory,
    host: Host<Simplex>,
    /// What it has sent, in all its lives.
    pub(crate) said: BTreeSet<Statement>,
    /// What it has written, in all its lives.
    written: BTreeSet<Statement>,
    /// The blocks that it has proposed.
    pub(crate) proposed: BTreeMap<BlockHash, Arc<NativeBlock>>,
    pub(crate) failures: u8,
}

/// Signs with a digest of what is signed, which nobody else is taken to know.
pub(crate) struct Tag(pub(crate) PeerKey);

impl Authenticator for Tag {
    fn sign(&self, message: &[u8]) -> Signature {
        signature(&self.0, message)
    }

    fn key(&self) -> PeerKey {
        self.0
    }

    fn are_authentic(&self, claims: &[Claim<'_>]) -> bool {
        claims.iter().all(|claim| claim.signature == signature(&claim.key, claim.message))
    }
}

pub(crate) fn signature(key: &PeerKey, message: &[u8]) -> Signature {
    let digest = merkle::leaf(message);
    Signature::from_bytes([*key.as_bytes(), digest].concat().try_into().expect("64 bytes"))
}

pub(crate) const FOUNDED: UnixTime = UnixTime::from_seconds(1_700_000_000);

impl Member {
    pub(crate) fn start(index: u16, charter: &Arc<Charter>, memory: Memory) -> Self {
        let mut member = Self {
            index,
            memory,
            host: Host::new(Disk::default()),
            said: BTreeSet::new(),
            written: BTreeSet::new(),
            proposed: BTreeMap::new(),
            failures: 0,
        };
        member.begin(charter, Past::New);
        member
    }

    /// Returns the hashes of the blocks that it has committed.
    pub(crate) fn committed(&self) -> Vec<(View, BlockHash)> {
        let committed = |it: &CommittedBlock| (it.view, it.hash());
        self.host.disk().entries().iter().map(committed).collect()
    }

    pub(crate) fn view(&self) -> View {
        self.host.engine().map_or(View::GENESIS, Simplex::view)
    }

    /// Returns whether it has ever written two statements that contradict each other.
    pub(crate) fn has_contradicted_itself(&self) -> bool {
        self.written.iter().any(|one| self.written.iter().any(|other| one.contradicts(other)))
    }

    /// Lets something happen to the member; after `effects_max` of its effects on others or on its
    /// disk the power fails. Returns how many effects there were.
    pub(crate) fn live(
        &mut self,
        happening: Happening,
        message: Option<Message>,
        effects_max: usize,
    ) -> usize {
        let input = match (happening, message) {
            (Happening::Due, _) => Input::Timer(Timer::View(self.view())),
            (_, Some(message)) => Input::Message { from: Origin::default(), message },
            _ => return 0,
        };
        // Later than when it said anything.
        let days = 1 + u32::try_from(self.written.len()).expect("few");
        let late = Duration::from_secs(86_400) * days;
        let now = if happening == Happening::Due { late } else { Duration::ZERO };
        self.handle(Moment::from_start(now), input, effects_max)
    }

    /// Starts again after the power has failed.
    pub(crate) fn restart(&mut self, charter: &Arc<Charter>) {
        self.failures += 1;
        self.host.crash();
        self.begin(charter, Past::Perhaps);
    }

    fn begin(&mut self, charter: &Arc<Charter>, past: Past) {
        let mut state: State = self.host.disk().recovered().state.clone();
        if self.memory == Memory::Wordless {
            state.words.clear();
            state.blocks.clear();
        }
        let key = charter.members[usize::from(self.index)].key;
        let identity = Identity { authenticator: Arc::new(Tag(key)), past, started: FOUNDED };
        let timeouts = Timeouts::default();
        let engine =
            Simplex::new(Arc::clone(charter), timeouts, identity, Box::new(Anything), state);
        let words: Vec<Statement> =
            engine.words().values().flat_map(Words::all).map(|word| word.statement).collect();
        self.host.start(engine);
        self.handle(Moment::START, Input::Start, usize::MAX);
        // It repeats what it has said.
        self.said.extend(words);
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.index.hash(&mut hasher);
        self.host.engine().hash(&mut hasher);
        self.host.disk().hash(&mut hasher);
        (&self.said, &self.written, self.failures).hash(&mut hasher);
        self.proposed.keys().for_each(|hash| hash.hash(&mut hasher));
        hasher.finish()
    }

    fn handle(&mut self, now: Moment, input: Input, effects_max: usize) -> usize {
        let mut count = 0;
        let power = |output: &Output| {
            let is_effect = matches!(output, Output::Persist(_) | Output::Send { .. });
            if is_effect && count == effects_max {
                return Some(CrashAt::Before);
            }
            count += usize::from(is_effect);
            None
        };
        let mut effects = Vec::new();
        self.host.handle_until(now, input, &mut effects, power).expect("blocks come in order");
        for effect in effects {
            self.note(effect);
        }
        count
    }

    fn note(&mut self, effect: Effect<Simplex>) {
        match effect {
            Effect::Written(Durable::Word { word, .. }) => {
                self.written.insert(word.statement);
            }
            Effect::Sent { message: Message::Vote(word), .. } => {
                self.said.insert(word.statement);
            }
            Effect::Sent { message: Message::Proposal { word, block }, .. } => {
                self.said.insert(word.statement);
                self.proposed.insert(NativeBlock::hash(&block), block);
            }
            Effect::Event(Event::Diverged { reason, .. }) => {
                panic!("an honest quorum has notarized it: {reason}")
            }
            _ => {}
        }
    }

    /// Returns the status, for a story.
    pub(crate) fn tell(&self) -> String {
        let status = self.host.engine().map(Engine::status);
        status.map_or_else(String::new, |it| format!("view {}, height {}", it.view, it.height))
    }
}
