//! How peers find each other (rules P1, P8, P14 and P20).

use althing_types::PeerId;

use super::{Phase, Published};
use crate::rounds::{Event, Joining, Message, Output, Refusal, Repeats, Seat, Timer, refuse};

/// How often our own id was said and heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct OwnId {
    said: u64,
    heard: u64,
    /// Whether another peer has the same.
    is_shared: bool,
}

impl Published {
    /// Begins to look for others.
    pub(super) fn join(&mut self, out: &mut Vec<Output>) {
        let Joining { wait, delay, .. } = self.rules.customs.joining;
        if let Some(after) = wait.time() {
            out.push(Output::SetTimer { after, timer: Timer::JoinOver });
        }
        self.announce_later(out);
        if delay.is_zero() {
            self.on_join(0, out);
        } else {
            out.push(Output::SetTimer { after: delay, timer: Timer::Join(0) });
        }
    }

    /// Says our id, after so many times before, at the beginning.
    pub(super) fn on_join(&mut self, times: u8, out: &mut Vec<Output>) {
        let Joining { burst, gap, repeats, .. } = self.rules.customs.joining;
        let said = times.saturating_add(1);
        if self.phase != Phase::Discovery && times > 0 {
            return;
        }
        self.say_id(out);
        if said < burst.get() && repeats == Repeats::Ignored {
            out.push(Output::SetTimer { after: gap, timer: Timer::Join(said) });
        }
    }

    /// Begins with those that are there.
    pub(super) fn on_join_over(&mut self) {
        self.join_over = true;
    }

    /// Each new id, our own included, makes us publish ours again, until all are known (rule P1).
    pub(super) fn on_id(&mut self, peer: PeerId, out: &mut Vec<Output>) {
        if peer == self.me {
            self.hear_own_id(out);
        }
        let is_repeated = self.known.contains(&peer);
        if is_repeated && self.phase == Phase::Discovery {
            match self.rules.customs.joining.repeats {
                Repeats::Ignored => {}
                Repeats::Counted => self.repeated = self.repeated.saturating_add(1),
            }
        }
        self.meet(peer, out);
    }

    /// Takes note of our own id, which comes back as often as we have said it, unless another peer
    /// has the same: then neither would be counted as a member (rule P20).
    fn hear_own_id(&mut self, out: &mut Vec<Output>) {
        self.own_id.heard = self.own_id.heard.saturating_add(1);
        let Joining { repeats, hears_ids_once, .. } = self.rules.customs.joining;
        let is_shared = self.own_id.heard > self.own_id.said && self.seat == Seat::Member;
        if !is_shared || self.own_id.is_shared || !hears_ids_once || self.gap.may_have_missed() {
            return;
        }
        self.own_id.is_shared = true;
        refuse(self.me, Refusal::SharedId, out);
        if repeats == Repeats::Ignored {
            // The other one then hears it more often than it has said it.
            self.say_id(out);
        }
    }

    /// Takes note of a peer, unless it is known or there are enough.
    pub(super) fn meet(&mut self, peer: PeerId, out: &mut Vec<Output>) {
        let is_full = self.known.len() >= self.rules.membership_size();
        if self.phase != Phase::Discovery || is_full || self.known.contains(&peer) {
            return;
        }
        self.known.push(peer);
        let known = self.known.len();
        out.push(Output::Event(Event::PeerJoined { peer, known }));
        if self.rules.customs.joining.repeats == Repeats::Ignored {
            self.say_id(out);
        }
    }

    /// Returns whether there are enough peers to begin.
    pub(super) fn has_met_enough(&self) -> bool {
        let Joining { wait, min, .. } = self.rules.customs.joining;
        let known = self.known.len();
        let has_all = known.saturating_add(self.repeated) >= self.rules.membership_size();
        wait.is_over(has_all, self.join_over && known >= usize::from(min.get()))
    }

    fn say_id(&mut self, out: &mut Vec<Output>) {
        if !self.is_out_of_place() {
            self.own_id.said = self.own_id.said.saturating_add(1);
        }
        let says_key = self.signs() && self.rules.customs.joining.says_key;
        let key = says_key.then(|| self.authenticator.public_key()).flatten();
        self.say(Message::Announcement { peer: self.me, key, members: None, start: None }, out);
    }

    /// Repeats its id while others may not have received it, where the program does (rule P8).
    pub(super) fn on_announce(&mut self, out: &mut Vec<Output>) {
        if self.phase == Phase::Discovery {
            self.say_id(out);
            self.announce_later(out);
        }
    }

    fn announce_later(&self, out: &mut Vec<Output>) {
        let Joining { every, repeats, .. } = self.rules.customs.joining;
        if let (Some(after), Repeats::Ignored) = (every, repeats) {
            out.push(Output::SetTimer { after, timer: Timer::Announce });
        }
    }
}
