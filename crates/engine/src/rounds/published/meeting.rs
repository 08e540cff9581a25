//! Keys and election (rules P2, P7 and P15).

use std::num::NonZeroU16;
use std::time::Duration;

use althing_types::{PeerId, Term, Transaction};
use rand::RngExt;

use super::{Phase, Published};
use crate::rounds::{
    Draw, ElectionEvery, Event, Message, Output, PublicKey, Refusal, Seat, Signatures, Signed,
    Timer, Wait, refuse,
};

/// Whether an election waits because of draws that may be repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Doubts {
    #[default]
    None,
    Waiting,
    Over,
}

/// How long a draw that may be repeated is waited on for the genuine one. Draws of one election
/// come within milliseconds of each other, and a row of the program takes seconds.
const DOUBT_TIME: Duration = Duration::from_secs(1);

impl Published {
    pub(super) fn on_announcement(
        &mut self,
        signed: Signed,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Message::Announcement { peer, key, .. } = signed.message else {
            return Err(Refusal::Unexpected);
        };
        match key {
            Some(key) if self.signs() => {
                self.on_key(peer, key)?;
                if self.rules.customs.joining.says_key {
                    self.on_id(peer, out);
                }
                Ok(())
            }
            _ => {
                self.on_id(peer, out);
                Ok(())
            }
        }
    }

    /// The first key of an id is its key (rule P7).
    fn on_key(&mut self, peer: PeerId, key: PublicKey) -> Result<(), Refusal> {
        let is_full = self.keys.len() >= self.keys_max();
        match self.keys.get(&peer) {
            Some(known) if *known != key => Err(Refusal::SecondKey),
            Some(_) => Ok(()),
            None if is_full => Err(Refusal::TooManyPeers),
            None => {
                self.keys.insert(peer, key);
                Ok(())
            }
        }
    }

    /// The maximum number of keys: a few times the number of members, since the key of a member
    /// whose id is not known yet may arrive first.
    pub(super) fn keys_max(&self) -> usize {
        4 * self.rules.membership_size() + 16
    }

    /// Checks that a message is its sender's own (rule P7).
    pub(super) fn authenticate(&self, signed: &Signed) -> Result<(), Refusal> {
        let sender = match signed.message.peer() {
            // Only leaders say what does not name its sender.
            PeerId::UNNAMED => self.leader.ok_or(Refusal::KeyMissing)?,
            peer => peer,
        };
        let key = self.keys.get(&sender).ok_or(Refusal::KeyMissing)?;
        let signature = signed.signature.as_ref().ok_or(Refusal::SignatureMissing)?;
        let is_authentic = self.authenticator.is_authentic(&signed.message, signature, key);
        is_authentic.then_some(()).ok_or(Refusal::SignatureWrong)
    }

    pub(super) fn signs(&self) -> bool {
        self.rules.signatures != Signatures::None
    }

    /// Moves on from discovery: to the keys, if members sign, or to the draws. If fewer are there
    /// than could be, all that follows is counted by their number.
    pub(super) fn settle(&mut self, out: &mut Vec<Output>) {
        if let Some(met) = u16::try_from(self.known.len()).ok().and_then(NonZeroU16::new)
            && self.rules.customs.joining.wait != Wait::All
        {
            self.rules.peers = met.min(self.rules.peers);
        }
        let members = self.known.clone();
        let member = members.contains(&self.me);
        out.push(Output::Event(Event::MembershipSettled { members, member }));
        if self.signs() {
            self.phase = Phase::Keys;
            if !self.rules.customs.joining.says_key {
                let (peer, key) = (self.me, self.authenticator.public_key());
                self.say(Message::Announcement { peer, key, members: None, start: None }, out);
            }
        } else {
            self.begin_election(out);
        }
    }

    pub(super) fn has_all_keys(&self) -> bool {
        self.known.iter().all(|peer| self.keys.contains_key(peer))
    }

    pub(super) fn begin_election(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Drawing;
        self.draws_over = false;
        // The next one has not been elected yet.
        self.coordinators.take_all();
        if self.seat != Seat::Member {
            return self.wait_for_draws(self.rules.customs.drawing.delay, out);
        }
        let drawn = match self.rules.election.draw {
            Draw::Number { min, max } => self.rng.random_range(min..=max.max(min)),
            // There has been no election yet.
            Draw::NumberThenMember { min, max } if self.leader.is_none() => {
                self.rng.random_range(min..=max.max(min))
            }
            Draw::NumberThenMember { .. } | Draw::Member => {
                let index = self.rng.random_range(0..self.known.len());
                self.known[index].number()
            }
        };
        self.drawn = Some(drawn);
        let delay = self.rules.customs.drawing.delay;
        if delay.is_zero() {
            self.say_draw(out);
        } else {
            let timer = Timer::Draw(self.row());
            out.push(Output::SetTimer { after: delay, timer });
        }
        self.wait_for_draws(delay, out);
    }

    /// Sets the timer for the end of an election, where it has one.
    fn wait_for_draws(&self, delay: Duration, out: &mut Vec<Output>) {
        if let Some(time) = self.rules.customs.drawing.wait.time() {
            let timer = Timer::DrawsOver(Term::new(self.row().number()));
            out.push(Output::SetTimer { after: delay + time, timer });
        }
    }

    /// Says our draw, and again later where the programs do so.
    fn say_draw(&mut self, out: &mut Vec<Output>) {
        let Some(draw) = self.drawn else { return };
        self.say(Message::Election { peer: self.me, draw, state: None }, out);
        if let Some(after) = self.rules.customs.drawing.every {
            out.push(Output::SetTimer { after, timer: Timer::Draw(self.row()) });
        }
    }

    /// Says our draw for the leader of `row`, until that has issued its challenge (rule P15).
    pub(super) fn on_draw_due(&mut self, row: Transaction, out: &mut Vec<Output>) {
        let is_before = matches!(self.phase, Phase::Drawing | Phase::Following | Phase::Challenge);
        if is_before && row == self.row() {
            self.say_draw(out);
        }
    }

    /// Where members sign, a draw is its sender's own, and one that is repeated counts once, as the
    /// programs count equal texts (rule P7). Where they repeat their draws, each counts once, too
    /// (rule P15).
    pub(super) fn on_draw(
        &mut self,
        peer: PeerId,
        draw: u128,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if self.rules.customs.joining.learns_from_draws {
            self.meet(peer, out);
        }
        if !self.counts_drawers() {
            return self.draws.push((peer, draw));
        }
        if self.phase != Phase::Discovery && !self.known.contains(&peer) {
            return Err(Refusal::Stranger);
        }
        // A member draws again when it has voted on the row, though its vote may come later.
        let has_voted = |row| self.votes.of(row).any(|vote| vote.voter == peer);
        let next = match self.phase {
            Phase::Drawing => self.row(),
            _ => self.row_in_hand().next(),
        };
        let are_repeated = !self.signs();
        if self.draws.has(peer, draw) && !has_voted(next) {
            return if are_repeated { Ok(()) } else { Err(Refusal::Repeated) };
        }
        let is_counted = self.counted.get(&peer) == Some(&draw);
        if is_counted && self.phase != Phase::Drawing && !has_voted(self.row_in_hand()) {
            if are_repeated && self.rules.election_every != ElectionEvery::Transaction {
                return Ok(());
            }
            self.doubtful.insert(peer);
        }
        self.draws.push((peer, draw))
    }

    /// Returns whether an election counts one draw of each member, instead of the first N.
    fn counts_drawers(&self) -> bool {
        self.signs() || self.rules.customs.drawing.counts_peers()
    }

    /// Returns the row for which the last election was.
    fn row_in_hand(&self) -> Transaction {
        match self.phase {
            Phase::Mining | Phase::Voting(_) => self.open_row(),
            _ => self.row(),
        }
    }

    /// Returns whether `peer` has drawn for the election after the open row.
    pub(super) fn has_drawn_again(&self, peer: Option<PeerId>) -> bool {
        self.draws.iter().any(|(drawer, _)| Some(*drawer) == peer)
    }

    /// Takes the draws of an election: one of each member where members sign or repeat them, and
    /// otherwise the first N; after the time for them, those that are there.
    ///
    /// A draw that may be the last one again is waited on for a while: if it is, the genuine one
    /// follows.
    pub(super) fn take_draws(&mut self, out: &mut Vec<Output>) -> Option<Vec<(PeerId, u128)>> {
        if self.is_late && self.known.len() < self.rules.membership_size() {
            return None;
        }
        if !self.counts_drawers() {
            return self.draws.take_many(self.rules.membership_size());
        }
        let mut repeated = self.counted.clone();
        repeated.retain(|peer, _| self.doubtful.contains(peer));
        let draws = self.draws.one_of_each(&self.known, &repeated);
        let has_all = draws.len() == self.known.len();
        let wait = self.rules.customs.drawing.wait;
        if draws.is_empty() || !wait.is_over(has_all, self.draws_over) {
            return None;
        }
        let is_doubtful = |(peer, draw): &(PeerId, u128)| repeated.get(peer) == Some(draw);
        if self.doubts != Doubts::Over && draws.iter().any(is_doubtful) {
            if self.doubts == Doubts::None {
                self.doubts = Doubts::Waiting;
                let timer = Timer::DrawsOver(Term::new(self.row().number()));
                out.push(Output::SetTimer { after: DOUBT_TIME, timer });
            }
            return None;
        }
        self.draws.forget(&draws);
        self.counted = draws.iter().copied().collect();
        self.doubtful.clear();
        self.doubts = Doubts::None;
        Some(draws)
    }

    /// Ends the wait for draws: for those in the place of doubtful ones, or for all.
    pub(super) fn on_draws_over(&mut self, term: Term) {
        if self.phase != Phase::Drawing || term.number() != self.row().number() {
            return;
        }
        match self.doubts {
            Doubts::Waiting => self.doubts = Doubts::Over,
            Doubts::None | Doubts::Over => self.draws_over = true,
        }
    }

    /// The first N draws elect, from any peers (rule P2).
    pub(super) fn elect(&mut self, draws: &[(PeerId, u128)], out: &mut Vec<Output>) {
        let Some((leader, draw)) = self.rules.election.winner(draws) else {
            return;
        };
        let mut draws = draws.to_vec();
        draws.sort_unstable();
        if !self.rules.customs.leading.announced {
            return self.lead(leader, draw, draws, out);
        }
        self.phase = Phase::Following;
        self.elected = draws;
        if leader == self.me {
            self.say(Message::Coordinator { peer: leader, draw }, out);
        }
    }

    /// Takes note that a peer says that it was elected.
    pub(super) fn on_coordinator(&mut self, peer: PeerId, draw: u128) -> Result<(), Refusal> {
        if !self.rules.customs.leading.announced {
            return Err(Refusal::Unexpected);
        }
        self.coordinators.push((peer, draw))
    }

    /// Follows the first peer that says it was elected, our own word included: one that has heard
    /// other draws than we is followed by all (rule P15).
    pub(super) fn follow(&mut self, (peer, draw): (PeerId, u128), out: &mut Vec<Output>) {
        if !self.known.contains(&peer) {
            return refuse(peer, Refusal::Stranger, out);
        }
        let draws = std::mem::take(&mut self.elected);
        self.lead(peer, draw, draws, out);
    }

    fn lead(
        &mut self,
        leader: PeerId,
        draw: u128,
        draws: Vec<(PeerId, u128)>,
        out: &mut Vec<Output>,
    ) {
        self.leader = Some(leader);
        let (term, draw) = (Term::FIRST, Some(draw));
        out.push(Output::Event(Event::LeaderElected { leader, term, draw, draws }));
        self.await_challenge(out);
        // What the leader has said already, without its name.
        for signed in self.deferred.take_all() {
            self.on_message(signed, out);
        }
    }
}
