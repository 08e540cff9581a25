//! The latest steps of a run, from which traces are made.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::Content;
use althing_engine::Overheard;
use althing_types::Moment;

use super::{Arrival, Life, Step, Trace, What};
use crate::network::Passage;
use crate::packet::Packet;
use crate::simulated::{EventOf, MessageOf, Simulated};

/// The latest packets, losses, events, faults, starts and ends of a run: so many of each.
pub(crate) struct History<N: Simulated> {
    kept_max: usize,
    noted: u64,
    packets: VecDeque<Noted<SentPacket<MessageOf<N>>>>,
    events: VecDeque<Noted<(usize, EventOf<N>)>>,
    faults: VecDeque<Noted<String>>,
    lives: VecDeque<Noted<(usize, Life)>>,
    /// What did not arrive although it was on its way, and at whom.
    losses: VecDeque<Noted<Loss<MessageOf<N>>>>,
    /// The latest moment of which something is forgotten.
    forgotten: Option<Moment>,
}

/// A packet that a peer does not get.
struct Loss<M> {
    packet: Arc<Packet<M>>,
    to: usize,
}

struct SentPacket<M> {
    packet: Arc<Packet<M>>,
    /// The one peer that it is for, on a mesh.
    to: Option<usize>,
    passage: Passage,
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
            lives: VecDeque::new(),
            losses: VecDeque::new(),
            forgotten: None,
        }
    }

    pub(crate) fn note_packet(
        &mut self,
        at: Moment,
        packet: Arc<Packet<MessageOf<N>>>,
        to: Option<usize>,
        passage: Passage,
    ) {
        let order = self.next();
        let noted = Noted { order, at, what: SentPacket { packet, to, passage } };
        push(&mut self.packets, noted, self.kept_max, &mut self.forgotten);
    }

    /// Notes that a packet on its way to a peer has come to nothing.
    pub(crate) fn note_loss(&mut self, at: Moment, packet: Arc<Packet<MessageOf<N>>>, to: usize) {
        let noted = Noted { order: self.next(), at, what: Loss { packet, to } };
        push(&mut self.losses, noted, self.kept_max, &mut self.forgotten);
    }

    /// Notes that a peer has stopped, or has started again.
    pub(crate) fn note_life(&mut self, at: Moment, peer: usize, life: Life) {
        let noted = Noted { order: self.next(), at, what: (peer, life) };
        push(&mut self.lives, noted, self.kept_max, &mut self.forgotten);
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

    /// Returns what has happened between two times in a network of so many peers.
    pub(crate) fn trace(&self, network: &N, peers: usize, times: Range<Duration>) -> Trace {
        let within = |at: Moment| times.contains(&at.since_start());
        let mut losses: Losses<N> = BTreeMap::new();
        for Noted { at, what: Loss { packet, to }, .. } in &self.losses {
            losses.entry(Arc::as_ptr(packet)).or_default().push((at.since_start(), *to));
        }
        let mut steps = Vec::new();
        for noted in self.packets.iter().filter(|noted| within(noted.at)) {
            let SentPacket { packet, to, .. } = &noted.what;
            let (text, is_counted) = describe(network, packet);
            let lost = losses.get(&Arc::as_ptr(packet)).map_or(&[][..], Vec::as_slice);
            let arrivals = arrivals(noted, peers, lost);
            let (by, to) = (packet.from, *to);
            steps.push(noted.step(What::Sent { by, to, text, is_counted, arrivals }));
        }
        for noted in self.events.iter().filter(|noted| within(noted.at)) {
            let (peer, event) = &noted.what;
            let (text, is_telling) = (network.describe_event(event), N::is_telling(event));
            steps.push(noted.step(What::Reported { peer: *peer, text, is_telling }));
        }
        for noted in self.faults.iter().filter(|noted| within(noted.at)) {
            steps.push(noted.step(What::Fault(noted.what.clone())));
        }
        for noted in self.lives.iter().filter(|noted| within(noted.at)) {
            let (peer, life) = noted.what;
            steps.push(noted.step(What::Lives { peer, life }));
        }
        steps.sort_by_key(|(order, _)| *order);
        let steps = steps.into_iter().map(|(_, step)| step).collect();
        let forgotten = self.forgotten.is_some_and(|at| at.since_start() >= times.start);
        Trace { steps, forgotten, down_before: self.down_before(times.start) }
    }

    /// Returns the peers that were down just before a time.
    fn down_before(&self, time: Duration) -> Vec<usize> {
        let mut down = BTreeSet::new();
        for Noted { at, what: (peer, life), .. } in self.lives.iter().rev() {
            // Going back in time: a peer that restarts was down before.
            if at.since_start() >= time {
                match life {
                    Life::Restarts => down.insert(*peer),
                    Life::Crashes | Life::Leaves => down.remove(peer),
                };
            }
        }
        let mut known: BTreeSet<usize> = BTreeSet::new();
        for Noted { at, what: (peer, life), .. } in self.lives.iter().rev() {
            if at.since_start() < time && known.insert(*peer) && *life != Life::Restarts {
                down.insert(*peer);
            }
        }
        down.into_iter().collect()
    }

    fn next(&mut self) -> u64 {
        self.noted += 1;
        self.noted
    }
}

/// What has come to nothing of each packet: when, and at whom.
type Losses<N> = BTreeMap<*const Packet<MessageOf<N>>, Vec<(Duration, usize)>>;

/// Returns whom a packet has reached when, and whom not, without its sender.
fn arrivals<M>(
    noted: &Noted<SentPacket<M>>,
    peers: usize,
    lost: &[(Duration, usize)],
) -> Vec<Arrival> {
    let SentPacket { packet, passage, .. } = &noted.what;
    let arrives = |at: Moment, peer| Arrival { peer, at: at.since_start(), is_lost: false };
    let mut arrivals: Vec<Arrival> = match passage {
        Passage::Everyone(at) => (0..peers).map(|peer| arrives(*at, peer)).collect(),
        Passage::Some { arrivals, missed } => {
            let missed =
                missed.iter().map(|peer| Arrival { is_lost: true, ..arrives(noted.at, *peer) });
            arrivals.iter().map(|(at, peer)| arrives(*at, *peer)).chain(missed).collect()
        }
    };
    for (at, peer) in lost {
        // What waited at a paused peer is lost later than it arrived.
        let is_it = |it: &&mut Arrival| it.peer == *peer && !it.is_lost && it.at <= *at;
        if let Some(arrival) = arrivals.iter_mut().find(is_it) {
            *arrival = Arrival { peer: *peer, at: *at, is_lost: true };
        }
    }
    arrivals.retain(|arrival| Some(arrival.peer) != packet.from);
    arrivals.sort_by_key(|arrival| (arrival.at, arrival.peer));
    arrivals
}

/// Returns the message of a packet in a few words, and whether it matters whom it reaches when.
fn describe<N: Simulated>(network: &N, packet: &Packet<MessageOf<N>>) -> (String, bool) {
    let speaker = packet.from.unwrap_or(0);
    let received = packet.received(network.codec_index(speaker), network.codec(speaker));
    let text = match &received.content {
        Ok(Content::Message(message)) => {
            return (network.describe_message(message), N::is_counted(message));
        }
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
    };
    (text, false)
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
        let trace = |from| history.trace(&network, 3, Duration::from_secs(from)..Duration::MAX);
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
