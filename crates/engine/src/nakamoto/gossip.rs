//! Gossip: how peers find each other (rules N2 to N7).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use althing_types::{Address, Moment};
use rand::RngExt;

use super::peers::Place;
use super::whole_chain::NEWCOMER_TIME;
use super::{
    Discovery, Event, Gossip, Label, Message, Nakamoto, Output, Refusal, ReplyTo, SyncMethod,
    Timer, refuse, send,
};

/// The maximum number of gossip messages that are remembered, so that none is passed on twice (rule
/// N3); the oldest is forgotten first.
pub const GOSSIPS_REMEMBERED: usize = 4096;

/// How long a peer that knows no other waits after its first message to its contacts; and twice as
/// long each time after that.
const FIRST_CONTACT: Duration = Duration::from_secs(1);

/// Gossip messages of others, by id, and when each was last answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    answered: BTreeMap<Label, Moment>,
    order: VecDeque<Label>,
    /// The id of our own last message.
    own: Option<Label>,
}

impl Heard {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Records that a message is answered now, and returns when it was answered before.
    fn answer(&mut self, now: Moment, id: &Label) -> Option<Moment> {
        if let Some(before) = self.answered.get_mut(id) {
            return Some(std::mem::replace(before, now));
        }
        self.answered.insert(id.clone(), now);
        self.order.push_back(id.clone());
        if self.order.len() > GOSSIPS_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.answered.remove(&oldest);
        }
        None
    }

    /// Returns when a message was last answered.
    fn last_answer(&self, id: &Label) -> Option<Moment> {
        self.answered.get(id).copied()
    }
}

impl Nakamoto {
    /// Announces this peer, and forgets silent peers (rules N2 and N5).
    pub(super) fn on_gossip_timer(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Discovery::Gossip { forward } = self.rules.discovery else { return };
        for peer in self.peers.forget_silent(now, self.rules.timeouts.silence) {
            out.push(Output::Event(Event::PeerLost { peer }));
        }
        let id = Label::new(&format!("{:032x}", self.rng.random::<u128>())).expect("32 digits");
        self.heard.answer(now, &id);
        self.heard.own = Some(id.clone());
        let gossip = self.gossip(id);
        let mut receivers = self.peers.choose_proven(forward, &mut self.rng, |_| true);
        receivers.extend(self.contacts.iter().filter(|contact| **contact != self.me).cloned());
        receivers.sort();
        receivers.dedup();
        for receiver in &receivers {
            send(receiver, Message::Gossip(gossip.clone()), out);
        }
        let after = self.until_next_gossip();
        out.push(Output::SetTimer { after, timer: Timer::Gossip });
    }

    /// Returns the usual time, or less while none of the contacts has answered: a peer that is
    /// started together with its contact, or before it, meets it soon (rule N2).
    fn until_next_gossip(&mut self) -> Duration {
        let usual = self.rules.timeouts.gossip;
        let has_contact = self.contacts.iter().any(|contact| *contact != self.me);
        if self.peers.len() > 0 || !has_contact {
            self.unanswered = 0;
            return usual;
        }
        let after = FIRST_CONTACT.saturating_mul(1 << self.unanswered.min(16));
        self.unanswered = self.unanswered.saturating_add(1);
        after.min(usual)
    }

    fn gossip(&self, id: Label) -> Gossip {
        Gossip { origin: self.me.clone(), name: self.name.clone(), id }
    }

    pub(super) fn on_gossip(
        &mut self,
        now: Moment,
        from: &Address,
        gossip: &Gossip,
        forward: usize,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if gossip.origin == self.me {
            return Ok(());
        }
        // A peer that always uses the same id is answered each time it is due, and passed on once.
        let due = self.rules.timeouts.gossip / 2;
        let answered = self.heard.last_answer(&gossip.id);
        if answered.is_some_and(|answered| now - answered < due) {
            // A forwarded message may arrive before the original.
            return self.meet(now, from, out);
        }
        self.heard.answer(now, &gossip.id);
        // Any sender can name any address as the origin, which then gets the answers of the whole
        // network.
        let reply = Message::GossipReply { address: self.me.clone(), name: self.name.clone() };
        if gossip.origin == *from || self.answers.may_reply(now, &gossip.origin, due) {
            send(&gossip.origin, reply.clone(), out);
        }
        if self.rules.customs.reply_to == ReplyTo::Sender && gossip.origin != *from {
            send(from, reply, out);
        }
        if answered.is_none() {
            let others = |peer: &Address| *peer != gossip.origin && peer != from;
            for peer in self.peers.choose_proven(forward, &mut self.rng, others) {
                send(&peer, Message::Gossip(gossip.clone()), out);
            }
        }
        self.meet(now, from, out)
    }

    /// Adds a peer that we have heard ourselves (rule N4). The address that it states may be a host
    /// name, and is ignored.
    pub(super) fn meet(
        &mut self,
        now: Moment,
        peer: &Address,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        match self.peers.add(now, peer) {
            Place::Known => return Ok(()),
            Place::None => return Err(Refusal::TooManyPeers),
            Place::New(evicted) => {
                let lost = evicted.map(|peer| Output::Event(Event::PeerLost { peer }));
                out.extend(lost);
            }
        }
        let known = self.peers.len();
        out.push(Output::Event(Event::PeerFound { peer: peer.clone(), known }));
        // Some programs learn of peers only from gossip, and end when they know none for long. The
        // same id as our last, so that it is news only to those that it did not reach.
        if let Some(id) = self.heard.own.clone() {
            send(peer, Message::Gossip(self.gossip(id)), out);
        }
        self.ask_for_tip(peer, out);
        Ok(())
    }

    /// Adds a peer that the tracker has listed.
    fn meet_listed(
        &mut self,
        now: Moment,
        peer: &Address,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        match self.peers.add_listed(now, peer) {
            Place::Known => return Ok(()),
            Place::None => return Err(Refusal::TooManyPeers),
            Place::New(_) => {}
        }
        let known = self.peers.len();
        out.push(Output::Event(Event::PeerFound { peer: peer.clone(), known }));
        self.ask_for_tip(peer, out);
        Ok(())
    }

    /// Meets the peers on the tracker's list, and checks who else is there (rule N6).
    pub(super) fn on_peers(&mut self, now: Moment, list: &[Address], out: &mut Vec<Output>) {
        if self.rules.discovery != Discovery::Tracker {
            return;
        }
        self.peers.note_list(list);
        self.check_unlisted(now, out);
        for peer in list {
            if *peer == self.me {
                continue;
            }
            if let Err(reason) = self.meet_listed(now, peer, out) {
                refuse(peer, reason, out);
                break;
            }
        }
        self.begin_to_join(out);
        if !std::mem::replace(&mut self.has_list, true) && self.rules.sync == SyncMethod::WholeChain
        {
            let (after, timer) = (NEWCOMER_TIME, Timer::Newcomer);
            out.push(Output::SetTimer { after, timer });
        }
    }
}
