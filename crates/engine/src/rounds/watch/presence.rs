//! Who is there, under which key, and what is it called (rules A2, A3, G8, I1 and W3)?

use althing_text::Name;
use althing_types::{Moment, PeerId};

use super::SPEAKERS_MAX;
use super::members::{Judged, Members};
use crate::rounds::{Event, Message, Output, Refusal, Signed, Start, Timer};

impl Members {
    pub(super) fn look_later(&self, out: &mut Vec<Output>) {
        out.push(Output::SetTimer { after: self.rules.timeouts.silence, timer: Timer::Repeat });
    }

    pub(super) fn hear(&mut self, now: Moment, peer: PeerId, out: &mut Vec<Output>) {
        if self.silent.remove(&peer) {
            out.push(Output::Event(Event::PeerHeard { peer }));
        }
        if let Some(heard) = self.heard.get_mut(&peer) {
            *heard = now;
        } else if self.heard.len() < SPEAKERS_MAX {
            self.heard.insert(peer, now);
            let known = self.heard.len();
            out.push(Output::Event(Event::PeerJoined { peer, known }));
        }
    }

    /// Tells of peers that have been silent for long.
    pub(super) fn look_around(&mut self, now: Moment, out: &mut Vec<Output>) {
        let silence = self.rules.timeouts.silence;
        for (peer, heard) in &self.heard {
            if now - *heard >= silence && self.silent.insert(*peer) {
                out.push(Output::Event(Event::PeerLost { peer: *peer }));
            }
        }
    }

    /// Checks that a message is its sender's own, if its key is known (rule A2).
    pub(super) fn authenticate(&self, signed: &Signed) -> Judged {
        let Some(key) = self.keys.get(&signed.message.peer()) else { return Ok(()) };
        let signature = signed.signature.as_ref().ok_or(Refusal::SignatureMissing)?;
        let is_authentic = self.authenticator.is_authentic(&signed.message, signature, key);
        is_authentic.then_some(()).ok_or(Refusal::SignatureWrong)
    }

    /// An announcement is signed with the key it names, which never changes (rule A3).
    pub(super) fn on_announcement(&mut self, signed: &Signed) -> Judged {
        let Message::Announcement { peer, key, start, .. } = &signed.message else {
            return Err(Refusal::Unexpected);
        };
        if self.keys.get(peer).is_some_and(|known| Some(known) != key.as_ref()) {
            return Err(Refusal::SecondKey);
        }
        if let Some(key) = key {
            let signature = signed.signature.as_ref().ok_or(Refusal::SignatureMissing)?;
            if !self.authenticator.is_authentic(&signed.message, signature, key) {
                return Err(Refusal::SignatureWrong);
            }
            if self.keys.len() < SPEAKERS_MAX {
                self.keys.insert(*peer, key.clone());
            }
        }
        self.note_start(*peer, start.unwrap_or(Start::FIRST));
        Ok(())
    }

    /// A peer that has started again keeps its promises and votes, and nothing else (rule I1).
    fn note_start(&mut self, peer: PeerId, start: Start) {
        if self.starts.len() >= SPEAKERS_MAX && !self.starts.contains_key(&peer) {
            return;
        }
        let known = self.starts.entry(peer).or_insert(start);
        if start > *known {
            *known = start;
            self.elections.note_restart(peer);
            self.rows.note_restart(peer);
        }
    }

    pub(super) fn on_name(&mut self, peer: PeerId, name: Name, out: &mut Vec<Output>) {
        let has_room = self.names.len() < SPEAKERS_MAX || self.names.contains_key(&peer);
        if has_room && self.names.get(&peer) != Some(&name) {
            self.names.insert(peer, name.clone());
            out.push(Output::Event(Event::PeerNamed { peer, name }));
        }
    }
}
