//! Discovery, keys and election (rules P1, P2, P7 and P8).

use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::{PeerId, Term, Transaction};
use rand::RngExt;

use super::{Phase, Published};
use crate::rounds::{
    Election, Event, Message, Output, PublicKey, Refusal, Signatures, Signed, Tie, Timer,
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
            Some(key) if self.signs() => self.on_key(peer, key),
            _ => {
                self.on_id(peer, out);
                Ok(())
            }
        }
    }

    /// Each new id, our own included, makes us publish ours again, until all are known (rule P1).
    fn on_id(&mut self, peer: PeerId, out: &mut Vec<Output>) {
        if self.phase != Phase::Discovery || self.known.contains(&peer) {
            return;
        }
        self.known.push(peer);
        let known = self.known.len();
        out.push(Output::Event(Event::PeerJoined { peer, known }));
        self.say_id(out);
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
        let key = self.keys.get(&signed.message.peer()).ok_or(Refusal::KeyMissing)?;
        let signature = signed.signature.as_ref().ok_or(Refusal::SignatureMissing)?;
        let is_authentic = self.authenticator.is_authentic(&signed.message, signature, key);
        is_authentic.then_some(()).ok_or(Refusal::SignatureWrong)
    }

    pub(super) fn signs(&self) -> bool {
        self.rules.signatures != Signatures::None
    }

    /// Moves on from discovery: to the keys, if members sign, or to the draws.
    pub(super) fn settle(&mut self, out: &mut Vec<Output>) {
        let members = self.known.clone();
        let member = members.contains(&self.me);
        out.push(Output::Event(Event::MembershipSettled { members, member }));
        if self.signs() {
            self.phase = Phase::Keys;
            let key = self.authenticator.public_key();
            self.say(Message::Announcement { peer: self.me, key, members: None }, out);
        } else {
            self.begin_election(out);
        }
    }

    pub(super) fn has_all_keys(&self) -> bool {
        self.known.iter().all(|peer| self.keys.contains_key(peer))
    }

    pub(super) fn begin_election(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Drawing;
        let draw = match self.rules.election {
            Election::HighestDraw { draw_max, .. } => self.rng.random_range(0..=draw_max),
            // There has been no election yet.
            Election::HighestDrawThenId { draw_max, .. } if self.leader.is_none() => {
                self.rng.random_range(0..=draw_max)
            }
            Election::HighestDrawThenId { .. } | Election::Plurality { .. } => {
                let index = self.rng.random_range(0..self.known.len());
                self.known[index].number()
            }
        };
        self.say(Message::Election { peer: self.me, draw, state: None }, out);
    }

    /// Where members sign, a draw is its sender's own, and one that is repeated counts once, as the
    /// programs count equal texts (rule P7).
    pub(super) fn on_draw(&mut self, peer: PeerId, draw: u128) -> Result<(), Refusal> {
        if !self.signs() {
            return self.draws.push((peer, draw));
        }
        if !self.known.contains(&peer) {
            return Err(Refusal::Stranger);
        }
        // A member draws again when it has voted on the row, though its vote may come later.
        let has_voted = |row| self.votes.of(row).any(|vote| vote.voter == peer);
        let next = match self.phase {
            Phase::Drawing => self.row(),
            _ => self.row_in_hand().next(),
        };
        if self.draws.has(peer, draw) && !has_voted(next) {
            return Err(Refusal::Repeated);
        }
        let is_counted = self.counted.get(&peer) == Some(&draw);
        if is_counted && self.phase != Phase::Drawing && !has_voted(self.row_in_hand()) {
            self.doubtful.insert(peer);
        }
        self.draws.push((peer, draw))
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

    /// Takes the draws of an election: one of each member where members sign, and otherwise the
    /// first N.
    ///
    /// A draw that may be the last one again is waited on for a while: if it is, the genuine one
    /// follows.
    pub(super) fn take_draws(&mut self, out: &mut Vec<Output>) -> Option<Vec<(PeerId, u128)>> {
        if !self.signs() {
            return self.draws.take_many(self.rules.membership_size());
        }
        let mut repeated = self.counted.clone();
        repeated.retain(|peer, _| self.doubtful.contains(peer));
        let draws = self.draws.one_of_each(&self.known, &repeated)?;
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

    /// Ends the wait for draws in the place of doubtful ones.
    pub(super) fn on_draws_over(&mut self, term: Term) {
        if self.phase == Phase::Drawing && term.number() == self.row().number() {
            self.doubts = Doubts::Over;
        }
    }

    /// The first N draws elect, whoever sent them (rule P2).
    pub(super) fn elect(&mut self, draws: &[(PeerId, u128)], out: &mut Vec<Output>) {
        let Some((leader, draw)) = winner(self.rules.election, draws) else {
            return;
        };
        self.leader = Some(leader);
        let term = Term::FIRST;
        let mut draws = draws.to_vec();
        draws.sort_unstable();
        out.push(Output::Event(Event::LeaderElected { leader, term, draw: Some(draw), draws }));
        self.await_challenge(out);
    }

    pub(super) fn say_id(&self, out: &mut Vec<Output>) {
        self.say(Message::Announcement { peer: self.me, key: None, members: None }, out);
    }

    /// Repeats its id while others may not have received it, where the program does (rule P8).
    pub(super) fn on_announce(&self, out: &mut Vec<Output>) {
        if self.phase == Phase::Discovery {
            self.say_id(out);
            self.announce_later(out);
        }
    }

    pub(super) fn announce_later(&self, out: &mut Vec<Output>) {
        if let Some(after) = self.rules.timeouts.announce {
            out.push(Output::SetTimer { after, timer: Timer::Announce });
        }
    }
}

/// Returns the winner among `draws`, and its draw.
fn winner(rule: Election, draws: &[(PeerId, u128)]) -> Option<(PeerId, u128)> {
    let by_tie = |tie: Tie, peer: PeerId| match tie {
        Tie::LargestId => peer.number(),
        Tie::SmallestId => u128::MAX - peer.number(),
    };
    match rule {
        Election::HighestDraw { tie, .. } | Election::HighestDrawThenId { tie, .. } => {
            draws.iter().copied().max_by_key(|(peer, draw)| (*draw, by_tie(tie, *peer)))
        }
        Election::Plurality { tie } => {
            let mut counts = BTreeMap::<PeerId, u128>::new();
            for (_, draw) in draws {
                *counts.entry(PeerId::new(*draw)).or_default() += 1;
            }
            counts.into_iter().max_by_key(|(peer, count)| (*count, by_tie(tie, *peer)))
        }
    }
}
