//! Which addresses are to be dialed, and when.
//!
//! Contacts are the user's word, and the peer that answers there is taken for what it proves to
//! be. What members announce is signed by them. A tracker may list anything: so one that answers
//! at a listed or announced address must say that it is at this very address, or a stranger could
//! stand between two members by listing itself.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::{Address, PeerKey};
use tokio::time::Instant;

use crate::backoff::Backoff;

/// The maximum number of addresses of a tracker's list that are dialed.
pub const LISTED_MAX: usize = 256;

/// How long the greater of two keys leaves it to the smaller to connect, so that not both do.
const GIVE_WAY: Duration = Duration::from_millis(200);

/// The addresses that are known.
pub(super) struct Book {
    own: PeerKey,
    places: BTreeMap<Address, Place>,
}

struct Place {
    source: Source,
    /// Who has answered there, or has announced it.
    key: Option<PeerKey>,
    backoff: Backoff,
    due: Instant,
    is_busy: bool,
}

/// Who says that there is a peer at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Our user.
    Contact,
    /// A member, of itself.
    Announced,
    /// A tracker.
    Listed,
}

/// What came of dialing an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The owner of this key is there; the connection stood so long.
    Met(PeerKey, Duration),
    /// We are there ourselves.
    Ourselves,
    /// Nothing of use.
    Failed,
}

impl Book {
    pub(super) fn new(own: PeerKey, contacts: Vec<Address>, now: Instant) -> Self {
        let places = contacts.into_iter().map(|it| (it, Place::new(Source::Contact, None, now)));
        Self { own, places: places.collect() }
    }

    /// Takes note of where a member says that it listens; where it did before is forgotten.
    pub(super) fn note_announced(&mut self, key: PeerKey, address: &Address, now: Instant) {
        if key == self.own {
            return;
        }
        self.places.retain(|known, place| {
            known == address || place.source != Source::Announced || place.key != Some(key)
        });
        let due = if self.own < key { now } else { now + GIVE_WAY };
        let announced = || Place::new(Source::Announced, Some(key), due);
        let place = self.places.entry(address.clone()).or_insert_with(announced);
        place.key = Some(key);
        if place.source == Source::Listed {
            place.source = Source::Announced;
        }
    }

    /// Takes the list of a tracker, in which we may be ourselves.
    pub(super) fn note_listed(&mut self, list: &[Address], now: Instant) {
        let list = list.get(..LISTED_MAX).unwrap_or(list);
        self.places.retain(|known, place| place.source != Source::Listed || list.contains(known));
        for address in list {
            let listed = || Place::new(Source::Listed, None, now);
            self.places.entry(address.clone()).or_insert_with(listed);
        }
    }

    /// Returns what is to be dialed now: `has` says who is connected already.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        has: impl Fn(&PeerKey) -> bool,
    ) -> Vec<(Address, Source)> {
        let waiting = self.places.iter_mut().filter(|(_, place)| place.is_wanted(&has));
        let mut due = Vec::new();
        for (address, place) in waiting.filter(|(_, place)| place.due <= now) {
            place.is_busy = true;
            due.push((address.clone(), place.source));
        }
        due
    }

    /// Returns when there is something to dial, unless it is known before that it need not be.
    pub(super) fn next_due(&self, has: impl Fn(&PeerKey) -> bool) -> Option<Instant> {
        let waiting = self.places.values().filter(|place| place.is_wanted(&has));
        waiting.map(|place| place.due).min()
    }

    /// Takes note of what came of dialing an address.
    pub(super) fn done(&mut self, address: &Address, outcome: Outcome, now: Instant) {
        let Some(place) = self.places.get_mut(address) else { return };
        place.is_busy = false;
        match outcome {
            Outcome::Met(key, stood) => {
                place.key = Some(key);
                place.backoff.note_connection(stood);
            }
            Outcome::Ourselves => place.key = Some(self.own),
            Outcome::Failed => {}
        }
        place.due = now + place.backoff.next_pause();
        if place.key == Some(self.own) {
            // It stays known, so that a tracker that lists us has no say in it.
            place.is_busy = true;
        }
    }
}

impl Place {
    fn new(source: Source, key: Option<PeerKey>, due: Instant) -> Self {
        Self { source, key, backoff: Backoff::new(), due, is_busy: false }
    }

    fn is_wanted(&self, has: impl Fn(&PeerKey) -> bool) -> bool {
        !self.is_busy && !self.key.is_some_and(|key| has(&key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backoff::BACKOFF_MAX;

    fn address(port: u16) -> Address {
        Address::new("127.0.0.1", port).expect("a host")
    }

    fn key(number: u8) -> PeerKey {
        PeerKey::from_bytes([number; 32])
    }

    fn ports(due: Vec<(Address, Source)>) -> Vec<u16> {
        due.into_iter().map(|(address, _)| address.port()).collect()
    }

    #[test]
    fn what_does_not_answer_is_tried_again_and_what_is_connected_is_not() {
        let now = Instant::now();
        let mut book = Book::new(key(5), vec![address(1), address(2)], now);
        let none = |_: &PeerKey| false;
        assert_eq!(ports(book.take_due(now, none)), [1, 2]);
        assert_eq!(book.next_due(none), None, "both are being tried");
        book.done(&address(1), Outcome::Failed, now);
        book.done(&address(2), Outcome::Met(key(2), Duration::ZERO), now);
        let later = now + BACKOFF_MAX;
        assert_eq!(ports(book.take_due(later, |it| *it == key(2))), [1]);
        assert_eq!(ports(book.take_due(later, none)), [2], "it is gone");
    }

    #[test]
    fn a_member_that_has_moved_is_sought_where_it_is() {
        let now = Instant::now();
        let mut book = Book::new(key(5), vec![], now);
        let none = |_: &PeerKey| false;
        book.note_announced(key(6), &address(1), now);
        book.note_announced(key(6), &address(2), now);
        assert_eq!(ports(book.take_due(now, none)), [2]);
        book.note_announced(key(4), &address(3), now);
        assert_eq!(ports(book.take_due(now, none)), [] as [u16; 0], "it connects to us");
        assert_eq!(ports(book.take_due(now + GIVE_WAY, none)), [3]);
    }

    #[test]
    fn a_tracker_has_a_bounded_say_and_lists_ourselves() {
        let now = Instant::now();
        let mut book = Book::new(key(5), vec![address(1)], now);
        let none = |_: &PeerKey| false;
        let many: Vec<_> = (1..1000).map(address).collect();
        book.note_listed(&many, now);
        assert_eq!(book.take_due(now, none).len(), LISTED_MAX);
        book.done(&address(1), Outcome::Failed, now);
        book.done(&address(2), Outcome::Ourselves, now);
        book.note_listed(&[address(2)], now);
        assert_eq!(ports(book.take_due(now + BACKOFF_MAX, none)), [1], "a contact stays");
    }
}
