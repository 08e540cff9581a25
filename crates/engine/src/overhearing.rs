//! Which peers of other networks are here, and when that is told (rules A6 and A7).
//!
//! Rooms are shared by mistake: nine peers speak as a published program does, and the tenth was
//! given another variant. Each side can hear the other, and says so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::{Engine, OtherNetwork, Output, Overheard, Queue};

/// An engine that tells its user of peers of other networks.
pub(crate) trait Overhears: Engine {
    /// The timer for telling how many there are.
    const TIMER: Self::Timer;

    /// Returns the event that so many peers of this network were heard.
    fn overheard(network: OtherNetwork, peers: usize) -> Self::Event;
}

/// The peers of other networks that this peer has heard.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Overhearing {
    networks: BTreeMap<OtherNetwork, Heard>,
    /// Whether a timer is set to tell of more peers.
    waiting: bool,
}

/// What was heard of one network.
#[derive(Clone, Debug, Default, Hash)]
struct Heard {
    speakers: BTreeSet<u64>,
    /// How many peers our user has been told of.
    told: usize,
}

/// The maximum number of other networks that are told apart; a codec knows fewer.
const NETWORKS_MAX: usize = 8;

/// The maximum number of peers of another network that are counted.
const SPEAKERS_MAX: usize = 64;

/// The time from the first message of another network until all of its peers are counted: a room
/// whose peers are starting is full within this time.
const COUNTING: Duration = Duration::from_secs(2);

/// How long a peer waits before it tells that there are yet more.
const MORE: Duration = Duration::from_secs(60);

impl Overhearing {
    /// Takes note of what was overheard. A network that is new is told at once.
    pub(crate) fn hear<E: Overhears>(&mut self, overheard: Overheard, out: &mut Vec<Output<E>>) {
        let Overheard { network, speaker, .. } = overheard;
        if !self.networks.contains_key(&network) && self.networks.len() >= NETWORKS_MAX {
            return;
        }
        let heard = self.networks.entry(network.clone()).or_default();
        if heard.speakers.len() < SPEAKERS_MAX {
            heard.speakers.extend(speaker);
        }
        if heard.told == 0 {
            heard.tell(&network, out);
            self.wait(COUNTING, out);
        } else if heard.count() > heard.told {
            self.wait(MORE, out);
        }
    }

    /// Tells of the networks of which more peers were heard since.
    pub(crate) fn on_timer<E: Overhears>(&mut self, out: &mut Vec<Output<E>>) {
        self.waiting = false;
        for (network, heard) in &mut self.networks {
            if heard.count() > heard.told {
                heard.tell(network, out);
            }
        }
    }

    /// Returns the queue that strangers can fill: the largest set of peers.
    pub(crate) fn queue(&self) -> Queue {
        let len = self.networks.values().map(|heard| heard.speakers.len()).max();
        Queue { name: "peers of other networks", len: len.unwrap_or_default(), max: SPEAKERS_MAX }
    }

    fn wait<E: Overhears>(&mut self, after: Duration, out: &mut Vec<Output<E>>) {
        if !std::mem::replace(&mut self.waiting, true) {
            out.push(Output::SetTimer { after, timer: E::TIMER });
        }
    }
}

impl Heard {
    /// Returns how many peers there are. One that does not say who it is counts if it is alone.
    fn count(&self) -> usize {
        self.speakers.len().max(1)
    }

    fn tell<E: Overhears>(&mut self, network: &OtherNetwork, out: &mut Vec<Output<E>>) {
        self.told = self.count();
        out.push(Output::Event(E::overheard(network.clone(), self.told)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::{Event, Output, Timer};

    fn network(speech: &str) -> OtherNetwork {
        OtherNetwork { speech: speech.into(), advice: "use --variant published".into() }
    }

    fn overheard(speech: &str, speaker: Option<u64>) -> Overheard {
        Overheard { network: network(speech), speaker, among_us: false }
    }

    fn told(speech: &str, peers: usize) -> Output {
        Output::Event(Event::NetworkOverheard { network: network(speech), peers })
    }

    fn timer(after: Duration) -> Output {
        Output::SetTimer { after, timer: Timer::Overheard }
    }

    #[test]
    fn a_network_is_told_at_once_then_its_number_and_later_only_what_is_new() {
        let (mut overhearing, mut out) = (Overhearing::default(), Vec::<Output>::new());
        for speaker in [Some(1), None, Some(2), Some(3), Some(2)] {
            overhearing.hear(overheard("a", speaker), &mut out);
        }
        assert_eq!(out, [told("a", 1), timer(COUNTING)]);
        out.clear();
        overhearing.on_timer(&mut out);
        assert_eq!(out, [told("a", 3)]);
        out.clear();
        for speaker in [1, 2, 3, 4, 5] {
            overhearing.hear(overheard("a", Some(speaker)), &mut out);
        }
        assert_eq!(out, [timer(MORE)]);
        out.clear();
        overhearing.on_timer(&mut out);
        overhearing.on_timer(&mut out);
        assert_eq!(out, [told("a", 5)]);
    }

    #[test]
    fn invented_peers_and_networks_fill_no_memory() {
        let (mut overhearing, mut out) = (Overhearing::default(), Vec::<Output>::new());
        for speaker in 0..10_000 {
            overhearing.hear(overheard("a", Some(speaker)), &mut out);
            overhearing.hear(overheard(&speaker.to_string(), None), &mut out);
        }
        let queue = overhearing.queue();
        assert_eq!((queue.len, queue.max), (SPEAKERS_MAX, SPEAKERS_MAX));
        assert_eq!(overhearing.networks.len(), NETWORKS_MAX);
        assert_eq!(out.len(), NETWORKS_MAX + 1, "each network once, and one timer");
    }
}
