//! How fast peers hash, worked out from how much they have hashed.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use althing_types::{Moment, PeerId};

use super::peers::PEERS_MAX;

/// Time over which a rate is averaged.
const WINDOW: Duration = Duration::from_secs(2);

/// A total is brought up to date more often than this while its peer mines.
const UPDATE: Duration = Duration::from_secs(1);

/// Samples kept of one peer: enough for a hundred pictures a second.
pub(crate) const SAMPLES_MAX: usize = 200;

/// The hash rates of the peers of this process.
#[derive(Debug, Default)]
pub struct HashRates(BTreeMap<PeerId, Samples>);

/// The totals of one peer in the last few seconds, and the rate that they show.
#[derive(Debug, Default)]
struct Samples {
    totals: VecDeque<(Moment, u64)>,
    rate: f64,
}

impl HashRates {
    /// Notes how much a peer has hashed so far.
    pub fn note(&mut self, at: Moment, peer: PeerId, total: u64) {
        if self.0.len() < PEERS_MAX || self.0.contains_key(&peer) {
            self.0.entry(peer).or_default().note(at, total);
        }
    }

    /// Returns the hashes per second of a peer, if it is one of ours.
    pub fn of(&self, peer: PeerId) -> Option<f64> {
        self.0.get(&peer).map(|samples| samples.rate)
    }

    /// Returns the hashes per second of all our peers.
    pub fn total(&self) -> f64 {
        // The sum of no numbers would be a negative zero, which shows.
        self.0.values().fold(0.0, |sum, samples| sum + samples.rate)
    }

    /// Returns in how many seconds so many hashes are tried; nothing where none are, or as long as
    /// the search is younger than what its rate is averaged over: until then the rate is that of
    /// its first steps, and of the time before it.
    pub fn forecast(&self, hashes: f64, searched: Duration) -> Option<f64> {
        let rate = self.total();
        (rate > 0.0 && searched >= WINDOW).then(|| hashes / rate)
    }

    /// Returns how many samples there are of the peer with the most, and of how many peers.
    pub(crate) fn size(&self) -> (usize, usize) {
        let samples = self.0.values().map(|samples| samples.totals.len()).max();
        (samples.unwrap_or_default(), self.0.len())
    }
}

impl Samples {
    fn note(&mut self, at: Moment, total: u64) {
        match self.totals.back() {
            Some((last, _)) if at <= *last => return,
            // A peer that has started again counts from zero.
            Some((_, before)) if total < *before => self.totals.clear(),
            _ => {}
        }
        if self.totals.len() >= SAMPLES_MAX {
            self.totals.pop_front();
        }
        self.totals.push_back((at, total));
        while self.totals.get(1).is_some_and(|(second, _)| at - *second >= WINDOW) {
            self.totals.pop_front();
        }
        self.rate = self.current_rate(at);
    }

    /// Totals move in steps, so the rate is taken from one step to another: from one sample to
    /// another it would jump. When no step has come for a while, it falls to zero.
    fn current_rate(&self, now: Moment) -> f64 {
        let samples = || self.totals.iter().copied();
        let steps = || samples().zip(samples().skip(1)).filter(|((_, a), (_, b))| a != b);
        let first_step = steps().next().map(|(_, after)| after);
        let last_step = steps().next_back().map(|(_, after)| after);
        let ends = match (first_step, last_step) {
            (Some(first), Some(last)) if first != last && now - last.0 < UPDATE => (first, last),
            _ => match (samples().next(), samples().next_back()) {
                (Some(first), Some(last)) => (first, last),
                _ => return 0.0,
            },
        };
        let ((from, before), (to, after)) = ends;
        let seconds = (to - from).as_secs_f64();
        if seconds > 0.0 { after.saturating_sub(before) as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PeerId = PeerId::new(1);

    fn at(millis: u64) -> Moment {
        Moment::from_start(Duration::from_millis(millis))
    }

    /// Samples ten times a second a total that grows by `step` twice a second.
    fn run(rates: &mut HashRates, tenths: std::ops::Range<u64>, step: u64) -> Vec<f64> {
        let sample = |tenth| {
            rates.note(at(tenth * 100), PEER, tenth / 5 * step);
            rates.of(PEER).expect("it was just noted")
        };
        tenths.map(sample).collect()
    }

    #[test]
    fn a_steady_miner_has_a_steady_rate_although_its_total_moves_in_steps() {
        let mut rates = HashRates::default();
        let shown = run(&mut rates, 0..100, 500);
        assert!(shown[20..].iter().all(|rate| (rate - 1000.0).abs() < 1.0), "{shown:?}");
    }

    #[test]
    fn the_rate_falls_to_zero_after_the_search() {
        let mut rates = HashRates::default();
        run(&mut rates, 0..50, 500);
        for tenth in 50..80 {
            rates.note(at(tenth * 100), PEER, 4500);
        }
        assert_eq!(rates.of(PEER), Some(0.0));
    }

    #[test]
    fn nothing_is_forecast_before_a_search_has_shown_its_rate() {
        let mut rates = HashRates::default();
        assert_eq!(rates.forecast(1000.0, WINDOW), None);
        run(&mut rates, 0..20, 0);
        for tenth in 20..60 {
            rates.note(at(tenth * 100), PEER, (tenth - 20) / 5 * 500);
            let searched = Duration::from_millis((tenth - 20) * 100);
            match rates.forecast(4000.0, searched) {
                None => assert!(searched < WINDOW, "{searched:?}"),
                Some(seconds) => {
                    assert!(searched >= WINDOW, "{searched:?}");
                    assert!((seconds - 4.0).abs() < 0.01, "{seconds} after {searched:?}");
                }
            }
        }
    }

    #[test]
    fn a_peer_that_starts_again_counts_from_zero() {
        let mut rates = HashRates::default();
        rates.note(at(0), PEER, 0);
        rates.note(at(500), PEER, 1000);
        rates.note(at(1000), PEER, 10);
        assert_eq!(rates.of(PEER), Some(0.0));
        rates.note(at(2000), PEER, 110);
        assert_eq!(rates.of(PEER), Some(100.0));
        assert_eq!(rates.total(), 100.0);
    }
}
