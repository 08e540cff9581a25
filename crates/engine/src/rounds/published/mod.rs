//! Peers that count messages as they arrive, from any sender, like the published programs.
//!
//! Each topic is a queue, and each phase takes its messages from one: the first N ids, the keys of
//! those, the first N draws, the leader's next challenge, solutions until one is valid, the next N
//! votes or the leader's verdict. A message for a later phase waits in its queue. Where the program
//! ignores the row of a message, messages that were never taken wait too: a solution of an earlier
//! row may win a later one. The peers of such a network agree only because they all see the same
//! order; see rules P1 to P20 in `docs/protocol.md`.
//!
//! Where the published programs stop or crash, this one refuses the message and continues. It
//! repeats hardly anything, since they would count it twice; so when one of them dies, it waits,
//! and reports that.
//!
//! | file | question |
//! | --- | --- |
//! | `answering` | what does a member answer to a challenge? |
//! | `arriving` | into which queue does a message go? |
//! | `asking` | which row does a challenge open, and who issues it? |
//! | `claims` | which solution is a verdict about that does not say it? |
//! | `deciding` | what becomes of solutions? |
//! | `draws` | which draws does an election count? |
//! | `gaps` | what can be told without messages that were missed? |
//! | `joining` | who is there? |
//! | `late` | and what if the beginning was missed? |
//! | `meeting` | whose key is it, and who leads? |
//! | `queue` | which messages wait for their turn? |
//! | `turns` | when may a member answer? |
//! | `waiting` | since when has nothing moved? |

mod answering;
mod arriving;
mod asking;
mod claims;
mod deciding;
mod draws;
mod gaps;
mod joining;
mod late;
mod meeting;
mod queue;
mod turns;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use althing_types::{Difficulty, Moment, PeerId, Seed, Term, Transaction};
use rand_chacha::ChaCha8Rng;

use self::asking::Asked;
use self::claims::Claims;
use self::deciding::{Solution, Vote};
use self::draws::Draws;
use self::gaps::Gap;
use self::joining::OwnId;
use self::meeting::Doubts;
use self::queue::{QUEUE_MAX, Queue};
use self::waiting::Standing;
use super::search::Search;
use super::{
    Authenticator, Command, Counting, Decision, Durable, Identity, Input, Message, Output,
    PublicKey, Refusal, Rules, Seat, Signed, Status, Timer, refuse,
};
use crate::{Queue as Queued, Recipient};

/// One peer of a network that counts messages as they arrive.
#[derive(Clone)]
pub(super) struct Published {
    rules: Rules,
    me: PeerId,
    seat: Seat,
    rng: ChaCha8Rng,
    authenticator: Arc<dyn Authenticator>,
    phase: Phase,
    known: Vec<PeerId>,
    own_id: OwnId,
    /// Ids that were heard again, where each counts as one more peer.
    repeated: usize,
    /// Whether the time for meeting others is over.
    join_over: bool,
    keys: BTreeMap<PeerId, PublicKey>,
    /// Messages that arrived before all keys were known.
    deferred: Queue<Signed>,
    draws: Draws,
    /// What we drew for the latest election.
    drawn: Option<u128>,
    /// Whether the time for its draws is over.
    draws_over: bool,
    /// The draws that the last election counted, where each member has one.
    counted: BTreeMap<PeerId, u128>,
    /// The draws of the latest election, until the one who was elected has said so.
    elected: Vec<(PeerId, u128)>,
    /// The members whose waiting draw may be the counted one again.
    doubtful: BTreeSet<PeerId>,
    doubts: Doubts,
    challenges: Queue<Asked>,
    solutions: Queue<Solution>,
    votes: Queue<Vote>,
    /// The valid solutions of the open row, in the order of their arrival, where all vote.
    solved: Vec<Solution>,
    /// Solutions that the leader has accepted.
    verdicts: Queue<Solution>,
    /// What members have sent to the leader, where its verdicts do not say what they are about.
    claims: Claims,
    leader: Option<PeerId>,
    /// Those who say that they were elected, in order, where leaders say so.
    coordinators: Queue<(PeerId, u128)>,
    /// The challenge of each row of the current session that was asked for, as far as they are
    /// kept.
    asked: BTreeMap<Transaction, Difficulty>,
    /// The row whose challenge is the latest, and when it came.
    open: Option<(Transaction, Moment)>,
    /// The first row of the current session that may still be recorded.
    next: Transaction,
    /// How many rows of the current session were recorded.
    recorded: u64,
    /// How many challenges of the leader were followed, of one that came late since it follows it.
    followed: u64,
    /// As the leader, the challenge that we have issued and that has not come back to us.
    issued: Option<(Transaction, Difficulty)>,
    /// Our solution of the open row, and whether it has been sent.
    answer: Option<(Seed, bool)>,
    /// Where this peer is, and since when.
    standing: Standing,
    /// Known peers that the transport reports as gone, and that were not heard since. That alone
    /// means nothing: anyone can forge it.
    missed: BTreeSet<PeerId>,
    /// Whether anything has arrived since the last check.
    heard: bool,
    /// Whether messages may have been missed, and what follows from those that were not.
    gap: Gap,
    /// Whether peers of another network hear what we say.
    has_neighbours: bool,
    search: Search,
    /// Whether this one watches, and has missed the beginning.
    is_late: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Discovery,
    Keys,
    Drawing,
    /// It waits for the one who was elected to say so (rule P15).
    Following,
    Challenge,
    Mining,
    /// The solution this peer has accepted.
    Voting(Solution),
}

/// The number of rows whose challenge is kept, for late solutions.
const ROWS_MAX: usize = 1 << 20;

impl Published {
    pub(super) fn new(rules: Rules, identity: Identity, rng: ChaCha8Rng) -> Self {
        let Identity { id, seat, authenticator, solution_cache, .. } = identity;
        let search = Search::new(solution_cache);
        Self { search, ..Self::with(rules, id, seat, rng, authenticator.into()) }
    }

    fn with(
        rules: Rules,
        me: PeerId,
        seat: Seat,
        rng: ChaCha8Rng,
        authenticator: Arc<dyn Authenticator>,
    ) -> Self {
        Self {
            rules,
            me,
            seat,
            rng,
            authenticator,
            phase: Phase::Discovery,
            known: Vec::new(),
            own_id: OwnId::default(),
            repeated: 0,
            join_over: false,
            keys: BTreeMap::new(),
            deferred: Queue::new(),
            draws: Queue::new(),
            drawn: None,
            draws_over: false,
            counted: BTreeMap::new(),
            elected: Vec::new(),
            doubtful: BTreeSet::new(),
            doubts: Doubts::None,
            challenges: Queue::new(),
            solutions: Queue::new(),
            votes: Queue::new(),
            solved: Vec::new(),
            verdicts: Queue::new(),
            claims: Claims::default(),
            leader: None,
            coordinators: Queue::new(),
            asked: BTreeMap::new(),
            open: None,
            next: Transaction::FIRST,
            recorded: 0,
            followed: 0,
            issued: None,
            answer: None,
            standing: Standing::default(),
            missed: BTreeSet::new(),
            heard: false,
            gap: Gap::default(),
            has_neighbours: false,
            search: Search::new(None),
            is_late: false,
        }
    }

    pub(super) fn queues(&self) -> [Queued; 12] {
        [
            Queued {
                name: "known peers",
                len: self.known.len(),
                max: self.rules.membership_size(),
            },
            Queued { name: "keys", len: self.keys.len(), max: self.keys_max() },
            Queued { name: "early messages", len: self.deferred.len(), max: QUEUE_MAX },
            Queued { name: "draws", len: self.draws.len(), max: QUEUE_MAX },
            Queued { name: "coordinators", len: self.coordinators.len(), max: QUEUE_MAX },
            Queued { name: "challenges", len: self.challenges.len(), max: QUEUE_MAX },
            Queued { name: "solutions", len: self.solutions.len(), max: QUEUE_MAX },
            Queued { name: "votes", len: self.votes.len(), max: QUEUE_MAX },
            Queued { name: "valid solutions", len: self.solved.len(), max: QUEUE_MAX },
            Queued { name: "verdicts", len: self.verdicts.len(), max: QUEUE_MAX },
            Queued { name: "claims", len: self.claims.len(), max: QUEUE_MAX },
            Queued { name: "rows asked for", len: self.asked.len(), max: ROWS_MAX },
        ]
    }

    pub(super) fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Start => {
                // A session begins, whatever the table has from before (rule P12).
                out.push(Output::Persist(Durable::Session));
                self.watch(now, out);
                self.join(out);
            }
            Input::Message { message, .. } => {
                self.heard = true;
                self.missed.remove(&message.message.peer());
                self.on_message(message, out);
                self.advance(now, out);
            }
            Input::Timer(Timer::Repeat) => self.look_around(now, out),
            Input::Timer(Timer::Announce) => self.on_announce(out),
            Input::Timer(Timer::Join(times)) => self.on_join(times, out),
            Input::Timer(Timer::JoinOver) => {
                self.on_join_over();
                self.advance(now, out);
            }
            Input::Timer(Timer::Draw(row)) => self.on_draw_due(row, out),
            Input::Timer(Timer::DrawsOver(term)) => {
                self.on_draws_over(term);
                self.advance(now, out);
            }
            Input::Timer(Timer::Lead(row)) => self.on_pause_over(row, out),
            Input::Timer(Timer::Known(id)) => {
                if let Some((transaction, seed)) = self.search.finish_known(id) {
                    self.on_solved(now, transaction, seed, out);
                }
            }
            Input::Timer(Timer::Answer(row)) => self.on_turn(row, out),
            Input::Timer(Timer::Again(row, times)) => self.on_again(row, times, out),
            Input::Timer(Timer::Leave) => out.push(Output::Leave),
            Input::Solved { search, solution } => {
                if let Some(transaction) = self.search.finish(search) {
                    self.on_solved(now, transaction, solution, out);
                }
            }
            Input::Interrupted => self.on_interrupted(out),
            Input::Command(Command::Issue(wanted)) => self.on_issue(wanted, out),
            Input::PeerLost(peer) if self.known.contains(&peer) => {
                self.missed.insert(peer);
            }
            Input::Timer(_)
            | Input::PeerLost(_)
            | Input::Read(_)
            | Input::Malformed(_)
            | Input::Peers(_)
            | Input::WallClock(_)
            | Input::Overheard(_) => {}
        }
        self.note_standing(now);
    }

    /// Moves from phase to phase as far as the arrived messages allow.
    fn advance(&mut self, now: Moment, out: &mut Vec<Output>) {
        while self.step(now, out) {}
    }

    /// Takes one step, and returns whether enough messages had arrived.
    fn step(&mut self, now: Moment, out: &mut Vec<Output>) -> bool {
        let judges = self.rules.decision == Decision::Leader;
        match self.phase.clone() {
            Phase::Discovery if self.has_met_enough() => self.settle(out),
            Phase::Keys if self.has_all_keys() => {
                self.begin_election(out);
                for signed in self.deferred.take_all() {
                    self.on_message(signed, out);
                }
            }
            Phase::Discovery | Phase::Keys => return false,
            Phase::Drawing => match self.take_draws(out) {
                Some(draws) => self.elect(&draws, out),
                None => return false,
            },
            Phase::Following => match self.coordinators.take() {
                Some(coordinator) => self.follow(coordinator, out),
                None => return false,
            },
            Phase::Challenge => match self.challenges.take() {
                // Challenges of other peers are dropped (rule P3).
                Some(asked) if !self.is_leader(asked.peer) => {
                    refuse(asked.peer, Refusal::NotLeader, out);
                }
                Some(asked) => self.take_challenge(now, asked, out),
                // Late newcomers are refused.
                None if judges && self.leader == Some(self.me) => return self.rule_next(out),
                None => return false,
            },
            Phase::Mining if judges && self.leader == Some(self.me) => {
                return self.rule_next(out) || self.go_on(now, out);
            }
            Phase::Mining if judges => return self.obey_next(out) || self.go_on(now, out),
            Phase::Mining => return self.judge_next(out),
            Phase::Voting(solution) => return self.count_next(solution, out),
        }
        true
    }

    /// Returns whether a message of `peer` is the leader's. What names no sender is taken for that:
    /// in many networks its messages name none, and nothing else could be told of them.
    fn is_leader(&self, peer: PeerId) -> bool {
        peer == PeerId::UNNAMED || Some(peer) == self.leader
    }

    fn is_finished(&self) -> bool {
        let first = self.rules.customs.leading.first_row.number();
        let done = self.row().number().saturating_sub(first);
        self.rules.rounds.is_some_and(|rounds| done >= rounds.number())
    }

    /// Returns whether the messages of this network name their row.
    fn names_rows(&self) -> bool {
        self.rules.counting == Counting::ArrivalsOfRow || self.rules.decision == Decision::Leader
    }

    pub(super) fn status(&self) -> Status {
        let is_open = matches!(self.phase, Phase::Mining | Phase::Voting(_));
        Status {
            rows: self.recorded,
            members: self.known.clone(),
            keys: Vec::new(),
            names: Vec::new(),
            silent: Vec::new(),
            term: Term::FIRST,
            leader: self.leader,
            challenge: self.asked.get(&self.open_row()).copied().filter(|_| is_open),
            copied: false,
            equivocating: Vec::new(),
            waiting: self.gap.waiting().or_else(|| self.standing.waiting()),
        }
    }

    /// Returns the row that the next challenge is for.
    fn row(&self) -> Transaction {
        self.open.map_or(self.rules.customs.leading.first_row, |(row, _)| row.next())
    }

    /// Returns the row whose challenge is the latest.
    fn open_row(&self) -> Transaction {
        self.open.map_or(self.rules.customs.leading.first_row, |(row, _)| row)
    }

    /// Takes note that a peer of another network is in this room.
    pub(super) fn note_neighbour(&mut self, among_us: bool) {
        self.has_neighbours |= among_us;
    }

    /// Returns whether this peer is alone among peers of another network that hear what it says. A
    /// message that they do not know could end them, and its id would take a seat (rule A7).
    fn is_out_of_place(&self) -> bool {
        self.has_neighbours && self.known.iter().all(|peer| *peer == self.me)
    }

    fn say(&self, message: Message, out: &mut Vec<Output>) {
        if self.seat == Seat::Member && !self.is_out_of_place() {
            let signature = self.signs().then(|| self.authenticator.signature(&message)).flatten();
            let message = Signed { message, signature };
            out.push(Output::Send { to: Recipient::All, message });
        }
    }
}

/// Fields that never change are left out.
impl Hash for Published {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.rng.get_seed(), self.rng.get_word_pos()).hash(state);
        (&self.phase, &self.known, self.leader, self.open, self.next, &self.asked).hash(state);
        (&self.keys, &self.deferred, &self.draws, &self.counted, &self.challenges).hash(state);
        (&self.solutions, &self.votes, &self.verdicts, &self.search).hash(state);
        (&self.solved, &self.claims).hash(state);
        (self.issued, &self.answer, &self.standing).hash(state);
        (&self.missed, self.heard).hash(state);
        (&self.doubtful, self.doubts, self.has_neighbours, &self.coordinators).hash(state);
        (&self.elected, self.gap, self.is_late, self.recorded, self.followed).hash(state);
        (self.own_id, self.repeated, self.join_over, self.drawn, self.draws_over).hash(state);
    }
}
