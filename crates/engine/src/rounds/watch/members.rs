//! What happens in a network whose members count once each, and who breaks its rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use althing_text::Name;
use althing_types::{Moment, PeerId, Term, Transaction};

use super::SPEAKERS_MAX;
use super::elections::Elections;
use super::rows::{ROWS_MAX, Rows};
use crate::Queue;
use crate::rounds::paxos::{is_plain, transaction_of};
use crate::rounds::{
    Accepted, Authenticator, Cause, CertifiedRecord, Decision, Draw, Durable, Election as Rule,
    ElectionState, Event, Input, MembershipDigest, Message, Output, Place, PublicKey, Record,
    Refusal, Rules, Signature, Signed, SignedVote, Start, Status, Timer, leave_later, refuse,
};

/// One that watches a network whose members count once each.
#[derive(Clone)]
pub(in crate::rounds) struct Members {
    pub(super) rules: Rules,
    pub(super) authenticator: Arc<dyn Authenticator>,
    /// Peers that were heard, and when they were last.
    pub(super) heard: BTreeMap<PeerId, Moment>,
    pub(super) keys: BTreeMap<PeerId, PublicKey>,
    pub(super) starts: BTreeMap<PeerId, Start>,
    pub(super) names: BTreeMap<PeerId, Name>,
    pub(super) silent: BTreeSet<PeerId>,
    /// Who draws under which membership.
    drawers: BTreeMap<MembershipDigest, BTreeSet<PeerId>>,
    /// The members, once all of one membership have drawn.
    members: BTreeSet<PeerId>,
    pub(super) elections: Elections,
    term: Term,
    leader: Option<PeerId>,
    pub(super) rows: Rows,
    /// The row after the last that was decided; `None` until one is.
    next: Option<Transaction>,
    /// How many rows it has taken.
    taken: u64,
}

/// Memberships that are told apart.
const MEMBERSHIPS_MAX: usize = 16;

/// How many rows a message may be ahead of the last decided one. No member is that far, unless we
/// have missed messages.
const AHEAD_MAX: u64 = 256;

pub(super) type Judged = Result<(), Refusal>;

impl Members {
    pub(super) fn new(rules: Rules, authenticator: Arc<dyn Authenticator>) -> Self {
        Self {
            rules,
            authenticator,
            heard: BTreeMap::new(),
            keys: BTreeMap::new(),
            starts: BTreeMap::new(),
            names: BTreeMap::new(),
            silent: BTreeSet::new(),
            drawers: BTreeMap::new(),
            members: BTreeSet::new(),
            elections: Elections::default(),
            term: Term::FIRST,
            leader: None,
            rows: Rows::default(),
            next: None,
            taken: 0,
        }
    }

    pub(super) fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Start => {
                // It may come in the middle, and begins its table with the first row it hears of.
                out.push(Output::Persist(Durable::Session));
                self.look_later(out);
            }
            Input::Message { message, .. } => {
                let peer = message.message.peer();
                self.hear(now, peer, out);
                if let Err(reason) = self.judge(message, out) {
                    refuse(peer, reason, out);
                }
            }
            Input::Timer(Timer::Repeat) => {
                self.look_around(now, out);
                self.look_later(out);
            }
            Input::Timer(Timer::Leave) => out.push(Output::Leave),
            Input::Interrupted => {
                self.rows.clear();
                self.next = None;
            }
            _ => {}
        }
    }

    fn judge(&mut self, signed: Signed, out: &mut Vec<Output>) -> Judged {
        let peer = signed.message.peer();
        match &signed.message {
            Message::Announcement { .. } => return self.on_announcement(&signed),
            message if is_plain(message) => return Err(Refusal::Plain),
            _ => {}
        }
        self.authenticate(&signed)?;
        if let Some(transaction) = transaction_of(&signed.message) {
            self.check_row(transaction)?;
        }
        match signed.message {
            Message::Name { name, .. } => {
                self.on_name(peer, name, out);
                Ok(())
            }
            // Strangers may ask, and what was promised before a start breaks no rule by itself.
            Message::Request { .. } | Message::Confirmation { .. } => Ok(()),
            Message::Certificate { record, .. } => self.on_certificate(&record),
            Message::Announcement { .. } | Message::Coordinator { .. } => Err(Refusal::Unexpected),
            _ if !self.members.is_empty() && !self.members.contains(&peer) => {
                Err(Refusal::Stranger)
            }
            Message::Election { draw, state: Some(state), .. } => {
                self.on_election(peer, draw, &state, out)
            }
            Message::Challenge { difficulty, place: Some(place), .. } => {
                let Place { transaction, term } = place;
                if self.leader_of(term).is_some_and(|leader| leader != peer) {
                    return Err(Refusal::NotLeader);
                }
                let Some(row) = self.rows.of(transaction) else { return Ok(()) };
                if row.note_challenge(term, peer, difficulty) {
                    let leader = peer;
                    let event = Event::ChallengeIssued { transaction, difficulty, leader };
                    out.push(Output::Event(event));
                }
                Ok(())
            }
            Message::Solution { transaction, seed, .. } => {
                let Some(row) = self.rows.of(transaction) else { return Ok(()) };
                let puzzle = &self.rules.puzzle;
                let judged = |bits| puzzle.check_digest(&seed, transaction, bits);
                let mut wrong = row.difficulties().map(judged).collect::<Vec<_>>();
                // Of several challenges it may be for any.
                if !wrong.is_empty()
                    && wrong.iter().all(Result::is_err)
                    && let Some(Err(unsolved)) = wrong.pop()
                {
                    return Err(Refusal::NotASolution(unsolved));
                }
                if row.note_solution(transaction, peer, &seed)? {
                    let finder = peer;
                    out.push(Output::Event(Event::SolutionFound { transaction, finder, seed }));
                }
                Ok(())
            }
            Message::Vote { transaction, seed, approve, cause: Some(cause), .. } => {
                let Cause { term, difficulty, winner, starts } = cause;
                let record = Record { transaction, difficulty, seed, winner };
                let choice = Accepted { term, record };
                match approve {
                    true => {
                        let signature = signed.signature;
                        self.on_yes(SignedVote { peer, choice, starts, signature }, out)
                    }
                    false => self.on_no(peer, choice.record, out),
                }
            }
            Message::Verdict { .. } if self.rules.decision != Decision::Leader => {
                Err(Refusal::Unexpected)
            }
            // It names no term, and may be of the leader before.
            Message::Verdict { .. }
                if self.leader.is_some()
                    && !self.elections.has_led(peer, self.rules.promises_needed()) =>
            {
                Err(Refusal::NotLeader)
            }
            Message::Verdict { .. } => Ok(()),
            Message::Election { .. } | Message::Challenge { .. } | Message::Vote { .. } => {
                Err(Refusal::Plain)
            }
        }
    }

    /// Refuses what is about a row that no member can have reached.
    fn check_row(&self, transaction: Transaction) -> Judged {
        let ahead = self.next.map(|next| transaction.number().saturating_sub(next.number()));
        match ahead.is_some_and(|ahead| ahead > AHEAD_MAX) {
            true => Err(Refusal::Ahead { transaction }),
            false => Ok(()),
        }
    }

    fn on_election(
        &mut self,
        peer: PeerId,
        draw: u128,
        state: &ElectionState,
        out: &mut Vec<Output>,
    ) -> Judged {
        let Rule { draw: how, .. } = self.rules.election;
        if let Draw::Number { max, .. } = how
            && draw > max
        {
            return Err(Refusal::DrawTooHigh { draw, draw_max: max });
        }
        self.note_drawer(peer, state.members, out);
        if let Some(promise) = &state.promise {
            if let Some(Accepted { record, .. }) = &promise.accepted {
                self.check(record)?;
            }
            self.check_row(promise.transaction)?;
        }
        let noted = self.elections.note(peer, draw, state);
        self.see_leader(state.term, out);
        noted
    }

    /// Members are those that draw under one membership, once all of them have; once they have
    /// decided a row, no others are.
    fn note_drawer(&mut self, peer: PeerId, members: MembershipDigest, out: &mut Vec<Output>) {
        let size = self.rules.membership_size();
        if !self.drawers.contains_key(&members) && self.drawers.len() >= MEMBERSHIPS_MAX {
            return;
        }
        let drawers = self.drawers.entry(members).or_default();
        if drawers.len() < size {
            drawers.insert(peer);
        }
        if drawers.len() == size && self.next.is_none() && self.members != *drawers {
            self.members.clone_from(drawers);
            let members = self.members.iter().copied().collect();
            out.push(Output::Event(Event::MembershipSettled { members, member: false }));
        }
    }

    fn leader_of(&self, term: Term) -> Option<PeerId> {
        self.elections.leader(term, self.rules.promises_needed())
    }

    fn see_leader(&mut self, term: Term, out: &mut Vec<Output>) {
        let Some(leader) = self.leader_of(term) else { return };
        if term < self.term || (term == self.term && self.leader == Some(leader)) {
            return;
        }
        (self.term, self.leader) = (term, Some(leader));
        let draws = self.elections.draws(term);
        let draw = draws.iter().find(|(peer, _)| *peer == leader).map(|(_, draw)| *draw);
        out.push(Output::Event(Event::LeaderElected { leader, term, draw, draws }));
    }

    /// A yes is for a solution, of a member (rule V4).
    fn check(&self, record: &Record) -> Judged {
        let Record { transaction, seed, difficulty, winner } = record;
        let judged = self.rules.puzzle.check_digest(seed, *transaction, *difficulty);
        judged.map_err(Refusal::VoteForNoSolution)?;
        match self.members.is_empty() || self.members.contains(winner) {
            true => Ok(()),
            false => Err(Refusal::VoteForStranger { winner: *winner }),
        }
    }

    fn on_yes(&mut self, vote: SignedVote, out: &mut Vec<Output>) -> Judged {
        let (voter, choice) = (vote.peer, vote.choice.clone());
        let (transaction, seed) = (choice.record.transaction, choice.record.seed.clone());
        self.check(&choice.record)?;
        let Some(row) = self.rows.of(transaction) else { return Ok(()) };
        match row.note_yes(vote) {
            Ok(true) => {
                let event = Event::VoteCast { transaction, voter, seed, approve: true };
                out.push(Output::Event(event));
            }
            Ok(false) => {}
            Err((reason, proof)) => {
                out.extend(proof.map(|proof| Output::Event(Event::Equivocated(proof))));
                return Err(reason);
            }
        }
        self.see_decided(&choice, out);
        Ok(())
    }

    /// A no is to what is no solution (rule V5).
    fn on_no(&mut self, voter: PeerId, record: Record, out: &mut Vec<Output>) -> Judged {
        let Record { transaction, difficulty, seed, .. } = record;
        if self.rules.puzzle.check_digest(&seed, transaction, difficulty).is_ok() {
            return Err(Refusal::VoteAgainstSolution);
        }
        if self.rows.of(transaction).is_some_and(|row| row.note_no(voter)) {
            let event = Event::VoteCast { transaction, voter, seed, approve: false };
            out.push(Output::Event(event));
        }
        Ok(())
    }

    fn see_decided(&mut self, choice: &Accepted, out: &mut Vec<Output>) {
        let transaction = choice.record.transaction;
        let needed = self.rules.votes_needed();
        let members = &self.members;
        let counts = |peer| members.is_empty() || members.contains(&peer);
        let Some(row) = self.rows.of(transaction) else { return };
        if let Some(record) = row.decided(choice, needed, counts) {
            if let Some(leader) = row.asker(choice.term, choice.record.difficulty) {
                self.elections.note_leader(choice.term, leader);
                self.see_leader(choice.term, out);
            }
            self.record(record, out);
        }
    }

    /// Takes a row, unless it or a later one was taken.
    fn record(&mut self, record: CertifiedRecord, out: &mut Vec<Output>) {
        let transaction = record.record.transaction;
        if self.next.is_some_and(|next| transaction < next) {
            return;
        }
        self.next = Some(transaction.next());
        self.taken += 1;
        out.push(Output::Persist(Durable::Record(record.clone())));
        out.push(Output::Event(Event::RoundDecided(record)));
        if self.rules.rounds.is_some_and(|rounds| transaction.next() >= rounds) {
            out.push(leave_later());
        }
    }

    /// A certificate proves its row by votes of enough members (rule R1). Votes of peers whose keys
    /// were not heard cannot be checked, and are believed.
    fn on_certificate(&self, certified: &CertifiedRecord) -> Judged {
        let CertifiedRecord { record, term, votes, starts, .. } = certified;
        self.check(record)?;
        let choice = Accepted { term: *term, record: record.clone() };
        let counts = |(peer, signature): &&(PeerId, Option<Signature>)| {
            let (peer, signature) = (*peer, signature.clone());
            let vote = SignedVote { peer, choice: choice.clone(), starts: *starts, signature };
            let is_member = self.members.is_empty() || self.members.contains(&peer);
            is_member && self.authenticate(&vote.message()).is_ok()
        };
        let voters: BTreeSet<PeerId> = votes.iter().filter(counts).map(|(peer, _)| *peer).collect();
        match voters.len() >= self.rules.votes_needed() {
            true => Ok(()),
            false => Err(Refusal::CertificateTooThin { transaction: record.transaction }),
        }
    }

    fn keys_of_members(&self) -> impl Iterator<Item = (PeerId, PublicKey)> {
        let of = |peer: &PeerId| self.keys.get(peer).map(|key| (*peer, key.clone()));
        self.members.iter().filter_map(of)
    }

    pub(super) fn status(&self) -> Status {
        Status {
            rows: self.taken,
            members: self.members.iter().copied().collect(),
            keys: self.keys_of_members().collect(),
            names: self.names.iter().map(|(peer, name)| (*peer, name.clone())).collect(),
            silent: self.silent.iter().copied().collect(),
            term: self.term,
            leader: self.leader,
            challenge: self.rows.challenge(),
            copied: false,
            equivocating: Vec::new(),
            waiting: None,
        }
    }

    pub(super) fn queues(&self) -> [Queue; 4] {
        [
            Queue { name: "peers that were heard", len: self.heard.len(), max: SPEAKERS_MAX },
            Queue { name: "draws of a term", len: self.elections.len(), max: SPEAKERS_MAX },
            Queue { name: "rows", len: self.rows.len(), max: ROWS_MAX },
            Queue { name: "words on a row", len: self.rows.largest(), max: SPEAKERS_MAX },
        ]
    }
}

impl std::hash::Hash for Members {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.heard, &self.keys, &self.members, &self.elections).hash(state);
        (self.term, self.leader, &self.rows, self.next).hash(state);
    }
}
