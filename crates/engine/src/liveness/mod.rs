//! Which peers have fallen silent: a failure detector for any engine whose peers say something from
//! time to time.
//!
//! It is an accrual detector in the manner of Hayashibara and others (*The φ Accrual Failure
//! Detector*, 2004): how long a peer may be silent follows from how regularly it was heard so far,
//! so the same detector is quick on a quiet machine and patient on a busy one. Three things are
//! added. *Local health*, as in Lifeguard (Dadgar, Phillips and Currey, 2018): while our own timers
//! come late, it is our own process that starves, and others are given more time. *Hints* of the
//! transport shorten the wait and never end it, since anyone can make a broker send one. And a peer
//! that comes and goes must be heard for longer each time before it is trusted again.
//!
//! Like any failure detector (Chandra and Toueg, 1996) it may be wrong. Only liveness may depend on
//! it.
//!
//! | file | question |
//! | --- | --- |
//! | `arrivals` | how long may one peer be silent? |
//! | `local_health` | are we ourselves too slow to judge? |
//! | this one | which peers are suspected? |

mod arrivals;
mod local_health;

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use althing_types::Moment;

use self::arrivals::Arrivals;
use self::local_health::LocalHealth;

/// How long a peer may be silent at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SilenceLimits {
    /// How often a peer that is there is expected to be heard.
    pub interval: Duration,
    /// A peer that was silent for less is not suspected.
    pub least: Duration,
    /// A peer that was silent for longer is suspected however irregular it was, unless we are slow
    /// ourselves.
    pub most: Duration,
}

/// When some peers were heard, and which of them are suspected.
#[derive(Clone, Debug)]
pub(crate) struct Liveness<K: Ord> {
    limits: SilenceLimits,
    peers: BTreeMap<K, Arrivals>,
    health: LocalHealth,
}

impl<K: Copy + Ord> Liveness<K> {
    /// Returns a detector of these peers, all of whom have just been heard.
    pub(crate) fn new(
        peers: impl IntoIterator<Item = K>,
        limits: SilenceLimits,
        now: Moment,
    ) -> Self {
        let heard = |peer| (peer, Arrivals::new(now));
        let peers = peers.into_iter().map(heard).collect();
        Self { limits, peers, health: LocalHealth::new(now + limits.interval) }
    }

    /// Takes note that a peer was heard; returns whether it was suspected and is not any more.
    pub(crate) fn hear(&mut self, now: Moment, peer: K) -> bool {
        let most = self.limits.most;
        self.peers.get_mut(&peer).is_some_and(|arrivals| arrivals.hear(now, most))
    }

    /// The transport reports that a peer is gone. It has less time to be heard.
    pub(crate) fn doubt(&mut self, peer: K) {
        if let Some(arrivals) = self.peers.get_mut(&peer) {
            arrivals.doubt();
        }
    }

    /// Suspects a peer at once, whatever is usual: it was asked and has not answered. Returns
    /// whether that is new.
    pub(crate) fn suspect(&mut self, peer: K) -> bool {
        self.peers.get_mut(&peer).is_some_and(Arrivals::suspect)
    }

    /// Our own timer has come, which comes every `interval`. Returns the peers that are suspected
    /// from now on.
    pub(crate) fn tick(&mut self, now: Moment) -> Vec<K> {
        let stalled = self.health.tick(now, self.limits.interval);
        let (limits, slowness) = (self.limits, self.health.slowness());
        let mut suspected = Vec::new();
        for (peer, arrivals) in &mut self.peers {
            // What came while we stalled may still be waiting to be handled.
            arrivals.forgive(stalled, now);
            if arrivals.check(now, &limits, slowness) {
                suspected.push(*peer);
            }
        }
        suspected
    }

    /// Returns how many peers are expected to be heard.
    pub(crate) fn peers(&self) -> usize {
        self.peers.len()
    }

    /// Returns whether this peer is one of them.
    pub(crate) fn expects(&self, peer: K) -> bool {
        self.peers.contains_key(&peer)
    }

    /// Returns whether a peer is suspected to be gone.
    pub(crate) fn is_suspected(&self, peer: K) -> bool {
        self.peers.get(&peer).is_some_and(Arrivals::is_suspected)
    }

    /// Returns the peers that are suspected.
    pub(crate) fn suspected(&self) -> impl Iterator<Item = K> + '_ {
        let suspected = self.peers.iter().filter(|(_, arrivals)| arrivals.is_suspected());
        suspected.map(|(peer, _)| *peer)
    }
}

/// For a model checker, in which anything that may be due can be due at any moment: it is of no
/// consequence how regularly a peer was heard, but whether it is suspected.
impl<K: Copy + Ord + Hash> Hash for Liveness<K> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.suspected().for_each(|peer| peer.hash(hasher));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: SilenceLimits = SilenceLimits {
        interval: Duration::from_millis(250),
        least: Duration::from_secs(1),
        most: Duration::from_secs(10),
    };

    fn at(millis: u64) -> Moment {
        Moment::from_start(Duration::from_millis(millis))
    }

    /// Lets time pass until `until`; the peers are heard every so many milliseconds, or not (0).
    /// Returns what was noticed: when, which peer, and whether it is trusted.
    fn run(
        liveness: &mut Liveness<u8>,
        from: u64,
        until: u64,
        every: [u64; 2],
    ) -> Vec<(u64, u8, bool)> {
        let mut seen = Vec::new();
        for millis in (from + 1)..=until {
            for (peer, every) in (0..).zip(every) {
                if every > 0 && millis.is_multiple_of(every) && liveness.hear(at(millis), peer) {
                    seen.push((millis, peer, true));
                }
            }
            if millis.is_multiple_of(250) {
                let lost = liveness.tick(at(millis)).into_iter();
                seen.extend(lost.map(|peer| (millis, peer, false)));
            }
        }
        seen
    }

    #[test]
    fn a_peer_that_falls_silent_is_suspected_and_trusted_again_when_it_is_heard() {
        let mut liveness = Liveness::new([0, 1], LIMITS, at(0));
        assert_eq!(run(&mut liveness, 0, 60_000, [250, 250]), []);
        let seen = run(&mut liveness, 60_000, 63_000, [250, 0]);
        assert_eq!(seen, [(61_000, 1, false)], "within the least time");
        assert!(liveness.is_suspected(1) && !liveness.is_suspected(0));
        let seen = run(&mut liveness, 63_000, 64_000, [250, 250]);
        assert_eq!(seen, [(63_250, 1, true)]);
    }

    #[test]
    fn one_that_is_heard_seldom_is_given_more_time() {
        let mut liveness = Liveness::new([0, 1], LIMITS, at(0));
        // Both come late by turns, so that no interval is like the one before.
        for second in 0..60 {
            let begin = second * 2000;
            let steps = [[250, 250], [250, 0], [250, 900], [250, 0]];
            for (step, every) in (0..).zip(steps) {
                let from = begin + step * 500;
                let seen = run(&mut liveness, from, from + 500, every);
                assert!(second < 20 || seen.is_empty(), "{seen:?}");
            }
        }
        let seen = run(&mut liveness, 120_000, 140_000, [0, 0]);
        let [(first, 0, false), (second, 1, false)] = seen[..] else { panic!("{seen:?}") };
        assert!(first < 123_000 && second > first + 500, "{seen:?}");
        assert!(second <= 131_000, "none is given more than the most");
    }

    #[test]
    fn while_we_stall_ourselves_no_peer_is_accused() {
        let mut liveness = Liveness::new([0, 1], LIMITS, at(0));
        run(&mut liveness, 0, 10_000, [250, 250]);
        // Our process gets no time for five seconds, and then its timer comes before the messages.
        assert!(liveness.tick(at(15_000)).is_empty());
        assert_eq!(run(&mut liveness, 15_000, 15_900, [250, 0]), []);
        // It was slow just now, so it takes longer than usual; but not for ever.
        let seen = run(&mut liveness, 15_900, 30_000, [250, 0]);
        assert!(matches!(seen[..], [(millis, 1, false)] if millis > 16_500), "{seen:?}");
    }

    #[test]
    fn a_hint_shortens_the_wait_and_does_not_end_it() {
        let mut liveness = Liveness::new([0, 1], LIMITS, at(0));
        run(&mut liveness, 0, 10_000, [250, 250]);
        liveness.doubt(0);
        liveness.doubt(1);
        let seen = run(&mut liveness, 10_000, 12_000, [250, 0]);
        assert_eq!(seen, [(10_500, 1, false)]);
    }

    #[test]
    fn one_that_comes_and_goes_has_to_stay_longer_each_time() {
        let mut liveness = Liveness::new([0, 1], LIMITS, at(0));
        let mut waits = Vec::new();
        for cycle in 0..6 {
            let begin = cycle * 20_000;
            run(&mut liveness, begin, begin + 10_000, [250, 0]);
            assert!(liveness.is_suspected(1));
            let seen = run(&mut liveness, begin + 10_000, begin + 20_000, [250, 250]);
            let [(millis, 1, true)] = seen[..] else { panic!("{seen:?}") };
            waits.push((millis - begin - 10_000) / 250);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 16]);
        // After a long time without it is as any other.
        run(&mut liveness, 120_000, 460_000, [250, 250]);
        run(&mut liveness, 460_000, 462_000, [250, 0]);
        let seen = run(&mut liveness, 462_000, 463_000, [250, 250]);
        assert_eq!(seen, [(462_250, 1, true)]);
    }
}
