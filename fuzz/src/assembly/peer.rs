//! One member on a simulated host, and checks of what its engine guarantees.
//!
//! Whatever the liars say: queues stay within their bounds, and answers are few; what the member
//! says is on disk before it is sent (rule L11), and never contradicts what it has said before,
//! restarts or not (rules L7 to L9); committed blocks come in order, and those that are synced stay
//! (rules L10 and L11).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use althing_engine::simplex::{
    Durable, Identity, Input, Message, Past, Simplex, Timeouts, Timer, Words,
};
use althing_engine::{Durable as _, Engine, Origin};
use althing_ledger::assembly::{
    Authenticator, Certificate, Ed25519, Signature, SignedStatement, Statement, genesis,
};
use althing_ledger::charter::{ChainId, Charter, FaultModel, Member, MemberIndex};
use althing_ledger::{Anything, NativeBlock, Once};
use althing_sim::host::{Effect, Host};
use althing_types::{Moment, UnixTime, View};

/// The maximum number of outputs for one input.
const OUTPUTS_MAX: usize = 1024;

/// The maximum number of pending timers; the oldest is forgotten, as if it never ran out.
const TIMERS_MAX: usize = 64;

/// Blocks that a script can name, at most.
const BLOCKS_MAX: usize = 64;

/// When the assembly was founded.
pub(super) const FOUNDED: UnixTime = UnixTime::from_seconds(1_700_000_000);

/// The member itself.
const ME: MemberIndex = MemberIndex(0);

/// The members that lie.
pub(super) const LIARS: [MemberIndex; 2] = [MemberIndex(2), MemberIndex(3)];

/// One member, in the middle of whatever happens.
pub(super) struct Peer {
    pub(super) charter: Arc<Charter>,
    pub(super) chain: ChainId,
    host: Host<Simplex>,
    now: Moment,
    timers: Vec<Timer>,
    /// The blocks that a script can name; the genesis is the first.
    pub(super) blocks: Vec<Arc<NativeBlock>>,
    /// All that the member has said.
    said: BTreeMap<View, Vec<Statement>>,
    height: u64,
    /// The height when a write was last synced: what a crash brings back.
    synced: u64,
}

/// Returns what a member signs with.
pub(super) fn signer(member: MemberIndex) -> Ed25519 {
    let [_, low] = member.0.to_be_bytes();
    Ed25519::new(&[low + 1; 32])
}

fn charter() -> Charter {
    let member = |index: u16| Member {
        name: format!("member {index}").parse().expect("a name"),
        key: signer(MemberIndex(index)).key(),
    };
    Charter {
        network: "club".parse().expect("a name"),
        founded: FOUNDED,
        faults: FaultModel::Byzantine,
        block_time: Duration::from_secs(1),
        difficulty: 0..=0,
        applications: Vec::new(),
        members: (0..4).map(member).collect(),
        signatures: BTreeMap::new(),
    }
}

impl Peer {
    /// Returns a member that has just started.
    pub(super) fn new() -> Self {
        let charter = Arc::new(charter());
        let chain = charter.chain_id();
        let mut peer = Self {
            blocks: vec![Arc::new(genesis(&charter, &chain))],
            charter,
            chain,
            host: Host::default(),
            now: Moment::START,
            timers: Vec::new(),
            said: BTreeMap::new(),
            height: 0,
            synced: 0,
        };
        peer.start();
        peer
    }

    fn start(&mut self) {
        let identity =
            Identity { authenticator: Arc::new(signer(ME)), past: Past::New, started: FOUNDED };
        let engine = Simplex::new(
            Arc::clone(&self.charter),
            Timeouts::default(),
            identity,
            Box::new(Once::new(Box::new(Anything))),
            self.host.disk().recovered().state.clone(),
        );
        self.host.start(engine);
        self.handle(Input::Start);
    }

    /// Kills the member, and starts it again with what it has on disk.
    pub(super) fn restart(&mut self) {
        self.timers.clear();
        self.now = Moment::START;
        self.host.crash();
        self.height = self.host.disk().recovered().log.end.saturating_sub(1);
        assert_eq!(self.height, self.synced, "a crash takes back what is not synced, and no more");
        self.start();
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

    /// Has the member hear a message.
    pub(super) fn hear(&mut self, message: Message) {
        self.handle(Input::Message { from: Origin::default(), message });
    }

    /// Has a script be able to name a block.
    pub(super) fn add(&mut self, block: Arc<NativeBlock>) {
        if self.blocks.len() < BLOCKS_MAX {
            self.blocks.push(block);
        }
    }

    /// Returns the view in which the member is.
    pub(super) fn view(&self) -> View {
        self.host.engine().map_or(View::FIRST, Simplex::view)
    }

    /// Returns the height of the last committed block.
    #[cfg(test)]
    pub(super) fn height(&self) -> u64 {
        self.height
    }

    /// Returns the certificates of what the member has said, to which both liars agree.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        let words = self.host.engine().map(|engine| engine.words().clone()).unwrap_or_default();
        words.values().flat_map(Words::all).map(|word| self.certify(&word)).collect()
    }

    fn certify(&self, word: &SignedStatement) -> Certificate {
        let theirs = LIARS.map(|liar| {
            let bytes = word.statement.signed_bytes(&self.chain);
            (liar, signer(liar).sign(&bytes))
        });
        let signatures: Vec<(MemberIndex, Signature)> =
            std::iter::once((ME, word.signature)).chain(theirs).collect();
        Certificate { statement: word.statement, signatures }
    }

    /// Hands one input to the engine, and checks what comes of it.
    pub(super) fn handle(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.host.handle(self.now, input, &mut effects).expect("blocks come in order");
        assert!(effects.len() <= OUTPUTS_MAX, "{} answers to one input", effects.len());
        effects.into_iter().for_each(|effect| self.check(effect));
        if let Some(engine) = self.host.engine() {
            engine.visit_queues(|queue| {
                assert!(queue.len <= queue.max, "{queue:?} is over its bound");
            });
        }
    }

    fn check(&mut self, effect: Effect<Simplex>) {
        if matches!(&effect, Effect::Written(durable) if durable.needs_sync()) {
            self.synced = self.height;
        }
        match effect {
            Effect::Written(Durable::Word { word, .. }) => {
                let said = self.said.entry(word.statement.view()).or_default();
                let contrary = said.iter().find(|said| said.contradicts(&word.statement));
                assert_eq!(contrary, None, "it says {} now", word.statement);
                said.push(word.statement);
            }
            Effect::Written(Durable::Committed(blocks)) => {
                for committed in blocks {
                    self.height += 1;
                    assert_eq!(committed.block.coinbase.height.number(), self.height);
                }
            }
            Effect::Sent { message: Message::Vote(word), .. }
            | Effect::Sent { message: Message::Proposal { word, .. }, .. } => {
                assert_eq!(word.member, ME, "it speaks for itself");
                let said = self.said.get(&word.statement.view());
                let is_on_disk = said.is_some_and(|said| said.contains(&word.statement));
                assert!(is_on_disk, "{} is sent before it is on disk", word.statement);
                if let Effect::Sent { message: Message::Proposal { block, .. }, .. } = effect {
                    self.add(block);
                }
            }
            Effect::TimerSet { timer, .. } => {
                if self.timers.len() == TIMERS_MAX {
                    self.timers.remove(0);
                }
                self.timers.push(timer);
            }
            _ => {}
        }
    }
}
