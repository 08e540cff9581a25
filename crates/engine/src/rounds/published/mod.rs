//! Peers that count messages as they arrive, from any sender, like the published programs.
//!
//! Each topic is a queue, and each phase takes its messages from one: the first N ids, the keys of
//! those, the first N draws, the leader's next challenge, solutions until one is valid, the next N
//! votes or the leader's verdict. A message for a later phase waits in its queue. Where the program
//! ignores the row of a message, messages that were never taken wait too: a solution of an earlier
//! row may win a later one. The peers of such a network agree only because they all see the same
//! order; see rules P1 to P10 in `docs/protocol.md`.
//!
//! Where the published programs stop or crash, this one refuses the message and continues. It
//! cannot repeat anything, since they would count it twice; so when one of them dies, it waits, and
//! reports that.
//!
//! | file | question |
//! | --- | --- |
//! | `deciding` | what becomes of solutions? |
//! | `meeting` | who is there, and who leads? |
//! | `queue` | which messages wait for their turn? |

mod deciding;
mod meeting;
mod queue;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use self::deciding::{Solution, Vote};
use self::queue::{QUEUE_MAX, Queue};
use super::search::Search;
use super::{
    Authenticator, Cause, Challenge, Command, Counting, Decision, Event, Identity, Input, Issuing,
    Message, Output, Place, PublicKey, Recovered, Refusal, Rules, Seat, Signed, Status, Timer,
    Waiting, leave_later, refuse,
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
    keys: BTreeMap<PeerId, PublicKey>,
    /// Messages that arrived before all keys were known.
    deferred: Queue<Signed>,
    draws: Queue<(PeerId, u128)>,
    challenges: Queue<(PeerId, Difficulty)>,
    solutions: Queue<Solution>,
    votes: Queue<Vote>,
    /// Solutions that the leader has accepted.
    verdicts: Queue<Solution>,
    leader: Option<PeerId>,
    /// Our first row, and the challenge of each row since.
    first: Transaction,
    asked: Vec<Difficulty>,
    /// Whether anything has arrived since the last check.
    moved: bool,
    /// Known peers that the transport reports as gone, and that were not heard since. That alone
    /// means nothing: anyone can forge it.
    missed: BTreeSet<PeerId>,
    /// Whether peers of another network hear what we say.
    has_neighbours: bool,
    search: Search,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Discovery,
    Keys,
    Drawing,
    Challenge,
    Mining,
    /// The solution this peer has accepted.
    Voting(Solution),
}

/// The number of rows whose challenge is kept, for late solutions.
const ROWS_MAX: usize = 1 << 20;

impl Published {
    pub(super) fn new(
        rules: Rules,
        identity: Identity,
        rng: ChaCha8Rng,
        recovered: &Recovered,
    ) -> Self {
        Self {
            rules,
            me: identity.id,
            seat: identity.seat,
            rng,
            authenticator: identity.authenticator.into(),
            phase: Phase::Discovery,
            known: Vec::new(),
            keys: BTreeMap::new(),
            deferred: Queue::new(),
            draws: Queue::new(),
            challenges: Queue::new(),
            solutions: Queue::new(),
            votes: Queue::new(),
            verdicts: Queue::new(),
            leader: None,
            first: recovered.next_row(),
            asked: Vec::new(),
            moved: false,
            missed: BTreeSet::new(),
            has_neighbours: false,
            search: Search::new(identity.solution_cache),
        }
    }

    pub(super) fn queues(&self) -> [Queued; 9] {
        [
            Queued {
                name: "known peers",
                len: self.known.len(),
                max: self.rules.membership_size(),
            },
            Queued { name: "keys", len: self.keys.len(), max: self.keys_max() },
            Queued { name: "early messages", len: self.deferred.len(), max: QUEUE_MAX },
            Queued { name: "draws", len: self.draws.len(), max: QUEUE_MAX },
            Queued { name: "challenges", len: self.challenges.len(), max: QUEUE_MAX },
            Queued { name: "solutions", len: self.solutions.len(), max: QUEUE_MAX },
            Queued { name: "votes", len: self.votes.len(), max: QUEUE_MAX },
            Queued { name: "verdicts", len: self.verdicts.len(), max: QUEUE_MAX },
            Queued { name: "rows asked for", len: self.asked.len(), max: ROWS_MAX },
        ]
    }

    pub(super) fn handle(&mut self, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Start => {
                self.set_timer(out);
                self.announce_later(out);
                self.say_id(out);
                if self.is_finished() {
                    out.push(leave_later());
                }
            }
            Input::Message { message, .. } => {
                self.moved = true;
                self.missed.remove(&message.message.peer());
                self.on_message(message, out);
                self.advance(out);
            }
            Input::Timer(Timer::Repeat) => self.look_around(out),
            Input::Timer(Timer::Announce) => self.on_announce(out),
            Input::Timer(Timer::Lead(row)) => self.on_pause_over(row, out),
            Input::Timer(Timer::Known(id)) => {
                if let Some((transaction, seed)) = self.search.finish_known(id) {
                    self.on_solved(transaction, seed, out);
                }
            }
            Input::Timer(Timer::Leave) => out.push(Output::Leave),
            Input::Solved { search, solution } => {
                if let Some(transaction) = self.search.finish(search) {
                    self.on_solved(transaction, solution, out);
                }
            }
            Input::Command(Command::Issue(wanted)) => self.on_issue(wanted, out),
            Input::PeerLost(peer) if self.known.contains(&peer) => {
                self.missed.insert(peer);
            }
            Input::Timer(_)
            | Input::PeerLost(_)
            | Input::Read(_)
            | Input::Malformed(_)
            | Input::Peers(_)
            | Input::Overheard(_) => {}
        }
    }

    fn on_message(&mut self, signed: Signed, out: &mut Vec<Output>) {
        let claimed = signed.message.peer();
        if let Err(reason) = self.take_up(signed, out) {
            refuse(claimed, reason, out);
        }
    }

    fn take_up(&mut self, signed: Signed, out: &mut Vec<Output>) -> Result<(), Refusal> {
        if let Message::Announcement { .. } = signed.message {
            return self.on_announcement(signed, out);
        }
        if self.signs() && matches!(self.phase, Phase::Discovery | Phase::Keys) {
            return self.deferred.push(signed);
        }
        if self.signs() {
            self.authenticate(&signed)?;
        }
        self.on_word(signed.message, out)
    }

    /// Puts a message into its queue.
    fn on_word(&mut self, message: Message, out: &mut Vec<Output>) -> Result<(), Refusal> {
        match message {
            Message::Election { peer, draw, .. } => self.draws.push((peer, draw)),
            Message::Challenge { peer, difficulty, .. } => self.challenges.push((peer, difficulty)),
            Message::Solution { peer, transaction, seed } => {
                self.check_row(transaction)?;
                self.solutions.push(Solution { finder: peer, transaction, seed })
            }
            Message::Vote { peer, transaction, seed, approve, .. } => {
                self.check_row(transaction)?;
                self.votes.push(Vote { voter: peer, transaction, approve })?;
                out.push(Output::Event(Event::VoteCast {
                    transaction,
                    voter: peer,
                    seed,
                    approve,
                }));
                Ok(())
            }
            Message::Verdict { peer, transaction, seed, winner, accepted } => {
                if self.rules.decision != Decision::Leader {
                    return Err(Refusal::Unexpected);
                }
                // Our own messages come back to us; and no phase waits for a message that we have
                // refused.
                if self.leader == Some(self.me) || !accepted {
                    return Ok(());
                }
                if self.leader.is_some() && !self.is_leader(peer) {
                    return Err(Refusal::NotLeader);
                }
                self.check_row(transaction)?;
                self.verdicts.push(Solution { finder: winner, transaction, seed })
            }
            Message::Announcement { .. }
            | Message::Request { .. }
            | Message::Certificate { .. } => Err(Refusal::Unexpected),
        }
    }

    /// Moves from phase to phase as far as the arrived messages allow.
    fn advance(&mut self, out: &mut Vec<Output>) {
        while self.step(out) {}
    }

    /// Takes one step, and returns whether enough messages had arrived.
    fn step(&mut self, out: &mut Vec<Output>) -> bool {
        let peers = self.rules.membership_size();
        let judges = self.rules.decision == Decision::Leader;
        match self.phase.clone() {
            Phase::Discovery if self.known.len() >= peers => self.settle(out),
            Phase::Keys if self.has_all_keys() => {
                self.begin_election(out);
                for signed in self.deferred.take_all() {
                    self.on_message(signed, out);
                }
            }
            Phase::Discovery | Phase::Keys => return false,
            Phase::Drawing => match self.draws.take_many(peers) {
                Some(draws) => self.elect(&draws, out),
                None => return false,
            },
            Phase::Challenge => match self.challenges.take() {
                // Challenges of other peers are dropped (rule P3).
                Some((peer, _)) if !self.is_leader(peer) => refuse(peer, Refusal::NotLeader, out),
                Some((_, difficulty)) => self.begin_row(difficulty, out),
                // Late newcomers are refused.
                None if judges && self.leader == Some(self.me) => return self.rule_next(out),
                None => return false,
            },
            Phase::Mining if judges && self.leader == Some(self.me) => return self.rule_next(out),
            Phase::Mining if judges => return self.obey_next(out),
            Phase::Mining => return self.judge_next(out),
            Phase::Voting(solution) => return self.count_next(solution, out),
        }
        true
    }

    /// Returns whether a message of `peer` is the leader's. Where the leader decides alone, its
    /// messages do not name their sender.
    fn is_leader(&self, peer: PeerId) -> bool {
        let is_unnamed = peer == PeerId::UNNAMED && self.rules.decision == Decision::Leader;
        is_unnamed || Some(peer) == self.leader
    }

    fn await_challenge(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Challenge;
        if self.is_finished() {
            out.push(Output::Event(Event::AllRecorded));
            return out.push(Output::Leave);
        }
        if self.leader != Some(self.me) || self.rules.issuing == Issuing::OnCommand {
            return;
        }
        if self.rules.pause > Duration::ZERO {
            let timer = Timer::Lead(self.row());
            out.push(Output::SetTimer { after: self.rules.pause, timer });
        } else {
            self.say_challenge(None, out);
        }
    }

    fn is_finished(&self) -> bool {
        self.rules.rounds.is_some_and(|rounds| self.row() >= rounds)
    }

    fn on_pause_over(&mut self, row: Transaction, out: &mut Vec<Output>) {
        if self.phase == Phase::Challenge && row == self.row() {
            self.say_challenge(None, out);
        }
    }

    fn on_issue(&mut self, wanted: Option<Difficulty>, out: &mut Vec<Output>) {
        if self.rules.issuing == Issuing::OnCommand
            && self.phase == Phase::Challenge
            && self.leader == Some(self.me)
            && !self.is_finished()
        {
            self.say_challenge(wanted, out);
        }
    }

    fn say_challenge(&mut self, wanted: Option<Difficulty>, out: &mut Vec<Output>) {
        let range = &self.rules.challenges;
        let (easiest, hardest) = (range.start().bits(), range.end().bits());
        let difficulty = wanted.unwrap_or_else(|| {
            let bits = self.rng.random_range(easiest..=hardest.max(easiest));
            Difficulty::from_bits(bits.into()).expect("between two difficulties")
        });
        let place = self.names_rows().then(|| Place { transaction: self.row(), term: Term::FIRST });
        self.say(Message::Challenge { peer: self.me, difficulty, place }, out);
    }

    /// Returns whether the messages of this network name their row.
    fn names_rows(&self) -> bool {
        self.rules.counting == Counting::ArrivalsOfRow || self.rules.decision == Decision::Leader
    }

    /// Returns what our vote is about besides the seed, where votes contain that.
    fn cause(&self, winner: PeerId, difficulty: Difficulty) -> Option<Cause> {
        let names = self.rules.counting == Counting::ArrivalsOfRow;
        names.then_some(Cause { term: Term::FIRST, difficulty, winner })
    }

    fn begin_row(&mut self, difficulty: Difficulty, out: &mut Vec<Output>) {
        let Some(leader) = self.leader else { return };
        let transaction = self.row();
        if self.asked.len() >= ROWS_MAX {
            // The challenges of the oldest rows are forgotten; solutions of those rows are then
            // invalid.
            self.asked.remove(0);
            self.first = self.first.next();
        }
        self.asked.push(difficulty);
        out.push(Output::Event(Event::ChallengeIssued { transaction, difficulty, leader }));
        self.mine(out);
    }

    /// Searches for a solution. A leader that decides alone does not, unless it is the only member.
    fn mine(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Mining;
        let Some(difficulty) = self.asked.last().copied() else {
            return;
        };
        let judges = self.rules.leader_only_judges() && self.leader == Some(self.me);
        if self.seat == Seat::Member && !judges {
            let transaction = self.open_row();
            let challenge = Challenge { puzzle: self.rules.puzzle, difficulty };
            self.search.start(transaction, challenge, out);
        }
    }

    fn on_solved(&mut self, transaction: Transaction, seed: Seed, out: &mut Vec<Output>) {
        if self.phase == Phase::Mining && transaction == self.open_row() {
            self.say(Message::Solution { peer: self.me, transaction, seed }, out);
        }
    }

    pub(super) fn status(&self) -> Status {
        let is_open = matches!(self.phase, Phase::Mining | Phase::Voting(_));
        Status {
            rows: if is_open { self.open_row() } else { self.row() },
            members: self.known.clone(),
            silent: Vec::new(),
            term: Term::FIRST,
            leader: self.leader,
            challenge: self.asked.last().copied().filter(|_| is_open),
            waiting: None,
        }
    }

    /// Returns the row that the next challenge is for.
    fn row(&self) -> Transaction {
        let rows = u64::try_from(self.asked.len()).expect("a length fits");
        Transaction::new(self.first.number() + rows)
    }

    /// Returns the row whose challenge is open.
    fn open_row(&self) -> Transaction {
        Transaction::new(self.row().number().saturating_sub(1))
    }

    fn set_timer(&self, out: &mut Vec<Output>) {
        let after = self.rules.timeouts.silence;
        out.push(Output::SetTimer { after, timer: Timer::Repeat });
    }

    /// Reports when the network has been silent for long; nothing else can be done (rule P6).
    fn look_around(&mut self, out: &mut Vec<Output>) {
        self.set_timer(out);
        let needed = self.rules.membership_size();
        let moved = std::mem::take(&mut self.moved);
        if !moved {
            let lost = std::mem::take(&mut self.missed).into_iter();
            out.extend(lost.map(|peer| Output::Event(Event::PeerLost { peer })));
        }
        let known = self.known.len();
        let waiting = match self.phase {
            Phase::Discovery => Waiting::Peers { known, needed },
            _ if moved => return,
            _ => Waiting::Arrivals { transaction: self.row() },
        };
        out.push(Output::Event(Event::Waiting(waiting)));
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
        (&self.phase, &self.known, self.leader, self.first, &self.asked, self.moved).hash(state);
        (&self.keys, &self.deferred, &self.draws, &self.challenges).hash(state);
        (&self.solutions, &self.votes, &self.verdicts, &self.search).hash(state);
        (self.has_neighbours, &self.missed).hash(state);
    }
}
