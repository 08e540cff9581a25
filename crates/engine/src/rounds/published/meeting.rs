//! Discovery, keys and election (rules P1, P2, P7 and P8).

use std::collections::BTreeMap;

use althing_types::{PeerId, Term};
use rand::RngExt;

use super::{Phase, Published};
use crate::rounds::{
    Election, Event, Message, Output, PublicKey, Refusal, Signatures, Signed, Tie, Timer,
};

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
            Election::Plurality { .. } => {
                let index = self.rng.random_range(0..self.known.len());
                self.known[index].number()
            }
        };
        self.say(Message::Election { peer: self.me, draw, state: None }, out);
    }

    /// The first N draws elect, whoever sent them (rule P2).
    pub(super) fn elect(&mut self, draws: &[(PeerId, u128)], out: &mut Vec<Output>) {
        let Some((leader, draw)) = winner(self.rules.election, draws) else {
            return;
        };
        self.leader = Some(leader);
        let term = Term::FIRST;
        out.push(Output::Event(Event::LeaderElected { leader, term, draw: Some(draw) }));
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
        Election::HighestDraw { tie, .. } => {
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
