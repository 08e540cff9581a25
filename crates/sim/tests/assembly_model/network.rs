//! The assembly of the model, as the checker sees it: states, and the actions between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use althing_engine::simplex::Message;
use althing_ledger::NativeBlock;
use althing_ledger::assembly::{Certificate, Facts, Seal, SignedStatement, Statement, genesis};
use althing_ledger::charter::{
    ApplicationSettings, ChainId, Charter, FaultModel, Member as CharterMember, MemberIndex,
};
use althing_types::{BlockHash, PeerKey, UnixTime, View};
use stateright::{Model, Property};

use crate::member::{FOUNDED, Happening, Member, Memory, Tag};

/// Members that are honest: the first ones. One more is not.
const HONEST: usize = 3;
const LIAR: MemberIndex = MemberIndex(3);

/// How far the model goes.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// Who leads the views, from the first on; there are no further ones.
    pub(crate) leaders: Vec<u16>,
    /// How often the power fails, over all members.
    pub(crate) failures: u8,
}

/// The model that the checker explores.
pub(crate) struct Network {
    bounds: Bounds,
    memory: Memory,
    charter: Arc<Charter>,
    chain: ChainId,
    root: Facts,
}

/// One state of the network.
#[derive(Clone)]
pub(crate) struct State {
    members: [Arc<Member>; HONEST],
    fingerprints: [u64; HONEST],
}

/// What may come next: something happens to a member, and perhaps its power fails after so many
/// effects.
#[derive(Clone)]
pub(crate) struct Action {
    member: usize,
    happening: Happening,
    fails_after: Option<usize>,
    /// The member after it. To find what may come next is to try it, and that is what takes time.
    after: Arc<Member>,
}

/// Blocks that may have been proposed, with their views.
type Blocks = BTreeMap<BlockHash, (View, Arc<NativeBlock>)>;

const ONE_CHAIN: &str = "no two members commit different blocks";
pub(crate) const ONE_WORD: &str = "no member contradicts itself";
pub(crate) const LATER_VIEW: &str = "a block of the last view can be committed";
pub(crate) const SKIPPED_VIEW: &str = "it can follow a view without a block";

impl Network {
    pub(crate) fn new(bounds: Bounds, memory: Memory) -> Self {
        let charter = Arc::new(charter_with(&bounds.leaders));
        let chain = charter.chain_id();
        let root = Facts::of_genesis(&genesis(&charter, &chain));
        Self { bounds, memory, charter, chain, root }
    }

    fn last_view(&self) -> View {
        View::new(self.bounds.leaders.len() as u64)
    }

    fn key(&self, member: MemberIndex) -> PeerKey {
        self.charter.members[usize::from(member.0)].key
    }

    /// Returns all blocks that may have been proposed: those of honest leaders, and two by the
    /// dishonest one in each of its views, on each block of an earlier view.
    fn blocks(&self, state: &State) -> Blocks {
        let mut known = Blocks::new();
        let mut facts = vec![self.root];
        for (number, leader) in (1..).zip(&self.bounds.leaders) {
            let view = View::new(number);
            let mut new: Vec<Arc<NativeBlock>> = Vec::new();
            if *leader == LIAR.0 {
                for parent in &facts {
                    for salt in 0..2 {
                        let seal = Seal { view, maker: LIAR, salt };
                        let template = parent.template(&self.charter, seal, FOUNDED, [].into());
                        new.extend(template.into_native().map(Arc::new));
                    }
                }
            } else {
                let leader = &state.members[usize::from(*leader)];
                let of_view = |block: &&Arc<NativeBlock>| {
                    Seal::of(block).is_some_and(|seal| seal.view == view)
                };
                new.extend(leader.proposed.values().filter(of_view).cloned());
            }
            let before = facts.clone();
            for block in new {
                let parent = before.iter().find(|it| Some(it.hash) == block.parent());
                let of = parent.and_then(|it| it.follow(&self.charter, &block, view).ok());
                facts.extend(of);
                known.insert(NativeBlock::hash(&block), (view, block));
            }
        }
        known
    }

    /// Returns the message by which a member hears of something.
    fn message(&self, state: &State, blocks: &Blocks, happening: Happening) -> Option<Message> {
        match happening {
            Happening::Propose(statement) => {
                let (view, block) = blocks.get(&statement.block()?).cloned()?;
                let leader = self.charter.leader(view);
                let tag = Tag(self.key(leader));
                let word = SignedStatement::sign(statement, leader, &self.chain, &tag);
                Some(Message::Proposal { word, block })
            }
            Happening::Certify(statement) => {
                Some(Message::Certificates(vec![self.certificate(state, statement)]))
            }
            Happening::Fetch(hash) => {
                blocks.get(&hash).map(|(_, block)| Message::Body(Arc::clone(block)))
            }
            Happening::Due | Happening::Nothing => None,
        }
    }

    fn certificate(&self, state: &State, statement: Statement) -> Certificate {
        let honest = (0..HONEST).filter(|member| state.members[*member].said.contains(&statement));
        let members = honest.map(|member| MemberIndex(u16::try_from(member).expect("few")));
        let quorum = self.charter.quorum();
        let sign = |member: MemberIndex| {
            let tag = Tag(self.key(member));
            (member, SignedStatement::sign(statement, member, &self.chain, &tag).signature)
        };
        let signatures = members.chain([LIAR]).take(quorum).map(sign).collect();
        Certificate { statement, signatures }
    }

    /// Returns what a quorum has said, if the dishonest member says everything.
    fn certified(&self, state: &State) -> BTreeSet<Statement> {
        let mut count: BTreeMap<Statement, usize> = BTreeMap::new();
        for statement in state.members.iter().flat_map(|member| &member.said) {
            *count.entry(*statement).or_default() += 1;
        }
        let needed = self.charter.quorum() - 1;
        count.into_iter().filter(|(_, honest)| *honest >= needed).map(|(it, _)| it).collect()
    }

    /// Returns the member after something has happened to it, and how many effects that had.
    fn step(
        &self,
        state: &State,
        member: usize,
        happening: Happening,
        message: Option<Message>,
        fails_after: Option<usize>,
    ) -> (Action, usize) {
        let mut after = (*state.members[member]).clone();
        let effects = after.live(happening, message, fails_after.unwrap_or(usize::MAX));
        if fails_after.is_some() {
            after.restart(&self.charter);
        }
        (Action { member, happening, fails_after, after: Arc::new(after) }, effects)
    }

    fn add(
        &self,
        state: &State,
        blocks: &Blocks,
        member: usize,
        happening: Happening,
        actions: &mut Vec<Action>,
    ) {
        let message = self.message(state, blocks, happening);
        let (action, effects) = self.step(state, member, happening, message.clone(), None);
        let is_new = action.after.fingerprint() != state.fingerprints[member];
        if is_new {
            actions.push(action);
        }
        let failures: u8 = state.members.iter().map(|member| member.failures).sum();
        if failures < self.bounds.failures {
            // Before the first effect, or after the last, it might as well have failed before or
            // after all of this.
            let within = (1..effects).map(Some);
            let outside = [Some(0)].into_iter().filter(|_| happening == Happening::Nothing);
            let fails = within.chain(outside);
            let fail =
                |fails_after| self.step(state, member, happening, message.clone(), fails_after).0;
            actions.extend(fails.map(fail));
        }
    }

    /// Describes a run step by step, so that a developer can understand a failure.
    pub(crate) fn tell(&self, actions: &[Action]) -> String {
        let mut state = self.init_states().remove(0);
        let mut story = String::new();
        for action in actions {
            let Action { member, happening, fails_after, .. } = action;
            let happening = match happening {
                Happening::Propose(statement) => format!("hears of the proposal to {statement}"),
                Happening::Certify(statement) => format!("hears that a quorum says: {statement}"),
                Happening::Fetch(hash) => format!("gets block {hash:.8}"),
                Happening::Due => "finds that something is due".to_owned(),
                Happening::Nothing => "waits".to_owned(),
            };
            let fails = fails_after
                .map_or_else(String::new, |it| format!("; the power fails after {it} effects"));
            state = self.next_state(&state, action.clone()).expect("each action leads somewhere");
            let now = state.members[*member].tell();
            story.push_str(&format!("  member {member} {happening}{fails}: {now}\n"));
        }
        story
    }
}

impl Model for Network {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let start = |index: usize| {
            let index = u16::try_from(index).expect("few");
            Arc::new(Member::start(index, &self.charter, self.memory))
        };
        let members: [Arc<Member>; HONEST] = std::array::from_fn(start);
        let fingerprints = members.each_ref().map(|member| member.fingerprint());
        vec![State { members, fingerprints }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let blocks = self.blocks(state);
        let certified = self.certified(state);
        let last = self.last_view();
        for (index, member) in state.members.iter().enumerate() {
            // Who has left the last view can still hear what was said in it.
            for (hash, (view, _)) in &blocks {
                if *view >= member.view() {
                    let statement = Statement::Notarize { view: *view, block: *hash };
                    self.add(state, &blocks, index, Happening::Propose(statement), actions);
                }
                self.add(state, &blocks, index, Happening::Fetch(*hash), actions);
            }
            for statement in &certified {
                self.add(state, &blocks, index, Happening::Certify(*statement), actions);
            }
            if member.view() <= last {
                self.add(state, &blocks, index, Happening::Due, actions);
            }
            self.add(state, &blocks, index, Happening::Nothing, actions);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        next.fingerprints[action.member] = action.after.fingerprint();
        next.members[action.member] = action.after;
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONE_CHAIN, |_, state: &State| state.has_one_chain()),
            Property::always(ONE_WORD, |_, state: &State| {
                state.members.iter().all(|member| !member.has_contradicted_itself())
            }),
            Property::sometimes(LATER_VIEW, |network: &Self, state: &State| {
                state.commits(|views| views.contains(&network.last_view()))
            }),
            Property::sometimes(SKIPPED_VIEW, |network: &Self, state: &State| {
                state.commits(|views| {
                    *views == [network.last_view()] && network.last_view() > View::FIRST
                })
            }),
        ]
    }
}

impl State {
    fn has_one_chain(&self) -> bool {
        let chains = self.members.each_ref().map(|member| member.committed());
        let agree =
            |one: &Vec<_>, other: &Vec<_>| one.iter().zip(other).all(|(it, same)| it == same);
        chains.iter().all(|one| chains.iter().all(|other| agree(one, other)))
    }

    fn commits(&self, is: impl Fn(&Vec<View>) -> bool) -> bool {
        let views =
            |member: &Arc<Member>| member.committed().iter().map(|(view, _)| *view).collect();
        self.members.iter().map(views).any(|views| is(&views))
    }
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        let of = |action: &Self| (action.member, action.happening, action.fails_after);
        of(self) == of(other)
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "member {} {:?}, fails {:?}", self.member, self.happening, self.fails_after)
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprints == other.fingerprints
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.fingerprints.hash(hasher);
    }
}

/// Returns a charter under which these members lead the first views.
fn charter_with(leaders: &[u16]) -> Charter {
    let member = |index: u8| CharterMember {
        name: format!("member {index}").parse().expect("a name"),
        key: PeerKey::from_bytes([index + 1; 32]),
    };
    let charter = |founded| Charter {
        network: "model".parse().expect("a name"),
        founded: UnixTime::from_seconds(founded),
        faults: FaultModel::Byzantine,
        block_time: Duration::from_secs(1),
        difficulty: 0..=0,
        applications: vec![ApplicationSettings {
            name: "anything".into(),
            settings: BTreeMap::new(),
        }],
        members: (0..4).map(member).collect(),
        signatures: BTreeMap::new(),
    };
    let is_so = |charter: &Charter| {
        (1..).zip(leaders).all(|(view, leader)| charter.leader(View::new(view)).0 == *leader)
    };
    let founded = (0..).map(|back| FOUNDED.seconds() - back);
    founded.map(charter).find(is_so).expect("draws differ with the charter")
}
