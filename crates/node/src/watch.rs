//! What is known of the peers of a network by one that only watches it: what each has said, and
//! which rules it broke.
//!
//! Everything is counted here, while the feed leaves out what comes too fast to be read. The engine
//! says what breaks a rule.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use althing_engine::Ground;
use althing_feed::{BrokenRule, Event, PeerEvent, PeerName, RoundsEvent, Source};
use althing_types::{Channel, Moment};

use crate::limit::Limit;

/// What is known of the peers of a network that is watched. Clones show the same.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Mutex<Heard>>);

/// What was heard in a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    peers: BTreeMap<PeerName, Words>,
    /// What names no sender, and the words of more peers than are told apart.
    others: Words,
}

/// What was heard of one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// How many messages of each kind.
    pub said: BTreeMap<&'static str, u64>,
    /// How often it was elected.
    pub led: u64,
    /// The rules that it broke, if it is the peer that it said it is.
    pub broken: BTreeMap<(&'static str, Option<&'static str>), Broken>,
}

/// How a rule was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// How often it was broken since the watching began.
    pub count: u64,
    /// The first time, in words.
    pub example: String,
}

/// Peers that are told apart: any sender may invent more.
const PEERS_MAX: usize = 1024;

/// Messages that are told one by one in a second.
const TOLD_MAX: u32 = 400;

impl Words {
    fn add(&mut self, other: Self) {
        for (kind, count) in other.said {
            *self.said.entry(kind).or_default() += count;
        }
        self.led += other.led;
        for (rule, Broken { count, example }) in other.broken {
            self.broken.entry(rule).or_insert_with(|| Broken { count: 0, example }).count += count;
        }
    }
}

impl Watch {
    /// Returns what was heard until now.
    pub fn heard(&self) -> Heard {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    /// Returns the peers that were heard, and what was heard of each; then, if there is anything,
    /// what names no sender.
    pub fn peers(&self) -> impl Iterator<Item = (Option<&PeerName>, &Words)> {
        let named = self.peers.iter().map(|(peer, words)| (Some(peer), words));
        let others = (self.others != Words::default()).then_some((None, &self.others));
        named.chain(others)
    }

    /// Returns whether no rule was broken.
    pub fn is_clean(&self) -> bool {
        self.peers().all(|(_, words)| words.broken.is_empty())
    }

    /// Publishes what was heard of each peer.
    pub fn tell(&self, source: &Source, now: Moment) {
        for (peer, words) in self.peers() {
            let said = words.said.iter().map(|(kind, count)| ((*kind).to_owned(), *count));
            let broken = words.broken.iter().map(|((kind, rule), broken)| BrokenRule {
                kind: (*kind).to_owned(),
                rule: rule.map(str::to_owned),
                count: broken.count,
                example: broken.example.clone(),
            });
            let event = PeerEvent::PeerWatched {
                watched: peer.cloned(),
                said: said.collect(),
                led: words.led,
                broken: broken.collect(),
            };
            source.publish(now, event);
        }
    }

    fn of(&mut self, peer: Option<&PeerName>) -> &mut Words {
        match peer {
            Some(peer) if self.peers.contains_key(peer) || self.peers.len() < PEERS_MAX => {
                self.peers.entry(peer.clone()).or_default()
            }
            _ => &mut self.others,
        }
    }

    fn hear(&mut self, peer: Option<&PeerName>, kind: &'static str) {
        if peer.is_some_and(|peer| !self.peers.contains_key(peer)) {
            self.make_room();
        }
        *self.of(peer).said.entry(kind).or_default() += 1;
    }

    /// If there is no room for another peer, counts the one that has said least with the others:
    /// inventing peers costs nothing, but each would have to say as much as one that plays. What
    /// is refused does not count as said; which rules it broke is still told, of the others.
    fn make_room(&mut self) {
        if self.peers.len() < PEERS_MAX {
            return;
        }
        let least = self.peers.iter().min_by_key(|(_, words)| words.said.values().sum::<u64>());
        if let Some(gone) = least.map(|(peer, _)| peer.clone())
            && let Some(words) = self.peers.remove(&gone)
        {
            self.others.add(words);
        }
    }

    fn refuse(
        &mut self,
        peer: Option<&PeerName>,
        ground: Ground,
        example: impl FnOnce() -> String,
    ) {
        if ground.is_breach {
            let broken = &mut self.of(peer).broken;
            let broken = broken.entry((ground.kind, ground.rule));
            broken.or_insert_with(|| Broken { count: 0, example: example() }).count += 1;
        }
    }
}

/// The ears of one that watches.
#[derive(Debug)]
pub(crate) struct Ears {
    watch: Watch,
    told: Limit,
}

impl Ears {
    pub(crate) fn new(watch: Watch) -> Self {
        Self { watch, told: Limit::new(TOLD_MAX) }
    }

    /// Takes note of a message, and returns what is to be told of it.
    pub(crate) fn hear(&mut self, peer: Option<PeerName>, kind: &'static str) -> Option<PeerEvent> {
        self.watch.lock().hear(peer.as_ref(), kind);
        let from = peer?;
        self.told.count().then(|| PeerEvent::MessageHeard { kind: kind.to_owned(), from })
    }

    /// Takes note that a message was refused.
    pub(crate) fn refuse(&self, peer: Option<&PeerName>, ground: Ground, reason: &str) {
        self.watch.lock().refuse(peer, ground, || reason.to_owned());
    }

    /// Takes note of bytes that are no message.
    pub(crate) fn refuse_bytes(&self, channel: &Channel, ground: Ground, told: &PeerEvent) {
        let PeerEvent::MessageRefused { reason, bytes, .. } = told else { return };
        let peer = channel.as_address().cloned().map(PeerName::from);
        let example = || {
            let place = channel.as_topic().map(|topic| format!("on {topic:?}: "));
            let bytes = bytes.as_ref().map(|bytes| format!(": {bytes}"));
            format!("{}{reason}{}", place.unwrap_or_default(), bytes.unwrap_or_default())
        };
        self.watch.lock().refuse(peer.as_ref(), ground, example);
    }

    /// Takes note of what has happened.
    pub(crate) fn note(&self, event: &Event) {
        if let Event::Rounds(RoundsEvent::LeaderElected { leader, .. }) = event {
            self.watch.lock().of(Some(&PeerName::Id(*leader))).led += 1;
        }
    }

    /// Returns how many messages were not told in the second that is over, if there are any.
    pub(crate) fn take_untold(&mut self, now: Moment) -> Option<PeerEvent> {
        let count = self.told.take_unreported(now)?;
        Some(PeerEvent::MessagesUntold { count })
    }
}

#[cfg(test)]
mod tests {
    use althing_types::PeerId;

    use super::*;

    fn ground(is_breach: bool) -> Ground {
        Ground { kind: "second_vote", rule: Some("V3"), is_breach }
    }

    #[test]
    fn invented_peers_fill_no_memory_and_are_counted_together() {
        let watch = Watch::default();
        let mut ears = Ears::new(watch.clone());
        for id in 0..5000 {
            ears.hear(Some(PeerId::new(id).into()), "vote");
        }
        let heard = watch.heard();
        assert_eq!(heard.peers().count(), PEERS_MAX + 1);
        let said = heard.peers().map(|(_, words)| words.said["vote"]).sum::<u64>();
        assert_eq!(said, 5000);
        assert!(heard.is_clean());
    }

    #[test]
    fn one_that_plays_is_told_apart_however_many_are_invented_before_and_after() {
        let watch = Watch::default();
        let mut ears = Ears::new(watch.clone());
        let late = PeerName::from(PeerId::new(0));
        for id in 1..=10_000 {
            ears.hear(Some(PeerId::new(id).into()), "announcement");
            if id == 5000 {
                for kind in ["announcement", "vote", "vote"] {
                    ears.hear(Some(late.clone()), kind);
                }
            }
        }
        let heard = watch.heard();
        let said = BTreeMap::from([("announcement", 1), ("vote", 2)]);
        assert_eq!(heard.peers[&late].said, said);
        assert_eq!(heard.peers().count(), PEERS_MAX + 1);
        let said = heard.peers().flat_map(|(_, words)| words.said.values()).sum::<u64>();
        assert_eq!(said, 10_003);
    }

    #[test]
    fn invented_peers_that_each_break_a_rule_push_out_none_that_plays() {
        let watch = Watch::default();
        let mut ears = Ears::new(watch.clone());
        let invent = |ears: &Ears, ids: std::ops::Range<u128>| {
            for id in ids {
                ears.refuse(Some(&PeerId::new(id).into()), ground(true), "a bad draw");
            }
        };
        invent(&ears, 1..5000);
        let cheat = PeerName::from(PeerId::new(0));
        for kind in ["announcement", "vote"] {
            ears.hear(Some(cheat.clone()), kind);
        }
        ears.refuse(Some(&cheat), ground(true), "it voted twice");
        invent(&ears, 5000..10_000);
        let heard = watch.heard();
        assert_eq!(heard.peers[&cheat].broken.len(), 1);
        assert_eq!(heard.peers().count(), PEERS_MAX + 1);
        let broken = heard.peers().flat_map(|(_, words)| words.broken.values());
        assert_eq!(broken.map(|broken| broken.count).sum::<u64>(), 10_000);
    }

    #[test]
    fn what_breaks_a_rule_is_counted_with_its_first_example_and_what_is_late_is_not() {
        let watch = Watch::default();
        let ears = Ears::new(watch.clone());
        let peer = PeerName::from(PeerId::new(7));
        ears.refuse(Some(&peer), ground(false), "it came late");
        assert!(watch.heard().is_clean());
        for reason in ["first", "second"] {
            ears.refuse(Some(&peer), ground(true), reason);
        }
        let heard = watch.heard();
        assert!(!heard.is_clean());
        let broken = &heard.peers[&peer].broken[&("second_vote", Some("V3"))];
        assert_eq!(*broken, Broken { count: 2, example: "first".to_owned() });
    }

    #[test]
    fn more_messages_than_can_be_read_are_counted_and_told_as_a_number() {
        let mut ears = Ears::new(Watch::default());
        let told = (0..1000).filter_map(|_| ears.hear(Some(PeerId::new(7).into()), "vote")).count();
        assert_eq!(told, 400);
        let later = Moment::from_start(std::time::Duration::from_secs(2));
        assert_eq!(ears.take_untold(later), Some(PeerEvent::MessagesUntold { count: 600 }));
    }
}
