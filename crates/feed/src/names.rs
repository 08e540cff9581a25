//! What the peers of a process' records are called.

use std::collections::{BTreeMap, BTreeSet};

use althing_text::Name;
use althing_text::look_alike::seen;

use crate::{AssemblyEvent, Event, Id, Record, RoundsEvent};

/// Names that are kept; peers of a network keep fewer.
const NAMES_MAX: usize = 1 << 13;

/// The names that peers have said, by the events that tell of them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    of: BTreeMap<Id, Name>,
    /// Each name as people see it, with its peer.
    seen: BTreeSet<(String, Id)>,
}

impl Names {
    /// Takes note of the name that an event tells, if it does, and adds to the event which other
    /// peer has one that looks the same.
    pub(crate) fn note(&mut self, event: &mut Event) {
        if let Event::Assembly(AssemblyEvent::CharterFollowed { members, .. }) = event {
            // A charter has each name once.
            self.of.extend(members.iter().map(|member| (member.id, member.name.clone())));
        }
        let Event::Rounds(RoundsEvent::PeerNamed { named, name, like }) = event else { return };
        let as_seen = seen(name.as_str());
        let others = self.seen.range((as_seen.clone(), Id(0))..);
        let mut others = others.take_while(|(other, _)| *other == as_seen).map(|(_, id)| *id);
        *like = others.find(|other| other != named);
        if self.of.len() >= NAMES_MAX && !self.of.contains_key(named) {
            return;
        }
        if let Some(former) = self.of.insert(*named, name.clone()) {
            self.seen.remove(&(seen(former.as_str()), *named));
        }
        self.seen.insert((as_seen, *named));
    }

    /// Returns the names of the peers that an event is about, and of the one that reports it.
    pub(crate) fn in_record(&self, reporter: Option<Id>, event: &Event) -> BTreeMap<Id, Name> {
        let mut names = BTreeMap::new();
        // Most networks have none.
        if self.of.is_empty() {
            return names;
        }
        let mut add = |id: Id| {
            if let Some(name) = self.of.get(&id) {
                names.entry(id).or_insert_with(|| name.clone());
            }
        };
        reporter.into_iter().for_each(&mut add);
        event.visit_ids(add);
        names
    }
}

impl Record {
    /// Returns a peer as people see it: its id and, if it has one, its name in quotes. The id comes
    /// first, since any peer may have any name.
    pub fn shown(&self, id: Id) -> String {
        shown(id.to_string(), self.names.get(&id))
    }
}

/// Returns an id, or its end, with a name in quotes behind it.
pub fn shown(id: String, name: Option<&Name>) -> String {
    match name {
        Some(name) => format!("{id} {:?}", name.as_str()),
        None => id,
    }
}

#[cfg(test)]
mod tests {
    use althing_types::{Difficulty, Moment, Transaction};

    use super::*;
    use crate::{DemoEvent, Feed, PeerEvent, Source, Waiting, text};

    fn named(id: u128, name: &str) -> RoundsEvent {
        let name = name.parse().expect("it is a name");
        RoundsEvent::PeerNamed { named: Id(id), name, like: None }
    }

    /// Returns the records of these events, as a peer with the id 7 tells them.
    fn told(events: impl FnOnce(&Source)) -> Vec<std::sync::Arc<Record>> {
        let feed = Feed::default();
        let mut records = feed.subscribe();
        events(&feed.source(None, Some(crate::PeerName::Id(Id(7)))));
        let next = || records.try_next().map(|record| record.expect("there are few"));
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn each_record_has_the_names_of_the_peers_in_it_as_they_are_then() {
        let challenge = || RoundsEvent::ChallengeIssued {
            transaction: Transaction::FIRST,
            challenge: Difficulty::MIN,
            leader: Id(1_000_000_000_008),
        };
        let records = told(|source| {
            source.publish(Moment::START, challenge());
            source.publish(Moment::START, named(1_000_000_000_008, "bob"));
            source.publish(Moment::START, named(9, "carol"));
            source.publish(Moment::START, challenge());
            source.publish(Moment::START, named(7, "ann \"\u{1f600}\""));
            let lost = crate::PeerName::Id(Id(1_000_000_000_008));
            source.publish(Moment::START, PeerEvent::PeerLost { lost });
        });
        assert!(records[0].names.is_empty());
        let name = |record: &Record, id| record.names.get(&Id(id)).map(ToString::to_string);
        assert_eq!(name(&records[3], 1_000_000_000_008).as_deref(), Some("bob"));
        assert_eq!(records[3].names.len(), 1, "who is not in it needs no name");
        let line = text::line(&records[5]).expect("it is worth a line");
        let shown = r#"7 "ann \"😀\""  peer 1000000000008 "bob" is lost"#;
        assert!(line.ends_with(shown), "{line}");
        let json: serde_json::Value =
            serde_json::from_str(&records[5].to_json()).expect("it is JSON");
        assert_eq!(json["names"]["1000000000008"], "bob");
        let again: Record = serde_json::from_str(&records[5].to_json()).expect("it is a record");
        assert_eq!(again, *records[5]);
    }

    #[test]
    fn whatever_an_event_says_of_a_peer_it_says_with_its_name() {
        let bob = || crate::PeerName::Id(Id(9));
        let (here, needed, missing) = (1, 2, || vec![Id(9)]);
        let (transaction, kind) = (Transaction::FIRST, || "vote".to_owned());
        let (from, reason) = (crate::PeerName::Id(Id(8)), "cut".to_owned());
        let events: Vec<Event> = vec![
            PeerEvent::PeerHeard { heard: bob() }.into(),
            PeerEvent::MessageSent { kind: kind(), to: Some(bob()) }.into(),
            PeerEvent::MessageLost { kind: kind(), from, to: bob(), reason }.into(),
            RoundsEvent::Waiting(Waiting::Challenge { leader: Id(9), transaction }).into(),
            RoundsEvent::Waiting(Waiting::Adoption { here, needed, missing: missing() }).into(),
            RoundsEvent::Waiting(Waiting::Leader { here, needed, missing: missing() }).into(),
            RoundsEvent::Waiting(Waiting::Confirmation { here, needed, missing: missing() }).into(),
            RoundsEvent::Waiting(Waiting::Votes { transaction, here, needed, missing: missing() })
                .into(),
            DemoEvent::PeerFrozen { frozen: bob() }.into(),
        ];
        let records = told(|source| {
            source.publish(Moment::START, named(9, "bob"));
            for event in &events {
                source.publish(Moment::START, event.clone());
            }
        });
        for record in &records[1..] {
            assert!(record.names.contains_key(&Id(9)), "{record:?}");
        }
        let line = |record: &Record| text::line(record).expect("it is worth a line");
        assert!(line(&records[1]).ends_with("peer 9 \"bob\" is heard again"));
        assert!(line(&records[9]).ends_with("peer 9 \"bob\" stands still"));
    }

    #[test]
    fn a_name_that_looks_like_another_s_is_told_with_that_other() {
        let records = told(|source| {
            // A Cyrillic letter, and other letters of the same name.
            for (id, name) in [(1, "ann"), (2, "\u{430}nn"), (3, "bob"), (1, "Bob"), (2, "ANN")] {
                source.publish(Moment::START, named(id, name));
            }
        });
        let likes = records.iter().map(|record| match &record.event {
            Event::Rounds(RoundsEvent::PeerNamed { like, .. }) => *like,
            other => panic!("{other:?}"),
        });
        // At the end, the peer 1 is not called ann any more.
        assert_eq!(likes.collect::<Vec<_>>(), [None, Some(Id(1)), None, Some(Id(3)), None]);
        let line = text::line(&records[1]).expect("it is worth a line");
        let said = "peer 2 calls itself \"\u{430}nn\", which looks like the name of 1 \"ann\": \
                    only their ids tell them apart";
        assert!(line.ends_with(said), "{line}");
    }
}
