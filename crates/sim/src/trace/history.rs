//! The latest steps of a run, from which traces are made.

use std::collections::VecDeque;
use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::Content;
use althing_engine::Overheard;
use althing_types::Moment;

use super::{Step, Trace, What};
use crate::packet::Packet;
use crate::simulated::{EventOf, MessageOf, Simulated};

/// The latest packets, events and faults of a run: so many of each.
pub(crate) struct History<N: Simulated> {
    kept_max: usize,
    noted: u64,
    packets: VecDeque<Noted<SentPacket<MessageOf<N>>>>,
    events: VecDeque<Noted<(usize, EventOf<N>)>>,
    faults: VecDeque<Noted<String>>,
    /// The latest moment of which something is forgotten.
    forgotten: Option<Moment>,
}

struct SentPacket<M> {
    packet: Arc<Packet<M>>,
    /// The one peer that it is for, on a mesh.
    to: Option<usize>,
    missed: usize,
}

struct Noted<T> {
    order: u64,
    at: Moment,
    what: T,
}

/// Characters of a payload that is no message.
const UNREAD_MAX: usize = 24;

impl<N: Simulated> History<N> {
    pub(crate) fn new(kept_max: usize) -> Self {
        Self {
            kept_max,
            noted: 0,
            packets: VecDeque::new(),
            events: VecDeque::new(),
            faults: VecDeque::new(),
            forgotten: None,
        }
    }

    pub(crate) fn note_packet(
        &mut self,
        at: Moment,
        packet: Arc<Packet<MessageOf<N>>>,
        to: Option<usize>,
        missed: usize,
    ) {
        let order = self.next();
        let noted = Noted { order, at, what: SentPacket { packet, to, missed } };
        push(&mut self.packets, noted, self.kept_max, &mut self.forgotten);
    }

    pub(crate) fn note_event(&mut self, at: Moment, peer: usize, event: EventOf<N>) {
        let order = self.next();
        let noted = Noted { order, at, what: (peer, event) };
        push(&mut self.events, noted, self.kept_max, &mut self.forgotten);
    }

    pub(crate) fn note_fault(&mut self, at: Moment, fault: &impl Display) {
        let order = self.next();
        let noted = Noted { order, at, what: fault.to_string() };
        push(&mut self.faults, noted, self.kept_max, &mut self.forgotten);
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = (Moment, usize, &EventOf<N>)> {
        self.events.iter().map(|noted| (noted.at, noted.what.0, &noted.what.1))
    }

    pub(crate) fn trace(&self, network: &N, times: Range<Duration>) -> Trace {
        let within = |at: Moment| times.contains(&at.since_start());
        let mut steps = Vec::new();
        for noted in self.packets.iter().filter(|noted| within(noted.at)) {
            let SentPacket { packet, to, missed } = &noted.what;
            let (by, to, missed) = (packet.from, *to, *missed);
            let text = describe(network, packet);
            steps.push(noted.step(What::Sent { by, to, text, missed }));
        }
        for noted in self.events.iter().filter(|noted| within(noted.at)) {
            let (peer, event) = &noted.what;
            let (text, is_telling) = (network.describe_event(event), N::is_telling(event));
            steps.push(noted.step(What::Reported { peer: *peer, text, is_telling }));
        }
        for noted in self.faults.iter().filter(|noted| within(noted.at)) {
            steps.push(noted.step(What::Fault(noted.what.clone())));
        }
        steps.sort_by_key(|(order, _)| *order);
        let steps = steps.into_iter().map(|(_, step)| step).collect();
        let forgotten = self.forgotten.is_some_and(|at| at.since_start() >= times.start);
        Trace { steps, forgotten }
    }

    fn next(&mut self) -> u64 {
        self.noted += 1;
        self.noted
    }
}

/// Returns the message of a packet in a few words.
fn describe<N: Simulated>(network: &N, packet: &Packet<MessageOf<N>>) -> String {
    let speaker = packet.from.unwrap_or(0);
    let received = packet.received(network.codec_index(speaker), network.codec(speaker));
    match &received.content {
        Ok(Content::Message(message)) => network.describe_message(message),
        Ok(Content::PeerLost(peer)) => network.describe_loss(*peer),
        Ok(Content::Overheard(Overheard { network, .. })) => {
            format!("something for those who speak {}", network.speech)
        }
        Ok(Content::Nothing) => "I am here".into(),
        Err(_) => {
            let text = String::from_utf8_lossy(&packet.payload);
            let begin: String = text.chars().take(UNREAD_MAX).collect();
            format!("something unreadable on {}: {begin}", packet.source)
        }
    }
}

impl<T> Noted<T> {
    fn step(&self, what: What) -> (u64, Step) {
        (self.order, Step { at: self.at.since_start(), what })
    }
}

fn push<T>(
    kept: &mut VecDeque<Noted<T>>,
    noted: Noted<T>,
    kept_max: usize,
    forgotten: &mut Option<Moment>,
) {
    kept.push_back(noted);
    if kept.len() > kept_max {
        let first = kept.pop_front();
        *forgotten = first.map(|first| first.at).max(*forgotten);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use althing_dialect::elect_chain::{Config, ElectChain};
    use althing_engine::rounds::Event;
    use althing_types::PeerId;

    use super::*;
    use crate::fault::Fault;
    use crate::rounds::{Role, RoundsNetwork};

    #[test]
    fn the_latest_is_kept_and_in_order() {
        let network = RoundsNetwork::new(Arc::new(ElectChain::new(Config::default())));
        let at = |seconds| Moment::from_start(Duration::from_secs(seconds));
        let mut history = History::<RoundsNetwork>::new(2);
        let lost = |peer| Event::PeerLost { peer: PeerId::new(peer) };
        history.note_event(at(1), 0, lost(1));
        history.note_event(at(2), 0, lost(2));
        history.note_fault(at(2), &Fault::<Role>::Heal);
        history.note_event(at(2), 1, lost(3));
        let trace = |from| history.trace(&network, Duration::from_secs(from)..Duration::MAX);
        assert!(trace(0).forgotten);
        assert!(!trace(2).forgotten);
        let reported = |peer, lost: Event| {
            let text = network.describe_event(&lost);
            What::Reported { peer, text, is_telling: true }
        };
        let whats: Vec<What> = trace(0).steps.into_iter().map(|step| step.what).collect();
        let healed = What::Fault("everything is well again".to_owned());
        assert_eq!(whats, [reported(0, lost(2)), healed, reported(1, lost(3))]);
    }
}
