//! Members agree on one table, whatever messages are lost or repeated and whichever peers crash.
//!
//! Per row of the table this is single-decree Paxos (Lamport, *Paxos Made Simple*, 2001) with a
//! leader per term, as in Raft (Ongaro and Ousterhout, 2014). A *term* is what Paxos calls a
//! ballot, a *promise* is phase 1b, a yes vote is *accepted*, phase 2b; a *slot* is one row, as in
//! multi-decree Paxos. There are two differences. The leader is drawn by lot: all members draw a
//! number, and each promises to follow the highest. And a leader does not propose its own value: it
//! proposes the first valid solution of its challenge.
//!
//! The rules have names (G2, E3, V1 ...) and are written out in `docs/protocol.md`:
//!
//! | file | question | rules |
//! | --- | --- | --- |
//! | `membership` | who is a member? | G |
//! | `names` | what are peers called? | G |
//! | `election` | who leads in which term? | E |
//! | `leader` | which challenges does a leader issue, and what does it propose? | C |
//! | `mining` | what does a member do with a challenge and with solutions? | C, S |
//! | `voting` | when is a row decided? | V, R |
//! | `slot` | what is known of the row that is open? | S, V |
//! | `catch_up` | how does a peer get rows it missed? | R |
//! | `failure_detector` | which peers are silent, and what happens then? | W |
//! | `standstill` | what does a member wait for, if nothing moves? | W |
//! | `starts` | has a member started again, or is there a copy of it? | I |
//! | `doubts` | does a peer answer that is said to be gone? | W |
//! | `deferred` | which messages arrived too early? | Q |
//! | `queues` | which queues can others fill, and how far? | Q |
//! | this one | is this message for us, and authentic? | A |

mod catch_up;
mod deferred;
mod doubts;
mod election;
mod failure_detector;
mod leader;
mod membership;
mod mining;
mod names;
mod queues;
mod slot;
mod standstill;
mod starts;
mod voting;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use althing_text::Name;
use althing_types::{Moment, PeerId, Term, Transaction};
use rand_chacha::ChaCha8Rng;

use self::catch_up::CatchUp;
use self::deferred::Deferred;
use self::election::Election;
use self::failure_detector::FailureDetector;
use self::membership::{Discovery, Members, Membership};
use self::names::Names;
use self::slot::Slot;
use self::starts::Starts;
use super::search::Search;
use super::{
    Accepted, Authenticator, Command, Identity, Input, Message, Output, Promised, PublicKey,
    Recovered, Refusal, Rules, Seat, Signature, Signatures, Signed, State, Status, Timer,
    leave_later, refuse,
};
use crate::Recipient;

/// One peer of a network that counts members.
#[derive(Clone)]
pub(super) struct Paxos {
    rules: Rules,
    me: PeerId,
    seat: Seat,
    rng: ChaCha8Rng,
    authenticator: Arc<dyn Authenticator>,
    discovery: Discovery,
    membership: Membership,
    election: Election,
    /// Our latest promise; on disk before it was sent.
    promised: Option<Promised>,
    slot: Slot,
    /// Our latest yes; on disk before it was sent.
    accepted: Option<Accepted>,
    /// The term that decided the latest row that this peer has recorded since its start.
    decided_in: Option<Term>,
    deferred: Deferred,
    catch_up: CatchUp,
    failure_detector: FailureDetector,
    starts: Starts,
    names: Names,
    search: Search,
}

impl Paxos {
    pub(super) fn new(
        rules: Rules,
        identity: Identity,
        rng: ChaCha8Rng,
        recovered: Recovered,
    ) -> Self {
        let Identity { id: me, seat, past, authenticator, solution_cache, .. } = identity;
        let next = recovered.next_row();
        let mut state = recovered.state;
        let nonce = starts::nonce(&rng, 0);
        let starts = Starts::recovered(past, nonce, &mut state, rules.membership_size());
        let State { members, promised, accepted, names, .. } = state;
        let has_voted = accepted.is_some() || next > Transaction::FIRST;
        let term = promised.map(|promised| promised.term).unwrap_or_default();
        let discovery = Discovery::new(rules.membership_size());
        // Members need not announce themselves again, nor does an observer at all.
        let names_max = discovery.queue().max + rules.membership_size() + 1;
        Self {
            discovery,
            membership: Membership::recovered(members, has_voted),
            election: Election::new(Moment::START, term),
            promised,
            slot: Slot::new(Moment::START, next),
            accepted,
            decided_in: None,
            deferred: Deferred::new(rules.membership_size()),
            catch_up: CatchUp::default(),
            failure_detector: FailureDetector::new(&rules.timeouts),
            starts,
            names: Names::recovered(names, names_max),
            search: Search::new(solution_cache),
            rules,
            me,
            seat,
            rng,
            authenticator: authenticator.into(),
        }
    }

    /// Gives this peer a name that it says to the others.
    pub(super) fn call(&mut self, name: Option<Name>) {
        self.names.call_own(name);
    }

    pub(super) fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Start => self.on_start(now, out),
            Input::Command(Command::Issue(wanted)) => self.on_issue(now, wanted, out),
            Input::Message { message, .. } => self.on_message(now, message, out),
            Input::Timer(Timer::Repeat) => self.on_repeat(now, out),
            Input::Timer(Timer::Announce) => self.on_announce(now, out),
            Input::Timer(Timer::Lead(row)) => self.on_pause_over(now, row, out),
            Input::Timer(Timer::Suspicion) => self.on_suspicion(now, out),
            Input::Timer(Timer::DrawsOver(term)) => self.on_draws_over(now, term, out),
            Input::Timer(Timer::CatchUp(from)) => self.on_catch_up(from, out),
            Input::Timer(Timer::Known(id)) => {
                if let Some((transaction, seed)) = self.search.finish_known(id) {
                    self.on_solved(now, transaction, seed, out);
                }
            }
            Input::Timer(Timer::Leave) => out.push(Output::Leave),
            Input::Solved { search, solution } => {
                if let Some(transaction) = self.search.finish(search) {
                    self.on_solved(now, transaction, solution, out);
                }
            }
            Input::PeerLost(peer) => self.on_lost(now, peer, out),
            Input::Read(records) => self.on_read(records, out),
            Input::Timer(
                Timer::Overheard
                | Timer::Answer(_)
                | Timer::Again(..)
                | Timer::Join(_)
                | Timer::JoinOver
                | Timer::Draw(_),
            )
            | Input::Malformed(_)
            | Input::Peers(_)
            | Input::WallClock(_)
            | Input::Interrupted
            | Input::Overheard(_) => {}
        }
    }

    pub(super) fn status(&self) -> Status {
        let members = self.membership.members();
        Status {
            rows: self.slot.transaction.number(),
            members: members.into_iter().flat_map(Members::peers).collect(),
            keys: members.into_iter().flat_map(Members::keys).collect(),
            names: self.names.known().map(|(peer, name)| (peer, name.clone())).collect(),
            silent: self.failure_detector.silent().collect(),
            term: self.election.term,
            leader: self.election.leader,
            challenge: self.slot.challenge.map(|(_, difficulty)| difficulty),
            copied: self.starts.is_copied(),
            equivocating: self.starts.equivocating().collect(),
            waiting: self.failure_detector.waiting().cloned(),
        }
    }

    fn on_start(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.election.since = now;
        self.slot.since = now;
        self.begin_start(out);
        self.begin_names(out);
        out.push(Output::SetTimer { after: self.rules.timeouts.repeat, timer: Timer::Repeat });
        if self.seat == Seat::Member {
            let key = self.authenticator.public_key();
            let heard = self.discovery.hear(now, self.me, key.clone());
            debug_assert!(heard.is_ok(), "an empty discovery takes us in");
            // As a newcomer, even after a restart: members then answer with the leader they follow,
            // which no member repeats while the network makes progress.
            self.say_announcement(None, out);
            self.say_name(out);
            self.settle(now, out);
        }
        self.resume(now, out);
        if self.is_finished() {
            out.push(leave_later());
        }
    }

    /// Restores the promise given before a restart.
    fn resume(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Some(members) = self.membership.members() else {
            return;
        };
        let others = members.peers().filter(|peer| *peer != self.me);
        self.failure_detector.expect_all(now, others, &self.rules.timeouts);
        self.tell_members(out);
        self.count_starts(now, out);
        if let Some(promised) = self.promised {
            self.note_own_promise(now, promised);
            self.say_election_state(out);
            self.see_leader(now, out);
        } else {
            self.enter(now, self.election.term, out);
        }
    }

    fn on_message(&mut self, now: Moment, signed: Signed, out: &mut Vec<Output>) {
        let peer = signed.message.peer();
        if peer == self.me {
            return self.on_own_name(&signed, out);
        }
        match &signed.message {
            Message::Announcement { .. } => return self.on_announcement(now, signed, out),
            Message::Name { .. } => return self.on_name(&signed, out),
            Message::Request { .. } => return self.on_request(now, &signed.message, out),
            message if is_plain(message) => return refuse(peer, Refusal::Plain, out),
            _ => {}
        }
        self.discovery.touch(now, peer);
        let Some(members) = self.membership.members() else {
            return self.deferred.keep(signed);
        };
        if !members.contains(peer) {
            return refuse(peer, Refusal::Stranger, out);
        }
        if self.is_over(&signed.message) {
            return self.on_over(now, peer, &signed.message, out);
        }
        if self.is_one_solution_too_many(&signed.message) {
            return self.hear(now, peer, out);
        }
        if !self.is_repeated(&signed.message)
            && let Err(reason) = self.authenticate(&signed)
        {
            return refuse(peer, reason, out);
        }
        self.election.hear(peer);
        self.hear(now, peer, out);
        if self.election.leader == Some(peer) && self.is_of_term(&signed.message) {
            self.failure_detector.leader_until(now + self.rules.timeouts.leader);
        }
        match self.on_word(now, signed, out) {
            Ok(()) => {}
            Err(reason) => refuse(peer, reason, out),
        }
    }

    /// Handles an authentic message of a member.
    fn on_word(
        &mut self,
        now: Moment,
        signed: Signed,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Signed { message, signature } = signed;
        match message {
            Message::Election { .. } => self.on_election(now, Signed { message, signature }, out),
            Message::Challenge { .. } => self.on_challenge(now, Signed { message, signature }, out),
            Message::Solution { .. } => self.on_solution(now, Signed { message, signature }, out),
            Message::Vote { .. } => self.on_vote(now, Signed { message, signature }, out),
            Message::Verdict { peer, transaction, .. } => self.on_verdict(peer, transaction, out),
            Message::Certificate { record, .. } => self.on_certificate(now, record, out),
            message @ Message::Confirmation { .. } => self.on_confirmation(now, message, out),
            Message::Coordinator { .. } => Err(Refusal::Unexpected),
            Message::Announcement { .. } | Message::Name { .. } | Message::Request { .. } => {
                unreachable!("strangers may say these, so they are handled before")
            }
        }
    }

    /// Returns whether a leader that sends this is still in our term: one that has moved on to
    /// another term no longer leads ours, even if it is alive.
    fn is_of_term(&self, message: &Message) -> bool {
        let term = match message {
            Message::Election { state, .. } => state.as_ref().map(|state| state.term),
            Message::Challenge { place, .. } => place.map(|place| place.term),
            Message::Vote { cause, .. } => cause.map(|cause| cause.term),
            // A copy that has fallen silent says this as well (rule I5).
            Message::Confirmation { .. } => return false,
            _ => None,
        };
        term.is_none_or(|term| term == self.election.term)
    }

    /// Returns whether `message` is a solution of a row that already has one. The leader proposes
    /// the first, so these are not worth a signature check either.
    fn is_one_solution_too_many(&self, message: &Message) -> bool {
        let Message::Solution { transaction, .. } = message else { return false };
        *transaction == self.slot.transaction && self.slot.first_solution().is_some()
    }

    /// Returns whether `message` is about a row that is already in our table. In a healthy network
    /// the last votes of each round arrive after it is decided, so these are not worth a signature
    /// check.
    fn is_over(&self, message: &Message) -> bool {
        transaction_of(message).is_some_and(|transaction| transaction < self.slot.transaction)
    }

    fn on_over(&mut self, now: Moment, peer: PeerId, message: &Message, out: &mut Vec<Output>) {
        let Some(transaction) = transaction_of(message) else {
            return;
        };
        let is_late = self.slot.transaction.number() - transaction.number() <= LATE_ROWS;
        if is_late || matches!(message, Message::Certificate { .. }) {
            self.hear(now, peer, out);
        } else {
            refuse(peer, Refusal::Past { transaction }, out);
        }
    }

    /// Returns whether this repeats a member's last message. Anyone could have recorded and
    /// replayed it, so another signature check would prove nothing.
    fn is_repeated(&self, message: &Message) -> bool {
        let Message::Election { peer, draw, state: Some(state) } = message else {
            return false;
        };
        let members = self.membership.members();
        members.is_some_and(|members| members.digest() == state.members)
            && self.election.knows(*peer, *draw, state)
    }

    /// Checks that a member's message is its own (rules A2 and A3).
    fn authenticate(&self, signed: &Signed) -> Result<(), Refusal> {
        let peer = signed.message.peer();
        let key = self.membership.members().and_then(|members| members.key(peer));
        self.check_signature(signed, key)
    }

    /// Checks a message against the key that its sender has, or announces (rules A2 and A3).
    fn check_signature(&self, signed: &Signed, key: Option<&PublicKey>) -> Result<(), Refusal> {
        match (key, &signed.signature) {
            (None, _) if self.rules.signatures == Signatures::Required => Err(Refusal::KeyMissing),
            (None, _) => Ok(()),
            (Some(_), None) => Err(Refusal::SignatureMissing),
            (Some(key), Some(signature)) => self
                .authenticator
                .is_authentic(&signed.message, signature, key)
                .then_some(())
                .ok_or(Refusal::SignatureWrong),
        }
    }

    /// Handles deferred messages again; called whenever we have moved on.
    fn retry_deferred(&mut self, now: Moment, out: &mut Vec<Output>) {
        for signed in self.deferred.take() {
            self.on_message(now, signed, out);
        }
    }

    /// Returns whether this peer is a member that may promise and vote.
    fn is_member(&self) -> bool {
        self.has_seat() && self.starts.may_act()
    }

    /// Returns whether this peer is one of the members.
    fn has_seat(&self) -> bool {
        self.seat == Seat::Member
            && self.membership.members().is_some_and(|members| members.contains(self.me))
    }

    fn is_finished(&self) -> bool {
        self.rules.rounds.is_some_and(|rounds| self.slot.transaction >= rounds)
    }

    /// Signs `message`, sends it to all peers, and returns our signature.
    fn say(&self, message: Message, out: &mut Vec<Output>) -> Option<Signature> {
        let signature = self.authenticator.signature(&message);
        let message = Signed { message, signature: signature.clone() };
        out.push(Output::Send { to: Recipient::All, message });
        signature
    }
}

/// How many rows a member may be behind without its messages being reported: on a busy machine some
/// members always are.
const LATE_ROWS: u64 = 64;

/// Fields that never change are left out.
impl Hash for Paxos {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { rules: _, me: _, seat: _, authenticator: _, rng, .. } = self;
        let Self { discovery, membership, election, promised, .. } = self;
        let Self { slot, accepted, decided_in, deferred, catch_up, failure_detector, .. } = self;
        let Self { starts, names, search, .. } = self;
        (rng.get_seed(), rng.get_word_pos()).hash(state);
        (discovery, membership, election, promised).hash(state);
        (slot, accepted, decided_in, deferred, catch_up, failure_detector).hash(state);
        (starts, names, search).hash(state);
    }
}

/// Returns whether `message` lacks what a member adds to the plain protocol. What a plain vote is
/// for, or in which term a plain leader leads, each peer would have to guess, and two peers could
/// guess differently (rule A5).
pub(super) fn is_plain(message: &Message) -> bool {
    matches!(
        message,
        Message::Election { state: None, .. }
            | Message::Challenge { place: None, .. }
            | Message::Vote { cause: None, .. }
    )
}

/// Returns which row a message is about.
pub(super) fn transaction_of(message: &Message) -> Option<Transaction> {
    match message {
        Message::Challenge { place, .. } => place.map(|place| place.transaction),
        Message::Solution { transaction, .. }
        | Message::Vote { transaction, .. }
        | Message::Verdict { transaction, .. } => Some(*transaction),
        Message::Certificate { record, .. } => Some(record.record.transaction),
        Message::Announcement { .. }
        | Message::Name { .. }
        | Message::Election { .. }
        | Message::Coordinator { .. }
        | Message::Request { .. }
        | Message::Confirmation { .. } => None,
    }
}
