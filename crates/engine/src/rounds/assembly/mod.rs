//! Members who agree on one table whatever is lost, repeated or killed.
//!
//! Per row of the table this is single-decree Paxos (Lamport, *Paxos Made Simple*, 2001) with a
//! leader per term, as in Raft (Ongaro and Ousterhout, 2014). What they call ballot or term is a
//! *term* here; a *naming* is the promise (phase 1), a yes vote the acceptance (phase 2). Two
//! things differ. The leader is drawn by lot: all draw a number, and a member names the highest.
//! And what a leader proposes is not its own: it is the first valid solution of its challenge.
//!
//! The rules have names (G2, E3, V1 ...) and are written out in `docs/protocol.md`:
//!
//! | file | question | rules |
//! | --- | --- | --- |
//! | `gathering`, `roster` | who is a member? | G |
//! | `election` | who leads in which term? | E |
//! | `round` | what do the votes on this row say? | S, V |
//! | `leading` | what does a leader propose? | C |
//! | `catch_up` | how does a peer get rows it missed? | R |
//! | `watch` | who is silent, and what then? | W |
//! | this one | is this message for us, and authentic? | A, Q |

mod catch_up;
mod early;
mod election;
mod gathering;
mod leading;
mod membership;
mod queues;
mod roster;
mod round;
mod voting;
mod watch;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use althing_types::{Moment, PeerId, Transaction};
use rand_chacha::ChaCha8Rng;

use self::catch_up::CatchUp;
use self::early::Early;
use self::election::Election;
use self::gathering::Gathering;
use self::membership::Membership;
use self::round::Round;
use self::watch::Watch;
use super::{
    Acceptance, Authenticator, Identity, Input, Message, Output, Promise, Recovered, Refusal,
    Rules, Seal, Sealed, Seat, Signatures, Timer, refuse,
};

/// One peer of a network that counts members.
#[derive(Clone)]
pub(super) struct Assembly {
    rules: Rules,
    me: PeerId,
    seat: Seat,
    rng: ChaCha8Rng,
    authenticator: Arc<dyn Authenticator>,
    gathering: Gathering,
    membership: Membership,
    election: Election,
    /// Our latest promise; on disk before it was said.
    promise: Option<Promise>,
    round: Round,
    /// Our latest yes; on disk before it was said.
    accepted: Option<Acceptance>,
    early: Early,
    catch_up: CatchUp,
    watch: Watch,
}

impl Assembly {
    pub(super) fn new(
        rules: Rules,
        identity: Identity,
        rng: ChaCha8Rng,
        recovered: Recovered,
    ) -> Self {
        let Identity { id: me, seat, authenticator, .. } = identity;
        let has_voted = recovered.accepted.is_some() || recovered.next > Transaction::FIRST;
        let term = recovered.promise.map(|promise| promise.term).unwrap_or_default();
        Self {
            gathering: Gathering::new(rules.roster_size()),
            membership: Membership::recovered(recovered.roster, has_voted),
            election: Election::new(Moment::START, term),
            promise: recovered.promise,
            round: Round::new(Moment::START, recovered.next),
            accepted: recovered.accepted,
            early: Early::new(rules.roster_size()),
            catch_up: CatchUp::default(),
            watch: Watch::new(),
            rules,
            me,
            seat,
            rng,
            authenticator: authenticator.into(),
        }
    }

    pub(super) fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Start => self.on_start(now, out),
            Input::Issue(wanted) => self.on_issue(now, wanted, out),
            Input::Message(sealed) => self.on_message(now, sealed, out),
            Input::Timer(Timer::Repeat) => self.on_repeat(now, out),
            Input::Timer(Timer::Announce) => self.on_announce(now, out),
            Input::Timer(Timer::Lead(row)) => self.on_pause_over(now, row, out),
            Input::Timer(Timer::Watch) => self.on_watch(now, out),
            Input::Timer(Timer::DrawsOver(term)) => self.on_draws_over(now, term, out),
            Input::Timer(Timer::CatchUp(from)) => self.on_catch_up(from, out),
            Input::Solved { transaction, seed } => self.on_solved(now, transaction, seed, out),
            Input::Lost(peer) => self.on_lost(now, peer, out),
            Input::Recalled(records) => self.on_recalled(records, out),
        }
    }

    fn on_start(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.election.since = now;
        self.round.since = now;
        out.push(Output::SetTimer { after: self.rules.timeouts.repeat, timer: Timer::Repeat });
        if self.seat == Seat::Member {
            let key = self.authenticator.public_key();
            let heard = self.gathering.hear(now, self.me, key.clone());
            debug_assert!(heard.is_ok(), "an empty gathering takes us in");
            // As a newcomer, also after a restart: then members say whom they follow, which nobody
            // repeats as long as things move.
            self.say(Message::Announcement { peer: self.me, key, roster: None }, out);
            self.settle(now, out);
        }
        self.resume(now, out);
    }

    /// Takes up the word given before a restart.
    fn resume(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Some(roster) = self.membership.roster() else {
            return;
        };
        self.watch.expect_all(roster.peers(), now + self.rules.timeouts.silence);
        self.tell_members(out);
        if let Some(promise) = self.promise {
            self.note_own_naming(now, promise);
            self.say_standing(out);
            self.see_leader(now, out);
        } else {
            self.enter(now, self.election.term, out);
        }
    }

    fn on_message(&mut self, now: Moment, sealed: Sealed, out: &mut Vec<Output>) {
        let peer = sealed.message.peer();
        if peer == self.me {
            return self.on_own_name(&sealed.message, out);
        }
        match &sealed.message {
            Message::Announcement { .. } => return self.on_announcement(now, sealed, out),
            Message::Request { .. } => return self.on_request(&sealed.message, out),
            _ => {}
        }
        self.gathering.touch(now, peer);
        let Some(roster) = self.membership.roster() else {
            return self.early.keep(sealed);
        };
        if !roster.contains(peer) {
            return refuse(peer, Refusal::Stranger, out);
        }
        if self.is_over(&sealed.message) {
            return self.on_over(now, peer, &sealed.message, out);
        }
        if self.is_one_solution_too_many(&sealed.message) {
            return self.watch.hear(peer, now + self.rules.timeouts.silence);
        }
        if !self.is_repeated(&sealed.message)
            && let Err(reason) = self.authenticate(&sealed)
        {
            return refuse(peer, reason, out);
        }
        self.watch.hear(peer, now + self.rules.timeouts.silence);
        if self.election.leader == Some(peer) && self.is_of_term(&sealed.message) {
            self.watch.leader_until(now + self.rules.timeouts.leader);
        }
        match self.on_word(now, sealed, out) {
            Ok(()) => {}
            Err(reason) => refuse(peer, reason, out),
        }
    }

    /// Handles an authentic word of a member.
    fn on_word(
        &mut self,
        now: Moment,
        sealed: Sealed,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Sealed { message, seal } = sealed;
        match message {
            Message::Election { .. } => self.on_election(now, Sealed { message, seal }, out),
            Message::Challenge { .. } => self.on_challenge(now, Sealed { message, seal }, out),
            Message::Solution { .. } => self.on_solution(now, Sealed { message, seal }, out),
            Message::Vote { .. } => self.on_vote(now, Sealed { message, seal }, out),
            Message::Verdict { peer, transaction, .. } => self.on_verdict(peer, transaction, out),
            Message::Certificate { record, .. } => self.on_certificate(now, record, out),
            Message::Announcement { .. } | Message::Request { .. } => {
                unreachable!("strangers may say these, so they are handled before")
            }
        }
    }

    /// Our own messages come back to us. What we did not say is somebody else's (rule A4); we can
    /// tell for votes, since we keep to ours.
    fn on_own_name(&self, message: &Message, out: &mut Vec<Output>) {
        let Message::Vote { transaction, seed, approve: true, .. } = message else {
            return;
        };
        let ours = self.accepted.as_ref().map(|accepted| &accepted.record);
        let is_ours = ours.is_some_and(|ours| ours.seed == *seed);
        if *transaction == self.round.transaction && !is_ours {
            refuse(self.me, Refusal::Impersonation, out);
        }
    }

    /// Returns whether a leader that says this is still in our term: one that has gone on to
    /// another does not lead here, however lively it is.
    fn is_of_term(&self, message: &Message) -> bool {
        let term = match message {
            Message::Election { standing, .. } => standing.as_ref().map(|standing| standing.term),
            Message::Challenge { place, .. } => place.map(|place| place.term),
            Message::Vote { cause, .. } => cause.map(|cause| cause.term),
            _ => None,
        };
        term.is_none_or(|term| term == self.election.term)
    }

    /// Returns whether `message` is a solution of a row that has one. The leader proposes the
    /// first, so these are not worth a signature check either; unless the leader is a plain peer,
    /// whose vote does not say whose solution it is for.
    fn is_one_solution_too_many(&self, message: &Message) -> bool {
        let Message::Solution { transaction, .. } = message else { return false };
        let leader = self.election.leader;
        let roster = self.membership.roster();
        let leader_signs = leader.and_then(|leader| roster?.key(leader)).is_some();
        leader_signs
            && *transaction == self.round.transaction
            && self.round.first_solution().is_some()
    }

    /// Returns whether `message` is about a row that is already in our table. In a healthy network
    /// the last votes of each round come after it is decided, so these are not worth a signature
    /// check.
    fn is_over(&self, message: &Message) -> bool {
        transaction_of(message).is_some_and(|transaction| transaction < self.round.transaction)
    }

    fn on_over(&mut self, now: Moment, peer: PeerId, message: &Message, out: &mut Vec<Output>) {
        let Some(transaction) = transaction_of(message) else {
            return;
        };
        let is_late = self.round.transaction.number() - transaction.number() <= LATE_ROWS;
        if is_late || matches!(message, Message::Certificate { .. }) {
            self.watch.hear(peer, now + self.rules.timeouts.silence);
        } else {
            refuse(peer, Refusal::Past { transaction }, out);
        }
    }

    /// Returns whether a member said just this before, and nothing else since. Anybody could have
    /// recorded it and play it again, so another signature check would prove nothing.
    fn is_repeated(&self, message: &Message) -> bool {
        let Message::Election { peer, draw, standing: Some(standing) } = message else {
            return false;
        };
        let roster = self.membership.roster();
        roster.is_some_and(|roster| roster.digest() == standing.roster)
            && self.election.knows(*peer, *draw, standing)
    }

    /// Checks that a member's message is its own (rules A2 and A3).
    fn authenticate(&self, sealed: &Sealed) -> Result<(), Refusal> {
        let peer = sealed.message.peer();
        let key = self.membership.roster().and_then(|roster| roster.key(peer));
        match (key, &sealed.seal) {
            (None, _) if self.rules.signatures == Signatures::Required => Err(Refusal::KeyMissing),
            (None, _) => Ok(()),
            (Some(_), None) => Err(Refusal::SealMissing),
            (Some(key), Some(seal)) => self
                .authenticator
                .is_authentic(&sealed.message, seal, key)
                .then_some(())
                .ok_or(Refusal::SealWrong),
        }
    }

    /// Handles again what came too early; called whenever we have moved on.
    fn retry_early(&mut self, now: Moment, out: &mut Vec<Output>) {
        for sealed in self.early.take() {
            self.on_message(now, sealed, out);
        }
    }

    fn is_member(&self) -> bool {
        self.seat == Seat::Member
            && self.membership.roster().is_some_and(|roster| roster.contains(self.me))
    }

    fn is_finished(&self) -> bool {
        self.rules.rounds.is_some_and(|rounds| self.round.transaction >= rounds)
    }

    /// Signs `message`, says it to all, and returns our seal.
    fn say(&self, message: Message, out: &mut Vec<Output>) -> Option<Seal> {
        let seal = self.authenticator.seal(&message);
        out.push(Output::Broadcast(Sealed { message, seal: seal.clone() }));
        seal
    }
}

/// Rows that a member may be behind without being told off: on a busy machine some always are.
const LATE_ROWS: u64 = 64;

/// What never changes is left out.
impl Hash for Assembly {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { rules: _, me: _, seat: _, authenticator: _, rng, .. } = self;
        let Self { gathering, membership, election, promise, .. } = self;
        let Self { round, accepted, early, catch_up, watch, .. } = self;
        (rng.get_seed(), rng.get_word_pos()).hash(state);
        (gathering, membership, election, promise).hash(state);
        (round, accepted, early, catch_up, watch).hash(state);
    }
}

/// Returns which row a message is about.
fn transaction_of(message: &Message) -> Option<Transaction> {
    match message {
        Message::Challenge { place, .. } => place.map(|place| place.transaction),
        Message::Solution { transaction, .. }
        | Message::Vote { transaction, .. }
        | Message::Verdict { transaction, .. } => Some(*transaction),
        Message::Certificate { record, .. } => Some(record.record.transaction),
        Message::Announcement { .. } | Message::Election { .. } | Message::Request { .. } => None,
    }
}
