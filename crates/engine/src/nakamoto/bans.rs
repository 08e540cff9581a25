//! Bans of dishonest keys, in networks whose messages are signed (rules X1 to X5).
//!
//! Points are given only for what no honest peer signs, whatever it has missed and whatever its
//! clock shows. Then it does not matter who replays a message, when, to whom, or from which forged
//! address. What can happen to an honest peer costs no points.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_ledger::{Contextual, EntryRefused, Invalid};
use althing_types::{Moment, PeerKey};

use super::interface::Misbehaviour;
use super::{Event, Nakamoto, Output, Refusal};

/// The maximum number of keys with points or bans that are remembered (rule X5).
pub const KEYS_MAX: usize = 4096;

/// Points at which a key is banned (rule X3).
pub const POINTS_MAX: u32 = 100;

/// A key loses one point after each such time (rule X3).
const POINT_TIME: Duration = Duration::from_secs(36);

impl Misbehaviour {
    /// Returns the misconduct that a refused message proves of its signer, if any.
    fn shown_by(refusal: &Refusal) -> Option<Self> {
        match refusal {
            Refusal::InvalidBlock(invalid) => Self::of_block(invalid),
            // A message that the application refuses may only have come late.
            Refusal::InvalidEntry(EntryRefused::Application(_)) => None,
            Refusal::InvalidEntry(reason) => Some(Self::Entry(reason.clone())),
            _ => None,
        }
    }

    /// Returns the misconduct that an invalid block proves, if any.
    pub(super) fn of_block(invalid: &Invalid) -> Option<Self> {
        match invalid {
            // Its clock and ours may differ.
            Invalid::Contextual(Contextual::TooNew { .. }) => None,
            Invalid::Structural(_) | Invalid::Semantic(_) | Invalid::Contextual(_) => {
                Some(Self::Block(invalid.clone()))
            }
        }
    }

    fn points(&self) -> u32 {
        match self {
            Self::Block(_) => 50,
            Self::Entry(_) | Self::Malformed => 20,
        }
    }
}

/// The keys that have points or are banned.
#[derive(Clone, Debug, Default)]
pub(super) struct Bans(BTreeMap<PeerKey, Record>);

#[derive(Clone, Copy, Debug)]
struct Record {
    /// Its points, and when it had them.
    points: u32,
    at: Moment,
    banned_until: Moment,
}

impl Record {
    fn points(&self, now: Moment) -> u32 {
        let gone = (now - self.at).as_secs() / POINT_TIME.as_secs();
        self.points.saturating_sub(u32::try_from(gone).unwrap_or(u32::MAX))
    }

    fn is_banned(&self, now: Moment) -> bool {
        now < self.banned_until
    }
}

impl Bans {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn holds(&self, now: Moment, key: &PeerKey) -> bool {
        self.0.get(key).is_some_and(|record| record.is_banned(now))
    }

    /// Gives a key points, and returns whether it is now banned.
    fn score(&mut self, now: Moment, key: PeerKey, points: u32, ban: Duration) -> bool {
        if self.len() >= KEYS_MAX && !self.0.contains_key(&key) {
            self.forget_least(now);
        }
        let none = Record { points: 0, at: now, banned_until: Moment::START };
        let record = self.0.entry(key).or_insert(none);
        let is_enough = record.points(now) + points >= POINTS_MAX;
        *record = match is_enough {
            true => Record { banned_until: now + ban, ..none },
            false => Record { points: record.points(now) + points, ..none },
        };
        is_enough
    }

    /// Forgets the key with the fewest points, or, if all are banned, the one whose ban ends first.
    fn forget_least(&mut self, now: Moment) {
        let guilt = |record: &Record| (record.banned_until.max(now), record.points(now));
        let least = self.0.iter().min_by_key(|(_, record)| guilt(record));
        if let Some(key) = least.map(|(key, _)| *key) {
            self.0.remove(&key);
        }
    }
}

impl Nakamoto {
    /// Gives the signer of a refused message points, if no honest peer would have signed it.
    pub(super) fn blame(
        &mut self,
        now: Moment,
        signer: Option<PeerKey>,
        refusal: &Refusal,
        out: &mut Vec<Output>,
    ) {
        if let (Some(key), Some(reason)) = (signer, Misbehaviour::shown_by(refusal)) {
            self.on_misbehaviour(now, key, reason, out);
        }
    }

    /// Bans a key that has too many points: its messages are dropped, and its peer is not asked
    /// (rule X4).
    pub(super) fn on_misbehaviour(
        &mut self,
        now: Moment,
        key: PeerKey,
        reason: Misbehaviour,
        out: &mut Vec<Output>,
    ) {
        let time = self.rules.timeouts.ban;
        if self.bans.holds(now, &key) || !self.bans.score(now, key, reason.points(), time) {
            return;
        }
        out.push(Output::Event(Event::PeerBanned { key, time, reason }));
        for peer in self.peers.forget_key(&key) {
            self.headers.forget_peer(&peer);
            out.push(Output::Event(Event::PeerLost { peer }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAN: Duration = Duration::from_secs(3600);

    fn key(number: usize) -> PeerKey {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        PeerKey::from_bytes(bytes)
    }

    fn at(seconds: u64) -> Moment {
        Moment::START + Duration::from_secs(seconds)
    }

    #[test]
    fn points_go_away_and_so_does_a_ban() {
        let mut bans = Bans::default();
        assert!(!bans.score(at(0), key(1), 99, BAN));
        assert!(!bans.score(at(36), key(1), 1, BAN), "one has gone away");
        assert!(!bans.holds(at(36), &key(1)));
        assert!(bans.score(at(36), key(1), 1, BAN));
        assert!(bans.holds(at(3635), &key(1)));
        assert!(!bans.holds(at(3636), &key(1)));
        assert!(!bans.score(at(3636), key(1), 99, BAN), "it begins anew");
    }

    #[test]
    fn those_who_did_least_are_forgotten_first() {
        let mut bans = Bans::default();
        for number in 0..KEYS_MAX {
            let points = if number == 7 { 1 } else { 2 };
            assert!(!bans.score(at(0), key(number), points, BAN));
        }
        assert!(bans.score(at(1), key(9), 100, BAN));
        for number in 0..3 * KEYS_MAX {
            assert!(!bans.score(at(2), key(KEYS_MAX + number), 20, BAN));
            assert_eq!(bans.len(), KEYS_MAX);
        }
        assert!(!bans.0.contains_key(&key(7)));
        assert!(bans.holds(at(2), &key(9)), "no crowd of others makes a ban forgotten");
    }
}
