//! How the members of a charter agree on one block after the other: Simplex.
//!
//! This is Simplex consensus (Chan and Pass, *Simplex Consensus: A Simple and Fast Consensus
//! Protocol*, TCC 2023), with two additions: leaders are drawn, and the block that a leader
//! proposes must carry proof-of-work found by any member (unless the charter says that no member
//! mines). The rules L1 to L18 in `docs/protocol.md` say what members do, and why no two of them
//! ever commit different blocks.
//!
//! Time is divided into *views*. Each has a leader, who proposes a block; members vote to
//! *notarize* it, or, if it does not come in time, to *nullify* the view. A quorum of either is a
//! *certificate*, with which every member goes on to the next view. One that leaves a view with a
//! notarized block, without having nullified it, votes to *finalize*; a quorum of that commits the
//! block with all before it. There is nothing else: no locks, no view change.
//!
//! # How it is put together
//! Whatever arrives is checked, and recorded in `views` (what was said) or `blocks` (what was
//! proposed). Then `advancing` applies the rules, one after the other, until none applies any more.
//! So what a member does follows from what it knows, and never from the order in which it came to
//! know it.
//!
//! # What it does not do
//! It does not know how messages travel: it sends to all, and answers whoever has asked. It does
//! not read the chain from a disk but by [`Output::Read`](crate::Output::Read); it keeps only what
//! is not committed yet, and the state of the application.
//!
//! | file | question |
//! | --- | --- |
//! | `message`, `interface` | what do peers say to each other, and to their users? |
//! | `durable` | what must be on disk before it is said? |
//! | `views` | what was said in each view, and by how many? |
//! | `blocks` | which blocks are there that are not committed, and which are valid? |
//! | `mempool` | which entries wait for a block? |
//! | `patience` | how long is something waited for? |
//! | `advancing` | which rule applies next? |
//! | `voting` | what does a member say, and when? |
//! | `leading` | what does a leader do, and who mines? |
//! | `hearing` | is what arrives to be believed? |
//! | `committing` | which blocks are committed, and which others know of more? |
//! | `catch_up` | how does a peer get the blocks that it lacks? |
//! | `answering` | what does it give to others that lack it? |
//! | `repeating` | what is said again, and who is silent? |
//! | this one | what belongs to a peer, and how does it begin? |

mod advancing;
mod answering;
mod blocks;
mod catch_up;
mod committing;
mod durable;
mod hearing;
mod interface;
mod leading;
mod mempool;
mod message;
mod patience;
mod repeating;
mod views;
mod voting;

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use althing_ledger::assembly::{Authenticator, Evidence, Seal, genesis};
use althing_ledger::charter::{ChainId, Charter, MemberIndex};
use althing_ledger::{Application, NativeBlock, Template};
use althing_types::{BlockHash, Height, Moment, UnixTime, View};

use self::answering::Answering;
use self::blocks::Blocks;
use self::catch_up::CatchUp;
use self::leading::Miner;
use self::mempool::Mempool;
use self::patience::Patience;
use self::repeating::Repeating;
use self::views::Views;
use crate::liveness::Liveness;
use crate::{Engine, Queue};

pub use self::blocks::{UNCOMMITTED_BYTES_MAX, UNCOMMITTED_MAX};
pub use self::catch_up::{RUN_BLOCKS, RUNS_AHEAD};
pub use self::durable::{CommittedBlock, Durable, State, Words};
pub use self::interface::{
    BlockRefused, Command, Event, NotAdmitted, Refusal, Timeouts, Timer, WhyObserving,
};
pub use self::mempool::{MEMPOOL_AUTHOR_MAX, MEMPOOL_BYTES_MAX, MEMPOOL_MAX};
pub use self::message::{
    CERTIFICATES_MAX, Challenge, ENTRIES_PER_MESSAGE, MESSAGE_BYTES_MAX, Message, Request, Status,
};
pub use self::views::VIEWS_AHEAD_MAX;
pub use crate::liveness::SilenceLimits;

/// What can happen to a peer of an assembly.
pub type Input = crate::Input<Simplex>;

/// What its driver must do.
pub type Output = crate::Output<Simplex>;

/// What a restarted peer finds.
pub type Recovered = crate::Recovered<Durable>;

/// One peer of an assembly: a member, or an observer that only follows.
///
/// Feed it [`Input::Start`] once, then every other input; carry out the outputs in their order.
#[derive(Clone)]
pub struct Simplex {
    charter: Arc<Charter>,
    chain: ChainId,
    authenticator: Arc<dyn Authenticator>,
    timeouts: Timeouts,
    /// Which member this is.
    me: Option<MemberIndex>,
    /// Why it does not vote, if it does not.
    observing: Option<WhyObserving>,
    /// Whether it is that of a dishonest member, in whose name others speak.
    ignores_own_words: bool,
    /// Whether it has only now become a member, so that it cannot have voted before.
    is_new: bool,
    /// What the wall clock showed at a moment.
    clock: (Moment, UnixTime),
    /// Whether the application has seen all blocks on the disk; nothing is done before.
    is_ready: bool,
    view: View,
    /// The member that leads it.
    view_leader: MemberIndex,
    entered: Moment,
    /// When we have left the last view that had a block: what an idle leader counts from.
    last_block: Moment,
    views: Views,
    /// What we have said in views after that of the last committed block.
    words: BTreeMap<View, Words>,
    blocks: Blocks,
    mempool: Mempool,
    patience: Patience,
    miner: Miner,
    catch_up: CatchUp,
    answering: Answering,
    repeating: Repeating,
    liveness: Liveness<MemberIndex>,
    /// What proves that members have contradicted themselves; one for each.
    evidence: Vec<Evidence>,
    /// The earliest timer that is set for this view.
    watching: Option<Moment>,
    /// A finalized block that we find invalid.
    diverged: Option<BlockHash>,
}

/// What distinguishes one peer from the others of its network.
pub struct Identity {
    /// What it signs with. It is a member if its key is one of the charter's.
    pub authenticator: Arc<dyn Authenticator>,
    /// Whether it has never taken part before.
    pub past: Past,
    /// The wall-clock time.
    pub started: UnixTime,
}

/// Whether a member has taken part before. Only its user knows: an empty disk may be a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// It has not, so what it may have said need not be on its disk.
    New,
    /// It may have. If its disk says nothing of it, it only observes (rule L13).
    Perhaps,
}

/// The current state of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimplexStatus {
    /// Which member it is.
    pub me: Option<MemberIndex>,
    /// Why it does not vote, if it does not.
    pub observing: Option<WhyObserving>,
    /// The view in which it is.
    pub view: View,
    /// The member that leads it.
    pub leader: MemberIndex,
    /// The height of the last committed block; the genesis counts.
    pub height: Height,
    /// The hash of that block.
    pub tip: BlockHash,
    /// Entries that wait for a block.
    pub mempool: usize,
    /// The members that are not heard.
    pub suspected: Vec<MemberIndex>,
    /// What proves that members have contradicted themselves.
    pub evidence: Vec<Evidence>,
    /// The height of the block that it mines.
    pub searching: Option<Height>,
}

impl Simplex {
    /// Returns a peer that has not sent anything yet, with what is on its disk; it reads the blocks
    /// of its log once it starts. `state` is the application before any entry.
    pub fn new(
        charter: Arc<Charter>,
        timeouts: Timeouts,
        identity: Identity,
        state: Box<dyn Application>,
        recovered: State,
    ) -> Self {
        let Identity { authenticator, past, started } = identity;
        let chain = charter.chain_id();
        let me = charter.index_of(&authenticator.key());
        let has_joined = recovered.joined == Some(chain);
        let observing = match me {
            None => Some(WhyObserving::NotAMember),
            Some(_) if recovered.silenced => Some(WhyObserving::Copied),
            Some(_) if !has_joined && past == Past::Perhaps => Some(WhyObserving::DiskLost),
            Some(_) => None,
        };
        let others = charter.members().map(|(index, _)| index).filter(|index| Some(*index) != me);
        let mut peer = Self {
            liveness: Liveness::new(others, timeouts.silence, Moment::START),
            blocks: Blocks::new(&genesis(&charter, &chain), state),
            is_new: !has_joined,
            chain,
            authenticator,
            timeouts,
            me,
            observing,
            ignores_own_words: false,
            clock: (Moment::START, started),
            is_ready: false,
            view: View::FIRST,
            view_leader: charter.leader_of(&chain, View::FIRST),
            entered: Moment::START,
            last_block: Moment::START,
            views: Views::default(),
            words: recovered.words,
            mempool: Mempool::default(),
            patience: Patience::default(),
            miner: Miner::default(),
            catch_up: CatchUp::default(),
            answering: Answering::default(),
            repeating: Repeating::default(),
            evidence: recovered.evidence,
            watching: None,
            diverged: None,
            charter,
        };
        for block in recovered.blocks {
            let view = Seal::of(&block).map_or(View::GENESIS, |seal| seal.view);
            peer.blocks.keep(NativeBlock::hash(&block), view, block);
        }
        for certificate in recovered.certificates {
            certificate.statement.block().into_iter().for_each(|hash| peer.blocks.want(hash));
            peer.views.at(certificate.statement.view()).adopt(certificate);
        }
        // Our own words count as anyone's.
        let words: Vec<_> = peer.words.values().flat_map(Words::all).collect();
        for word in words {
            peer.views.at(word.statement.view()).record(word);
            peer.note_proposal(word, Moment::START);
            peer.set_view(peer.view.max(word.statement.view()));
        }
        peer
    }

    /// Has it go on voting if it hears itself say what it has not said. This is for a dishonest
    /// member of a test or a demo, in whose name more is said than its engine knows of: rule L13
    /// would end its lies with the first one.
    pub fn ignore_own_words(&mut self) {
        self.ignores_own_words = true;
    }

    /// Returns the charter.
    pub fn charter(&self) -> &Charter {
        &self.charter
    }

    /// Returns the hash of the charter.
    pub fn chain(&self) -> ChainId {
        self.chain
    }

    /// Returns the application after the last committed block.
    pub fn application(&self) -> &dyn Application {
        &*self.blocks.root().state.0
    }

    /// Returns the view in which this peer is.
    pub fn view(&self) -> View {
        self.view
    }

    /// Returns what this peer has said in views after that of the last committed block.
    pub fn words(&self) -> &BTreeMap<View, Words> {
        &self.words
    }

    fn on_start(&mut self, now: Moment, out: &mut Vec<Output>) {
        event(Event::Started, out);
        if let Some(why) = self.observing {
            out.push(Output::Event(Event::Observing(why)));
        } else if self.is_new {
            out.push(Output::Persist(Durable::Joined(self.chain)));
        }
        self.replay(out);
        (self.entered, self.last_block) = (now, now);
        out.push(Output::SetTimer { after: self.timeouts.repeat, timer: Timer::Tick });
    }

    fn set_view(&mut self, view: View) {
        self.view_leader = self.leader(view);
        self.view = view;
    }

    /// Returns who leads a view.
    fn leader(&self, view: View) -> MemberIndex {
        // A draw takes as many hashes as there are members.
        match view == self.view {
            true => self.view_leader,
            false => self.charter.leader_of(&self.chain, view),
        }
    }

    /// Returns which member this is, if it takes part in the votes.
    fn voter(&self) -> Option<MemberIndex> {
        self.me.filter(|_| self.observing.is_none())
    }

    fn wall_time(&self, now: Moment) -> UnixTime {
        let (read, shown) = self.clock;
        shown.after(now - read)
    }
}

impl Engine for Simplex {
    type Message = Message;
    type Timer = Timer;
    type Durable = Durable;
    type Work = Arc<Template>;
    type Command = Command;
    type Event = Event;
    type Status = SimplexStatus;

    fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Start => self.on_start(now, out),
            Input::Message { from, message } if self.is_ready => {
                self.on_message(now, &from, message, out);
            }
            Input::Malformed(_) => {
                out.push(Output::Event(Event::MessageRefused { reason: Refusal::Malformed }));
            }
            Input::Timer(Timer::Tick) => self.on_tick(now, out),
            Input::Timer(Timer::View(view)) => self.on_view_timer(now, view),
            Input::Solved { search, solution } => self.on_solved(search, solution, out),
            Input::PeerLost(peer) => self.on_lost(peer),
            Input::WallClock(shown) => self.clock = (now, shown),
            Input::Command(Command::Submit(entries)) => self.on_submit(now, entries, out),
            Input::Read(blocks) => self.on_read(now, blocks, out),
            // While the blocks on the disk are read; others will say it again.
            Input::Message { .. } => {}
            // Nothing that an assembly needs.
            Input::Peers(_) | Input::Interrupted | Input::Overheard(_) => {}
        }
        self.advance(now, out);
    }

    fn status(&self) -> SimplexStatus {
        let root = &self.blocks.root().facts;
        SimplexStatus {
            me: self.me,
            observing: self.observing,
            view: self.view,
            leader: self.leader(self.view),
            height: root.height,
            tip: root.hash,
            mempool: self.mempool.len(),
            suspected: self.liveness.suspected().collect(),
            evidence: self.evidence.clone(),
            searching: self.miner.height(),
        }
    }

    fn visit_queues(&self, mut visit: impl FnMut(Queue)) {
        let bounds = [
            ("blocks", self.blocks.spare(), UNCOMMITTED_MAX),
            ("block bytes", self.blocks.spare_bytes(), UNCOMMITTED_BYTES_MAX),
            ("mempool", self.mempool.len(), MEMPOOL_MAX),
            ("mempool bytes", self.mempool.bytes(), MEMPOOL_BYTES_MAX),
            ("entries of an author", self.mempool.of_one_author(), MEMPOOL_AUTHOR_MAX),
            ("runs", self.catch_up.runs(), RUNS_AHEAD),
            ("evidence", self.evidence.len(), self.charter.members.len()),
        ];
        bounds.into_iter().for_each(|(name, len, max)| visit(Queue { name, len, max }));
    }
}

/// Two peers with equal hashes know and have said the same. Time does not count, nor what waits or
/// is fetched: all that decides is which of the things that a peer may say it says first. This is
/// for a model checker, in which anything that may be due can be due at any moment.
impl Hash for Simplex {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.me, self.observing, self.is_ready, self.view).hash(hasher);
        (&self.views, &self.words, &self.blocks, self.diverged).hash(hasher);
    }
}

fn event(event: Event, out: &mut Vec<Output>) {
    out.push(Output::Event(event));
}

fn say(message: Message, out: &mut Vec<Output>) {
    out.push(Output::Send { to: crate::Recipient::All, message });
}
